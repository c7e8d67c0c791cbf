"""Losses: by hand, beside torch and the papers' formulas, and what always holds."""

# SPDX-License-Identifier: BSD-3-Clause

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight
from torch import Tensor
from torch.nn import functional

from trimtab.exceptions import InputError
from trimtab.losses import (
    LDAM,
    LOSSES,
    OHEM,
    AsymmetricFocal,
    BalancedSoftmax,
    CrossEntropy,
    Focal,
    LogitAdjustment,
    Loss,
    get_loss,
)
from trimtab.losses.reweighted import class_weights

COUNTS = torch.tensor([70, 20, 10])
WORD: Any = "half"
EVERY_LOSS = {
    **LOSSES,
    "focal-alpha": lambda: Focal(1.5, "balanced"),
    "focal-root": lambda: Focal(0.5),
    "asymmetric-margin": lambda: AsymmetricFocal(1, 3, margin=0.05),
    "ohem-balanced": lambda: OHEM("balanced", keep=0.3),
    "ldam-cosine": lambda: LDAM(cosine_logits=True, defer=0),
}


def batch(
    n_replicas: int = 2, n_rows: int = 12, n_classes: int = 3
) -> tuple[Tensor, ...]:
    """Return random logits and targets."""
    source = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn((n_replicas, n_rows, n_classes), generator=source)
    return logits, torch.randint(n_classes, (n_replicas, n_rows), generator=source)


def started(
    loss: Loss, counts: Tensor = COUNTS, epoch: int = 0, n_epochs: int = 10
) -> Loss:
    """Return the loss in an epoch of a run."""
    loss.start(counts, n_epochs)
    loss.epoch(epoch)
    return loss


def on_probabilities(loss: Loss, p: list[float], targets: list[int]) -> float:
    """Return the loss of rows of two classes, class 1 with probability p."""
    of_one = torch.tensor(p, dtype=torch.double)
    logits = torch.stack([1 - of_one, of_one], dim=-1).log().float()
    return float(loss(logits[None], torch.tensor([targets])))


def test_cross_entropy_is_torchs() -> None:
    """Without and with weights, each replica has torch's own number."""
    logits, targets = batch()
    for weight in (None, [1.0, 2.0, 5.0]):
        mine = started(CrossEntropy(weight))(logits, targets)
        peer = [
            functional.cross_entropy(
                z, y, weight=None if weight is None else torch.tensor(weight)
            )
            for z, y in zip(logits, targets, strict=True)
        ]
        torch.testing.assert_close(mine, torch.stack(peer))


def test_balanced_weights_are_scikit_learns() -> None:
    """Rows over classes times rows of the class; empty classes get 0."""
    codes = np.repeat([0, 1, 2], COUNTS)
    peer = compute_class_weight("balanced", classes=np.arange(3), y=codes)
    weights = class_weights("balanced", COUNTS)
    np.testing.assert_allclose(weights, peer, rtol=1e-6)
    with_empty = class_weights("balanced", torch.tensor([70, 20, 0, 10]))
    np.testing.assert_allclose(with_empty, [*peer[:2], 0, peer[2]], rtol=1e-6)


def test_effective_number_by_hand() -> None:
    """With β = 0.5, 3 rows are worth 1.75 and one is worth 1; the mean weight is 1."""
    weights = class_weights("effective", torch.tensor([3, 1]), beta=0.5)
    np.testing.assert_allclose(weights, [2 / 2.75, 3.5 / 2.75], rtol=1e-6)
    np.testing.assert_allclose(class_weights("effective", COUNTS, beta=0.0), 1)
    large = class_weights("effective", torch.tensor([10**7, 100]), beta=0.9999)
    expected = np.array([1, 1 / (1 - 0.9999**100)])
    np.testing.assert_allclose(large, 2 * expected / expected.sum(), rtol=1e-5)


def test_weights_of_each_replicas_own_counts() -> None:
    """Counts with a replica axis give each replica its own weights."""
    counts = torch.tensor([[70, 20, 10], [5, 5, 90]])
    logits, targets = batch()
    for name in LOSSES:
        both = started(get_loss(name), counts, epoch=9)(logits, targets)
        for replica in range(2):
            alone = started(get_loss(name), counts[replica], epoch=9)(
                logits[replica : replica + 1], targets[replica : replica + 1]
            )
            torch.testing.assert_close(both[replica : replica + 1], alone)


