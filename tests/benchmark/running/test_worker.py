"""A worker runs an experiment, and its death is an answer like any other."""

import pickle
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from tests.benchmark.toy_methods import TOY
from trimtab.benchmark.running.worker import Request, Worker, WorkerPool


@pytest.fixture(scope="module")
def pool():
    """Share workers among these tests."""
    with WorkerPool() as opened:
        yield opened


@pytest.fixture
def request_for(small_source, experiments):
    """Make a request for the first fold."""
    return lambda **parameters: Request(
        experiments(**parameters)[0], {TOY.name: TOY}, small_source
    )


def test_an_experiment_is_run_in_the_child(pool, request_for):
    """The outcome holds scores, costs and probabilities of the 15 test rows."""
    outcome = pool.run(request_for())
    assert outcome.status == "done", outcome.reason
    assert 0 < outcome.measures["average_precision"] <= 1
    assert outcome.measures["n_train_rows"] == 45
    assert outcome.measures["peak_memory_mb"] > 10
    assert outcome.scores.shape == (15, 2)
    assert [c["label"] for c in outcome.per_class] == ["no", "yes"]


def test_an_exception_is_recorded_in_one_line(pool, request_for):
    """The worker goes on after an exception."""
    outcome = pool.run(request_for(first="raise"))
    assert outcome.status == "error"
    assert outcome.reason == "RuntimeError: no luck today"
    assert pool.run(request_for()).status == "done"


def test_a_fit_that_ends_the_program_is_an_error(pool, request_for):
    """Its own word for it is kept, and the worker is none the worse."""
    outcome = pool.run(request_for(first="exit"))
    assert outcome.status == "error"
    assert outcome.reason == "SystemExit: enough"
    assert pool.run(request_for()).status == "done"


def test_the_death_of_the_process_is_recorded(pool, request_for):
    """A crash costs one experiment; the pool starts another worker."""
    outcome = pool.run(request_for(first="crash"))
    assert outcome.status == "error"
    assert "signal 9" in outcome.reason
    assert "last words" in outcome.reason
    assert pool.run(request_for()).status == "done"


def test_a_fit_over_its_time_is_killed(pool, request_for):
    """The limit counts from the start of the fit, and the pool goes on."""
    start = time.monotonic()
    outcome = pool.run(request_for(seconds=60), time_limit=0.5)
    assert outcome.status == "timeout"
    assert outcome.reason.startswith("fit took more than 0.5 s")
    assert time.monotonic() - start < 30
    assert pool.run(request_for(), time_limit=5).status == "done"


def test_a_limit_longer_than_any_wait_is_no_error(pool, request_for):
    """No lock can be waited for that long."""
    assert pool.run(request_for(), time_limit=1e300).status == "done"


def test_what_learners_print_does_no_harm(pool, request_for):
    """Output of a learner does not get between the answers."""
    assert pool.run(request_for(first="print")).status == "done"


def test_what_cannot_be_unpickled_is_an_error(pool, request_for):
    """A method of a module that the worker lacks is that experiment's failure."""

    class Vanishing:
        def __reduce__(self):
            return (__import__, ("no_such_module",))

    request = request_for()
    methods = {TOY.name: Vanishing()}
    outcome = pool.run(Request(request.experiment, methods, request.source))
    assert outcome.status == "error"
    assert "no_such_module" in outcome.reason


PARENT = """
import sys, threading, time
sys.path[:0] = [{root!r}]
from pathlib import Path
from tests.benchmark.toy_methods import TOY
from trimtab.benchmark.experiment import Experiment
from trimtab.benchmark.protocol import Protocol
from trimtab.benchmark.sources import StagedSource
from trimtab.benchmark.running.worker import Request, Worker

experiment = Experiment.of(
    {{"first": "touch {begun}", "seconds": 300}}, dataset="small", method="toy",
    protocol=Protocol(4), repeat=0, fold=0,
)
request = Request(experiment, {{TOY.name: TOY}}, StagedSource("small", Path({path!r})))
worker = Worker()
print(worker._process.pid, flush=True)
worker.run(request)
"""


def test_the_child_ends_with_its_parent(small_source, tmp_path):
    """A runner that is killed leaves no process behind that goes on fitting."""
    root, begun = Path(__file__).parents[3], tmp_path / "begun"
    script = PARENT.format(root=str(root), path=str(small_source.path), begun=begun)
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    )
    child = psutil.Process(int(parent.stdout.readline()))
    give_up = time.monotonic() + 100
    while not begun.exists() and time.monotonic() < give_up:
        time.sleep(0.02)
    assert begun.exists()
    assert child.is_running()
    parent.kill()
    parent.communicate()
    psutil.wait_procs([child], timeout=20)
    assert not child.is_running()


def test_the_child_ends_where_a_request_is_cut_off():
    """Its parent was killed while it sent one."""
    worker = Worker()
    worker._process.stdin.write(pickle.dumps(bytes(1000))[:500])
    worker._process.stdin.close()
    assert worker._process.wait(timeout=60) == 0
    worker.close()


def test_a_worker_that_died_idle_is_not_blamed_on_the_next(request_for):
    """Another one takes the request."""
    with WorkerPool() as pool:
        assert pool.run(request_for()).status == "done"
        pool._all[0]._process.kill()
        pool._all[0]._process.wait()
        assert pool.run(request_for()).status == "done"


def test_a_busy_worker_can_be_closed(request_for):
    """Closing does not wait for the fit."""
    worker = Worker()
    thread = threading.Thread(target=worker.run, args=(request_for(seconds=300),))
    thread.start()
    time.sleep(1)
    start = time.monotonic()
    worker.close()
    thread.join(timeout=20)
    assert not thread.is_alive()
    assert time.monotonic() - start < 20
