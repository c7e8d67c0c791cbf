"""Tests and intervals that allow for how the numbers came about."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

__all__ = [
    "CorrectedT",
    "corrected_t_test",
    "friedman",
    "holm",
    "mean_ranks",
    "paired_p_values",
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
        Two-sided. NaN where the differences do not vary at all, or are fewer than two.
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
    p_value = 2 * stats.t.sf(abs(mean) / error, n - 1)
    reach = float(stats.t.ppf((1 + confidence) / 2, n - 1)) * error
    return CorrectedT(mean, mean - reach, mean + reach, float(p_value))


def paired_p_values(differences: ArrayLike) -> tuple[float, float]:
    """Test paired differences by the t-test and by Wilcoxon's signed ranks.

    Both are two-sided, and take the differences as independent; over splits that share
    rows they are not (`corrected_t_test`).

    Parameters
    ----------
    differences : array-like of shape (n_runs,)
        Score of one method minus score of the other, run by run.

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
    return (
        float(stats.ttest_1samp(values, 0.0).pvalue),
        float(stats.wilcoxon(rounded).pvalue),
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
    from statsmodels.stats.multitest import multipletests

    values = np.asarray(p_values, dtype=float)
    corrected = np.full(values.shape, np.nan)
    known = ~np.isnan(values)
    if known.any():
        corrected[known] = multipletests(values[known], method="holm")[1]
    return corrected


def mean_ranks(
    scores: pd.DataFrame, *, greater_is_better: bool = True
) -> "pd.Series[float]":
    """Return each method's mean rank over data sets; 1 is best, ties share a rank.

    Parameters
    ----------
    scores : DataFrame
        One row a data set, one column a method. A method without a score on a data
        set takes its last rank there: failing is not rewarded.
    greater_is_better : bool, default=True
        The direction.

    Returns
    -------
    Series of float
        By method, best first.
    """
    ranks = scores.rank(axis=1, ascending=not greater_is_better, na_option="bottom")
    return ranks.mean().sort_values()


def friedman(scores: pd.DataFrame) -> tuple[float, float]:
    """Test whether methods differ at all, by their ranks on several data sets.

    Friedman's test in the form of Iman and Davenport, which is less conservative
    (J. Demsar, "Statistical comparisons of classifiers over multiple data sets", JMLR
    7, 2006, section 3.2.2).

    Parameters
    ----------
    scores : DataFrame
        One row a data set, one column a method; two or more of each, all known.

    Returns
    -------
    statistic, p_value : float
        Of the F distribution. Where all data sets rank all methods alike, infinity
        and 0.

    Examples
    --------
    >>> scores = pd.DataFrame({"a": [1, 2, 3, 9], "b": [2, 3, 4, 8], "c": [3, 4, 5, 7]})
    >>> statistic, p_value = friedman(scores)
    >>> round(statistic, 3), round(p_value, 3)
    (1.0, 0.422)
    """
    from scipy import stats

    n, k = scores.shape
    chi_square = float(stats.friedmanchisquare(*scores.to_numpy(float).T).statistic)
    rest = n * (k - 1) - chi_square
    if rest <= 0:
        return float("inf"), 0.0
    statistic = (n - 1) * chi_square / rest
    return statistic, float(stats.f.sf(statistic, k - 1, (k - 1) * (n - 1)))
