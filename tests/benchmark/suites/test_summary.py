"""From experiments to tables, one row a data set and method."""

# SPDX-License-Identifier: BSD-3-Clause

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from trimtab.benchmark.protocol import Protocol
from trimtab.benchmark.suites.export_files import read_export, write_export
from trimtab.benchmark.suites.suite import Entry, PaperValue, Suite
from trimtab.benchmark.suites.summary import (
    flatten_per_class,
    overview,
    scores_by_dataset,
    summarise,
    with_labels,
)
from trimtab.exceptions import InputError

SUITE = Suite(
    name="toy",
    title="A toy",
    description="For tests.",
    datasets=("g/two", "g/one", "g/three"),
    entries=(
        Entry("deep", "forest", '{"depth": 9}'),
        Entry("forest", "forest"),
        Entry("logit", "logit"),
    ),
    protocol=Protocol(2),
    metric="average_precision",
    paper=(
        PaperValue("g/one", "deep", "average_precision", 0.77, 0.02),
        PaperValue("g/two", "logit", "average_precision", 0.5),
        PaperValue("g/one", "deep", "macro_f1", 0.11),
    ),
)

SCORES: dict[tuple[str, str], list[float | None]] = {
    ("g/one", "logit"): [0.5, 0.7],
    ("g/one", "forest"): [0.6, 0.6],
    ("g/one", "deep"): [0.8, 0.9],
    ("g/two", "forest"): [0.3, 0.5],
    ("g/two", "deep"): [0.4, 0.4],
    ("g/two", "logit"): [0.1, None],
    ("g/three", "forest"): [0.2, 0.2],
    ("g/three", "deep"): [None, None],
    ("g/three", "logit"): [0.1, 0.1],
}
"""Average precision of two folds; None is a fold that failed."""


def results() -> pd.DataFrame:
    """Return results with the suite's labels; what fails has a score of 0 to ignore."""
    rows: list[dict[str, Any]] = []
    for (dataset, method), values in SCORES.items():
        for fold, value in enumerate(values):
            rows.append(
                {
                    "dataset": dataset,
                    "method": method,
                    "repeat": 0,
                    "fold": fold,
                    "seed": 0,
                    "parameters": '{"depth": 9}' if method == "deep" else "{}",
                    "status": "error" if value is None else "done",
                    "reason": 'ValueError: "a, b"' if value is None else "",
                    "threshold": np.nan,
                    "average_precision": value if value is not None else 0.0,
                    "fit_seconds": 0.125 * (fold + 1),
                }
            )
    return pd.DataFrame(rows)


def summary(metric: str = "average_precision") -> pd.DataFrame:
    """Return the summary by data set and method."""
    table = summarise(results(), SUITE, metric)
    return table.set_index(["dataset", "method"], drop=False)


def test_mean_and_deviation_by_hand() -> None:
    """Over the experiments that finished; the failed are counted apart."""
    table = summary()

    assert table.loc[("g/one", "logit"), "mean"] == pytest.approx(0.6)
    assert table.loc[("g/one", "logit"), "sd"] == pytest.approx(np.sqrt(0.02))
    assert table.loc[("g/two", "logit"), "mean"] == pytest.approx(0.1)
    assert np.isnan(table.loc[("g/two", "logit"), "sd"])
    assert np.isnan(table.loc[("g/three", "deep"), "mean"])
    assert table["n"].to_dict() == {
        pair: sum(value is not None for value in values)
        for pair, values in SCORES.items()
    }
    assert table["failed"].to_dict() == {
        pair: values.count(None) for pair, values in SCORES.items()
    }


def test_rows_are_in_the_order_of_the_suite() -> None:
    """Data sets first, methods within; whatever was run first."""
    table = summary()

    labels = ["deep", "forest", "logit"]
    pairs = [(dataset, label) for dataset in SUITE.datasets for label in labels]
    assert [*table.index] == pairs
    assert [*table] == [
        "dataset", "method", "metric", "mean", "sd", "n", "failed", "paper_mean",
        "paper_sd", "sds_from_paper",
    ]  # fmt: skip
    assert set(table["metric"]) == {"average_precision"}


