"""Rows made after training, with the distribution that it has led to."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from trimtab.exceptions import InputError
from trimtab.synthesis.combinations import outcomes_of_families
from trimtab.synthesis.decisions import N_NOISE, Decision, NeighbourCount
from trimtab.synthesis.learned_rows import BYTES_AT_ONCE, AutoSMOTERows

__all__ = ["made_rows"]


def made_rows(
    learned: AutoSMOTERows,
    X: NDArray[np.float64],
    neighbours: NDArray[np.int64],
    n: int,
    rng: np.random.RandomState,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Make rows of a class, with the distribution that training has led to.

    Parameters
    ----------
    learned : AutoSMOTERows
        After training.
    X : ndarray of float of shape (n_rows, n_columns)
        The rows of the class, scaled as in training.
    neighbours : ndarray of int64 of shape (n_rows, k)
        Positions of each row's neighbours, nearest first; k may be 0.
    n : int
        How many to make.
    rng : RandomState
        Decides which, and what is left to chance.

    Returns
    -------
    made : ndarray of float of shape (n, n_columns)
    parents : ndarray of int64 of shape (n, 1 + k)
        Positions of each made row's first parent and of the neighbours that were
        looked at, nearest first; -1 beyond them.

    Raises
    ------
    InputError
        Where no row may take part.
    """
    shaping = [one for one in learned.taken if one.shapes]
    cohorts, options = learned.probabilities(X.astype(np.float32))
    counting, chance = _given_that_they_count(learned.taken, options)
    by_cohort = cohorts * chance[:, None] if cohorts.shape[2] else chance
    of_rows = by_cohort.sum(axis=2) if cohorts.shape[2] else chance
    if not of_rows.sum() > 0:
        raise InputError(
            "no row takes part, so that none can be made: give participation the "
            "option True"
        )
    drawn = rng.choice(of_rows.size, size=n, p=(of_rows / of_rows.sum()).ravel())
    replica, row = np.divmod(drawn, len(X))
    owner = row
    if cohorts.shape[2]:
        owner = _categorical(by_cohort[replica, row], rng)
    shares = np.zeros(n, dtype=np.int64)
    n_looked_at = np.full(n, neighbours.shape[1])
    for decision in shaping:
        option = _categorical(counting[decision.name][replica, owner], rng)
        shares = shares * len(decision.options) + option
        if isinstance(decision, NeighbourCount):
            n_looked_at = np.array(decision.options)[option]
    made = _picked(shaping, X, neighbours[row], row, shares, rng)
    parents = np.column_stack([row, neighbours[row]])
    beyond = np.arange(neighbours.shape[1]) >= n_looked_at[:, None]
    parents[:, 1:][beyond] = -1
    return made, parents


def _picked(
    shaping: Sequence[Decision],
    X: NDArray[np.float64],
    near: NDArray[np.int64],
    row: NDArray[np.int64],
    shares: NDArray[np.int64],
    rng: np.random.RandomState,
) -> NDArray[np.float64]:
    """Return the outcome of one combination of options each, some rows at once."""
    made = np.empty((len(row), X.shape[1]))
    noise = rng.random_sample((len(row), N_NOISE))
    n_combinations = int(np.prod([len(one.options) for one in shaping]))
    step = max(BYTES_AT_ONCE // (8 * X.shape[1] * n_combinations), 1)
    size = near.shape[1]
    for first in range(0, len(row), step):
        some = slice(first, first + step)
        family = np.column_stack([row[some], near[some]])
        possible = outcomes_of_families(
            shaping,
            torch.from_numpy(X[family]),
            torch.full((len(family),), size),
            torch.from_numpy(noise[some]),
            [size],
        )
        made[some] = possible[torch.arange(len(family)), shares[some]].numpy()
    return made


def _given_that_they_count(
    decisions: Sequence[Decision], options: dict[str, NDArray[np.float64]]
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float64]]:
    """Return the options' probabilities among rows that count, and how many do."""
    chance = np.ones(next(iter(options.values())).shape[:2])
    counting = {}
    for decision in decisions:
        weights = np.array([decision.weight(one) for one in decision.options])
        weighed = options[decision.name] * weights
        counting[decision.name] = weighed
        chance = chance * weighed.sum(axis=2)
    return counting, chance


def _categorical(
    chances: NDArray[np.float64], rng: np.random.RandomState
) -> NDArray[np.int64]:
    """Draw a column of each row, in proportion to what is written there."""
    upto = chances.cumsum(axis=1)
    place = rng.random_sample((len(chances), 1)) * upto[:, -1:]
    drawn = (upto <= place).sum(axis=1, dtype=np.int64)
    bounded: NDArray[np.int64] = np.minimum(drawn, chances.shape[1] - 1)
    return bounded
