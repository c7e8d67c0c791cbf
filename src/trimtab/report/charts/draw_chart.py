"""How an adaptive draw moved over the epochs, beside each class's F1."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from trimtab.benchmark.evidence import Evidence
from trimtab.benchmark.history import History
from trimtab.report.charts.chart import (
    ACCENT,
    MUTED,
    SERIES,
    Chart,
    finished,
    set_layout,
)
from trimtab.report.words.wording import (
    enumerate_words,
    number,
    percent,
    plot_text,
    shorten,
)

__all__ = ["STILL", "draw_chart", "tell_of_draw"]

STILL = 0.1
"""A draw hardly moves if no class's share changes by more than this part of it."""

GAP = 0.06
"""Height between the two panels, as a share of the whole."""

FEW_EPOCHS = 12
"""Up to so many each has its tick."""

COLUMNS = (
    "Method",
    "Class",
    "Share of the rows",
    "First draw",
    "Last draw",
    "F1, first epoch",
    "F1, kept",
    "F1, last epoch",
)

SHARE, SCORE = "Share of the draw (%)", "F1 on held-out rows"


def draw_chart(evidence: Evidence) -> Chart | None:
    """Return what was drawn of each class, and below it how well it was recognised.

    Returns
    -------
    Chart or None
        None where no method that adapts its draw was run.
    """
    histories = _of_draws(evidence)
    if not histories:
        return None
    positive = evidence.labels.names[evidence.labels.positive]
    figure, rows = go.Figure(), []
    for method, history in histories.items():
        marks = [*_class_lines(history, positive), *_kept_line(history)]
        for mark in marks:
            if mark.visible != "legendonly":
                mark.visible = method == next(iter(histories))
            if len(histories) > 1:
                mark.meta = {"choice": method, **mark.meta}
        figure.add_traces(marks)
        rows += _table_rows(method, history)
    _set_panels(figure, max(h.rounds[-1] for h in histories.values()))
    return Chart(
        "draw",
        "What was drawn, epoch by epoch",
        figure,
        pd.DataFrame(rows, columns=list(COLUMNS)),
        _note(histories, positive),
        choice="Method" if len(histories) > 1 else "",
    )


def _of_draws(evidence: Evidence) -> dict[str, History]:
    """Return the draws' histories, best method first, but what stood still last."""
    of_draws = {
        name: evidence.histories[name]
        for name in finished(evidence)["method"]
        if name in evidence.histories and evidence.histories[name].kind == "draw"
    }
    return dict(sorted(of_draws.items(), key=lambda item: _is_still(item[1])))


def _is_still(history: History) -> bool:
    drawn = history.series["drawn"]
    return bool((np.ptp(drawn, axis=0) <= STILL * drawn.max(axis=0)).all())


def _set_panels(figure: go.Figure, n_epochs: int) -> None:
    """Put the shares above the F1, on one axis of epochs."""
    set_layout(figure, "Epoch", SHARE, height=560)
    below = figure.layout.yaxis.to_plotly_json()
    middle = 0.5
    figure.update_layout(
        yaxis={"domain": [middle + GAP / 2, 1], "tickformat": ".0%"},
        yaxis2={**below, "domain": [0, middle - GAP / 2], "range": [-0.02, 1.02]},
        xaxis={"anchor": "y2", "dtick": 1 if n_epochs <= FEW_EPOCHS else None},
    )
    figure.update_layout(yaxis={"rangemode": "tozero"}, yaxis2_title_text=SCORE)


def _class_lines(history: History, positive: str) -> Iterator[go.Scatter]:
    """Yield for each class what was drawn, its share of the data, and its F1."""
    single = len(history.rounds) == 1
    for place, line, shown in _with_lines(history, positive):
        name, share = history.columns[place], history.facts["prior"][place]
        shared = {
            "name": plot_text(shorten(name, 40)),
            "meta": {"label": name},
            "mode": "lines+markers" if single else "lines",
            "visible": None if shown else "legendonly",
        }
        yield go.Scatter(
            x=history.rounds,
            y=history.series["drawn"][:, place],
            line=line,
            hovertemplate="%{y:.1%} of the draw, epoch %{x}"
            "<extra>%{fullData.name}</extra>",
            **shared,
        )
        yield go.Scatter(
            x=history.rounds[[0, -1]],
            y=[share, share],
            line={"color": line["color"], "width": 1.25, "dash": "dash"},
            hovertemplate="%{y:.2%} of the rows<extra>%{fullData.name}</extra>",
            **shared,
        )
        yield go.Scatter(
            x=history.rounds,
            y=history.series["f1"][:, place],
            yaxis="y2",
            line=line,
            hovertemplate="F1 %{y:.3f}, epoch %{x}<extra>%{fullData.name}</extra>",
            **shared,
        )


def _with_lines(
    history: History, positive: str
) -> Iterator[tuple[int, dict[str, Any], bool]]:
    """Yield classes by place, their lines, and whether they are shown at first.

    The class of interest stands out; of many others those are shown that moved most.
    """
    moved = np.ptp(history.series["drawn"], axis=0)
    moved[_boosted(history)] = np.inf
    names = np.array(history.columns, dtype=object)
    others = np.flatnonzero(names != positive)
    first = others[np.argsort(-moved[others], kind="stable")][: len(SERIES)]
    shown = set(first.tolist())
    order = sorted(others.tolist(), key=lambda place: (place not in shown, place))
    lines = {}
    for n, place in enumerate(order):
        cycle, colour = divmod(n, len(SERIES))
        dash = "dot" if cycle else "solid"
        lines[place] = {"color": SERIES[colour], "width": 1.75, "dash": dash}
    for place, name in enumerate(names):
        if name == positive:
            yield place, {"color": ACCENT, "width": 2.5, "dash": "solid"}, True
        else:
            yield place, lines[place], place in shown