def test_numbers_of_the_paper_stand_beside_ours() -> None:
    """Those of the metric; NaN where the paper has none, or no deviation."""
    table = summary()[["paper_mean", "paper_sd", "sds_from_paper"]]

    # Ours is 0.85: four of the paper's standard deviations above.
    assert table.loc[("g/one", "deep")].tolist() == pytest.approx([0.77, 0.02, 4.0])
    assert table.loc[("g/two", "logit"), "paper_mean"] == 0.5
    assert table.loc[("g/two", "logit"), ["paper_sd", "sds_from_paper"]].isna().all()
    assert table["paper_mean"].count() == 2
    assert summary("fit_seconds")["paper_mean"].count() == 0


def test_part_of_a_suite_has_a_row_for_what_is_there() -> None:
    """Nothing is made up for what was not run."""
    some = results().query("dataset == 'g/two' and method != 'forest'")

    table = summarise(some, SUITE, "average_precision")

    assert table["method"].tolist() == ["deep", "logit"]


def test_results_that_are_not_of_the_suite() -> None:
    """Both lines say what to do."""
    with pytest.raises(InputError, match="no result has the metric 'macro_f2': there"):
        summarise(results(), SUITE, "macro_f2")
    with pytest.raises(InputError, match="no result has the metric 'reason': there"):
        summarise(results(), SUITE, "reason")
    others = results().assign(dataset="g/other")
    with pytest.raises(InputError, match="no result of the suite toy among these"):
        summarise(others, SUITE, "average_precision")


def test_overview_by_hand() -> None:
    """Means over sets that all finished; ranks over all, with ties and failures.

    A mean over fewer splits than others had does not count: logit lacks a fold of set
    two, and deep failed on set three.
    """
    table = overview(summary().reset_index(drop=True)).set_index("method")

    # Set one: deep .85, then .6 twice. Set two: .4, .4, .1. Set three: forest, logit,
    # and last deep, which failed.
    assert table["mean_rank"].to_dict() == pytest.approx(
        {
            "deep": (1 + 1.5 + 3) / 3,
            "forest": (2.5 + 1.5 + 1) / 3,
            "logit": (2.5 + 3 + 2) / 3,
        }
    )
    assert [*table.index] == ["forest", "deep", "logit"]
    assert table["mean"].to_dict() == pytest.approx(
        {"deep": 0.85, "forest": 0.6, "logit": 0.6}
    )
    assert table["datasets"].to_dict() == {"deep": 2, "forest": 3, "logit": 2}
    assert table["failed"].to_dict() == {"deep": 2, "forest": 0, "logit": 1}


def test_set_that_a_method_is_not_for_has_no_ranks() -> None:
    """Not to be tried is not to fail: ranks are over what all were tried on."""
    some = results().query("dataset != 'g/two' or method != 'deep'")

    table = overview(summarise(some, SUITE, "average_precision")).set_index("method")

    assert table["mean_rank"].to_dict() == pytest.approx(
        {"deep": (1 + 3) / 2, "forest": (2.5 + 1) / 2, "logit": (2.5 + 2) / 2}
    )
    assert table["datasets"].to_dict() == {"deep": 1, "forest": 3, "logit": 2}


def test_set_that_does_not_have_the_measure_has_no_ranks() -> None:
    """Only there may all be without a score: a failure beside it changes nothing."""
    some = results()
    some.loc[some["dataset"] == "g/two", "average_precision"] = np.nan
    summary = summarise(some, SUITE, "average_precision")

    # Set one: deep, then a tie. Set three: forest, logit, and deep, which failed.
    assert overview(summary).set_index("method")["mean_rank"].to_dict() == (
        pytest.approx({"deep": (1 + 3) / 2, "forest": 1.75, "logit": (2.5 + 2) / 2})
    )
    scores = scores_by_dataset(summary, tried_by_all=True)
    assert [*scores.index] == ["g/one", "g/three"]
    assert scores_by_dataset(summary).index.equals(scores.index)


def test_set_that_is_run_in_part_has_no_ranks() -> None:
    """Runs that are still to come are no failures: all would be tied there."""
    some = results().query("dataset != 'g/two' or fold == 0")
    summary = summarise(some, SUITE, "average_precision")

    assert [*scores_by_dataset(summary, tried_by_all=True).index] == [
        "g/one",
        "g/three",
    ]
    assert overview(summary).set_index("method")["mean_rank"].to_dict() == (
        pytest.approx({"deep": (1 + 3) / 2, "forest": 1.75, "logit": (2.5 + 2) / 2})
    )


