"""The nearest rows of each row, exactly, by products of matrices.

A squared distance is two norms less twice a product, so that one product of matrices in
single precision finds the candidates. Their order comes from differences in double.
Where single precision cannot tell that no other row is nearer, so do all distances.
"""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["nearest_by_products"]

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

Rows = NDArray[np.int64]


def nearest_by_products(X: NDArray[Any], k: int, rows: Rows) -> Rows:
    """Return the nearest other rows of some rows.

    Parameters
    ----------
    X : ndarray of float of shape (n_rows, n_columns)
        Numbers whose squares are finite.
    k : int
        How many are wanted, from 1 to ``n_rows - 1``.
    rows : ndarray of int64 of shape (n_asked,)
        Numbers of the rows whose neighbours are wanted.

    Returns
    -------
    ndarray of int64 of shape (n_asked, k)
        Row numbers, nearest first, never the row itself.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [3.0]])
    >>> nearest_by_products(X, 2, np.array([0, 2])).tolist()
    [[1, 2], [1, 0]]
    """
    asked = torch.from_numpy(rows)
    # PyTorch takes arrays that may be written to alone.
    exact = torch.from_numpy(np.require(X, np.float64, ["C", "W"]))
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
