"""Losses that count some rows more: by class, or by how sure the network is."""

# SPDX-License-Identifier: BSD-3-Clause

import math
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.nn import functional

from trimtab.exceptions import InputError, check_number
from trimtab.losses.loss import RowLoss, of_each_row

__all__ = [
    "AsymmetricFocal",
    "CrossEntropy",
    "Focal",
    "class_weights",
    "cross_entropy_of_rows",
]

ClassWeight = str | ArrayLike | None


def cross_entropy_of_rows(logits: Tensor, targets: Tensor) -> Tensor:
    """Return -log p of each row's class.

    Parameters
    ----------
    logits : Tensor of shape (n_replicas, n_rows, n_classes)
        The network's output.
    targets : LongTensor of shape (n_replicas, n_rows)
        Class codes.

    Returns
    -------
    Tensor of shape (n_replicas, n_rows)
    """
    losses = functional.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), reduction="none"
    )
    return losses.view(targets.shape)


def class_weights(
    kind: ClassWeight, counts: Tensor, beta: float = 0.9999
) -> Tensor | None:
    """Return what a row of each class counts for.

    Parameters
    ----------
    kind : {"balanced", "effective"}, array-like of shape (n_classes,) or None
        ``"balanced"``: rows / (classes x rows of the class), as in scikit-learn.
        ``"effective"``: one over the effective number of rows, (1 - β^n) / (1 - β),
        scaled to the mean 1 (Cui et al., CVPR 2019). An array: the weights. None: no
        weights. A class without rows gets the weight 0.
    counts : LongTensor of shape (n_classes,) or (n_replicas, n_classes)
        Training rows of each class.
    beta : float in [0, 1), default=0.9999
        β: 0 weighs all classes alike, near 1 by one over their rows.

    Returns
    -------
    Tensor of shape (n_classes,) or (n_replicas, n_classes), or None

    Raises
    ------
    InputError
        Where `kind` is none of these, or has a wrong length or a negative entry.
    """
    if kind is None:
        return None
    if isinstance(kind, str):
        # On the CPU, since not every device knows double precision.
        weights_of_rule = _weights_by_rule(kind, counts.cpu().double(), beta)
        return weights_of_rule.float().to(counts.device)
    weights = np.asarray(kind, dtype=float)
    n_classes = counts.shape[-1]
    if weights.shape != (n_classes,) or not (weights >= 0).all():
        raise InputError(
            f"the class weights are {weights.tolist()}: give {n_classes} numbers, "
            "none of them negative"
        )
    return torch.as_tensor(weights, dtype=torch.float32, device=counts.device)


def _weights_by_rule(kind: str, rows: Tensor, beta: float) -> Tensor:
    if kind == "balanced":
        raw = 1 / rows
    elif kind == "effective":
        check_number("beta", beta, at_least=0, below=1)
        decay = math.log(beta) if beta else -math.inf
        # expm1 keeps the digits that 1 - beta**n loses near 1.
        raw = -1 / torch.expm1(rows.clamp(min=1) * decay)
    else:
        raise InputError(
            f"the class weight is {kind!r}: give 'balanced', 'effective', one number "
            "a class, or None"
        )
    raw = torch.where(rows > 0, raw, 0.0)
    present = (rows > 0).sum(dim=-1, keepdim=True)
    if kind == "balanced":
        return raw * rows.sum(dim=-1, keepdim=True) / present
    return raw * present / raw.sum(dim=-1, keepdim=True)


@dataclass(eq=False)
class CrossEntropy(RowLoss):
    """Cross-entropy, of which rare classes may count more.

    As ``torch.nn.functional.cross_entropy``, the mean is over the weights.

    Parameters
    ----------
    class_weight : {"balanced", "effective"}, array-like or None, default=None
        ``"balanced"`` is cost-sensitive learning by inverse frequency, ``"effective"``
        the class-balanced loss; see `class_weights`.
    beta : float in [0, 1), default=0.9999
        Of ``"effective"`` weights: near 0 all classes weigh alike.
    """

    replica_numbers: ClassVar[tuple[str, ...]] = ("beta",)

    class_weight: ClassWeight = None
    beta: float = 0.9999
    _weights: Tensor | None = field(default=None, init=False, repr=False)

    def start(self, counts: Tensor, n_epochs: int) -> None:
        """Begin a training run; see `trimtab.losses.Loss.start`."""
        self._weights = class_weights(self.class_weight, counts, self.beta)

    def row_losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the cross-entropy of each row."""
        return cross_entropy_of_rows(logits, targets)

    def row_weights(self, targets: Tensor) -> Tensor | None:
        """Return the weight of each row's class."""
        return None if self._weights is None else of_each_row(self._weights, targets)


