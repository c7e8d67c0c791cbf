"""Tuned experiments under the runner: killed, resumed, shared, stopped by limits."""

# SPDX-License-Identifier: BSD-3-Clause

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.benchmark.tunable_methods import NOISY, noisy_table
from trimtab.benchmark.experiment import Experiment, Outcome
from trimtab.benchmark.protocol import Protocol
from trimtab.benchmark.running.costs import MEASURED_COSTS
from trimtab.benchmark.running.progress import SilentProgress
from trimtab.benchmark.running.runner import Runner
from trimtab.benchmark.sources import StagedSource, stage
from trimtab.benchmark.store import Store
from trimtab.benchmark.tuning import Tuning
from trimtab.tables import encode_labels


def without_costs(results: pd.DataFrame) -> pd.DataFrame:
    """Leave out what is never measured twice alike."""
    return results.drop(columns=list(MEASURED_COSTS), errors="ignore")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> StagedSource:
    """Stage the table with the known best setting."""
    X, y = noisy_table()
    folder = tmp_path_factory.mktemp("staged")
    return stage(X, encode_labels(y), "noisy-table", folder)


def planned(tuning: Tuning, n_repeats: int = 1, **parameters: Any) -> list[Experiment]:
    """Return tuned experiments on two folds."""
    protocol = Protocol(2, n_repeats)
    return [
        Experiment.of(
            parameters, dataset="noisy-table", method="noisy", protocol=protocol,
            repeat=repeat, fold=fold, tuning=tuning,
        )
        for repeat, fold in protocol.splits()
    ]  # fmt: skip


@pytest.fixture
def run(source: StagedSource) -> Callable[..., Any]:
    """Run experiments in a store."""

    def run(store: Store, todo: list[Experiment], **options: Any) -> pd.DataFrame:
        retry = options.pop("retry_failed", False)
        methods = {"noisy": NOISY}
        runner = Runner(store, {"noisy-table": source}, methods, **options)
        runner.run(todo, retry_failed=retry)
        return store.results(todo)

    return run


def test_results_do_not_depend_on_the_number_of_processes(
    tmp_path: Path, run: Callable[..., Any]
) -> None:
    """One process and two choose the same parameters and score the same."""
    todo = planned(Tuning(12, metric="log_loss"), n_repeats=2)
    tables = []
    for n_jobs in (1, 2):
        with Store(f"sqlite:///{tmp_path}/{n_jobs}.sqlite") as store:
            tables.append(without_costs(run(store, todo, n_jobs=n_jobs)))
    assert set(tables[0]["status"]) == {"done"}
    assert tables[0]["tuned_parameters"].nunique() > 1
    pd.testing.assert_frame_equal(*tables, check_exact=True)


RUN = """
import sys
sys.path[:0] = [{root!r}]
from pathlib import Path
from tests.benchmark.running import test_tuned_runs as t
source = t.StagedSource("noisy-table", Path({path!r}))
todo = t.planned(t.KILLED, seconds=0.05)
with t.Store({url!r}) as store:
    t.Runner(store, {{"noisy-table": source}}, {{"noisy": t.NOISY}}, n_jobs=2).run(todo)
"""
KILLED = Tuning(24, metric="log_loss", batch=4)


def _killed_in_the_middle(url: str, path: Path) -> int:
    """Kill a run as soon as a batch is there; return how many trials it left."""
    root = str(Path(__file__).parents[3])
    script = RUN.format(root=root, url=url, path=str(path))
    process = subprocess.Popen([sys.executable, "-c", script])
    todo = planned(KILLED, seconds=0.05)
    give_up = time.monotonic() + 60
    with Store(url) as store:
        while time.monotonic() < give_up and not any(map(store.trials.of, todo)):
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert store.statuses(e.key for e in todo) == {}
        return sum(len(store.trials.of(experiment)) for experiment in todo)


