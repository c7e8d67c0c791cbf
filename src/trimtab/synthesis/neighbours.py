"""Which rows a row may be interpolated with."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

__all__ = ["AMONG", "msmote_partners", "smote_partners"]

AMONG = 10_000
"""Neighbours of many rows are looked for among so many of them, drawn at random."""

Rows = NDArray[np.int64]


def smote_partners(
    X: NDArray[np.float32], codes: Rows, k_neighbors: int
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
            nearest = _nearest(X[some], k_neighbors)
            if nearest.shape[1]:
                partners[some, : nearest.shape[1]] = some[nearest]
                n_partners[some] = nearest.shape[1]
    return partners, n_partners


def msmote_partners(
    X: NDArray[np.float32], codes: Rows, k_neighbors: int
) -> tuple[Rows, Rows]:
    """Return the neighbours that MSMOTE would interpolate each row with.

    All of them for a row among its own, the nearest of its own class for one on the
    border, and itself for one without a neighbour of its class; see
    `trimtab.synthesis.msmote.MSMOTE`.

    Parameters
    ----------
    X, codes, k_neighbors
        As in `smote_partners`, but neighbours are of any class.

    Returns
    -------
    partners, n_partners
        As in `smote_partners`.
    """
    partners = np.repeat(np.arange(len(X))[:, None], k_neighbors, axis=1)
    n_partners = np.ones(len(X), dtype=np.int64)
    for some in _parts(np.arange(len(X))):
        nearest = some[_nearest(X[some], k_neighbors)]
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
    """Yield the rows as they are, or in random parts of at most `AMONG`."""
    if len(rows) <= AMONG:
        yield rows
        return
    shuffled = np.random.RandomState(0).permutation(rows)
    yield from np.array_split(shuffled, -(-len(rows) // AMONG))


def _nearest(X: NDArray[np.float32], k_neighbors: int) -> Rows:
    """Return the positions of each row's nearest others, (n_rows, k or fewer)."""
    k = min(k_neighbors, len(X) - 1)
    if k == 0:
        return np.empty((len(X), 0), dtype=np.int64)
    found = NearestNeighbors(n_neighbors=k).fit(X).kneighbors(return_distance=False)
    nearest: Rows = found.astype(np.int64)
    return nearest
