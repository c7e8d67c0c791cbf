"""The chart of the scores over the splits."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from trimtab.benchmark.evidence import Evidence
from trimtab.benchmark.leaderboard import BASELINE
from trimtab.metrics import MEASURES
from trimtab.report.charts.chart import (
    GROUPS,
    INK,
    MUTED,
    RULE,
    Chart,
    finished,
    focus_on_most,
    group_of,
    set_layout,
)
from trimtab.report.words.wording import (
    improvement,
    inside_sentence,
    plot_text,
    shorten,
)

__all__ = ["scores_chart"]


@dataclass(frozen=True)
class _Choice:
    """One entry of the menu: a column of a table of results, and its words."""

    title: str
    axis: str
    column: str
    table: pd.DataFrame
    greater_is_better: bool

    def summary(self) -> pd.DataFrame:
        """Return ``min``, ``max`` and ``mean`` over the splits by method."""
        grouped = self.table.groupby("method", sort=False)[self.column]
        return grouped.agg(["min", "max", "mean"])


def scores_chart(evidence: Evidence) -> Chart | None:
    """Return each method's score in every split, for each measure.

    Returns
    -------
    Chart or None
        None where no split of any method was finished.
    """
    board = finished(evidence)
    results = evidence.results[evidence.results["status"] == "done"]
    if board.empty:
        return None
    place = {name: row for row, name in enumerate(board["method"])}
    choices = _choices(results, evidence.metric)
    figure, ranges = go.Figure(), {}
    for choice in choices:
        summary = choice.summary()
        marks = _strips(choice, summary, place)
        focus = focus_on_most(summary, greater_is_better=choice.greater_is_better)
        if focus is not None:
            (low, high), off = focus
            ranges[choice.title] = (low, high)
            air = 0.01 * (high - low)
            edge = low + air if choice.greater_is_better else high - air
            marks.append(_off_the_chart(summary[off], place, edge, choice))
        for mark in marks:
            mark.meta = {"choice": choice.title, "axis": choice.axis, **mark.meta}
            mark.visible = choice is choices[0]
        figure.add_traces(marks)
    set_layout(figure, choices[0].axis, "", height=90 + 24 * len(board))
    _name_rows(figure, list(board["method"]), ranges)
    return Chart(
        "scores",
        "Scores over the splits",
        figure,
        _spread(board, results, evidence.metric),
        "A dot is one split, the bar is the mean over splits, the thin line runs from "
        "the lowest to the highest split. The dashed line is the mean of plain "
        "LightGBM. All methods are tested on the same rows, so a split that is hard "
        "is hard for all: the lead, the last entry of the menu, compares split by "
        "split." + (" An arrow stands for a method that is far off." if ranges else ""),
        choice="Measure",
    )


def _choices(results: pd.DataFrame, metric: str) -> list[_Choice]:
    """Return the menu: the ranking measure, all others, and the lead."""
    measures = [m for m in MEASURES if m in results and results[m].notna().any()]
    measures.sort(key=lambda m: m != metric)
    choices = [
        _Choice(
            MEASURES[m].title,
            f"{MEASURES[m].title} ({improvement(m)})",
            m,
            results[results[m].notna()],
            MEASURES[m].greater_is_better,
        )
        for m in measures
    ]
    leads = _leads(results, metric)
    if not leads.empty:
        title = f"{MEASURES[metric].title}: lead over plain LightGBM"
        choices.append(_Choice(title, title, "lead", leads, greater_is_better=True))
    return choices


def _leads(results: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the lead over the baseline of every other method in every split."""
    split = ["repeat", "fold"]
    base = results[results["method"] == BASELINE].set_index(split)[metric]
    others = results[results["method"] != BASELINE]
    paired = others.join(base.rename("base"), on=split, how="inner")
    sign = 1 if MEASURES[metric].greater_is_better else -1
    lead = sign * (paired[metric] - paired["base"])
    return paired.assign(lead=lead)[["method", "family", *split, "lead"]].dropna()


