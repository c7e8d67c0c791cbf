"""The gradient through a step of a perceptron with ReLU, worked out by hand.

Of `trimtab.synthesis.meta_step` this is the case of one step and of the networks that
are used most, at a fraction of the price.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor

from trimtab.synthesis.meta_step import Rate, scaled, stepped_down

__all__ = [
    "AutogradSlopes",
    "LossSlopes",
    "backward",
    "forward",
    "perceptron_meta_step",
    "second_backward",
    "slopes_after",
    "tangent",
]

Layers = Sequence[tuple[Tensor, Tensor]]
"""Weights (R, n_inputs, n_outputs) and bias (R, 1, n_outputs) of each layer."""


class LossSlopes(Protocol):
    """A loss of logits, with its first and second derivatives by them.

    Attributes
    ----------
    losses : Tensor of shape (n_replicas,)
        The loss of each replica.
    slope : Tensor of shape (n_replicas, n_rows, n_classes)
        The gradient of each replica's loss.
    """

    @property
    def losses(self) -> Tensor: ...  # noqa: D102

    @property
    def slope(self) -> Tensor: ...  # noqa: D102

    def curvature(self, n_last: int, direction: Tensor) -> Tensor:
        """Return how the slope of the last rows changes as their logits do.

        Parameters
        ----------
        n_last : int
            How many rows, from the end.
        direction : Tensor of shape (n_replicas, n_last, n_classes)
            Change of their logits; all others stay.
        """


SlopesOfLogits = Callable[[Tensor], LossSlopes]
"""From logits to a loss with its slopes."""


class AutogradSlopes:
    """Slopes of any loss, by PyTorch; see `LossSlopes`.

    Parameters
    ----------
    loss : callable
        From logits (n_replicas, n_rows, n_classes) to one loss a replica.
    logits : Tensor
        Where.
    """

    def __init__(self, loss: Callable[[Tensor], Tensor], logits: Tensor) -> None:
        with torch.enable_grad():
            self._logits = logits.detach().requires_grad_()
            losses = loss(self._logits)
            (self._slope,) = torch.autograd.grad(
                losses.sum(), self._logits, create_graph=True
            )
        self.losses = losses.detach()
        self.slope = self._slope.detach()

    def curvature(self, n_last: int, direction: Tensor) -> Tensor:
        """Return how the slope of the last rows changes; see `LossSlopes`."""
        full = torch.zeros_like(self.slope)
        full[:, -n_last:] = direction
        (curved,) = torch.autograd.grad(
            self._slope, self._logits, full, allow_unused=True
        )
        return torch.zeros_like(direction) if curved is None else curved[:, -n_last:]


@torch.no_grad()
def perceptron_meta_step(
    layers: Layers,
    rows: Tensor,
    n_moving: int,
    inner: SlopesOfLogits,
    held: Tensor,
    outer: SlopesOfLogits | None,
    learning_rate: Rate,
) -> tuple[Tensor | None, list[tuple[Tensor, Tensor]], Tensor]:
    """Do as `trimtab.synthesis.meta_step.meta_step` for one step of a perceptron.

    With one step the slope by the moving rows is that of the product of two gradients
    in the weights: the inner one, and the outer one after the step. Along the outer
    one the perceptron is differentiated forwards, then all backwards.

    Parameters
    ----------
    layers : sequence of pair of Tensor
        Weights and bias of each layer; ReLU between them.
    rows : Tensor of shape (n_replicas, n_rows, n_inputs)
        Of the inner loss; the last `n_moving` of them move.
    n_moving : int
        How many.
    inner : callable
        The loss of the step, with its slopes, of logits.
    held : Tensor of shape (n_replicas, n_held, n_inputs)
        Rows of the outer loss.
    outer : callable or None
        The loss after the step, likewise. With None there is no slope by the rows.
    learning_rate : float or Tensor of shape (n_replicas,)
        Length of the step, η1.

    Returns
    -------
    slope : Tensor of shape (n_replicas, n_moving, n_inputs) or None
    slopes : list of pair of Tensor
        Gradient of the inner loss by weights and bias of each layer.
    losses : Tensor of shape (n_replicas,)
        The inner loss.
    """
    hidden, logits = forward(layers, rows)
    of_step = inner(logits)
    slopes, errors = backward(layers, hidden, of_step.slope)
    if outer is None:
        return None, slopes, of_step.losses
    along = slopes_after(layers, slopes, learning_rate, held, outer)
    moving = [values[:, -n_moving:] for values in hidden]
    change = tangent(layers, along, moving)
    curved = of_step.curvature(n_moving, change)
    own_errors = [values[:, -n_moving:] for values in errors]
    back = second_backward(layers, along, moving, own_errors, curved)
    return scaled(back, learning_rate).neg_(), slopes, of_step.losses


def slopes_after(
    layers: Layers, slopes: Layers, rate: Rate, rows: Tensor, loss: SlopesOfLogits
) -> list[tuple[Tensor, Tensor]]:
    """Return each layer's slopes of the loss of rows, after a step down others."""
    stepped = [
        (stepped_down(weight, by_weight, rate), stepped_down(bias, by_bias, rate))
        for (weight, bias), (by_weight, by_bias) in zip(layers, slopes, strict=True)
    ]
    hidden, logits = forward(stepped, rows)
    return backward(stepped, hidden, loss(logits).slope)[0]


def forward(layers: Layers, rows: Tensor) -> tuple[list[Tensor], Tensor]:
    """Return what comes into each layer, and the logits."""
    hidden = [rows]
    for weight, bias in layers[:-1]:
        hidden.append(torch.baddbmm(bias, hidden[-1], weight).relu_())
    weight, bias = layers[-1]
    return hidden, torch.baddbmm(bias, hidden[-1], weight)


def _where_on(values: Tensor, hidden: Tensor) -> Tensor:
    """Return values, 0 where the unit is off: cheaper than a product with a mask."""
    passed: Tensor = torch.ops.aten.threshold_backward(values, hidden, 0)
    return passed


def backward(
    layers: Layers, hidden: Sequence[Tensor], error: Tensor
) -> tuple[list[tuple[Tensor, Tensor]], list[Tensor]]:
    """Return each layer's slopes, and the errors of what comes out of it."""
    slopes, errors = [], []
    for number in range(len(layers) - 1, -1, -1):
        errors.append(error)
        values = hidden[number]
        slopes.append((torch.bmm(values.mT, error), error.sum(dim=1, keepdim=True)))
        if number:
            error = _where_on(torch.bmm(error, layers[number][0].mT), values)
    return slopes[::-1], errors[::-1]


def tangent(layers: Layers, along: Layers, hidden: Sequence[Tensor]) -> Tensor:
    """Return how the logits change where the weights go along a direction."""
    change: Tensor | None = None
    for number, ((weight, _), (by_weight, by_bias)) in enumerate(
        zip(layers, along, strict=True)
    ):
        moved = torch.baddbmm(by_bias, hidden[number], by_weight)
        if change is not None:
            moved = moved.baddbmm_(_where_on(change, hidden[number]), weight)
        change = moved
    assert change is not None
    return change


def second_backward(
    layers: Layers,
    along: Layers,
    hidden: Sequence[Tensor],
    errors: Sequence[Tensor],
    error: Tensor,
) -> Tensor:
    """Return the slope, by the rows, of the product of both gradients."""
    for number in range(len(layers) - 1, -1, -1):
        back = torch.bmm(errors[number], along[number][0].mT)
        error = back.baddbmm_(error, layers[number][0].mT)
        if number:
            error = _where_on(error, hidden[number])
    return error
