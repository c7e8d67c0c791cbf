"""The runner on a real Dask cluster: a worker is killed, every result is there once."""

import threading
import time

import pandas as pd
import pytest

from tests.benchmark.tunable_methods import NOISY, noisy_table
from trimtab.benchmark import sources
from trimtab.benchmark.experiment import Experiment
from trimtab.benchmark.protocol import Protocol
from trimtab.benchmark.running.cluster_pool import ClusterPool
from trimtab.benchmark.running.runner import Runner
from trimtab.benchmark.sources import stage
from trimtab.benchmark.store import Store
from trimtab.benchmark.tuning import Tuning
from trimtab.cluster.engine import LOCAL, Engine
from trimtab.exceptions import InputError
from trimtab.tables import encode_labels

pytest.importorskip("distributed")

PLAIN = ["repeat", "fold", "status", "average_precision", "log_loss"]


def _kill_when(store, todo, n_results, kill) -> threading.Thread:
    """Call `kill` as soon as so many results are there."""

    def watch() -> None:
        while len(store.statuses(e.key for e in todo)) < n_results:
            time.sleep(0.05)
        kill()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


@pytest.fixture
def store(tmp_path):
    """Give an empty store; that PostgreSQL is as good is tested without a cluster."""
    with Store(f"sqlite:///{tmp_path}/store.sqlite") as opened:
        yield opened


def test_a_killed_worker_loses_and_repeats_nothing(
    store, tmp_path, machines, experiments, make_runner, monkeypatch
):
    """Three workers, one dies in the middle: the same table as without a cluster."""
    for _ in range(3):
        machines.add_worker()
    read: list[str] = []

    def table_bytes(source):
        read.append(source.name)
        return sources.table_bytes(source)

    monkeypatch.setattr(
        "trimtab.benchmark.running.cluster_pool.table_bytes", table_bytes
    )
    todo = experiments(n_repeats=3, seconds=0.3)
    machines.wait_for_workers(3)
    killer = _kill_when(store, todo, 3, lambda: machines.kill_worker(0))
    engine = Engine("dask", machines.address)
    done = make_runner(store, engine=engine).run(todo)
    killer.join()
    assert (done.run, done.reused, done.failed) == (12, 0, 0)
    assert store.claims(e.key for e in todo) == []
    found = store.results(todo)
    kept = store.scores(e.key for e in todo)
    assert read == ["small"]  # sent once
    assert len(kept) == 12
    with Store(f"sqlite:///{tmp_path}/here.sqlite") as other:
        make_runner(other, n_jobs=2).run(todo)
        here = other.results(todo)
    pd.testing.assert_frame_equal(found[PLAIN], here[PLAIN], check_exact=True)


def test_limits_failures_tuning_and_a_lost_scheduler(
    store, tmp_path, machines, experiments, make_runner, monkeypatch
):
    """A fit over time or killed costs that fit; a run without scheduler goes on."""
    machines.add_worker(n_threads=2)
    machines.wait_for_workers(1)
    engine = Engine("dask", machines.address)
    slow, dead = experiments(seconds=60)[0], experiments(first="crash")[1]
    wrong, fine = experiments(first="raise")[2], experiments()[3]
    todo = [slow, dead, wrong, fine]
    done = make_runner(store, engine=engine, time_limit=1.0).run(todo)
    assert (done.run, done.failed) == (4, 3)
    reasons = list(store.results(todo)["reason"])
    assert reasons[0].startswith("fit took more than 1 s")
    assert reasons[1] == (
        "the worker process died with signal 9 (out of memory?): last words"
    )
    assert reasons[2:] == ["RuntimeError: no luck today", ""]

    _tune_there_and_here(store, engine, tmp_path)
    _refuse_other_versions(store, engine, experiments, make_runner, monkeypatch)

    more = experiments(n_repeats=2, seconds=0.5)[4:]
    killer = _kill_when(store, more, 2, machines.kill_scheduler)
    with pytest.raises(InputError, match=r"scheduler .* is gone: what was recorded"):
        make_runner(store, engine=engine).run(more)
    killer.join()
    assert store.claims(e.key for e in more) == []
    assert 2 <= make_runner(store).run(more).reused < 4


def _refuse_other_versions(store, engine, experiments, make_runner, monkeypatch):
    """Results would be recorded as made by other libraries than they were."""
    pool = ClusterPool.of(engine)
    pool._versions = pool._versions | {"numpy": "1.0"}
    monkeypatch.setattr(ClusterPool, "of", lambda engine: pool)
    with pytest.raises(InputError, match=r"the worker on .* has numpy .* process 1.0:"):
        make_runner(store, engine=engine).run(experiments(seconds=0.01))
    monkeypatch.undo()


def _tune_there_and_here(store, engine, tmp_path):
    """Trials are in the store; what was chosen is what this machine chooses."""
    X, y = noisy_table()
    sent = {"noisy": stage(X, encode_labels(y), "noisy", tmp_path)}
    todo = [Experiment("noisy", "noisy", Protocol(2), 0, 0, tuning=Tuning(6))]
    found = []
    with Store(f"sqlite:///{tmp_path}/here.sqlite") as other:
        for each, where in ((store, engine), (other, LOCAL)):
            done = Runner(each, sent, {"noisy": NOISY}, engine=where).run(todo)
            assert done.failed == 0
            assert len(each.trials.of(todo[0])) == 6
            found.append(each.results(todo)[[*PLAIN, "tuned_parameters"]])
    pd.testing.assert_frame_equal(*found, check_exact=True)
