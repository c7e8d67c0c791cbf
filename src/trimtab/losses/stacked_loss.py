"""One loss whose numbers differ from replica to replica."""

# SPDX-License-Identifier: BSD-3-Clause

import copy
import dataclasses
from collections.abc import Hashable, Sequence
from numbers import Real
from typing import Any

import numpy as np
import torch
from torch import Tensor

from trimtab.losses.loss import Loss, RowLoss

__all__ = ["StackedLoss", "is_stackable", "loss_structure"]


class StackedLoss(RowLoss):
    """Losses of one kind as one, worked out for all replicas at once.

    Each loss is started with the class counts of its own replica, and told of epochs.
    What then differs between them has one value for each replica, in one loss.

    Parameters
    ----------
    losses : sequence of RowLoss
        One for each replica, of equal `loss_structure`. They are copied.

    Examples
    --------
    >>> from trimtab.losses import Focal
    >>> loss = StackedLoss([Focal(gamma=0.0), Focal(gamma=2.0)])
    >>> loss.start(torch.tensor([90, 10]), n_epochs=1)
    >>> loss.epoch(0)
    >>> loss(torch.zeros(2, 4, 2), torch.zeros(2, 4, dtype=torch.long))
    tensor([0.6931, 0.1733])
    """

    def __init__(self, losses: Sequence[RowLoss]) -> None:
        self._losses = [copy.deepcopy(loss) for loss in losses]
        self._as_one = self._losses[0]
        self._device = torch.device("cpu")

    def start(self, counts: Tensor, n_epochs: int) -> None:
        """Begin a training run; see `trimtab.losses.Loss.start`."""
        self._device = counts.device
        of_each = counts.expand(len(self._losses), -1)
        for loss, own in zip(self._losses, of_each, strict=True):
            loss.start(own, n_epochs)
        self._merge()

    def epoch(self, number: int) -> None:
        """Begin an epoch; see `trimtab.losses.Loss.epoch`."""
        for loss in self._losses:
            loss.epoch(number)
        self._merge()

    @property
    def changes_at(self) -> list[int]:  # type: ignore[override]
        """The epoch from which each replica's losses are comparable."""
        return [loss.changes_at for loss in self._losses]

    def keep(self, positions: Tensor) -> None:
        """Go on with the replicas at these positions only."""
        self._losses = [self._losses[position] for position in positions.tolist()]
        self._merge()

    def _merge(self) -> None:
        merged = copy.copy(self._losses[0])
        for name in vars(merged):
            values = [getattr(loss, name) for loss in self._losses]
            setattr(merged, name, _merged(values, self._device))
        self._as_one = merged

    def row_losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of each row."""
        return self._as_one.row_losses(logits, targets)

    def row_weights(self, targets: Tensor) -> Tensor | None:
        """Return the weight of each row."""
        return self._as_one.row_weights(targets)

    def __call__(
        self, logits: Tensor, targets: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        """Return the mean loss of each replica; see `trimtab.losses.Loss`."""
        return self._as_one(logits, targets, sample_weight)


def _merged(values: Any, device: torch.device) -> Any:
    """Return the one value of all replicas, or a tensor with one for each."""
    first: Any = values[0]
    if isinstance(first, Tensor):
        if all(torch.equal(first, value) for value in values[1:]):
            return first
        return torch.stack(values)
    if not isinstance(first, Real) or all(value == first for value in values):
        return first
    if not isinstance(values[0], bool):
        # All digits, but MPS has no double precision.
        values = np.asarray(values, np.float32 if device.type == "mps" else float)
    return torch.as_tensor(values, device=device)[:, None]


def is_stackable(loss: Loss) -> bool:
    """Whether a loss may be one of a `StackedLoss`.

    Its own class must name its `replica_numbers`: nothing is known of what a subclass
    does with those that it inherits.
    """
    names_numbers = bool(vars(type(loss)).get("replica_numbers"))
    return names_numbers and dataclasses.is_dataclass(loss)


def loss_structure(loss: Loss) -> Hashable:
    """Return what must be equal for losses to be stacked.

    Parameters
    ----------
    loss : Loss
        A loss, not its name.

    Returns
    -------
    hashable
        Its class and its parameters, less the numbers that may differ (those that
        its `replica_numbers` names). A loss that is not `is_stackable` is equal to
        itself only.
    """
    of_ours: Any = loss
    if not is_stackable(loss):
        return id(loss)
    numbers = of_ours.replica_numbers
    parameters = [
        (field.name, _kind(getattr(loss, field.name), field.name in numbers))
        for field in dataclasses.fields(of_ours)
        if field.init
    ]
    return type(loss), tuple(parameters)


def _kind(value: Any, may_differ: bool) -> Hashable:
    if may_differ and isinstance(value, Real):
        return "number"
    # Long arrays are printed in part alone.
    return repr(value.tolist() if hasattr(value, "tolist") else value)
