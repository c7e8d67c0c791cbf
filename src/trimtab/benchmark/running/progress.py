"""Tells what runs, what is left, and the time to go."""

# SPDX-License-Identifier: BSD-3-Clause

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Protocol

from trimtab.benchmark.experiment import Experiment, Outcome

__all__ = ["Progress", "SilentProgress", "TerminalProgress"]


class Progress(Protocol):
    """What a runner tells while it works."""

    def __enter__(self) -> Any: ...

    def __exit__(self, *exception: Any) -> None: ...

    def start(self, todo: Sequence[Experiment], done: int, n_jobs: int) -> None:
        """Be told what is to be run, and how many experiments are done already."""

    def started(self, experiment: Experiment) -> None:
        """Be told that an experiment has begun."""

    def tuning(self, experiment: Experiment, n_done: int, n_trials: int) -> None:
        """Be told how many of a running experiment's trials are done."""

    def finished(self, experiment: Experiment, outcome: Outcome) -> None:
        """Be told that an experiment is recorded."""

    def done_elsewhere(self, count: int) -> None:
        """Be told that other runners have recorded `count` experiments."""


class SilentProgress:
    """Tells nobody."""

    def __enter__(self) -> "SilentProgress":
        return self

    def __exit__(self, *exception: Any) -> None:
        pass

    def start(self, todo: Sequence[Experiment], done: int, n_jobs: int) -> None:
        """Do nothing."""

    def started(self, experiment: Experiment) -> None:
        """Do nothing."""

    def tuning(self, experiment: Experiment, n_done: int, n_trials: int) -> None:
        """Do nothing."""

    def finished(self, experiment: Experiment, outcome: Outcome) -> None:
        """Do nothing."""

    def done_elsewhere(self, count: int) -> None:
        """Do nothing."""


class TerminalProgress:
    """A bar on the terminal; where output is no terminal, a line now and then.

    The time to go counts each waiting experiment by the mean of its method so far, and
    by the mean over the methods where its own has not been seen yet.
    """

    _LINE_EVERY = 20.0  # seconds

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as Bar

        self._console = Console(stderr=True)
        self._bar = Bar(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}", markup=False),
            TextColumn("{task.fields[running]}", style="dim", markup=False),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._running: dict[str, tuple[str, float]] = {}
        self._trials: dict[str, str] = {}
        self._seconds: dict[str, list[float]] = defaultdict(list)
        self._done = self._total = self._failed = 0
        self._n_jobs = 1
        self._last_line = time.monotonic()
        self._lock = threading.Lock()  # experiments start in threads of their own

    def __enter__(self) -> "TerminalProgress":
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def start(self, todo: Sequence[Experiment], done: int, n_jobs: int) -> None:
        """Show the bar."""
        self._total, self._done, self._n_jobs = done + len(todo), done, n_jobs
        self._waiting = Counter(experiment.method for experiment in todo)
        if done:
            self._console.print(
                f"{done} of {self._total} experiments are in the store already",
                style="dim",
            )
        self._task = self._bar.add_task(
            "Experiments", total=self._total, completed=done, left="", running=""
        )

    def started(self, experiment: Experiment) -> None:
        """Show what runs."""
        with self._lock:
            self._running[experiment.key] = (experiment.method, time.monotonic())
            self._show()

    def tuning(self, experiment: Experiment, n_done: int, n_trials: int) -> None:
        """Show how far a search is."""
        with self._lock:
            self._trials[experiment.key] = f" (trial {n_done} of {n_trials})"
            self._show()

    def finished(self, experiment: Experiment, outcome: Outcome) -> None:
        """Move on by one."""
        with self._lock:
            self._trials.pop(experiment.key, None)
            if experiment.key in self._running:  # others were not even tried
                method, since = self._running.pop(experiment.key)
                self._seconds[method].append(time.monotonic() - since)
            self._waiting[experiment.method] -= 1
            self._done += 1
            self._failed += outcome.status != "done"
            self._show()

    def done_elsewhere(self, count: int) -> None:
        """Move on by what others did."""
        with self._lock:
            self._done += count
            self._show()

    def _show(self) -> None:
        names = (
            name + self._trials.get(key, "") for key, (name, _) in self._running.items()
        )
        running = ", ".join(dict.fromkeys(names))
        self._bar.update(
            self._task, completed=self._done, left=self._left(), running=running
        )
        now = time.monotonic()
        if self._bar.disable and now - self._last_line > self._LINE_EVERY:
            self._last_line = now
            now_running = f"; now {running}" if running else ""
            self._console.print(
                f"{self._done} of {self._total} experiments, {self._left()}"
                f"{now_running}",
                soft_wrap=True,
                markup=False,
            )

    def _left(self) -> str:
        failed = f", {self._failed} failed" if self._failed else ""
        means = {method: sum(s) / len(s) for method, s in self._seconds.items()}
        if not means:
            return "the time to go is not known yet"
        usual = sum(means.values()) / len(means)
        waiting = self._waiting.total()
        seconds = sum(n * means.get(m, usual) for m, n in self._waiting.items())
        # Other runners take experiments off the list and do not say which.
        seconds *= (self._total - self._done) / max(waiting, 1)
        seconds /= self._n_jobs
        return f"about {_duration(seconds)} to go{failed}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
