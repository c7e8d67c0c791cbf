"""Charts of the predicted probabilities, for the class of interest."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from trimtab.benchmark.evidence import Evidence, Prediction
from trimtab.report.charts.chart import (
    ACCENT,
    INK,
    MUTED,
    Chart,
    class_name,
    curve,
    finished,
    method_lines,
    set_layout,
    standouts,
)
from trimtab.report.charts.curves import class_shares, mean_precision, reliability
from trimtab.report.words.wording import percent, plot_text, shorten

__all__ = ["calibration_chart", "precision_recall_chart", "probability_chart"]

RECALLS = np.linspace(0, 1, 201)

N_BINS = 25
"""Bars of the distributions of predicted probabilities."""

FEW_ROWS = 5
"""A bin with fewer rows than this is in the table, but not in the chart."""


def precision_recall_chart(evidence: Evidence) -> Chart | None:
    """Return the precision-recall curves for the class of interest.

    Returns
    -------
    Chart or None
        None where there are no predictions.
    """
    if not evidence.predictions:
        return None
    labels, name = evidence.labels, class_name(evidence)
    share = labels.counts[labels.positive] / len(labels.codes)
    figure = go.Figure(_guessing(float(share)))
    picked = np.arange(20, 201, 20)
    rows = []
    for method, predictions, line, shown in method_lines(evidence):
        precision = mean_precision(predictions, labels.positive, RECALLS)
        figure.add_trace(
            curve(
                method,
                line,
                shown,
                x0=0,
                dx=float(RECALLS[1]),
                y=precision.astype(np.float32),
                mode="lines",
                hovertemplate="precision %{y:.1%} at recall %{x:.1%}"
                "<extra>%{fullData.name}</extra>",
            )
        )
        rows.append([method, len(predictions), *precision[picked]])
    set_layout(
        figure,
        f"Recall: share of the “{name}” rows that are found (%)",
        f"Precision: share of calls that are “{name}” (%)",
        height=460,
    )
    figure.update_xaxes(range=[0, 1.005], tickformat=".0%")
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%")
    columns = [f"Recall {RECALLS[i]:.0%}" for i in picked]
    return Chart(
        "precision-recall",
        "Precision and recall",
        figure,
        pd.DataFrame(rows, columns=["Method", "Splits", *columns]),
        _precision_recall_note(evidence, float(share)),
    )


def _guessing(share: float) -> go.Scatter:
    """Return the line of a classifier that calls rows at random."""
    return go.Scatter(
        x=[0, 1],
        y=[share, share],
        mode="lines",
        line={"color": MUTED, "width": 1.25, "dash": "dash"},
        name="Guessing",
        meta={"label": "Guessing"},
        hovertemplate="guessing: %{y:.2%}<extra></extra>",
    )


def _precision_recall_note(evidence: Evidence, share: float) -> str:
    name = shorten(evidence.labels.names[evidence.labels.positive], 60)
    note = (
        "Each curve is the mean over splits of the precision at equal recall; splits "
        "are not pooled, because each has a model and a scale of its own."
    )
    if len(evidence.labels.classes) > 2:
        return (
            f"{note}{_against_others(evidence)} The leaderboard's average precision is "
            "the mean over all classes, so it is not the area here. The dashed line is "
            f"guessing: {percent(share)} of the rows are of this class."
        )
    return (
        f"{note} The area under it is the average precision of the leaderboard. The "
        f"dashed line is guessing: {percent(share)} of the rows are “{name}”."
    )


def calibration_chart(evidence: Evidence) -> Chart | None:
    """Return the reliability diagram of the class of interest.

    Returns
    -------
    Chart or None
        None where there are no predictions.
    """
    if not evidence.predictions:
        return None
    name = class_name(evidence)
    figure, tables = go.Figure(_perfect()), []
    for method, predictions, line, shown in method_lines(evidence):
        bins = reliability(predictions, evidence.labels.positive)
        figure.add_trace(curve(method, line, shown, **_reliability_marks(bins, line)))
        tables.append(bins.assign(method=method))
    set_layout(
        figure,
        f"Predicted probability of “{name}” (%)",
        f"Observed share of “{name}” (%)",
        height=460,
    )
    figure.update_xaxes(range=[-0.01, 1.02], tickformat=".0%")
    figure.update_yaxes(range=[-0.01, 1.02], tickformat=".0%")
    titles = {
        "method": "Method",
        "bin": "Probability",
        "rows": "Rows",
        "predicted": "Mean predicted",
        "observed": "Observed share",
    }
    table = pd.concat(tables)[list(titles)].rename(columns=titles)
    return Chart(
        "calibration",
        "Can the probabilities be taken at their word?",
        figure,
        table,
        _calibration_note(evidence),
    )


def _perfect() -> go.Scatter:
    """Return the line of probabilities that occur as often as they say."""
    return go.Scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": MUTED, "width": 1.25, "dash": "dash"},
        name="Perfect calibration",
        meta={"label": "Perfect calibration"},
        hoverinfo="skip",
    )


def _reliability_marks(bins: pd.DataFrame, line: dict[str, Any]) -> dict[str, Any]:
    """Return dots that are the larger the more rows are in their bin.

    The line between them breaks at bins with too few rows.
    """
    drawn = bins.where(bins["rows"] >= FEW_ROWS)
    size = 4 + 14 * np.sqrt(drawn["rows"].fillna(0) / bins["rows"].sum())
    return {
        "x": drawn["predicted"].to_numpy(np.float32),
        "y": drawn["observed"].to_numpy(np.float32),
        "customdata": drawn["rows"].to_numpy(),
        "mode": "lines+markers",
        "marker": {
            "size": size.to_numpy(),
            "color": line["color"],
            "opacity": 1,
            "line": {"width": 0},
        },
        "cliponaxis": False,
        "hovertemplate": "predicted %{x:.1%}, observed %{y:.1%}<br>"
        "%{customdata:,} rows<extra>%{fullData.name}</extra>",
    }


def _calibration_note(evidence: Evidence) -> str:
    note = (
        "Test rows of all splits are put together and sorted into ten bins of equal "
        "width by predicted probability; a bin of one split alone would hold too few. "
        f"The larger the dot, the more rows; bins with fewer than {FEW_ROWS} rows are "
        "in the table only, and the line breaks there. Below the dashed line the "
        "probabilities are too high, which is what rebalancing does to them."
    )
    if len(evidence.labels.classes) == 2:
        return note
    return (
        f"{note}{_against_others(evidence)} The leaderboard's calibration error is "
        "that of the class that was called."
    )


def probability_chart(evidence: Evidence) -> Chart | None:
    """Return where the predicted probabilities lie, in and outside the class.

    Returns
    -------
    Chart or None
        None where there are no predictions.
    """
    if not evidence.predictions:
        return None
    labels, name = evidence.labels, class_name(evidence)
    label = shorten(labels.names[labels.positive], 24)
    figure, rows = go.Figure(), []
    lines = list(method_lines(evidence))
    first = _first_choice(evidence, [method for method, *_ in lines])
    for method, predictions, _, _ in lines:
        marks = [
            *_histograms(*class_shares(predictions, labels.positive, N_BINS), label),
            *_thresholds(evidence, predictions),
        ]
        for mark in marks:
            mark.visible = method == first
            mark.meta = {"choice": method, **mark.meta}
        figure.add_traces(marks)
        rows.append([method, *_probability_row(evidence, predictions)])
    set_layout(
        figure,
        f"Predicted probability of “{name}” (%)",
        "Share of the rows of each kind (%)",
        height=340,
        barmode="overlay",
        yaxis2={"overlaying": "y", "range": [0, 1], "visible": False},
    )
    figure.update_xaxes(range=[0, 1.002], tickformat=".0%", dtick=0.2, showgrid=False)
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    columns = ["Method", "Median in the class", "Median outside", "Tuned threshold"]
    return Chart(
        "probabilities",
        "Where the predicted probabilities lie",
        figure,
        pd.DataFrame(rows, columns=columns),
        "Test rows of all splits; each kind of row adds up to 100 %, however rare it "
        "is. The further apart the two kinds, the easier the class is to tell; where "
        "they part, a threshold belongs." + _against_others(evidence),
        choice="Method",
    )


def _first_choice(evidence: Evidence, methods: list[str]) -> str:
    """Return the best method that rebalances or is the user's, if there is one."""
    preferred = reversed(standouts(finished(evidence))[:2])
    return next((name for name in preferred if name in methods), methods[0])


