"""Which rows are near a row: of its class, and of others.

All methods that make rows between neighbours ask here, but for those of
imbalanced-learn, which look themselves.
"""

# SPDX-License-Identifier: BSD-3-Clause

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.synthesis.nearest_by_index import is_installed
from trimtab.synthesis.nearest_rows import nearest_others

__all__ = [
    "AMONG",
    "foreign_neighbours",
    "msmote_partners",
    "own_neighbours",
    "smote_partners",
]

AMONG = 10_000
"""Neighbours of many rows are looked for among so many of them, drawn at random."""

AMONG_BY_INDEX = 100_000
"""The same where there is an index for them."""

Rows = NDArray[np.int64]


def own_neighbours(
    X: NDArray[Any], k: int, name: str = "a class", finder: Any = None
) -> Rows:
    """Return the nearest neighbours of each row of one class among that class.

    Parameters
    ----------
    X : ndarray of float of shape (n_rows, n_columns)
        All rows of the class.
    k : int
        Neighbours wanted, the row itself not counted.
    name : str, default="a class"
        What the class is called in the warning.
    finder : object, default=None
        See `trimtab.synthesis.nearest_rows.nearest_others`.

    Returns
    -------
    ndarray of int64 of shape (n_rows, k)
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
        return np.zeros((1, 1), dtype=np.int64)
    return nearest_others(X, k, finder)


def foreign_neighbours(
    X: NDArray[Any], codes: NDArray[Any], rows: NDArray[Any], k: int
) -> Rows:
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
    found = nearest_others(X, k, rows=rows)
    counts: Rows = (codes[found] != codes[rows][:, None]).sum(axis=1, dtype=np.int64)
    return counts


def smote_partners(
    X: NDArray[np.float32], codes: Rows, k_neighbors: int, finder: Any = None
) -> tuple[Rows, Rows]:
    """Return each row's nearest neighbours of its own class.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_columns)
        Rows.
    codes : ndarray of int of shape (n_rows,)
        Their class codes.
    k_neighbors : int
        Neighbours of a row; where its class is smaller, all others of the class.
    finder : object, default=None
        Looks for them, see `trimtab.synthesis.nearest_rows.nearest_others`.

    Returns
    -------
    partners : ndarray of int64 of shape (n_rows, k_neighbors)
        Row numbers, nearest first.
    n_partners : ndarray of int64 of shape (n_rows,)
        How many of them count. A row that is alone in its class is its own partner.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [3.0], [9.0]], dtype=np.float32)
    >>> partners, n_partners = smote_partners(X, np.array([0, 0, 0, 1]), 2)
    >>> partners[:3].tolist(), n_partners.tolist()
    ([[1, 2], [0, 2], [1, 0]], [2, 2, 2, 1])
    """
    partners = np.repeat(np.arange(len(X))[:, None], k_neighbors, axis=1)
    n_partners = np.ones(len(X), dtype=np.int64)
    for code in np.unique(codes):
        for some in _parts(np.flatnonzero(codes == code)):
            nearest = nearest_others(X[some], k_neighbors, finder)
            if nearest.shape[1]:
                partners[some, : nearest.shape[1]] = some[nearest]
                n_partners[some] = nearest.shape[1]
    return partners, n_partners


def msmote_partners(
    X: NDArray[np.float32], codes: Rows, k_neighbors: int, finder: Any = None
) -> tuple[Rows, Rows]:
    """Return the neighbours that MSMOTE would interpolate each row with.

    All of them for a row among its own, the nearest of its own class for one on the
    border, and itself for one without a neighbour of its class; see
    `trimtab.synthesis.msmote.MSMOTE`.

    Parameters
    ----------
    X, codes, k_neighbors, finder
        As in `smote_partners`, but neighbours are of any class.

    Returns
    -------
    partners, n_partners
        As in `smote_partners`.
    """
    partners = np.repeat(np.arange(len(X))[:, None], k_neighbors, axis=1)
    n_partners = np.ones(len(X), dtype=np.int64)
    for some in _parts(np.arange(len(X))):
        nearest = some[nearest_others(X[some], k_neighbors, finder)]
        alike = codes[nearest] == codes[some][:, None]
        if not nearest.shape[1]:
            continue
        safe, border = alike.all(axis=1), alike.any(axis=1) & ~alike.all(axis=1)
        partners[some[safe], : nearest.shape[1]] = nearest[safe]
        n_partners[some[safe]] = nearest.shape[1]
        first = alike[border].argmax(axis=1)
        partners[some[border], 0] = nearest[border, first]
    return partners, n_partners


def _parts(rows: Rows) -> Iterator[Rows]:
    """Yield the rows as they are, or where they are many in random parts."""
    among = AMONG_BY_INDEX if is_installed() else AMONG
    if len(rows) <= among:
        yield rows
        return
    shuffled = np.random.RandomState(0).permutation(rows)
    yield from np.array_split(shuffled, -(-len(rows) // among))
