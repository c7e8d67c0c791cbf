"""Statistics over data sets, as text."""

# SPDX-License-Identifier: BSD-3-Clause

import math

import pandas as pd

from trimtab.benchmark.dataset_statistics import (
    compare_over_datasets,
    critical_difference,
    friedman_test,
    mean_ranks,
)
from trimtab.benchmark.suites.suite import Suite
from trimtab.benchmark.suites.summary import is_greater_better, scores_by_dataset
from trimtab.report.words.text_table import TextTable
from trimtab.report.words.wording import (
    difference_in_interval,
    number,
    p_value,
    signed,
)

__all__ = ["FEWEST", "dataset_tables", "friedman_sentence"]

FEWEST = 3
"""Fewer data sets or methods than these have no statistics over data sets."""

NOTE = (
    "Each data set counts once: its splits and seeds are averaged. Differences are "
    "means over the data sets with a 95 % bootstrap interval; positive is to the "
    "advantage of {reference}. p-values are two-sided; * is below 0.05 after Holm's "
    "correction over the methods. The effect is the rank-biserial correlation: 1 where "
    "{reference} is ahead everywhere."
)
CHOSEN = " It was chosen for its rank, which flatters it a little."


def dataset_tables(summary: pd.DataFrame, suite: Suite) -> list[TextTable]:
    """Return the statistics over data sets.

    Parameters
    ----------
    summary : DataFrame
        As from `trimtab.benchmark.suites.summary.summarise`.
    suite : Suite
        Names the reference; without one the best-ranked method stands for it.

    Returns
    -------
    list of TextTable
        One table: the reference against each other method. Empty where fewer than
        three methods or three data sets, on which all were tried, can be compared.
    """
    scores = scores_by_dataset(summary, tried_by_all=True)
    if min(scores.shape) < FEWEST or scores.isna().all(axis=None):
        return []
    better = is_greater_better(str(summary["metric"].iloc[0]))
    ranks = mean_ranks(scores, greater_is_better=better)
    best = str(ranks.index[0])
    reference = suite.reference if suite.reference in scores else best
    pairs = compare_over_datasets(scores, str(reference), greater_is_better=better)
    pairs = pairs.assign(rank=pairs["other"].map(ranks)).sort_values("rank")
    return [
        TextTable(
            f"{reference} against the others over {len(scores)} data sets",
            _cells(pairs, str(reference)),
            f"{friedman_sentence(scores, better)} {NOTE.format(reference=reference)}"
            + ("" if reference == suite.reference else CHOSEN),
        )
    ]


def friedman_sentence(scores: pd.DataFrame, greater_is_better: bool) -> str:
    """Return whether the ranks differ, and from which difference on two methods do."""
    test = friedman_test(scores, greater_is_better=greater_is_better)
    differ = "differ by more" if test.f_p < 0.05 else "do not differ by more"
    value = "" if math.isinf(test.f) else f"F = {number(test.f, 1)}, "
    p = p_value(test.f_p)
    sign = "" if p.startswith("<") else "= "
    apart = critical_difference(test.n_methods, test.n_datasets)
    return (
        f"The ranks of {test.n_methods} methods over {test.n_datasets} data sets "
        f"{differ} than chance has it (Friedman's test in Iman and Davenport's form: "
        f"{value}p {sign}{p}). Two methods are told apart from a difference of mean "
        f"ranks of {number(apart, 2)} on (Nemenyi's test, 5 %)."
    )


def _cells(pairs: pd.DataFrame, reference: str) -> pd.DataFrame:
    intervals = pairs[["difference", "low", "high"]].to_numpy(dtype=float)
    cells = {
        "method": pairs["other"],
        "rank": [number(rank, 2) for rank in pairs["rank"]],
        f"{reference} − it": [difference_in_interval(*one) for one in intervals],
        "ahead": pairs["ahead"].astype(str),
        "behind": pairs["behind"].astype(str),
        "Wilcoxon": p_values(pairs, "p_wilcoxon"),
        "t-test": p_values(pairs, "p_t"),
        "effect": [signed(value, 2) for value in pairs["rank_biserial"]],
    }
    return pd.DataFrame(cells).reset_index(drop=True)


def p_values(rows: pd.DataFrame, test: str) -> list[str]:
    """Return p-values; a star where they stay small after Holm's correction.

    Parameters
    ----------
    rows : DataFrame
        With the columns `test` and ``{test}_holm``.
    test : str
        The column of the p-values; NaN is left empty.
    """
    return [
        "" if math.isnan(p) else p_value(p) + ("*" if corrected < 0.05 else "")
        for p, corrected in zip(rows[test], rows[f"{test}_holm"], strict=True)
    ]
