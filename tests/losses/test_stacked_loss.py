"""Losses with other numbers as one: every replica has the loss of its own settings."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from trimtab.losses import (
    LDAM,
    OHEM,
    AsymmetricFocal,
    BalancedSoftmax,
    CrossEntropy,
    Focal,
    LogitAdjustment,
    RowLoss,
)
from trimtab.losses.stacked_loss import StackedLoss, loss_structure

COUNTS = torch.tensor([70, 20, 10])
MANY_WEIGHTS = np.where(np.arange(2000) == 1000, 0.0, np.arange(2000))
OWN_COUNTS = torch.tensor([[70, 20, 10], [30, 30, 40], [90, 5, 5]])
SETTINGS: dict[str, list[Any]] = {
    "equal": [Focal(1.0), Focal(1.0), Focal(1.0)],
    "focal": [Focal(0.0), Focal(0.5), Focal(3.0)],
    "focal-balanced": [Focal(g, "balanced") for g in (0.0, 1.0, 2.0)],
    "class-balanced": [CrossEntropy("effective", beta) for beta in (0.0, 0.9, 0.9999)],
    "asymmetric": [
        AsymmetricFocal(0, 2, 0),
        AsymmetricFocal(1, 0, 0.1),
        AsymmetricFocal(0.5, 4, 0.3),
    ],
    "ohem": [OHEM(keep=0.1), OHEM(keep=1.0), OHEM(keep=0.5, warm_up=3)],
    "ohem-balanced": [OHEM("balanced", keep=keep) for keep in (0.25, 0.5, 0.75)],
    "ldam": [LDAM(0.0, 1.0, defer=0), LDAM(0.5, 5.0, defer=0.5), LDAM(1.0, 2.0)],
    "ldam-cosine": [LDAM(m, cosine_logits=True, defer=0) for m in (0.1, 0.5, 0.7)],
    "logit-adjustment": [LogitAdjustment(tau) for tau in (0.0, 0.5, 2.0)],
    "balanced-softmax": [BalancedSoftmax() for _ in range(3)],
}


def batch() -> tuple[Tensor, Tensor]:
    """Return logits and targets of three replicas."""
    source = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn((3, 12, 3), generator=source)
    return logits.requires_grad_(), torch.randint(3, (3, 12), generator=source)


def expected(
    losses: list[RowLoss], logits: Tensor, targets: Tensor, counts: Tensor, epoch: int
) -> Tensor:
    """Return each replica's loss, one replica after another."""
    values = []
    for replica, loss in enumerate(losses):
        loss.start(counts.expand(3, -1)[replica], 10)
        loss.epoch(epoch)
        part = slice(replica, replica + 1)
        values.append(loss(logits[part], targets[part]))
    return torch.cat(values)


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("counts", [COUNTS, OWN_COUNTS])
@pytest.mark.parametrize("epoch", [0, 6])
def test_replicas_have_the_loss_of_their_settings(
    name: str, counts: Tensor, epoch: int
) -> None:
    """Values and gradients are those of each loss alone."""
    logits, targets = batch()
    stacked = StackedLoss(SETTINGS[name])
    stacked.start(counts, 10)
    stacked.epoch(epoch)

    values = stacked(logits, targets)
    wanted = expected(SETTINGS[name], logits, targets, counts, epoch)

    torch.testing.assert_close(values, wanted)
    gradient = torch.autograd.grad(values.sum(), logits)[0]
    wanted_gradient = torch.autograd.grad(wanted.sum(), logits)[0]
    torch.testing.assert_close(gradient, wanted_gradient)


@pytest.mark.parametrize("name", SETTINGS)
def test_replicas_can_be_let_go(name: str) -> None:
    """Those that stay keep their own numbers, through the next epochs."""
    logits, targets = batch()
    stacked = StackedLoss(SETTINGS[name])
    stacked.start(OWN_COUNTS, 10)
    stacked.keep(torch.tensor([0, 2]))
    stacked.epoch(9)
    values = stacked(logits[[0, 2]], targets[[0, 2]])
    wanted = expected(SETTINGS[name], logits, targets, OWN_COUNTS, 9)
    torch.testing.assert_close(values, wanted[[0, 2]])


def test_is_measured_over_all_rows_where_rows_are_picked() -> None:
    """`RowLoss.__call__` takes no notice of OHEM's choice, as with a single loss."""
    logits, targets = batch()
    stacked = StackedLoss(SETTINGS["ohem"])
    stacked.start(COUNTS, 10)
    values = RowLoss.__call__(stacked, logits, targets)
    plain = CrossEntropy()
    plain.start(COUNTS, 10)
    torch.testing.assert_close(values, plain(logits, targets))


@pytest.mark.parametrize("confident", [60.0, 200.0])
def test_gradients_are_finite_where_settings_are_mixed(confident: float) -> None:
    """Powers of 0, margins of 0 and rows that are certain or hopeless."""
    logits = torch.zeros((3, 2, 3))
    logits[:, 0, 0], logits[:, 1, 1] = confident, -confident
    logits.requires_grad_()
    targets = torch.tensor([[0, 1]] * 3)
    for name in ("focal", "asymmetric", "ldam"):
        stacked = StackedLoss(SETTINGS[name])
        stacked.start(COUNTS, 10)
        gradient = torch.autograd.grad(stacked(logits, targets).sum(), logits)[0]
        assert gradient.isfinite().all(), name


def test_the_given_losses_stay_as_they_are() -> None:
    """They are copied: the caller's are not started."""
    given = Focal(2.0, "balanced")
    StackedLoss([given, Focal(1.0, "balanced")]).start(COUNTS, 1)
    assert given._factors is None


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (Focal(1.0), Focal(2), True),
        (Focal(1.0), Focal(1.0, "balanced"), False),
        (Focal(1.0, 0.2), Focal(1.0, 0.3), True),
        (LDAM(scale=None), LDAM(scale=1.0), False),
        (LDAM(cosine_logits=True), LDAM(), False),
        (CrossEntropy(), OHEM(), False),
        (CrossEntropy([1, 2, 3]), CrossEntropy([1, 2, 4]), False),
        (CrossEntropy(np.arange(2000.0)), CrossEntropy(np.arange(2000.0)), True),
        (CrossEntropy(np.arange(2000.0)), CrossEntropy(MANY_WEIGHTS), False),
        (BalancedSoftmax(), BalancedSoftmax(), True),
    ],
)
def test_structure_says_which_can_be_stacked(one: Any, other: Any, alike: bool) -> None:
    """Numbers may differ; the kind of loss and of its weights may not."""
    assert (loss_structure(one) == loss_structure(other)) is alike


def test_a_loss_of_the_user_is_equal_to_itself_alone() -> None:
    """Nothing is known of what its numbers do, even if it is made of one of ours."""

    class Own(RowLoss):
        pass

    class Sharper(Focal):
        def __init__(self, power: int) -> None:
            super().__init__()
            self.power = power

    for one, other in [(Own(), Own()), (Sharper(1), Sharper(2))]:
        assert loss_structure(one) == loss_structure(one) != loss_structure(other)
