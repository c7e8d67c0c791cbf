"""What ensembles on drawn rows drew, and how their errors and scores went."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from trimtab.benchmark.evidence import Evidence
from trimtab.benchmark.history import History
from trimtab.report.charts.chart import (
    ACCENT,
    INK,
    MUTED,
    SERIES,
    Chart,
    finished,
    set_layout,
)
from trimtab.report.words.ensemble_wording import (
    large_errors,
    metric_name,
    quoted,
    ratio_varies,
    tell_of_ensemble,
)
from trimtab.report.words.wording import percent, plot_text, shorten

__all__ = ["ensemble_chart"]

Floats = NDArray[np.float64]

GAP = 0.05
"""Height between two panels, as a share of the whole."""

PARTS = {"y": 3.0, "y2": 3.0, "y3": 2.0, "y4": 1.4}
"""Heights of the panels: two of errors, the score, the ratio."""

ERRORS = {"range": [-0.04, 1.04], "tickvals": [0, 0.5, 1], "showgrid": False}
"""The axis of errors, with room for marks at its ends."""

FAINTEST = -3
"""The logarithm of the share that is as good as none: one row in a thousand."""

FEW = 10
"""Members of a method that the table lists; of more, evenly spaced."""

ROWS = {"held_out": "held-out rows", "train": "training rows"}

SCORE, RATIO, MU = "Held-out score", "Ratio", "μ of the next member"


def ensemble_chart(evidence: Evidence) -> Chart | None:
    """Return the errors after each member, what was drawn for it, and its score.

    Returns
    -------
    Chart or None
        None where no ensemble on drawn rows was run.
    """
    histories = _of_ensembles(evidence)
    if not histories:
        return None
    figure = go.Figure()
    layouts: dict[str, Any] = {}
    for method, history in histories.items():
        for rows, title in ROWS.items():
            if rows in history.series:
                choice = f"{method}, {title}"
                marks = [*_error_maps(history, rows), *_lines(history)]
                for mark in marks:
                    mark.meta = {"choice": choice, **mark.meta}
                    mark.visible = not layouts
                figure.add_traces(marks)
                layouts[choice] = _panels(history)
    _set_layout(figure, layouts, next(iter(histories.values())))
    if any(ratio_varies(history) for history in histories.values()):
        figure.update_layout(height=720)
    tables = [_table(method, history) for method, history in histories.items()]
    return Chart(
        "members",
        "What the ensembles drew while they grew",
        figure,
        pd.concat(tables, ignore_index=True),
        _note(histories),
        choice="Method" if len(layouts) > 1 else "",
    )


def _of_ensembles(evidence: Evidence) -> dict[str, History]:
    """Return the ensembles' histories, best first, but what chose no μ last."""
    of_ensembles = {
        name: evidence.histories[name]
        for name in finished(evidence)["method"]
        if name in evidence.histories and evidence.histories[name].kind == "ensemble"
    }
    return dict(sorted(of_ensembles.items(), key=lambda item: _place(item[1])))


def _place(history: History) -> tuple[bool, bool]:
    return history.facts["is_learned"] is None, "mu" not in history.series


def _set_layout(figure: go.Figure, layouts: dict[str, Any], history: History) -> None:
    """Put the panels one above the other, as the first choice has them."""
    set_layout(figure, "Members so far", "", height=640)
    like = figure.layout.yaxis.to_plotly_json()
    names = [plot_text(quoted(name, 16)) for name in history.columns]
    titles = [*(f"Error of<br>{name}" for name in names), "Held-out<br>score", RATIO]
    for axis, title in zip(("", "2", "3", "4"), titles, strict=True):
        heading = {**like["title"], "text": title}
        figure.update_layout({f"yaxis{axis}": {**like, "title": heading}})
    figure.update_layout(
        xaxis={"showgrid": False, "dtick": 1 if len(history.rounds) <= FEW else None},
        yaxis={**ERRORS},
        yaxis2={**ERRORS},
        yaxis3={"nticks": 4},
        yaxis4={"nticks": 3},
        coloraxis=_colours(),
        meta={"layouts": layouts},
    )
    figure.update_layout(next(iter(layouts.values())))


def _colours() -> dict[str, Any]:
    """Return the scale of the shares: each step is ten times as many rows."""
    exponents = list(range(FAINTEST, 1))
    return {
        "colorscale": [[0, "var(--paper)"], [1, ACCENT]],
        "cmin": FAINTEST,
        "cmax": 0,
        "colorbar": {
            "orientation": "h",
            "thickness": 10,
            "len": 0.9,
            "y": -0.14,
            "yanchor": "top",
            "tickvals": exponents,
            "ticktext": [f"{100 * 10.0**n:g} %" for n in exponents],
            "tickfont": {"color": MUTED, "size": 12},
            "outlinewidth": 0,
            "title": {
                "text": "Share of the class's rows",
                "side": "top",
                "font": {"color": MUTED, "size": 13},
            },
        },
    }


