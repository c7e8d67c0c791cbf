"""Weigh: how much a row counts.

Losses by name or as objects, for the estimators of trimtab and for any loop whose
logits are given a leading replica axis.
"""

# SPDX-License-Identifier: BSD-3-Clause

import copy
from collections.abc import Callable

from trimtab.exceptions import InputError, nearest_names
from trimtab.losses.hard_examples import OHEM
from trimtab.losses.loss import Loss, RowLoss
from trimtab.losses.margin import LDAM, BalancedSoftmax, LogitAdjustment
from trimtab.losses.reweighted import (
    AsymmetricFocal,
    CrossEntropy,
    Focal,
    class_weights,
)

__all__ = [
    "LDAM",
    "LOSSES",
    "OHEM",
    "AsymmetricFocal",
    "BalancedSoftmax",
    "CrossEntropy",
    "Focal",
    "LogitAdjustment",
    "Loss",
    "RowLoss",
    "class_weights",
    "get_loss",
]

LOSSES: dict[str, Callable[[], Loss]] = {
    "cross-entropy": CrossEntropy,
    "cost-sensitive": lambda: CrossEntropy("balanced"),
    "class-balanced": lambda: CrossEntropy("effective"),
    "focal": Focal,
    "asymmetric-focal": AsymmetricFocal,
    "ohem": OHEM,
    "ldam": LDAM,
    "balanced-softmax": BalancedSoftmax,
    "logit-adjustment": LogitAdjustment,
}
"""The losses that have a name."""


def get_loss(loss: str | Loss) -> Loss:
    """Return a loss for one training run.

    Parameters
    ----------
    loss : str or Loss
        A name of `LOSSES`, or a loss, which is copied and itself left as it is.

    Returns
    -------
    Loss

    Raises
    ------
    InputError
        Where it is neither.

    Examples
    --------
    >>> get_loss("focal")
    Focal(gamma=2.0, alpha=None)
    """
    if isinstance(loss, str):
        if loss not in LOSSES:
            hint = nearest_names(loss, LOSSES)
            raise InputError(f"there is no loss {loss!r}: {hint}")
        return LOSSES[loss]()
    if isinstance(loss, type) or not isinstance(loss, Loss):
        raise InputError(
            f"loss is {loss!r}: give a name ({', '.join(LOSSES)}) or an object such as "
            "Focal(gamma=1)"
        )
    return copy.deepcopy(loss)
