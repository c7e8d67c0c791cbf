"""Which rows move, where they may go, and Algorithm 1 step by step."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from trimtab.synthesis.moving_rows import MovingRows
from trimtab.synthesis.moving_set import moving_counts, moving_set
from trimtab.synthesis.row_limits import RowLimits, onto_simplex
from trimtab.training.networks import StackedMLP
from trimtab.training.trainer import Trainer

RATE, ROW_RATE = 0.05, 100.0


def table(n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Make rows of two overlapping classes, every fourth one rare."""
    generator = torch.Generator().manual_seed(seed)
    codes = (torch.arange(n) % 4 == 0).long()
    return torch.randn(n, 3, generator=generator) + codes[:, None], codes


def moving_rows(n_replicas: int, **options: Any) -> MovingRows:
    """Let the 10 rare ones of 40 training rows move."""
    X, codes = table(40, 0)
    rare = codes == 1
    return MovingRows(
        X[rare].expand(n_replicas, -1, -1).clone(),
        codes[rare].expand(n_replicas, -1),
        torch.ones((n_replicas, 10), dtype=torch.bool),
        *table(20, 1),
        2,
        **{"row_learning_rate": ROW_RATE, **options},
    )


def trained(seeds: list[int], synthesis: MovingRows, **options: Any) -> Trainer:
    """Train beside moving rows, all rows in one batch."""
    given = {"max_epochs": 4, "batch_size": 64, "learning_rate_init": RATE, **options}
    trainer = Trainer(
        StackedMLP(3, 2, seeds=seeds, widths=(6,), **given.pop("network", {})),
        synthesis=synthesis,
        optimizer="sgd",
        weight_decay=0.0,
        schedule="constant",
        device="cpu",
        **given,
    )
    trainer.fit(*table(40, 0), *table(24, 2), seeds=seeds)
    return trainer


def test_algorithm_1_beside_a_plain_loop() -> None:
    """Four epochs of one batch, with PyTorch's own layers and nested gradients."""
    fitted = trained([3], moving_rows(1), n_iter_no_change=None, max_epochs=4)
    stacked = StackedMLP(3, 2, seeds=[3], widths=(6,))
    plain = nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 2))
    theirs = list(plain.parameters())
    with torch.no_grad():
        for own, other in zip(stacked.parameters(), theirs, strict=True):
            other.copy_(own[0].T.reshape(other.shape))
    (X, codes), (X_meta, codes_meta) = table(40, 0), table(20, 1)
    entropy = nn.functional.cross_entropy
    z = X[codes == 1].clone()
    positions = []
    for _ in range(4):
        z.requires_grad_()
        joined = torch.cat([X, z]), torch.cat([codes, torch.ones(10).long()])
        loss = entropy(plain(joined[0]), joined[1])
        slopes = torch.autograd.grad(loss, theirs, create_graph=True)
        new = [w - RATE * s for w, s in zip(theirs, slopes, strict=True)]
        hidden = (X_meta @ new[0].T + new[1]).relu()
        outer = entropy(hidden @ new[2].T + new[3], codes_meta)
        (slope,) = torch.autograd.grad(outer, z)
        z = (z - ROW_RATE * slope).detach()
        positions.append(z)
        with torch.no_grad():
            for weight, after in zip(theirs, new, strict=True):
                weight.copy_(after)

    moved = fitted.synthesis
    assert isinstance(moved, MovingRows)
    torch.testing.assert_close(moved.rows[0], positions[-1], rtol=1e-4, atol=1e-5)
    assert (positions[-1] - X[codes == 1]).abs().max() > 0.01


@pytest.mark.parametrize("network", [{}, {"dropout": 0.3}, {"layer_norm": True}])
@pytest.mark.parametrize("n_inner_steps", [1, 2])
def test_replica_among_many_equals_its_seed_alone(
    network: dict[str, Any], n_inner_steps: int
) -> None:
    """Rows and weights to rounding, small batches and early stops included."""
    options: dict[str, Any] = {
        "network": network,
        "batch_size": 8,
        "n_iter_no_change": 2,
        "max_epochs": 8,
        "selection": "average-precision",
    }
    settings_ = {"n_inner_steps": n_inner_steps}
    many = trained([1, 2, 3], moving_rows(3, **settings_), **options)
    for replica, seed in enumerate([1, 2, 3]):
        alone = trained([seed], moving_rows(1, **settings_), **options)
        assert many.best_epochs_[replica] == alone.best_epochs_[0]
        torch.testing.assert_close(
            many.synthesis.rows[replica],  # type: ignore[union-attr]
            alone.synthesis.rows[0],  # type: ignore[union-attr]
            rtol=1e-3,
            atol=1e-4,
        )


