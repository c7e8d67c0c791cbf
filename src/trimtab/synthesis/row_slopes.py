"""How the loss changes with the rows of a batch, and with what they weigh.

Two losses can be asked. That of the batch itself is what the network is trained on.
That of other, held-out rows after the network's step on the batch tells what training
on a row is good for, as for the moving rows of Explicit Gradient; see
`trimtab.synthesis.meta_step`. Either way the network gets its own gradient, of the
batch. By hand for a perceptron under plain cross-entropy, else by PyTorch.
"""

# SPDX-License-Identifier: BSD-3-Clause

from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor

from trimtab.synthesis.made_batches import MadeBatch
from trimtab.synthesis.meta_step import Rate, Weights, scaled, stepped_down
from trimtab.synthesis.perceptron_step import (
    Layers,
    LossSlopes,
    backward,
    forward,
    second_backward,
    slopes_after,
    tangent,
)
from trimtab.synthesis.step_taking import StepView

__all__ = ["RowSlopes", "row_slopes"]


class RowSlopes(NamedTuple):
    """What a step says of the rows that it is taken on.

    Attributes
    ----------
    by_rows : Tensor of shape (n_replicas, n_rows, ...)
        Slope of the loss by each row.
    by_weights : Tensor of shape (n_replicas, n_rows) or None
        Slope by what each weighs; None where the batch has no weights.
    losses : Tensor of shape (n_replicas,)
        Of the batch, before the step.
    """

    by_rows: Tensor
    by_weights: Tensor | None
    losses: Tensor


@runtime_checkable
class WeighedSlopes(LossSlopes, Protocol):
    """Slopes that know of the rows' weights too, in closed form."""

    def by_weights(self) -> Tensor:
        """Return the slope of each replica's loss by the rows' weights."""

    def by_weights_along(self, direction: Tensor) -> Tensor:
        """Return the slope, by the rows' weights, of the loss's change."""


def row_slopes(
    view: StepView, batch: MadeBatch, held: MadeBatch | None = None
) -> RowSlopes:
    """Give the network its gradient, and return the rows' slopes.

    Parameters
    ----------
    view : StepView
        The training run.
    batch : MadeBatch
        What the network steps on.
    held : MadeBatch or None, default=None
        The rows whose loss after the step is asked; None for the loss of `batch`.

    Returns
    -------
    RowSlopes
    """
    if view.layers is not None:
        hidden, logits = forward(view.layers, batch.inputs)
        at = view.loss_slopes(logits, batch.codes, batch.weights)
        if isinstance(at, WeighedSlopes):
            return _by_hand(view, view.layers, hidden, at, batch, held)
    return _by_autograd(view, batch, held)


@torch.no_grad()
def _by_hand(
    view: StepView,
    layers: Layers,
    hidden: list[Tensor],
    at: WeighedSlopes,
    batch: MadeBatch,
    held: MadeBatch | None,
) -> RowSlopes:
    slopes, errors = backward(layers, hidden, at.slope)
    view.set_layer_slopes(slopes)
    weighs = batch.weights is not None
    if held is None:
        by_rows = torch.bmm(errors[0], layers[0][0].mT)
        return RowSlopes(by_rows, at.by_weights() if weighs else None, at.losses)

    def after(logits: Tensor) -> LossSlopes:
        return view.loss_slopes(logits, held.codes, held.weights)

    rate = view.learning_rate
    along = slopes_after(layers, slopes, rate, held.inputs, after)
    change = tangent(layers, along, hidden)
    curved = at.curvature(change.shape[1], change)
    by_rows = second_backward(layers, along, hidden, errors, curved)
    by_weights = _back(at.by_weights_along(change), rate) if weighs else None
    return RowSlopes(_back(by_rows, rate), by_weights, at.losses)


def _back(slopes: Tensor, rate: Rate) -> Tensor:
    """Return slopes along the outer gradient as those of a step against it."""
    return scaled(slopes, rate).neg_()


def _by_autograd(view: StepView, batch: MadeBatch, held: MadeBatch | None) -> RowSlopes:
    rows, weights = batch.inputs.detach().requires_grad_(), batch.weights
    asked = [rows]
    if weights is not None:
        weights = weights.detach().requires_grad_()
        asked.append(weights)
    start = view.weights()
    logits = view.logits(start, rows)
    losses = view.loss(logits, batch.codes, weights)
    names, values = list(start), list(start.values())
    own = torch.autograd.grad(
        losses.sum(),
        values if held is not None else values + asked,
        create_graph=held is not None,
        allow_unused=True,
        materialize_grads=True,
    )
    view.set_slopes({n: one.detach() for n, one in zip(names, own, strict=False)})
    found = own[len(names) :]
    if held is not None:
        of_names = dict(zip(names, own, strict=True))
        outer = _loss_after(view, start, of_names, held)
        found = torch.autograd.grad(outer, asked, materialize_grads=True)
    return RowSlopes(found[0], found[1] if len(found) > 1 else None, losses.detach())


def _loss_after(
    view: StepView, start: Weights, slopes: Weights, held: MadeBatch
) -> Tensor:
    """Return the held-out rows' loss, all replicas', after a step."""
    rate = view.learning_rate
    stepped = {n: stepped_down(start[n], slope, rate) for n, slope in slopes.items()}
    with view.evaluating():
        logits = view.logits(stepped, held.inputs)
    return view.loss(logits, held.codes, held.weights).sum()
