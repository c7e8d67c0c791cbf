"""The runner: every experiment once, whoever is killed, however many run."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.benchmark.own_postgres import OwnPostgres, find_binaries
from trimtab.benchmark.experiment import Experiment, Outcome
from trimtab.benchmark.running.progress import SilentProgress
from trimtab.benchmark.running.runner import Runner
from trimtab.benchmark.store import Store
from trimtab.exceptions import InputError

PLAIN = ["repeat", "fold", "status", "average_precision", "log_loss"]


def test_results_do_not_depend_on_the_number_of_processes(
    tmp_path, experiments, make_runner
):
    """One process and two give the same table, bit for bit."""
    tables = []
    for n_jobs in (1, 2):
        with Store(f"sqlite:///{tmp_path}/{n_jobs}.sqlite") as store:
            make_runner(store, n_jobs=n_jobs).run(experiments())
            tables.append(store.results(experiments())[PLAIN])
    pd.testing.assert_frame_equal(*tables, check_exact=True)


def test_what_is_there_is_not_run_again(store, experiments, make_runner):
    """A second run reuses everything, and an extended one runs only what is new."""
    first = make_runner(store).run(experiments())
    assert (first.run, first.reused, first.failed) == (4, 0, 0)
    again = make_runner(store).run(experiments())
    assert (again.run, again.reused) == (0, 4)
    more = make_runner(store).run(experiments(n_repeats=2))
    assert (more.run, more.reused) == (4, 4)


def test_a_failure_is_a_row_and_the_rest_goes_on(store, experiments, make_runner):
    """Errors and time-outs are recorded; they are run again only when asked."""
    todo = [*experiments(first="raise")[:1], *experiments()]
    summary = make_runner(store).run(todo)
    assert (summary.run, summary.failed) == (5, 1)
    row = store.results(todo).iloc[0]
    assert (row["status"], row["reason"]) == ("error", "RuntimeError: no luck today")
    assert pd.isna(row["average_precision"])
    assert make_runner(store).run(todo).run == 0
    assert make_runner(store).run(todo, retry_failed=True).run == 1


def test_a_time_out_is_run_again_under_a_larger_limit(store, experiments, make_runner):
    """A smaller or equal limit takes the recorded time-out as it is."""
    todo = experiments(seconds=1.0)[:1]
    assert make_runner(store, time_limit=0.2).run(todo).failed == 1
    assert make_runner(store, time_limit=0.1).run(todo).run == 0
    again = make_runner(store, time_limit=30.0).run(todo)
    assert (again.run, again.failed) == (1, 0)


def test_what_took_too_long_on_one_split_is_not_tried_on_others(
    store, experiments, make_runner
):
    """One time-out tells of all; other parameters, and larger limits, are tried."""
    slow, quick = experiments(seconds=1.0), experiments()
    summary = make_runner(store, time_limit=0.3).run([*slow, *quick])
    assert (summary.run, summary.failed) == (8, 4)
    first, *others = store.results(slow)["reason"]
    assert first.startswith("fit took more than 0.3 s")
    assert set(others) == {"not tried: on another split it took more than 0.3 s"}
    again = make_runner(store, time_limit=30.0).run(slow)
    assert (again.run, again.failed) == (4, 0)


def test_what_other_runners_found_too_slow_is_not_tried_either(
    store, experiments, make_runner
):
    """A runner that waits for another learns from what that one has recorded."""
    slow = experiments(seconds=1.0)

    class Other(SilentProgress):
        """Another runner, that has claimed everything and gives up half-way."""

        def start(self, *args):
            outcome = Outcome("timeout", "elsewhere", measures={"time_limit": 0.3})
            store.record(slow[0], outcome, "other", "{}")

        def done_elsewhere(self, count):
            store.release_all("other")

    assert all(store.claim(one.key, "other") for one in slow)
    make_runner(store, time_limit=0.3, progress=Other()).run(slow)
    assert store.results(slow)["reason"].str.startswith("not tried").sum() == 3


def test_time_outs_of_a_runner_with_a_smaller_limit_are_run_again(
    store, experiments, make_runner
):
    """Also those that it records meanwhile, and what it therefore did not try."""
    slow = experiments(seconds=0.5)

    class Hurried(SilentProgress):
        """Another runner, that has claimed everything and has little patience."""

        def start(self, *args):
            outcome = Outcome("timeout", "too slow", measures={"time_limit": 0.3})
            for one in slow:
                store.record(one, outcome, "hurried", "{}")

    assert all(store.claim(one.key, "hurried") for one in slow)
    summary = make_runner(store, time_limit=30.0, progress=Hurried()).run(slow)
    assert (summary.run, summary.elsewhere, summary.failed) == (4, 0, 0)


def test_a_runner_leaves_its_time_outs_to_one_with_a_larger_limit(
    store, experiments, make_runner
):
    """It runs nothing twice, and counts what it ran."""
    slow = experiments(seconds=1.0)
    seen = []

    class Patient(SilentProgress):
        """Another runner, that takes each time-out away to run it again."""

        def finished(self, experiment, outcome):
            store.settled([experiment.key], 30.0)

        def done_elsewhere(self, count):
            seen.append(count)

    summary = make_runner(store, time_limit=0.3, progress=Patient()).run(slow)
    assert (summary.run, summary.elsewhere, sum(seen)) == (4, 0, 0)
    assert not store.statuses(one.key for one in slow)


def test_a_time_out_of_an_earlier_run_tells_too(store, experiments, make_runner):
    """A run that goes on begins with what the store knows."""
    slow = experiments(seconds=1.0)
    make_runner(store, time_limit=0.3).run(slow[:1])
    make_runner(store, time_limit=0.3).run(slow)
    assert store.results(slow)["reason"].str.startswith("not tried").sum() == 3


def test_no_process_at_all_is_refused(store, make_runner):
    """n_jobs=0 means nothing."""
    with pytest.raises(InputError, match="n_jobs is 0"):
        make_runner(store, n_jobs=0)


@pytest.mark.parametrize(
    "limit", [0, -5, float("inf"), float("nan"), "600", True], ids=str
)
def test_a_time_limit_that_is_none_is_refused(store, make_runner, limit):
    """The message names it, and how to have no limit."""
    with pytest.raises(InputError, match=f"time_limit is '?{limit}'?: .* or None"):
        make_runner(store, time_limit=limit)


def test_probabilities_are_kept_only_when_wanted(store, experiments, make_runner):
    """A suite of thousands need not keep them."""
    todo = experiments()
    make_runner(store, keep_scores=False).run(todo)
    assert store.scores(e.key for e in todo) == {}


def test_progress_is_told_of_every_experiment(store, experiments, make_runner):
    """Whoever shows progress hears of the start and the end of each."""
    heard: list[tuple[str, int]] = []

    class Listener:
        def __enter__(self):
            return self

        def __exit__(self, *exception):
            heard.append(("exit", 0))

        def start(self, todo, done, n_jobs):
            heard.append(("start", len(todo)))

        def started(self, experiment):
            heard.append(("started", experiment.fold))

        def finished(self, experiment, outcome):
            heard.append(("finished", experiment.fold))

        def done_elsewhere(self, count):
            assert count == 0

    make_runner(store, progress=Listener()).run(experiments())
    assert heard[0] == ("start", 4)
    assert heard[-1] == ("exit", 0)
    for fold in range(4):
        assert heard.index(("started", fold)) < heard.index(("finished", fold))


def test_claims_are_given_back_when_a_run_is_stopped(
    store, experiments, make_runner, monkeypatch
):
    """Ctrl-C leaves nothing claimed, and the next run finishes the work."""

    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    todo = experiments()
    with monkeypatch.context() as patch:
        patch.setattr(Runner, "_record", interrupt)
        with pytest.raises(KeyboardInterrupt):
            make_runner(store).run(todo)
    assert store.claims(e.key for e in todo) == []
    assert make_runner(store).run(todo).run == 4


def test_a_dead_neighbours_claim_is_taken_over(store, experiments, make_runner):
    """A claim of a process of this machine that is gone does not hold a run up."""
    todo = experiments()
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    runner = make_runner(store)
    place, _, start, _ = runner.owner.rsplit(" ", 3)
    store.claim(todo[0].key, f"{place} {child.pid} {start} dead")
    begin = time.monotonic()
    assert runner.run(todo).run == 4
    assert time.monotonic() - begin < 30


def test_a_silent_claim_from_elsewhere_is_taken_over(
    store, experiments, make_runner, monkeypatch
):
    """Another machine's claim that does not beat for the lease is taken over."""
    monkeypatch.setattr("trimtab.benchmark.running.runner._LEASE_SECONDS", 1.0)
    todo = experiments()
    store.claim(todo[0].key, "elsewhere/1 12 0.00 abc")
    assert make_runner(store).run(todo).run == 4


