"""How often each method is within a factor of the best: Dolan and Moré's profiles."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from trimtab.benchmark.dataset_statistics import mean_ranks
from trimtab.benchmark.profiles import performance_profile
from trimtab.report.charts.chart import (
    ACCENT,
    INK,
    Chart,
    curve,
    line_styles,
    set_layout,
)
from trimtab.report.words.wording import plot_text

__all__ = ["profile_chart"]

SHOWN = 5
"""Lines that are drawn at first; the legend brings the others."""


def profile_chart(
    scores: pd.DataFrame, reference: str, *, name: str, greater_is_better: bool
) -> Chart:
    """Return the performance profiles of some methods.

    Parameters
    ----------
    scores : DataFrame
        One row a data set, one column a method.
    reference : str
        The method that is drawn in ink.
    name : str
        Of the chart.
    greater_is_better : bool
        The direction.
    """
    profile = performance_profile(scores, greater_is_better=greater_is_better)
    best = [
        str(n) for n in mean_ranks(scores, greater_is_better=greater_is_better).index
    ]
    others = [label for label in best if label != reference]
    styles = line_styles(best, dict.fromkeys(others[:1], ACCENT) | {reference: INK})
    shown = {reference, *best[:SHOWN]}
    end = _end(profile)
    factors = profile.index.to_numpy(dtype=float)
    inside = factors <= end
    figure = go.Figure(
        [
            curve(
                label,
                styles[label],
                label in shown,
                x=np.append(factors[inside], end),
                y=np.append(profile[label][inside], profile[label][inside].iloc[-1]),
                mode="lines",
                hovertemplate=(
                    f"{plot_text(label)}<br>%{{y:.0%}} of the data sets within a "
                    "factor of %{x:.3f}<extra></extra>"
                ),
            )
            for label in best
        ]
    )
    for trace in figure.data:
        trace.line.shape = "hv"
    what = (
        "best score over the method's"
        if greater_is_better
        else "the loss over the least"
    )
    set_layout(figure, f"Factor ({what})", "Share of the data sets", height=420)
    figure.update_xaxes(range=[1 - 0.01 * (end - 1), end])
    figure.update_yaxes(range=[0, 1.03], tickformat=".0%")
    return Chart(
        name,
        "Within a factor of the best",
        figure,
        _table(profile, best, end),
        "On which share of the data sets a method comes within a factor of the best "
        "(Dolan and Moré's performance profiles). At the left end stands how often it "
        "is the best itself; a line that is above another is better everywhere.",
    )


def _end(profile: pd.DataFrame) -> float:
    """Return where the axis ends: where most lines have risen most of the way."""
    level = profile.mean(axis=1)
    enough = profile.index[level >= 0.9 * level.iloc[-1]]
    return max(1.02, min(float(enough[0]), 10.0))


def _table(profile: pd.DataFrame, names: list[str], end: float) -> pd.DataFrame:
    """Return the shares at a few factors."""
    wanted = np.unique(np.round([1, 1.01, 1.02, 1.05, 1.1, 1.2, 1.5, 2], 3))
    kept = [f for f in wanted if f <= max(end, 1.05)]
    factors = profile.index.to_numpy(dtype=float)
    rows = np.searchsorted(factors, np.array(kept) * (1 + 1e-12), side="right") - 1
    table = pd.DataFrame({"Method": names})
    for factor, row in zip(kept, rows, strict=True):
        title = "Best" if factor == 1 else f"Within {factor:g}"
        table[title] = [f"{100 * profile[name].iloc[row]:.0f} %" for name in names]
    return table
