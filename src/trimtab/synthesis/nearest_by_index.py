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

FIRST_CELLS = 4
"""Cells that a row looks into at first; then twice as many, and so on."""

MOST_CELLS = 0.2
"""Share of the cells past which exact search may be no slower."""

ROUNDS = 5
"""Rounds of k-means that make the cells; more do not find more."""

WIDTH = 8
"""Columns are filled up to a multiple of so many: vector units take them whole."""

Rows = NDArray[np.int64]


@cache
def is_installed() -> bool:
    """Return whether faiss is there to be used.

    Not on macOS: there its wheels and PyTorch's each bring a runtime of OpenMP, and a
    process that has both may crash (faiss-wheels, issue 73).
    """
    return sys.platform != "darwin" and importlib.util.find_spec("faiss") is not None


def nearest_by_index(
    X: NDArray[Any], k: int, asked: Rows, sample: Rows, true: Rows
) -> Rows | None:
    """Return the nearest rows of each row, itself among them.

    Parameters
    ----------
    X : ndarray of float of shape (n_rows, n_columns)
        Finite numbers.
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
    # A row's distance to itself adds nothing to the sum.
    goal = FARTHER * _sum_of_distances(X, sample, true)
    n_cells = FIRST_CELLS
    while n_cells <= MOST_CELLS * index.n_cells:
        found = index.nearest(sample, k + 1, n_cells)
        if (found >= 0).all() and _sum_of_distances(X, sample, found) <= goal:
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
        self.means = faiss.IndexFlatL2(width)  # the file refers to it, no more
        self.file = faiss.IndexIVFFlat(self.means, width, self.n_cells)
        self.file.cp.niter = ROUNDS
        self.file.train(self.rows)
        self.file.add(self.rows)

    def nearest(self, rows: Rows, k: int, n_cells: int) -> Rows:
        """Return the nearest rows in the nearest cells, -1 where these hold too few."""
        self.file.nprobe = n_cells
        found: Rows = self.file.search(self.rows[rows], k)[1]
        return found


def _as_faiss_takes_them(X: NDArray[Any]) -> NDArray[np.float32]:
    """Return rows around 0, at most 1, and filled up with columns of zeros."""
    n_rows, n_columns = X.shape
    centred = X - X.mean(axis=0, dtype=np.float64)
    centred /= max(centred.max(), -centred.min(), np.finfo(np.float64).tiny)
    rows = np.zeros((n_rows, -(-n_columns // WIDTH) * WIDTH), dtype=np.float32)
    rows[:, :n_columns] = centred
    return rows


def _sum_of_distances(X: NDArray[Any], rows: Rows, found: Rows) -> float:
    ways = X[found].astype(np.float64) - X[rows].astype(np.float64)[:, None]
    return float(np.linalg.norm(ways, axis=2).sum())