def test_rows_that_do_not_move_are_plain_over_sampling() -> None:
    """With a step of 0 the network is that of rare rows shown twice."""
    still = trained([5], moving_rows(1, row_learning_rate=0.0), n_iter_no_change=None)
    X, codes = table(40, 0)
    twice = torch.cat([X, X[codes == 1]]), torch.cat([codes, codes[codes == 1]])
    plain = Trainer(
        StackedMLP(3, 2, seeds=[5], widths=(6,)),
        optimizer="sgd",
        weight_decay=0.0,
        schedule="constant",
        learning_rate_init=RATE,
        max_epochs=4,
        n_iter_no_change=None,
        device="cpu",
    )
    plain.fit(*twice, *table(24, 2), seeds=[5])

    assert float(still.synthesis.shifts()) == 0  # type: ignore[union-attr]
    assert still.history_[0]["rows_per_class"].tolist() == [30, 20]
    for one, other in zip(
        still.network.parameters(), plain.network.parameters(), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_places_that_are_not_taken_count_for_nothing() -> None:
    """A replica with fewer moving rows is as if the others were not there."""
    some = moving_rows(1)
    some.taken[:, 6:] = False
    first = {name: getattr(some, name)[:, :6] for name in ("rows", "codes", "taken")}
    few = replace(some, **first)
    one, other = (
        trained([2], rows, n_iter_no_change=None).synthesis for rows in (some, few)
    )

    torch.testing.assert_close(one.rows[:, :6], other.rows)  # type: ignore[union-attr]
    torch.testing.assert_close(one.shifts(), other.shifts())  # type: ignore[union-attr]


def test_limits_hold_at_every_step() -> None:
    """Fixed columns stay, others keep to their range, whatever the step."""
    limits = RowLimits(
        torch.full((1, 1, 3), -0.5), torch.full((1, 1, 3), 0.5), torch.tensor([1])
    )
    rows = moving_rows(1, row_learning_rate=1e4, limits=limits)
    moved = trained([1], rows).synthesis.rows  # type: ignore[union-attr]

    assert moved[..., [0, 2]].abs().max() == 0.5
    first = rows.first_rows[..., 1].clamp(-0.5, 0.5)
    torch.testing.assert_close(moved[..., 1], first)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=6))
def test_simplex_projection_is_the_nearest_point(values: list[float]) -> None:
    """It is on the simplex, and no random point of it is nearer."""
    point = torch.tensor(values, dtype=torch.double)
    nearest = onto_simplex(point)
    assert abs(float(nearest.sum()) - 1) < 1e-9
    assert float(nearest.min()) >= 0
    others = np.random.default_rng(0).dirichlet(np.ones(len(values)), 200)
    away = np.linalg.norm(others - point.numpy(), axis=1)
    assert float((nearest - point).norm()) <= away.min() + 1e-9


def test_least_certain_rows_are_copied() -> None:
    """By hand: those of at most the bound, one of each class in any case."""
    codes = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2])
    certainty = np.array(
        [
            [0.9, 0.9, 0.9, 0.9, 0.6, 0.2, 0.4, 0.9, 0.8],
            [0.9, 0.9, 0.9, 0.9, 0.6, 0.7, 0.8, 0.1, 0.2],
        ]
    )
    chosen = moving_set(codes, moving_counts(np.bincount(codes)), certainty, 0.5)
    rows = [
        sorted(own[taken].tolist())
        for own, taken in zip(chosen.parents, chosen.taken, strict=True)
    ]
    assert rows == [[5, 6, 8], [4, 7, 8]]
    everything = moving_set(codes, moving_counts(np.bincount(codes)), certainty)
    assert everything.taken.all()
    assert sorted(everything.parents[0].tolist()) == [4, 5, 6, 7, 8]


def test_copies_wanted_beyond_the_rows_are_shared_evenly() -> None:
    """Five copies of two rows: the less certain one has three."""
    codes = np.array([0, 0, 0, 1, 1])
    chosen = moving_set(codes, np.array([0, 5]), np.array([[1, 1, 1, 0.8, 0.3]]))
    assert np.bincount(chosen.parents[0]).tolist() == [0, 0, 0, 2, 3]


def test_copies_asked_for_are_all_made() -> None:
    """As many as a class has rows are shared among those that are eligible."""
    codes, certainty = np.array([0, 0, 0, 1, 1]), np.array([[1, 1, 1, 0.8, 0.3]])
    wanted = np.array([0, 2])
    chosen = moving_set(codes, wanted, certainty, 0.5, in_full=True)
    assert chosen.parents.tolist() == [[4, 4]]
    assert moving_set(codes, wanted, certainty, 0.5).parents.tolist() == [[4]]
