"""The nearest rows among very many, nearly: an inverted file of faiss.

Rows are put into cells around means, and each row looks into the cells nearest to it.
How many cells that takes depends on the table, so it is found out: on a sample of rows
whose true neighbours are known, ever more cells are looked into until what is found is
hardly farther than these.
"""

# SPDX-License-Identifier: BSD-3-Clause

import importlib.util
import math
import sys
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["is_installed", "nearest_by_index"]

FARTHER = 1.01
"""What is found may be so many times as far as the true neighbours, on average."""

FARTHEST = 2.0
"""A row counts so many times at most: a few rows far from all do not decide alone."""

FIRST_CELLS = 4
"""Cells that a row looks into at first; then twice as many, and so on."""

MOST_CELLS = 0.2
"""Share of the cells past which exact search may be no slower."""

AT_ONCE = 10_000
"""Rows that are looked for at once, for faiss notes all their cells beforehand."""

ROUNDS = 5
"""Rounds of k-means that make the cells; more do not find more."""

WIDTH = 8
"""Columns are filled up to a multiple of so many: vector units take them whole."""

TINY = np.finfo(np.float64).tiny

Rows = NDArray[np.int64]


@cache
def is_installed() -> bool:
    """Return whether faiss is there to be used.

    Not on macOS: there its wheels and PyTorch's each bring a runtime of OpenMP, and a
    process that has both may crash (faiss-wheels, issue 73).
    """
    found = importlib.util.find_spec("faiss") if sys.platform != "darwin" else None
    return found is not None and found.origin is not None  # a mere folder has none


def nearest_by_index(
    X: NDArray[Any], k: int, asked: Rows, sample: Rows, true: Rows
) -> Rows | None:
    """Return the nearest rows of each row, itself among them.

    Parameters
    ----------
    X : ndarray of float of shape (n_rows, n_columns)
        Numbers whose squares single precision can hold.
    k : int
        How many are wanted besides the row itself.
    asked : ndarray of int64 of shape (n_asked,)
        Numbers of the rows whose neighbours are wanted.
    sample : ndarray of int64 of shape (n_sampled,)
        Rows by which to find out how many cells need to be looked into.
    true : ndarray of int64 of shape (n_sampled, k)
        Their true neighbours.

    Returns
    -------
    ndarray of int64 of shape (n_asked, k + 1), or None
        Row numbers, nearest first; -1 where the cells hold no more. None where few
        cells do not hold the neighbours of the sample: such rows have no structure
        that an index could use.
    """
    index = _Index(X)
    n_cells = FIRST_CELLS
    while n_cells <= MOST_CELLS * index.n_cells:
        found = index.nearest(sample, k + 1, n_cells)
        if (found >= 0).all() and _times_as_far(X, sample, found, true) <= FARTHER:
            return index.nearest(asked, k + 1, n_cells)
        n_cells *= 2
    return None


class _Index:
    """faiss's inverted file, with as many cells as the root of the number of rows."""

    def __init__(self, X: NDArray[Any]) -> None:
        import faiss

        self.rows = _as_faiss_takes_them(X)
        self.n_cells = math.isqrt(len(X))
        width = self.rows.shape[1]
        self.means = faiss.IndexFlatL2(width)  # faiss holds a mere pointer to them
        self.cells = faiss.IndexIVFFlat(self.means, width, self.n_cells)
        self.cells.cp.niter = ROUNDS
        self.cells.train(self.rows)
        self.cells.add(self.rows)

    def nearest(self, rows: Rows, k: int, n_cells: int) -> Rows:
        """Return the nearest rows in the nearest cells, -1 where these hold too few."""
        self.cells.nprobe = n_cells
        found = np.empty((len(rows), k), dtype=np.int64)
        for first in range(0, len(rows), AT_ONCE):
            some = slice(first, first + AT_ONCE)
            found[some] = self.cells.search(self.rows[rows[some]], k)[1]
        return found


def _as_faiss_takes_them(X: NDArray[Any]) -> NDArray[np.float32]:
    """Return rows around 0, filled up with columns of zeros."""
    n_rows, n_columns = X.shape
    rows = np.zeros((n_rows, -(-n_columns // WIDTH) * WIDTH), dtype=np.float32)
    rows[:, :n_columns] = X - X.mean(axis=0, dtype=np.float64)
    return rows


def _times_as_far(X: NDArray[Any], rows: Rows, found: Rows, true: Rows) -> float:
    """Return how many times as far neighbours are as the true ones, on average.

    Those that were found may hold the row itself, which adds nothing to their sum.
    """
    far, near = (_sums_of_distances(X, rows, them) + TINY for them in (found, true))
    return float(np.minimum(far / near, FARTHEST).mean())


def _sums_of_distances(X: NDArray[Any], rows: Rows, others: Rows) -> NDArray[Any]:
    ways = X[others].astype(np.float64) - X[rows].astype(np.float64)[:, None]
    sums: NDArray[Any] = np.linalg.norm(ways, axis=2).sum(axis=1)
    return sums
