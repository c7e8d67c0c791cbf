"""The equations of MESA and of the self-paced ensemble, by hand and by invariants."""

# SPDX-License-Identifier: BSD-3-Clause

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from trimtab import InputError
from trimtab.sampling.hardness import (
    class_error_histograms,
    draw_without_replacement,
    error_histogram,
    gaussian_weights,
    self_paced_shares,
    share_out,
)

ERRORS = st.lists(st.floats(0, 1), min_size=1, max_size=60).map(np.array)


def test_histogram_by_hand() -> None:
    """Bins are closed below; the last one holds an error of 1 too (equation 1)."""
    errors = np.array([0.0, 0.19, 0.2, 0.5, 0.79, 0.8, 1.0, 1.0])

    assert error_histogram(errors, 5).tolist() == [2 / 8, 1 / 8, 1 / 8, 1 / 8, 3 / 8]


def test_bins_span_the_unit_interval_whatever_the_errors_are() -> None:
    """Errors between 0.4 and 0.45 are all in one bin of five."""
    assert error_histogram(np.linspace(0.4, 0.45, 7), 5).tolist() == [0, 0, 1, 0, 0]


@given(ERRORS, st.integers(1, 12))
def test_histogram_agrees_with_numpy(errors: np.ndarray, n_bins: int) -> None:
    """Shares sum to 1; where no error lies on a border they are numpy's."""
    shares = error_histogram(errors, n_bins)

    assert shares.sum() == pytest.approx(1)
    on_border = np.isclose(errors * n_bins % 1, 0) | np.isclose(errors * n_bins % 1, 1)
    if not on_border.any():
        counts, _ = np.histogram(errors, n_bins, range=(0, 1))
        np.testing.assert_allclose(shares, counts / len(errors))


def test_rounding_beyond_the_unit_interval_stays_inside() -> None:
    """An error of -1e-17 or 1 + 1e-16, left by a sum of probabilities, is counted."""
    assert error_histogram(np.array([-1e-17, 1 + 3e-16]), 4).tolist() == [
        0.5,
        0,
        0,
        0.5,
    ]


def test_class_histograms_are_those_of_the_classes_alone() -> None:
    """Each row is the histogram of one class; a class without rows has zeros."""
    errors = np.random.default_rng(0).uniform(size=50)
    codes = np.arange(50) % 3
    found = class_error_histograms(errors, codes, 4, 6)

    for code in range(3):
        alone = error_histogram(errors[codes == code], 6)
        np.testing.assert_array_equal(found[code], alone)
    assert not found[3].any()


def test_gaussian_weights_by_hand() -> None:
    """Equation 3 over its sum, with mu 0.4 and sigma 0.2."""
    errors = np.array([0.0, 0.4, 0.6, 1.0])
    density = np.exp([-2.0, 0.0, -0.5, -4.5])

    np.testing.assert_allclose(
        gaussian_weights(errors, 0.4, 0.2), density / density.sum()
    )


@given(ERRORS, st.floats(0, 1), st.floats(0.05, 3))
def test_gaussian_weights_agree_with_scipy(
    errors: np.ndarray, mu: float, sigma: float
) -> None:
    """The normal density, normalised."""
    density = norm.pdf(errors, mu, sigma)

    if density.sum() > 0:
        np.testing.assert_allclose(
            gaussian_weights(errors, mu, sigma), density / density.sum(), rtol=1e-6
        )


def test_far_rows_under_a_narrow_gaussian_still_sum_to_one() -> None:
    """Densities that are all 0 in floating point still prefer the nearest row."""
    weights = gaussian_weights(np.array([0.9, 1.0]), 0.0, 0.001)

    assert weights.tolist() == [1.0, 0.0]


def test_infinite_sigma_weighs_all_alike() -> None:
    """The draw becomes random under-sampling."""
    weights = gaussian_weights(np.array([0.0, 0.3, 1.0]), 0.5, np.inf)

    np.testing.assert_allclose(weights, 1 / 3)


def test_draw_follows_the_weights_one_after_the_other() -> None:
    """Pairs come as often as by drawing one row, then another of those left."""
    weights = np.array([0.5, 0.3, 0.15, 0.05])
    rng = np.random.default_rng(0)
    seen = np.zeros((4, 4))
    for _ in range(20_000):
        first, second = sorted(draw_without_replacement(weights, 2, rng))
        seen[first, second] += 1
    wanted = np.zeros((4, 4))
    for a, b in permutations(range(4), 2):
        chance = weights[a] * weights[b] / (1 - weights[a])
        wanted[min(a, b), max(a, b)] += chance

    np.testing.assert_allclose(seen / 20_000, wanted, atol=0.012)


