"""Tests and intervals, beside scipy, the formulas by hand, and a simulation."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from trimtab.benchmark.statistics import (
    bootstrap_interval,
    cohen_d,
    corrected_t_test,
    holm,
    paired_p_values,
    rank_biserial,
)

ACCURACY = [0.91, 0.86, 0.89, 0.93, 0.88, 0.90, 0.87, 0.92, 0.85, 0.94]
RIVAL = [0.90, 0.84, 0.90, 0.90, 0.87, 0.88, 0.88, 0.89, 0.83, 0.92]
DIFFERENCES = np.subtract(ACCURACY, RIVAL)

C45 = [
    0.763, 0.599, 0.954, 0.628, 0.882, 0.936, 0.661,
    0.583, 0.775, 1.000, 0.940, 0.619, 0.972, 0.957,
]  # fmt: skip
TUNED = [
    0.768, 0.591, 0.971, 0.661, 0.888, 0.931, 0.668,
    0.583, 0.838, 1.000, 0.962, 0.666, 0.981, 0.978,
]  # fmt: skip
"""Demsar, Journal of Machine Learning Research 7 (2006), Table 2."""


def test_corrected_t_test_by_hand() -> None:
    """Ten splits with a tenth of the rows for testing, worked on paper.

    The differences are 1, 2, -1, 3, 1, 2, -1, 3, 2, 2 hundredths: their mean is 1.4,
    their sum of squares about it 38 - 10 * 1.96 = 18.4, their variance 18.4 / 9. The
    variance of the mean is (1/10 + 0.1/0.9) times that, t = 1.4 / 0.6570 = 2.1310,
    and the 97.5 % point of Student's t with 9 degrees of freedom is 2.2622.
    """
    result = corrected_t_test(DIFFERENCES, test_fraction=0.1)

    error = 0.01 * np.sqrt((1 / 10 + 1 / 9) * 18.4 / 9)
    assert result.difference == pytest.approx(0.014)
    assert error == pytest.approx(0.006570, abs=1e-6)
    assert result.p_value == pytest.approx(2 * stats.t.sf(2.1310, 9), abs=1e-5)
    assert result.p_value == pytest.approx(0.0619, abs=1e-4)
    assert result.low == pytest.approx(0.014 - 2.2622 * error, abs=1e-6)
    assert result.high == pytest.approx(0.014 + 2.2622 * error, abs=1e-6)


def test_without_shared_rows_it_is_the_paired_t_test() -> None:
    """As the test part shrinks to nothing, scipy's answer is the limit."""
    result = corrected_t_test(DIFFERENCES, test_fraction=1e-12)

    peer = stats.ttest_rel(ACCURACY, RIVAL)
    interval = peer.confidence_interval(0.95)
    assert result.p_value == pytest.approx(peer.pvalue)
    assert (result.low, result.high) == pytest.approx((interval.low, interval.high))


def test_paired_tests_are_those_of_scipy() -> None:
    """Of two columns of scores; the ties that rounding hides are ties."""
    p_t, p_wilcoxon = paired_p_values(DIFFERENCES)

    assert p_t == pytest.approx(stats.ttest_rel(ACCURACY, RIVAL).pvalue)
    whole = np.round(100 * DIFFERENCES)
    assert p_wilcoxon == pytest.approx(stats.wilcoxon(whole).pvalue)


def test_signed_ranks_by_hand() -> None:
    """Of 32 ways to sign five ranks, two give a sum of at most 1, on each side."""
    assert paired_p_values([5, 2, 3, 4, -1])[1] == pytest.approx(2 * 2 / 32)
    assert paired_p_values([1, 2, 3, 4, 5])[1] == pytest.approx(2 * 1 / 32)


@pytest.mark.parametrize("differences", [[], [0.1], [0.0] * 5, [0.1 + 0.2, 0.3]])
def test_what_does_not_vary_has_no_p_value(differences: list[float]) -> None:
    """Nor is there a warning."""
    assert np.isnan(paired_p_values(differences)).all()


