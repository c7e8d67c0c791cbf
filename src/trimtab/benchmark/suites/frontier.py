"""Score against cost, one point a method: what a better score is bought with."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pandas as pd

from trimtab.benchmark.suites.plot_plan import Plot
from trimtab.benchmark.suites.suite import Suite
from trimtab.benchmark.suites.summary import is_greater_better

__all__ = ["complete_datasets", "frontier_points"]


def frontier_points(results: pd.DataFrame, suite: Suite, plot: Plot) -> pd.DataFrame:
    """Return each method's mean score, and its cost over that of the reference.

    Only data sets on which every method has as many finished experiments count, so that
    all points stand for the same.

    Parameters
    ----------
    results : DataFrame
        One row an experiment, methods by their labels.
    suite : Suite
        Has the order of the methods, and the reference.
    plot : Plot
        Of the kind ``"frontier"``; its `x` is a cost, such as ``"n_train_rows"``.

    Returns
    -------
    DataFrame
        ``method``; ``score``, the mean over data sets of the mean over experiments;
        ``cost``, the geometric mean over data sets of the mean cost over that of the
        reference; ``is_best``, whether no method costs less and does as well; and
        ``datasets``, how many count.
    """
    taken = [entry.label for entry in suite.entries if plot.takes(entry.label)]
    metric = plot.metric or suite.metric
    done = results[(results["status"] == "done") & results["method"].isin(taken)]
    if plot.datasets:
        done = done[done["dataset"].isin(plot.datasets)]
    cells = done.reindex(columns=["dataset", "method", metric, plot.x]).astype(
        {metric: float, plot.x: float}
    )
    complete = complete_datasets(cells, taken, metric)
    means = cells[cells["dataset"].isin(complete)].groupby(["method", "dataset"]).mean()
    if means.empty or suite.reference not in taken:
        return pd.DataFrame(columns=["method", "score", "cost", "is_best", "datasets"])
    costs: pd.DataFrame = means[plot.x].map(np.log).unstack("dataset")
    relative = np.exp(costs.sub(costs.loc[suite.reference]).mean(axis=1)).round(9)
    points = pd.DataFrame(
        {"score": means[metric].groupby("method").mean(), "cost": relative}
    ).loc[taken]
    points["gain"] = points["score"] if is_greater_better(metric) else -points["score"]
    ranked = points.sort_values(["cost", "gain"], ascending=[True, False])["gain"]
    best_so_far = ranked.cummax().shift(fill_value=-np.inf)
    points["is_best"] = (ranked > best_so_far).reindex(points.index)
    points["datasets"] = len(complete)
    return points.drop(columns="gain").rename_axis("method").reset_index()


def complete_datasets(done: pd.DataFrame, methods: list[str], metric: str) -> list[str]:
    """Return the data sets on which every method has as many scores.

    Parameters
    ----------
    done : DataFrame
        One row a finished experiment.
    methods : list of str
        By their labels.
    metric : str
        A column of `done`.
    """
    sizes = done.pivot_table(
        index="dataset", columns="method", values=metric, aggfunc="count"
    ).reindex(columns=methods)
    is_complete = (sizes > 0).all(axis=1) & (sizes.nunique(axis=1) == 1)
    return [str(name) for name in sizes.index[is_complete]]
