"""What the evidence page shows of one suite."""

# SPDX-License-Identifier: BSD-3-Clause

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from trimtab.benchmark.leaderboard import BASELINE
from trimtab.benchmark.methods import get_method
from trimtab.benchmark.suites.reference import mean_differences
from trimtab.benchmark.suites.suite import Suite
from trimtab.benchmark.suites.suite_results import SuiteResults
from trimtab.benchmark.suites.summary import (
    is_greater_better,
    scores_by_dataset,
    summarise,
)
from trimtab.metrics import find_measure
from trimtab.report.charts.chart import Chart
from trimtab.report.charts.cost_chart import chart_of_costs
from trimtab.report.charts.difference_chart import difference_chart
from trimtab.report.charts.profile_chart import profile_chart
from trimtab.report.charts.rank_chart import rank_chart
from trimtab.report.words.dataset_tables import FEWEST
from trimtab.report.words.suite_tables import (
    overview_cells,
    paper_tables,
    reference_tables,
)
from trimtab.report.words.text_table import TextTable
from trimtab.report.words.wording import count, inside_sentence, number, seconds

__all__ = ["SuiteSection", "reference_of", "suite_section"]


@dataclass(frozen=True)
class SuiteSection:
    """One suite on the page.

    Attributes
    ----------
    anchor : str
        Its place on the page.
    suite : Suite
        The plan.
    facts : str
        How much of it has been run, and how long that took.
    charts : list of Chart
        Its charts, named after the suite.
    tables : list of TextTable
        Its tables.
    commands : list of str
        How to run it again, and to show it.
    """

    anchor: str
    suite: Suite
    facts: str
    charts: list[Chart]
    tables: list[TextTable]
    commands: list[str]


def suite_section(found: SuiteResults) -> SuiteSection:
    """Return what the page shows of a suite.

    Parameters
    ----------
    found : SuiteResults
        The suite and its results.
    """
    suite, results = found.suite, found.results
    metrics = [
        metric
        for metric in (suite.metric, *suite.further_metrics)
        if metric in results and results[metric].notna().any()
    ]
    name = found.argument or suite.name
    return SuiteSection(
        anchor=f"suite-{suite.name}",
        suite=suite,
        facts=_facts(found),
        charts=[chart for m in metrics for chart in _charts(results, suite, m)],
        tables=[table for m in metrics for table in _tables(results, suite, m)],
        commands=[
            found.command,
            f"trimtab bench show {name}",
            f"trimtab bench report {name} --out report",
        ],
    )


def reference_of(suite: Suite, scores: pd.DataFrame) -> str:
    """Return whom all others are compared with: the suite's, LightGBM, or the first."""
    for name in (suite.reference, BASELINE, "LightGBM"):
        if name in scores:
            return str(name)
    return str(scores.columns[0])


_SECONDS = ("fit_seconds", "predict_seconds", "threshold_seconds", "tuning_seconds")


def _facts(found: SuiteResults) -> str:
    """Return how much was run, what failed, and how long it took."""
    planned = len(found.suite.experiments())
    results = found.results
    failed = int(results["status"].ne("done").sum())
    spent = 0.0
    for column in _SECONDS:
        if column in results:
            spent += float(pd.to_numeric(results[column]).sum())
    took = f"{count(spent / 3600)} hours" if spent > 7200 else f"{seconds(spent)} s"
    return (
        f"{count(len(results))} of {count(planned)} experiments, "
        f"{f'{count(failed)} failed' if failed else 'none failed'}; "
        f"{took} of fitting, tuning and predicting in one thread each. "
        f"{found.suite.protocol.describe().capitalize()}"
        f"{_seeds(found.suite)}."
    )


def _seeds(suite: Suite) -> str:
    return f", {len(suite.seeds)} seeds" if len(suite.seeds) > 1 else ""


def _charts(results: pd.DataFrame, suite: Suite, metric: str) -> list[Chart]:
    """Return the charts of one measure."""
    summary = summarise(results, suite, metric)
    scores = scores_by_dataset(summary, tried_by_all=True)
    better = is_greater_better(metric)
    charts: list[Chart] = []
    stem = f"{suite.name}-{metric}".replace("@", "-")
    if min(scores.shape) >= FEWEST and scores.notna().any(axis=None):
        reference = reference_of(suite, scores)
        charts += [
            rank_chart(
                scores,
                reference,
                _families(suite),
                name=f"{stem}-ranks",
                greater_is_better=better,
            ),
            profile_chart(
                scores, reference, name=f"{stem}-profile", greater_is_better=better
            ),
        ]
    differences = _differences(results, suite, metric)
    if not differences.empty:
        reference = reference_of(suite, scores_by_dataset(summary))
        charts.append(
            difference_chart(differences, reference, metric, name=f"{stem}-differences")
        )
    costs = _costs(results, suite, metric, summary)
    if costs is not None:
        charts.append(costs)
    title = inside_sentence(metric)
    return [
        replace(chart, title=f"{chart.title}: {title}", figure=chart.figure)
        for chart in charts
    ]


