"""Score against cost: which points there are, and which are the best for their cost."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import replace

import pandas as pd
import pytest

from trimtab.benchmark.suites.frontier import frontier_points
from trimtab.benchmark.suites.plot_plan import Plot, parse_plots
from trimtab.benchmark.suites.suite import load_suite
from trimtab.exceptions import InputError
from trimtab.report.displays.suite_figures import draw

PLOT = Plot(
    "frontier",
    "frontier",
    metric="average_precision",
    methods=("MESA shipped", "LightGBM", "Ten bagged*", "UnderBagging*"),
    x="n_train_rows",
)
COSTS = {
    # score and rows on each of two sets
    "MESA shipped": ((0.5, 100), (0.7, 400)),
    "LightGBM": ((0.4, 200), (0.6, 200)),
    "Ten bagged LightGBMs": ((0.6, 1000), (0.8, 4000)),
    "UnderBagging 1:1": ((0.3, 50), (0.5, 50)),
}


def results():
    """Give two folds of each, and a third set that one method lacks."""
    rows = [
        {
            "dataset": f"imblearn27/{name}",
            "method": method,
            "status": "done",
            "average_precision": score + off,
            "n_train_rows": cost,
        }
        for method, cells in COSTS.items()
        for name, (score, cost) in zip(("oil", "ecoli"), cells, strict=True)
        for off in (-0.1, 0.1)
    ]
    lonely = {**rows[0], "dataset": "imblearn27/isolet", "average_precision": 0.0}
    return pd.DataFrame([*rows, lonely])


def test_points_by_hand():
    """Means over the sets that all have; costs are geometric means of ratios."""
    found = frontier_points(results(), load_suite("mesa-policies"), PLOT)
    found = found.set_index("method")

    assert found["score"].round(6).to_dict() == {
        "MESA shipped": 0.6,
        "LightGBM": 0.5,
        "Ten bagged LightGBMs": 0.7,
        "UnderBagging 1:1": 0.4,
    }
    assert found["cost"].round(6).to_dict() == {
        "MESA shipped": 1.0,
        "LightGBM": 1.0,
        "Ten bagged LightGBMs": 10.0,
        "UnderBagging 1:1": 0.25,
    }
    assert not found.pop("is_best")["LightGBM"]
    assert set(found["datasets"]) == {2}


def test_of_a_loss_the_least_is_the_best():
    """Twice the cost must buy a smaller log loss, and a set without it is no set."""
    table = results().rename(columns={"average_precision": "log_loss"})
    bare = table[table["dataset"] == "imblearn27/oil"]
    bare = bare.assign(dataset="imblearn27/spectrometer", log_loss=float("nan"))
    plot = replace(PLOT, metric="log_loss")
    found = frontier_points(
        pd.concat([table, bare]), load_suite("mesa-policies"), plot
    ).set_index("method")

    assert found["is_best"].to_dict() == {
        "MESA shipped": False,
        "LightGBM": False,
        "Ten bagged LightGBMs": False,
        "UnderBagging 1:1": True,
    }
    assert [*found] == ["score", "cost", "is_best", "datasets"]
    assert set(found["datasets"]) == {2}


def test_the_picture_names_every_method():
    """And nothing is drawn where there is nothing to draw."""
    suite = load_suite("mesa-policies")
    figure = draw(PLOT, results(), suite)
    nothing = replace(PLOT, datasets=("imblearn27/isolet",))

    assert {text.get_text() for text in figure.axes[0].texts} == set(COSTS)
    assert "2 data sets" in figure.axes[0].get_title()
    assert draw(nothing, results(), suite) is None


def test_a_frontier_needs_a_cost():
    """By a message that names one."""
    with pytest.raises(InputError, match="give one of n_train_rows, "):
        parse_plots([{"name": "f", "kind": "frontier", "x": "money"}], ["LightGBM"])
