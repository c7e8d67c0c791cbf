"""Losses that look at the hardest rows of a batch alone."""

# SPDX-License-Identifier: BSD-3-Clause

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from trimtab.exceptions import InputError
from trimtab.losses.loss import weighted_mean
from trimtab.losses.reweighted import CrossEntropy

__all__ = ["OHEM"]


@dataclass(eq=False)
class OHEM(CrossEntropy):
    """Online hard example mining: the mean over the hardest rows of each batch.

    Shrivastava, Gupta and Girshick (CVPR 2016). Each replica keeps its own rows.

    Parameters
    ----------
    class_weight, beta
        As in `trimtab.losses.CrossEntropy`; the hardest rows are those of
        the largest weighted loss.
    keep : float in (0, 1], default=0.5
        The share of a batch that is kept, rounded up.
    warm_up : int, default=0
        Epochs at the start in which all rows count.
    """

    keep: float = 0.5
    warm_up: int = 0
    _mines: bool = field(default=True, init=False, repr=False)

    def start(self, counts: Tensor, n_epochs: int) -> None:
        """Begin a training run; see `trimtab.losses.Loss.start`."""
        if not 0 < self.keep <= 1:
            raise InputError(f"keep is {self.keep}: give a number in (0, 1]")
        super().start(counts, n_epochs)
        self.epoch(0)

    def epoch(self, number: int) -> None:
        """Mine from the end of the warm-up on."""
        self._mines = number >= self.warm_up

    def __call__(
        self, logits: Tensor, targets: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        """Return the mean loss of each replica's hardest rows."""
        n_kept = math.ceil(self.keep * targets.shape[1])
        if not self._mines or n_kept == targets.shape[1]:
            return super().__call__(logits, targets, sample_weight)
        losses = self.row_losses(logits.float(), targets)
        weights = self.row_weights(targets)
        if weights is None:
            weights = torch.ones_like(losses)
        if sample_weight is not None:
            weights = weights * sample_weight
        hardest = (losses * weights).detach().topk(n_kept, dim=1).indices
        return weighted_mean(losses.gather(1, hardest), weights.gather(1, hardest))