def test_correction_makes_every_claim_weaker() -> None:
    """The larger the test part, the wider the interval and the larger the p-value."""
    results = [corrected_t_test(DIFFERENCES, f) for f in (0.01, 0.1, 0.2, 0.5)]

    assert all(np.diff([r.p_value for r in results]) > 0)
    assert all(np.diff([r.high - r.low for r in results]) > 0)


def test_two_splits_that_agree_are_no_evidence() -> None:
    """Scores that count rows are often equally far apart in both, by luck."""
    result = corrected_t_test([0.0100, 0.0099], test_fraction=0.5)

    assert result.difference == pytest.approx(0.00995)
    assert np.isnan(result.p_value)


def test_interval_and_p_value_agree() -> None:
    """0 is at the end of the interval whose level is 1 - p."""
    p_value = corrected_t_test(DIFFERENCES, 0.2).p_value

    result = corrected_t_test(DIFFERENCES, 0.2, confidence=1 - p_value)

    assert result.low == pytest.approx(0, abs=1e-12)


def test_swapping_the_methods_turns_the_sign_alone() -> None:
    """The test is two-sided."""
    one, other = (corrected_t_test(s * DIFFERENCES, 0.2) for s in (1, -1))

    assert other.difference == -one.difference
    assert (other.low, other.high) == (-one.high, -one.low)
    assert other.p_value == one.p_value


def test_it_errs_as_rarely_as_it_says_where_the_plain_test_does_not() -> None:
    """Two equal methods on five folds that share a common part, 4000 times.

    The scores' correlation is the one that Nadeau and Bengio assume, 0.2.
    """
    rng = np.random.default_rng(0)
    n, fraction = 5, 0.2
    shared = rng.normal(size=(4000, 1)) * np.sqrt(fraction)
    own = rng.normal(size=(4000, n)) * np.sqrt(1 - fraction)

    found = np.mean(
        [corrected_t_test(d, fraction).p_value < 0.05 for d in shared + own]
    )
    plain = np.mean(stats.ttest_1samp(shared + own, 0, axis=1).pvalue < 0.05)

    assert abs(found - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 4000)
    assert plain > 0.1


@pytest.mark.parametrize(
    ("differences", "mean"), [([], np.nan), ([0.1], 0.1), ([0.1, 0.1, 0.1], 0.1)]
)
def test_nothing_is_claimed_of_what_does_not_vary(
    differences: list[float], mean: float
) -> None:
    """No split, one split, or equal differences: a mean perhaps, and no p-value."""
    result = corrected_t_test(differences, 0.2)

    assert result.difference == pytest.approx(mean, nan_ok=True)
    assert np.isnan(result.p_value)


def test_equal_methods_have_no_difference() -> None:
    """A method beside itself."""
    result = corrected_t_test([0.0] * 5, 0.2)

    assert (result.difference, result.low, result.high) == (0, 0, 0)
    assert np.isnan(result.p_value)


def test_holm_by_hand() -> None:
    """Times 4, 3, 2, 1 from the smallest on; never smaller than one before, nor > 1."""
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx(
        [0.03, 0.06, 0.06, 0.02]
    )
    assert holm([0.5, 0.6]).tolist() == [1, 1]
    assert holm([0.2]).tolist() == [0.2]


def test_holm_leaves_out_what_is_not_known() -> None:
    """NaN stays, and does not count as a test."""
    nan = float("nan")

    assert holm([nan, 0.01, nan, 0.04]).tolist() == pytest.approx(
        [nan, 0.02, nan, 0.04], nan_ok=True
    )
    assert np.isnan(holm([nan, nan])).all()
    assert holm([]).tolist() == []