def _panels(history: History) -> dict[str, Any]:
    """Return where each panel lies, and whether it is there at all."""
    shown = ["y", "y2"]
    shown += ["y3"] if "score" in history.series else []
    shown += ["y4"] if ratio_varies(history) else []
    heights = np.array([PARTS[name] for name in shown])
    heights *= (1 - GAP * (len(shown) - 1)) / heights.sum()
    tops = 1 - np.cumsum(heights + GAP) + heights + GAP
    panels: dict[str, Any] = {
        "xaxis": {
            "anchor": shown[-1],
            "range": [0.5, float(history.rounds[-1]) + 0.5],
        }
    }
    for name in PARTS:
        axis: dict[str, Any] = {"visible": name in shown}
        if name in shown:
            place = shown.index(name)
            low, high = tops[place] - heights[place], tops[place]
            axis["domain"] = [max(0.0, float(low)), min(1.0, float(high))]
        panels[name.replace("y", "yaxis")] = axis
    return panels


def _error_maps(history: History, rows: str) -> Iterator[go.Heatmap]:
    """Yield a map of the errors of each column after each member."""
    shares = history.series[rows]
    edges = np.linspace(0, 1, shares.shape[2] + 1)
    bins = [f"{low:.1f} to {high:.1f}" for low, high in pairwise(edges)]
    with np.errstate(divide="ignore"):
        logs = np.log10(shares)
    logs[~np.isfinite(logs)] = np.nan
    for place, axis in enumerate(("y", "y2")):
        name = plot_text(shorten(history.columns[place], 40))
        yield go.Heatmap(
            x=history.rounds,
            y=(edges[:-1] + edges[1:]) / 2,
            z=np.maximum(logs[:, place].T, FAINTEST),
            customdata=np.repeat([bins], len(history.rounds), axis=0).T,
            text=[[percent(s) for s in row] for row in shares[:, place].T],
            yaxis=axis,
            coloraxis="coloraxis",
            hoverongaps=False,
            showlegend=False,
            xgap=1,
            ygap=1,
            meta={"label": "errors"},
            hovertemplate=f"%{{text}} of {name}<br>"
            "have an error of %{customdata}<br>after member %{x}<extra></extra>",
        )


def _lines(history: History) -> Iterator[go.Scatter]:
    """Yield the lines of what was decided, and of what came of it."""
    single = len(history.rounds) <= 2
    for place, axis in enumerate(("y", "y2")):
        if "mu" in history.series and history.facts["is_chosen"][place]:
            yield _line(
                MU,
                history.rounds[1:] - 1,
                history.series["mu"][1:],
                axis,
                INK,
                "μ %{y:.2f} for the member after %{x}",
                markers=True,
            )
    if "score" in history.series:
        yield _line(
            _score_name(history),
            history.rounds,
            history.series["score"],
            "y3",
            SERIES[0],
            "%{y:.3f} with %{x} members",
            markers=single,
        )
    if ratio_varies(history):
        yield _line(
            "Ratio of the next member",
            history.rounds[1:] - 1,
            history.series["ratio"][1:],
            "y4",
            SERIES[1],
            "%{y:.1f} rows for one of the smallest, for the member after %{x}",
            markers=True,
        )


def _line(
    name: str, x: Any, y: Any, axis: str, colour: str, hover: str, *, markers: bool
) -> go.Scatter:
    return go.Scatter(
        x=x,
        y=y,
        yaxis=axis,
        name=name,
        meta={"label": name},
        mode="lines+markers" if markers else "lines",
        line={"color": colour, "width": 2, "dash": "solid"},
        marker={"color": colour, "size": 5},
        hovertemplate=f"{hover}<extra></extra>",
    )


def _score_name(history: History) -> str:
    return plot_text(f"{metric_name(history).capitalize()} on held-out rows")


def _table(method: str, history: History) -> pd.DataFrame:
    """Return what was drawn for a few of the members, and what came of it."""
    n = len(history.rounds)
    chosen = np.unique(np.round(np.linspace(0, n - 1, min(n, FEW))).astype(int))
    unknown = np.full(n, np.nan)
    columns: dict[str, Any] = {"Method": method, "Member": history.rounds}
    columns["μ"] = history.series.get("mu", unknown)
    columns["Ratio"] = history.series.get("ratio", unknown)
    for place, name in enumerate(history.columns):
        columns[f"Rows of {name}"] = history.series["rows"][:, place].astype(int)
    columns[SCORE] = history.series.get("score", unknown)
    for rows, title in (("held_out", "Held-out"), ("train", "Training")):
        large = np.column_stack([unknown, unknown])
        if rows in history.series:
            large = large_errors(history, rows)
        for place, name in enumerate(history.columns):
            columns[f"{title} {name}, error above ½"] = large[:, place]
    return pd.DataFrame(columns).iloc[chosen]


def _note(histories: dict[str, History]) -> str:
    """Return what is seen, and how to read it."""
    (name, first), *others = histories.items()
    told = tell_of_ensemble(first)
    notes = [
        f"{name}: {told}" if others else told,
        "Rows are sorted by their error under the ensemble so far, 0 where it is sure "
        "and right, 1 where it is sure and wrong; the stronger the colour, the more of "
        "the class's rows.",
    ]
    if any("mu" in history.series for history in histories.values()):
        notes.append(
            "μ is the error around which the next member's rows are drawn; the first "
            "member gets rows at random."
        )
    if any(ratio_varies(history) for history in histories.values()):
        notes.append(
            "The ratio is how many rows of each larger class it gets for one of the "
            "smallest."
        )
    return " ".join([*notes, "All of the first split."])
