"""A suite's tables as text."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from trimtab.benchmark.protocol import Protocol
from trimtab.benchmark.suites.export_files import read_export
from trimtab.benchmark.suites.suite import Entry, PaperValue, Suite, load_suite
from trimtab.exceptions import InputError
from trimtab.report.words.suite_tables import as_markdown, suite_tables, whole_table

ROOT = Path(__file__).parents[3]

SUITE = Suite(
    name="toy",
    title="A toy",
    description="For tests.",
    datasets=("g/one", "g/two"),
    entries=(
        Entry("base", "logit"),
        Entry("ours", "forest"),
        Entry("extra", "boosting"),
    ),
    protocol=Protocol(1, test_size=0.15),
    metric="macro_f1",
    paper=(
        PaperValue("g/one", "base", "macro_f1", 0.60, 0.05, 0.01, 0.0002),
        PaperValue("g/one", "ours", "macro_f1", 0.88, 0.05),
        PaperValue("g/two", "base", "macro_f1", 0.65, 0.10, 0.5, 0.6),
    ),
    reference="ours",
)

SCORES = {
    "base": [0.70, 0.72, 0.74, 0.76, 0.78],
    "ours": [0.76, 0.79, 0.80, 0.81, 0.84],
    "extra": [0.70, 0.71, 0.75, 0.75, 0.79],
}


@pytest.fixture
def results() -> pd.DataFrame:
    """Give three methods on two data sets that score alike, over five seeds."""
    rows = [
        {
            "dataset": dataset,
            "method": method,
            "repeat": 0,
            "fold": 0,
            "seed": seed,
            "status": "done",
            "macro_f1": value,
            "log_loss": 1 - value,
        }
        for dataset in SUITE.datasets
        for method, values in SCORES.items()
        for seed, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def test_paper_stands_beside_ours(results: pd.DataFrame) -> None:
    """Means, deviations, the best of each, and the distance in the paper's unit."""
    one, two = suite_tables(results, SUITE, "macro_f1")[:2]

    assert one.title == "g/one: macro F1, stratified splits with 15% for testing"
    assert one.cells.to_numpy().tolist() == [
        ["base", "0.740 ± 0.032", "5", "0.600 ± 0.050", "+2.80 ▲▲"],
        ["ours", "0.800 ± 0.029 *", "5", "0.880 ± 0.050 *", "−1.60 ▼"],
        ["extra", "0.740 ± 0.036", "5", "–", ""],
    ]
    assert two.cells["distance"].tolist() == ["+0.90 ≈", "", ""]
    assert two.cells["paper"].tolist() == ["0.650 ± 0.100", "–", "–"]


def test_failures_are_counted(results: pd.DataFrame) -> None:
    """A mean over fewer runs says so."""
    results.loc[results["seed"].eq(4) & results["method"].eq("ours"), "status"] = (
        "error"
    )
    one = suite_tables(results, SUITE, "macro_f1")[0]

    assert one.cells["n"].tolist() == ["5", "4 (1 failed)", "5"]


def test_reference_is_tested_against_the_others(results: pd.DataFrame) -> None:
    """A table for each data set; a star is what Holm's correction leaves."""
    table = suite_tables(results, SUITE, "macro_f1")[2]

    assert table.title == "g/one: ours against the others, macro F1"
    cells = table.cells.set_index("method")
    # Differences of 6, 7, 6, 5 and 6 hundredths.
    assert cells.loc["base", "ours − it"].startswith("+0.060 [+0.0")
    assert cells.loc["base", "t-test"] == "<0.001*"
    # The least that five runs can give, 2 of 32, and not below 0.05.
    assert cells.loc["base", "Wilcoxon"] == "0.062"
    assert cells.loc["base", "in the paper"] == "0.010, <0.001"
    assert cells.loc["ours"].tolist() == ["", "", "", "", "", "1.0"]
    assert "advantage of ours" in table.note


