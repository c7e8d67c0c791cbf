"""What ARTClassifier takes on many rows: seconds per epoch, and memory at its highest.

Run: ``python benchmarks/bench_art_rows.py``. Tables of 30 columns in double precision,
1 % of the rows positive, of 100 thousand, 300 thousand and 1 million rows. Each size is
fitted in a process of its own, with one thread; in each round the sizes take turns, and
a figure is the median over `--rounds` rounds.

Seconds are those of the processor, so that a busy machine counts less. An epoch's are
the difference of a long and a short fit, over the epochs between them; "other" is what
happens once: the rows are checked and split. Memory is the resident memory of the whole
process at its highest; "added" is what the fits added to what was there before, over
the size of X.
"""

# SPDX-License-Identifier: BSD-3-Clause

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

N_COLUMNS, POSITIVE = 30, 0.01
SIZES = [100_000, 300_000, 1_000_000]


def make_table(n_rows: int) -> tuple[Any, Any]:
    """Return rows whose class hangs on four columns and chance."""
    import numpy as np

    random = np.random.default_rng(0)
    X = random.standard_normal((n_rows, N_COLUMNS))
    score = X[:, 0] + X[:, 1] * X[:, 2] + X[:, 3] + random.standard_normal(n_rows)
    return X, (score > np.quantile(score, 1 - POSITIVE)).astype(np.int64)


def make_art(options: argparse.Namespace, epochs: int) -> Any:
    """Return ART that runs for so many epochs."""
    from trimtab import ARTClassifier

    settings = {
        "max_iter": epochs,
        "n_iter_no_change": None,
        "max_held_out_rows": options.max_held_out_rows,
        "random_state": 0,
    }
    if options.learner == "network":
        return ARTClassifier(**settings)
    from lightgbm import LGBMClassifier

    # Ten trees an epoch, however many epochs there are.
    trees = LGBMClassifier(n_estimators=10 * epochs, n_jobs=1, verbose=-1)
    return ARTClassifier(trees, **settings)


def peak() -> float:
    """Return the highest resident memory of this process so far, in MiB."""
    # Linux counts in KiB, macOS in bytes.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def resident() -> float:
    """Return the resident memory of this process now, in MiB."""
    import psutil

    return float(psutil.Process().memory_info().rss / 2**20)


def measure(n_rows: int, options: argparse.Namespace) -> dict[str, float]:
    """Fit twice in this process; return seconds and MiB."""
    import torch

    torch.set_num_threads(1)
    small = make_table(2000)
    make_art(options, 1).fit(*small)  # libraries are loaded, memory is taken
    X, y = make_table(n_rows)
    before, size = resident(), X.nbytes / 2**20
    took = []
    for epochs in (1, 1 + options.epochs):
        start = time.process_time()
        fitted = make_art(options, epochs).fit(X, y)
        took.append(time.process_time() - start)
        assert fitted.n_iter_ == epochs
    return {
        "epoch": (took[1] - took[0]) / options.epochs,
        "rest": took[0] - (took[1] - took[0]) / options.epochs,
        "size": size,
        "before": before,
        "peak": peak(),
    }


def in_own_process(n_rows: int) -> dict[str, float]:
    """Run `measure` in a fresh process with the same options."""
    command = [sys.executable, str(Path(__file__)), *sys.argv[1:], "--one", str(n_rows)]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    answer = subprocess.run(
        command, env=os.environ | threads, stdout=subprocess.PIPE, check=True
    )
    measured: dict[str, float] = json.loads(answer.stdout)
    return measured


def show(sizes: list[int], measured: dict[int, list[dict[str, float]]]) -> None:
    """Print one line a size, and how the time grew."""
    print("     rows  s/epoch  µs/row  other s   X MiB  peak MiB  peak/X  added/X")
    per_row = []
    for n_rows in sizes:
        m = {
            name: statistics.median(one[name] for one in measured[n_rows])
            for name in measured[n_rows][0]
        }
        per_row.append(m["epoch"] / n_rows)
        print(
            f"{n_rows:9,} {m['epoch']:8.2f} {1e6 * per_row[-1]:7.2f} {m['rest']:8.2f}"
            f" {m['size']:7.0f} {m['peak']:9.0f} {m['peak'] / m['size']:7.2f}"
            f" {(m['peak'] - m['before']) / m['size']:8.2f}"
        )
    print(
        f"time of an epoch per row, {sizes[-1]:,} rows over {sizes[0]:,}: "
        f"{per_row[-1] / per_row[0]:.2f} (1 is linear growth)"
    )
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def main() -> None:
    """Measure every size and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--learner", choices=["network", "lightgbm"], default="network")
    parser.add_argument("--max-held-out-rows", type=int, default=None)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one, options)))
        return
    measured: dict[int, list[dict[str, float]]] = {n: [] for n in options.rows}
    for _ in range(options.rounds):
        for n_rows in options.rows:
            measured[n_rows].append(in_own_process(n_rows))
    show(options.rows, measured)


if __name__ == "__main__":
    main()