def test_focal_by_hand() -> None:
    """With γ = 2 a row of p = 0.9 costs 0.01 x -log 0.9; α scales by class."""
    plain = started(Focal(2.0), torch.tensor([50, 50]))
    expected = -0.01 * math.log(0.9)
    assert on_probabilities(plain, [0.9], [1]) == pytest.approx(expected, rel=1e-5)
    scaled = started(Focal(2.0, alpha=np.float32(0.25)), torch.tensor([50, 50]))
    expected = -(0.25 * 0.01 * math.log(0.9) + 0.75 * 0.36 * math.log(0.4)) / 2
    assert on_probabilities(scaled, [0.9, 0.6], [1, 0]) == pytest.approx(expected)


def test_focal_with_gamma_0_is_cross_entropy() -> None:
    """No focus, no change."""
    logits, targets = batch()
    for loss in (Focal(0.0), AsymmetricFocal(0.0, 0.0)):
        torch.testing.assert_close(
            started(loss)(logits, targets), started(CrossEntropy())(logits, targets)
        )


def test_asymmetric_focal_by_hand() -> None:
    """Rare rows cost cross-entropy, common ones are damped and raised by the margin."""
    loss = started(AsymmetricFocal(0, 2, margin=0.05), torch.tensor([90, 10]))
    assert on_probabilities(loss, [0.9], [1]) == pytest.approx(-math.log(0.9), rel=1e-5)
    # Of the common class 0 with p = 0.7, raised to 0.75.
    expected = -(0.25**2) * math.log(0.75)
    assert on_probabilities(loss, [0.3], [0]) == pytest.approx(expected, rel=1e-5)
    assert on_probabilities(loss, [0.04], [0]) == pytest.approx(0, abs=1e-9)


def test_asymmetric_focal_with_equal_powers_is_focal() -> None:
    """One γ for all and no margin: focal loss."""
    logits, targets = batch()
    torch.testing.assert_close(
        started(AsymmetricFocal(1.5, 1.5))(logits, targets),
        started(Focal(1.5))(logits, targets),
    )


def test_ldam_by_hand() -> None:
    """Margins 0.25 and 0.5 for 16 : 1 rows, own logit alone, then class weights."""
    loss = LDAM(max_margin=0.5, scale=2.0, defer=0.8, beta=0.5)
    started(loss, torch.tensor([16, 1]))
    logits, targets = torch.tensor([[[1.0, 0.5], [0.2, 0.4]]]), torch.tensor([[0, 1]])
    first = math.log(1 + math.exp(2 * (0.5 - 0.75)))
    second = math.log(1 + math.exp(2 * (0.2 + 0.1)))
    assert float(loss(logits, targets)) == pytest.approx((first + second) / 2)
    loss.epoch(7)
    assert float(loss(logits, targets)) == pytest.approx((first + second) / 2)
    loss.epoch(8)
    weights = np.array([1 / (1 - 0.5**16), 1 / 0.5])
    expected = np.average([first, second], weights=weights)
    assert float(loss(logits, targets)) == pytest.approx(expected)
    assert torch.equal(logits, torch.tensor([[[1.0, 0.5], [0.2, 0.4]]]))


def test_ldam_scales_cosines() -> None:
    """For cosine logits the scale is 30, for others 1."""
    logits, targets = batch()
    cosines = functional.normalize(logits, dim=-1)
    for cosine, scale in ((True, 30.0), (False, 1.0)):
        torch.testing.assert_close(
            started(LDAM(cosine_logits=cosine))(cosines, targets),
            started(LDAM(scale=scale))(cosines, targets),
        )


def test_balanced_softmax_by_hand() -> None:
    """-log(n_y e^z_y / sum n_c e^z_c): 3 : 1 rows and equal logits cost -log 1/4."""
    loss = started(BalancedSoftmax(), torch.tensor([3, 1]))
    assert on_probabilities(loss, [0.5], [1]) == pytest.approx(-math.log(0.25))


