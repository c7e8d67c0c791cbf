"""How the policy that ships was made: search over schedules on 14 data sets.

Reinforcement learning was tried first and did not pay (``docs/user_guide/mesa.rst`` has
the figures): an episode's reward says little about one action. So members are pooled
instead. On each split of each set, nine members are fitted at each of five ratios; an
ensemble under any policy over the ratio is then a mean of members that are there
already, and thousands of policies are compared on the same splits and draws.

    python benchmarks/pretrain_mesa.py pool POOLS     # 14 sets, two of five folds
    python benchmarks/pretrain_mesa.py search POOLS --out FILE

The first takes minutes and goes on where it was stopped.
"""

# SPDX-License-Identifier: BSD-3-Clause

import argparse
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from trimtab.datasets import load
from trimtab.ensembles.cascade import Cascade
from trimtab.ensembles.default_learner import default_learner
from trimtab.ensembles.held_out_score import average_precision
from trimtab.ensembles.policies import gaussian_draw
from trimtab.ensembles.round import Round
from trimtab.meta_sampler.action import ActionSpace
from trimtab.meta_sampler.policy import LearnedPolicy
from trimtab.meta_sampler.state import StateLayout
from trimtab.tables import held_out_split

TASKS = (
    "abalone", "abalone_19", "car_eval_34", "car_eval_4", "ecoli", "oil", "ozone_level",
    "pen_digits", "satimage", "sick_euthyroid", "thyroid_sick", "us_crime",
    "wine_quality", "yeast_me2",
)  # fmt: skip
FOLDS = (0, 1)  # of five; the other three have no part in it
MOST_ROWS = 6000
K = 10
LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)  # of log ratio, from 1:1 to all rows
MU, SIGMA = 1.0, 1.0  # best of {0.2, 0.45, 1} in a grid of constants on the same sets
N_CANDIDATES = 2000
FAMILY, ROW_COST = "late", 0.01  # by what `search` prints, and a fold not used
FAMILIES = ("constant", "late", "round", "facts", "round and facts")
STEEP = 40.0
BAG = np.array([[9.0, 0.0, 0.0, 0.0, 1.0]])  # all rows for each member but the first
N_BINS = 5
IMBALANCE, RARE, SHARE = -6, -4, -1  # positions in the state "training"

Floats = NDArray[np.float64]


class Fixed:
    """Members at one level of the ratio, the first balanced as for any policy."""

    def __init__(self, level: float) -> None:
        self._level = level

    def select(self, round: Round) -> NDArray[np.integer[Any]]:
        """Return the rows of the next member."""
        if not round.number:
            return round.draw()
        counts = round.class_counts
        ratio = float(counts.max() / counts.min()) ** self._level
        return gaussian_draw(round, MU, SIGMA, max(1.0, ratio))


def fold_of(name: str, fold: int) -> tuple[Any, Any, Any, Any]:
    """Return the training and the test rows of a fold, of at most 6,000."""
    X, y, _ = load(f"imblearn27/{name}")
    X, y = np.asarray(X, dtype=float), np.asarray(y).astype(int)
    if len(y) > MOST_ROWS:
        kept, _ = held_out_split(y, 1 - MOST_ROWS / len(y), random_state=0)
        X, y = X[kept], y[kept]
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    train, test = list(folds.split(X, y))[fold]
    return X[train], y[train], X[test], y[test]


