"""Worker processes that one test hands on to the next: each start takes seconds.

Only tests do so. A user may edit a module or a data set between two runs, and a worker
that is left from the first would answer the second with what it has read before.
"""

# SPDX-License-Identifier: BSD-3-Clause

import os
import sys
from pathlib import Path
from typing import ClassVar

from trimtab.benchmark.running.worker import Worker, WorkerPool

_MOST = 2
_Surroundings = tuple[dict[str, str], list[str]]


def _surroundings() -> _Surroundings:
    """Return what a worker is started with, but for the name of the running test."""
    variables = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    return variables, sys.path.copy()


class HandingOnPool(WorkerPool):
    """A runner's pool that begins with idle workers of an earlier one.

    They are used where variables and search path are what they were at their start. A
    pool that was left in haste hands nothing on.
    """

    _left: ClassVar[list[Worker]] = []
    _started_in: ClassVar[_Surroundings] = ({}, [])

    def __init__(self, n_ready: int = 0, sent_tables: Path | None = None) -> None:
        if _surroundings() != HandingOnPool._started_in:
            self.close_left()
            HandingOnPool._started_in = _surroundings()
        super().__init__(n_ready, sent_tables)

    def _start(self) -> Worker:
        while self._left:
            worker = self._left.pop()
            if worker.is_alive:
                self._all.append(worker)
                return worker
        return super()._start()

    def __exit__(self, *exception: object) -> None:
        is_in_order = not any(exception) and _surroundings() == self._started_in
        while is_in_order and len(self._left) < _MOST and not self._idle.empty():
            worker = self._idle.get_nowait()
            self._all.remove(worker)
            self._left.append(worker)
        super().__exit__(*exception)

    @classmethod
    def close_left(cls) -> None:
        """End the workers that nobody has taken over."""
        while cls._left:
            cls._left.pop().close()