@dataclass(eq=False)
class Focal(RowLoss):
    """Focal loss: rows that the network is sure of count little.

    The loss of a row is ``-a (1 - p)^gamma log p``, where p is the probability of its
    class and a the class's factor (Lin, Goyal, Girshick, He and Dollar, ICCV 2017).
    The factors scale the loss: the mean is over the rows.

    Parameters
    ----------
    gamma : float, default=2.0
        γ, 0 or more; 0 is cross-entropy.
    alpha : float, {"balanced", "effective"}, array-like or None, default=None
        α. A number in [0, 1] is, for two classes, the factor of class 1, and one minus
        it that of class 0; otherwise as `class_weights` has it.
    """

    replica_numbers: ClassVar[tuple[str, ...]] = ("gamma", "alpha")

    gamma: float = 2.0
    alpha: float | ClassWeight = None
    _factors: Tensor | None = field(default=None, init=False, repr=False)

    def start(self, counts: Tensor, n_epochs: int) -> None:
        """Begin a training run; see `trimtab.losses.Loss.start`."""
        check_number("gamma", self.gamma, at_least=0)
        alpha: Any = self.alpha
        if isinstance(alpha, Real):
            alpha = float(alpha)
            if counts.shape[-1] != 2 or not 0 <= alpha <= 1:
                raise InputError(
                    f"alpha is {alpha} for {counts.shape[-1]} classes: one number in "
                    "[0, 1] serves two classes; give one number a class, or 'balanced'"
                )
            alpha = [1 - alpha, alpha]
        self._factors = class_weights(alpha, counts)

    def row_losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the focal loss of each row."""
        surprise = cross_entropy_of_rows(logits, targets)
        losses = surprise
        if not _is_zero(self.gamma):
            losses = _power(_unsure(surprise), self.gamma) * surprise
        if self._factors is None:
            return losses
        return losses * of_each_row(self._factors, targets)


@dataclass(eq=False)
class AsymmetricFocal(RowLoss):
    """Focal loss with a focus of its own for rare and for common classes.

    Damping the sure rows of a rare class throws away what little there is, so that by
    default the common classes' alone are damped (Li, Kamnitsas and Glocker, MICCAI
    2019). With a margin, two classes and the rare one as the positive, it is the
    asymmetric loss of Ridnik et al. (ICCV 2021).

    Parameters
    ----------
    gamma_rare, gamma_common : float, default=0.0 and 2.0
        γ of classes that have fewer rows than the mean class, and of the others.
    margin : float in [0, 1), default=0.0
        The probabilities of common classes are raised by as much, so that a row of
        1 - margin or more costs nothing.
    """

    replica_numbers: ClassVar[tuple[str, ...]] = (
        "gamma_rare",
        "gamma_common",
        "margin",
    )

    gamma_rare: float = 0.0
    gamma_common: float = 2.0
    margin: float = 0.0
    _rare: Tensor = field(init=False, repr=False)

    def start(self, counts: Tensor, n_epochs: int) -> None:
        """Begin a training run; see `trimtab.losses.Loss.start`."""
        check_number("gamma_rare", self.gamma_rare, at_least=0)
        check_number("gamma_common", self.gamma_common, at_least=0)
        check_number("margin", self.margin, at_least=0, below=1)
        rows = counts.float()
        self._rare = rows < rows.mean(dim=-1, keepdim=True)

    def row_losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the asymmetric focal loss of each row."""
        surprise = cross_entropy_of_rows(logits, targets)
        rare = of_each_row(self._rare, targets)
        raised, margin = surprise, self.margin
        if not _is_zero(margin):
            certain = (torch.exp(-surprise) + margin).to(surprise.dtype)
            # Off 0, where some replicas have no margin.
            certain = certain.clamp(min=1e-30, max=1)
            raised = torch.where(rare, surprise, -certain.log())
        unsure = _unsure(raised)
        # A rare row's power, not a tensor of powers: 0^0 has no gradient.
        return raised * torch.where(
            rare, _power(unsure, self.gamma_rare), _power(unsure, self.gamma_common)
        )


def _unsure(surprise: Tensor) -> Tensor:
    """Return 1 - p from -log p, with all its digits where p is near 1.

    Kept off 0, where a power below 1 has no finite slope.
    """
    return -torch.expm1(-surprise.clamp(min=1e-12))


def _power(base: Tensor, exponent: float | Tensor) -> Tensor:
    if isinstance(exponent, Tensor):
        return base.pow(exponent.to(base.dtype))
    return base.pow(exponent) if exponent else torch.ones_like(base)


def _is_zero(value: float | Tensor) -> bool:
    """Whether a number is 0 for all replicas."""
    return not isinstance(value, Tensor) and value == 0
