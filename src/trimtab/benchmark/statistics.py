"""Tests, intervals and effect sizes that allow for how the numbers came about."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

__all__ = [
    "CorrectedT",
    "bootstrap_interval",
    "cohen_d",
    "corrected_t_test",
    "holm",
    "paired_p_values",
    "rank_biserial",
]


@dataclass(frozen=True)
class CorrectedT:
    """A paired difference over splits that share rows.

    Attributes
    ----------
    difference : float
        The mean difference.
    low, high : float
        Its interval.
    p_value : float
        Two-sided. NaN where the differences do not vary at all, or are fewer than
        three.
    """

    difference: float
    low: float
    high: float
    p_value: float


def corrected_t_test(
    differences: ArrayLike, test_fraction: float, confidence: float = 0.95
) -> CorrectedT:
    """Test paired differences over folds or repeated splits.

    The splits' training parts share rows, so their scores are not independent and the
    plain paired t-test finds differences that are none. The variance of the mean is
    taken as (1/n + n_test/n_train) times that of the differences (Nadeau and Bengio,
    Machine Learning 52, 2003; for repeated folds Bouckaert and Frank, PAKDD 2004).

    Parameters
    ----------
    differences : array-like of shape (n_splits,)
        Score of one method minus score of the other, split by split.
    test_fraction : float in (0, 1)
        The share of the rows in each test part: 0.2 for five folds.
    confidence : float in (0, 1), default=0.95
        Level of the interval.

    Returns
    -------
    CorrectedT

    Examples
    --------
    >>> result = corrected_t_test([0.03, 0.01, 0.02, 0.04, 0.0], test_fraction=0.2)
    >>> round(result.difference, 3), round(result.p_value, 4)
    (0.02, 0.1324)
    """
    values = np.asarray(differences, dtype=float)
    n = len(values)
    mean = float(values.mean()) if n else np.nan
    if n < 2:
        return CorrectedT(mean, np.nan, np.nan, np.nan)
    if np.allclose(values, mean, rtol=1e-9, atol=1e-12):  # but for rounding
        return CorrectedT(mean, mean, mean, np.nan)
    variance = values.var(ddof=1)
    error = float(np.sqrt((1 / n + test_fraction / (1 - test_fraction)) * variance))
    # Two splits of scores that count rows are often equally far apart by luck.
    p_value = 2 * stats.t.sf(abs(mean) / error, n - 1) if n > 2 else np.nan
    reach = float(stats.t.ppf((1 + confidence) / 2, n - 1)) * error
    return CorrectedT(mean, mean - reach, mean + reach, float(p_value))


def paired_p_values(
    differences: ArrayLike, *, split_zeros: bool = False
) -> tuple[float, float]:
    """Test paired differences by the t-test and by Wilcoxon's signed ranks.

    Both are two-sided, and take the differences as independent; over splits that share
    rows they are not (`corrected_t_test`).

    Parameters
    ----------
    differences : array-like of shape (n_runs,)
        Score of one method minus score of the other, run by run or data set by data
        set.
    split_zeros : bool, default=False
        Whether differences of zero count half for either side of the signed ranks, as
        Demsar has it (Journal of Machine Learning Research 7, 2006); otherwise they
        are left out, as Wilcoxon did.

    Returns
    -------
    p_t, p_wilcoxon : float
        NaN where the differences do not vary at all, or are fewer than two.

    Examples
    --------
    >>> p_t, p_wilcoxon = paired_p_values([0.03, 0.01, 0.02, 0.04, -0.005])
    >>> round(p_t, 4), p_wilcoxon
    (0.0718, 0.125)
    """
    values = np.asarray(differences, dtype=float)
    if len(values) < 2 or np.allclose(values, values.mean(), rtol=1e-9, atol=1e-12):
        return np.nan, np.nan
    # Scores that differ by rounding alone are ties, not the smallest differences.
    rounded = np.round(values, 12)
    zeros: Literal["zsplit", "wilcox"] = "zsplit" if split_zeros else "wilcox"
    return (
        float(stats.ttest_1samp(values, 0.0).pvalue),
        float(stats.wilcoxon(rounded, zero_method=zeros).pvalue),
    )


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Correct p-values for their number by Holm's method; NaN stays NaN.

    Parameters
    ----------
    p_values : array-like of shape (n_tests,)
        P-values.

    Returns
    -------
    ndarray of float of shape (n_tests,)

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03, float("nan")]).round(3).tolist()
    [0.03, 0.06, 0.06, nan]
    """
    # statsmodels has this too, and collects garbage at every call: on a page of many
    # tables that was four fifths of the time.
    values = np.asarray(p_values, dtype=float)
    corrected = np.full(values.shape, np.nan)
    known = np.flatnonzero(~np.isnan(values))
    ordered = known[np.argsort(values[known], kind="stable")]
    grown = values[ordered] * np.arange(len(ordered), 0, -1)
    corrected[ordered] = np.minimum(np.maximum.accumulate(grown), 1.0)
    return corrected


