"""Class distributions: the paper's equations, worked by hand, and what always holds."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statsmodels.stats.proportion import proportion_confint

from trimtab.exceptions import InputError
from trimtab.sampling.priors import (
    adaptive_weights,
    balanced_rows,
    blend,
    corrected,
    difficulty,
    effective_number_rows,
    empirical_prior,
    over_sampled_rows,
    score_upper_bound,
    under_sampled_rows,
)

n_classes = st.integers(2, 12)
scores_of = n_classes.flatmap(lambda k: arrays(float, (3, k), elements=st.floats(0, 1)))


def counts_like(scores: np.ndarray, seed: int) -> np.ndarray:
    """Return class counts, some of them 0 but never all."""
    counts = np.random.default_rng(seed).integers(0, 50, scores.shape)
    counts[:, 0] += 1
    return counts


def test_one_refresh_worked_by_hand() -> None:
    """90 : 10 rows, F1 of 0.9 and 0.6, c = 0.5: the paper's equations in turn."""
    prior = empirical_prior([90, 10])
    weights = adaptive_weights(difficulty([0.9, 0.6]))
    np.testing.assert_allclose(prior, [0.9, 0.1])
    np.testing.assert_allclose(weights, [0.2, 0.8])
    np.testing.assert_allclose(blend(prior, weights, 0.5), [0.55, 0.45])


def test_all_f1_1_leaves_equal_weights() -> None:
    """Where nothing is hard, all classes weigh alike."""
    np.testing.assert_allclose(adaptive_weights(difficulty(np.ones((2, 4)))), 0.25)


def test_a_class_without_rows_gets_no_weight() -> None:
    """An empty class is not drawn, whether something is hard or nothing."""
    present = np.array([True, False, True])
    assert adaptive_weights([0.2, 1.0, 0.6], present).tolist() == pytest.approx(
        [0.25, 0, 0.75]
    )
    assert adaptive_weights([0.0, 1.0, 0.0], present).tolist() == [0.5, 0, 0.5]


def test_a_thousand_classes() -> None:
    """With 1000 classes of which one is hard, that one gets all the weight."""
    scores = np.ones(1000)
    scores[7] = 0.5
    weights = adaptive_weights(difficulty(scores))
    assert weights[7] == 1
    assert blend(np.full(1000, 0.001), weights, 0.5).sum() == pytest.approx(1)


@given(scores_of, st.integers(0, 99), st.floats(0, 1))
def test_blend_is_convex_and_sums_to_1(
    scores: np.ndarray, seed: int, prior_blend: float
) -> None:
    """Each class's probability lies between prior and weight, and all sum to 1."""
    counts = counts_like(scores, seed)
    prior = empirical_prior(counts)
    weights = adaptive_weights(difficulty(scores), counts > 0)
    mixed = blend(prior, weights, prior_blend)
    np.testing.assert_allclose(mixed.sum(axis=-1), 1)
    assert (mixed >= np.minimum(prior, weights) - 1e-12).all()
    assert (mixed <= np.maximum(prior, weights) + 1e-12).all()
    assert (mixed[counts == 0] == 0).all()


@given(scores_of)
def test_a_harder_class_never_weighs_less(scores: np.ndarray) -> None:
    """Weights are in the order of the difficulties."""
    hard = difficulty(scores)
    weights = np.take_along_axis(adaptive_weights(hard), hard.argsort(axis=-1), -1)
    assert (np.diff(weights, axis=-1) >= 0).all()


@given(scores_of, st.integers(0, 99))
def test_fixed_targets_leave_empty_classes_empty(scores: np.ndarray, seed: int) -> None:
    """Targets are balanced over the classes with rows, of the size that they say."""
    counts = counts_like(scores, seed)
    present = counts > 0
    total = counts.sum(axis=-1)
    for rule in (balanced_rows, over_sampled_rows, under_sampled_rows):
        wanted = rule(counts)
        assert ((wanted > 0) == present).all()
        for row in wanted:
            assert np.ptp(row[row > 0]) == pytest.approx(0)
    np.testing.assert_allclose(balanced_rows(counts).sum(axis=-1), total)
    np.testing.assert_allclose(effective_number_rows(counts).sum(axis=-1), total)
    assert (over_sampled_rows(counts) >= counts).all()
    assert (under_sampled_rows(counts) <= counts).all()


@given(scores_of, st.integers(0, 99), st.floats(0, 0.999999))
def test_effective_number_lies_between_prior_and_balance(
    scores: np.ndarray, seed: int, beta: float
) -> None:
    """The largest class is wanted at most as often as it is, at least as balance."""
    counts = counts_like(scores, seed)
    wanted = effective_number_rows(counts, beta)
    largest = counts.argmax(axis=-1)[:, None]
    there, balanced, drawn = (
        np.take_along_axis(a, largest, -1)
        for a in (counts, balanced_rows(counts), wanted)
    )
    assert (drawn <= there * (1 + 1e-9)).all()
    assert (drawn >= balanced * (1 - 1e-9)).all()


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_upper_bound_is_wilsons(level: float) -> None:
    """The bound equals statsmodels' for shares of whole rows."""
    hits, rows = np.array([0, 3, 9, 10]), np.array([4, 7, 12, 10])
    _, high = proportion_confint(hits, rows, alpha=1 - level, method="wilson")
    np.testing.assert_allclose(score_upper_bound(hits / rows, rows, level), high)


@given(scores_of, st.integers(0, 1000))
def test_upper_bound_is_a_score(scores: np.ndarray, support: int) -> None:
    """It lies between the score and 1; without any row it is 1."""
    bound = score_upper_bound(scores, support, 0.9)
    assert ((bound >= scores) & (bound <= 1)).all()
    assert support or (bound == 1).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: empirical_prior([3, -1]), "a class has -1.0 rows"),
        (lambda: empirical_prior([3, np.nan]), "a class has nan rows"),
        (lambda: empirical_prior([0, 0]), "give at least one row"),
        (lambda: empirical_prior([]), "give at least one row"),
        (lambda: difficulty([0.5, 1.5]), r"the score 1\.5"),
        (lambda: difficulty([0.5, np.nan]), "the score nan"),
        (lambda: blend([1.0], [1.0], -0.1), r"prior_blend is -0\.1"),
        (lambda: blend([1.0], [1.0], float("nan")), "prior_blend is nan"),
        (lambda: effective_number_rows([2, 1], beta=1), "beta is 1"),
        (lambda: score_upper_bound([0.5], [3], 95), "confidence is 95"),
    ],
)
def test_errors_name_the_value(call, message: str) -> None:
    """What cannot be used is named, with what to give."""
    with pytest.raises(InputError, match=message):
        call()


def test_a_class_that_was_never_drawn_is_not_predicted() -> None:
    """Its odds are 0 in place of a division by 0; the others keep theirs."""
    fair = corrected(np.array([[0.4, 0.5, 0.1]]), [0.5, 0.3, 0.2], [0.5, 0.5, 0.0])

    np.testing.assert_allclose(fair, [[0.4 / 0.7, 0.3 / 0.7, 0.0]])
