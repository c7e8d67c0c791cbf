"""Tests of the charts: what they show, say and leave out."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.report.sample_evidence import FEW, HOSTILE, MANY, Made, make_evidence
from trimtab.benchmark.evidence import Evidence
from trimtab.report.charts.chart import GROUPS, focus_on_most, standouts
from trimtab.report.charts.figures import (
    Chart,
    calibration_chart,
    cost_chart,
    make_charts,
    precision_recall_chart,
    probability_chart,
    scores_chart,
)

CLASSES = {"class_rows": (300, 200, 60), "class_names": ("bus", "car", "van")}


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """Give three methods on two classes."""
    return make_evidence()


@pytest.fixture(scope="module")
def many() -> Evidence:
    """Give a full portfolio; two of its methods are hopeless."""
    return make_evidence(methods=MANY)


def charts_by_name(evidence: Evidence) -> dict[str, Chart]:
    return {chart.name: chart for chart in make_charts(evidence)}


def test_every_chart_has_its_words_and_its_table(evidence: Evidence) -> None:
    """A title, titles of both axes with units where there are any, a note, numbers."""
    charts = charts_by_name(evidence)

    assert list(charts) == [
        "scores",
        "precision-recall",
        "calibration",
        "probabilities",
        "cost",
    ]
    for chart in charts.values():
        assert chart.title
        assert chart.note.endswith(".")
        assert len(chart.table)
        assert chart.figure.layout.xaxis.title.text
        assert set(chart.table["Method"]) == {made.name for made in FEW}
    for name in ("precision-recall", "calibration", "probabilities"):
        assert charts[name].figure.layout.xaxis.title.text.endswith("(%)")
        assert charts[name].figure.layout.yaxis.title.text.endswith("(%)")
    assert "seconds" in charts["cost"].figure.layout.xaxis.title.text


def test_every_trace_has_an_entry_for_the_legend(many: Evidence) -> None:
    """The page's legend is made from the label of each trace."""
    for chart in make_charts(many):
        for trace in chart.figure.data:
            assert trace.showlegend is False or trace.meta["label"]


def test_there_is_a_menu_of_every_measure_and_the_lead(evidence: Evidence) -> None:
    """The ranking measure comes first, the lead over plain LightGBM last."""
    chart = scores_chart(evidence)

    assert chart is not None
    menu = list(dict.fromkeys(trace.meta["choice"] for trace in chart.figure.data))
    assert menu[0] == "Average precision"
    assert menu[-1] == "Average precision: lead over plain LightGBM"
    assert len(menu) == 21


def test_dots_are_the_scores_of_the_splits(evidence: Evidence) -> None:
    """Each method's row holds its five average precisions."""
    chart = scores_chart(evidence)
    assert chart is not None
    dots = next(t for t in chart.figure.data if t.name == "Rebalancing: split")
    results = evidence.results

    expected = results.loc[results["method"] == "smote", "average_precision"]

    assert sorted(dots.x) == pytest.approx(sorted(expected), abs=1e-6)


def test_the_lead_is_positive_where_less_is_better() -> None:
    """A Brier score below plain LightGBM's is a lead."""
    methods = [Made("lightgbm", skill=1.0), Made("xgboost", skill=4.0)]
    chart = scores_chart(make_evidence(methods=methods, metric="brier"))

    assert chart is not None
    leads = [t for t in chart.figure.data if "lead" in t.meta["choice"]]
    dots = next(t for t in leads if t.name == "Control: split")
    assert min(dots.x) > 0


def test_own_classifiers_have_an_entry_of_their_own() -> None:
    """Nobody has said that they rebalance, and nobody that they are controls."""
    mine = [Made("lightgbm"), Made("my-logreg", "own"), Made("smote", "classic")]
    charts = charts_by_name(make_evidence(methods=mine))

    for name, suffix in (("scores", ": split"), ("cost", "")):
        labels = {trace.meta["label"] for trace in charts[name].figure.data}
        assert {f"{kind}{suffix}" for kind in GROUPS} <= labels
    table = pd.DataFrame(
        {"method": [m.name for m in mine], "family": ["control", "own", "classic"]}
    )
    assert standouts(table) == ["lightgbm", "smote", "my-logreg"]