def pool(folder: Path) -> None:
    """Fit the members of all sets, folds and levels; keep what they say of test rows.

    A file for each fold of each set: ``first`` (n_test,), ``members`` (levels, k - 1,
    n_test), ``y``, ``facts`` of the table, ``rows`` and ``seconds`` (of the processor)
    of each level.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for fold in FOLDS:
        for name in TASKS:
            path = folder / f"{name}-{fold}.npz"
            if path.exists():
                continue
            X, y, X_test, y_test = fold_of(name, fold)
            members, rows, seconds = [], [], []
            for level in LEVELS:
                start = time.process_time()
                cascade = Cascade(
                    default_learner, X, y, n_rounds=K, rng=np.random.default_rng(fold)
                )
                cascade.grow(Fixed(level))
                seconds.append(time.process_time() - start)
                found = [m.predict_proba(X_test)[:, 1] for m in cascade.members]
                members.append(found[1:])
                drawn = [r["rows_per_class"].sum() for r in cascade.records]
                rows.append(drawn[1] / len(y))
            state = StateLayout("training", N_BINS).observe(cascade.round)
            np.savez(
                path,
                first=np.float32(found[0]),
                members=np.float32(members),
                y=y_test == 1,
                facts=state[-6:],
                rows=rows,
                seconds=seconds,
            )
            print(fold, name, round(sum(seconds), 1), flush=True)


def candidates(family: str, seed: int = 0) -> Floats:
    """Return what decides the ratio: numbers whose sum, squashed, is the level.

    Parameters
    ----------
    family : str
        One of `FAMILIES`: what the level may depend on.
    seed : int, default=0
        Decides them.

    Returns
    -------
    ndarray of shape (N_CANDIDATES, 5)
        Bias; weights of the share of members that are there, of the log of the rare
        rows, of the log imbalance; and the share of members from which on the level
        rises to 1.
    """
    rng = np.random.default_rng(seed)
    reach = np.array([3.0, 10.0, 3.0, 3.0])
    weights = rng.uniform(-reach, reach, (N_CANDIDATES, 4))
    start = rng.uniform(0.3, 0.95, N_CANDIDATES)
    if "round" not in family:
        weights[:, 1] = 0
    if "facts" not in family:
        weights[:, 2:] = 0
    if "late" not in family:
        start[:] = 1
    return np.column_stack([weights, start])


def levels_of(weights: Floats, facts: Floats) -> Floats:
    """Return the level that each candidate chooses for members 2 to k."""
    there = np.arange(1, K) / K
    of_task = weights[:, 2] * (6 * facts[RARE] - 2)
    of_task += weights[:, 3] * (4 * facts[IMBALANCE] - 1.2)
    z = weights[:, :1] + weights[:, 1:2] * (there - 0.5) + of_task[:, None]
    z += STEEP * np.maximum(there - weights[:, 4:], 0)
    return (np.tanh(z) + 1) / 2


def judge(path: Path, weights: Floats) -> tuple[Floats, Floats]:
    """Return the score of each candidate in a fold, and its rows over a bag's.

    Between two levels the members of both are mixed.
    """
    pooled = np.load(path)
    levels, last = levels_of(weights, pooled["facts"]), len(LEVELS) - 1
    lower = np.minimum((levels * last).astype(int), last - 1)
    upper_share = levels * last - lower
    mix = np.zeros((len(weights), len(LEVELS), K - 1))
    who, when = np.indices(lower.shape)
    mix[who, lower, when] = 1 - upper_share
    mix[who, lower + 1, when] = upper_share
    members = pooled["members"].reshape(-1, len(pooled["y"]))
    scores = pooled["first"] + mix.reshape(len(weights), -1) @ members
    found = np.array([average_precision(pooled["y"], s) for s in scores])
    imbalance = 10 ** (4 * pooled["facts"][IMBALANCE])
    drawn = (1 + imbalance**levels) / (1 + imbalance)
    rows = (drawn.sum(axis=1) + 2 / (1 + imbalance)) / K
    return found, rows


def judged(folder: Path, weights: Floats) -> tuple[Floats, Floats]:
    """Return `judge` of each set, the mean over its folds, (n_sets, n_candidates)."""
    by_set = []
    for name in TASKS:
        folds = [judge(path, weights) for path in sorted(folder.glob(f"{name}-?.npz"))]
        by_set.append(np.mean(folds, axis=0))
    scores, rows = np.swapaxes(by_set, 0, 1)
    return scores, rows


def best(scores: Floats, rows: Floats, row_cost: float, weights: Floats) -> Floats:
    """Return the mean of the best hundredth, which is luckier than none of them."""
    value = (scores - row_cost * rows).mean(axis=0)
    return weights[np.argsort(-value)[: N_CANDIDATES // 100]].mean(axis=0)


class Search:
    """All candidates of a family, judged."""

    def __init__(self, folder: Path, family: str) -> None:
        self._folder = folder
        self.weights = candidates(family)
        self.scores, self.rows = judged(folder, self.weights)

    def chosen(self, row_cost: float) -> Floats:
        """Return the weights that are best on all sets."""
        return best(self.scores, self.rows, row_cost, self.weights)

    def left_out(self, row_cost: float) -> tuple[Floats, Floats]:
        """Return score and rows on each set, under what is best on all others."""
        others = ~np.eye(len(TASKS), dtype=bool)
        chosen = [
            best(self.scores[k], self.rows[k], row_cost, self.weights) for k in others
        ]
        scores, rows = judged(self._folder, np.array(chosen))
        return np.diag(scores), np.diag(rows)


def as_policy(weights: Floats, about: dict[str, Any]) -> LearnedPolicy:
    """Return the policy of a candidate: mu and sigma at their borders, and the ratio.

    The hidden layer hands on what cannot be negative, and bends at the start.
    """
    state, action = StateLayout("training", N_BINS), ActionSpace("mu-ratio-sigma")
    bias, of_round, of_rare, of_imbalance, start = weights
    hidden = np.zeros((4, state.size), np.float32)
    hidden[range(4), [SHARE, RARE, IMBALANCE, SHARE]] = 1
    bends = np.array([0, 0, 0, -start], np.float32)
    out = np.zeros((action.size, 4), np.float32)
    out[1] = of_round, 6 * of_rare, 4 * of_imbalance, STEEP
    border = 4.0  # where tanh is 0.999
    ratio = bias - 0.5 * of_round - 2 * of_rare - 1.2 * of_imbalance
    biases = np.array([border, ratio, border], np.float32)
    layers = ((hidden, bends), (out, biases))
    return LearnedPolicy(layers, state, action, "average_precision", about)


def card(folder: Path, found: Search) -> dict[str, Any]:
    """Return what is to be known of the policy."""
    weights = found.chosen(ROW_COST)
    scores, rows = judged(folder, weights[None])
    bag = judged(folder, BAG)[0][:, 0]
    left_out = found.left_out(ROW_COST)
    results = zip(TASKS, scores[:, 0], rows[:, 0], *left_out, bag, strict=True)
    columns = ("score", "rows", "score_left_out", "rows_left_out", "score_all_rows")
    libraries = ("trimtab", "lightgbm", "numpy", "scikit-learn")
    return {
        "tasks": [
            {
                "name": name,
                **{c: round(float(v), 4) for c, v in zip(columns, of, strict=True)},
            }
            for name, *of in results
        ],
        "training": {
            "script": "benchmarks/pretrain_mesa.py",
            "learner": "LightGBM, trimtab's default",
            "n_estimators": K,
            "folds": f"{FOLDS} of 5, at most {MOST_ROWS} rows",
            "family": FAMILY,
            "n_candidates": N_CANDIDATES,
            "row_cost": ROW_COST,
            "weights": [round(float(w), 4) for w in weights],
        },
        "versions": {name: version(name) for name in libraries},
    }


def search(folder: Path, out: Path | None) -> None:
    """Compare families and prices of rows; write the policy of the chosen ones."""
    bag = judged(folder, BAG)[0][:, 0]
    print(f"all rows: {bag.mean():.4f}; below: score less that, rows over a bag's")
    for family in FAMILIES:
        found = Search(folder, family)
        for row_cost in (0.0, 0.005, 0.01, 0.02, 0.04):
            scores, rows = found.left_out(row_cost)
            gain = scores - bag
            error = gain.std() / np.sqrt(len(gain))
            of_all, _ = judged(folder, found.chosen(row_cost)[None])
            fitted = (of_all[:, 0] - bag).mean()
            print(
                f"{family:15} row cost {row_cost:5.3f}: {fitted:+.4f}"
                f", left out {gain.mean():+.4f} ({error:.4f}), rows {rows.mean():.2f}",
                found.chosen(row_cost).round(2),
                flush=True,
            )
        if family == FAMILY and out is not None:
            about = card(folder, found)
            print(as_policy(found.chosen(ROW_COST), about).save(out))


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("step", choices=("pool", "search"))
    parser.add_argument("pools", type=Path)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    if arguments.step == "pool":
        pool(arguments.pools)
    else:
        search(arguments.pools, arguments.out)


if __name__ == "__main__":
    main()
