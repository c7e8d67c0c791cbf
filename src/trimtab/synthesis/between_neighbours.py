"""SMOTE in pieces: neighbours found once, rows made from them as often as wanted.

Chawla, Bowyer, Hall and Kegelmeyer, "SMOTE: Synthetic Minority Over-sampling
Technique", JAIR 16, 2002. imbalanced-learn's ``SMOTE`` looks for the neighbours anew
on each call; an ensemble that makes rows for every member would do so ten times.
"""

# SPDX-License-Identifier: BSD-3-Clause

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

__all__ = ["foreign_neighbours", "interpolated", "own_neighbours", "smote_rows"]

Floats = NDArray[np.floating[Any]]
Rows = NDArray[np.intp]


def own_neighbours(X: Floats, k: int, name: str = "a class") -> Rows:
    """Return the nearest neighbours of each row of one class among that class.

    Parameters
    ----------
    X : ndarray of float of shape (n_rows, n_columns)
        All rows of the class.
    k : int
        Neighbours wanted, the row itself not counted.
    name : str, default="a class"
        What the class is called in the warning.

    Returns
    -------
    ndarray of int of shape (n_rows, k)
        Positions in `X`, nearest first. Fewer columns where there are fewer other
        rows; a single row is its own neighbour.

    Warns
    -----
    UserWarning
        Where there are not `k` other rows.

    Examples
    --------
    >>> own_neighbours(np.array([[0.0], [1.0], [3.0]]), 1).tolist()
    [[1], [0], [1]]
    """
    n_others = len(X) - 1
    if n_others < k:
        warnings.warn(
            f"{name} has {len(X)} {'rows' if n_others else 'row'}, so that k = {k} "
            f"neighbours become {n_others}",
            UserWarning,
            stacklevel=2,
        )
    if not n_others:
        return np.zeros((1, 1), dtype=np.intp)
    finder = NearestNeighbors(n_neighbors=min(k, n_others)).fit(X)
    found: Rows = finder.kneighbors(return_distance=False)
    return found


def foreign_neighbours(
    X: Floats, codes: NDArray[np.integer[Any]], rows: NDArray[np.integer[Any]], k: int
) -> NDArray[np.int64]:
    """Count, around some rows, the neighbours that are of another class.

    Parameters
    ----------
    X : ndarray of float of shape (n_rows, n_columns)
        The whole table.
    codes : ndarray of int of shape (n_rows,)
        Class codes.
    rows : ndarray of int of shape (n_chosen,)
        The rows that are looked at.
    k : int
        Neighbours of each, itself not counted; at most all other rows.

    Returns
    -------
    ndarray of int of shape (n_chosen,)
        From 0 to `k`.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [2.0], [9.0]])
    >>> foreign_neighbours(X, np.array([1, 0, 0, 1]), np.array([0, 3]), 2).tolist()
    [2, 2]
    """
    k = min(k, len(X) - 1)
    finder = NearestNeighbors(n_neighbors=k + 1).fit(X)
    found = finder.kneighbors(X[rows], return_distance=False)
    is_itself = found == rows[:, None]
    # Among more equal rows than neighbours it may not be found: then the last goes.
    is_itself[~is_itself.any(axis=1), -1] = True
    is_foreign = (codes[found] != codes[rows][:, None]) & ~is_itself
    counts: NDArray[np.int64] = is_foreign.sum(axis=1, dtype=np.int64)
    return counts


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
        What `own_neighbours` found.
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
    >>> near = own_neighbours(X, 1)
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
