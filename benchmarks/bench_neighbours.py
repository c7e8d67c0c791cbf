"""Neighbours and SMOTE's rows: trimtab beside scikit-learn and imbalanced-learn.

Run it with ``python benchmarks/bench_neighbours.py``. Both sides take turns in one
process, each on one thread; what is printed is the median of processor times. With
``--large`` it also over-samples a table of a million rows, 1 % of them rare, each side
in a process of its own, so that the memory that it asks for can be told.
"""

# SPDX-License-Identifier: BSD-3-Clause

import argparse
import multiprocessing
import resource
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from imblearn.over_sampling import SMOTE
from sklearn.neighbors import NearestNeighbors

from trimtab.synthesis.between_neighbours import smote_rows
from trimtab.synthesis.nearest_rows import nearest_others
from trimtab.synthesis.neighbours import own_neighbours

TABLES = ((1000, 30), (10_000, 30), (10_000, 8), (10_000, 3), (30_000, 12))
LARGE = (1_000_000, 30, 10_000)
"""Rows, columns, rare rows."""


def theirs(X: Any, k: int) -> Any:
    """Return neighbours as scikit-learn finds them by default."""
    return NearestNeighbors(n_neighbors=k).fit(X).kneighbors(return_distance=False)


def seconds(find: Callable[[Any, int], Any], X: Any) -> float:
    """Return the processor time of finding five neighbours of each row."""
    begun = time.process_time()
    find(X, 5)
    return time.process_time() - begun


def large_table() -> tuple[Any, Any]:
    """Return a million rows, the rare ones last."""
    n_rows, n_columns, n_rare = LARGE
    X = np.random.default_rng(0).normal(size=(n_rows, n_columns))
    X[-n_rare:, :2] += 1
    return X, (np.arange(n_rows) >= n_rows - n_rare).astype(np.int64)


def our_smote(X: Any, y: Any) -> Any:
    """Make the rows that SMOTE makes, and put them behind the table."""
    rare = X[y == 1]
    n = int((y == 0).sum()) - len(rare)
    made = smote_rows(rare, own_neighbours(rare, 5), n, np.random.default_rng(0))
    return np.concatenate([X, made]), np.concatenate([y, np.ones(n, y.dtype)])


def their_smote(X: Any, y: Any) -> Any:
    """Over-sample by imbalanced-learn."""
    return SMOTE(random_state=0).fit_resample(X, y)


def measured(resample: Callable[[Any, Any], Any], told: Any) -> None:
    """Tell processor time and the memory asked for beyond the table, in MiB."""
    torch.set_num_threads(1)
    X, y = large_table()
    nearest_others(X[:500], 2)  # what is loaded once is not counted
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    resample(X, y)
    spent = time.process_time() - begun
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told.put((spent, (after - before) / 1024))


def main() -> None:
    """Print a line for each table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for n_rows, n_columns in TABLES:
        X = np.random.default_rng(0).normal(size=(n_rows, n_columns))
        found: dict[str, list[float]] = {"ours": [], "theirs": []}
        for _ in range(arguments.rounds):
            found["ours"].append(seconds(nearest_others, X))
            found["theirs"].append(seconds(theirs, X))
        ours, other = (statistics.median(one) for one in found.values())
        print(
            f"{n_rows} x {n_columns}: trimtab {1000 * ours:.0f} ms, scikit-learn "
            f"{1000 * other:.0f} ms, {other / ours:.1f} times",
            flush=True,
        )
    if arguments.large:
        start = multiprocessing.get_context("spawn")
        for name, resample in (("trimtab", our_smote), ("imblearn", their_smote)):
            told = start.Queue()
            process = start.Process(target=measured, args=(resample, told))
            process.start()
            spent, memory = told.get()
            process.join()
            print(f"{name}: {LARGE[0]:,} rows in {spent:.2f} s, {memory:.0f} MiB more")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
