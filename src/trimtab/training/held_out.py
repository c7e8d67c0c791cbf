"""Held-out rows: what is measured on them, and how to bound their number."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["CLASS_METRICS", "SELECTIONS", "ClassMetric", "bounded_sample"]

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

ClassMetric = str | Callable[[NDArray[Any], NDArray[Any], int], ArrayLike]
"""A name, or a function of true codes, predicted codes and the number of classes."""

CLASS_METRICS = ("f1", "precision", "recall")
"""The per-class metrics that have a name."""

SELECTIONS = ("loss", "average-precision", "macro-f1", "last")
"""What may tell a replica's best epoch."""


def bounded_sample(
    codes: Codes, max_rows: int, rng: np.random.RandomState
) -> tuple[Codes, Floats]:
    """Choose rows so that the rare classes are measured as well as the large ones.

    The classes share the rows equally; what a rare class cannot fill goes to the
    others. Weights make up for it, so that precision and loss stay those of the whole.

    Parameters
    ----------
    codes : ndarray of int of shape (n_rows,)
        Class codes.
    max_rows : int
        How many rows may be chosen; at least one of each class is.
    rng : RandomState
        Decides which.

    Returns
    -------
    rows : ndarray of int64 of shape (n_chosen,)
        Positions of the chosen rows, ascending.
    stands_for : ndarray of float of shape (n_chosen,)
        Rows of its class for each chosen one.

    Examples
    --------
    >>> codes = np.repeat([0, 1], [90, 10])
    >>> rows, stands_for = bounded_sample(codes, 30, np.random.RandomState(0))
    >>> np.bincount(codes[rows]).tolist(), np.unique(stands_for).tolist()
    ([20, 10], [1.0, 4.5])
    """
    counts = np.bincount(codes)
    shares = _shares(counts, max_rows)
    shuffled = rng.permutation(len(codes))
    by_class = shuffled[np.argsort(codes[shuffled], kind="stable")]
    rank = np.arange(len(codes)) - (np.cumsum(counts) - counts)[codes[by_class]]
    rows = np.sort(by_class[rank < shares[codes[by_class]]])
    return rows, (counts / np.maximum(shares, 1))[codes[rows]]


def _shares(counts: Codes, max_rows: int) -> Codes:
    """Share `max_rows` among the classes, the rarest first."""
    shares = np.zeros_like(counts)
    left = max_rows
    for position, code in enumerate(np.argsort(counts, kind="stable")):
        fair = max(left // (len(counts) - position), 1)
        shares[code] = min(int(counts[code]), fair)
        left -= int(shares[code])
    return shares