def test_set_on_which_all_failed_is_a_tie() -> None:
    """It has the measure, for all that is known."""
    some = results()
    some.loc[some["dataset"] == "g/two", "status"] = "error"
    scores = scores_by_dataset(summarise(some, SUITE, "average_precision"))

    assert [*scores.index] == ["g/two", "g/one", "g/three"]


def test_method_for_few_sets_takes_none_from_the_others() -> None:
    """One that is run on less than half of the sets has neither rank nor mean."""
    some = results().query("dataset == 'g/one' or method != 'logit'")

    table = overview(summarise(some, SUITE, "average_precision")).set_index("method")

    assert table["mean_rank"].to_dict() == pytest.approx(
        {"deep": (1 + 1.5 + 2) / 3, "forest": (2 + 1.5 + 1) / 3, "logit": np.nan},
        nan_ok=True,
    )
    assert table["mean"].to_dict() == pytest.approx(
        {"deep": 0.625, "forest": 0.5, "logit": np.nan}, nan_ok=True
    )
    assert table["datasets"].to_dict() == {"deep": 2, "forest": 3, "logit": 1}
    assert table.index[-1] == "logit"


def test_overview_of_a_cost_ranks_the_cheapest_first() -> None:
    """Seconds are better when they are fewer."""
    slow = results()
    slow.loc[slow["method"] == "forest", "fit_seconds"] = 9.0

    table = overview(summarise(slow, SUITE, "fit_seconds"))

    assert table["method"].iloc[-1] == "forest"


def test_overview_without_a_set_that_all_finished() -> None:
    """Then there is no mean that compares, and ranks alone are told."""
    some = results().query("dataset == 'g/three'")

    table = overview(summarise(some, SUITE, "average_precision"))

    assert table["mean"].isna().all()
    assert table["method"].tolist() == ["forest", "logit", "deep"]


def test_labels_are_those_of_the_suite() -> None:
    """A method may come twice with different parameters; others keep their name."""
    stored = pd.DataFrame(
        {
            "method": ["forest", "forest", "logit", "forest"],
            "parameters": ["{}", '{"depth": 9}', "{}", '{"depth": 3}'],
        }
    )

    labelled = with_labels(stored, SUITE)

    assert labelled["method"].tolist() == ["forest", "deep", "logit", "forest"]
    assert stored["method"].tolist() == ["forest", "forest", "logit", "forest"]


def per_class(*labels: str) -> str:
    """Return the per-class scores as a store holds them."""
    return json.dumps(
        [
            {"label": k, "precision": 0.1, "recall": 0.2, "f1": 0.3, "support": 4}
            for k in labels
        ]
    )


def test_per_class_scores_get_columns_of_their_own() -> None:
    """Sets of different classes stand in one table; what failed has none."""
    stored = pd.DataFrame(
        {"method": ["a", "b", "c"], "per_class": [per_class("no", "yes"), "[]", "[]"]},
        index=[5, 6, 7],
    )
    stored.loc[7, "per_class"] = per_class("x,y")

    flat = flatten_per_class(stored)

    assert [*flat.index] == [5, 6, 7]
    assert "per_class" not in flat
    assert flat.loc[5, ["precision[no]", "recall[yes]", "f1[yes]"]].tolist() == [
        0.1, 0.2, 0.3
    ]  # fmt: skip
    assert flat.loc[6].drop("method").isna().all()
    assert flat.loc[7, "f1[x,y]"] == 0.3
    assert np.isnan(flat.loc[7, "f1[no]"])


def test_per_class_scores_of_nothing() -> None:
    """No results, or none that finished."""
    empty = pd.DataFrame({"method": [], "per_class": []})
    failed = pd.DataFrame({"method": ["a", "b"], "per_class": ["[]", "[]"]})

    assert [*flatten_per_class(empty)] == ["method"]
    assert flatten_per_class(failed).to_dict("list") == {"method": ["a", "b"]}


def test_summary_of_an_export_is_that_of_the_store(tmp_path: Path) -> None:
    """The documentation is rebuilt from it."""
    back = read_export(write_export(results(), tmp_path / "toy.csv.gz"))

    pd.testing.assert_frame_equal(
        summarise(back, SUITE, "average_precision"), summary().reset_index(drop=True)
    )
