"""The chart of score against cost."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterable

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from trimtab.benchmark.evidence import Evidence
from trimtab.benchmark.leaderboard import BASELINE
from trimtab.metrics import find_measure
from trimtab.report.charts.chart import (
    GROUPS,
    INK,
    MUTED,
    Chart,
    finished,
    focus_on_most,
    group_of,
    set_layout,
    standouts,
)
from trimtab.report.words.wording import (
    improvement,
    inside_sentence,
    plot_text,
    seconds,
    shorten,
)

__all__ = ["chart_of_costs", "cost_chart"]

WIDE, NARROW = 900, 260
"""Width in pixels between the first and the last dot, on a desk and on a phone."""

LETTER, LINE = 6.2, 0.05
"""A letter's width in pixels, and a line's height as a share of the chart's."""


def cost_chart(evidence: Evidence) -> Chart | None:
    """Return the score against the time to fit.

    Returns
    -------
    Chart or None
        None where no method was finished.
    """
    points = _points(evidence)
    if points.empty:
        return None
    return chart_of_costs(
        points,
        evidence.metric,
        name="cost",
        reference=BASELINE,
        x_title="Mean time to fit one split (seconds, logarithmic)",
        table=_cost_table(points, evidence.metric),
        note="Each fit ran in one thread; the time includes resampling, and leaves "
        "out the extra fit that the tuned threshold takes.",
    )


def chart_of_costs(
    points: pd.DataFrame,
    metric: str,
    *,
    name: str,
    reference: str,
    x_title: str,
    table: pd.DataFrame,
    note: str,
) -> Chart:
    """Return the chart of some methods' scores against their time.

    Parameters
    ----------
    points : DataFrame
        One row a method: ``method``, ``family``, ``score``, ``seconds``; best first.
    metric : str
        What the score is.
    name, x_title, table, note
        Of the chart.
    reference : str
        The method whose name is written in any case.
    """
    measure = find_measure(metric)
    greater = measure is not None and measure.greater_is_better
    front = _front(points["seconds"], points["score"] * (1 if greater else -1))
    named = {*points["method"].iloc[front], reference, *standouts(points)}
    points = points.assign(is_named=points["method"].isin(named))
    focus = focus_on_most(
        pd.DataFrame(dict.fromkeys(("min", "max", "mean"), points["score"])),
        greater_is_better=greater,
    )
    span = focus[0] if focus else (points["score"].min(), points["score"].max())
    dots = _dots(points, span, reference)
    figure = go.Figure([_front_line(points.iloc[front]), *dots])
    _set_axes(figure, points["seconds"], metric, x_title)
    if focus is not None:
        figure.add_trace(_off_the_chart(points[focus[1]], span, greater))
        figure.update_layout(meta={"focus": {"axis": "yaxis", "ranges": {"": span}}})
    return Chart(
        name,
        "Score against time to fit",
        figure,
        table,
        "Each dot is a method. Along the thin line no other method is both faster and "
        f"better. {note}"
        + (" An arrow stands for a method that is far off." if focus else ""),
    )


def _points(evidence: Evidence) -> pd.DataFrame:
    """Return the methods with their ``score`` and fit ``seconds``, best first."""
    board = finished(evidence)
    if board.empty:
        return board
    # A logarithm needs more than nothing; a millisecond is as short as is told apart.
    board = board.assign(
        score=board[f"{evidence.metric}_mean"],
        seconds=board["fit_seconds_mean"].clip(lower=1e-3),
    )
    return board.dropna(subset=["score", "seconds"]).reset_index(drop=True)


def _front(cost: Iterable[float], gain: Iterable[float]) -> list[int]:
    """Return the positions of the points that no other beats on cost and gain."""
    points = enumerate(zip(cost, gain, strict=True))
    front: list[int] = []
    best = -np.inf
    for position, (_, value) in sorted(points, key=lambda p: (p[1][0], -p[1][1])):
        if value > best:
            front.append(position)
            best = value
    return front


def _front_line(points: pd.DataFrame) -> go.Scatter:
    return go.Scatter(
        x=points["seconds"].to_numpy(),
        y=points["score"].to_numpy(),
        mode="lines",
        line={"color": MUTED, "width": 1, "shape": "hv"},
        name="Best for its time",
        meta={"label": "Best for its time"},
        hoverinfo="skip",
    )


