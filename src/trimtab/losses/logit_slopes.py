"""Cross-entropy with its first and second derivatives by the logits, in closed form."""

# SPDX-License-Identifier: BSD-3-Clause

import torch
from torch import Tensor

from trimtab.losses.loss import Loss
from trimtab.losses.reweighted import CrossEntropy

__all__ = ["CrossEntropySlopes", "is_plain_cross_entropy"]


def is_plain_cross_entropy(loss: Loss) -> bool:
    """Whether `CrossEntropySlopes` is what a started loss amounts to."""
    return type(loss) is CrossEntropy and loss.class_weight is None


class CrossEntropySlopes:
    """The mean cross-entropy of each replica; cheaper than differentiating twice.

    Parameters
    ----------
    logits : Tensor of shape (n_replicas, n_rows, n_classes)
        Without gradients.
    targets : LongTensor of shape (n_replicas, n_rows)
        Class codes.
    weights : Tensor of shape (n_replicas, n_rows) or None
        What each row counts for in the mean.

    Attributes
    ----------
    losses : Tensor of shape (n_replicas,)
        The weighted means; 0 where all weights of a replica are 0.
    slope : Tensor of shape (n_replicas, n_rows, n_classes)
        Their gradients.

    Examples
    --------
    >>> at = CrossEntropySlopes(torch.zeros(1, 2, 2), torch.tensor([[0, 1]]), None)
    >>> at.losses, at.slope
    (tensor([0.6931]), tensor([[[-0.2500,  0.2500],
             [ 0.2500, -0.2500]]]))
    """

    def __init__(
        self, logits: Tensor, targets: Tensor, weights: Tensor | None = None
    ) -> None:
        self._shares: Tensor | float
        self._total: Tensor | float
        if weights is None:
            self._total = targets.shape[1]
            self._shares = 1 / self._total
        else:
            total = weights.sum(dim=1, keepdim=True)
            self._total = torch.where(total > 0, total, 1.0)
            self._shares = (weights / self._total)[..., None]
        surprise = logits.log_softmax(dim=2)
        own = self._own = targets[..., None]
        self._row_losses = surprise.gather(2, own)[..., 0].neg_()
        of_rows = self._row_losses[..., None] * self._shares
        self.losses = of_rows.sum(dim=(1, 2))
        self._probabilities = surprise.exp_()
        slope = self._probabilities.clone()
        less = torch.full((), -1.0, dtype=slope.dtype, device=slope.device)
        self.slope = slope.scatter_add_(2, own, less.expand(own.shape))
        self.slope *= self._shares

    def curvature(self, n_last: int, direction: Tensor) -> Tensor:
        """Return how the slope of the last rows changes as their logits do.

        Parameters
        ----------
        n_last : int
            How many rows, from the end.
        direction : Tensor of shape (n_replicas, n_last, n_classes)
            Change of their logits.
        """
        probabilities = self._probabilities[:, -n_last:]
        curved = probabilities * direction
        curved -= probabilities * curved.sum(dim=2, keepdim=True)
        shares = self._shares
        return curved * (shares if isinstance(shares, float) else shares[:, -n_last:])

    def by_weights(self) -> Tensor:
        """Return the slope of each replica's loss by the rows' weights.

        Returns
        -------
        Tensor of shape (n_replicas, n_rows)
            A row weighs more for the worse where it is worse than the mean.
        """
        return (self._row_losses - self.losses[:, None]) / self._total

    def by_weights_along(self, direction: Tensor) -> Tensor:
        """Return the slope, by the rows' weights, of the loss's change.

        Parameters
        ----------
        direction : Tensor of shape (n_replicas, n_rows, n_classes)
            How the logits change.

        Returns
        -------
        Tensor of shape (n_replicas, n_rows)
        """
        change = (self._probabilities * direction).sum(dim=2)
        change -= direction.gather(2, self._own)[..., 0]
        shares = self._shares
        shares = shares if isinstance(shares, float) else shares[..., 0]
        return (change - (change * shares).sum(dim=1, keepdim=True)) / self._total
