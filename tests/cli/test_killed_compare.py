"""A comparison that is killed again and again ends as one that never was."""

import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.datasets import make_classification

from trimtab.benchmark.running.costs import MEASURED_COSTS

KILLS = 10
METHODS = "lightgbm-class-weight,random-under-sampling,smote,logistic-regression"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Write a hundred rows of numbers, which every method learns in no time."""
    X, y = make_classification(100, 4, weights=[0.7], random_state=0)
    path = tmp_path / "toy.csv"
    pd.DataFrame(X, columns=list("abcd")).assign(rare=y).to_csv(path, index=False)
    return path


def _command(table: Path, folder: Path, n_jobs: int = 2) -> list[str]:
    return [
        "compare", str(table), "--target", "rare", "--folds", "5", "--repeats", "2",
        "--methods", METHODS, "--n-jobs", str(n_jobs), "--out", str(folder),
    ]  # fmt: skip


def _start(table: Path, folder: Path, n_jobs: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "trimtab.cli", *_command(table, folder, n_jobs)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _n_results(folder: Path) -> int:
    """Return how many results are there, if only the store is."""
    path = folder / "experiments.sqlite"
    with suppress(sqlite3.OperationalError):  # without a table yet, or locked
        if path.exists():
            with closing(sqlite3.connect(path)) as store:
                query = "SELECT count(*) FROM trimtab_results"
                return int(store.execute(query).fetchone()[0])
    return 0


def _kill_after(process: subprocess.Popen[bytes], folder: Path, enough: int) -> None:
    """Kill a comparison as soon as so many results are there."""
    give_up = time.monotonic() + 100
    while _n_results(folder) < enough and time.monotonic() < give_up:
        assert process.poll() is None, "the comparison ended before it was killed"
        time.sleep(0.01)
    process.kill()
    assert process.wait() < 0, "the comparison ended before it was killed"


def test_ten_kills_at_random_moments_change_nothing(
    trimtab: Callable[..., Any], table: Path, tmp_path: Path
):
    """The results are equal to the last digit; seconds and memory are not compared."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert trimtab(*_command(table, whole)).code == 0
    moments = random.Random(0)
    for number in range(KILLS):
        before = _n_results(killed)
        process = _start(table, killed, n_jobs=1 if number % 3 else 2)
        _kill_after(process, killed, before + moments.randint(1, 3))
        assert before < _n_results(killed) < 50
    assert trimtab(*_command(table, killed)).code == 0
    tables = [
        pd.read_csv(folder / "results.csv").drop(
            columns=list(MEASURED_COSTS), errors="ignore"
        )
        for folder in (whole, killed)
    ]
    assert len(tables[0]) == 50
    pd.testing.assert_frame_equal(*tables, check_exact=True)
