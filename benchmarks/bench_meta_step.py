"""What a step through which rows move costs, beside a plain Adam step.

Run: ``python benchmarks/bench_meta_step.py``. One thread, a network of 64 features, 128
and 16 units and 2 classes, batches of 128 drawn, 128 moving and 128 meta rows. What is
compared alternates in one sitting; a figure is the median of the ratios of `--rounds`
rounds, with the lowest and the highest beside it. Also four folds as four replicas
beside four runs in a row.
"""

# SPDX-License-Identifier: BSD-3-Clause

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor

from trimtab.synthesis.meta_step import meta_step
from trimtab.synthesis.moving_rows import MovingRows
from trimtab.training.networks import StackedMLP
from trimtab.training.trainer import Trainer

FEATURES, WIDTHS, BATCH = 64, (128, 16), 128


def rows(n_sets: int, n_rows: int, seed: int) -> tuple[Tensor, Tensor]:
    """Return rows and codes of each set."""
    generator = torch.Generator().manual_seed(seed)
    X = torch.randn(n_sets, n_rows, FEATURES, generator=generator)
    return X, (X[..., 0] > 0).long()


def fit(n_replicas: int, epochs: int, row_rate: float | None) -> Callable[[], None]:
    """Return a training of 20 batches an epoch; with None plainly by AdamW."""
    seeds = list(range(n_replicas))
    moving = None
    if row_rate is not None:
        start, codes = rows(n_replicas, BATCH, 1)
        meta, meta_codes = rows(n_replicas, BATCH, 2)
        taken = torch.ones_like(codes, dtype=torch.bool)
        moving = MovingRows(
            start, codes, taken, meta, meta_codes, 2, row_learning_rate=row_rate
        )
    data = rows(n_replicas, 20 * BATCH, 0)

    def run() -> None:
        Trainer(
            StackedMLP(FEATURES, 2, seeds=seeds, widths=WIDTHS),
            synthesis=moving,
            optimizer="adamw" if moving is None else "sgd",
            schedule="constant",
            max_epochs=epochs,
            batch_size=BATCH,
            device="cpu",
        ).fit(*data, seeds=seeds)

    return run


def steps() -> tuple[Callable[[], None], Callable[[], None], Callable[[], None]]:
    """Return an Adam step on 128 rows, one on 384, and a meta step by autograd."""
    network = StackedMLP(FEATURES, 2, seeds=[0], widths=WIDTHS)
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    X, codes = rows(1, 3 * BATCH, 0)
    held, held_codes = rows(1, BATCH, 2)
    entropy = torch.nn.functional.cross_entropy

    def plain(size: int) -> None:
        optimizer.zero_grad()
        entropy(network(X[:, :size])[0], codes[0, :size]).backward()
        optimizer.step()

    def nested() -> None:
        weights = {
            n: p.detach().requires_grad_() for n, p in network.named_parameters()
        }
        moving = X[:, BATCH : 2 * BATCH].detach().requires_grad_()

        def loss(at: dict[str, Tensor], X: Tensor, codes: Tensor) -> Tensor:
            logits = torch.func.functional_call(network, at, (X,))
            return entropy(logits[0], codes[0])[None]

        joined = torch.cat([X[:, :BATCH], moving], dim=1)
        meta_step(
            lambda at: loss(at, joined, codes[:, : 2 * BATCH]),
            lambda at: loss(at, held, held_codes),
            weights,
            moving,
            0.01,
        )

    return lambda: plain(BATCH), lambda: plain(3 * BATCH), nested


def seconds(function: Callable[[], None], times: int = 1) -> float:
    """Return the seconds of one call."""
    start = time.perf_counter()
    for _ in range(times):
        function()
    return (time.perf_counter() - start) / times


def one_round(epochs: int) -> dict[str, float]:
    """Measure everything once; return the ratios."""
    adam, adam_of_all, nested = steps()
    adam()
    in_loop = seconds(fit(1, epochs, 10.0))
    step, n_steps = in_loop / (20 * epochs), 200
    plain, of_all = seconds(adam, n_steps), seconds(adam_of_all, n_steps)
    by_autograd = seconds(nested, n_steps)
    return {
        "meta step in the trainer / Adam step on 128 rows": step / plain,
        "meta step in the trainer / Adam step on 384 rows": step / of_all,
        "nested autograd alone / Adam step on 128 rows": by_autograd / plain,
        "trainer with moving rows / without": in_loop / seconds(fit(1, epochs, None)),
        "moving / not moved": in_loop / seconds(fit(1, epochs, 0.0)),
        "four runs / four replicas": 4 * in_loop / seconds(fit(4, epochs, 10.0)),
    }


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()
    torch.set_num_threads(1)
    one_round(2)
    measured = [one_round(options.epochs) for _ in range(options.rounds)]
    for name in measured[0]:
        values = [ratios[name] for ratios in measured]
        print(
            f"{name:50} {statistics.median(values):6.2f}"
            f"   ({min(values):.2f} to {max(values):.2f})"
        )


if __name__ == "__main__":
    main()
