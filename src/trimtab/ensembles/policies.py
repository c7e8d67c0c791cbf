"""Policies: which rows the next member of an ensemble is fitted on.

A policy is any object with a method ``select(round)`` that returns row positions. It
keeps nothing between rounds in itself, so that one object serves any number of
ensembles at once: what it must remember goes into ``round.memory``.
"""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from trimtab.ensembles.round import Round
from trimtab.exceptions import InputError, nearest_names
from trimtab.sampling.hardness import (
    draw_without_replacement,
)

__all__ = [
    "POLICIES",
    "CascadePolicy",
    "GaussianPolicy",
    "Policy",
    "RandomPolicy",
    "SelfPacedPolicy",
    "UniformPolicy",
    "gaussian_draw",
    "policy_of",
]

SMALLEST_SIGMA = 1e-9
"""A Gaussian that is narrower would have no weight for any row."""

Floats = NDArray[np.float64]
Rows = NDArray[np.integer[Any]]


@runtime_checkable
class Policy(Protocol):
    """What chooses the rows of each member."""

    def select(self, round: Round) -> Rows:
        """Return the rows that the next member is fitted on.

        Parameters
        ----------
        round : Round
            The ensemble so far.

        Returns
        -------
        ndarray of int
            Positions in ``round.codes``. A row may come twice.
        """


def gaussian_draw(round: Round, mu: float, sigma: float, ratio: float = 1.0) -> Rows:
    """Draw rows whose error is near `mu` (Algorithm 1), and note how.

    Parameters
    ----------
    round : Round
        The ensemble so far.
    mu : float
        The error that is wanted most, in [0, 1].
    sigma : float
        How far around it, above 0.
    ratio : float, default=1.0
        Rows of each class for one of the smallest.

    Returns
    -------
    ndarray of int
        Positions in ``round.codes``: of each class so many as the smallest has times
        `ratio`, of the smallest all.

    Raises
    ------
    InputError
        Where one of them is outside its range.
    """
    if not 0 <= mu <= 1:
        raise InputError(f"mu is {mu!r}: give an error in [0, 1], 1 for the hardest")
    if not sigma >= SMALLEST_SIGMA:
        raise InputError(f"sigma is {sigma!r}: give a number above 0, such as 0.2")
    round.notes["ratio"] = float(ratio)
    if not round.number:  # all errors are the same: a draw at random, around nothing
        return round.draw(ratio=ratio)
    round.notes.update(mu=float(mu), sigma=float(sigma))
    return round.draw_near(mu, sigma, ratio)


@dataclass(frozen=True)
class UniformPolicy:
    """Each member is fitted on a balanced draw at random: UnderBagging.

    Attributes
    ----------
    ratio : float, default=1.0
        Rows of each class for one of the smallest.
    """

    ratio: float = 1.0

    def select(self, round: Round) -> Rows:
        """Return a balanced draw."""
        round.notes["ratio"] = self.ratio
        return round.draw(ratio=self.ratio)


@dataclass(frozen=True)
class GaussianPolicy:
    """Rows are drawn by a Gaussian of their errors that never changes.

    The control of MESA: its draw without its learning.

    Attributes
    ----------
    mu : float, default=1.0
        The error that is wanted most: 0 for the easiest rows, 1 for the hardest.
    sigma : float, default=0.2
        How far around it.
    ratio : float, default=1.0
        Rows of each class for one of the smallest.
    """

    mu: float = 1.0
    sigma: float = 0.2
    ratio: float = 1.0

    def select(self, round: Round) -> Rows:
        """Return a draw by Algorithm 1 of the MESA paper."""
        return gaussian_draw(round, self.mu, self.sigma, self.ratio)


@dataclass(frozen=True)
class RandomPolicy:
    """The Gaussian's mean is drawn anew for each member, uniform in [0, 1].

    The other control of MESA: its action without its state.

    Attributes
    ----------
    sigma : float, default=0.2
        How far around the mean.
    ratio : float, default=1.0
        Rows of each class for one of the smallest.
    """

    sigma: float = 0.2
    ratio: float = 1.0

    def select(self, round: Round) -> Rows:
        """Return a draw by Algorithm 1 of the MESA paper."""
        mu = float(round.rng.uniform())
        return gaussian_draw(round, mu, self.sigma, self.ratio)


