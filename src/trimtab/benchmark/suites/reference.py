"""A suite's reference against each other method, run by run, and beside the paper."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import pandas as pd

from trimtab.benchmark.dataset_statistics import mean_ranks
from trimtab.benchmark.statistics import corrected_t_test, holm, paired_p_values
from trimtab.benchmark.suites.suite import Suite
from trimtab.benchmark.suites.summary import is_greater_better

__all__ = [
    "compare_with_reference",
    "difference_matrix",
    "mean_differences",
    "over_datasets",
]

_RUN = ["seed", "repeat", "fold"]  # what tells one run on a data set from another
_TESTS = ["p_t", "p_wilcoxon", "p_corrected"]
_NUMBERS = ["difference", "low", "high", *_TESTS]
_PAPER = ["p_t_paper", "p_wilcoxon_paper"]
_COLUMNS = [
    "dataset",
    "method",
    "n",
    *_NUMBERS,
    *(f"{test}_holm" for test in _TESTS),
    "mean_rank",
    *_PAPER,
]


def compare_with_reference(
    results: pd.DataFrame, suite: Suite, metric: str
) -> pd.DataFrame:
    """Test a suite's reference against every other method on each data set.

    Runs are paired by their seed and split; those that one of the two did not finish
    are left out.

    Parameters
    ----------
    results : DataFrame
        One row an experiment, methods by their labels.
    suite : Suite
        Names the reference, and brings the paper's p-values.
    metric : str
        A measure or a cost.

    Returns
    -------
    DataFrame
        One row a data set and method, in the suite's order; empty where the suite has
        no reference. Without a row are data sets on which the reference finished no
        run, and methods that were not run there.

        ``dataset``, ``method``, ``n`` (runs that both finished), ``difference`` (the
        mean of the reference's score minus the method's; where less is better the
        other way round, so that positive is to the reference's advantage), ``low`` and
        ``high`` (its 95 % interval, corrected as the last test is), ``p_t`` (paired
        t-test), ``p_wilcoxon`` (two-sided signed-rank test), ``p_corrected`` (Nadeau
        and Bengio's t-test, which allows for training parts that share rows), each
        with ``_holm`` after Holm's correction over the methods, ``mean_rank`` over the
        runs that every method was tried on (1 is best; a run that failed ranks last)
        and ``p_t_paper`` and ``p_wilcoxon_paper``. The reference's own row has its
        rank alone.
    """
    known = [entry.label for entry in suite.entries]
    results = results[results["method"].isin(known)]
    tables = [
        _on_dataset(rows, suite, metric)
        for dataset in suite.datasets
        if len(rows := results[results["dataset"] == dataset])
    ]
    found = [table for table in tables if len(table)]
    return pd.concat(found, ignore_index=True) if found else _empty()


def _empty() -> pd.DataFrame:
    return pd.DataFrame(columns=_COLUMNS)


def _on_dataset(results: pd.DataFrame, suite: Suite, metric: str) -> pd.DataFrame:
    """Return the rows of one data set."""
    dataset, reference = results["dataset"].iloc[0], suite.reference
    scores = _by_run(results, metric)
    if reference not in scores or scores[reference].isna().all():
        return _empty()
    labels = [entry.label for entry in suite.entries if entry.label in scores]
    sign = 1 if is_greater_better(metric) else -1
    rows = [
        _compare(sign * (scores[reference] - scores[label]), suite)
        if label != reference
        else {"n": int(scores[label].count())}
        for label in labels
    ]
    table = pd.DataFrame(rows).reindex(columns=_COLUMNS)
    table[["dataset", "method"]] = [(dataset, label) for label in labels]
    for test in _TESTS:
        table[f"{test}_holm"] = holm(table[test])
    table["mean_rank"] = table["method"].map(_ranks(results, scores, metric))
    paper = {
        value.method: (value.p_t, value.p_wilcoxon)
        for value in suite.paper
        if (value.dataset, value.metric) == (dataset, metric)
    }
    numbers = [paper.get(label, (None, None)) for label in labels]
    table[_PAPER] = np.array(numbers, dtype=float)
    return table


def _compare(differences: "pd.Series[float]", suite: Suite) -> dict[str, Any]:
    """Return the tests of the differences, run by run."""
    found = differences.dropna()
    corrected = corrected_t_test(found, suite.protocol.test_fraction)
    p_t, p_wilcoxon = paired_p_values(found)
    return {
        "n": len(found),
        "difference": corrected.difference,
        "low": corrected.low,
        "high": corrected.high,
        "p_t": p_t,
        "p_wilcoxon": p_wilcoxon,
        "p_corrected": corrected.p_value,
    }


def _by_run(results: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return scores with one row a run and one column a method; NaN where it failed."""
    scores = results[metric].where(results["status"] == "done")
    table = results[[*_RUN, "method"]].assign(score=scores)
    return table.pivot(index=_RUN, columns="method", values="score")


def _ranks(
    results: pd.DataFrame, scores: pd.DataFrame, metric: str
) -> "pd.Series[float]":
    """Return mean ranks over the runs that every method was tried on."""
    tried = results.groupby(_RUN)["method"].nunique()
    common = scores[tried.reindex(scores.index) == results["method"].nunique()]
    return mean_ranks(common, greater_is_better=is_greater_better(metric))


def mean_differences(results: pd.DataFrame, suite: Suite, metric: str) -> pd.DataFrame:
    """Return mean differences from the reference without testing them.

    Parameters
    ----------
    results, suite, metric
        As for `compare_with_reference`.

    Returns
    -------
    DataFrame
        As from `difference_matrix`: one row a method, one column a data set.
    """
    sign = 1 if is_greater_better(metric) else -1
    columns = {}
    for dataset in suite.datasets:
        scores = _by_run(results[results["dataset"] == dataset], metric)
        if suite.reference in scores:
            own = scores[suite.reference]
            columns[dataset] = (sign * -scores.sub(own, axis=0)).mean()
    labels = [entry.label for entry in suite.entries if entry.label != suite.reference]
    matrix = pd.DataFrame(columns).reindex(labels)
    return matrix.dropna(how="all").dropna(how="all", axis=1)


def over_datasets(tests: pd.DataFrame) -> pd.DataFrame:
    """Return one row a method: its differences from the reference over data sets.

    Parameters
    ----------
    tests : DataFrame
        As from `compare_with_reference`.

    Returns
    -------
    DataFrame
        ``method``, ``datasets`` (on which it was run), ``difference`` (mean over
        them), on how many the reference is ``ahead`` and ``behind``, and ``mean_rank``
        (over the runs, then over the data sets on which every method was run). The
        reference's own row has its rank alone.
    """
    ranks = tests.pivot(index="dataset", columns="method", values="mean_rank")
    table = tests.assign(ahead=tests["difference"] > 0, behind=tests["difference"] < 0)
    return (
        table.groupby("method", sort=False)
        .agg(
            datasets=("dataset", "count"),
            difference=("difference", "mean"),
            ahead=("ahead", "sum"),
            behind=("behind", "sum"),
        )
        .assign(mean_rank=ranks.dropna().mean())
        .sort_values("mean_rank")
        .reset_index()
    )


def difference_matrix(tests: pd.DataFrame, suite: Suite) -> pd.DataFrame:
    """Return mean differences from the reference, methods by data sets.

    Parameters
    ----------
    tests : DataFrame
        As from `compare_with_reference`.
    suite : Suite
        Decides the order.

    Returns
    -------
    DataFrame
        One row a method, one column a data set; NaN where a method was not run.
    """
    wide = tests.pivot(index="method", columns="dataset", values="difference")
    labels = [
        entry.label
        for entry in suite.entries
        if entry.label in wide.index and entry.label != suite.reference
    ]
    datasets = [dataset for dataset in suite.datasets if dataset in wide]
    return wide.reindex(index=labels, columns=datasets)