def test_logit_adjustment() -> None:
    """With τ = 1 it is balanced softmax, with 0 cross-entropy, with 2 the square."""
    logits, targets = batch()
    torch.testing.assert_close(
        started(LogitAdjustment(1.0))(logits, targets),
        started(BalancedSoftmax())(logits, targets),
    )
    torch.testing.assert_close(
        started(LogitAdjustment(0.0))(logits, targets),
        started(CrossEntropy())(logits, targets),
    )
    loss = started(LogitAdjustment(2.0), torch.tensor([3, 1]))
    assert on_probabilities(loss, [0.5], [1]) == pytest.approx(-math.log(0.1))


def test_ohem_keeps_the_hardest_rows() -> None:
    """Of four rows the two of the largest loss count, in each replica its own."""
    loss = started(OHEM(keep=0.5), torch.tensor([50, 50]))
    p = torch.tensor([[0.9, 0.2, 0.6, 0.5], [0.1, 0.8, 0.7, 0.95]])
    logits = torch.stack([1 - p, p], dim=-1).log()
    costs = loss(logits, torch.ones((2, 4), dtype=torch.long))
    expected = [-math.log(0.2 * 0.5) / 2, -math.log(0.1 * 0.7) / 2]
    torch.testing.assert_close(costs, torch.tensor(expected))


def test_ohem_rounds_up() -> None:
    """Half of three rows are two, and of a single row that one."""
    loss = started(OHEM(keep=0.5), torch.tensor([50, 50]))
    expected = -math.log(0.2 * 0.6) / 2
    assert on_probabilities(loss, [0.9, 0.2, 0.6], [1, 1, 1]) == pytest.approx(expected)
    assert on_probabilities(loss, [0.9], [1]) == pytest.approx(-math.log(0.9), rel=1e-5)


def test_ohem_warm_up_and_weights() -> None:
    """All rows count in the warm-up; then a cheap row may be hard by its weight."""
    counts = torch.tensor([90, 10])
    loss = started(OHEM(keep=0.5, warm_up=2), counts, epoch=1)
    expected = -math.log(0.9 * 0.5) / 2
    assert on_probabilities(loss, [0.1, 0.5], [0, 1]) == pytest.approx(expected)
    loss.epoch(2)
    assert on_probabilities(loss, [0.1, 0.5], [0, 1]) == pytest.approx(math.log(2))
    weighted = started(OHEM([9.0, 1.0], keep=0.5), counts)
    surprise = on_probabilities(weighted, [0.3, 0.5], [0, 1])
    assert surprise == pytest.approx(-math.log(0.7))


@pytest.mark.parametrize("build", EVERY_LOSS.values(), ids=EVERY_LOSS)
def test_replicas_do_not_mix(build: Callable[[], Loss]) -> None:
    """A replica's loss and gradient are those it has alone."""
    logits, targets = batch(3)
    logits.requires_grad_()
    loss = started(build(), epoch=9)
    together = loss(logits, targets)
    (slope,) = torch.autograd.grad(together[1], logits)
    assert together.shape == (3,)
    assert not slope[0].any()
    assert not slope[2].any()
    alone = loss(logits[1:2], targets[1:2])
    torch.testing.assert_close(together[1:2], alone)
    torch.testing.assert_close(slope, torch.autograd.grad(alone.sum(), logits)[0])


@pytest.mark.parametrize("build", EVERY_LOSS.values(), ids=EVERY_LOSS)
def test_a_row_of_weight_0_does_not_count(build: Callable[[], Loss]) -> None:
    """Weights of 0 and 1 are rows left out and kept; whole weights are repetitions."""
    logits, targets = batch(1, 6)
    loss = started(build(), epoch=9)
    weights = torch.tensor([[1.0, 1, 0, 1, 0, 1]])
    kept = weights[0] > 0
    left_out = loss(logits, targets, weights)
    if not isinstance(loss, OHEM):
        torch.testing.assert_close(left_out, loss(logits[:, kept], targets[:, kept]))
    assert float(loss(logits, targets, torch.zeros((1, 6)))) == 0


