"""The arithmetic of AdaBoost.M2, by hand and against slow loops."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pytest

from trimtab.ensembles.pseudo_loss import (
    first_mistakes,
    parent_weights,
    pseudo_loss,
    reweighed,
)

CODES = np.array([0, 0, 0, 1])
SURE, TORN, WRONG = [1.0, 0.0], [0.5, 0.5], [0.0, 1.0]
PROBABILITIES = np.array([SURE, TORN, WRONG, [0.0, 1.0]])


def test_two_classes_by_hand():
    """Four rows: one torn and one wrong cost (0.5 + 1) / 4, and beta is 0.6."""
    weights = first_mistakes(CODES, 2)
    loss = pseudo_loss(weights, PROBABILITIES, CODES)
    new = reweighed(weights, PROBABILITIES, CODES, loss / (1 - loss))

    assert weights.tolist() == [[0, 0.25], [0, 0.25], [0, 0.25], [0.25, 0]]
    assert loss == pytest.approx(0.375)
    # Right rows: 0.6 to the power of 1; the torn one's is 1/2, the wrong one's 0.
    parts = np.array([0.6, 0.6**0.5, 1, 0.6])
    np.testing.assert_allclose(new.sum(axis=1), parts / parts.sum())
    assert (new[np.arange(4), CODES] == 0).all()


@pytest.mark.parametrize(("member", "loss"), [(SURE, 0), (TORN, 0.5), (WRONG, 1)])
def test_pseudo_loss_spans_zero_to_one(member, loss):
    """Sure and right is 0, a guess a half, sure and wrong 1."""
    codes = np.zeros(5, dtype=int)

    assert pseudo_loss(
        first_mistakes(codes, 2), np.tile(member, (5, 1)), codes
    ) == pytest.approx(loss)


def test_three_classes_against_loops():
    """Two rounds on six rows of three classes are those of the paper's sums."""
    codes = np.array([0, 1, 2, 2, 1, 0])
    rng = np.random.default_rng(0)
    weights = first_mistakes(codes, 3)
    slow = {(i, y): 1 / 12 for i in range(6) for y in range(3) if y != codes[i]}

    for _ in range(2):
        h = rng.dirichlet(np.ones(3), size=6)
        h[np.arange(6), codes] += 0.5  # better than a guess; h need not sum to 1
        loss = 0.0
        for (i, y), weight in slow.items():
            loss += 0.5 * weight * (1 - h[i, codes[i]] + h[i, y])
        beta = loss / (1 - loss)
        for i, y in slow:
            slow[i, y] *= beta ** (0.5 * (1 + h[i, codes[i]] - h[i, y]))
        total = sum(slow.values())
        slow = {pair: weight / total for pair, weight in slow.items()}

        assert pseudo_loss(weights, h, codes) == pytest.approx(loss)
        weights = reweighed(weights, h, codes, beta)
        for pair, weight in slow.items():
            assert weights[pair] == pytest.approx(weight)
        assert weights.sum() == pytest.approx(1)


def test_perfect_member_changes_no_weight():
    """Where no mistake is made all keep their weights, however small beta is."""
    weights = first_mistakes(CODES, 2)
    perfect = np.eye(2)[CODES]

    np.testing.assert_allclose(reweighed(weights, perfect, CODES, 1e-10), weights)


def test_parents_of_ramoboost_by_hand():
    """Weight over 1 + exp(-alpha delta), made to sum to 1."""
    chances = parent_weights(np.array([0.2, 0.2, 0.4]), np.array([0, 5, 5]), 0.3)

    # 1 / (1 + exp(-1.5)) = 0.81757, against 1/2 without a foreign neighbour.
    np.testing.assert_allclose(
        chances, np.array([0.1, 0.163515, 0.32703]) / 0.590545, rtol=1e-5
    )


def test_parents_without_any_weight():
    """Rows that boosting has forgotten are still chosen by their neighbours."""
    chances = parent_weights(np.zeros(2), np.array([0, 1]), np.log(3.0))

    # 1/2 against 1 / (1 + 1/3) = 3/4.
    np.testing.assert_allclose(chances, [0.4, 0.6])
