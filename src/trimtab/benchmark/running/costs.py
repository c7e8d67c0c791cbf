"""What a fit costs: seconds, and memory at its highest."""

# SPDX-License-Identifier: BSD-3-Clause

import contextlib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

__all__ = ["MEASURED_COSTS", "Cost", "measure_cost"]

MEASURED_COSTS = (
    "fit_seconds",
    "predict_seconds",
    "resample_seconds",
    "threshold_seconds",
    "tuning_seconds",
    "peak_memory_mb",
)
"""What differs from run to run, on whatever machine: all else is repeated exactly."""

_CLEAR_PEAK = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")


@dataclass
class Cost:
    """Seconds on the wall clock, and the process's memory at its highest, in MiB."""

    seconds: float = 0.0
    memory_mb: float = 0.0


@contextmanager
def measure_cost() -> Iterator[Cost]:
    """Measure the enclosed block.

    Memory is the resident memory of the whole process, its libraries among it. On Linux
    it is the highest during the block, from the kernel's own record; elsewhere the
    highest since the process began.

    Yields
    ------
    Cost
        Filled in when the block ends.
    """
    cost = Cost()
    with contextlib.suppress(OSError):
        _CLEAR_PEAK.write_text("5")
    start = time.perf_counter()
    try:
        yield cost
    finally:
        cost.seconds = time.perf_counter() - start
        cost.memory_mb = _peak() / 2**20


def _peak() -> int:
    """Return the highest resident memory of this process in bytes."""
    try:
        text = _STATUS.read_text()
    except OSError:
        return _peak_elsewhere()
    line = next(line for line in text.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def _peak_elsewhere() -> int:
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
