"""Gradients through a step, beside finite differences and a plain nested autograd."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from trimtab.losses import CrossEntropy, Focal
from trimtab.losses.logit_slopes import CrossEntropySlopes
from trimtab.losses.loss import Loss
from trimtab.synthesis.meta_step import Weights, meta_step
from trimtab.synthesis.perceptron_step import (
    AutogradSlopes,
    SlopesOfLogits,
    perceptron_meta_step,
)
from trimtab.training.networks import StackedMLP

R, WIDTH, CLASSES, ROWS, MOVING, HELD, RATE = 3, 5, 3, 9, 4, 8, 0.3


def network(widths: tuple[int, ...], **options: Any) -> StackedMLP:
    """Give R perceptrons in double precision."""
    seeds = list(range(R))
    return StackedMLP(WIDTH, CLASSES, seeds=seeds, widths=widths, **options).double()


class Problem:
    """Random rows, and the losses of a network on them."""

    def __init__(self, module: StackedMLP, loss: Loss | None = None) -> None:
        generator = torch.Generator().manual_seed(0)
        self.module = module
        self.names = [name for name, _ in module.named_parameters()]
        self.rows, self.held = (
            torch.randn(R, n, WIDTH, generator=generator).double() for n in (ROWS, HELD)
        )
        self.codes, self.held_codes = (
            torch.randint(CLASSES, (R, n), generator=generator) for n in (ROWS, HELD)
        )
        self.loss_of = loss or CrossEntropy()
        self.loss_of.start(torch.tensor([5, 3, 1]), 1)

    def loss(self, logits: Tensor, codes: Tensor) -> Tensor:
        """Do without the losses' own cast to single precision."""
        rows = self.loss_of.row_losses(logits, codes)  # type: ignore[attr-defined]
        return rows.mean(dim=1)

    def weights(self) -> Weights:
        return {
            n: p.detach().clone().requires_grad_()
            for n, p in self.module.named_parameters()
        }

    def call(self, weights: Weights, rows: Tensor) -> Tensor:
        for part in self.module.modules():  # the same masks at every call
            if hasattr(part, "reset"):
                part.reset()
        return torch.func.functional_call(self.module, weights, (rows,))

    def joined(self, moving: Tensor) -> Tensor:
        return torch.cat([self.rows[:, :-MOVING], moving], dim=1)

    def inner(self, moving: Tensor) -> Callable[[Weights], Tensor]:
        rows = self.joined(moving)
        return lambda weights: self.loss(self.call(weights, rows), self.codes)

    def outer(self, weights: Weights) -> Tensor:
        return self.loss(self.call(weights, self.held), self.held_codes)

    def step(self, n_steps: int = 1) -> Tensor:
        moving = self.rows[:, -MOVING:].clone().requires_grad_()
        result = meta_step(
            self.inner(moving), self.outer, self.weights(), moving, RATE, n_steps
        )
        assert result.slope is not None
        return result.slope

    def after(self, moving: Tensor, n_steps: int) -> Tensor:
        """Return the outer losses by steps that know of no second derivative."""
        weights = self.weights()
        for _ in range(n_steps):
            slopes = torch.autograd.grad(
                self.inner(moving)(weights).sum(), list(weights.values())
            )
            pairs = zip(weights.items(), slopes, strict=True)
            weights = {n: (w - RATE * s).detach() for (n, w), s in pairs}
            weights = {n: w.requires_grad_() for n, w in weights.items()}
        return self.outer(weights).detach()

    def finite_differences(self, n_steps: int) -> Tensor:
        start = self.rows[:, -MOVING:]
        slope = torch.zeros_like(start)
        for row, column in torch.cartesian_prod(*map(torch.arange, start.shape[1:])):
            shift = torch.zeros_like(start)
            shift[:, row, column] = 1e-6  # in all replicas at once
            up, down = (self.after(start + sign * shift, n_steps) for sign in (1, -1))
            slope[:, row, column] = (up - down) / 2e-6
        return slope


