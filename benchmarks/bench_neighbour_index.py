"""Neighbours in large classes: an index, exact search, and scikit-learn's default.

Run it with ``python benchmarks/bench_neighbour_index.py``; it needs faiss. Five
neighbours of each row are asked for, on one thread, all sides in one process; what is
printed is the median of three processor times. The index looks for all rows, and its
time holds that of making it. Exact search and scikit-learn, which would take minutes,
look for ``--asked`` rows, and the time for the others is reckoned from theirs, but for
what is made once, such as a tree. ``--table NAME`` puts a table of `trimtab.datasets`
in the place of made ones: all its rows, scaled.
"""

# SPDX-License-Identifier: BSD-3-Clause

import argparse
import os

os.environ["OMP_NUM_THREADS"] = "1"  # before any library reads it

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from trimtab.datasets import load
from trimtab.synthesis import nearest_rows
from trimtab.synthesis.nearest_rows import nearest_others

SIZES = ((10_000, 30), (20_000, 30), (50_000, 30), (100_000, 30))
HIDDEN = 6
"""Numbers that decide the columns of a made row, but for noise."""

N_NEIGHBORS = 5


def made_table(n_rows: int, n_columns: int, with_structure: bool) -> Any:
    """Return rows of noise, or rows that a few hidden numbers decide."""
    rng = np.random.default_rng(0)
    if not with_structure:
        return rng.normal(size=(n_rows, n_columns))
    hidden = rng.normal(size=(n_rows, HIDDEN)) @ rng.normal(size=(HIDDEN, n_columns))
    return hidden + 0.3 * rng.normal(size=hidden.shape)


def seconds(find: Callable[[], Any], rounds: int = 3) -> tuple[float, Any]:
    """Return the processor time of finding something, the median, and what is found."""
    spent = []
    for _ in range(rounds):
        begun = time.process_time()
        found = find()
        spent.append(time.process_time() - begun)
    return statistics.median(spent), found


def by_scikit_learn(X: Any, asked: Any) -> float:
    """Return the seconds that scikit-learn would take for all rows."""
    making, finder = seconds(lambda: NearestNeighbors(n_neighbors=N_NEIGHBORS).fit(X))
    looking, _ = seconds(
        lambda: finder.kneighbors(X[asked], N_NEIGHBORS + 1, return_distance=False)
    )
    return making + looking * len(X) / len(asked)


def compare(name: str, X: Any, n_asked: int) -> None:
    """Print a line for a table."""
    asked = np.linspace(0, len(X) - 1, min(n_asked, len(X)), dtype=np.int64)
    nearest_rows.PAIRS = 1
    index, near = seconds(lambda: nearest_others(X, N_NEIGHBORS))
    nearest_rows.PAIRS = len(X) ** 2 + 1
    making, _ = seconds(lambda: nearest_others(X, N_NEIGHBORS, rows=asked[:1]))
    both, true = seconds(lambda: nearest_others(X, N_NEIGHBORS, rows=asked))
    exact = making + (both - making) * len(X) / len(asked)
    theirs = by_scikit_learn(X, asked)
    shared = np.mean(
        [np.isin(*pair).mean() for pair in zip(true, near[asked], strict=True)]
    )
    far, true_far = (
        np.linalg.norm(X[found] - X[asked][:, None], axis=2).mean()
        for found in (near[asked], true)
    )
    print(
        f"{len(X):>7,} x {X.shape[1]} {name}: index {index:.2f} s, exact {exact:.2f} s "
        f"({exact / index:.1f} times), scikit-learn {theirs:.2f} s "
        f"({theirs / index:.1f} times); {shared:.1%} of the neighbours, "
        f"{far / true_far - 1:.2%} farther",
        flush=True,
    )


def main() -> None:
    """Print a line for each table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--asked", type=int, default=10_000)
    parser.add_argument("--table", help="a table of numbers, by name")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    nearest_rows.PAIRS = 1
    nearest_others(made_table(2000, 8, True), 2)  # what is loaded once is not counted
    if arguments.table:
        X = StandardScaler().fit_transform(load(arguments.table).X)
        compare(arguments.table, X, arguments.asked)
        return
    for with_structure in (True, False):
        for n_rows, n_columns in SIZES:
            X = made_table(n_rows, n_columns, with_structure)
            compare("with structure" if with_structure else "noise", X, arguments.asked)


if __name__ == "__main__":
    main()
