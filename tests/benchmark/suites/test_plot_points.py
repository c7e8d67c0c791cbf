"""What a suite's pictures show."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trimtab.benchmark.suites.plot_plan import Plot, parse_plots
from trimtab.benchmark.suites.plot_points import curve_points, plots_of
from trimtab.benchmark.suites.suite import Suite, load_suite
from trimtab.exceptions import InputError

TEXT = """
title = "A sweep"
description = "For tests."
datasets = ["sklearn/wine", "sklearn/digits8"]
metric = "macro_f1"
seeds = [0, 1, 2]
reference = "plain"
methods = [
  { method = "random-forest", label = "plain" },
  { method = "random-forest", label = "9-a", parameters = { depth = 9, kind = "a" } },
  { method = "random-forest", label = "3-a", parameters = { depth = 3, kind = "a" } },
  { method = "random-forest", label = "3-b", parameters = { depth = 3, kind = "b" } },
  { method = "lightgbm", label = "wide", parameters = { widths = [16, 8] } },
  { method = "lightgbm", label = "wider", parameters = { widths = [64, 32] } },
]

[protocol]
n_splits = 1
test_size = 0.15

[[plot]]
name = "depth"
kind = "curve"
x = "depth"
lines = "kind"
line_names = { b = "the other kind" }
"""

SCORES = {"plain": 0.5, "9-a": 0.7, "3-a": 0.6, "3-b": 0.4, "wide": 0.8, "wider": 0.9}


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """Give the suite of the text above."""
    path = tmp_path / "sweep.toml"
    path.write_text(TEXT, encoding="utf-8")
    return load_suite(str(path))


@pytest.fixture
def results() -> pd.DataFrame:
    """Give three seeds on two sets: 0.02 apart, the second set 0.1 lower."""
    rows = [
        {
            "dataset": dataset,
            "method": method,
            "repeat": 0,
            "fold": 0,
            "seed": seed,
            "status": "done",
            "macro_f1": score - 0.1 * place + 0.02 * seed,
        }
        for place, dataset in enumerate(("sklearn/wine", "sklearn/digits8"))
        for method, score in SCORES.items()
        for seed in range(3)
    ]
    return pd.DataFrame(rows)


def test_points_of_curves_by_hand(suite: Suite, results: pd.DataFrame) -> None:
    """Along x within each line; mean, deviation and standard error over the seeds."""
    points = curve_points(results, suite, suite.plots[0])

    wine = points[points["dataset"] == "sklearn/wine"]
    assert wine["line"].tolist() == ["kind a", "kind a", "the other kind"]
    assert wine["x"].tolist() == [3.0, 9.0, 3.0]
    np.testing.assert_allclose(wine["mean"], [0.62, 0.72, 0.42])
    np.testing.assert_allclose(wine["sd"], 0.02)
    np.testing.assert_allclose(wine["se"], 0.02 / np.sqrt(3))
    assert wine["n"].tolist() == [3, 3, 3]
    assert len(points) == 6


def test_what_did_not_finish_is_no_point(suite: Suite, results: pd.DataFrame) -> None:
    """A failure does not count, and a setting without results has no point."""
    failed = (results["method"] == "9-a") | (results["seed"] == 0)
    results.loc[failed, "status"] = "error"
    points = curve_points(results, suite, suite.plots[0])

    assert set(points["x"]) == {3.0}
    assert set(points["n"]) == {2}


def test_results_without_the_measure_make_no_points(
    suite: Suite, results: pd.DataFrame
) -> None:
    """Pictures of a part of the results are drawn from what is there."""
    plot = Plot("depth", "curve", x="depth", lines="kind", metric="mcc")

    assert curve_points(results, suite, plot).empty
    assert curve_points(results.iloc[:0], suite, suite.plots[0]).empty


def test_values_and_methods_can_be_chosen(suite: Suite, results: pd.DataFrame) -> None:
    """Only these along the axis, only these lines, only these entries."""
    few = Plot("a", "curve", x="depth", x_values=(3.0,), lines="kind", methods=("*-a",))
    other = Plot("b", "curve", x="depth", lines="kind", line_values=("b",))

    assert curve_points(results, suite, few)["x"].tolist() == [3.0, 3.0]
    assert set(curve_points(results, suite, other)["line"]) == {"kind b"}


def test_lines_are_in_the_order_that_is_asked_for(
    suite: Suite, results: pd.DataFrame
) -> None:
    """Of the values, where they are named; otherwise of the suite."""
    named = Plot("a", "curve", x="depth", lines="kind", line_values=("b", "a"))

    for plot, lines in ((named, ["kind b", "kind a"]), (suite.plots[0], ["kind a"])):
        found = curve_points(results, suite, plot)["line"].unique().tolist()
        assert found[: len(lines)] == lines


def test_of_a_list_the_first_number_counts(suite: Suite, results: pd.DataFrame) -> None:
    """Widths are lists; lines are methods by default."""
    plot = Plot("w", "curve", x="widths", line_names=(("lightgbm", "Trees"),))
    points = curve_points(results, suite, plot)

    assert points["x"].tolist() == [16.0, 64.0, 16.0, 64.0]
    assert set(points["line"]) == {"Trees"}


def test_data_sets_may_run_along_the_axis(suite: Suite, results: pd.DataFrame) -> None:
    """Each stands for a number; entries of one method share a line."""
    plot = Plot(
        "sets",
        "curve",
        x="dataset",
        datasets=("sklearn/digits8", "sklearn/wine"),
        x_values=(5.0, 2.0),
        methods=("plain", "wide"),
    )
    points = curve_points(results, suite, plot)

    assert points["dataset"].eq("").all()
    assert points["line"].tolist() == ["random-forest"] * 2 + ["lightgbm"] * 2
    assert points["x"].tolist() == [2.0, 5.0, 2.0, 5.0]
    np.testing.assert_allclose(points["mean"], [0.52, 0.42, 0.82, 0.72])


def test_precision_over_recall_has_a_line_for_each_method(
    suite: Suite, results: pd.DataFrame
) -> None:
    """Three points of each, by the measures of these names; what failed is left out."""
    results = results.assign(
        precision_at_recall_25=0.9,
        precision_at_recall_50=results["seed"] / 10,
        precision_at_recall_75=np.nan,
    )
    plot = Plot("pr", "recall", methods=("wide*",), datasets=("sklearn/wine",))

    points = curve_points(results, suite, plot)

    assert points["line"].tolist() == ["wide", "wide", "wider", "wider"]
    assert points["x"].tolist() == [0.25, 0.5, 0.25, 0.5]
    assert points["mean"].tolist() == pytest.approx([0.9, 0.1, 0.9, 0.1])
    assert points["sd"].tolist() == pytest.approx([0, 0.1, 0, 0.1])
    assert points["n"].tolist() == [3] * 4
    missing = results.drop(columns="precision_at_recall_25")
    assert curve_points(missing, suite, plot)["x"].tolist() == [0.5, 0.5]


def shares(points: pd.DataFrame, x: float) -> dict[str, float]:
    """Return each line's share at a fraction of the best."""
    there = points[np.isclose(points["x"], x)]
    return dict(zip(there["line"], there["mean"].round(6), strict=True))


