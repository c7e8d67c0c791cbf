"""A training step with rows that are learned beside the plain network's step.

Run it with ``python benchmarks/bench_learned_rows.py``. All kinds take turns in one
process, so that what else the machine does falls on all of them; what is printed is the
median of processor times, and how many times the plain network's it is. What is done
once, such as looking for neighbours, is in a short and in a long run alike, and drops
out of their difference.
"""

# SPDX-License-Identifier: BSD-3-Clause

import argparse
import statistics
import time
from typing import Any

import torch
from sklearn.datasets import make_classification

from trimtab.synthesis.in_loop import SMOTERows
from trimtab.synthesis.learned_rows import AutoSMOTERows
from trimtab.training.networks import StackedMLP
from trimtab.training.trainer import Trainer

TABLES = ((214, 9, 1), (1500, 8, 1), (1500, 8, 10), (10_000, 30, 1), (10_000, 30, 4))
"""Rows, columns and networks that are trained as one."""


def epoch_seconds(kind: str, X: Any, y: Any, n_replicas: int, n_epochs: int) -> float:
    """Return the processor time of an epoch, less what is done once."""
    short, long = (seconds(kind, X, y, n_replicas, n) for n in (n_epochs, 3 * n_epochs))
    return (long - short) / (2 * n_epochs)


def seconds(kind: str, X: Any, y: Any, n_replicas: int, n_epochs: int) -> float:
    """Return the processor time of a training run."""
    syntheses = {
        "plain": lambda: None,
        "SMOTE": SMOTERows,
        "self": lambda: AutoSMOTERows("self"),
        "cohort": lambda: AutoSMOTERows("cohort"),
    }
    seeds = list(range(n_replicas))
    trainer = Trainer(
        StackedMLP(X.shape[1], 2, seeds=seeds),
        draw="over",
        synthesis=syntheses[kind](),
        max_epochs=n_epochs,
        device="cpu",
    )
    begun = time.process_time()
    trainer.fit(X, y, seeds=seeds)
    return time.process_time() - begun


def main() -> None:
    """Print a line for each table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    kinds = ("plain", "SMOTE", "self", "cohort")
    for n_rows, n_columns, n_replicas in TABLES:
        X, y = make_classification(
            n_rows, n_columns, n_informative=5, weights=[0.9], random_state=0
        )
        X, n_epochs = X.astype("float32"), max(20_000 // n_rows, 4)
        found: dict[str, list[float]] = {kind: [] for kind in kinds}
        for _ in range(rounds):
            for kind in kinds:
                found[kind].append(epoch_seconds(kind, X, y, n_replicas, n_epochs))
        plain = statistics.median(found["plain"])
        largest = 2 * int(max(y.mean(), 1 - y.mean()) * n_rows)  # rows of an epoch
        n_steps = -(-largest // 64)
        print(
            f"{n_rows} x {n_columns}, {n_replicas} networks: plain "
            f"{1e6 * plain / n_steps:.0f} microseconds a step; "
            + ", ".join(
                f"{kind} {statistics.median(found[kind]) / plain:.1f} times"
                for kind in kinds[1:]
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()
