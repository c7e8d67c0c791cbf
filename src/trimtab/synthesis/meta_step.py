"""Gradients through a step of training: how rows should move for it to help.

A network takes one or more plain gradient steps on a loss that depends on rows that can
move. Another loss of the network so changed, on other rows, is differentiated by the
moving rows (Yasinnik, Salhov, Lindenbaum and Averbuch, arXiv 2202.10550, equations 1
and 2). All tensors carry a leading replica axis; replicas never mix.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = [
    "LossOfLogits",
    "LossOfWeights",
    "MetaStep",
    "Weights",
    "adapted_weights",
    "meta_step",
    "perceptron_meta_step",
]

Weights = dict[str, Tensor]
"""A network's parameters by name, the replica axis first."""

LossOfWeights = Callable[[Weights], Tensor]
"""From weights to one loss a replica, of shape (n_replicas,)."""

LossOfLogits = Callable[[Tensor], Tensor]
"""From logits (n_replicas, n_rows, n_classes) to one loss a replica."""


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
    learning_rate: float,
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
    learning_rate : float
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
            name: value if slope is None else value - learning_rate * slope
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
    learning_rate: float,
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
    learning_rate : float
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


Layers = Sequence[tuple[Tensor, Tensor]]
"""Weights (R, n_inputs, n_outputs) and bias (R, 1, n_outputs) of each layer."""


def perceptron_meta_step(
    layers: Layers,
    rows: Tensor,
    n_moving: int,
    inner: LossOfLogits,
    held: Tensor,
    outer: LossOfLogits | None,
    learning_rate: float,
) -> tuple[Tensor | None, list[tuple[Tensor, Tensor]], Tensor]:
    """Do as `meta_step` for one step of a multi-layer perceptron with ReLU, by hand.

    Where the loss is a mean over rows, the slope is that of the product of two
    gradients in the weights: the inner one, and the outer one after the step. Along
    the outer one the perceptron is differentiated forwards, then all backwards.

    Parameters
    ----------
    layers : sequence of pair of Tensor
        Weights and bias of each layer; ReLU between them.
    rows : Tensor of shape (n_replicas, n_rows, n_inputs)
        Of the inner loss; the last `n_moving` of them move.
    n_moving : int
        How many.
    inner, outer : callable
        Losses of logits. With None for `outer` there is no slope.
    held : Tensor of shape (n_replicas, n_held, n_inputs)
        Rows of the outer loss.
    learning_rate : float
        Length of the step, η1.

    Returns
    -------
    slope : Tensor of shape (n_replicas, n_moving, n_inputs) or None
    slopes : list of pair of Tensor
        Gradient of the inner loss by weights and bias of each layer.
    losses : Tensor of shape (n_replicas,)
        The inner loss.
    """
    with torch.no_grad():
        hidden, logits = _forward(layers, rows)
    logits.requires_grad_()
    losses = inner(logits)
    (surplus,) = torch.autograd.grad(
        losses.sum(), logits, create_graph=outer is not None
    )
    with torch.no_grad():
        slopes, errors = _backward(layers, hidden, surplus.detach())
    if outer is None:
        return None, slopes, losses.detach()
    with torch.no_grad():
        stepped = [
            (w - learning_rate * by_w, b - learning_rate * by_b)
            for (w, b), (by_w, by_b) in zip(layers, slopes, strict=True)
        ]
        hidden_held, logits_held = _forward(stepped, held)
    logits_held.requires_grad_()
    (by_logits,) = torch.autograd.grad(outer(logits_held).sum(), logits_held)
    with torch.no_grad():
        along, _ = _backward(stepped, hidden_held, by_logits)
        own = [values[:, -n_moving:] for values in hidden]
        tangent = _tangent(layers, along, own)
    full = torch.zeros_like(surplus)
    full[:, -n_moving:] = tangent
    (curved,) = torch.autograd.grad(surplus, logits, full)
    with torch.no_grad():
        own_errors = [values[:, -n_moving:] for values in errors]
        back = _second_backward(layers, along, own, own_errors, curved[:, -n_moving:])
    return -learning_rate * back, slopes, losses.detach()


def _forward(layers: Layers, rows: Tensor) -> tuple[list[Tensor], Tensor]:
    """Return what comes into each layer, and the logits."""
    hidden = [rows]
    for weight, bias in layers[:-1]:
        hidden.append(torch.baddbmm(bias, hidden[-1], weight).relu_())
    weight, bias = layers[-1]
    return hidden, torch.baddbmm(bias, hidden[-1], weight)


def _backward(
    layers: Layers, hidden: Sequence[Tensor], error: Tensor
) -> tuple[list[tuple[Tensor, Tensor]], list[Tensor]]:
    """Return each layer's slopes, and the errors of what comes out of it."""
    slopes, errors = [], []
    for number in range(len(layers) - 1, -1, -1):
        errors.append(error)
        values = hidden[number]
        slopes.append((values.mT @ error, error.sum(dim=1, keepdim=True)))
        if number:
            error = (error @ layers[number][0].mT) * (values > 0)
    return slopes[::-1], errors[::-1]


def _tangent(layers: Layers, along: Layers, hidden: Sequence[Tensor]) -> Tensor:
    """Return how the logits change where the weights go along a direction."""
    change: Tensor | None = None
    for number, ((weight, _), (by_weight, by_bias)) in enumerate(
        zip(layers, along, strict=True)
    ):
        moved = torch.baddbmm(by_bias, hidden[number], by_weight)
        if change is not None:
            moved = torch.baddbmm(moved, change * (hidden[number] > 0), weight)
        change = moved
    assert change is not None
    return change


def _second_backward(
    layers: Layers,
    along: Layers,
    hidden: Sequence[Tensor],
    errors: Sequence[Tensor],
    error: Tensor,
) -> Tensor:
    """Return the slope, by the rows, of the product of both gradients."""
    for number in range(len(layers) - 1, -1, -1):
        error = torch.baddbmm(
            errors[number] @ along[number][0].mT, error, layers[number][0].mT
        )
        if number:
            error = error * (hidden[number] > 0)
    return error
