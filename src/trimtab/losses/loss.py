"""What a loss is, and what all losses share.

Logits carry a leading replica axis, (n_replicas, n_rows, n_classes); a loss gives each
replica the mean over its own rows. Replicas never mix.
"""

# SPDX-License-Identifier: BSD-3-Clause

from typing import ClassVar, Protocol, runtime_checkable

import torch
from torch import Tensor

__all__ = ["Loss", "RowLoss", "of_each_row", "weighted_mean"]


@runtime_checkable
class Loss(Protocol):
    """What a training run minimises.

    A run calls `start` once, `epoch` before each epoch, and then the loss itself for
    each batch.
    """

    def start(self, counts: Tensor, n_epochs: int) -> None:
        """Begin a training run.

        Parameters
        ----------
        counts : LongTensor of shape (n_classes,) or (n_replicas, n_classes)
            Training rows of each class, on the device of the logits to come.
        n_epochs : int
            The largest number of epochs.
        """

    def epoch(self, number: int) -> None:
        """Begin epoch `number`, counted from 0."""

    def __call__(
        self, logits: Tensor, targets: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        """Return the mean loss of each replica.

        Parameters
        ----------
        logits : Tensor of shape (n_replicas, n_rows, n_classes)
            The network's output, before any softmax.
        targets : LongTensor of shape (n_replicas, n_rows)
            Class codes.
        sample_weight : Tensor of shape (n_replicas, n_rows), default=None
            How much each row counts; a row of weight 0 does not count.

        Returns
        -------
        Tensor of shape (n_replicas,)
        """


class RowLoss:
    """A loss that is a weighted mean of one number a row.

    Subclasses say what a row costs, `row_losses`, and may say what it weighs,
    `row_weights`.

    Attributes
    ----------
    replica_numbers : tuple of str
        Parameters that `trimtab.losses.stacked_loss.StackedLoss` may set to a tensor of
        shape (n_replicas, 1) once the loss is started, because `row_losses` and
        `row_weights` know what to do with one.
    """

    replica_numbers: ClassVar[tuple[str, ...]] = ()

    @property
    def changes_at(self) -> int:
        """The epoch, counted from 0, from which losses are comparable.

        For a loss with stages: a training run looks for the lowest held-out loss from
        there on, and stops no replica before. Known once the loss is started.
        """
        return 0

    def start(self, counts: Tensor, n_epochs: int) -> None:
        """Begin a training run; see `Loss.start`."""

    def epoch(self, number: int) -> None:
        """Begin an epoch; see `Loss.epoch`."""

    def row_losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of each row, (n_replicas, n_rows)."""
        raise NotImplementedError

    def row_weights(self, targets: Tensor) -> Tensor | None:
        """Return the weight of each row, (n_replicas, n_rows); None: all alike."""
        return None

    def __call__(
        self, logits: Tensor, targets: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        """Return the mean loss of each replica; see `Loss`."""
        losses = self.row_losses(logits.float(), targets)
        weights = self.row_weights(targets)
        if weights is None:
            weights = sample_weight
        elif sample_weight is not None:
            weights = weights * sample_weight
        return weighted_mean(losses, weights)


def weighted_mean(losses: Tensor, weights: Tensor | None) -> Tensor:
    """Return each replica's mean; 0 where all its weights are 0.

    Parameters
    ----------
    losses : Tensor of shape (n_replicas, n_rows)
        One number a row.
    weights : Tensor of shape (n_replicas, n_rows) or None
        What each counts for.

    Returns
    -------
    Tensor of shape (n_replicas,)
    """
    if weights is None:
        return losses.mean(dim=1)
    total = weights.sum(dim=1)
    return (losses * weights).sum(dim=1) / torch.where(total > 0, total, 1.0)


def of_each_row(per_class: Tensor, targets: Tensor) -> Tensor:
    """Look up a number of each row's class.

    Parameters
    ----------
    per_class : Tensor of shape (n_classes,) or (n_replicas, n_classes)
        One number a class.
    targets : LongTensor of shape (n_replicas, n_rows)
        Class codes.

    Returns
    -------
    Tensor of shape (n_replicas, n_rows)
    """
    if per_class.ndim == 1:
        return per_class[targets]
    return per_class.expand(len(targets), -1).gather(1, targets)