@given(st.integers(0, 20), st.integers(0, 2**31))
def test_draws_hold_each_row_at_most_once(n: int, seed: int) -> None:
    """So many rows, no row twice, with weights and without."""
    rng = np.random.default_rng(seed)
    weights = rng.uniform(size=20)

    for drawn in (
        draw_without_replacement(weights, n, rng),
        draw_without_replacement(None, n, rng, 20),
    ):
        assert len(set(drawn.tolist())) == n
        assert set(drawn.tolist()) <= set(range(20))


def test_rows_of_no_weight_come_last_and_at_random() -> None:
    """They are drawn only where all others have been, then each as often."""
    weights = np.array([0.0, 1.0, 0.0, 1.0, 0.0])
    rng = np.random.default_rng(0)
    draws = [draw_without_replacement(weights, 3, rng).tolist() for _ in range(900)]

    assert all({1, 3} <= set(drawn) for drawn in draws)
    third = np.bincount([min(set(drawn) - {1, 3}) for drawn in draws], minlength=5)
    assert (third[[0, 2, 4]] > 240).all()


def test_more_rows_than_there_are_is_an_error() -> None:
    """The message says how many there are."""
    with pytest.raises(InputError, match="4 rows cannot be drawn from 3"):
        draw_without_replacement(np.ones(3), 4, np.random.default_rng(0))


def test_self_paced_shares_by_hand() -> None:
    """Bins span the errors; each is weighed by 1 / (mean error + alpha)."""
    errors = np.array([0.1, 0.2, 0.35, 0.9, 0.8])
    shares, bins = self_paced_shares(errors, 4, alpha=0.5)
    weights = np.array([1 / (0.15 + 0.5), 1 / (0.35 + 0.5), 0, 1 / (0.85 + 0.5)])

    assert bins.tolist() == [0, 0, 1, 3, 3]
    np.testing.assert_allclose(shares, weights / weights.sum())


def test_self_paced_shares_become_equal() -> None:
    """Under a large alpha every bin that has rows gets the same."""
    shares, _ = self_paced_shares(np.linspace(0, 1, 40) ** 3, 5, alpha=1e9)

    np.testing.assert_allclose(shares, 0.2)


def test_self_paced_shares_of_equal_errors() -> None:
    """Where all rows are as hard as each other there is one bin, even at alpha 0."""
    shares, bins = self_paced_shares(np.zeros(6), 3, alpha=0.0)

    assert shares.tolist() == [1, 0, 0]
    assert not bins.any()


@given(
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 30)), min_size=1, max_size=8),
    st.floats(0, 1),
)
def test_shares_are_given_out_in_full(
    bins: list[tuple[float, int]], part: float
) -> None:
    """The numbers sum to what is shared out, and no bin gives more than it has."""
    shares = np.array([share for share, _ in bins])
    available = np.array([rows for _, rows in bins])
    n = int(part * available.sum())
    given_out = share_out(shares, n, available, np.random.default_rng(0))

    assert given_out.sum() == n
    assert (given_out >= 0).all()
    assert (given_out <= available).all()


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=12), st.integers(0, 60))
def test_parts_are_rounded_and_no_more(shares: list[float], n: int) -> None:
    """A bin with rows enough gets its part, or less than one row more or less."""
    parts = n * np.array(shares) / sum(shares)
    many = np.full(len(shares), 1000)
    given_out = share_out(np.array(shares), n, many, np.random.default_rng(1))

    assert (np.abs(given_out - parts) < 1 + 1e-9).all()


def test_small_parts_come_true_in_the_mean() -> None:
    """Of 19 rows a bin with 1 of 20 parts gets 0.95 in the mean, wherever it stands."""
    shares = np.array([0.5] + [0.05] * 10)
    many, rng = np.full(11, 1000), np.random.default_rng(0)
    means = np.mean([share_out(shares, 19, many, rng) for _ in range(4000)], axis=0)

    np.testing.assert_allclose(means, 19 * shares, atol=0.05)


def test_full_bins_leave_the_rest_to_the_others() -> None:
    """Three rows of one bin, and of the other 9 two parts to one."""
    given_out = share_out(
        np.array([0.7, 0.2, 0.1]), 12, np.array([3, 99, 99]), np.random.default_rng(0)
    )

    assert given_out.tolist() == [3, 6, 3]