def _boosted(history: History) -> int:
    """Return the place of the class that ended furthest above its share of the rows."""
    beyond = history.series["drawn"][-1] - np.array(history.facts["prior"])
    return int(np.argmax(beyond))


def _kept_line(history: History) -> Iterator[go.Scatter]:
    """Yield the upright line at the epoch whose learner was kept, in both panels."""
    kept = history.facts["kept"]
    highest = max(*history.facts["prior"], float(history.series["drawn"].max()))
    for axis, top in (("y", highest), ("y2", 1.0)):
        yield go.Scatter(
            x=[kept, kept],
            y=[0, top],
            yaxis=axis,
            mode="lines",
            line={"color": MUTED, "width": 1.5, "dash": "dot"},
            name="Epoch that was kept",
            meta={"label": "Epoch that was kept"},
            hovertemplate="epoch %{x}<extra>%{fullData.name}</extra>",
        )


def _table_rows(method: str, history: History) -> list[list[Any]]:
    drawn, f1 = history.series["drawn"], history.series["f1"]
    kept = int(np.searchsorted(history.rounds, history.facts["kept"]))
    kept = min(kept, len(history.rounds) - 1)
    ends = np.array([0, -1])
    numbers = np.column_stack(
        [history.facts["prior"], drawn[ends].T, f1[0], f1[kept], f1[-1]]
    )
    return [
        [method, name, *row]
        for name, row in zip(history.columns, numbers.tolist(), strict=True)
    ]


def _note(histories: dict[str, History], positive: str) -> str:
    """Return what is seen, and how to read it."""
    (name, first), *others = histories.items()
    replicas = max(history.facts["n_replicas"] for history in histories.values())
    of_runs = "a method's runs" if others else f"{replicas} runs"
    notes = [
        f"{name}: {tell_of_draw(first)}" if others else tell_of_draw(first),
        *_tell_of_others(dict(others)),
        "Above is how often each class was drawn, with its share of the training rows "
        "as a dashed line; below its F1 on rows that were held out of training"
        f"{_what_decides(histories)} All of the first split"
        + (f", the mean of {of_runs} while they train" if replicas > 1 else "")
        + "; the dotted line is the epoch whose model was kept.",
    ]
    n_classes, n_kept = first.facts["n_classes"], len(first.columns)
    if n_kept < n_classes:
        notes.append(
            f"Of {n_classes} classes {n_kept} are here: “{shorten(positive, 60)}” and "
            "those whose share moved the furthest."
        )
    return " ".join(notes)


def _what_decides(histories: dict[str, History]) -> str:
    """Return which draws follow the F1, and which do not; ends a sentence."""
    follow = [n for n, h in histories.items() if h.facts.get("follows_f1", True)]
    others = [name for name in histories if name not in follow]
    whose = f" of {enumerate_words(follow)}" if others else ""
    told = (
        f", which decides the next draw{whose}: the worse a class is recognised, the "
        "more of it."
    )
    if not others:
        return told
    learned = f"{enumerate_words(others)} learns what to draw from the training rows"
    if len(others) > 1:
        learned = learned.replace(" learns ", " learn ", 1)
    return f"{told if follow else '.'} {learned}."


def _tell_of_others(histories: dict[str, History]) -> list[str]:
    """Return whether the draws of further methods moved."""
    still = [name for name, history in histories.items() if _is_still(history)]
    moved = [name for name in histories if name not in still]
    told = []
    if moved:
        told.append(f"The draw of {enumerate_words(moved)} moved as well.")
    if still:
        told.append(f"That of {enumerate_words(still)} hardly did.")
    return told


def tell_of_draw(history: History) -> str:
    """Return what is seen of a draw, in plain words.

    Parameters
    ----------
    history : History
        Of the kind ``"draw"``.

    Returns
    -------
    str
        Which class was drawn the furthest beyond its share of the rows, and whether
        the draw moved from the first epoch to the last.
    """
    drawn, f1 = history.series["drawn"], history.series["f1"]
    prior = np.array(history.facts["prior"])
    place = _boosted(history)
    name = f"“{shorten(history.columns[place], 60)}”"
    start, end = percent(drawn[0, place]), percent(drawn[-1, place])
    share = percent(prior[place])
    if _is_still(history):
        if (np.abs(drawn - prior) <= STILL * prior).all():
            return "Classes were drawn by their share of the rows throughout."
        drawn_of = f"{start} of every draw"
        if start != end:
            drawn_of = f"{start} of the first draw and {end} of the last"
        return (
            f"The draw hardly moved: {name} is {share} of the rows and was {drawn_of}."
        )
    return (
        f"{name} was drawn the furthest beyond its share of the rows: it is {share} of "
        f"them, was {start} of the first draw and {end} of the last, while its F1 went "
        f"from {number(f1[0, place])} to {number(f1[-1, place])}."
        + _what_fell(history, place)
    )


def _what_fell(history: History, boosted: int) -> str:
    """Return which class lost the most of the draw, where that says something new."""
    drawn = history.series["drawn"]
    change = drawn[-1] - drawn[0]
    place = int(np.argmin(change))
    if len(change) < 3 or place == boosted or change[place] > -STILL * drawn[0, place]:
        return ""
    return (
        f" “{shorten(history.columns[place], 60)}” gave up the most, from "
        f"{percent(drawn[0, place])} to {percent(drawn[-1, place])}."
    )
