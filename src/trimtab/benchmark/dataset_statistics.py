"""Methods compared over data sets, each of which counts once.

A data set's folds, repeats and seeds are views of one table. They are averaged before
anything here is asked, so that a suite of three data sets is three pairs and not sixty.
"""

# SPDX-License-Identifier: BSD-3-Clause

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from trimtab.benchmark.statistics import (
    bootstrap_interval,
    cohen_d,
    holm,
    paired_p_values,
    rank_biserial,
)
from trimtab.exceptions import InputError, MissingExtraError, nearest_names

__all__ = [
    "FriedmanTest",
    "compare_over_datasets",
    "critical_difference",
    "friedman_test",
    "groups_not_told_apart",
    "mean_ranks",
    "nemenyi_p_values",
    "rank_table",
]


def _checked(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the scores, a row a data set, or say what else they are."""
    counts = scores.index.value_counts()
    if len(counts) < len(scores):
        name = counts.index[0]
        raise InputError(
            f"the data set {name!r} has {counts.iloc[0]} rows: average its folds and "
            "seeds, which are no data sets of their own"
        )
    return scores


def rank_table(scores: pd.DataFrame, *, greater_is_better: bool = True) -> pd.DataFrame:
    """Return each method's rank on each data set; 1 is best, ties share a rank.

    Parameters
    ----------
    scores : DataFrame
        One row a data set, one column a method. A method without a score on a data
        set takes its last rank there: failing is not rewarded.
    greater_is_better : bool, default=True
        The direction.

    Returns
    -------
    DataFrame
        As the scores.
    """
    # Scores that differ by rounding alone are ties.
    return scores.round(12).rank(
        axis=1, ascending=not greater_is_better, na_option="bottom"
    )


def mean_ranks(
    scores: pd.DataFrame, *, greater_is_better: bool = True
) -> "pd.Series[float]":
    """Return each method's mean rank; 1 is best.

    Parameters
    ----------
    scores, greater_is_better
        As for `rank_table`.

    Returns
    -------
    Series of float
        By method, best first.
    """
    ranks = rank_table(scores, greater_is_better=greater_is_better)
    return ranks.mean().sort_values()


@dataclass(frozen=True)
class FriedmanTest:
    """Whether methods' ranks over data sets differ at all.

    Attributes
    ----------
    n_datasets, n_methods : int
        How many were compared.
    chi_square, chi_square_p : float
        Friedman's statistic, corrected for ties, and its p-value.
    f, f_p : float
        Iman and Davenport's, which is less cautious and the one to read.
    """

    n_datasets: int
    n_methods: int
    chi_square: float
    chi_square_p: float
    f: float
    f_p: float


def friedman_test(
    scores: pd.DataFrame, *, greater_is_better: bool = True
) -> FriedmanTest:
    """Test whether methods differ over data sets, by their ranks.

    Friedman's test in the form of Iman and Davenport (Communications in Statistics 9,
    1980), as Demsar recommends it (Journal of Machine Learning Research 7, 2006).

    Parameters
    ----------
    scores, greater_is_better
        As for `rank_table`.

    Returns
    -------
    FriedmanTest

    Raises
    ------
    InputError
        Where there are fewer than three methods or two data sets, or a data set has
        several rows.

    Examples
    --------
    >>> scores = {"a": [9, 8, 7, 9], "b": [8, 7, 6, 7], "c": [7, 6, 8, 6]}
    >>> test = friedman_test(pd.DataFrame(scores))
    >>> round(test.chi_square, 2), round(test.f, 2), round(test.f_p, 3)
    (3.5, 2.33, 0.178)
    """
    n, k = _checked(scores).shape
    if k < 3 or n < 2:
        raise InputError(
            f"{k} methods on {n} data sets: Friedman's test takes three methods and "
            "two data sets or more"
        )
    ranks = rank_table(scores, greater_is_better=greater_is_better).to_numpy()
    if np.ptp(ranks) == 0:
        return FriedmanTest(n, k, 0.0, 1.0, 0.0, 1.0)
    found = stats.friedmanchisquare(*ranks.T)
    chi_square = float(found.statistic)
    rest = n * (k - 1) - chi_square
    if rest <= 1e-9 * n * k:  # all data sets agree: F has no value, its p-value has
        p_value = _chance_of_one_order(ranks[0], n)
        return FriedmanTest(n, k, chi_square, float(found.pvalue), np.inf, p_value)
    f = (n - 1) * chi_square / rest
    p_value = float(stats.f.sf(f, k - 1, (k - 1) * (n - 1)))
    return FriedmanTest(n, k, chi_square, float(found.pvalue), float(f), p_value)


def _chance_of_one_order(ranks: NDArray[np.floating[Any]], n_datasets: int) -> float:
    """Return how often data sets agree by chance, where each has ties like these."""
    _, tied = np.unique(ranks, return_counts=True)
    # Methods that are tied can change places: that is no other order.
    orders = math.lgamma(len(ranks) + 1) - sum(math.lgamma(n + 1) for n in tied)
    return math.exp(orders * (1 - n_datasets))


def critical_difference(n_methods: int, n_datasets: int, alpha: float = 0.05) -> float:
    """Return the difference of mean ranks from which on two methods are told apart.

    Nemenyi's test, which compares all pairs: q_α √(k (k + 1) / 6 N), with q_α the
    quantile of the Studentized range over √2 (Demsar 2006, section 3.2.2).

    Parameters
    ----------
    n_methods, n_datasets : int
        k and N.
    alpha : float in (0, 1), default=0.05
        How often equal methods may be told apart somewhere.

    Examples
    --------
    >>> round(critical_difference(4, 14), 2)
    1.25
    """
    quantile = float(stats.studentized_range.ppf(1 - alpha, n_methods, np.inf))
    error = math.sqrt(n_methods * (n_methods + 1) / (6 * n_datasets))
    return quantile / math.sqrt(2) * error


def nemenyi_p_values(
    scores: pd.DataFrame, *, greater_is_better: bool = True
) -> pd.DataFrame:
    """Return Nemenyi's p-value of each pair of methods.

    Parameters
    ----------
    scores, greater_is_better
        As for `rank_table`.

    Returns
    -------
    DataFrame
        Methods by methods, symmetric, 1 on the diagonal.

    Raises
    ------
    InputError
        Where a data set has several rows.
    MissingExtraError
        Where scikit-posthocs is not installed.
    """
    try:
        from scikit_posthocs import posthoc_nemenyi_friedman
    except ImportError as error:
        raise MissingExtraError("scikit-posthocs", "bench") from error

    ranks = rank_table(_checked(scores), greater_is_better=greater_is_better)
    found = posthoc_nemenyi_friedman(ranks.to_numpy())
    return pd.DataFrame(found.to_numpy(), index=scores.columns, columns=scores.columns)


def groups_not_told_apart(
    ranks: "pd.Series[float]", difference: float
) -> list[list[str]]:
    """Return the groups of methods within one critical difference of each other.

    Parameters
    ----------
    ranks : Series of float
        Mean ranks by method.
    difference : float
        As from `critical_difference`.

    Returns
    -------
    list of list of str
        The largest groups of two or more, best first; a method may be in several.

    Examples
    --------
    >>> groups_not_told_apart(pd.Series({"a": 1.2, "b": 2.0, "c": 2.8}), 1.0)
    [['a', 'b'], ['b', 'c']]
    """
    ordered = ranks.sort_values()
    groups: list[list[str]] = []
    end = 0
    for start, rank in enumerate(ordered):
        last = int((ordered < rank + difference).sum())
        if last > end and last - start > 1:
            groups.append([str(name) for name in ordered.index[start:last]])
            end = last
    return groups


def compare_over_datasets(
    scores: pd.DataFrame,
    reference: str | None = None,
    *,
    greater_is_better: bool = True,
) -> pd.DataFrame:
    """Compare methods in pairs over data sets.

    Parameters
    ----------
    scores : DataFrame
        One row a data set, one column a method. A pair is compared on the data sets
        on which both have a score.
    reference : str, default=None
        The method that all others are compared with; None compares every pair.
    greater_is_better : bool, default=True
        The direction.

    Returns
    -------
    DataFrame
        ``method``, ``other``, ``datasets``; ``difference`` (mean over the data sets,
        positive where ``method`` is better), ``low`` and ``high`` (its 95 % bootstrap
        interval over data sets); ``ahead``, ``level`` and ``behind`` (data sets);
        ``p_t`` and ``p_wilcoxon`` (paired, two-sided; equal scores count half for
        each), both with ``_holm`` after Holm's correction over all rows; ``cohen_d``
        and ``rank_biserial``.

    Raises
    ------
    InputError
        Where there is no such reference, or a data set has several rows.
    """
    names = [str(name) for name in _checked(scores)]
    if reference is not None and reference not in names:
        raise InputError(f"no method {reference!r}: {nearest_names(reference, names)}")
    pairs = (
        list(itertools.combinations(names, 2))
        if reference is None
        else [(reference, name) for name in names if name != reference]
    )
    sign = 1 if greater_is_better else -1
    rows = [
        {"method": one, "other": other, **_pair(sign * (scores[one] - scores[other]))}
        for one, other in pairs
    ]
    table = pd.DataFrame(rows, columns=_PAIR_COLUMNS)
    for test in ("p_t", "p_wilcoxon"):
        table[f"{test}_holm"] = holm(table[test])
    return table


_PAIR_COLUMNS = [
    "method", "other", "datasets", "difference", "low", "high", "ahead", "level",
    "behind", "p_t", "p_t_holm", "p_wilcoxon", "p_wilcoxon_holm", "cohen_d",
    "rank_biserial",
]  # fmt: skip


def _pair(differences: "pd.Series[float]") -> dict[str, Any]:
    """Return what is said of one pair."""
    values = differences.dropna().round(12).to_numpy(dtype=float)
    low, high = bootstrap_interval(values)
    p_t, p_wilcoxon = paired_p_values(values, split_zeros=True)
    return {
        "datasets": len(values),
        "difference": values.mean() if len(values) else np.nan,
        "low": low,
        "high": high,
        "ahead": int((values > 0).sum()),
        "level": int((values == 0).sum()),
        "behind": int((values < 0).sum()),
        "p_t": p_t,
        "p_wilcoxon": p_wilcoxon,
        "cohen_d": cohen_d(values),
        "rank_biserial": rank_biserial(values),
    }