def test_hopeless_methods_do_not_press_the_others_together(many: Evidence) -> None:
    """NearMiss lies off the first view, and arrows stand for it."""
    charts = charts_by_name(many)

    for name, choice in (("scores", "Average precision"), ("cost", "")):
        figure = charts[name].figure
        low, _ = figure.layout.meta["focus"]["ranges"][choice]
        assert low > 0.5
        arrows = next(t for t in figure.data if t.meta.get("focus"))
        assert len(arrows.text) == 2
        assert all("near-miss" in text for text in arrows.text)
        assert "far off" in charts[name].note


@pytest.mark.parametrize("greater_is_better", [True, False])
def test_only_bad_methods_are_left_out_of_the_first_view(
    greater_is_better: bool,
) -> None:
    """The same outlier is left out on one side and kept on the other."""
    scores = [0.10, 0.80, 0.81, 0.82, 0.83, 0.84]
    summary = pd.DataFrame(dict.fromkeys(("min", "max", "mean"), scores))

    focus = focus_on_most(summary, greater_is_better=greater_is_better)

    if greater_is_better:
        assert focus is not None
        assert focus[1].tolist() == [True, False, False, False, False, False]
        assert focus[0] == pytest.approx((0.7984, 0.8416))
    else:
        assert focus is None


def test_a_bad_mean_among_the_splits_of_others_stays_in_view() -> None:
    """An axis that must reach as far anyway leaves nobody out."""
    summary = pd.DataFrame(
        {
            "min": [0.60, 0.55, 0.80, 0.80, 0.80, 0.80],
            "max": [0.70, 0.90, 0.90, 0.90, 0.90, 0.90],
            "mean": [0.65, 0.84, 0.85, 0.85, 0.85, 0.86],
        }
    )

    assert focus_on_most(summary, greater_is_better=True) is None


def test_precision_recall_curves_are_thin(many: Evidence) -> None:
    """However many rows there are, a curve has a few hundred points."""
    chart = precision_recall_chart(many)

    assert chart is not None
    lengths = {len(trace.y) for trace in chart.figure.data if trace.x0 is not None}
    assert lengths == {201}


def test_the_guessing_line_is_the_share_of_the_class(evidence: Evidence) -> None:
    """80 of 800 rows are 10 %, in the chart and in its note."""
    chart = precision_recall_chart(evidence)

    assert chart is not None
    guessing = next(t for t in chart.figure.data if t.name == "Guessing")
    assert list(guessing.y) == [0.1, 0.1]
    assert "10.0 % of the rows are “yes”" in chart.note


def test_few_curves_are_shown_at_first(many: Evidence) -> None:
    """Plain LightGBM, the best that rebalances and the best other control."""
    chart = precision_recall_chart(many)

    assert chart is not None
    shown = {t.meta["label"] for t in chart.figure.data if t.visible is True}
    best = many.leaderboard[many.leaderboard["family"] == "classic"]["method"].iloc[0]
    assert shown == {"lightgbm", best, "bagged-lightgbm"}


def test_more_than_two_classes_are_taken_one_against_all() -> None:
    """The charts of probabilities name the class of interest and say so."""
    charts = charts_by_name(make_evidence(**CLASSES))

    for name in ("precision-recall", "calibration", "probabilities"):
        assert "class “van” against all" in charts[name].note
    assert "mean over all classes" in charts["precision-recall"].note
    assert not any(
        "hreshold" in trace.name for trace in charts["probabilities"].figure.data
    )


