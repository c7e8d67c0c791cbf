"""What a step through which rows move costs, beside a plain Adam step.

Run: ``python benchmarks/bench_moving_rows.py``. One thread, processor time. The network
has 64 features, 128 and 16 units and 2 classes; 128 drawn, 128 moving and 128 meta rows
a step. Whatever is compared alternates in one sitting; a figure is the median of the
ratios of `--rounds` rounds, with the lowest and the highest beside it. An Adam step is
``torch.optim.Adam`` on a ``torch.nn.Sequential``, as they come.

Also four folds as four replicas beside four fits in a row, of `--epochs` epochs on
tables of the sizes of ecoli, yeast_me2 and abalone.
"""

# SPDX-License-Identifier: BSD-3-Clause

import argparse
import statistics
import time
import warnings
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from trimtab.explicit_gradient import ExplicitGradientClassifier
from trimtab.losses.logit_slopes import CrossEntropySlopes
from trimtab.synthesis.meta_step import meta_step
from trimtab.synthesis.moving_rows import MovingRows
from trimtab.synthesis.perceptron_step import SlopesOfLogits, perceptron_meta_step
from trimtab.training.networks import StackedMLP
from trimtab.training.side_by_side import fit_together_on
from trimtab.training.trainer import Trainer

FEATURES, WIDTHS, BATCH = 64, (128, 16), 128
TABLES = {"ecoli": (252, 7, 26), "yeast_me2": (1113, 8, 38), "abalone": (3132, 10, 293)}

Task = Callable[[], None]


def rows(n_sets: int, n_rows: int, seed: int) -> tuple[Tensor, Tensor]:
    """Return rows and codes of each set."""
    generator = torch.Generator().manual_seed(seed)
    X = torch.randn(n_sets, n_rows, FEATURES, generator=generator)
    return X, (X[..., 0] > 0).long()


def adam(n_rows: int) -> Task:
    """Return an Adam step on so many rows."""
    first, second = WIDTHS
    hidden = [nn.Linear(FEATURES, first), nn.ReLU(), nn.Linear(first, second)]
    network = nn.Sequential(*hidden, nn.ReLU(), nn.Linear(second, 2))
    optimizer = torch.optim.Adam(network.parameters())
    X, codes = (values[0] for values in rows(1, n_rows, 0))

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(X), codes).backward()
        optimizer.step()

    return step


def by_hand() -> Task:
    """Return the second-order step in closed form, and what both then do with it."""
    network = StackedMLP(FEATURES, 2, seeds=[0], widths=WIDTHS)
    values = [parameter.data for parameter in network.parameters()]
    layers = list(zip(values[::2], values[1::2], strict=True))
    X, codes = rows(1, 2 * BATCH, 0)
    held, held_codes = rows(1, BATCH, 2)

    def on(codes: Tensor) -> SlopesOfLogits:
        return lambda logits: CrossEntropySlopes(logits, codes)

    inner, outer = on(codes), on(held_codes)

    def step() -> None:
        slope, slopes, _ = perceptron_meta_step(
            layers, X, BATCH, inner, held, outer, 0.01
        )
        every = [one for pair in slopes for one in pair]
        torch._foreach_add_(values, every, alpha=-0.01)
        X[:, BATCH:].sub_(slope, alpha=10.0)

    return step


def nested() -> Task:
    """Return the same slope by nested autograd."""
    network = StackedMLP(FEATURES, 2, seeds=[0], widths=WIDTHS)
    X, codes = rows(1, 2 * BATCH, 0)
    held, held_codes = rows(1, BATCH, 2)

    def loss(at: dict[str, Tensor], X: Tensor, codes: Tensor) -> Tensor:
        logits = torch.func.functional_call(network, at, (X,))
        return nn.functional.cross_entropy(logits[0], codes[0])[None]

    def step() -> None:
        weights = {
            n: p.detach().requires_grad_() for n, p in network.named_parameters()
        }
        moving = X[:, BATCH:].detach().requires_grad_()
        joined = torch.cat([X[:, :BATCH], moving], dim=1)
        meta_step(
            lambda at: loss(at, joined, codes),
            lambda at: loss(at, held, held_codes),
            weights,
            moving,
            0.01,
        )

    return step


def training(epochs: int, row_rate: float | None) -> Task:
    """Return a training of 20 batches an epoch; with None plainly by AdamW."""
    moving = None
    if row_rate is not None:
        start, codes = rows(1, BATCH, 1)
        taken = torch.ones_like(codes, dtype=torch.bool)
        meta = rows(1, BATCH, 2)
        moving = MovingRows(start, codes, taken, *meta, 2, row_learning_rate=row_rate)
    data = rows(1, 20 * BATCH, 0)

    def run() -> None:
        Trainer(
            StackedMLP(FEATURES, 2, seeds=[0], widths=WIDTHS),
            synthesis=moving,
            optimizer="adamw" if moving is None else "sgd",
            schedule="constant",
            max_epochs=epochs,
            batch_size=BATCH,
            device="cpu",
        ).fit(*data, seeds=[0])

    return run


def folds(sizes: tuple[int, int, int], epochs: int) -> tuple[Task, Task]:
    """Return four fits in a row, and the same four as one run."""
    n_rows, n_columns, n_rare = sizes
    random = np.random.default_rng(0)
    y = np.repeat([0, 1], [n_rows - n_rare, n_rare])
    tables = [(random.normal(size=(n_rows, n_columns)) + y[:, None], y)] * 4

    def models() -> list[ExplicitGradientClassifier]:
        return [
            ExplicitGradientClassifier(max_iter=epochs, random_state=seed)
            for seed in range(4)
        ]

    def in_a_row() -> None:
        for model, table in zip(models(), tables, strict=True):
            model.fit(*table)

    return in_a_row, lambda: fit_together_on(models(), tables)


def seconds(task: Task, times: int = 1) -> float:
    """Return the processor's seconds for one call."""
    start = time.process_time()
    for _ in range(times):
        task()
    return (time.process_time() - start) / times


def one_round(epochs: int, n_steps: int) -> dict[str, float]:
    """Measure everything once; return the ratios."""
    tasks = {"adam": adam(BATCH), "adam of all": adam(3 * BATCH)}
    tasks |= {"hand": by_hand(), "nested": nested()}
    for task in tasks.values():
        seconds(task, 20)
    of = {name: seconds(task, n_steps) for name, task in tasks.items()}
    moved = seconds(training(epochs, 10.0))
    stayed, plain = seconds(training(epochs, 0.0)), seconds(training(epochs, None))
    ratios = {
        "meta step by hand / Adam step on 128 rows": of["hand"] / of["adam"],
        "meta step by hand / Adam step on 384 rows": of["hand"] / of["adam of all"],
        "slope by autograd / Adam step on 128 rows": of["nested"] / of["adam"],
        "step in the trainer / Adam step": moved / 20 / epochs / of["adam"],
        "trainer, rows that move / none": moved / plain,
        "trainer, rows that move / that stay": moved / stayed,
    }
    for name, sizes in TABLES.items():
        in_a_row, together = folds(sizes, epochs)
        ratio = seconds(in_a_row) / seconds(together)
        ratios[f"{name}: four fits / four replicas"] = ratio
    return ratios


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--steps", type=int, default=300)
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    one_round(2, 20)
    measured = [one_round(options.epochs, options.steps) for _ in range(options.rounds)]
    for name in measured[0]:
        values = [ratios[name] for ratios in measured]
        print(
            f"{name:44} {statistics.median(values):6.2f}"
            f"   ({min(values):.2f} to {max(values):.2f})"
        )


if __name__ == "__main__":
    main()