@pytest.mark.parametrize("n_steps", [1, 3])
@pytest.mark.parametrize(
    "options",
    [
        {"widths": (7,)},
        {"widths": (7, 6)},
        {"widths": (7, 6, 5)},
        {"widths": (7, 6), "dropout": 0.3},
        {"widths": (7, 6), "layer_norm": True},
        {"widths": (7,), "layer_norm": True, "cosine_logits": True},
    ],
    ids=["one", "two", "three", "dropout", "norm", "cosine"],
)
def test_slope_beside_finite_differences(options: Any, n_steps: int) -> None:
    """Of the outer loss by each coordinate of each moving row, in float64."""
    problem = Problem(network(**options))

    slope = problem.step(n_steps)
    expected = problem.finite_differences(n_steps)
    assert expected.abs().max() > 1e-4
    torch.testing.assert_close(slope, expected, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize(
    ("loss", "closed"),
    [(CrossEntropy(), True), (CrossEntropy(), False), (Focal(2.0), False)],
    ids=["closed", "plain", "focal"],
)
@pytest.mark.parametrize("widths", [(), (7,), (7, 6), (7, 6, 5)])
def test_by_hand_beside_autograd(
    widths: tuple[int, ...], loss: Loss, closed: bool
) -> None:
    """The perceptron's slope and its own gradients are those of nested autograd."""
    problem = Problem(network(widths), loss)
    weights = problem.weights()
    names = [
        (problem.names[i], problem.names[i + 1])
        for i in range(0, len(problem.names), 2)
    ]

    def slopes_on(codes: Tensor) -> SlopesOfLogits:
        if closed:
            return lambda logits: CrossEntropySlopes(logits, codes)
        return lambda logits: AutogradSlopes(lambda at: problem.loss(at, codes), logits)

    slope, slopes, losses = perceptron_meta_step(
        [(weights[w], weights[b]) for w, b in names],
        problem.rows,
        MOVING,
        slopes_on(problem.codes),
        problem.held,
        slopes_on(problem.held_codes),
        RATE,
    )

    moving = problem.rows[:, -MOVING:].clone().requires_grad_()
    inner = problem.inner(moving)
    start = inner(weights)
    plain = torch.autograd.grad(start.sum(), list(weights.values()), create_graph=True)
    pairs = zip(weights.items(), plain, strict=True)
    stepped = {name: weight - RATE * own for (name, weight), own in pairs}
    (expected,) = torch.autograd.grad(problem.outer(stepped).sum(), moving)
    assert slope is not None
    torch.testing.assert_close(slope, expected, rtol=1e-10, atol=1e-14)
    torch.testing.assert_close(losses, start.detach())
    for by_hand, other in zip([s for p in slopes for s in p], plain, strict=True):
        torch.testing.assert_close(by_hand, other.detach(), rtol=1e-10, atol=1e-14)


def test_replicas_do_not_mix() -> None:
    """Other held-out rows of the first replica change its own slope alone."""
    problem = Problem(network((7,)))
    before = problem.step()
    problem.held[0] += 1.0
    after = problem.step()

    assert (before[0] - after[0]).abs().max() > 1e-6
    torch.testing.assert_close(before[1:], after[1:], rtol=0, atol=0)


def test_without_an_outer_loss_there_is_a_step_alone() -> None:
    """The weights go down the slope as those of a plain step do."""
    problem = Problem(network((7,)))
    moving = problem.rows[:, -MOVING:].clone().requires_grad_()
    inner, weights = problem.inner(moving), problem.weights()
    alone = meta_step(inner, None, weights, moving, RATE)
    both = meta_step(inner, problem.outer, weights, moving, RATE)

    assert alone.slope is None
    for name, value in alone.weights.items():
        torch.testing.assert_close(value, both.weights[name])