@dataclass(frozen=True)
class SelfPacedPolicy:
    """From easy rows to as many of every hardness: self-paced ensemble.

    Before member t of n, each bin of hardness is weighed by 1 / (its mean hardness +
    tan(π t / 2n)): at first the easy bins, which hold most of the rows, weigh most, and
    at last all bins alike (Liu et al., ICDE 2020, Algorithm 1).

    Attributes
    ----------
    n_bins : int, default=10
        Bins of equal width from the least hardness to the greatest.
    hardness : {"absolute", "squared", "cross_entropy"}, default="absolute"
        The error itself, its square, or -log(1 - error).
    ratio : float, default=1.0
        Rows of each class for one of the smallest.
    """

    n_bins: int = 10
    hardness: str = "absolute"
    ratio: float = 1.0

    def select(self, round: Round) -> Rows:
        """Return rows of each class, shared out among its bins of hardness."""
        if not (self.n_bins >= 1 and self.n_bins == int(self.n_bins)):
            raise InputError(f"n_bins is {self.n_bins!r}: give a whole number above 0")
        alpha = float(np.tan(np.pi * round.number / (2 * round.n_rounds)))
        round.notes.update(alpha=alpha, ratio=self.ratio)
        return round.draw_paced(self._hardness, self.n_bins, alpha, self.ratio)

    def _hardness(self, errors: Floats) -> Floats:
        if self.hardness == "absolute":
            return errors
        if self.hardness == "squared":
            return errors**2
        if self.hardness != "cross_entropy":
            known = ["absolute", "squared", "cross_entropy"]
            hint = nearest_names(str(self.hardness), known)
            raise InputError(f"there is no hardness {self.hardness!r}: {hint}")
        losses: Floats = -np.log(np.maximum(1 - errors, np.finfo(float).eps))
        return losses


@dataclass(frozen=True)
class CascadePolicy:
    """Rows that the ensemble has learned leave for good: BalanceCascade.

    Before each member but the first, every class that is larger than its share of the
    draw loses its easiest rows, always the same part of them, so that for the last
    member just its share is left; the draw is at random from what is left (Liu, Wu and
    Zhou, 2009, with one member in the place of each AdaBoost, and the order of the
    errors in the place of thresholds).

    Attributes
    ----------
    ratio : float, default=1.0
        Rows of each class for one of the smallest.
    """

    ratio: float = 1.0

    def select(self, round: Round) -> Rows:
        """Return a balanced draw from the rows that are left."""
        round.notes["ratio"] = self.ratio
        sizes = round.sizes(self.ratio).tolist()
        left: list[Rows] = round.memory.setdefault("left", list(round.rows_by_class))
        for code, (rows, size) in enumerate(
            zip(round.rows_by_class, sizes, strict=True)
        ):
            kept_part = (size / len(rows)) ** (
                round.number / max(round.n_rounds - 1, 1)
            )
            n_kept = max(size, int(np.ceil(kept_part * len(rows) - 1e-9)))
            left[code] = _hardest(left[code], n_kept, round)
        return np.concatenate(
            [
                rows[draw_without_replacement(None, size, round.rng, len(rows))]
                for rows, size in zip(left, sizes, strict=True)
            ]
        )


def _hardest(rows: Rows, n: int, round: Round) -> Rows:
    """Return the `n` of these rows with the greatest errors, ties at random."""
    if n >= len(rows):
        return rows
    shuffled = round.rng.permutation(rows)
    hardest: Rows = np.argpartition(-round.errors[shuffled], n)[:n]
    return shuffled[hardest]


POLICIES: dict[str, Any] = {
    "uniform": UniformPolicy,
    "gaussian": GaussianPolicy,
    "random": RandomPolicy,
    "self-paced": SelfPacedPolicy,
    "cascade": CascadePolicy,
}
"""The policies that need no learning, by name."""


def policy_of(name_or_policy: str | Policy) -> Policy:
    """Return a policy by its name, or the policy itself.

    Parameters
    ----------
    name_or_policy : str or Policy
        One of `POLICIES`, or an object with a method ``select``.

    Raises
    ------
    InputError
        Where it is neither.

    Examples
    --------
    >>> policy_of("uniform")
    UniformPolicy(ratio=1.0)
    """
    if isinstance(name_or_policy, str):
        if name_or_policy not in POLICIES:
            hint = nearest_names(name_or_policy, POLICIES)
            raise InputError(f"there is no policy {name_or_policy!r}: {hint}")
        named: Policy = POLICIES[name_or_policy]()
        return named
    is_class = isinstance(name_or_policy, type)
    if is_class or not isinstance(name_or_policy, Policy):
        raise InputError(
            f"policy is {name_or_policy!r}: give one of {', '.join(POLICIES)}, or an "
            "object with a method select(round)"
        )
    return name_or_policy
