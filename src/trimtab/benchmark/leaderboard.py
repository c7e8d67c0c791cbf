"""From results to a ranking."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Mapping

import numpy as np
import pandas as pd

from trimtab.benchmark.methods import Method
from trimtab.benchmark.statistics import corrected_t_test, holm
from trimtab.metrics import MEASURES

__all__ = ["BASELINE", "COSTS", "rank_methods"]

BASELINE = "lightgbm"
"""The method that all others are compared with: what users would do anyway."""

COSTS = ("fit_seconds", "predict_seconds", "peak_memory_mb", "n_train_rows")

_OF_TUNING = ("n_trials", "tuning_seconds")

_SPLIT = ["repeat", "fold"]


def rank_methods(
    results: pd.DataFrame,
    methods: Mapping[str, Method],
    metric: str,
    test_fraction: float,
) -> pd.DataFrame:
    """Return the leaderboard of one data set.

    Parameters
    ----------
    results : DataFrame
        One row a method and split, as from `Store.results`.
    methods : mapping of str to Method
        The methods by name.
    metric : str
        The measure that ranks, a name of `trimtab.metrics.MEASURES`.
    test_fraction : float
        The share of rows in a test part, for the corrected t-test.

    Returns
    -------
    DataFrame
        One row a method, best first; those that finished no split come last.
        ``method``, ``family``, ``description``, ``splits`` (finished), ``failed``,
        ``<measure>_mean`` and ``<measure>_sd`` over the splits, the means of the costs,
        and against plain LightGBM on the splits that both finished: ``difference``
        (positive is better, whatever the metric's direction), ``difference_low`` and
        ``difference_high`` (95 % interval), ``p_value`` (Nadeau and Bengio) and
        ``p_holm`` (Holm over the methods). Where any was tuned also ``n_trials_mean``
        and ``tuning_seconds_mean``, NaN for those that were not.
    """
    done = results[results["status"] == "done"].reindex(
        columns=results.columns.union([metric], sort=False)
    )
    scores = done.pivot_table(index=_SPLIT, columns="method", values=metric)
    rows = [
        {
            "method": name,
            "family": methods[name].family,
            "description": methods[name].description,
            "splits": int((done["method"] == name).sum()),
            "failed": int((results["method"] == name).sum())
            - int((done["method"] == name).sum()),
        }
        | _means(done[done["method"] == name])
        | _against_baseline(scores, name, metric, test_fraction)
        for name in results["method"].unique()
    ]
    board = pd.DataFrame(rows)
    always = [f"{metric}_mean", f"{metric}_sd", *(f"{name}_mean" for name in COSTS)]
    board = board.reindex(columns=board.columns.union(always, sort=False))
    board["p_holm"] = holm(board["p_value"])
    # A method that failed on some splits was not measured on the hard ones perhaps:
    # it stands behind those that finished all.
    board["_incomplete"] = board["failed"] > 0
    descending = MEASURES[metric].greater_is_better
    return board.sort_values(
        ["_incomplete", f"{metric}_mean", "method"],
        ascending=[True, not descending, True],
        na_position="last",
        ignore_index=True,
    ).drop(columns="_incomplete")


def _means(done: pd.DataFrame) -> dict[str, float]:
    """Return mean and sd of the measures and mean costs of one method's splits."""
    if done.empty:
        return {}
    measured = [name for name in MEASURES if name in done and done[name].notna().any()]
    found: dict[str, float] = {}
    for name in measured:
        found[f"{name}_mean"] = float(done[name].mean())
        found[f"{name}_sd"] = float(done[name].std(ddof=1))
    costs = [*COSTS, *(name for name in _OF_TUNING if name in done)]
    return found | {f"{name}_mean": float(done[name].mean()) for name in costs}


def _against_baseline(
    scores: pd.DataFrame, name: str, metric: str, test_fraction: float
) -> dict[str, float]:
    """Test one method's lead, from a row a split and a column a method."""
    missing = dict.fromkeys(
        ("difference", "difference_low", "difference_high", "p_value"), np.nan
    )
    if name == BASELINE or name not in scores or BASELINE not in scores:
        return missing
    differences = (scores[name] - scores[BASELINE]).dropna()
    if differences.empty:
        return missing
    sign = 1 if MEASURES[metric].greater_is_better else -1
    test = corrected_t_test(sign * differences, test_fraction)
    return dict(
        zip(missing, (test.difference, test.low, test.high, test.p_value), strict=True)
    )