def test_a_run_that_is_killed_within_a_search_ends_as_one_that_was_not(
    store_url: str, tmp_path: Path, source: StagedSource, run: Callable[..., Any]
) -> None:
    """It chooses the same parameters, and no trial is there twice."""
    todo = planned(KILLED, seconds=0.05)
    with Store(f"sqlite:///{tmp_path}/whole.sqlite") as store:
        whole = without_costs(run(store, todo))
        trials = [[t.params for t in store.trials.of(e)] for e in todo]
    assert 0 < _killed_in_the_middle(store_url, source.path) < 48
    with Store(store_url) as store:
        resumed = without_costs(run(store, todo, n_jobs=2))
        assert [[t.params for t in store.trials.of(e)] for e in todo] == trials
    assert set(whole["status"]) == {"done"}
    pd.testing.assert_frame_equal(whole, resumed, check_exact=True)


def test_the_time_limit_is_for_a_fit_and_not_for_the_search(
    store: Store, run: Callable[..., Any]
) -> None:
    """Twelve fits of 0.1 s stay under one of a second; a single long fit does not."""
    results = run(store, planned(Tuning(12), seconds=0.1)[:1], time_limit=1.0)
    assert results["status"].tolist() == ["done"]
    assert results["tuning_seconds"][0] > 1.2
    slow = run(store, planned(Tuning(2), seconds=30)[:2], time_limit=0.5)
    assert slow["status"].tolist() == ["timeout"] * 2
    assert slow["reason"].str.startswith("tune took more than 0.5 s").all()
    assert slow["time_limit"].tolist() == [0.5] * 2


def test_a_search_of_failures_is_an_error_that_can_be_tried_again(
    store: Store, run: Callable[..., Any]
) -> None:
    """The trials are forgotten with the result: the cause may have gone."""
    todo = planned(Tuning(4), kind="always fails")[:1]
    results = run(store, todo)
    assert results["reason"][0].endswith("failed; the first: RuntimeError: no luck")
    assert len(store.trials.of(todo[0])) == 4
    heard: list[int] = []

    class Listener(SilentProgress):
        def tuning(self, experiment: Experiment, n_done: int, n_trials: int) -> None:
            heard.append(n_done)

    run(store, todo, retry_failed=True, progress=Listener())
    assert heard == [0, 1, 2, 3, 4]


def test_tunings_are_kept_beside_their_results(
    store: Store, run: Callable[..., Any]
) -> None:
    """What was chosen is a column where anything was tuned, and nowhere else."""
    tuned = planned(Tuning(5))[0]
    plain = Experiment("noisy-table", "noisy", Protocol(2), 0, 0)
    results = run(store, [tuned, plain])
    assert results["tuning"][0] == Tuning(5).as_json()
    assert results["tuned_parameters"][0].startswith('{"shift": ')
    assert results[["tuning", "tuned_parameters", "n_trials"]].isna()[1:].all(axis=None)
    assert "tuning" not in store.results([plain])
    store.forget([tuned.key])
    assert store.statuses([tuned.key]) == {}


def test_an_old_store_takes_tuned_results(tmp_path: Path) -> None:
    """Tables that were not there when it was made are added; results stay."""
    import sqlite3

    path = tmp_path / "old.sqlite"
    plain = Experiment("noisy-table", "noisy", Protocol(2), 0, 0)
    with Store(f"sqlite:///{path}") as store:
        store.record(plain, Outcome("done", measures={"mcc": 0.5}), "me", "{}")
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE trimtab_tunings")
    connection.close()
    tuned = planned(Tuning(5))[0]
    with Store(f"sqlite:///{path}") as store:
        outcome = Outcome("done", tuned_parameters={"shift": 0.5})
        store.record(tuned, outcome, "me", "{}")
        results = store.results([plain, tuned])
    assert results["mcc"].tolist()[0] == 0.5
    assert results["tuned_parameters"].tolist()[1] == '{"shift": 0.5}'
    assert np.isnan(results["tuned_parameters"].tolist()[0])
