"""Losses that ask for a wider margin around rare classes."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from trimtab.exceptions import check_number
from trimtab.losses.loss import RowLoss, of_each_row
from trimtab.losses.reweighted import class_weights, cross_entropy_of_rows

__all__ = ["LDAM", "BalancedSoftmax", "LogitAdjustment"]


@dataclass(eq=False)
class LDAM(RowLoss):
    """Label-distribution-aware margins with deferred re-weighting.

    Each row's own logit is lowered by its class's margin, which goes with the inverse
    fourth root of the class's rows; in the last epochs rare classes count more as well
    (Cao, Wei, Gaidon, Arechiga and Ma, NeurIPS 2019).

    Parameters
    ----------
    max_margin : float, default=0.5
        The rarest class's margin.
    scale : float or None, default=None
        What the lowered logits are multiplied by, s in the paper. None means 30 with
        `cosine_logits` and 1 without.
    cosine_logits : bool, default=False
        Whether logits are cosines in [-1, 1], of unit inputs and unit weights in the
        last layer, as in the paper. It is up to the network to make them so; the
        estimators of `trimtab.training` read this attribute.
    defer : float in [0, 1], default=0.8
        The share of epochs without class weights. 1 never weighs, 0 always. Early
        stopping waits until there are weights, and keeps an epoch that had them.
    beta : float in [0, 1), default=0.9999
        Of the class weights, see `trimtab.losses.class_weights`.
    """

    replica_numbers: ClassVar[tuple[str, ...]] = (
        "max_margin",
        "scale",
        "defer",
        "beta",
    )

    max_margin: float = 0.5
    scale: float | None = None
    cosine_logits: bool = False
    defer: float = 0.8
    beta: float = 0.9999
    _margins: Tensor = field(init=False, repr=False)
    _weights: Tensor | None = field(default=None, init=False, repr=False)
    _first_weighted: int = field(default=0, init=False, repr=False)
    _n_epochs: int = field(default=0, init=False, repr=False)
    _is_weighted: bool | Tensor = field(default=False, init=False, repr=False)

    def start(self, counts: Tensor, n_epochs: int) -> None:
        """Begin a training run; see `trimtab.losses.Loss.start`."""
        check_number("max_margin", self.max_margin, at_least=0)
        check_number("defer", self.defer, at_least=0, at_most=1)
        if self.scale is not None:
            check_number("scale", self.scale, above=0)
        root = counts.clamp(min=1).float().pow(-0.25)
        widest = torch.where(counts > 0, root, 0.0).amax(dim=-1, keepdim=True)
        self._margins = self.max_margin * root / widest
        self._weights = class_weights("effective", counts, self.beta)
        self._first_weighted, self._n_epochs = round(self.defer * n_epochs), n_epochs
        self.epoch(0)

    def epoch(self, number: int) -> None:
        """Weigh classes from the deferred epoch on."""
        self._is_weighted = number >= self._first_weighted

    @property
    def changes_at(self) -> int:
        """The epoch from which classes are weighed; 0 where they never are."""
        return self._first_weighted if self._first_weighted < self._n_epochs else 0

    def row_losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the cross-entropy of each row behind its margin."""
        margin = of_each_row(self._margins, targets).unsqueeze(-1)
        own = targets.unsqueeze(-1)
        lowered = logits.scatter_add(-1, own, -margin.to(logits.dtype))
        scale: float | Tensor | None = self.scale
        if scale is None:
            scale = 30.0 if self.cosine_logits else 1.0
        if isinstance(scale, Tensor):
            scale = scale.to(lowered.dtype).unsqueeze(-1)
        return cross_entropy_of_rows(scale * lowered, targets)

    def row_weights(self, targets: Tensor) -> Tensor | None:
        """Return the weight of each row's class, in the last epochs."""
        weighted = self._is_weighted
        if self._weights is None or weighted is False:
            return None
        weights = of_each_row(self._weights, targets)
        return weights if weighted is True else weights.where(weighted, 1.0)


@dataclass(eq=False)
class LogitAdjustment(RowLoss):
    """Cross-entropy of logits that are raised by the log prior.

    The network then learns logits for classes that are equally frequent; take them as
    they are at prediction (Menon et al., ICLR 2021, equation 10).

    Parameters
    ----------
    tau : float, default=1.0
        The prior's power, τ; 0 is cross-entropy.
    """

    replica_numbers: ClassVar[tuple[str, ...]] = ("tau",)

    tau: float = 1.0
    _raised_by: Tensor = field(init=False, repr=False)

    def start(self, counts: Tensor, n_epochs: int) -> None:
        """Begin a training run; see `trimtab.losses.Loss.start`."""
        check_number("tau", self.tau)
        # One row for a class without any: its log must stay finite.
        rows = counts.clamp(min=1).float()
        prior = rows / rows.sum(dim=-1, keepdim=True)
        self._raised_by = self.tau * prior.log()

    def row_losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the cross-entropy of each row, classes weighed by the prior."""
        raised_by = self._raised_by.view(-1, 1, self._raised_by.shape[-1])
        return cross_entropy_of_rows(logits + raised_by, targets)


@dataclass(eq=False)
class BalancedSoftmax(LogitAdjustment):
    """Softmax over classes weighed by their rows while training.

    ``-log(n_y e^z_y / sum_c n_c e^z_c)`` (Ren et al., NeurIPS 2020, equation 3): logit
    adjustment with τ = 1.
    """

    replica_numbers: ClassVar[tuple[str, ...]] = ("tau",)

    tau: float = field(default=1.0, init=False, repr=False)
