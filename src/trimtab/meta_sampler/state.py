"""What a learned policy sees of an ensemble; meta-training and use share it."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.ensembles.round import Round
from trimtab.exceptions import InputError

__all__ = ["STATES", "StateLayout"]

Floats = NDArray[np.float64]


def _errors(round: Round, n_bins: int) -> list[Floats]:
    """Return the paper's state (equation 2)."""
    shares = round.histograms(n_bins)
    return [shares.train, shares.held_out]


def _task(round: Round, n_bins: int) -> list[Floats]:
    """Return histograms of the smallest class and of the others, and eight facts."""
    shares, counts = round.histograms(n_bins, per_class=True), round.class_counts
    rare = len(counts) - 1 - int(np.argmin(counts[::-1]))
    share_of_others = np.where(np.arange(len(counts)) == rare, 0.0, counts)
    share_of_others = share_of_others / share_of_others.sum()
    score = 0.0 if np.isnan(round.score) else round.score
    facts = [
        np.log10(counts.max() / counts[rare]) / 4,
        np.log10(counts.sum()) / 8,
        np.log10(counts[rare]) / 6,
        np.log10(len(counts) - 1) / 3,
        np.log10(round.n_rounds) / 3,
        round.number / round.n_rounds,
        score,
        float(len(round.held_out_codes) > 0),
    ]
    return [
        shares.train[rare],
        share_of_others @ shares.train,
        shares.held_out[rare],
        share_of_others @ shares.held_out,
        np.clip(facts, 0.0, 1.0),
    ]


@dataclass(frozen=True)
class _State:
    observe: Callable[[Round, int], list[Floats]]
    n_histograms: int
    n_facts: int = 0


STATES: dict[str, _State] = {
    "errors": _State(_errors, n_histograms=2),
    "task": _State(_task, n_histograms=4, n_facts=8),
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
        the score on the held-out rows, and whether there are any.
    n_bins : int, default=5
        Bins of each histogram.
    """

    name: str = "errors"
    n_bins: int = 5

    def __post_init__(self) -> None:
        if self.name not in STATES:
            known = ", ".join(map(repr, STATES))
            raise InputError(f"there is no state {self.name!r}: known are {known}")
        if not (isinstance(self.n_bins, int) and self.n_bins >= 1):
            raise InputError(
                f"n_bins is {self.n_bins!r}: give a whole number above 0, such as 5"
            )

    @property
    def size(self) -> int:
        """How many numbers a state has."""
        state = STATES[self.name]
        return state.n_histograms * self.n_bins + state.n_facts

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
