"""A suite's tables as text: for the terminal, Markdown and the documentation."""

# SPDX-License-Identifier: BSD-3-Clause

import math
from typing import Any

import pandas as pd

from trimtab.benchmark.suites.reference import compare_with_reference, over_datasets
from trimtab.benchmark.suites.suite import Suite
from trimtab.benchmark.suites.summary import overview, summarise
from trimtab.metrics import find_measure
from trimtab.report.words.dataset_tables import dataset_tables, p_values
from trimtab.report.words.text_table import TextTable, as_markdown
from trimtab.report.words.wording import (
    difference_in_interval,
    inside_sentence,
    number,
    p_value,
    signed,
)

__all__ = [
    "TextTable",
    "as_markdown",
    "overview_cells",
    "paper_tables",
    "reference_tables",
    "suite_tables",
    "whole_table",
]

SCORES_NOTE = "mean ± standard deviation over the runs; * is the best of its column."

DISTANCE_NOTE = (
    " The distance is ours minus the paper's in the paper's standard deviations: ≈ "
    "within one, ▲ ▼ more than one above or below, ▲▲ ▼▼ more than two."
)

REFERENCE_NOTE = (
    "Differences are means over paired runs, with a 95 % interval; positive is to the "
    "advantage of {reference}. p-values are two-sided; * is below 0.05 after Holm's "
    "correction over the methods. The runs share rows, which the t-test and "
    "Wilcoxon's signed-rank test do not know; the corrected t-test (Nadeau and Bengio) "
    "and the interval allow for it. Ranks are means over the runs, 1 is best."
)

PAPER_TESTS_NOTE = " In the paper: its t-test and Wilcoxon's."


def suite_tables(results: pd.DataFrame, suite: Suite, metric: str) -> list[TextTable]:
    """Return the tables of a suite.

    Parameters
    ----------
    results : DataFrame
        One row an experiment, methods by their labels.
    suite : Suite
        The plan, with the paper's numbers and the reference where it has them.
    metric : str
        A measure or a cost.

    Returns
    -------
    list of TextTable
        Each data set's scores, the paper's beside ours where there are any; the
        reference against the other methods, where there is one; the methods over all
        data sets, and their statistics over them.

    Raises
    ------
    InputError
        Where no result is of the suite, or has that metric.
    """
    summary = summarise(results, suite, metric)
    tables = paper_tables(summary, suite, metric)
    if not tables:
        heading = f"{suite.title}: {metric}, {suite.protocol.describe()}"
        tables = [TextTable(heading, _score_cells(summary))]
    tables += reference_tables(results, suite, metric)
    overall = TextTable("Over the data sets", overview_cells(summary))
    return [*tables, overall, *dataset_tables(summary, suite)]


def whole_table(results: pd.DataFrame, suite: Suite, metric: str) -> pd.DataFrame:
    """Return all numbers of the tables, one row a data set and method.

    Returns
    -------
    DataFrame
        The columns of `trimtab.benchmark.suites.summary.summarise`, and where the suite
        has a reference those of
        `trimtab.benchmark.suites.reference.compare_with_reference`, with ``n`` as
        ``n_paired``.
    """
    summary = summarise(results, suite, metric)
    if suite.reference is None:
        return summary
    tests = compare_with_reference(results, suite, metric)
    tests = tests.rename(columns={"n": "n_paired"})
    return summary.merge(tests, on=["dataset", "method"], how="left")


def paper_tables(summary: pd.DataFrame, suite: Suite, metric: str) -> list[TextTable]:
    """Return the paper's numbers beside ours, a table a data set.

    Parameters
    ----------
    summary : DataFrame
        As from `trimtab.benchmark.suites.summary.summarise`.
    suite : Suite
        Whose summary it is.
    metric : str
        What it is of.

    Returns
    -------
    list of TextTable
        Empty where the paper has no number of this measure.
    """
    if summary["paper_mean"].isna().all():
        return []
    of = f"{_title(metric)}, {suite.protocol.describe()}"
    return [
        _with_note(f"{dataset}: {of}", _paper_cells(rows, metric), SCORES_NOTE)
        for dataset, rows in summary.groupby("dataset", sort=False)
    ]


def _with_note(title: str, cells: pd.DataFrame, note: str) -> TextTable:
    """Return a table whose note explains the columns that it has."""
    if "distance" in cells:
        note += DISTANCE_NOTE
    if "in the paper" in cells:
        note += PAPER_TESTS_NOTE
    return TextTable(title, cells, note)