def _texts(
    points: pd.DataFrame, span: tuple[float, float], width: int, reference: str
) -> pd.Series:
    """Return the names that are written above their dots; the others are empty.

    The reference comes first, then by rank; a name is left out where it would run
    into one that is written already on a chart of `width` pixels.
    """
    x = np.log10(points["seconds"].to_numpy())
    x = width * (x - x.min()) / max(float(np.ptp(x)), 1e-9)
    y = (points["score"].to_numpy() - span[0]) / max(span[1] - span[0], 1e-9)
    names = points["method"].map(lambda name: plot_text(shorten(name, 24)))
    half = names.str.len().to_numpy() * LETTER / 2
    is_base = points["method"] == reference
    candidates = np.flatnonzero(points["is_named"] & ((y >= 0) & (y <= 1)))
    written: list[int] = []
    for i in sorted(candidates, key=lambda i: not is_base[i]):
        clashes = (np.abs(x[written] - x[i]) < half[written] + half[i]) & (
            np.abs(y[written] - y[i]) < LINE
        )
        if not clashes.any():
            written.append(int(i))
    return names.where(points.index.isin(written), "")


def _dots(
    points: pd.DataFrame, span: tuple[float, float], reference: str
) -> list[go.Scatter]:
    wide, narrow = (_texts(points, span, w, reference) for w in (WIDE, NARROW))
    groups = points["family"].map(group_of)
    hover = pd.Series(
        [
            f"{plot_text(name)}<br>{score:.4f} in {seconds(took)} s"
            for name, score, took in points[["method", "score", "seconds"]].to_numpy()
        ]
    )
    return [
        go.Scatter(
            x=points["seconds"][groups == group].to_numpy(),
            y=points["score"][groups == group].to_numpy(),
            text=wide[groups == group].tolist(),
            customdata=hover[groups == group].tolist(),
            mode="markers+text",
            textposition="top center",
            textfont={"size": 11, "color": INK},
            cliponaxis=False,
            marker={"color": colour, "size": 9, "opacity": 0.85},
            hovertemplate="%{customdata}<extra></extra>",
            name=group,
            meta={"label": group, "short_text": narrow[groups == group].tolist()},
        )
        for group, colour in GROUPS.items()
        if (groups == group).any()
    ]


def _set_axes(
    figure: go.Figure, took: "pd.Series[float]", metric: str, x_title: str
) -> None:
    set_layout(
        figure,
        x_title,
        f"Mean {inside_sentence(metric)} ({improvement(metric)})",
        height=460,
    )
    low, high = np.log10(took.min()), np.log10(took.max())
    pad = max(0.08 * (high - low), 0.1)
    figure.update_xaxes(type="log", range=[low - pad, high + pad], dtick=1)


def _off_the_chart(
    points: pd.DataFrame, span: tuple[float, float], greater: bool
) -> go.Scatter:
    """Return the arrows for methods that the chart's first view leaves out."""
    air = 0.02 * (span[1] - span[0])
    return go.Scatter(
        x=points["seconds"].to_numpy(),
        y=np.full(len(points), span[0] + air if greater else span[1] - air),
        text=[
            f"{plot_text(name)}<br>{score:.4f} in {seconds(took)} s, off the chart"
            for name, score, took in zip(
                points["method"], points["score"], points["seconds"], strict=True
            )
        ],
        mode="markers",
        marker={
            "symbol": f"triangle-{'down' if greater else 'up'}",
            "size": 10,
            "color": MUTED,
        },
        cliponaxis=False,
        hovertemplate="%{text}<extra></extra>",
        name="Far off",
        meta={"label": "Far off", "focus": True},
    )


def _cost_table(board: pd.DataFrame, metric: str) -> pd.DataFrame:
    titles = {
        "method": "Method",
        f"{metric}_mean": f"Mean {inside_sentence(metric)}",
        "fit_seconds_mean": "Fit (s)",
        "predict_seconds_mean": "Predict (s)",
        "peak_memory_mb_mean": "Peak memory (MiB)",
        "n_train_rows_mean": "Rows trained on",
    }
    known = {column: title for column, title in titles.items() if column in board}
    return board[list(known)].rename(columns=known)
