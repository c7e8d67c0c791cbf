"""From experiments to tables: one row each, one row a data set and method, one page."""

# SPDX-License-Identifier: BSD-3-Clause

import json

import numpy as np
import pandas as pd

from trimtab.benchmark.dataset_statistics import mean_ranks
from trimtab.benchmark.suites.suite import Suite
from trimtab.exceptions import InputError
from trimtab.metrics import MEASURES, find_measure

__all__ = [
    "flatten_per_class",
    "is_greater_better",
    "overview",
    "scores_by_dataset",
    "summarise",
    "with_labels",
]


def flatten_per_class(results: pd.DataFrame) -> pd.DataFrame:
    """Put per-class scores into columns of their own.

    Parameters
    ----------
    results : DataFrame
        As from `Store.results`, with ``per_class`` as JSON.

    Returns
    -------
    DataFrame
        Without ``per_class``, with ``precision[LABEL]``, ``recall[LABEL]`` and
        ``f1[LABEL]`` for every class.
    """
    flat = pd.DataFrame(
        [
            {
                f"{score}[{entry['label']}]": entry[score]
                for score in ("precision", "recall", "f1")
                for entry in json.loads(text)
            }
            for text in results["per_class"]
        ],
        index=results.index,
    )
    return pd.concat([results.drop(columns="per_class"), flat], axis=1)


def with_labels(results: pd.DataFrame, suite: Suite) -> pd.DataFrame:
    """Return results with the suite's own names for its methods as ``method``."""
    if "tuning" in results:
        tunings = results["tuning"].fillna("")
    else:
        tunings = pd.Series("", index=results.index)
    labels = [
        suite.label_of(*found)
        for found in zip(results["method"], results["parameters"], tunings, strict=True)
    ]
    return results.assign(method=labels)


def summarise(results: pd.DataFrame, suite: Suite, metric: str) -> pd.DataFrame:
    """Return mean and standard deviation of each method on each data set.

    Parameters
    ----------
    results : DataFrame
        One row an experiment, methods by their labels.
    suite : Suite
        Decides the order, and brings the paper's numbers.
    metric : str
        A measure or a cost.

    Returns
    -------
    DataFrame
        ``dataset``, ``method``, ``metric``, ``mean``, ``sd`` (over splits and seeds),
        ``n`` (experiments that finished), ``failed``, ``paper_mean``, ``paper_sd`` and
        ``sds_from_paper`` (our mean minus the paper's, in the paper's standard
        deviations).

    Raises
    ------
    InputError
        Where no result has that metric.
    """
    if metric not in results or not pd.api.types.is_numeric_dtype(results[metric]):
        there = ", ".join(name for name in MEASURES if name in results)
        raise InputError(
            f"no result has the metric {metric!r}: there are {there} and the costs, "
            "such as fit_seconds"
        )
    failed = results["status"].ne("done")
    table = (
        results[["dataset", "method"]]
        .assign(failed=failed, value=results[metric].where(~failed))
        .groupby(["dataset", "method"], sort=False)
        .agg(
            mean=("value", "mean"),
            sd=("value", "std"),
            n=("value", "count"),
            failed=("failed", "sum"),
        )
    )
    wanted = pd.MultiIndex.from_product(
        [suite.datasets, [entry.label for entry in suite.entries]],
        names=["dataset", "method"],
    )
    found = [pair for pair in wanted if pair in table.index]
    if not found:
        raise InputError(
            f"there is no result of the suite {suite.name} among these: name the store "
            "or the export of that suite"
        )
    table = table.reindex(found)
    paper = {
        (value.dataset, value.method): (value.mean, value.sd)
        for value in suite.paper
        if value.metric == metric
    }
    numbers = [paper.get(pair, (np.nan, np.nan)) for pair in table.index]
    table[["paper_mean", "paper_sd"]] = np.array(numbers, dtype=float).reshape(-1, 2)
    unit = table["paper_sd"].where(table["paper_sd"] > 0)
    table["sds_from_paper"] = (table["mean"] - table["paper_mean"]) / unit
    table.insert(0, "metric", metric)
    return table.reset_index()


def overview(summary: pd.DataFrame) -> pd.DataFrame:
    """Return one row a method: mean over data sets, mean rank, and how many.

    Parameters
    ----------
    summary : DataFrame
        As from `summarise`.

    Returns
    -------
    DataFrame
        ``method``, ``mean`` (over the data sets on which every method finished all
        its splits), ``mean_rank`` (over those on which every method was tried; one
        that did not finish takes the last rank there), ``datasets`` (finished),
        ``failed`` (experiments), best rank first.
    """
    scores = scores_by_dataset(summary)
    compared = scores_by_dataset(summary, tried_by_all=True)
    better = is_greater_better(str(summary["metric"].iloc[0]))
    common = scores[compared.columns].dropna()
    table = pd.DataFrame(
        {
            "mean": common.mean() if len(common) else np.nan,
            "mean_rank": mean_ranks(compared, greater_is_better=better),
            "datasets": scores.count(),
            "failed": summary.groupby("method")["failed"].sum(),
        }
    )
    table = table.rename_axis("method").sort_values("mean_rank")
    return table.reset_index()


def scores_by_dataset(
    summary: pd.DataFrame, *, tried_by_all: bool = False
) -> pd.DataFrame:
    """Return the methods' means, which the statistics over data sets are of.

    Parameters
    ----------
    summary : DataFrame
        As from `summarise`.
    tried_by_all : bool, default=False
        Whether data sets are left out that not every method was tried on, on all
        splits. Methods that were tried on less than half of the data sets, as suites
        plan some, are left out before.

    Returns
    -------
    DataFrame
        One row a data set, one column a method, both in the suite's order; NaN where a
        method was not tried or did not finish all its runs. Data sets that do not have
        the measure, as those of three classes have no precision at a recall, have no
        row.
    """
    # A mean over fewer splits than others had is of other, perhaps easier, splits.
    planned = (summary["n"] + summary["failed"]).max()
    whole = summary.assign(mean=summary["mean"].where(summary["n"] == planned))
    scores = whole.pivot(index="dataset", columns="method", values="mean").reindex(
        index=_with_measure(summary), columns=summary["method"].unique()
    )
    if not tried_by_all:
        return scores
    runs = summary.assign(runs=summary["n"] + summary["failed"])
    runs = runs.pivot(index="dataset", columns="method", values="runs")
    runs = runs.reindex(scores.index)
    of_method = dict(runs.notna().sum().items())
    kept = [m for m in scores if of_method[m] * 2 >= max(of_method.values())]
    # Runs that are still to come are no failures, and would be a tie of all methods.
    is_whole = runs[kept].eq(planned).all(axis=1)
    return scores[kept][is_whole.to_numpy(dtype=bool)]


def _with_measure(summary: pd.DataFrame) -> list[str]:
    """Return the data sets but those that do not have the measure."""
    # There a method finished all its runs, and none of any method has a value. Such
    # sets would count as ties of all methods.
    by_dataset = summary.groupby("dataset", sort=False)
    lack = (by_dataset["n"].max() == 0) & (by_dataset["failed"].min() == 0)
    return [str(name) for name in lack.index[~lack]]


def is_greater_better(metric: str) -> bool:
    """Return whether more is better: of scores mostly, of costs never."""
    measure = find_measure(metric)
    return measure is not None and measure.greater_is_better
