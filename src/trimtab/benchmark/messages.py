"""What a worker tells of an experiment while it runs."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trimtab.benchmark.experiment import Outcome

__all__ = ["POSITION", "Announce", "FinishedExperiment", "FinishedTrials", "Phase"]

POSITION = "position"
"""The attribute of a trial that says which of its study it is, counted from 0."""


@dataclass(frozen=True)
class Phase:
    """The beginning of something that takes time.

    Attributes
    ----------
    name : str
        ``"tune"``, ``"threshold"``, ``"fit"`` or ``"predict"``.
    n_fits : int, default=1
        How many fits it is, where several are one run: so many times the limit of a
        fit is allowed.
    """

    name: str
    n_fits: int = 1


@dataclass(frozen=True)
class FinishedTrials:
    """A batch of trials whose scores are known.

    Attributes
    ----------
    trials : tuple of optuna.trial.FrozenTrial
        The batch; empty at the start.
    n_done, n_trials : int
        How far the study is.
    """

    trials: tuple[Any, ...]
    n_done: int
    n_trials: int


@dataclass(frozen=True)
class FinishedExperiment:
    """One of several experiments that are run together.

    Attributes
    ----------
    position : int
        Which of them.
    outcome : Outcome
        What came of it.
    """

    position: int
    outcome: Outcome


Announce = Callable[[Phase | FinishedTrials], None]
"""Tells whoever runs an experiment how it goes."""
