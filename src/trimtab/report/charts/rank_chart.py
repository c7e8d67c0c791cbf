"""Mean ranks over data sets, as a critical-difference diagram."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from trimtab.benchmark.dataset_statistics import (
    compare_over_datasets,
    critical_difference,
    groups_not_told_apart,
    mean_ranks,
    nemenyi_p_values,
)
from trimtab.report.charts.chart import GROUPS, INK, MUTED, Chart, group_of, set_layout
from trimtab.report.words.dataset_tables import friedman_sentence
from trimtab.report.words.wording import number, p_value, plot_text, shorten

__all__ = ["rank_chart"]

ROW = 26
"""The height of a method's row, in pixels."""

MOST_GROUPS = 8
"""More groups than these make a thicket: intervals are drawn in their place."""


def rank_chart(
    scores: pd.DataFrame,
    reference: str,
    families: Mapping[str, str],
    *,
    name: str,
    greater_is_better: bool,
) -> Chart:
    """Return the critical-difference diagram of some methods.

    Parameters
    ----------
    scores : DataFrame
        One row a data set, one column a method; three of each or more.
    reference : str
        The method that the table compares all others with.
    families : mapping of str to str
        Each method's family.
    name : str
        Of the chart.
    greater_is_better : bool
        The direction.
    """
    ranks = mean_ranks(scores, greater_is_better=greater_is_better)
    difference = critical_difference(len(ranks), len(scores))
    groups = groups_not_told_apart(ranks, difference)
    figure = go.Figure()
    if len(groups) > MOST_GROUPS:
        figure.add_trace(_intervals(ranks, difference))
        start = float(ranks.min()) - difference / 2
        end = float(ranks.max()) + difference / 2
        how = (
            "A line reaches half the critical difference to either side: methods "
            "whose lines overlap are not told apart."
        )
    else:
        start = float(ranks.min())
        step = 0.04 * max(float(np.ptp(ranks)), difference)
        places = [float(ranks.max()) + step * (i + 1.5) for i in range(len(groups))]
        if groups:
            figure.add_trace(_group_bars(ranks, groups, places))
        end = places[-1] + step if places else float(ranks.max())
        how = "Methods that an upright bar joins are not told apart."
    figure.add_traces(_dots(ranks, families))
    figure.add_trace(_ruler(ranks, difference))
    _set_axes(figure, ranks, (start, end), difference)
    return Chart(
        name,
        "Mean ranks over the data sets",
        figure,
        _table(scores, ranks, reference, greater_is_better),
        f"1 is best. {friedman_sentence(scores, greater_is_better)} {how} A data set "
        "counts once: its splits and seeds are averaged first. What did not finish "
        f"takes the last rank. In the table each method is compared with {reference}.",
    )


def _dots(ranks: "pd.Series[float]", families: Mapping[str, str]) -> list[go.Scatter]:
    rows = np.arange(len(ranks))
    kinds = pd.Series([group_of(families.get(str(name), "")) for name in ranks.index])
    return [
        go.Scatter(
            x=ranks.to_numpy()[kinds == kind],
            y=rows[kinds == kind],
            text=[
                f"{plot_text(name)}<br>mean rank {number(rank, 2)}"
                for name, rank in ranks[(kinds == kind).to_numpy()].items()
            ],
            mode="markers",
            marker={"color": colour, "size": 10},
            hovertemplate="%{text}<extra></extra>",
            name=kind,
            meta={"label": kind},
        )
        for kind, colour in GROUPS.items()
        if (kinds == kind).any()
    ]


def _group_bars(
    ranks: "pd.Series[float]", groups: list[list[str]], places: list[float]
) -> go.Scatter:
    """Return an upright bar for each group, side by side."""
    row = {str(name): i for i, name in enumerate(ranks.index)}
    x = [value for place in places for value in (place, place, np.nan)]
    y = [
        value
        for group in groups
        for value in (row[group[0]] - 0.25, row[group[-1]] + 0.25, np.nan)
    ]
    return _line(x, y, 4, "Not told apart")