def test_thresholds_are_drawn_for_two_classes(evidence: Evidence) -> None:
    """The default is one half; the tuned one is the median over splits."""
    chart = probability_chart(evidence)

    assert chart is not None
    marks = {t.name: t.x[0] for t in chart.figure.data if t.meta["choice"] == "smote"}
    tuned = [p.threshold for p in evidence.predictions if p.method == "smote"]
    assert marks["Default threshold"] == 0.5
    assert marks["Tuned threshold (median)"] == np.median(tuned)


def test_a_method_s_own_threshold_is_drawn_in_place_of_one_half() -> None:
    """It is by that one that its decisions were measured."""
    chart = probability_chart(
        make_evidence(methods=[*FEW, Made("own", own_threshold=0.3)])
    )

    assert chart is not None
    marks = {t.name: t.x[0] for t in chart.figure.data if t.meta["choice"] == "own"}
    assert marks["Own threshold (median)"] == 0.3
    assert "Default threshold" not in marks


def test_bins_with_few_rows_are_not_drawn(evidence: Evidence) -> None:
    """They are in the table; a dot of three rows says nothing."""
    chart = calibration_chart(evidence)

    assert chart is not None
    curve = next(t for t in chart.figure.data if t.meta["label"] == "lightgbm")
    table = chart.table[chart.table["Method"] == "lightgbm"]
    few = (table["Rows"] < 5).to_numpy()
    assert few.any()
    assert np.isnan(np.array(curve.y)[few]).all()
    assert not np.isnan(np.array(curve.y)[~few]).any()


def test_the_line_of_the_cost_chart_leads_along_the_best(many: Evidence) -> None:
    """Along it the score rises with the time, up to the best of all."""
    chart = cost_chart(many)

    assert chart is not None
    line = next(t for t in chart.figure.data if t.name == "Best for its time")
    assert (np.diff(line.x) > 0).all()
    assert (np.diff(line.y) > 0).all()
    assert line.y[-1] == many.leaderboard["average_precision_mean"].max()


def test_plain_lightgbm_is_always_named_in_the_cost_chart(many: Evidence) -> None:
    """On a desk and on a phone."""
    chart = cost_chart(many)

    assert chart is not None
    controls = next(t for t in chart.figure.data if t.name == "Control")
    assert "lightgbm" in controls.text
    assert "lightgbm" in controls.meta["short_text"]


def test_text_of_the_user_is_no_markup_in_a_chart() -> None:
    """Plotly reads tags in its texts: none of them holds a bare bracket."""
    for chart in make_charts(make_evidence(hostile=True, **CLASSES)):
        layout = chart.figure.layout
        texts = [layout.xaxis.title.text, layout.yaxis.title.text or ""]
        texts += list(layout.yaxis.ticktext or ())
        for trace in chart.figure.data:
            texts += [trace.name or "", *(getattr(trace, "text", None) or ())]
        for text in texts:
            assert "<" not in text.replace("<br>", "")
            assert HOSTILE not in text


def test_without_predictions_only_the_scores_are_drawn(evidence: Evidence) -> None:
    """A store may hold results without probabilities."""
    charts = make_charts(replace(evidence, predictions=[]))

    assert [chart.name for chart in charts] == ["scores", "cost"]


def test_where_nothing_finished_nothing_is_drawn() -> None:
    """Five failures of the only method leave no chart."""
    evidence = make_evidence(methods=[Made("lightgbm", fails=5)])

    assert make_charts(evidence) == []


def test_failed_methods_are_left_out(evidence: Evidence) -> None:
    """A method without a score has no row in the charts."""
    failing = make_evidence(methods=[*FEW, Made("adasyn", "classic", fails=5)])

    for chart in make_charts(failing):
        assert "adasyn" not in set(chart.table["Method"])


def test_standouts_without_plain_lightgbm(evidence: Evidence) -> None:
    """The best of either kind are shown."""
    board = evidence.leaderboard[evidence.leaderboard["method"] != "lightgbm"]

    assert standouts(board) == ["smote", "logistic-regression"]