def _against_others(evidence: Evidence) -> str:
    """Return what to add to a note where there are more than two classes."""
    labels = evidence.labels
    if len(labels.classes) == 2:
        return ""
    return f" It is class “{shorten(labels.names[labels.positive], 60)}” against all."


def _histograms(
    inside: NDArray[np.float64], outside: NDArray[np.float64], name: str
) -> list[go.Bar]:
    middles = (np.arange(N_BINS) + 0.5) / N_BINS
    kinds = [("All other rows", outside, MUTED), (f"Rows of “{name}”", inside, ACCENT)]
    return [
        go.Bar(
            x=middles.astype(np.float32),
            y=shares.astype(np.float32),
            width=1 / N_BINS,
            marker={"color": colour, "opacity": 0.55, "line": {"width": 0}},
            name=plot_text(label),
            meta={"label": label},
            hovertemplate="%{y:.1%} at about %{x:.0%}<extra>%{fullData.name}</extra>",
        )
        for label, shares, colour in kinds
    ]


def _thresholds(evidence: Evidence, predictions: list[Prediction]) -> list[go.Scatter]:
    """Return the default and the tuned threshold as upright lines, for two classes."""
    tuned = [p.threshold for p in predictions if p.threshold is not None]
    if len(evidence.labels.classes) > 2:
        return []
    own = [p.own_threshold for p in predictions if p.own_threshold is not None]
    lines = [("Default threshold", 0.5, "dash")]
    if own:
        lines = [("Own threshold (median)", float(np.median(own)), "dash")]
    if tuned:
        lines.append(("Tuned threshold (median)", float(np.median(tuned)), "solid"))
    return [
        go.Scatter(
            x=[value, value],
            y=[0, 1],
            yaxis="y2",
            mode="lines",
            line={"color": INK, "width": 1.5, "dash": dash},
            name=label,
            meta={"label": label},
            hovertemplate="%{x:.1%}<extra>%{fullData.name}</extra>",
        )
        for label, value, dash in lines
    ]


def _probability_row(
    evidence: Evidence, predictions: list[Prediction]
) -> tuple[float, float, float]:
    positive = evidence.labels.positive
    score = np.concatenate([p.scores[:, positive] for p in predictions])
    truth = np.concatenate([p.codes == positive for p in predictions])
    tuned = [p.threshold for p in predictions if p.threshold is not None]
    return (
        float(np.median(score[truth])),
        float(np.median(score[~truth])),
        float(np.median(tuned)) if tuned else float("nan"),
    )
