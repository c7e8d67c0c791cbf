"""Gradients through a step of training: how rows should move for it to help.

A network takes one or more plain gradient steps on a loss that depends on rows that can
move. Another loss of the network so changed, on other rows, is differentiated by the
moving rows (Yasinnik, Salhov, Lindenbaum and Averbuch, arXiv 2202.10550, equations 1
and 2). All tensors carry a leading replica axis; replicas never mix.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = [
    "MetaStep",
    "adapted_weights",
    "meta_step",
    "scaled",
    "stepped_down",
]

Weights = dict[str, Tensor]
"""A network's parameters by name, the replica axis first."""

LossOfWeights = Callable[[Weights], Tensor]
"""From weights to one loss a replica, of shape (n_replicas,)."""

Rate = float | Tensor
"""Length of a step: one number, or one for each replica."""


def scaled(slopes: Tensor, rate: Rate) -> Tensor:
    """Return slopes of shape (n_replicas, ...), each replica's times its own rate."""
    if isinstance(rate, Tensor):
        return slopes * rate.view(-1, *[1] * (slopes.ndim - 1))
    return slopes * rate


def stepped_down(values: Tensor, slopes: Tensor, rate: Rate) -> Tensor:
    """Return values of shape (n_replicas, ...) after a step against their slopes."""
    if isinstance(rate, Tensor):
        return values - scaled(slopes, rate)
    return values.sub(slopes, alpha=rate)


class MetaStep(NamedTuple):
    """What a step through which rows are moved gives.

    Attributes
    ----------
    slope : Tensor of the shape of the moving rows, or None
        The gradient of the outer loss after the step; None where no outer loss was
        asked for.
    weights : dict of str to Tensor
        The weights after the step, detached.
    losses : Tensor of shape (n_replicas,)
        The inner loss before the step.
    """

    slope: Tensor | None
    weights: Weights
    losses: Tensor


def adapted_weights(
    inner: LossOfWeights,
    weights: Weights,
    learning_rate: Rate,
    n_steps: int = 1,
    *,
    differentiable: bool = True,
) -> tuple[Weights, Tensor]:
    """Take gradient steps that remember how they came about (equation 1).

    Parameters
    ----------
    inner : callable
        The loss that is stepped down.
    weights : dict of str to Tensor
        Where to start; they require gradients.
    learning_rate : float or Tensor of shape (n_replicas,)
        Length of a step, η1.
    n_steps : int, default=1
        How many.
    differentiable : bool, default=True
        Whether the result can be differentiated by what `inner` depends on.

    Returns
    -------
    weights : dict of str to Tensor
        After the last step.
    losses : Tensor of shape (n_replicas,)
        Before the first.
    """
    first: Tensor | None = None
    for _ in range(n_steps):
        losses = inner(weights)
        slopes = torch.autograd.grad(
            losses.sum(),
            list(weights.values()),
            create_graph=differentiable,
            allow_unused=True,
        )
        moved = {
            name: value if slope is None else stepped_down(value, slope, learning_rate)
            for (name, value), slope in zip(weights.items(), slopes, strict=True)
        }
        if not differentiable:
            moved = {name: new.detach().requires_grad_() for name, new in moved.items()}
        weights = moved
        first = losses.detach() if first is None else first
    assert first is not None
    return weights, first


def meta_step(
    inner: LossOfWeights,
    outer: LossOfWeights | None,
    weights: Weights,
    moving: Tensor,
    learning_rate: Rate,
    n_steps: int = 1,
) -> MetaStep:
    """Step the weights, and differentiate another loss through the step (equation 2).

    Works for every network and loss that PyTorch can differentiate twice.

    Parameters
    ----------
    inner : callable
        The loss that the weights step down; depends on `moving`.
    outer : callable or None
        The loss of the stepped weights.
    weights : dict of str to Tensor
        They require gradients.
    moving : Tensor of shape (n_replicas, n_moving, ...)
        Requires gradients.
    learning_rate : float or Tensor of shape (n_replicas,)
        Length of a step of the weights, η1.
    n_steps : int, default=1
        Steps of the weights.

    Returns
    -------
    MetaStep

    Examples
    --------
    One weight, one row, inner loss (w x)^2 / 2, outer loss the new weight itself:
    w - 0.1 w x^2, whose slope in x is -0.2 w x.

    >>> weights = {"w": torch.tensor([3.0], requires_grad=True)}
    >>> row = torch.tensor([2.0], requires_grad=True)
    >>> step = meta_step(
    ...     lambda w: (w["w"] * row) ** 2 / 2, lambda w: w["w"], weights, row, 0.1
    ... )
    >>> step.slope, step.weights["w"]
    (tensor([-1.2000]), tensor([1.8000]))
    """
    stepped, losses = adapted_weights(
        inner, weights, learning_rate, n_steps, differentiable=outer is not None
    )
    slope = None
    if outer is not None:
        (slope,) = torch.autograd.grad(outer(stepped).sum(), moving)
    return MetaStep(slope, {n: v.detach() for n, v in stepped.items()}, losses)
