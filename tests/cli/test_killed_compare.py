"""A comparison that is killed again and again ends as one that never was."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd

from trimtab.benchmark.running.costs import MEASURED_COSTS

KILLS = 10


def _start(folder: Path) -> subprocess.Popen[bytes]:
    command = [
        "compare", "sklearn/breast_cancer", "--folds", "5", "--repeats", "4",
        "--methods", "lightgbm-class-weight,random-forest,smote,logistic-regression",
        "--n-jobs", "2", "--out", str(folder),
    ]  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-m", "trimtab.cli", *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_ten_kills_at_random_moments_change_nothing(tmp_path: Path):
    """The results are equal to the last digit; seconds and memory are not compared."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert _start(whole).wait(timeout=240) == 0
    moments = random.Random(0)
    interrupted = 0
    for _ in range(KILLS):
        process = _start(killed)
        try:
            process.wait(timeout=moments.uniform(1.0, 4.0))
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            interrupted += 1
    assert interrupted >= KILLS // 2
    assert _start(killed).wait(timeout=240) == 0
    tables = [
        pd.read_csv(folder / "results.csv").drop(
            columns=list(MEASURED_COSTS), errors="ignore"
        )
        for folder in (whole, killed)
    ]
    assert len(tables[0]) == 100
    pd.testing.assert_frame_equal(*tables, check_exact=True)
