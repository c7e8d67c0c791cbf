"""What a chart is, and the manner that all charts share.

Colours are the names of custom properties of ``page.css``; ``page.js`` puts the
colours of the light or the dark theme in their place.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from trimtab.benchmark.evidence import Evidence, Prediction
from trimtab.benchmark.leaderboard import BASELINE
from trimtab.report.charts.curves import by_method
from trimtab.report.words.wording import plot_text, shorten

__all__ = [
    "ACCENT",
    "GROUPS",
    "INK",
    "MUTED",
    "RULE",
    "SERIES",
    "Chart",
    "class_name",
    "curve",
    "finished",
    "focus_on_most",
    "group_of",
    "line_styles",
    "method_lines",
    "set_layout",
    "standouts",
]

ACCENT, INK, MUTED, RULE = "var(--accent)", "var(--ink)", "var(--muted)", "var(--rule)"
SERIES = [f"var(--series-{i})" for i in range(1, 7)]
DASHES = ["solid", "dash", "dot", "dashdot"]

GROUPS = {"Control": MUTED, "Rebalancing": ACCENT, "Own": SERIES[0]}
"""The kinds of method, and their colours where a mark stands for a kind."""


@dataclass(frozen=True)
class Chart:
    """A picture and what belongs to it.

    Attributes
    ----------
    name : str
        Its identifier on the page.
    title : str
        What it shows.
    figure : plotly.graph_objects.Figure
        The picture. Traces with a ``meta["choice"]`` are shown one choice at a time.
    table : DataFrame
        The numbers behind it, with titles as column names.
    note : str
        How to read it, and how the numbers came about.
    choice : str
        What the choices are, for instance ``"Measure"``; empty where there are none.
    """

    name: str
    title: str
    figure: go.Figure
    table: pd.DataFrame
    note: str
    choice: str = ""


def set_layout(
    figure: go.Figure, x_title: str, y_title: str, height: int, **layout: Any
) -> None:
    """Give a figure the page's manner: no box, faint grid, room for the words."""
    axis = {
        "gridcolor": RULE,
        "linecolor": RULE,
        "zeroline": False,
        "automargin": True,
        "fixedrange": True,
        "title": {"font": {"color": MUTED, "size": 13}, "standoff": 12},
        "tickfont": {"color": MUTED, "size": 12},
    }
    figure.update_layout(
        height=height,
        template="none",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": INK, "size": 13},
        margin={"l": 8, "r": 16, "t": 12, "b": 8},
        hoverlabel={
            "bgcolor": "var(--surface)",
            "bordercolor": RULE,
            "font": {"color": INK, "size": 13},
            "align": "left",
        },
        hovermode="closest",
        dragmode=False,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )
    figure.update_xaxes(axis)
    figure.update_yaxes(axis)
    figure.update_layout(**layout)
    figure.update_xaxes(title_text=x_title)
    figure.update_yaxes(title_text=y_title)


def finished(evidence: Evidence) -> pd.DataFrame:
    """Return the leaderboard's rows of methods with at least one finished split."""
    board = evidence.leaderboard
    return board[board["splits"] > 0].reset_index(drop=True)


def group_of(family: str) -> str:
    """Return the kind of method that a family is, a key of `GROUPS`.

    Whether a classifier that the user brings rebalances, nobody has said.
    """
    return {"control": "Control", "own": "Own"}.get(family, "Rebalancing")


def class_name(evidence: Evidence, limit: int = 24) -> str:
    """Return the class of interest for a chart's text, cut where it is long."""
    labels = evidence.labels
    return plot_text(shorten(labels.names[labels.positive], limit))


def standouts(board: pd.DataFrame) -> list[str]:
    """Return the few methods that a reader wants to see first."""
    others = board[board["method"] != BASELINE]
    groups = others["family"].map(group_of)
    picked = [BASELINE]
    for group in ("Rebalancing", "Own", "Control"):
        picked += others["method"][groups == group][:1].tolist()
    known = set(board["method"])
    return [name for name in picked if name in known] or list(board["method"][:3])


def method_lines(
    evidence: Evidence,
) -> Iterator[tuple[str, list[Prediction], dict[str, Any], bool]]:
    """Yield each method with its predictions, its line and whether it is shown.

    Plain LightGBM is drawn in ink and the best rebalancing method in the accent
    colour, on every chart.
    """
    board = finished(evidence)
    predictions = by_method(evidence.predictions)
    shown = standouts(board)
    rebalancing = board["method"][board["family"].map(group_of) == "Rebalancing"]
    special = dict.fromkeys(rebalancing[:1], ACCENT) | {BASELINE: INK}
    names = [name for name in board["method"] if name in predictions]
    for name, line in line_styles(names, special).items():
        yield name, predictions[name], line, name in shown


def line_styles(
    names: Iterable[str], special: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """Return the line of each method; the `special` ones have colours of their own."""
    lines: dict[str, dict[str, Any]] = {}
    others = 0
    for name in names:
        if name in special:
            lines[name] = {"color": special[name], "width": 2.5, "dash": "solid"}
            continue
        cycle, place = divmod(others, len(SERIES))
        dash = DASHES[cycle % len(DASHES)]
        lines[name] = {"color": SERIES[place], "width": 1.75, "dash": dash}
        others += 1
    return lines


def curve(name: str, line: dict[str, Any], shown: bool, **trace: Any) -> go.Scatter:
    """Return the curve of one method, with an entry in the legend."""
    return go.Scatter(
        name=plot_text(name),
        meta={"label": name},
        line=line,
        visible=True if shown else "legendonly",
        **trace,
    )


def focus_on_most(
    summary: pd.DataFrame, *, greater_is_better: bool
) -> tuple[tuple[float, float], "pd.Series[bool]"] | None:
    """Return an axis range without the methods that would press all others together.

    Parameters
    ----------
    summary : DataFrame
        ``min``, ``max`` and ``mean`` by method.
    greater_is_better : bool
        The direction; only bad methods are left out.

    Returns
    -------
    tuple or None
        The range, and which methods lie off it. None where there are few methods, or
        the others would gain little room.
    """
    means = summary["mean"]
    low, high = means.quantile([0.25, 0.75])
    reach = 2.5 * (high - low)
    off = means < low - reach if greater_is_better else means > high + reach
    span = _span(summary)
    for _ in range(len(summary)):
        start, end = _span(summary[~off])
        # Splits vary: what is bad in the mean may lie among the others' splits.
        inside = off & means.between(start, end)
        if not inside.any():
            break
        off &= ~inside
    if len(summary) < 5 or not off.any() or span[1] - span[0] < 1.6 * (end - start):
        return None
    return (start, end), off


def _span(summary: pd.DataFrame) -> tuple[float, float]:
    """Return the ends of an axis that shows all splits with some air."""
    low, high = float(summary["min"].min()), float(summary["max"].max())
    air = 0.04 * (high - low) or 0.01
    return low - air, high + air