def test_holm_is_that_of_statsmodels() -> None:
    """Ties among the p-values too."""
    p_values = np.random.default_rng(0).random(40).round(1) / 10

    peer = multipletests(p_values, method="holm")[1]
    assert holm(p_values).tolist() == pytest.approx(peer.tolist())


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_agrees_with_the_definition(p_values: list[float]) -> None:
    """Each is the largest, among those no larger than it, of p times those left."""
    ordered = sorted(p_values)
    grown = [p * (len(ordered) - i) for i, p in enumerate(ordered)]
    slow = [
        min(1, max(g for g, p in zip(grown, ordered, strict=True) if p <= own))
        for own in p_values
    ]

    assert holm(p_values).tolist() == pytest.approx(slow)


def test_cohen_d_by_hand() -> None:
    """Mean 1.4 over the root of 18.4 / 9, from the table above, whatever the unit."""
    assert cohen_d(DIFFERENCES) == pytest.approx(1.4 / np.sqrt(18.4 / 9))
    assert cohen_d(1000 * DIFFERENCES) == pytest.approx(cohen_d(DIFFERENCES))
    assert np.isnan([cohen_d([0.1]), cohen_d([0.1, 0.1])]).all()


def test_rank_biserial_is_that_of_demsar() -> None:
    """Of the rank sum 105 of his Table 2, 93 is to one side and 12 to the other."""
    assert rank_biserial(np.subtract(TUNED, C45)) == pytest.approx((93 - 12) / 105)
    assert rank_biserial([1, 2, 3]) == 1
    assert rank_biserial([-1, 1]) == 0
    assert np.isnan(rank_biserial([]))


def test_signed_ranks_are_those_of_demsar() -> None:
    """Zeros count half for each side: z = (12 - 52.5) / sqrt(14 * 15 * 29 / 24).

    Scipy knows the ties among the differences too, which makes it slightly smaller.
    """
    p_value = paired_p_values(np.subtract(TUNED, C45), split_zeros=True)[1]

    z = (12 - 14 * 15 / 4) / np.sqrt(14 * 15 * 29 / 24)
    assert z == pytest.approx(-2.54, abs=0.005)
    assert p_value == pytest.approx(2 * stats.norm.cdf(z), abs=3e-4)


SPATIAL = [
    48, 36, 20, 29, 42, 42, 20, 42, 22, 41, 45, 14, 6,
    0, 33, 28, 34, 4, 32, 24, 47, 41, 24, 26, 30, 41,
]  # fmt: skip
"""Efron and Tibshirani, An Introduction to the Bootstrap (1993), Table 14.1, test A."""


def test_bootstrap_interval_is_that_of_efron_and_tibshirani() -> None:
    """Of the variance, at 90 %: 115.8 to 259.6 in their Table 14.2, by 2000 draws."""
    low, high = bootstrap_interval(SPATIAL, np.var, confidence=0.9, n_resamples=9999)

    assert np.var(SPATIAL) == pytest.approx(171.5, abs=0.05)
    assert low == pytest.approx(115.8, rel=0.03)
    assert high == pytest.approx(259.6, rel=0.03)


def test_bootstrap_interval_is_always_the_same_and_holds_what_it_says() -> None:
    """The mean of 40 normal values lies inside at about 95 of 100 times."""
    rng = np.random.default_rng(0)
    samples = rng.normal(size=(200, 40))
    ends = np.array([bootstrap_interval(one, n_resamples=500) for one in samples])

    inside = ((ends[:, 0] < 0) & (ends[:, 1] > 0)).mean()
    assert 0.9 < inside < 0.99
    assert bootstrap_interval(samples[0]) == bootstrap_interval(samples[0])


@pytest.mark.parametrize(
    ("values", "ends"),
    [([], (np.nan, np.nan)), ([1.0, 2.0], (np.nan, np.nan)), ([0.2] * 4, (0.2, 0.2))],
)
def test_bootstrap_of_what_says_nothing(
    values: list[float], ends: tuple[float, float]
) -> None:
    """Too few values have no interval; equal ones have no width. Nothing is warned."""
    assert bootstrap_interval(values) == pytest.approx(ends, nan_ok=True)