def test_a_living_neighbour_is_waited_for(store, experiments, make_runner, monkeypatch):
    """What another runner has claimed and then records is not done twice."""
    todo = experiments()
    theirs = todo[0]
    runner = make_runner(store)
    store.claim(theirs.key, f"{runner.owner[:-8]}alive000")

    def record_theirs(seconds: float) -> None:
        outcome = Outcome("done", measures={"average_precision": 0.5})
        store.record(theirs, outcome, f"{runner.owner[:-8]}alive000", "{}")

    monkeypatch.setattr("trimtab.benchmark.running.runner.time.sleep", record_theirs)
    summary = runner.run(todo)
    assert (summary.run, summary.elsewhere) == (3, 1)


RUN = """
import sys
sys.path[:0] = [{root!r}]
from pathlib import Path
from tests.benchmark.toy_methods import TOY
from trimtab.benchmark.experiment import Experiment
from trimtab.benchmark.protocol import Protocol
from trimtab.benchmark.running.runner import Runner
from trimtab.benchmark.sources import StagedSource
from trimtab.benchmark.store import Store

protocol = Protocol(n_splits=4, n_repeats=8)
todo = [
    Experiment.of(
        {{"seconds": 0.1}}, dataset="small", method="toy", protocol=protocol,
        repeat=repeat, fold=fold,
    )
    for repeat, fold in protocol.splits()
]
with Store({url!r}) as store:
    source = StagedSource("small", Path({path!r}))
    done = Runner(store, {{"small": source}}, {{"toy": TOY}}, n_jobs={n_jobs}).run(todo)
    print(done.run, done.reused, done.elsewhere)
"""


