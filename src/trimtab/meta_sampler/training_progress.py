"""Tells how far meta-training is and how well the last ensembles did."""

# SPDX-License-Identifier: BSD-3-Clause

import time
from types import TracebackType
from typing import Any, Self

__all__ = ["TrainingProgress"]

_LATELY = 50  # episodes, the paper's sliding mean


class TrainingProgress:
    """A bar on the terminal; where output is no terminal, a line now and then.

    Parameters
    ----------
    n_steps : int
        Steps in all.
    visible : bool
        Whether to show anything.
    """

    _LINE_EVERY = 20.0  # seconds

    def __init__(self, n_steps: int, visible: bool) -> None:
        self._n_steps = n_steps
        self._bar: Any = None
        self._judgement = ""
        self._last_line = time.monotonic()
        if visible:
            self._open()

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("Meta-training"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[lately]}", markup=False),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("", total=self._n_steps, lately="")

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()

    def step(self, step: int, episodes: list[dict[str, Any]]) -> None:
        """Be told of a step.

        Parameters
        ----------
        step : int
            Steps done.
        episodes : list of dict
            Those complete, see `MetaTraining`.
        """
        if not self._bar:
            return
        now = time.monotonic()
        is_due = self._bar.disable and now - self._last_line > self._LINE_EVERY
        if not is_due and self._bar.disable:
            return
        lately = episodes[-_LATELY:]
        text = ""
        if lately:
            score = sum(episode["score"] for episode in lately) / len(lately)
            mu = sum(episode["mu"] for episode in lately) / len(lately)
            text = f"score {score:.3f}, mu {mu:.2f}{self._judgement}"
        self._bar.update(self._task, completed=step, lately=text)
        if is_due:
            self._last_line = now
            self._console.print(
                f"{step} of {self._n_steps} steps; {text}", soft_wrap=True, markup=False
            )

    def judged(self, score: float, best: float) -> None:
        """Be told of an evaluation's score, and of the best so far."""
        self._judgement = f"; evaluated {score:.3f}, best {best:.3f}"
