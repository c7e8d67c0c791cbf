"""The numbers of a suite's pictures."""

# SPDX-License-Identifier: BSD-3-Clause

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from trimtab.benchmark.profiles import performance_ratios
from trimtab.benchmark.suites.frontier import complete_datasets
from trimtab.benchmark.suites.plot_plan import (
    ALONG_DATASETS,
    DIFFERENCES,
    PROFILE,
    RECALL,
    STAGES,
    Plot,
)
from trimtab.benchmark.suites.suite import Entry, Suite
from trimtab.benchmark.suites.summary import is_greater_better
from trimtab.exceptions import InputError

__all__ = ["curve_points", "plots_of"]

_FRACTIONS = np.linspace(0.5, 1, 51)
_KEY = ("dataset", "method")
_STATISTICS = ("mean", "sd", "se", "n")


def plots_of(suite: Suite) -> list[Plot]:
    """Return a suite's pictures; the heat map is there wherever it has a reference."""
    plots = [*suite.plots]
    if suite.reference is not None and all(p.kind != DIFFERENCES for p in plots):
        plots.insert(0, Plot(DIFFERENCES, DIFFERENCES))
    return [replace(plot, metric=plot.metric or suite.metric) for plot in plots]


def curve_points(results: pd.DataFrame, suite: Suite, plot: Plot) -> pd.DataFrame:
    """Return the points of a plot's curves.

    Parameters
    ----------
    results : DataFrame
        One row an experiment, methods by their labels.
    suite : Suite
        Knows the parameters of its entries.
    plot : Plot
        Of the kind ``"curve"``, ``"stages"``, ``"profile"`` or ``"recall"``.

    Returns
    -------
    DataFrame
        ``dataset`` (empty where data sets run along the axis), ``line``, ``x``, and
        over the experiments that finished ``mean``, ``sd``, ``se`` (standard error
        of the mean) and ``n``; in the order of `line_values` or of the suite's lines,
        then of `x`.
        Nothing is made up for experiments that are not there.

    Raises
    ------
    InputError
        Where several methods stand at one place of a line.
    """
    metric = plot.metric or suite.metric
    if plot.kind in {STAGES, RECALL}:
        return _measured_points(results, suite, plot)
    if plot.kind == PROFILE:
        return _profile_points(results, suite, plot, metric)
    places = pd.DataFrame(
        _places(suite, plot), columns=["panel", "line", "x", "dataset", "method"]
    )
    _check_places(places, plot)
    scores = (
        results[results["status"] == "done"]
        .reindex(columns=["dataset", "method", metric])
        .groupby(["dataset", "method"])[metric]
        .agg(mean="mean", sd="std", n="count")
        .query("n > 0")
    )
    points = places.merge(scores, on=["dataset", "method"])
    points.insert(len(points.columns) - 1, "se", points["sd"] / np.sqrt(points["n"]))
    order = {name: place for place, name in enumerate(_lines(suite, plot))}
    points = points.drop(columns=["dataset", "method"]).sort_values(
        ["panel", "line", "x"],
        key=lambda column: column.map(order) if column.name == "line" else column,
        ignore_index=True,
    )
    return points.rename(columns={"panel": "dataset"})


def _measured_points(results: pd.DataFrame, suite: Suite, plot: Plot) -> pd.DataFrame:
    """Return a point for each stage, or each recall, of each method."""
    done = results[results["status"] == "done"]
    names, metric = dict(plot.line_names), plot.metric or suite.metric
    pairs: list[tuple[str, str | float]]
    if plot.kind == RECALL:
        pairs = [(f"precision_at_recall_{n}", n / 100) for n in (25, 50, 75)]
    else:
        stages = suite.protocol.stages
        pairs = [(f"{metric}@{stage}", f"n_train_rows@{stage}") for stage in stages]
    points: list[dict[str, Any]] = []
    for dataset, entry, (score, x) in itertools.product(
        [d for d in suite.datasets if d in (plot.datasets or suite.datasets)],
        [entry for entry in suite.entries if plot.takes(entry.label)],
        pairs,
    ):
        is_it = (done["dataset"] == dataset) & (done["method"] == entry.label)
        place = done.get(x, np.nan) if isinstance(x, str) else x
        own = {"score": done.get(score, np.nan), "x": place}
        runs = pd.DataFrame(own, done.index, dtype=float)[is_it].dropna()
        points.append(
            {
                "dataset": dataset,
                "line": names.get(entry.label, entry.label),
                "x": runs["x"].mean(),
                "mean": runs["score"].mean(),
                "sd": runs["score"].std(),
                "se": runs["score"].std() / np.sqrt(max(len(runs), 1)),
                "n": len(runs),
            }
        )
    found = [point for point in points if point["n"]]
    return pd.DataFrame(found, columns=["dataset", "line", "x", *_STATISTICS])


