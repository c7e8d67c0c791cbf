"""Our self-paced ensemble beside that of imbalanced-ensemble.

Run: ``TRIMTAB_DATA=FOLDER python benchmarks/bench_self_paced.py PYTHON``. PYTHON is an
interpreter with imbalanced-ensemble, which needs another scikit-learn than trimtab. Ten
decision trees and five bins on mammography and on a made table of 200,000 rows and 30
columns, the same in both processes. Fits alternate: one of theirs between two of ours.
A figure is the median of the ratios of ``--rounds`` rounds, with the lowest and the
highest beside it; then the average precision of both on a half of the rows that neither
has seen, the mean over the rounds, each of which has a seed of its own.
"""

# SPDX-License-Identifier: BSD-3-Clause

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from bench_cascade import made, mammography
from sklearn.metrics import average_precision_score
from sklearn.model_selection import train_test_split

K = 10
PEER = """
import sys, time
import numpy as np
from imbens.ensemble import SelfPacedEnsembleClassifier
rows = np.load(sys.argv[1])
for line in sys.stdin:
    model = SelfPacedEnsembleClassifier(n_estimators=10, random_state=int(line))
    start = time.perf_counter()
    model.fit(rows["X"], rows["y"])
    taken = time.perf_counter() - start
    np.save(sys.argv[1] + ".npy", model.predict_proba(rows["X_test"])[:, 1])
    print(taken, flush=True)
"""


def ours(parts: list[Any], seed: int) -> tuple[float, Any]:
    """Return the seconds of a fit, and the fitted ensemble."""
    from sklearn.tree import DecisionTreeClassifier

    from trimtab import SelfPacedEnsembleClassifier

    model = SelfPacedEnsembleClassifier(
        DecisionTreeClassifier(), n_estimators=K, n_bins=5, random_state=seed
    )
    start = time.perf_counter()
    model.fit(parts[0], parts[2])
    return time.perf_counter() - start, model


def compare(title: str, X: Any, y: Any, python: str, rounds: int) -> None:
    """Print our time over theirs, and the scores of both."""
    parts = train_test_split(X, y, test_size=0.5, stratify=y, random_state=0)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "rows.npz")
        np.savez(path, X=parts[0], X_test=parts[1], y=parts[2])
        with subprocess.Popen(
            [python, "-W", "ignore", "-c", PEER, path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as peer:
            assert peer.stdin
            assert peer.stdout
            ratios, fits, scores = [], [], []
            for seed in range(rounds + 1):
                before, _ = ours(parts, seed)
                print(seed, file=peer.stdin, flush=True)
                theirs = float(peer.stdout.readline())
                after, model = ours(parts, seed)
                if seed:  # the first round warms up
                    ratios.append((before + after) / 2 / theirs)
                    fits.append(theirs)
                    given = model.predict_proba(parts[1])[:, 1], np.load(path + ".npy")
                    scores.append([average_precision_score(parts[3], s) for s in given])
            peer.stdin.close()
    mine, their = np.mean(scores, axis=0)
    print(
        f"{title:12} {statistics.median(ratios):.2f} ({min(ratios):.2f} to "
        f"{max(ratios):.2f}) of theirs, {statistics.median(fits):.3f} s; average "
        f"precision {mine:.3f}, theirs {their:.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("python", help="an interpreter with imbalanced-ensemble")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    compare("mammography", *mammography(), options.python, options.rounds)
    few = max(3, options.rounds // 3)
    compare("200k x 30", *made(200_000, 0.02), options.python, few)


if __name__ == "__main__":
    sys.exit(main())
