"""What the cascade costs beside its members' own fits and predictions.

Run: ``TRIMTAB_DATA=FOLDER python benchmarks/bench_cascade.py``. Decision trees, k = 10,
on mammography and on a made table of 200,000 rows and 30 columns. The floor is what no
ensemble of this kind can avoid: ten fits on rows of the same number, drawn beforehand,
and ten predictions of all rows. Both alternate in one sitting; a figure is the median
of the ratios of ``--rounds`` rounds, with the lowest and the highest beside it.

``--huge`` adds a fit of ``MESAClassifier()`` on a made table of 5 million rows and 30
columns, 0.5 % of them positive: seconds, and the peak of the process's memory over the
size of the table.
"""

# SPDX-License-Identifier: BSD-3-Clause

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.tree import DecisionTreeClassifier

from trimtab import MESAClassifier, UnderSamplingEnsembleClassifier, datasets
from trimtab.ensembles.policies import GaussianPolicy, SelfPacedPolicy, UniformPolicy

K = 10
POLICIES = {
    "uniform": UniformPolicy(),
    "gaussian": GaussianPolicy(0.9),
    "self-paced": SelfPacedPolicy(),
}


def mammography() -> tuple[np.ndarray, np.ndarray]:
    """Return its rows and codes, 1 for the rare class."""
    table = datasets.load("mammography")
    y = np.asarray(table.y)
    classes, counts = np.unique(y, return_counts=True)
    X = np.ascontiguousarray(table.X, dtype=float)
    return X, (y == classes[counts.argmin()]).astype(np.int64)


def made(n_rows: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a table of 30 columns, of which three and a product tell the class."""
    random = np.random.default_rng(0)
    X = np.empty((n_rows, 30))
    for start in range(0, n_rows, 100_000):
        X[start : start + 100_000] = random.normal(size=(len(X[start:][:100_000]), 30))
    score = X[:, 0] + X[:, 1] * X[:, 2] + random.normal(size=n_rows)
    return X, (score > np.quantile(score, 1 - share)).astype(np.int64)


def floor(X: np.ndarray, codes: np.ndarray) -> Callable[[], None]:
    """Return ten fits on balanced draws and ten predictions of all rows."""
    random = np.random.default_rng(0)
    rare, common = np.flatnonzero(codes == 1), np.flatnonzero(codes == 0)
    draws = []
    for _ in range(K):
        chosen = np.append(rare, random.choice(common, len(rare), replace=False))
        draws.append((X[chosen], codes[chosen]))

    def run() -> None:
        for rows, labels in draws:
            tree = DecisionTreeClassifier(random_state=0).fit(rows, labels)
            tree.predict_proba(X)

    return run


def seconds(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def compare(title: str, X: np.ndarray, codes: np.ndarray, rounds: int) -> None:
    """Print each policy's time over the floor, in turn with it."""
    bare = floor(X, codes)
    seconds(bare)
    for name, policy in POLICIES.items():
        model = UnderSamplingEnsembleClassifier(
            DecisionTreeClassifier(), policy, n_estimators=K, random_state=0
        )
        ratios, fits = [], []
        for _ in range(rounds):
            before = seconds(bare)
            fits.append(seconds(lambda model=model: model.fit(X, codes)))
            after = seconds(bare)
            ratios.append(2 * fits[-1] / (before + after))
        middle = statistics.median(ratios)
        print(
            f"{title:12} {name:12} {middle:5.2f} ({min(ratios):.2f} to "
            f"{max(ratios):.2f}) times the floor, {statistics.median(fits):.3f} s"
        )


def peak() -> float:
    """Return the most memory that the process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fit_huge() -> None:
    """Print the time and the peak memory of a fit on 5 million rows."""
    X, codes = made(5_000_000, 0.005)
    size, before = X.nbytes / 2**20, peak()
    taken = seconds(lambda: MESAClassifier(random_state=0).fit(X, codes))
    print(
        f"5M x 30      MESAClassifier() {taken:.0f} s; table {size:.0f} MiB, peak "
        f"{before:.0f} MiB before the fit and {peak():.0f} MiB after, "
        f"{peak() / size:.2f} times the table"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--huge", action="store_true")
    options = parser.parse_args()
    compare("mammography", *mammography(), options.rounds)
    compare("200k x 30", *made(200_000, 0.02), max(3, options.rounds // 3))
    if options.huge:
        fit_huge()


if __name__ == "__main__":
    main()