def _intervals(ranks: "pd.Series[float]", difference: float) -> go.Scatter:
    """Return a line of the critical difference's length through each mean rank."""
    x = [
        value
        for rank in ranks
        for value in (rank - difference / 2, rank + difference / 2, np.nan)
    ]
    y = [value for row in range(len(ranks)) for value in (row, row, np.nan)]
    return _line(x, y, 2, "Half the critical difference each way")


def _line(x: list[float], y: list[float], width: float, label: str) -> go.Scatter:
    return go.Scatter(
        x=x,
        y=y,
        mode="lines",
        line={"color": MUTED, "width": width},
        hoverinfo="skip",
        name=label,
        meta={"label": label},
    )


def _ruler(ranks: "pd.Series[float]", difference: float) -> go.Scatter:
    """Return the critical difference as a line above the best method."""
    start = float(ranks.min())
    return go.Scatter(
        x=[start, start + difference],
        y=[-1, -1],
        mode="lines+markers",
        line={"color": INK, "width": 1.5},
        marker={"symbol": "line-ns", "size": 8, "line": {"color": INK, "width": 1.5}},
        hoverinfo="skip",
        showlegend=False,
        name="Critical difference",
        meta={"label": ""},
    )


def _set_axes(
    figure: go.Figure,
    ranks: "pd.Series[float]",
    span: tuple[float, float],
    difference: float,
) -> None:
    names = [str(name) for name in ranks.index]
    set_layout(
        figure,
        "Mean rank (1 is best)",
        "",
        height=120 + ROW * (len(ranks) + 1),
        meta={
            "short_names": ["", *(plot_text(shorten(name, 20)) for name in names)],
        },
    )
    best = float(ranks.min())
    end = max(span[1], best + difference)
    pad = 0.04 * (end - span[0])
    figure.update_xaxes(range=[span[0] - pad, end + pad])
    figure.update_yaxes(
        tickmode="array",
        tickvals=[-1, *range(len(names))],
        ticktext=["", *(plot_text(shorten(name, 36)) for name in names)],
        range=[len(names) - 0.4, -2.1],
        showgrid=False,
        ticks="",
    )
    figure.add_annotation(
        x=best,
        y=-1,
        text=f"critical difference {number(difference, 2)}",
        showarrow=False,
        xanchor="left",
        yshift=13,
        font={"size": 11, "color": MUTED},
    )


def _table(
    scores: pd.DataFrame,
    ranks: "pd.Series[float]",
    reference: str,
    greater_is_better: bool,
) -> pd.DataFrame:
    """Return each method beside the reference, over the data sets."""
    pairs = compare_over_datasets(
        scores, reference, greater_is_better=greater_is_better
    )
    rows_of_pairs = pairs.set_index("other").to_dict("index")
    nemenyi = nemenyi_p_values(scores, greater_is_better=greater_is_better)
    apart = nemenyi[reference].to_dict()
    rows = [
        {
            "Method": name,
            "Mean rank": number(rank, 2),
            "Nemenyi's p": p_value(apart[name]),
            **(_pair(rows_of_pairs[name]) if name in rows_of_pairs else {}),
        }
        for name, rank in zip(map(str, ranks.index), ranks, strict=True)
    ]
    table = pd.DataFrame(rows).fillna("–")
    table.loc[table["Method"] == reference, "Nemenyi's p"] = "–"
    return table


def _pair(row: Mapping[Hashable, Any]) -> dict[str, str]:
    """Return what one comparison with the reference came to, from the method's side."""
    interval = f"{number(-row['high'])} to {number(-row['low'])}"
    return {
        "Mean difference": number(-row["difference"], 4),
        "95 % interval": interval if pd.notna(row["low"]) else "–",
        "Ahead": str(row["behind"]),
        "Level": str(row["level"]),
        "Behind": str(row["ahead"]),
        "Wilcoxon's p, Holm": p_value(row["p_wilcoxon_holm"]),
        "t-test's p, Holm": p_value(row["p_t_holm"]),
        "Rank-biserial": number(-row["rank_biserial"], 2),
        "Cohen's d": number(-row["cohen_d"], 2),
    }
