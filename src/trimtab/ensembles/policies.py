"""Policies: which rows the next member of an ensemble is fitted on.

A policy is any object with a method ``select(round)`` that returns row positions. It
keeps nothing between rounds in itself, so that one object serves any number of
ensembles at once: what it must remember goes into ``round.memory``.
"""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from trimtab.ensembles.round import Round
from trimtab.sampling.hardness import gaussian_weights

__all__ = ["GaussianPolicy", "Policy", "UniformPolicy", "gaussian_draw"]

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
    """
    round.notes.update(mu=float(mu), sigma=float(sigma), ratio=float(ratio))
    if not round.number:  # all errors are the same, and so would be the weights
        return round.draw(ratio=ratio)
    return round.draw(partial(gaussian_weights, mu=mu, sigma=sigma), ratio)


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