def _families(suite: Suite) -> dict[str, str]:
    return {entry.label: get_method(entry.method).family for entry in suite.entries}


def _differences(results: pd.DataFrame, suite: Suite, metric: str) -> pd.DataFrame:
    """Return the reference's lead by method and data set; empty where there is none."""
    if suite.reference is None:
        labels = [entry.label for entry in suite.entries]
        known = [name for name in (BASELINE, "LightGBM") if name in labels]
        if not known:
            return pd.DataFrame()
        suite = replace(suite, reference=known[0])
    return mean_differences(results, suite, metric)


def _costs(
    results: pd.DataFrame, suite: Suite, metric: str, summary: pd.DataFrame
) -> Chart | None:
    """Return score against cost over the data sets on which all have finished."""
    scores = scores_by_dataset(summary, tried_by_all=True).dropna(axis=1, how="all")
    common = scores.dropna()
    if common.empty or "fit_seconds" not in results or len(scores.columns) < FEWEST:
        return None
    done = results[results["status"].eq("done") & results["dataset"].isin(common.index)]
    took = done.groupby(["method", "dataset"])["fit_seconds"].mean().clip(lower=1e-3)
    typical = np.exp(np.log(took).groupby("method").mean())
    points = pd.DataFrame(
        {"score": common.mean(), "seconds": typical.reindex(common.columns)}
    ).dropna()
    families = _families(suite)
    points = points.rename_axis("method").reset_index()
    points["family"] = points["method"].map(families)
    points = points.sort_values(
        "score", ascending=not is_greater_better(metric), ignore_index=True
    )
    table = points[["method", "score", "seconds"]].set_axis(
        ["Method", f"Mean {inside_sentence(metric)}", "Fit (s)"], axis=1
    )
    sets = "data set" if len(common) == 1 else "data sets"
    stem = f"{suite.name}-{metric}".replace("@", "-")
    return chart_of_costs(
        points,
        metric,
        name=f"{stem}-cost",
        reference=reference_of(suite, scores),
        x_title="Time to fit (seconds, logarithmic)",
        table=table,
        note=f"Over the {len(common)} {sets} on which every method has finished all "
        "its runs: the mean score, and the geometric mean of the time. Each fit ran in "
        "one thread; the time includes resampling, and leaves out tuning. Of ensembles "
        "it is the time of all members.",
    )


def _tables(results: pd.DataFrame, suite: Suite, metric: str) -> list[TextTable]:
    """Return the tables of one measure, and the paper's of all that it reports."""
    summary = summarise(results, suite, metric)
    title = inside_sentence(metric) if find_measure(metric) else metric
    tables = [
        TextTable(f"Over the data sets: {title}", overview_cells(summary)),
        TextTable(f"Each data set: {title}", _by_dataset(summary)),
    ]
    if metric == suite.metric:
        of_paper = dict.fromkeys((metric, *(value.metric for value in suite.paper)))
        for one in of_paper:
            if one in results:
                tables += paper_tables(summarise(results, suite, one), suite, one)
    # Many sets are compared over the sets; the tests of each would bury the page.
    return tables + (reference_tables(results, suite, metric) if suite.paper else [])


def _by_dataset(summary: pd.DataFrame) -> pd.DataFrame:
    """Return means, one row a data set; a row a method where these are more."""
    wide = _means(summary)
    if wide.shape[1] > wide.shape[0]:
        wide = wide.T
    texts = wide.map(lambda value: "–" if math.isnan(value) else number(value))
    head = "method" if wide.columns.name == "dataset" else "data set"
    texts.insert(0, head, [str(name) for name in wide.index])
    return texts.reset_index(drop=True).rename_axis(columns=None)


def _means(summary: pd.DataFrame) -> pd.DataFrame:
    """Return every mean, those of methods that have not finished all runs too."""
    wide = summary.pivot(index="dataset", columns="method", values="mean")
    return wide.reindex(
        index=summary["dataset"].unique(), columns=summary["method"].unique()
    ).rename_axis(index="dataset", columns="method")
