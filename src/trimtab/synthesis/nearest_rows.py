"""The nearest rows of each row: exactly, or among very many nearly."""

# SPDX-License-Identifier: BSD-3-Clause

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from trimtab.exceptions import InputError
from trimtab.synthesis.nearest_by_index import is_installed, nearest_by_index

__all__ = ["nearest_others", "without_itself"]

CROWD = 64
"""A tree is faster than products from so many rows on, doubled with each column."""

FEW_COLUMNS = 4
"""With so many columns, or fewer, it is faster than an index too."""

PAIRS = 10_000**2
"""From so many pairs of rows on an index is faster otherwise, if it can do at all."""

PER_CELL = 10
"""It pays to make one if so many rows are asked for, times the root of all rows."""

SAMPLE = 256
"""Rows, drawn at random, by which an index is tried."""

SANE = range(-10, 41)
"""Powers of 2 between which the largest number is left as it is."""

Rows = NDArray[np.int64]


def nearest_others(
    X: NDArray[Any], k: int, finder: Any = None, rows: NDArray[Any] | None = None
) -> Rows:
    """Return each row's nearest other rows.

    Parameters
    ----------
    X : ndarray of float of shape (n_rows, n_columns)
        Finite numbers.
    k : int
        How many are wanted, 1 or more; of fewer other rows all.
    finder : object, default=None
        Looks for them in place of this function, by ``fit`` and ``kneighbors`` as
        scikit-learn's ``NearestNeighbors`` has them: another metric, another index.
        It is copied, not changed.
    rows : ndarray of int of shape (n_asked,), default=None
        Numbers of the rows whose neighbours are wanted; None for all.

    Returns
    -------
    ndarray of int64 of shape (n_asked, k)
        Row numbers, nearest first, never the row itself. Fewer columns where there are
        fewer other rows.

    Raises
    ------
    InputError
        Where `finder` has no ``kneighbors``.

    Notes
    -----
    Neighbours among many rows of few columns are looked for in SciPy's k-d tree.
    Otherwise candidates are found in single precision, by products of matrices, and
    ordered in double. Where single precision cannot tell that no other row is nearer,
    all differences are taken in double.

    Where there are many pairs of rows and faiss is installed, most are not looked at:
    see `trimtab.synthesis.nearest_by_index`. On a sample, what is found then is on
    average at most 1 % farther than the true neighbours; where that cannot be had
    sooner, search stays exact.

    Examples
    --------
    >>> nearest_others(np.array([[0.0], [1.0], [3.0]]), 2).tolist()
    [[1, 2], [0, 2], [1, 0]]
    """
    asked = np.arange(len(X)) if rows is None else np.asarray(rows, dtype=np.int64)
    k = min(k, len(X) - 1)
    if k < 1 or not len(asked):
        return np.empty((len(asked), max(k, 0)), dtype=np.int64)
    if finder is not None:
        return _by_finder(finder, X, k, asked)
    X = _in_sane_units(X)
    if _index_pays(len(asked), *X.shape) and is_installed():
        return _by_index(X, k, asked)
    return _exactly(X, k, asked)


def without_itself(found: NDArray[Any], rows: NDArray[Any]) -> Rows:
    """Return neighbours without the rows whose neighbours they are.

    Parameters
    ----------
    found : ndarray of int of shape (n_asked, k + 1)
        Row numbers, nearest first.
    rows : ndarray of int of shape (n_asked,)
        The rows that were asked for. One may be missing among its own neighbours where
        many rows are equal: then the last of these goes.

    Returns
    -------
    ndarray of int64 of shape (n_asked, k)

    Examples
    --------
    >>> without_itself(np.array([[4, 7, 2], [1, 3, 5]]), np.array([7, 0])).tolist()
    [[4, 2], [1, 3]]
    """
    is_itself = found == rows[:, None]
    is_itself[~is_itself.any(axis=1), -1] = True
    shape = len(found), found.shape[1] - 1
    others: Rows = found[~is_itself].reshape(shape).astype(np.int64, copy=False)
    return others


def _by_finder(finder: Any, X: NDArray[Any], k: int, asked: Rows) -> Rows:
    if isinstance(finder, type) or not hasattr(finder, "kneighbors"):
        raise InputError(
            f"the neighbours' finder is {finder!r}: give an object with fit and "
            "kneighbors, such as NearestNeighbors()"
        )
    fitted = clone(finder, safe=False).fit(X)
    found = fitted.kneighbors(X[asked], n_neighbors=k + 1, return_distance=False)
    return without_itself(np.asarray(found), asked)


def _in_sane_units(X: NDArray[Any]) -> NDArray[Any]:
    """Return numbers whose squares are neither infinite nor all 0."""
    exponent = math.frexp(max(float(X.max()), -float(X.min())))[1]
    return X if exponent in SANE else np.ldexp(X.astype(np.float64), -exponent)


def _index_pays(n_asked: int, n_rows: int, n_columns: int) -> bool:
    many_pairs = n_asked * n_rows >= PAIRS
    return many_pairs and n_columns > FEW_COLUMNS and n_asked**2 > PER_CELL**2 * n_rows


def _by_index(X: NDArray[Any], k: int, asked: Rows) -> Rows:
    drawn = np.random.default_rng(0).permutation(len(asked))[:SAMPLE]
    sample = asked[np.sort(drawn)]
    nearest = nearest_by_index(X, k, asked, sample, _exactly(X, k, sample))
    if nearest is None:
        return _exactly(X, k, asked)
    found = without_itself(nearest, asked)
    missed = (nearest < 0).any(axis=1)
    if missed.any():
        found[missed] = _exactly(X, k, asked[missed])
    return found


def _exactly(X: NDArray[Any], k: int, asked: Rows) -> Rows:
    crowded = len(X) >= CROWD << X.shape[1]
    if crowded:
        return _by_tree(X, k, asked)
    from trimtab.synthesis.nearest_by_products import nearest_by_products  # torch

    return nearest_by_products(X, k, asked)


def _by_tree(X: NDArray[Any], k: int, asked: Rows) -> Rows:
    from scipy.spatial import KDTree

    tree = KDTree(X, balanced_tree=False, compact_nodes=False)
    return without_itself(np.asarray(tree.query(X[asked], k + 1)[1]), asked)
