"""Errands on a real Dask cluster, whose workers die."""

import threading
import time

import pytest

from tests.cluster import errands
from trimtab.cluster.connection import connect
from trimtab.cluster.dask_cluster import DaskCluster
from trimtab.cluster.engine import Engine, Sent, WorkersDiedError
from trimtab.exceptions import InputError

pytest.importorskip("distributed")

from distributed.comm.core import CommClosedError


def test_errands_survive_workers_and_not_the_scheduler(machines):
    """Messages, places, errors, the loss of all data, of too many workers, of all."""
    with pytest.raises(InputError, match=r"has no workers: start one, dask worker tcp"):
        connect(Engine("dask", machines.address))
    machines.add_worker(n_threads=2)
    machines.wait_for_workers(1)
    cluster = DaskCluster(machines.address)
    reads = []
    data = Sent(lambda: reads.append(1) or b"12345")
    heard: list[bytes] = []
    for _ in range(2):
        assert cluster.run(errands.add_length, data, b"123", heard.append) == 8
    assert heard == [b"data 5", b"argument 3"] * 2
    assert (len(reads), cluster.n_slots) == (1, 2)
    with pytest.raises(ValueError, match="not this one"):
        cluster.run(errands.refuse, data, b"", heard.append)

    _lose_every_worker_in_the_middle(machines, cluster, data)
    assert len(reads) == 2

    machines.add_worker()
    machines.add_worker()
    machines.wait_for_workers(3)
    near = {cluster.run(errands.wait, data, b"0", heard.append, "a") for _ in range(6)}
    assert len(near) == 1
    with pytest.raises(WorkersDiedError, match="2 workers died while they ran it"):
        cluster.run(errands.die, data, b"", heard.append)

    threading.Timer(1.0, machines.kill_scheduler).start()
    with pytest.raises(InputError, match=r"scheduler tcp://.* is gone: what was rec"):
        cluster.run(errands.wait, data, b"60", heard.append)
    cluster.close()


def test_an_errand_that_kills_the_only_holder_of_its_data_is_given_up(machines):
    """Dask counts deaths anew with each copy of the data; the errand's are counted."""
    machines.add_worker()
    machines.wait_for_workers(1)
    cluster = DaskCluster(machines.address)
    died = []

    def replace_the_dead() -> None:
        while len(died) < 2:
            machines.workers[-1].wait()
            died.append(machines.workers[-1].pid)
            machines.add_worker()

    thread = threading.Thread(target=replace_the_dead)
    thread.start()
    with pytest.raises(WorkersDiedError, match="2 workers died while they ran it, and"):
        cluster.run(errands.die, Sent(lambda: b"1"), b"", print)
    thread.join(30)
    assert len(died) == 2
    assert cluster.run(errands.add_length, Sent(lambda: b"1"), b"2", print) == 2
    cluster.close()


def test_a_scheduler_lost_while_a_result_is_fetched_is_told(machines, monkeypatch):
    """Dask itself says then that a connection was closed."""
    machines.add_worker()
    machines.wait_for_workers(1)
    cluster = DaskCluster(machines.address)

    def lost(self):
        machines.kill_scheduler()
        raise CommClosedError("in <TCP>: Stream is closed")

    monkeypatch.setattr("distributed.Future.result", lost)
    for _ in range(2):
        with pytest.raises(InputError, match=r"scheduler tcp://.* is gone: what was r"):
            cluster.run(errands.add_length, Sent(lambda: b"1"), b"2", print)
    cluster.close()


def _lose_every_worker_in_the_middle(machines, cluster, data) -> None:
    """Kill the only worker, which had the only copy; another comes later."""
    found = []
    thread = threading.Thread(
        target=lambda: found.append(cluster.run(errands.wait, data, b"1", print))
    )
    thread.start()
    time.sleep(0.5)
    first = machines.workers[0].pid
    machines.kill_worker(0)
    machines.add_worker()
    thread.join(30)
    assert found
    assert first not in found


def test_an_address_where_nobody_answers_is_told(monkeypatch):
    """One line, after a few seconds."""
    monkeypatch.setattr("trimtab.cluster.dask_cluster._CONNECT_SECONDS", 1)
    message = "no Dask scheduler answers at tcp://127.0.0.1:1 "
    with pytest.raises(InputError, match=message) as raised:
        connect(Engine("dask", "tcp://127.0.0.1:1"))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "address",
    ["nonsense", "carrier://pigeon:1", "tcp://host", "tcp://:8786", "tcp://h:99999"],
)
def test_what_is_no_address_is_told_at_once(monkeypatch, address):
    """No client is made, which would try it for long."""
    monkeypatch.setattr("distributed.Client", None)
    with pytest.raises(InputError, match=f"'{address}' is none of a Dask scheduler"):
        connect(Engine("dask", address))


WITHOUT = """
import importlib.metadata
found = importlib.metadata.version
def version(name):
    if name == "trimtab":
        raise importlib.metadata.PackageNotFoundError(name)
    return found(name)
importlib.metadata.version = version
"""


def test_workers_without_trimtab_are_told(machines, tmp_path):
    """Before anything is sent to them."""
    preload = tmp_path / "without.py"
    preload.write_text(WITHOUT)
    machines.add_worker(preload=preload)
    machines.wait_for_workers(1)
    with pytest.raises(InputError, match=r"trimtab is not installed on tcp://.*1 of 2"):
        connect(Engine("dask", machines.address))
