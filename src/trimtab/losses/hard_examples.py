"""Losses that look at the hardest rows of a batch alone."""

# SPDX-License-Identifier: BSD-3-Clause

import math
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from trimtab.exceptions import check_count, check_number
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

    replica_numbers: ClassVar[tuple[str, ...]] = ("beta", "keep", "warm_up")

    keep: float = 0.5
    warm_up: int = 0
    _mines: bool | Tensor = field(default=True, init=False, repr=False)

    def start(self, counts: Tensor, n_epochs: int) -> None:
        """Begin a training run; see `trimtab.losses.Loss.start`."""
        check_number("keep", self.keep, above=0, at_most=1)
        check_count("warm_up", self.warm_up, at_least=0)
        super().start(counts, n_epochs)
        self.epoch(0)

    def epoch(self, number: int) -> None:
        """Mine from the end of the warm-up on."""
        self._mines = number >= self.warm_up

    def __call__(
        self, logits: Tensor, targets: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        """Return the mean loss of each replica's hardest rows."""
        n_rows = targets.shape[1]
        n_kept = self._rows_kept(n_rows)
        if isinstance(n_kept, int) and n_kept == n_rows:
            return super().__call__(logits, targets, sample_weight)
        losses = self.row_losses(logits.float(), targets)
        weights = self.row_weights(targets)
        if weights is None:
            weights = torch.ones_like(losses)
        if sample_weight is not None:
            weights = weights * sample_weight
        costs = (losses * weights).detach()
        if isinstance(n_kept, int):
            hardest = costs.topk(n_kept, dim=1).indices
            losses, weights = losses.gather(1, hardest), weights.gather(1, hardest)
        else:
            rank = costs.argsort(dim=1, descending=True).argsort(dim=1)
            weights = weights * (rank < n_kept)
        return weighted_mean(losses, weights)

    def _rows_kept(self, n_rows: int) -> int | Tensor:
        """Return how many rows of a batch count, of each replica where they differ."""
        if self._mines is False:
            return n_rows
        keep: float | Tensor = self.keep
        n_kept: int | Tensor
        if isinstance(keep, Tensor):
            n_kept = (keep * n_rows).ceil()
        else:
            n_kept = math.ceil(keep * n_rows)
        if isinstance(self._mines, Tensor):
            return torch.where(self._mines, n_kept, n_rows)
        return n_kept
