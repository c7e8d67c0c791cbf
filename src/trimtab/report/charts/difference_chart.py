"""How far a suite's reference is ahead, data set by data set, as a heat map."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from trimtab.report.charts.chart import Chart, set_layout
from trimtab.report.words.wording import inside_sentence, plot_text, shorten, signed

__all__ = ["difference_chart"]

MOST_TEXTS = 10
"""Across more columns than these no number has room in its cell."""

ROW, COLUMN = 24, 16
"""The height of a row, and the least width of a column, in pixels."""


def difference_chart(
    differences: pd.DataFrame, reference: str, metric: str, *, name: str
) -> Chart:
    """Return the heat map of the differences from a reference.

    Parameters
    ----------
    differences : DataFrame
        Methods by data sets; positive is to the advantage of the reference.
    reference : str
        Its label.
    metric : str
        What the differences are of.
    name : str
        Of the chart.
    """
    short = [str(dataset).rpartition("/")[2] for dataset in differences.columns]
    shown = differences.set_axis(
        short if len(set(short)) == len(short) else list(differences.columns), axis=1
    )
    table = _table(shown)
    if len(shown.columns) > len(shown):  # the longer side runs down the page
        shown = shown.T
    values = shown.to_numpy(dtype=float)
    sizes = np.abs(values[~np.isnan(values)])
    # Four cells of five inside the colours: one poor method leaves others theirs.
    limit = float(np.quantile(sizes, 0.8)) if len(sizes) else 0.0
    figure = go.Figure(_cells(shown, values, limit or 0.01))
    set_layout(
        figure,
        "",
        "",
        height=150 + ROW * len(shown),
        meta={
            "short_names": [plot_text(shorten(str(n), 18)) for n in shown.index],
            "least_width": 140 + COLUMN * len(shown.columns),
        },
    )
    figure.update_xaxes(
        tickmode="array",
        tickvals=list(range(len(shown.columns))),
        ticktext=[plot_text(shorten(str(n), 22)) for n in shown.columns],
        tickangle=-90 if len(shown.columns) > 4 else 0,
        showgrid=False,
        ticks="",
        side="top",
    )
    figure.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(shown))),
        ticktext=[plot_text(shorten(str(n), 36)) for n in shown.index],
        range=[len(shown) - 0.5, -0.5],
        showgrid=False,
        ticks="",
    )
    return Chart(
        name,
        f"{reference} minus each method, by data set",
        figure,
        table,
        f"Mean differences in {inside_sentence(metric)} over the same splits and "
        f"seeds. A cell is bluish where {reference} is ahead and reddish where it is "
        f"behind; the colours are full from {signed(limit)} and {signed(-limit)} on.",
    )


def _cells(shown: pd.DataFrame, values: np.ndarray, limit: float) -> go.Heatmap:
    texts = [[signed(v) if not np.isnan(v) else "" for v in row] for row in values]
    names = [
        [f"{plot_text(one)}, {plot_text(other)}" for other in shown.columns]
        for one in shown.index
    ]
    few = len(shown.columns) <= MOST_TEXTS
    return go.Heatmap(
        z=values,
        text=texts,
        customdata=names,
        texttemplate="%{text}" if few else "",
        textfont={"size": 11, "color": "var(--ink)"},
        colorscale=[
            [0.0, "var(--behind)"],
            [0.5, "var(--surface)"],
            [1.0, "var(--ahead)"],
        ],
        zmin=-limit,
        zmax=limit,
        xgap=1,
        ygap=1,
        showscale=False,
        hovertemplate="%{customdata}<br>%{text}<extra></extra>",
        hoverongaps=False,
        showlegend=False,
        meta={"label": "", "narrow_text": len(shown.columns) <= 5},
    )


def _table(shown: pd.DataFrame) -> pd.DataFrame:
    texts = shown.map(lambda value: "–" if np.isnan(value) else signed(value))
    texts.insert(0, "Method", [str(name) for name in shown.index])
    return texts.reset_index(drop=True)
