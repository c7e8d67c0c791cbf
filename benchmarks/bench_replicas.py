"""What replicas, index draws and adaptation save or cost, on a Pima-sized table.

Run: ``python benchmarks/bench_replicas.py``. One thread, 768 rows of 8 features, 537 of
them to train on, an MLP of one hidden layer, batches of 64, the same number of epochs
for all. Whatever is compared alternates in one sitting; a figure is the median of the
ratios of `--rounds` rounds, with the lowest and the highest beside it.

The usual loop is a ``DataLoader`` over a ``TensorDataset`` with a
``WeightedRandomSampler``, ``torch.nn.Sequential``, AdamW with cosine annealing, and the
held-out loss after each epoch. The full loop also does what trimtab's trainer does
besides: it measures the classes' F1, with scikit-learn, adapts the weights to it, and
keeps the best weights.
"""

# SPDX-License-Identifier: BSD-3-Clause

import argparse
import copy
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from sklearn.metrics import f1_score
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

from trimtab.sampling.draw import AdaptiveDraw
from trimtab.training.class_scores import class_f1, confusion_matrices
from trimtab.training.classifier import NetworkClassifier
from trimtab.training.networks import StackedMLP
from trimtab.training.side_by_side import fit_together
from trimtab.training.trainer import Trainer

WIDTH, BATCH, N_REPLICAS = 64, 64, 20
NEVER = 10**9


def pima_sized() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return training rows, their codes, held-out rows and theirs."""
    random = np.random.default_rng(0)
    X = random.normal(size=(768, 8)).astype(np.float32)
    score = X[:, 0] + X[:, 1] * X[:, 2] + random.normal(size=768)
    codes = (score > np.quantile(score, 0.65)).astype(np.int64)
    return X[:537], codes[:537], X[537:652], codes[537:652]


TABLE = pima_sized()


def trimtab_fit(n_replicas: int, epochs: int, boost_frequency: int | None = 1) -> None:
    """Train with ART's draw, or with none where `boost_frequency` is None."""
    seeds = list(range(n_replicas))
    adapts = boost_frequency is not None
    trainer = Trainer(
        StackedMLP(8, 2, seeds=seeds, widths=(WIDTH,)),
        draw=AdaptiveDraw(boost_frequency=boost_frequency) if adapts else "prior",
        max_epochs=epochs,
        batch_size=BATCH,
        n_iter_no_change=None,
        device="cpu",
    )
    trainer.fit(*TABLE, seeds=seeds)


def settings_fit(epochs: int, together: bool) -> None:
    """Train networks of other rates, decays, dropout and blends under ART's draw."""
    settings = [
        NetworkClassifier(
            hidden_layer_sizes=WIDTH,
            draw=AdaptiveDraw(prior_blend=place),
            learning_rate_init=10 ** (-3 + place),
            weight_decay=10 ** (-3 - place),
            dropout=place / 2,
            max_iter=epochs,
            n_iter_no_change=None,
            batch_size=BATCH,
            device="cpu",
            random_state=0,
        )
        for place in np.linspace(0, 1, N_REPLICAS)
    ]
    X, codes, X_held, codes_held = TABLE
    for fitted in [settings] if together else [[setting] for setting in settings]:
        fit_together(fitted, X, codes, eval_set=(X_held, codes_held))


def usual_fit(epochs: int, full: bool) -> None:
    """Train one network as most people would."""
    X, codes, X_held, codes_held = map(torch.from_numpy, TABLE)
    weights = 1 / torch.bincount(codes)[codes]
    sampler = WeightedRandomSampler(weights.tolist(), len(codes))
    loader = DataLoader(TensorDataset(X, codes), batch_size=BATCH, sampler=sampler)
    network = nn.Sequential(nn.Linear(8, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 2))
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.001)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    criterion = nn.CrossEntropyLoss()
    lowest = float("inf")
    for _ in range(epochs):
        network.train()
        for inputs, targets in loader:
            optimizer.zero_grad()
            criterion(network(inputs), targets).backward()
            optimizer.step()
        scheduler.step()
        network.eval()
        with torch.no_grad():
            logits = network(X_held)
        loss = criterion(logits, codes_held).item()
        if full and loss < lowest:
            lowest, best = loss, copy.deepcopy(network.state_dict())
        if full:
            sampler.weights = adapted(codes, codes_held, logits)
    if full:
        network.load_state_dict(best)


def adapted(codes: Tensor, codes_held: Tensor, logits: Tensor) -> Tensor:
    """Return each row's weight by ART's rule, with scikit-learn's F1."""
    f1 = f1_score(codes_held, logits.argmax(dim=1), average=None)
    difficulty = torch.from_numpy(1 - f1)
    prior = torch.bincount(codes) / len(codes)
    wanted = prior / 2 + difficulty / difficulty.sum() / 2
    return (wanted / torch.bincount(codes))[codes]


def seconds(function: Callable[[], object], times: int = 1) -> float:
    """Return the seconds of one call."""
    start = time.perf_counter()
    for _ in range(times):
        function()
    return (time.perf_counter() - start) / times


def one_round(epochs: int) -> dict[str, float]:
    """Measure everything once; return the ratios."""
    together = seconds(lambda: trimtab_fit(N_REPLICAS, epochs))
    alone = seconds(lambda: trimtab_fit(1, epochs), 5)
    usual = seconds(lambda: usual_fit(epochs, full=False), 5)
    full = seconds(lambda: usual_fit(epochs, full=True), 5)
    settings = seconds(lambda: settings_fit(epochs, together=True))
    one_by_one = seconds(lambda: settings_fit(epochs, together=False))
    without = seconds(lambda: trimtab_fit(N_REPLICAS, epochs, NEVER))
    plain = seconds(lambda: trimtab_fit(N_REPLICAS, epochs, None))
    return {
        "20 single fits / 20 replicas": N_REPLICAS * alone / together,
        "20 settings one by one / together": one_by_one / settings,
        "20 usual loops / 20 replicas": N_REPLICAS * usual / together,
        "20 full loops / 20 replicas": N_REPLICAS * full / together,
        "usual loop / one replica": usual / alone,
        "full loop / one replica": full / alone,
        "adapting every epoch / same draw, never adapted": together / without,
        "adapting every epoch / no resampling": together / plain,
        "scikit-learn's F1 / ours, 15,000 rows": f1_ratio(),
    }


def f1_ratio() -> float:
    """Return what scikit-learn's per-class F1 takes over ours."""
    random = np.random.default_rng(0)
    codes, predicted = random.integers(0, 5, (2, 15_000))
    codes_there, predicted_there = torch.from_numpy(codes), torch.from_numpy(predicted)
    peer = seconds(lambda: f1_score(codes, predicted, average=None), 20)

    def ours() -> None:
        matrices = confusion_matrices(codes_there, predicted_there[None], 5)
        class_f1(matrices.numpy())

    return peer / seconds(ours, 100)


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--epochs", type=int, default=30)
    options = parser.parse_args()
    torch.set_num_threads(1)
    one_round(2)
    rounds = [one_round(options.epochs) for _ in range(options.rounds)]
    for name in rounds[0]:
        values = [ratios[name] for ratios in rounds]
        print(
            f"{name:48} {statistics.median(values):7.2f}"
            f"   ({min(values):.2f} to {max(values):.2f})"
        )


if __name__ == "__main__":
    main()
