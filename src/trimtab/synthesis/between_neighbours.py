"""Rows between a row and a neighbour, made as often as wanted.

Chawla, Bowyer, Hall and Kegelmeyer, "SMOTE: Synthetic Minority Over-sampling
Technique", JAIR 16, 2002. imbalanced-learn's ``SMOTE`` looks for the neighbours anew
on each call; an ensemble that makes rows for every member would do so ten times.
"""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["interpolated", "smote_rows"]

Floats = NDArray[np.floating[Any]]
Rows = NDArray[np.int64]


def interpolated(X: Floats, first: Rows, second: Rows, shares: Floats) -> Floats:
    """Return rows that lie a share of the way from one row to another.

    Parameters
    ----------
    X : ndarray of float of shape (n_rows, n_columns)
        The rows to start from and to go to.
    first, second : ndarray of int of shape (n_new,)
        Positions in `X`.
    shares : ndarray of float of shape (n_new,)
        In [0, 1]; one for a whole row, so that new rows lie on a line.

    Returns
    -------
    ndarray of float of shape (n_new, n_columns)
        Of the type of `X`.
    """
    start = X[first]
    new: Floats = start + shares[:, None].astype(X.dtype) * (X[second] - start)
    return new


def smote_rows(
    X: Floats,
    neighbours: Rows,
    n: int,
    rng: np.random.Generator,
    weights: Floats | None = None,
) -> Floats:
    """Make rows between rows of a class and their neighbours of that class.

    Parameters
    ----------
    X : ndarray of float of shape (n_rows, n_columns)
        All rows of the class.
    neighbours : ndarray of int of shape (n_rows, k)
        What `trimtab.synthesis.neighbours.own_neighbours` found.
    n : int
        Rows to make.
    rng : numpy.random.Generator
        Decides who is interpolated, with whom and where.
    weights : ndarray of float of shape (n_rows,), default=None
        How likely each row is to be started from; they need not sum to 1. By default
        all are as likely.

    Returns
    -------
    ndarray of float of shape (n, n_columns)

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [5.0]])
    >>> near = np.array([[1], [0], [1]])
    >>> new = smote_rows(X, near, 4, np.random.default_rng(0), np.array([1, 1, 0]))
    >>> bool(new.max() <= 1)
    True
    """
    n_rows, k = neighbours.shape
    if weights is None:
        first = rng.integers(n_rows, size=n)
    else:
        first = rng.choice(n_rows, size=n, p=weights / weights.sum())
    second = neighbours[first, rng.integers(k, size=n)]
    return interpolated(X, first, second, rng.random(n))
