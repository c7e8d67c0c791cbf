"""Tests hand workers on to each other only where a new one would be no different."""

# SPDX-License-Identifier: BSD-3-Clause

import sys

import pytest

from tests.used_workers import HandingOnPool
from trimtab.benchmark.running import worker as room


class Idle:
    """Stands for a worker process."""

    def __init__(self, sent_tables: object = None) -> None:
        self.is_alive = True

    def run(self, *arguments: object) -> str:
        return "done"

    def close(self) -> None:
        self.is_alive = False


@pytest.fixture(autouse=True)
def _no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start none, and leave those of other tests alone."""
    monkeypatch.setattr(room, "Worker", Idle)
    monkeypatch.setattr(room, "_warm", [])
    monkeypatch.setattr(HandingOnPool, "_left", [])
    monkeypatch.setattr(HandingOnPool, "_started_in", ({}, []))


def used(n_ready: int = 1) -> list[Idle]:
    """Return the workers of a pool that has done its work."""
    with HandingOnPool(n_ready) as pool:
        for _ in range(n_ready):
            pool.run(b"")
        return list(pool._all)  # type: ignore[arg-type]


def test_two_at_most_are_handed_on() -> None:
    """The next pool begins with them; others are ended, and those in the end."""
    first = used(3)
    assert sum(worker.is_alive for worker in first) == 2
    assert set(used(2)) == {worker for worker in first if worker.is_alive}
    HandingOnPool.close_left()
    assert not any(worker.is_alive for worker in first)


def test_a_dead_worker_is_not_handed_on() -> None:
    """Nor one that died since."""
    (first,) = used()
    first.is_alive = False
    assert used() != [first]


@pytest.mark.parametrize("change", ["variable", "path"])
def test_a_worker_of_other_surroundings_is_ended(
    monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """A new one would find other variables, or other modules."""
    (first,) = used()
    if change == "variable":
        monkeypatch.setenv("TRIMTAB_TEST_CHANGE", "1")
    else:
        monkeypatch.setattr(sys, "path", [*sys.path, "elsewhere"])
    assert used() != [first]
    assert not first.is_alive


def test_a_pool_that_is_left_in_haste_ends_its_workers() -> None:
    """They may be at work."""
    pool = HandingOnPool(1)
    (worker,) = pool._all
    pool.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert not worker.is_alive
