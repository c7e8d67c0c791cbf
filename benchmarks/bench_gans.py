"""GANs that are trained side by side beside GANs that are trained in turn.

Run it with ``python benchmarks/bench_gans.py``. Both take turns in one process, so that
what else the machine does falls on both; what is printed is the median of processor
times, and how many GANs in turn cost what all cost together.
"""

# SPDX-License-Identifier: BSD-3-Clause

import argparse
import statistics
import time
from typing import Any

import torch
from sklearn.datasets import make_classification

from trimtab.synthesis.cwgan import CWGANOverSampler

TABLES = ((1000, 10), (10_000, 10), (10_000, 100), (10_000, 300))
"""Rows and columns."""


def seconds(X: Any, y: Any, n_gans: int) -> float:
    """Return the processor time of some GANs together, three epochs each."""
    samplers = [CWGANOverSampler(max_iter=3, random_state=i) for i in range(n_gans)]
    begun = time.process_time()
    CWGANOverSampler.train_together(samplers, [(X, y)] * n_gans)
    return time.process_time() - begun


def main() -> None:
    """Print a line for each table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--gans", type=int, default=8)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    seconds(*make_classification(100), 1)  # PyTorch's own start
    for n_rows, n_columns in TABLES:
        X, y = make_classification(
            n_rows, n_columns, n_informative=5, weights=[0.95], random_state=0
        )
        alone, together = [], []
        for _ in range(arguments.rounds):
            alone.append(seconds(X, y, 1))
            together.append(seconds(X, y, arguments.gans))
        one, all_of_them = statistics.median(alone), statistics.median(together)
        print(
            f"{n_rows:6} rows, {n_columns:3} columns: one {one:6.2f} s, "
            f"{arguments.gans} together {all_of_them:6.2f} s, "
            f"as {all_of_them / one:.1f} in turn"
        )


if __name__ == "__main__":
    main()
