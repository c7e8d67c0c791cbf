"""The nearest rows of each row: exactly, or among very many nearly."""

# SPDX-License-Identifier: BSD-3-Clause

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import clone
from torch import Tensor

from trimtab.exceptions import InputError
from trimtab.synthesis.nearest_by_index import is_installed, nearest_by_index

__all__ = ["nearest_others", "without_itself"]

QUERIES = 128
"""Rows whose neighbours are looked for at once."""

AMONG_AT_ONCE = 16_384
"""Rows that are looked through at once: with `QUERIES`, 8 MiB of distances."""

TILE = 2048
"""Rows of one matrix product: with `QUERIES`, 1 MiB, which stays in the cache."""

SPARE = 4
"""Candidates beyond k that rounding may have put in the wrong order."""

GROUP = 32
"""Distances of which the smallest is looked at first."""

LANES = 16
"""Groups of a tile are a multiple of so many: vector units take them whole."""

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
    return _by_tree(X, k, asked) if crowded else _by_products(X, k, asked)


def _by_tree(X: NDArray[Any], k: int, asked: Rows) -> Rows:
    from scipy.spatial import KDTree

    tree = KDTree(X, balanced_tree=False, compact_nodes=False)
    return without_itself(np.asarray(tree.query(X[asked], k + 1)[1]), asked)


def _by_products(X: NDArray[Any], k: int, rows: Rows) -> Rows:
    asked = torch.from_numpy(rows)
    exact = torch.from_numpy(np.ascontiguousarray(X, dtype=np.float64))
    exact = exact - exact.mean(dim=0)  # the closer to 0, the less is rounded away
    products = _Products(exact.float())
    norms = products.norms
    found = asked.new_empty((len(asked), k))
    for first in range(0, len(asked), QUERIES):
        queries = asked[first : first + QUERIES]
        candidates, last = products.candidates(queries, k + 1 + SPARE)
        near, distances = _ordered(exact, queries, candidates, k)
        if candidates.shape[1] < len(X):
            # What is no candidate was at least as far as the last of them, but for
            # rounding.
            slack = 8 * torch.finfo(torch.float).eps * (norms[queries] + norms.max())
            sure = distances < (last + norms[queries] - slack).double()
            if not sure.all():
                near[~sure] = _directly(exact, queries[~sure], k)
        found[first : first + len(queries)] = near
    return found.numpy()


def _directly(X: Tensor, queries: Tensor, k: int) -> Tensor:
    """Return neighbours by the differences to all rows, a few queries at once."""
    found = []
    for some in torch.split(queries, max(QUERIES * AMONG_AT_ONCE // len(X), 1)):
        away = torch.cdist(X[some], X, compute_mode="donot_use_mm_for_euclid_dist")
        away[torch.arange(len(some)), some] = torch.inf
        found.append(away.topk(k, dim=1, largest=False).indices)
    return torch.cat(found)


class _Products:
    """Squared distances to all rows, less a row's own norm, as products of matrices.

    Memory for them is asked for once: to get it anew costs as much as to fill it.
    """

    def __init__(self, X: Tensor) -> None:
        norms = (X * X).sum(dim=1)
        self.left = torch.cat([X, torch.ones_like(norms)[:, None]], dim=1)
        self.n_rows, self.norms = len(X), norms
        n_tiles = -(-len(X) // TILE)
        whole = n_tiles * GROUP * LANES
        # What fills the last groups up is infinitely far.
        right = X.new_zeros((-(-len(X) // whole) * whole, self.left.shape[1]))
        right[:, -1] = torch.inf
        right[: len(X), :-1] = -2 * X
        right[: len(X), -1] = norms
        self.tiles = right.view(n_tiles, -1, right.shape[1])
        self.width = self.tiles.shape[1]
        self.at_once = min(max(AMONG_AT_ONCE // self.width, 1), n_tiles)
        self.products = X.new_empty((QUERIES, self.at_once, self.width))
        self.smallest = X.new_empty((QUERIES, self.at_once, self.width // GROUP))

    def candidates(self, queries: Tensor, n: int) -> tuple[Tensor, Tensor]:
        """Return likely neighbours of rows, and what the last of them is found to be.

        Every row that is no candidate is at least that far, as far as floats are
        precise.
        """
        n = min(n, self.n_rows)
        left = self.left[queries]
        values, numbers = self._nearest(left, 0, n)
        for first in range(self.at_once, len(self.tiles), self.at_once):
            near, positions = self._nearest(left, first, n)
            values = torch.cat([values, near], dim=1)
            numbers = torch.cat([numbers, positions], dim=1)
            values, order = values.topk(min(n, values.shape[1]), dim=1, largest=False)
            numbers = numbers.gather(1, order)
        return numbers, values.amax(dim=1)

    def _nearest(self, left: Tensor, first: int, n: int) -> tuple[Tensor, Tensor]:
        """Return the n smallest products of some tiles, in any order, and the rows.

        They lie in the n groups whose own smallest numbers are smallest, so that only
        these groups need to be sorted. A group's members are as far apart as there are
        groups in a tile: the smallest of all groups are then found column by column.
        """
        tiles = self.tiles[first : first + self.at_once]
        products = self.products[: len(left), : len(tiles)]
        smallest = self.smallest[: len(left), : len(tiles)]
        n_groups = smallest.shape[2]
        for tile, rows in enumerate(tiles):
            torch.mm(left, rows.T, out=products[:, tile])
            grouped = products[:, tile].view(len(left), GROUP, n_groups)
            torch.amin(grouped, dim=1, out=smallest[:, tile])
        products, smallest = products.flatten(1), smallest.flatten(1)
        n = min(n, products.shape[1])
        if smallest.shape[1] <= n:
            found = products.topk(n, dim=1, largest=False, sorted=False)
            return found.values, found.indices + first * self.width
        chosen = smallest.topk(n, dim=1, largest=False, sorted=False).indices
        start = chosen // n_groups * self.width + chosen % n_groups
        places = (start[:, :, None] + torch.arange(GROUP) * n_groups).flatten(1)
        near = products.gather(1, places)
        values, order = near.topk(n, dim=1, largest=False, sorted=False)
        return values, places.gather(1, order) + first * self.width


def _ordered(
    X: Tensor, queries: Tensor, candidates: Tensor, k: int
) -> tuple[Tensor, Tensor]:
    """Return the k nearest candidates, and the squared distance of the last of them."""
    ways = X[candidates] - X[queries][:, None]
    squares = torch.linalg.vecdot(ways, ways)
    squares.masked_fill_(candidates == queries[:, None], torch.inf)
    ordered, order = squares.topk(k, dim=1, largest=False)
    return candidates.gather(1, order), ordered[:, -1]
