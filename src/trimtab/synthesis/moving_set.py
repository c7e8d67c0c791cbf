"""Which rows become moving rows: copies of those that a network is least sure of.

Yasinnik, Salhov, Lindenbaum and Averbuch, "Imbalanced Classification via Explicit
Gradient Learning From Augmented Data", arXiv 2202.10550, step 3 of Algorithm 1.
"""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["MovingSet", "moving_counts", "moving_set"]


@dataclass(frozen=True, eq=False)
class MovingSet:
    """Where the moving rows of all replicas start.

    Attributes
    ----------
    parents : ndarray of int of shape (n_replicas, n_moving)
        The training row that each is a copy of.
    taken : ndarray of bool of shape (n_replicas, n_moving)
        False for places that a replica with fewer moving rows does not use.
    """

    parents: NDArray[np.int64]
    taken: NDArray[np.bool_]


def moving_counts(
    counts: NDArray[np.int64], difficulty: NDArray[np.float64] | None = None
) -> NDArray[np.int64]:
    """Return how many rows of each class move: those of all but the largest class.

    Parameters
    ----------
    counts : ndarray of int of shape (n_classes,)
        Training rows of each class.
    difficulty : ndarray of float of shape (n_replicas, n_classes), default=None
        By default as many rows move as a class has. With it, the same number in all is
        shared by difficulty.

    Returns
    -------
    ndarray of int of shape (n_classes,) or (n_replicas, n_classes)
        Where all classes are equally large, all but the first.

    Examples
    --------
    >>> moving_counts(np.array([100, 20, 10])).tolist()
    [0, 20, 10]
    >>> moving_counts(np.array([100, 20, 10]), np.array([[0.1, 0.4, 0.8]])).tolist()
    [[0, 10, 20]]
    """
    largest = int(np.argmax(counts))
    own = np.where(counts < counts[largest], counts, 0)
    if not own.any():
        own = counts.copy()
        own[largest] = 0
    if difficulty is None:
        return own
    hard = np.where(own > 0, np.asarray(difficulty, dtype=float), 0.0)
    total = hard.sum(axis=-1, keepdims=True)
    shares = np.where(total > 0, hard / np.where(total > 0, total, 1), own / own.sum())
    wanted: NDArray[np.int64] = np.rint(shares * own.sum()).astype(np.int64)
    return np.where(own > 0, np.maximum(wanted, 1), 0)


def moving_set(
    codes: NDArray[np.int64],
    counts: NDArray[np.int64],
    certainty: NDArray[np.float64],
    max_confidence: float = 1.0,
    *,
    in_full: bool = False,
) -> MovingSet:
    """Choose the training rows that are copied to become moving rows.

    Parameters
    ----------
    codes : ndarray of int of shape (n_rows,)
        Class codes of the training rows.
    counts : ndarray of int of shape (n_classes,) or (n_replicas, n_classes)
        How many of each class are wanted.
    certainty : ndarray of float of shape (n_replicas, n_rows)
        The probability that a first network gives to each row's own class.
    max_confidence : float in [0, 1], default=1.0
        Only rows of at most this certainty are copied, c in the paper; of each class
        the least certain one in any case.
    in_full : bool, default=False
        Whether there are always as many copies as `counts` says. By default, a class
        of which one copy of each row is wanted has one of each eligible row.

    Returns
    -------
    MovingSet
        Of each class the least certain rows, each as often as the others or once
        more. Without fewer than all eligible rows wanted, all of them.
    """
    n_replicas, n_classes = len(certainty), counts.shape[-1]
    of_each = np.broadcast_to(counts, (n_replicas, n_classes))
    chosen: list[NDArray[np.int64]] = []
    for wanted, sure in zip(of_each, certainty, strict=True):
        parts = [np.empty(0, dtype=np.int64)]
        for code in np.flatnonzero(wanted):
            own = np.flatnonzero(codes == code)
            own = own[np.argsort(sure[own], kind="stable")]
            unsure = own[: max(int((sure[own] <= max_confidence).sum()), 1)]
            n_wanted = int(wanted[code])
            if not in_full and n_wanted == len(own):  # a copy of each: no row twice
                n_wanted = len(unsure)
            parts.append(np.resize(unsure, n_wanted))
        chosen.append(np.concatenate(parts))
    width = max(map(len, chosen))
    parents = np.stack([np.resize(one, width) for one in chosen])
    taken = np.arange(width) < np.array([[len(one)] for one in chosen])
    return MovingSet(parents, taken)