def _profile_points(
    results: pd.DataFrame, suite: Suite, plot: Plot, metric: str
) -> pd.DataFrame:
    """Return a point for each fraction and method.

    Data sets on which a method that was run lacks some of the others' runs are left
    out: a mean over fewer splits is of other, perhaps easier, splits.
    """
    taken = [e.label for e in suite.entries if plot.takes(e.label) and not e.datasets]
    done = results[results["status"] == "done"].reindex(columns=[*_KEY, metric])
    if plot.datasets:
        done = done[done["dataset"].isin(plot.datasets)]
    means = done.pivot_table(index="dataset", columns="method", values=metric)
    means = means.reindex(columns=[m for m in taken if m in means])
    means = means.loc[complete_datasets(done, [*means], metric)]
    if means.empty:
        return pd.DataFrame(columns=["dataset", "line", "x", *_STATISTICS])
    ratios = performance_ratios(means, greater_is_better=is_greater_better(metric))
    profile = pd.DataFrame({f: (ratios <= 1 / f).mean() for f in _FRACTIONS}).T
    names = dict(plot.line_names)
    points = profile.melt(ignore_index=False, var_name="line", value_name="mean")
    return pd.DataFrame(
        {
            "dataset": "",
            "line": [names.get(line, line) for line in points["line"]],
            "x": points.index.to_numpy(),
            "mean": points["mean"].to_numpy(),
            "sd": np.nan,
            "se": np.nan,
            "n": len(means),
        }
    )


def _lines(suite: Suite, plot: Plot) -> list[str]:
    """Return the names of a plot's lines in their order."""
    values = [value for e in suite.entries if (value := _value(e, plot)) is not None]
    if plot.line_values:
        values.sort(key=plot.line_values.index)
    return list(dict.fromkeys(_line_name(value, plot) for value in values))


def _check_places(places: pd.DataFrame, plot: Plot) -> None:
    for (line, x, _), there in places.groupby(["line", "x", "dataset"]):
        if len(there) > 1:
            raise InputError(
                f"plot {plot.name}: {len(there)} methods stand at {x:g} on the line "
                f"{line!r}, {', '.join(there['method'][:2])}...: choose by methods"
            )


def _places(suite: Suite, plot: Plot) -> Iterator[tuple[str, str, float, str, str]]:
    """Yield panel, line and x of each data set and entry that a plot shows."""
    datasets = [d for d in suite.datasets if d in (plot.datasets or suite.datasets)]
    numbers = dict(zip(plot.datasets, plot.x_values, strict=False))
    for entry in suite.entries:
        value = _value(entry, plot)
        if value is None or not plot.takes(entry.label):
            continue
        line = _line_name(value, plot)
        if plot.x == ALONG_DATASETS:
            for dataset in datasets:
                yield "", line, float(numbers[dataset]), dataset, entry.label
            continue
        x = _number(json.loads(entry.parameters).get(plot.x))
        if x is not None and (not plot.x_values or x in plot.x_values):
            for dataset in datasets:
                yield dataset, line, x, dataset, entry.label


def _value(entry: Entry, plot: Plot) -> Any:
    """Return the value whose line an entry is on; None where the plot has none."""
    if plot.lines == "method":
        value: Any = entry.method
    else:
        value = json.loads(entry.parameters).get(plot.lines)
    return value if not plot.line_values or value in plot.line_values else None


def _line_name(value: Any, plot: Plot) -> str:
    own = dict(plot.line_names).get(str(value))
    if own is not None or plot.lines == "method":
        return own or str(value)
    return f"{plot.lines.replace('_', ' ')} {value}"


def _number(value: Any) -> float | None:
    """Return a parameter as a number, of a list the first; None where it is none."""
    if isinstance(value, list) and value:
        value = value[0]
    return float(value) if isinstance(value, int | float) else None