@pytest.mark.parametrize("build", EVERY_LOSS.values(), ids=EVERY_LOSS)
@given(
    st.integers(2, 5),
    st.integers(1, 9),
    st.sampled_from([0.1, 1.0, 30.0, 200.0]),
    st.integers(0, 1000),
)
@settings(deadline=None, max_examples=15)
def test_losses_and_gradients_are_finite(
    build: Callable[[], Loss], n_classes: int, n_rows: int, size: float, seed: int
) -> None:
    """Even where the network is very sure, right or wrong, and a class is empty."""
    source = torch.Generator().manual_seed(seed)
    logits = size * torch.randn((2, n_rows, n_classes), generator=source)
    logits.requires_grad_()
    counts = torch.randint(0, 40, (n_classes,), generator=source)
    counts[0] += 1
    targets = torch.randint(n_classes, (2, n_rows), generator=source)
    cost = started(build(), counts, epoch=9)(logits, targets)
    (slope,) = torch.autograd.grad(cost.sum(), logits)
    assert (cost >= 0).all()
    assert cost.isfinite().all()
    assert slope.isfinite().all()


@pytest.mark.parametrize("build", EVERY_LOSS.values(), ids=EVERY_LOSS)
def test_gradients_are_slopes(build: Callable[[], Loss]) -> None:
    """The gradient is what a small step says."""
    logits, targets = batch(1, 4)
    loss = started(build(), epoch=9)
    logits = 0.5 * logits
    step = torch.zeros_like(logits)
    step[0, 1, 2] = 0.01
    logits.requires_grad_()
    (slope,) = torch.autograd.grad(loss(logits, targets).sum(), logits)
    rise = loss(logits + step, targets) - loss(logits - step, targets)
    assert float(rise.detach()) / 0.02 == pytest.approx(float(slope[0, 1, 2]), abs=2e-3)


def test_a_thousand_classes() -> None:
    """With K = 1000 every loss by name has a finite value."""
    logits, targets = batch(1, 64, 1000)
    counts = torch.arange(1, 1001)
    for name in LOSSES:
        assert started(get_loss(name), counts)(logits, targets).isfinite().all()


def test_half_precision_logits() -> None:
    """Losses are taken in single precision, as mixed precision needs."""
    logits, targets = batch()
    for name in LOSSES:
        cost = started(get_loss(name))(logits.bfloat16(), targets)
        assert cost.dtype == torch.float32


def test_get_loss_leaves_the_users_object_alone() -> None:
    """An object is copied, so that a fit does not change an estimator's parameter."""
    mine = Focal(gamma=1.0)
    copy = get_loss(mine)
    copy.start(COUNTS, 1)
    assert isinstance(copy, Focal)
    assert copy is not mine
    assert copy.gamma == 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: get_loss("fokal"), "did you mean 'focal'"),
        (lambda: get_loss(Focal), "give a name"),
        (lambda: get_loss(None), "loss is None"),
        (lambda: started(CrossEntropy("balance")), "the class weight is 'balance'"),
        (lambda: started(CrossEntropy([1.0, 2.0])), "give 3 numbers"),
        (lambda: started(CrossEntropy([1.0, 2.0, -1.0])), "none of them negative"),
        (lambda: started(CrossEntropy("effective", beta=1.0)), r"beta is 1\.0"),
        (lambda: started(Focal(-1.0)), r"gamma is -1\.0"),
        (lambda: started(Focal(alpha=0.25)), "alpha is 0.25 for 3 classes"),
        (lambda: started(Focal(alpha=2), torch.tensor([1, 1])), "alpha is 2"),
        (lambda: started(AsymmetricFocal(gamma_common=-1)), "gamma_common is -1"),
        (lambda: started(AsymmetricFocal(margin=1)), "margin is 1"),
        (lambda: started(LDAM(max_margin=-1)), "max_margin is -1"),
        (lambda: started(LDAM(defer=2)), "defer is 2"),
        (lambda: started(LDAM(defer=WORD)), "defer is 'half'"),
        (lambda: started(LDAM(scale=-1)), "scale is -1: give a number above 0"),
        (lambda: started(LDAM(beta=WORD)), "beta is 'half'"),
        (lambda: started(OHEM(keep=0)), "keep is 0"),
        (lambda: started(OHEM(keep=WORD)), "keep is 'half'"),
        (lambda: started(OHEM(warm_up=-1)), "warm_up is -1: give a whole number, 0"),
        (lambda: started(Focal(WORD)), "gamma is 'half'"),
        (lambda: started(LogitAdjustment(math.nan)), "tau is nan: give a number that"),
    ],
)
def test_errors_name_the_value(call: Callable[[], object], message: str) -> None:
    """What cannot be used is named, with what to give."""
    with pytest.raises(InputError, match=message):
        call()
