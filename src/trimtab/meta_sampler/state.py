"""What a learned policy sees of an ensemble; meta-training and use share it."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.ensembles.round import Round
from trimtab.exceptions import InputError, check_count
from trimtab.tables import smallest_class

__all__ = ["STATES", "StateLayout"]

Floats = NDArray[np.float64]


def _errors(round: Round, n_bins: int) -> list[Floats]:
    """Return the paper's state (equation 2)."""
    shares = round.histograms(n_bins)
    return [shares.train, shares.held_out]


def _task(round: Round, n_bins: int) -> list[Floats]:
    """Return histograms of the smallest class and of the others, and eight facts."""
    shares = round.histograms(n_bins, per_class=True)
    rare = smallest_class(round.class_counts)
    score = 0.0 if np.isnan(round.score) else round.score
    has_held_out = float(len(round.held_out_codes) > 0)
    return [
        *_rare_and_others(shares.train, round, rare),
        *_rare_and_others(shares.held_out, round, rare),
        np.clip([*_facts(round, rare), score, has_held_out], 0.0, 1.0),
    ]


def _training(round: Round, n_bins: int) -> list[Floats]:
    """Return what `_task` does without what needs held-out rows."""
    shares = round.histograms(n_bins, per_class=True)
    rare = smallest_class(round.class_counts)
    return [
        *_rare_and_others(shares.train, round, rare),
        np.clip(_facts(round, rare), 0.0, 1.0),
    ]


def _rare_and_others(shares: Floats, round: Round, rare: int) -> list[Floats]:
    """Return the smallest class's histogram and that of all other rows."""
    counts = round.class_counts
    others = np.where(np.arange(len(counts)) == rare, 0.0, counts)
    return [shares[rare], (others / others.sum()) @ shares]


def _facts(round: Round, rare: int) -> list[float]:
    """Return six facts of the table and the ensemble."""
    counts = round.class_counts
    return [
        np.log10(counts.max() / counts[rare]) / 4,
        np.log10(counts.sum()) / 8,
        np.log10(counts[rare]) / 6,
        np.log10(len(counts) - 1) / 3,
        np.log10(round.n_rounds) / 3,
        round.number / round.n_rounds,
    ]


@dataclass(frozen=True)
class _State:
    observe: Callable[[Round, int], list[Floats]]
    n_histograms: int
    n_facts: int = 0
    uses_held_out: bool = True
    plans: bool = True


STATES: dict[str, _State] = {
    "errors": _State(_errors, n_histograms=2, plans=False),
    "task": _State(_task, n_histograms=4, n_facts=8),
    "training": _State(_training, n_histograms=2, n_facts=6, uses_held_out=False),
}
"""What a policy can see, by name."""


@dataclass(frozen=True)
class StateLayout:
    """What the numbers of a state mean.

    Parameters
    ----------
    name : str, default="errors"
        ``"errors"`` is the paper's state: the histogram of the errors on training rows
        and that on held-out rows. ``"task"``, ours, lets a policy tell tasks apart:
        both histograms for the smallest class and for all others, then eight facts in
        [0, 1]: log imbalance, log rows, log rows of the smallest class, log of the
        number of classes, log of the members to come, the share of them that is there,
        the score on the held-out rows, and whether there are any. ``"training"``, ours
        too, is that without all that needs held-out rows: a policy that sees no more
        leaves every row to the members.
    n_bins : int, default=5
        Bins of each histogram.
    """

    name: str = "errors"
    n_bins: int = 5

    def __post_init__(self) -> None:
        if self.name not in STATES:
            known = ", ".join(map(repr, STATES))
            raise InputError(f"there is no state {self.name!r}: known are {known}")
        check_count("n_bins", self.n_bins)

    @property
    def size(self) -> int:
        """How many numbers a state has."""
        state = STATES[self.name]
        return state.n_histograms * self.n_bins + state.n_facts

    @property
    def uses_held_out(self) -> bool:
        """Whether it looks at held-out rows."""
        return STATES[self.name].uses_held_out

    @property
    def plans(self) -> bool:
        """Whether it looks at how many members are still to come."""
        return STATES[self.name].plans

    def observe(self, round: Round) -> NDArray[np.float32]:
        """Return the state of an ensemble.

        Parameters
        ----------
        round : Round
            The ensemble; it has a member.

        Returns
        -------
        ndarray of float32 of shape (size,)
            In [0, 1].
        """
        parts = STATES[self.name].observe(round, self.n_bins)
        return np.concatenate(parts).astype(np.float32)