def cohen_d(differences: ArrayLike) -> float:
    """Return the mean of paired differences in their own standard deviations.

    Parameters
    ----------
    differences : array-like of shape (n_pairs,)
        Score of one method minus score of the other.

    Returns
    -------
    float
        Cohen's d of paired values. Cohen calls 0.2 small and 0.8 large. NaN where the
        differences do not vary, or are fewer than two.

    Examples
    --------
    >>> round(cohen_d([0.03, 0.01, 0.02, 0.04, 0.0]), 3)
    1.265
    """
    values = np.asarray(differences, dtype=float)
    if len(values) < 2 or np.allclose(values, values.mean(), rtol=1e-9, atol=1e-12):
        return np.nan
    return float(values.mean() / values.std(ddof=1))


def rank_biserial(differences: ArrayLike) -> float:
    """Return how one-sided paired differences are, by their signed ranks.

    The share of the rank sum that is to the advantage of the first method, minus the
    share that is to its disadvantage: the matched-pairs rank-biserial correlation
    (Kerby, Comprehensive Psychology 3, 2014). It goes with Wilcoxon's test.

    Parameters
    ----------
    differences : array-like of shape (n_pairs,)
        Score of one method minus score of the other. Zeros count half for each.

    Returns
    -------
    float
        1 where the first is ahead in every pair, −1 where it is behind in every one.
        NaN where there is no pair.

    Examples
    --------
    >>> round(rank_biserial([5, 2, 3, 4, -1]), 3)  # (14 - 1) / 15
    0.867
    """
    values = np.round(np.asarray(differences, dtype=float), 12)
    if not len(values):
        return np.nan
    ranks = stats.rankdata(np.abs(values))
    return float((np.sign(values) * ranks).sum() / ranks.sum())


def bootstrap_interval(
    values: ArrayLike,
    statistic: Callable[..., Any] = np.mean,
    *,
    confidence: float = 0.95,
    n_resamples: int = 5000,
) -> tuple[float, float]:
    """Return a bootstrap interval of a statistic, bias-corrected and accelerated.

    Parameters
    ----------
    values : array-like of shape (n_values,)
        Independent values, such as one for each data set. Splits of one table are not
        independent; `corrected_t_test` has an interval for them.
    statistic : callable, default=numpy.mean
        Takes an array and ``axis``.
    confidence : float in (0, 1), default=0.95
        Level of the interval.
    n_resamples : int, default=5000
        How often the values are drawn anew. The draws are always the same.

    Returns
    -------
    low, high : float
        After Efron (Journal of the American Statistical Association 82, 1987). NaN
        where there are fewer than three values; both ends are the statistic where the
        values do not vary.

    Examples
    --------
    >>> low, high = bootstrap_interval([0.03, 0.01, 0.02, 0.04, 0.0])
    >>> round(low, 3), round(high, 3)
    (0.008, 0.032)
    """
    known = np.asarray(values, dtype=float)
    if len(known) < 3:
        return np.nan, np.nan
    if np.allclose(known, known[0], rtol=1e-9, atol=1e-12):
        value = float(statistic(known, axis=0))
        return value, value
    result = stats.bootstrap(
        (known,),
        statistic,
        confidence_level=confidence,
        n_resamples=n_resamples,
        method="BCa",
        rng=np.random.default_rng(0),
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)