def test_over_the_data_sets(results: pd.DataFrame) -> None:
    """Where the reference leads, and every method's mean."""
    tests, overview = suite_tables(results, SUITE, "macro_f1")[-2:]

    assert tests.cells.to_numpy().tolist()[0] == ["ours", "2", "", "", "", "1.0"]
    assert tests.cells.set_index("method").loc["base", "mean difference"] == "+0.060"
    assert overview.title == "Over the data sets"
    assert overview.cells["method"].tolist()[0] == "ours"


def test_less_is_better(results: pd.DataFrame) -> None:
    """The best loss is the least, and the paper has none to show."""
    tables = suite_tables(results, SUITE, "log_loss")

    assert tables[0].title.startswith("A toy: log_loss")
    assert tables[1].cells.set_index("method").loc["base", "ours − it"].startswith("+")


def test_notes_explain_the_columns_that_are_there(results: pd.DataFrame) -> None:
    """Neither distances nor the paper's tests are explained where there are none."""
    with_both = suite_tables(results, SUITE, "macro_f1")
    with_neither = suite_tables(results, SUITE, "log_loss")

    assert "distance" in with_both[0].note
    assert "In the paper" in with_both[2].note
    for table in with_neither:
        assert "distance" not in table.note
        assert "In the paper" not in table.note


def test_suite_without_paper_or_reference(results: pd.DataFrame) -> None:
    """Its scores, and the methods over the data sets."""
    plain = replace(SUITE, paper=(), reference=None)
    tables = suite_tables(results, plain, "macro_f1")

    assert [len(table.cells) for table in tables] == [6, 3]
    assert [*tables[0].cells] == ["data set", "method", "mean ± sd", "n"]


def test_part_of_the_results(results: pd.DataFrame) -> None:
    """One data set, or all but the reference: what can be said is said."""
    one = results[results["dataset"] == "g/one"]
    without = results[results["method"] != "ours"]

    assert len(suite_tables(one, SUITE, "macro_f1")) == 3
    assert len(suite_tables(without, SUITE, "macro_f1")) == 3
    with pytest.raises(InputError, match="no result has the metric 'macro_f2'"):
        suite_tables(results, SUITE, "macro_f2")


def test_whole_table_has_every_number(results: pd.DataFrame) -> None:
    """One row a data set and method, for CSV."""
    table = whole_table(results, SUITE, "macro_f1")
    plain = whole_table(results, replace(SUITE, reference=None), "macro_f1")

    assert len(table) == len(plain) == 6
    assert {"sds_from_paper", "difference", "p_t_holm", "n_paired"} <= {*table}
    assert "difference" not in plain


def test_committed_results_with_a_reference() -> None:
    """The controls: the bag of ten leads plain LightGBM on 21 sets, as the page says.

    The p-values of a set are those of five folds.
    """
    suite = replace(load_suite("controls"), reference="bagged-lightgbm")
    results = read_export(ROOT / "docs" / "results" / "controls.csv.gz")
    tables = suite_tables(results, suite, suite.metric)

    over, _, statistics = (table.cells.set_index("method") for table in tables[-3:])
    assert over.loc["lightgbm", ["data sets", "ahead", "behind"]].tolist() == [
        "26", "21", "4"
    ]  # fmt: skip
    assert statistics.loc["lightgbm", ["ahead", "behind"]].tolist() == ["21", "4"]
    assert statistics.loc["lightgbm", "Wilcoxon"] == "<0.001*"
    assert "8 methods over 26 data sets differ by more than chance" in tables[-1].note
    assert len(tables) == 1 + 26 + 3


def test_markdown_shows_texts_as_they_are(results: pd.DataFrame) -> None:
    """Stars and brackets are no markup."""
    text = as_markdown(suite_tables(results, SUITE, "macro_f1")[2])

    assert text.splitlines()[2].startswith("| method | ours − it | t-test | Wilcoxon |")
    assert r"\<0.001\*" in text
