"""Tests of the chart of what ensembles drew, and of what is said about it."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.report.sample_evidence import FEW, HOSTILE, Made, make_evidence
from trimtab.benchmark.evidence import Evidence
from trimtab.benchmark.history import History
from trimtab.report.charts.chart import Chart
from trimtab.report.charts.ensemble_chart import ensemble_chart
from trimtab.report.page.comparison_page import render_page
from trimtab.report.words.ensemble_wording import tell_of_ensemble

ENSEMBLES = (Made("mesa", "learned"), Made("under-bagging", "classic", skill=3.5))


def made_history(
    mu: tuple[float, ...] | None = (0.9, 0.4),
    ratio: tuple[float, ...] = (1.0, 1.0, 1.0),
    *,
    names: tuple[str, str] = ("no", "yes"),
    held_out: bool = True,
    is_learned: bool | None = True,
) -> History:
    """Return the history of three members whose large errors are halved each time."""
    large = np.array([0.4, 0.2, 0.1])[:, None] * [1.0, 2.0]
    errors = np.stack([1 - large, np.zeros((3, 2)), np.zeros((3, 2)), large], axis=2)
    series: dict[str, Any] = {"rows": np.full((3, 2), 8.0), "train": errors}
    series["ratio"] = np.array(ratio)
    if held_out:
        series |= {"held_out": errors / 2, "score": np.array([0.5, 0.6, 0.7])}
        series["held_out"][:, :, 0] += 0.5
    if mu is not None:
        series["mu"] = np.array([np.nan, *mu])
    facts = {
        "metric": "average_precision",
        "is_chosen": [True, False],
        "is_learned": is_learned,
    }
    return History("ensemble", np.arange(1, 4), series, list(names), facts)


LEARNED = made_history()
UNIFORM = made_history(None, held_out=False, is_learned=None)


def evidence_of(**histories: History) -> Evidence:
    """Return evidence with these histories, `_` in names standing for `-`."""
    named = {name.replace("_", "-"): value for name, value in histories.items()}
    return make_evidence(methods=[*FEW, *ENSEMBLES], histories=named)


def chart_of(evidence: Evidence) -> Chart:
    """Return the chart, which must be there."""
    chart = ensemble_chart(evidence)
    assert chart is not None
    return chart


def test_without_an_ensemble_there_is_no_chart_and_no_word() -> None:
    """Nor for histories of another kind."""
    assert ensemble_chart(evidence_of()) is None
    assert ensemble_chart(evidence_of(mesa=replace(LEARNED, kind="draw"))) is None
    assert "the ensembles drew" not in render_page(evidence_of())


def test_errors_lie_above_the_score() -> None:
    """Two maps, μ on that of the class whose rows are chosen, and the score below."""
    figure = chart_of(evidence_of(mesa=LEARNED)).figure

    marks = [trace for trace in figure.data if trace.visible]
    others, positive = (trace for trace in marks if trace.type == "heatmap")
    shares = 10.0 ** np.array(positive.z, dtype=float)
    np.testing.assert_allclose(shares[-1], [0.4, 0.2, 0.1])
    assert np.isnan(np.array(others.z, dtype=float)[1]).all()
    assert (others.yaxis, positive.yaxis) == ("y", "y2")
    (mu,) = (trace for trace in marks if trace.name == "μ of the next member")
    assert (list(mu.x), list(mu.y), mu.yaxis) == ([1, 2], [0.9, 0.4], "y")
    layout = figure.layout
    domains = [layout[name].domain for name in ("yaxis", "yaxis2", "yaxis3")]
    assert domains[0][0] > domains[1][1] > domains[1][0] > domains[2][1]
    assert (layout.xaxis.anchor, layout.yaxis4.visible) == ("y3", False)


def test_each_method_has_the_panels_that_it_has_numbers_for() -> None:
    """What chose a μ comes first; held-out and training rows are two choices."""
    chart = chart_of(evidence_of(mesa=LEARNED, under_bagging=UNIFORM))

    menu = list(dict.fromkeys(trace.meta["choice"] for trace in chart.figure.data))
    shown = {trace.meta["choice"] for trace in chart.figure.data if trace.visible}
    layouts = chart.figure.layout.meta["layouts"]
    assert menu == [
        "mesa, held-out rows",
        "mesa, training rows",
        "under-bagging, training rows",
    ]
    assert (shown, [*layouts], chart.choice) == ({menu[0]}, menu, "Method")
    assert layouts[menu[0]]["yaxis3"]["visible"]
    assert not layouts[menu[2]]["yaxis3"]["visible"]
    assert layouts[menu[2]]["xaxis"]["anchor"] == "y2"


def test_a_ratio_has_a_panel_where_it_changes() -> None:
    """And a word."""
    chart = chart_of(evidence_of(mesa=made_history(ratio=(1.0, 4.0, 2.5))))

    ratio, _ = (trace for trace in chart.figure.data if trace.yaxis == "y4")
    assert (list(ratio.x), list(ratio.y)) == ([1, 2], [4.0, 2.5])
    assert chart.figure.layout.xaxis.anchor == "y4"
    assert "with 1.0 to 4.0 rows of each larger class for one of the" in chart.note


@pytest.mark.parametrize(
    ("history", "told"),
    [
        (
            LEARNED,
            "The learned policy drew rows around errors between 0.40 and 0.90: 0.90 "
            "for the second member, 0.40 for the last. On held-out rows its average "
            "precision went from 0.500 with one member to 0.700 with 3. Of the "
            "held-out rows, these had an error above one half: 40.0 % of “yes” after "
            "the first member and 10.0 % after the last; 20.0 % of “no” after the "
            "first member and 5.0 % after the last.",
        ),
        (
            made_history((1.0, 0.98), is_learned=False),
            "A policy that was given, not learned, drew rows around an error of 0.98 "
            "throughout, the hardest ones.",
        ),
        (
            made_history((0.0, 0.02), is_learned=None),
            "The policy drew rows around an error of 0.02 throughout, the easiest one",
        ),
        (
            UNIFORM,
            "Of the training rows, these had an error above one half: 80.0 % of “yes” "
            "after the first member and 20.0 % after the last; 40.0 % of",
        ),
    ],
)
def test_what_is_seen_is_said_in_plain_words(history: History, told: str) -> None:
    """What was drawn, who decided it, and what came of it."""
    assert tell_of_ensemble(history).startswith(told)


def test_the_table_holds_the_numbers_of_each_member() -> None:
    """Those that a method has none of are empty."""
    evidence = evidence_of(mesa=LEARNED, under_bagging=UNIFORM)
    table = chart_of(evidence).table

    assert table["Method"].tolist() == ["mesa"] * 3 + ["under-bagging"] * 3
    np.testing.assert_allclose(table["μ"], [np.nan, 0.9, 0.4] + [np.nan] * 3)
    np.testing.assert_allclose(
        table["Held-out yes, error above ½"], [0.4, 0.2, 0.1] + [np.nan] * 3
    )
    np.testing.assert_allclose(table["Training no, error above ½"], [0.4, 0.2, 0.1] * 2)


def test_markup_in_names_stays_text() -> None:
    """In the chart plotly shows it as it is; on the page it is escaped."""
    history = made_history(names=("no", f"yes{HOSTILE}"))
    evidence = make_evidence(
        methods=[*FEW, *ENSEMBLES], histories={f"mesa{HOSTILE}": history}, hostile=True
    )

    page = render_page(evidence)

    assert "<script>alert" not in page
    for trace in chart_of(evidence).figure.data:
        assert "<script" not in f"{trace.name}{trace.hovertemplate}"
