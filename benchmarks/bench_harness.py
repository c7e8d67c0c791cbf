"""What the harness costs beside a bare loop, and what a second process gains.

Run: ``python benchmarks/bench_harness.py``. Everything is on digits8 (digit 8 of
scikit-learn's digits against the rest) with the quick portfolio, as in ``make demo``.

Three figures, each the median of `--rounds` runs that alternate in one sitting:

* runner: seconds in which the runner was at work, over the seconds of all fits and
  predictions that it recorded (one worker process);
* command: ``trimtab compare`` as a whole process, imports, page and all, over a bare
  Python script that fits and predicts the same in a loop and keeps nothing;
* speed-up: the runner's seconds with one worker process over those with two, on three
  repeats of the folds.
"""

# SPDX-License-Identifier: BSD-3-Clause

import argparse
import statistics
import subprocess
import sys
import tempfile
import time

from trimtab import compare, datasets
from trimtab.benchmark.running.worker import warm_up

BARE = """
import os
os.environ["OMP_NUM_THREADS"] = "1"
import warnings
import numpy as np
from trimtab import datasets
from trimtab.benchmark.methods import list_methods
from trimtab.benchmark.methods.preparation import table_info
from trimtab.benchmark.protocol import Protocol
from trimtab.metrics import best_threshold
from trimtab.tables import encode_labels, held_out_split

warnings.simplefilter("ignore")
X, y, _ = datasets.load("sklearn/digits8")
labels = encode_labels(y, positive=1)
info = table_info(X, labels)
protocol = Protocol(5)
for _, fold in protocol.splits():
    train, test = protocol.rows(labels.codes, 0, fold, 0)
    kept, held = held_out_split(y[train], 0.2, random_state=0)
    for method in list_methods():
        if not method.quick or method.reason_to_skip(info):
            continue
        tuned = method.build(info, 0).fit(X[train[kept]], y[train[kept]])
        scores = tuned.predict_proba(X[train[held]])
        best_threshold(y[train[held]], scores, 1)
        method.build(info, 0).fit(X[train], y[train]).predict_proba(X[test])
"""


def runner_seconds(n_jobs: int, repeats: int) -> tuple[float, float]:
    """Return the runner's seconds, and the seconds of the fits that it recorded."""
    X, y, _ = datasets.load("sklearn/digits8")
    warm_up()
    time.sleep(5)  # the worker's imports are paid by any script that fits
    found = compare(X, y, positive=1, n_jobs=n_jobs, repeats=repeats)
    fits = found.results[["fit_seconds", "predict_seconds", "threshold_seconds"]]
    return found.summary.seconds, float(fits.to_numpy().sum())


def process_seconds(*arguments: str) -> float:
    """Return the seconds that a process takes from start to end."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, *arguments], cwd=folder, check=True, capture_output=True
        )
        return time.perf_counter() - start


def main() -> None:
    """Alternate the runs and print each round and the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    command = ("-m", "trimtab.cli", "compare", "sklearn/digits8", "--n-jobs", "1")
    runner, whole, speed_up = [], [], []
    for i in range(rounds):
        seconds, fits = runner_seconds(1, 1)
        runner.append(seconds / fits)
        bare = process_seconds("-c", BARE)
        full = process_seconds(*command)
        whole.append(full / bare)
        one, two = runner_seconds(1, 3)[0], runner_seconds(2, 3)[0]
        speed_up.append(one / two)
        print(
            f"round {i + 1}: runner {seconds:.1f} s for {fits:.1f} s of fits; command "
            f"{full:.1f} s, bare loop {bare:.1f} s; one process {one:.1f} s, two "
            f"{two:.1f} s",
            flush=True,
        )
    print(f"\nrunner over fits    {statistics.median(runner):.3f}")
    print(f"command over loop   {statistics.median(whole):.3f}")
    print(f"two over one        {statistics.median(speed_up):.2f} times faster")


if __name__ == "__main__":
    main()
