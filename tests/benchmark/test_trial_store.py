"""Trials in Optuna's tables, beside the results."""

# SPDX-License-Identifier: BSD-3-Clause

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
import sqlalchemy as sa

from tests.benchmark.tunable_methods import NOISY, noisy_table
from trimtab.benchmark.database import file_url
from trimtab.benchmark.experiment import Experiment
from trimtab.benchmark.messages import FinishedTrials
from trimtab.benchmark.protocol import Protocol
from trimtab.benchmark.running.fitting import MethodOnTable
from trimtab.benchmark.running.search import tune
from trimtab.benchmark.store import Store
from trimtab.benchmark.tuning import Tuning
from trimtab.exceptions import InputError
from trimtab.tables import encode_labels

TUNING = Tuning(12, metric="log_loss", batch=4)
EXPERIMENT = Experiment("d", "noisy", Protocol(), 0, 0, tuning=TUNING)


@pytest.fixture(scope="module")
def batches() -> list[tuple[Any, ...]]:
    """Give three batches of four trials, some of which failed."""
    X, y = noisy_table()
    told: list[Any] = []
    tune(
        MethodOnTable(NOISY, X, encode_labels(y)), np.arange(200), TUNING,
        random_state=0, parameters={"kind": "fails"}, announce=told.append,
    )  # fmt: skip
    return [m.trials for m in told if isinstance(m, FinishedTrials) and m.trials]


@pytest.fixture(autouse=True)
def _as_users_have_it() -> Iterator[None]:
    """Let nothing but what is tested change what Optuna logs."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.INFO)
    yield
    optuna.logging.set_verbosity(before)


def facts(trials: Any) -> list[tuple[Any, ...]]:
    """Return what matters of trials."""
    return [(t.params, t.distributions, t.value, t.state, t.user_attrs) for t in trials]


def test_trials_come_back_as_they_were(
    store: Store, batches: list[tuple[Any, ...]], capfd: pytest.CaptureFixture[str]
) -> None:
    """To the last digit, failed ones with their reason; and nothing is printed."""
    assert store.trials.of(EXPERIMENT) == ()
    for batch in batches:
        store.trials.add(EXPERIMENT, batch)
    found = store.trials.of(EXPERIMENT)
    assert facts(found) == facts(trial for batch in batches for trial in batch)
    assert any(trial.user_attrs.get("reason") for trial in found)
    assert store.trials.of(replace(EXPERIMENT, seed=1)) == ()
    assert capfd.readouterr().err == ""


def test_what_is_there_is_not_written_twice(
    store: Store, batches: list[tuple[Any, ...]]
) -> None:
    """Two runners may have been at one experiment: they found the same."""
    store.trials.add(EXPERIMENT, batches[0][:3])
    store.trials.add(EXPERIMENT, batches[0])
    store.trials.add(EXPERIMENT, batches[1])
    assert facts(store.trials.of(EXPERIMENT)) == facts(batches[0] + batches[1])


def test_trials_end_where_one_is_missing(
    store: Store, batches: list[tuple[Any, ...]]
) -> None:
    """What comes after a gap is not taken."""
    store.trials.add(EXPERIMENT, batches[0])
    store.trials.add(EXPERIMENT, batches[2])
    assert facts(store.trials.of(EXPERIMENT)) == facts(batches[0])


def test_optuna_finds_the_study(
    store: Store, store_url: str, batches: list[tuple[Any, ...]]
) -> None:
    """By the experiment's key, as its dashboard does; the best trial is ours."""
    for batch in batches:
        store.trials.add(EXPERIMENT, batch)
    study = optuna.load_study(study_name=EXPERIMENT.key, storage=store_url)
    assert study.best_value == min(
        trial.value for batch in batches for trial in batch if trial.value is not None
    )
    assert study.user_attrs == {"method": "noisy", "dataset": "d"}
    study._storage.remove_session()
    study._storage._backend.engine.dispose()


def test_trials_can_be_forgotten(store: Store, batches: list[tuple[Any, ...]]) -> None:
    """Those of one experiment; where there are none, nothing happens."""
    store.trials.forget([EXPERIMENT.key])
    other = replace(EXPERIMENT, seed=1)
    for experiment in (EXPERIMENT, other):
        store.trials.add(experiment, batches[0])
    store.trials.forget([EXPERIMENT.key, "no such key"])
    assert store.trials.of(EXPERIMENT) == ()
    assert len(store.trials.of(other)) == 4


def test_a_store_without_tuning_has_no_tables_of_optuna(store: Store) -> None:
    """They are made when the first trial is kept."""
    untuned = replace(EXPERIMENT, tuning=None)
    assert store.trials.of(untuned) == ()
    store.trials.add(untuned, ())
    store.trials.forget([untuned.key])
    assert not sa.inspect(store._engine).has_table("studies")


def test_a_file_name_with_odd_characters_is_a_file_name(
    tmp_path: Path, batches: list[tuple[Any, ...]]
) -> None:
    """Trials go where the results go."""
    path = tmp_path / "what?x={1}#%41" / "store.sqlite"
    with Store(file_url(path)) as store:
        store.trials.add(EXPERIMENT, batches[0])
        assert sa.inspect(store._engine).has_table("studies")
    assert [file.name for file in tmp_path.rglob("*.sqlite")] == ["store.sqlite"]


def test_many_write_at_once(store_url: str, batches: list[tuple[Any, ...]]) -> None:
    """Runners that share a store wait for each other, from its empty state on."""
    experiments = [replace(EXPERIMENT, seed=seed) for seed in range(4)]
    failures: list[BaseException] = []
    barrier = threading.Barrier(len(experiments))

    def write(experiment: Experiment) -> None:
        barrier.wait()
        try:
            with Store(store_url) as store:
                for batch in batches:
                    store.trials.add(experiment, batch)
                    store.claim(f"{experiment.key[:20]}{len(batch)}", "me")
                    store.beat("me")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(e,)) for e in experiments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with Store(store_url) as store:
        for experiment in experiments:
            assert len(store.trials.of(experiment)) == 12


def test_a_database_that_is_locked_is_waited_for(
    store: Store, batches: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operation is repeated; what it had written by then is not written twice."""
    import sqlite3

    from optuna.exceptions import StorageInternalError
    from optuna.study import Study

    add, calls = Study.add_trials, []

    def sometimes(self: Study, trials: Any) -> None:
        calls.append(len(trials))
        if len(calls) == 1:
            add(self, trials[:2])
            cause = sa.exc.OperationalError(
                "INSERT", {}, sqlite3.OperationalError("database is locked")
            )
            raise StorageInternalError("no") from cause
        add(self, trials)

    monkeypatch.setattr(Study, "add_trials", sometimes)
    store.trials.add(EXPERIMENT, batches[0])
    assert calls == [4, 2]
    assert facts(store.trials.of(EXPERIMENT)) == facts(batches[0])


def test_a_database_that_is_gone_is_said_in_a_line(
    store: Store, batches: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not pass is no matter of patience."""
    import sqlite3

    from optuna.exceptions import StorageInternalError
    from optuna.study import Study

    def never(self: Study, trials: Any) -> None:
        cause = sa.exc.OperationalError(
            "INSERT", {}, sqlite3.OperationalError("disk I/O error")
        )
        raise StorageInternalError("no") from cause

    monkeypatch.setattr(Study, "add_trials", never)
    with pytest.raises(InputError, match="cannot be used any more"):
        store.trials.add(EXPERIMENT, batches[0])