def _start(url: str, path: Path, n_jobs: int = 2) -> subprocess.Popen[str]:
    root = str(Path(__file__).parents[3])
    script = RUN.format(root=root, url=url, path=str(path), n_jobs=n_jobs)
    return subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    )


def _await_results(store: Store, todo: list[Experiment], more: int) -> None:
    """Wait until so many more results are there."""
    give_up = time.monotonic() + 100
    enough = len(store.statuses(e.key for e in todo)) + more
    while len(store.statuses(e.key for e in todo)) < enough:
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_killed_runners_lose_and_repeat_nothing(store_url, small_source, experiments):
    """Two runners share a store; one is killed again and again; all is there once."""
    todo = experiments(n_repeats=8, seconds=0.1)
    # The first two meet an empty store at the same moment.
    for n_runners in (2, 1, 1):
        jobs = 2 // n_runners
        lost = [_start(store_url, small_source.path, jobs) for _ in range(n_runners)]
        with Store(store_url) as store:
            _await_results(store, todo, 3)
        for runner in lost:
            assert runner.poll() is None, "the run ended before it was killed"
            os.kill(runner.pid, signal.SIGKILL)
            runner.communicate()
    pair = [_start(store_url, small_source.path) for _ in range(2)]
    counts = [list(map(int, p.communicate(timeout=120)[0].split())) for p in pair]
    with Store(store_url) as store:
        results = store.results(todo)
        assert len(results) == 32
        assert set(results["status"]) == {"done"}
        assert store.claims(e.key for e in todo) == []
    # Each saw every experiment, as its own, as the other's, or as done before.
    assert [sum(count) for count in counts] == [32, 32]
    assert min(count[1] for count in counts) >= 9
    assert sum(count[0] for count in counts) <= 32 - min(count[1] for count in counts)


@pytest.fixture
def own_postgres() -> Iterator[OwnPostgres]:
    """Give a server that nobody else uses."""
    binaries = find_binaries()
    if binaries is None:
        if os.environ.get("TRIMTAB_REQUIRE_ALL") == "1":
            pytest.fail("install PostgreSQL's server (TRIMTAB_REQUIRE_ALL is set)")
        pytest.skip("install PostgreSQL's server")
    server = OwnPostgres(binaries)
    yield server
    server.close()


def test_a_server_that_crashes_loses_and_repeats_nothing(
    own_postgres, small_source, experiments
):
    """Two runners, one is killed, then the server crashes and comes back."""
    todo = experiments(n_repeats=8, seconds=0.1)
    lost, kept = (_start(own_postgres.url, small_source.path) for _ in range(2))
    with Store(own_postgres.url) as store:
        _await_results(store, todo, 4)
    os.kill(lost.pid, signal.SIGKILL)
    own_postgres.crash()
    lost.communicate()
    time.sleep(1)
    own_postgres.start()
    assert kept.poll() is None, "the run ended before the crash"
    counts = list(map(int, kept.communicate(timeout=120)[0].split()))
    assert kept.returncode == 0
    assert sum(counts) == 32
    with Store(own_postgres.url) as store:
        results = store.results(todo)
        assert len(results) == results["key"].nunique() == 32
        assert set(results["status"]) == {"done"}
        assert store.claims(e.key for e in todo) == []
        assert len(store.scores(results["key"])) == 32
