"""What to know beside the answer: warnings about data, threshold, probabilities."""

# SPDX-License-Identifier: BSD-3-Clause

import math

import pandas as pd

from trimtab.metrics import MEASURES
from trimtab.report.words.standing import NEGLIGIBLE, Standing, name_of
from trimtab.report.words.wording import count, inside_sentence, number, percent

__all__ = ["about_data", "about_probabilities", "about_threshold"]

ALMOST_PERFECT = 0.995
MANY_REPEATED = 0.01
"""Above this share of repeated rows they are pointed out."""


def about_data(standing: Standing) -> list[str]:
    """Warn of scores that are too good, and of rows that are there twice."""
    return [*_too_good(standing), *_repeated_rows(standing)]


def _too_good(standing: Standing) -> list[str]:
    # Accuracy is almost perfect for whoever never calls a class that is rare enough.
    metric, best = standing.metric, standing.done.iloc[0]
    labels = standing.evidence.labels
    if 2 * labels.counts[labels.positive] > labels.counts.sum():
        metric = "roc_auc"  # of a common class the others flatter who calls it always
    elif not MEASURES[metric].greater_is_better or metric == "accuracy":
        metric = "average_precision"
    score = best.get(f"{metric}_mean", math.nan)
    if not score >= ALMOST_PERFECT:
        return []
    return [
        f"With {number(score)} in {inside_sentence(metric)}, {name_of(best)} is almost "
        "perfect: look for a column that gives the answer away."
    ]


def _repeated_rows(standing: Standing) -> list[str]:
    profile = standing.evidence.profile
    n_repeated = profile.n_duplicates
    if not n_repeated > MANY_REPEATED * profile.n_rows:
        return []
    return [
        f"{count(n_repeated)} of the {count(profile.n_rows)} rows "
        f"({percent(n_repeated / profile.n_rows)}) repeat an earlier one. That may be "
        "as it should; but a row that stands in training and test at once can flatter "
        "every method."
    ]


def about_threshold(standing: Standing) -> list[str]:
    """Say whether a decision threshold does what rebalancing does.

    It is said to be enough where the interval of the paired difference leaves the best
    rebalancing method no lead that matters; otherwise what was seen is told.
    """
    base = standing.base
    plain, tuned = (
        math.nan if base is None else base.get(f"{name}_mean", math.nan)
        for name in ("macro_f1", "tuned_macro_f1")
    )
    if base is None or pd.isna(plain) or pd.isna(tuned):
        return []
    scored = standing.rebalancers.dropna(subset=["macro_f1_mean"])
    if scored.empty:
        return []
    best = scored.nlargest(1, "macro_f1_mean").iloc[0]
    change = (
        f"takes plain LightGBM's macro F1 from {number(plain)} to {number(tuned)}, and "
        f"the best rebalancing method there, {name_of(best)}, has "
        f"{number(best['macro_f1_mean'])} at the default threshold."
    )
    test = standing.paired((base, "tuned_macro_f1"), (best, "macro_f1"))
    if tuned > plain and test.low > -NEGLIGIBLE and not standing.doubt:
        return [f"For yes-or-no decisions a tuned threshold is enough: it {change}"]
    if tuned > plain + NEGLIGIBLE:
        return [f"For yes-or-no decisions a tuned threshold {change}"]
    return []


def about_probabilities(standing: Standing, chosen: pd.Series) -> list[str]:
    """Warn of probabilities that are much worse than plain LightGBM's."""
    base = standing.base
    if base is None:
        return []
    error = chosen.get("calibration_error_mean", math.nan)
    plain = base.get("calibration_error_mean", math.nan)
    if not (error > 2 * plain and error > plain + 0.02):
        return []
    return [
        f"The probabilities of {name_of(chosen)} are off by {number(error)} on "
        f"average, against {number(plain)} for plain LightGBM: calibrate them before "
        "you use them as probabilities."
    ]
