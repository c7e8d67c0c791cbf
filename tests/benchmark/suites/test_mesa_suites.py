"""The suites that rerun the MESA paper: what they plan, and the paper's numbers."""

# SPDX-License-Identifier: BSD-3-Clause

import json

import numpy as np
import pandas as pd
import pytest

from trimtab.benchmark.suites.plot_points import curve_points, plots_of
from trimtab.benchmark.suites.suite import load_suite
from trimtab.benchmark.suites.summary import summarise, with_labels
from trimtab.report.words.suite_tables import suite_tables

SUITES = {
    # methods, data sets, runs of four folds, numbers of the paper
    "mesa-table2": (80, 3, 1, 15 * 5 + 15 * 5 + 13 * 5),
    "mesa-table3": (21, 4, 10, 5 * 4 * 3),
    "mesa-table4": (9, 2, 10, 5 * 2 * 2),
    "mesa-table5": (43, 2, 10, 5 * 2 * 4),
    "mesa-table6": (5, 4, 10, 3 * 4 * 3),
    "mesa-figure4": (6, 4, 2, 0),
}


@pytest.mark.parametrize("name", SUITES)
def test_suites_plan_the_paper_s_protocol(name):
    """Four folds of five, as many runs as said, every method on every data set."""
    methods, datasets, runs, numbers = SUITES[name]
    suite = load_suite(name)
    experiments = suite.experiments()

    assert len(suite.entries) == methods
    assert len(experiments) == methods * datasets * runs * 4
    assert {one.fold for one in experiments} == {0, 1, 2, 3}
    assert len(suite.paper) == numbers
    assert not any("," in entry.label for entry in suite.entries)


def test_the_comparison_of_policies_shares_its_controls():
    """Nine methods on 26 sets, five folds; three of them are in `controls` already."""
    suite = load_suite("mesa-policies")
    keys = {one.key for one in suite.experiments()}
    shared = keys & {one.key for one in load_suite("controls").experiments()}

    assert len(keys) == 9 * 26 * 5
    assert len(shared) == 3 * 26 * 5
    assert suite.reference == "MESA shipped"
    assert not any("," in entry.label for entry in suite.entries)


def test_what_suites_have_in_common_is_run_once():
    """MESA on a data set is one experiment of tables 3 and 6 and of figure 4."""

    def keys(name):
        return {
            one.key
            for one in load_suite(name).select(["mammography"], ["MESA"]).experiments()
        }

    assert keys("mesa-table3") == keys("mesa-table6") == keys("mesa-table4")
    assert keys("mesa-figure4") < keys("mesa-table3")


def test_baselines_see_what_the_paper_gave_them():
    """All but the controls train without the rows that MESA holds out."""
    parts = {
        entry.label: json.loads(entry.parameters).get("held_out")
        for entry in load_suite("mesa-table3").entries
    }

    assert {parts[m] for m in ("RUSBoost", "UnderBagging", "SPE")} == {0.25}
    assert {parts[m] for m in ("SPE all rows", "Bagging", "LightGBM")} == {None}


def results(suite, n=3):
    """Return made-up results: the score of each stage is its number."""
    return with_labels(
        pd.DataFrame(
            [
                {
                    "dataset": one.dataset,
                    "method": one.method,
                    "parameters": one.parameters,
                    "repeat": one.repeat,
                    "fold": one.fold,
                    "seed": one.seed,
                    "status": "done",
                    **{f"average_precision@{k}": k / 100 for k in (5, 10, 20)},
                    **{f"n_train_rows@{k}": 100.0 * k for k in (5, 10, 20)},
                }
                for one in suite.experiments()
                if one.fold < n
            ]
        ),
        suite,
    )


def test_tables_show_a_stage_beside_the_paper_s():
    """Ours and the paper's number for ensembles of five stand in one table."""
    suite = load_suite("mesa-table3").select(["mammography"], ["MESA", "SPE"])
    found = summarise(results(suite), suite, "average_precision@5")
    text = suite_tables(results(suite), suite, "average_precision@10")

    assert found["mean"].tolist() == [0.05, 0.05]
    assert found["paper_mean"].tolist() == [0.515, 0.413]
    assert "average precision of 10 members" in text[0].title


def test_figure_4_has_a_point_for_each_stage():
    """Rows on one axis, the score on the other, a line for each method."""
    suite = load_suite("mesa-figure4").select(["mammography"], ["MESA", "Bagging"])
    points = curve_points(results(suite), suite, plots_of(suite)[0])

    assert points["line"].unique().tolist() == ["MESA", "Bagging"]
    mesa = points[points["line"] == "MESA"]
    assert mesa["x"].tolist() == [500, 1000, 2000]
    np.testing.assert_allclose(mesa["mean"], [0.05, 0.1, 0.2])
    assert mesa["n"].tolist() == [6, 6, 6]