def test_profiles_of_a_loss_count_from_the_least(
    suite: Suite, results: pd.DataFrame
) -> None:
    """Of 0.42 and 0.62, and 0.32 and 0.52, the first is best; 3/5 of either is not."""
    losses = results.rename(columns={"macro_f1": "log_loss"})
    plot = Plot("p", "profile", metric="log_loss", methods=("3-*",))
    points = curve_points(losses, suite, plot)

    assert shares(points, 1.0) == {"3-a": 0, "3-b": 1}
    # 0.42 / 0.62 = 0.68 and 0.32 / 0.52 = 0.62
    assert shares(points, 0.65) == {"3-a": 0.5, "3-b": 1}
    assert shares(points, 0.6) == {"3-a": 1, "3-b": 1}


def test_profiles_leave_out_sets_that_a_method_did_not_finish(
    suite: Suite, results: pd.DataFrame
) -> None:
    """One that failed on the harder splits does not win with what is left."""
    plot = Plot("p", "profile", methods=("3-*",))
    lost = (results["method"] == "3-b") & (results["dataset"] == "sklearn/wine")
    lucky = results.assign(macro_f1=results["macro_f1"].mask(lost, 0.9))
    lucky.loc[lost & (results["seed"] < 2), "status"] = "error"

    assert shares(curve_points(results, suite, plot), 1.0) == {"3-a": 1, "3-b": 0}
    assert set(curve_points(results, suite, plot)["n"]) == {2}
    assert shares(curve_points(lucky, suite, plot), 1.0) == {"3-a": 1, "3-b": 0}
    assert set(curve_points(lucky, suite, plot)["n"]) == {1}
    of_wine = replace(plot, datasets=("sklearn/wine",))
    assert set(curve_points(results, suite, of_wine)["n"]) == {1}
    assert curve_points(lucky, suite, of_wine).empty


def test_several_methods_at_one_place(suite: Suite, results: pd.DataFrame) -> None:
    """A line has one point for each value; the plot must choose."""
    plot = Plot("depth", "curve", x="depth")

    with pytest.raises(InputError) as caught:
        curve_points(results, suite, plot)
    assert str(caught.value) == (
        "plot depth: 2 methods stand at 3 on the line 'random-forest', 3-a, 3-b...: "
        "choose by methods"
    )


def test_heat_map_is_there_wherever_there_is_a_reference(suite: Suite) -> None:
    """Unless the file describes its own; the measure is the suite's."""
    assert [(p.name, p.kind, p.metric) for p in plots_of(suite)] == [
        ("differences", "differences", "macro_f1"),
        ("depth", "curve", "macro_f1"),
    ]
    assert plots_of(load_suite("controls")) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "bar"}, "plot p: kind is 'bar': differences or curve"),
        ({"metric": "macro_f2"}, "plot p: no metric 'macro_f2': did you mean"),
        ({"methods": ["plane"]}, "plot p: no method 'plane': did you mean 'plain'"),
        ({"x": ""}, 'plot p: x is missing: name a parameter, or "dataset"'),
        ({"name": "../p"}, "plot ../p: a name has letters, digits, - and _ alone"),
        (
            {"x": "dataset", "datasets": ["wine"]},
            "plot p: 0 x_values for 1 datasets: give one number for each",
        ),
    ],
)
def test_plots_that_make_no_sense(change: dict[str, object], message: str) -> None:
    """One line says which plot and what of it."""
    plot = {"name": "p", "kind": "curve", "x": "depth"} | change

    with pytest.raises(InputError) as caught:
        parse_plots([plot], ["plain"])
    assert str(caught.value).startswith(message)


def test_two_plots_of_one_name() -> None:
    """One would overwrite the other's file."""
    plot = {"name": "p", "kind": "curve", "x": "depth"}

    with pytest.raises(InputError, match="2 plots are called 'p'"):
        parse_plots([plot, plot], ["plain"])
