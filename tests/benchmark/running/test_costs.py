"""What a fit costs."""

# SPDX-License-Identifier: BSD-3-Clause

import os
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from trimtab.benchmark.running import costs
from trimtab.benchmark.running.costs import Cost, measure_cost

can_reset = os.access("/proc/self/clear_refs", os.W_OK)
needs_reset = pytest.mark.skipif(
    not can_reset, reason="the kernel keeps no such record"
)


def use_memory(mebibytes: int) -> None:
    """Take so much memory, touch all of it, and give it back."""
    np.ones(mebibytes * 2**20, dtype=np.uint8)


def resident() -> float:
    """Return what this process has in memory, in MiB."""
    return psutil.Process().memory_info().rss / 2**20


def test_seconds_are_those_of_the_wall_clock() -> None:
    """Sleeping counts; what comes after does not."""
    start = time.perf_counter()
    with measure_cost() as cost:
        time.sleep(0.05)
    whole = time.perf_counter() - start
    time.sleep(0.05)

    assert 0.05 <= cost.seconds <= whole


def test_cost_is_told_where_the_block_fails() -> None:
    """An error passes, and has cost something."""

    def fail() -> None:
        time.sleep(0.01)
        raise ValueError("no luck")

    with pytest.raises(ValueError, match="no luck"), measure_cost() as cost:
        fail()

    assert cost.seconds >= 0.01
    assert cost.memory_mb > 0


def test_nothing_is_told_before_the_end() -> None:
    """It is filled in when the block ends."""
    with measure_cost() as cost:
        time.sleep(0.01)
        assert cost == Cost(0.0, 0.0)


@needs_reset
def test_memory_is_the_highest_during_the_block() -> None:
    """64 MiB are taken and given back inside; twice that before it does not count."""
    use_memory(128)
    before = resident()

    with measure_cost() as cost:
        use_memory(64)

    assert 60 <= cost.memory_mb - before <= 80


@needs_reset
def test_block_that_takes_nothing_has_what_the_process_has() -> None:
    """Its libraries and data count; an earlier peak is forgotten."""
    use_memory(64)

    with measure_cost() as cost:
        pass

    assert cost.memory_mb == pytest.approx(resident(), abs=8)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps another record")
def test_memory_where_the_peak_cannot_be_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the highest since the process began."""
    for name in ("_CLEAR_PEAK", "_STATUS"):
        monkeypatch.setattr(costs, name, tmp_path / "missing" / name)
    more = int(resident()) + 64

    with measure_cost() as cost:
        use_memory(more)
    with measure_cost() as again:
        pass

    assert cost.memory_mb > more
    assert again.memory_mb >= cost.memory_mb
