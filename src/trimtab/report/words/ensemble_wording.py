"""What is said of ensembles on drawn rows, in plain words."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
from numpy.typing import NDArray

from trimtab.benchmark.history import OTHERS, History
from trimtab.metrics import MEASURES
from trimtab.report.words.wording import inside_sentence, number, percent, shorten

__all__ = [
    "STEADY",
    "large_errors",
    "metric_name",
    "quoted",
    "ratio_varies",
    "tell_of_ensemble",
]

Floats = NDArray[np.float64]

STEADY = 0.05
"""A μ or a ratio that changes by no more than this stands still."""


def tell_of_ensemble(history: History) -> str:
    """Return what is seen of an ensemble's growth, in plain words.

    Parameters
    ----------
    history : History
        Of the kind ``"ensemble"``.

    Returns
    -------
    str
        Around which errors rows were drawn, whether a learned policy chose them, how
        the score on held-out rows went, or else how the errors did.
    """
    told = [_tell_of_mu(history), _tell_of_score(history), _tell_of_errors(history)]
    return " ".join(sentence for sentence in told if sentence)


def _tell_of_mu(history: History) -> str:
    mu = history.series.get("mu", np.full(1, np.nan))[1:]
    if not len(mu) or np.isnan(mu).all():
        return ""
    low, high, last = np.nanmin(mu), np.nanmax(mu), mu[-1]
    if high - low <= STEADY:
        kind = ", the hardest ones" if low >= 0.9 else ""
        kind = ", the easiest ones" if high <= 0.1 else kind
        text = f"drew rows around an error of {number(last, 2)} throughout{kind}"
    else:
        text = (
            f"drew rows around errors between {number(low, 2)} and {number(high, 2)}: "
            f"{number(mu[0], 2)} for the second member, {number(last, 2)} for the last"
        )
    if ratio_varies(history):
        ratio = history.series["ratio"]
        text += (
            f", with {number(np.nanmin(ratio), 1)} to {number(np.nanmax(ratio), 1)} "
            "rows of each larger class for one of the smallest"
        )
    who = {
        True: "The learned policy",
        False: "A policy that was given, not learned,",
        None: "The policy",
    }[history.facts["is_learned"]]
    return f"{who} {text}."


def _tell_of_score(history: History) -> str:
    score = history.series.get("score")
    if score is None:
        return ""
    name, n = metric_name(history), len(history.rounds)
    if n == 1:
        return f"On held-out rows its {name} is {number(score[0])}."
    return (
        f"On held-out rows its {name} went from {number(score[0])} with one member to "
        f"{number(score[-1])} with {history.rounds[-1]}."
    )


def _tell_of_errors(history: History) -> str:
    rows = "held_out" if "held_out" in history.series else "train"
    large = large_errors(history, rows)
    parts = [
        f"{percent(start)} of {quoted(name)} after the first member and "
        f"{percent(end)} after the last"
        for name, start, end in zip(history.columns, large[0], large[-1], strict=True)
    ]
    whose = "held-out" if rows == "held_out" else "training"
    return (
        f"Of the {whose} rows, these had an error above one half: {parts[1]}; "
        f"{parts[0]}."
    )


def metric_name(history: History) -> str:
    """Return what the score is, as it stands inside a sentence."""
    metric = str(history.facts["metric"])
    return inside_sentence(metric) if metric in MEASURES else shorten(metric, 40)


def large_errors(history: History, rows: str) -> Floats:
    """Return the share of each column's rows with an error above one half."""
    shares = history.series[rows]
    starts = np.arange(shares.shape[2]) / shares.shape[2]
    large: Floats = shares[:, :, starts >= 0.5].sum(axis=2)
    return large


def ratio_varies(history: History) -> bool:
    """Whether members got more rows for one of the smallest class than others."""
    ratio = history.series.get("ratio", np.zeros(1))
    return bool(np.nanmax(ratio) - np.nanmin(ratio) > STEADY)


def quoted(name: str, limit: int = 60) -> str:
    """Return a class's name as it stands in a sentence."""
    return name if name == OTHERS else f"“{shorten(name, limit)}”"