def _strips(
    choice: _Choice, summary: pd.DataFrame, place: dict[str, int]
) -> list[go.Scatter]:
    """Return the marks of one measure: ranges, dots and means, one row a method."""
    rows = summary.index.map(place).to_numpy()
    gaps = np.full(len(summary), np.nan)
    marks = [
        go.Scatter(
            x=np.column_stack([summary["min"], summary["max"], gaps]).ravel(),
            y=np.column_stack([rows, rows, gaps]).ravel(),
            mode="lines",
            line={"color": RULE, "width": 2},
            hoverinfo="skip",
            showlegend=False,
            meta={"label": ""},
        )
    ]
    groups = choice.table["family"].map(group_of)
    for group, colour in GROUPS.items():
        own = choice.table[groups == group]
        if not own.empty:
            means = summary["mean"].loc[own["method"].unique()]
            marks.append(_dots(own, choice.column, place, group, colour))
            marks.append(_means(means, place, group, colour))
    level = 0.0 if choice.column == "lead" else summary["mean"].get(BASELINE)
    if level is not None:
        marks.append(_level(float(level), len(place)))
    return marks


def _dots(
    table: pd.DataFrame, column: str, place: dict[str, int], group: str, colour: str
) -> go.Scatter:
    # The words for each dot are put together in the browser: written out here, for
    # every measure, they would be most of the page.
    splits = table[["repeat", "fold"]] + 1
    return go.Scatter(
        x=table[column].to_numpy(np.float32),
        y=table["method"].map(place).tolist(),
        mode="markers",
        marker={"color": colour, "size": 7, "opacity": 0.45},
        hovertemplate="%{text}<br>%{x:.4f}<extra></extra>",
        name=f"{group}: split",
        meta={"label": f"{group}: split", "splits": splits.to_numpy().tolist()},
    )


def _means(
    means: "pd.Series[float]", place: dict[str, int], group: str, colour: str
) -> go.Scatter:
    return go.Scatter(
        x=means.to_numpy(),
        y=means.index.map(place).to_numpy(),
        text=[plot_text(name) for name in means.index],
        mode="markers",
        marker={
            "symbol": "line-ns",
            "size": 15,
            "line": {"color": colour, "width": 3},
        },
        hovertemplate="%{text}<br>mean %{x:.4f}<extra></extra>",
        name=f"{group}: mean",
        meta={"label": f"{group}: mean"},
    )


def _level(value: float, n_rows: int) -> go.Scatter:
    """Return the dashed line of the baseline through all rows."""
    return go.Scatter(
        x=[value, value],
        y=[-0.6, n_rows - 0.4],
        mode="lines",
        line={"color": INK, "width": 1.25, "dash": "dash"},
        hoverinfo="skip",
        name="Plain LightGBM",
        meta={"label": "Plain LightGBM"},
    )


def _off_the_chart(
    summary: pd.DataFrame, place: dict[str, int], edge: float, choice: _Choice
) -> go.Scatter:
    """Return the arrows for methods that the chart's first view leaves out."""
    return go.Scatter(
        x=np.full(len(summary), edge),
        y=summary.index.map(place).to_numpy(),
        text=[
            f"{plot_text(name)}<br>mean {mean:.4f}, off the chart"
            for name, mean in summary["mean"].items()
        ],
        mode="markers",
        marker={
            "symbol": f"triangle-{'left' if choice.greater_is_better else 'right'}",
            "size": 10,
            "color": MUTED,
        },
        cliponaxis=False,
        hovertemplate="%{text}<extra></extra>",
        name="Far off",
        meta={"label": "Far off", "focus": True},
    )


def _name_rows(
    figure: go.Figure, names: list[str], ranges: dict[str, tuple[float, float]]
) -> None:
    """Write the methods' names at the rows 0, 1, ... from the top."""
    figure.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(names))),
        ticktext=[plot_text(shorten(name, 32)) for name in names],
        tickfont={"color": INK, "size": 12},
        range=[len(names) - 0.4, -0.6],
        ticklabelstandoff=8,
        showgrid=False,
    )
    # The short names are for narrow screens, where long ones would leave no room.
    figure.update_layout(
        meta={
            "names": [plot_text(name) for name in names],
            "short_names": [plot_text(shorten(name, 17)) for name in names],
            "focus": {"axis": "xaxis", "ranges": ranges},
        }
    )


def _spread(board: pd.DataFrame, results: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the distribution of the ranking measure over splits."""
    spread = results.groupby("method")[metric].describe()
    spread = spread.reindex(board["method"]).reset_index()
    spread = spread.rename(
        columns={
            "method": "Method",
            "count": "Splits",
            "mean": f"Mean {inside_sentence(metric)}",
            "std": "Standard deviation",
            "min": "Lowest",
            "25%": "Lower quartile",
            "50%": "Median",
            "75%": "Upper quartile",
            "max": "Highest",
        }
    )
    return spread.astype({"Splits": "Int64"})