def _paper_cells(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return one data set's scores, ours and the paper's."""
    cells = {
        "method": rows["method"],
        "ours": _scores(rows, "mean", "sd", metric),
        "n": _runs(rows),
        "paper": _scores(rows, "paper_mean", "paper_sd", metric),
        "distance": rows["sds_from_paper"].map(_distance),
    }
    return _filled(cells)


def _scores(rows: pd.DataFrame, mean: str, sd: str, metric: str) -> list[str]:
    """Return means and deviations, the best with a star."""
    measure = find_measure(metric)
    less = measure is not None and not measure.greater_is_better
    best = rows[mean].min() if less else rows[mean].max()
    several = measure is not None and rows[mean].count() > 1
    return [
        score(m, s) + (" *" if several and m == best else "")
        for m, s in zip(rows[mean], rows[sd], strict=True)
    ]


def score(mean: float, deviation: float) -> str:
    """Return a mean with its deviation, where there is one.

    Examples
    --------
    >>> score(0.7371, 0.0502), score(0.5, float("nan"))
    ('0.737 ± 0.050', '0.500')
    """
    return number(mean) + ("" if math.isnan(deviation) else f" ± {number(deviation)}")


def _runs(rows: pd.DataFrame) -> list[str]:
    """Return how many runs finished, and how many failed."""
    return [
        f"{n:,}" + (f" ({failed} failed)" if failed else "")
        for n, failed in zip(rows["n"], rows["failed"], strict=True)
    ]


def _distance(sds: float) -> str:
    """Return a distance from the paper with its mark."""
    if math.isnan(sds):
        return ""
    mark = "≈" if abs(sds) <= 1 else ("▲" if sds > 0 else "▼")
    return f"{signed(sds, 2)} {mark * 2 if abs(sds) > 2 else mark}"


def reference_tables(
    results: pd.DataFrame, suite: Suite, metric: str
) -> list[TextTable]:
    """Return the tests of a suite's reference against its other methods.

    Parameters
    ----------
    results, suite, metric
        As for `suite_tables`.

    Returns
    -------
    list of TextTable
        One for each data set and, where there are several, one over all of them.
        Empty where the suite has no reference, or it has not been run.
    """
    if suite.reference is None:
        return []
    tests = compare_with_reference(results, suite, metric)
    note = REFERENCE_NOTE.format(reference=suite.reference)
    against = f"{suite.reference} against the others, {_title(metric)}"
    tables = [
        _with_note(f"{dataset}: {against}", _test_cells(rows, suite.reference), note)
        for dataset, rows in tests.groupby("dataset", sort=False)
        if len(rows) > 1
    ]
    if tests["dataset"].nunique() > 1:
        title = f"{suite.reference} against the others, over the data sets"
        tables.append(TextTable(title, _over_cells(over_datasets(tests))))
    return tables


def _test_cells(rows: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Return one data set's tests."""
    cells = {
        "method": rows["method"],
        f"{reference} − it": [
            difference_in_interval(*values)
            for values in rows[["difference", "low", "high"]].to_numpy(dtype=float)
        ],
        "t-test": p_values(rows, "p_t"),
        "Wilcoxon": p_values(rows, "p_wilcoxon"),
        "corrected": p_values(rows, "p_corrected"),
        "in the paper": [
            "" if math.isnan(t) else f"{p_value(t)}, {p_value(wilcoxon)}"
            for t, wilcoxon in rows[["p_t_paper", "p_wilcoxon_paper"]].to_numpy()
        ],
        "rank": [number(rank, 1) for rank in rows["mean_rank"]],
    }
    return _filled(cells)


def _filled(cells: dict[str, Any]) -> pd.DataFrame:
    """Return a table of the columns that say anything."""
    table = pd.DataFrame(cells).reset_index(drop=True)
    return table.loc[:, (table != "").any()]


def _over_cells(table: pd.DataFrame) -> pd.DataFrame:
    """Return the differences over data sets."""
    missing = table["difference"].isna()
    cells = {
        "method": table["method"],
        "data sets": table["datasets"].astype(str),
        "mean difference": table["difference"].map(
            lambda value: "" if math.isnan(value) else signed(value)
        ),
        "ahead": table["ahead"].astype(str).mask(missing, ""),
        "behind": table["behind"].astype(str).mask(missing, ""),
        "mean rank (runs)": [number(rank, 1) for rank in table["mean_rank"]],
    }
    return pd.DataFrame(cells)


def _score_cells(summary: pd.DataFrame) -> pd.DataFrame:
    """Return scores of a suite without a paper."""
    cells = {
        "data set": summary["dataset"],
        "method": summary["method"],
        "mean ± sd": [
            score(mean, sd)
            for mean, sd in zip(summary["mean"], summary["sd"], strict=True)
        ],
        "n": _runs(summary),
    }
    return pd.DataFrame(cells)


def overview_cells(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the methods over all data sets."""
    table = overview(summary)
    cells = {
        "method": table["method"],
        "mean": table["mean"].map(number),
        "mean rank (data sets)": table["mean_rank"].map(number),
        "data sets": table["datasets"].astype(str),
        "failed": table["failed"].astype(str),
    }
    return pd.DataFrame(cells)


def _title(metric: str) -> str:
    return inside_sentence(metric) if find_measure(metric) else metric.replace("_", " ")
