"""Statistics over data sets as text."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import replace

from tests.report.sample_suites import make_results, make_suite
from trimtab.benchmark.suites.summary import summarise
from trimtab.report.words.dataset_tables import dataset_tables


def test_table_over_data_sets() -> None:
    """The reference against each other, best-ranked first; four sets tell little."""
    suite = make_suite()
    (table,) = dataset_tables(summarise(make_results(suite), suite, "macro_f1"), suite)

    assert table.title == "ours against the others over 4 data sets"
    assert table.cells["method"].tolist()[-1] == "smote"
    cells = table.cells.set_index("method")
    assert cells.loc["smote", ["ahead", "behind", "effect"]].tolist() == [
        "4", "0", "+1.00"
    ]  # fmt: skip
    assert cells.loc["smote", "Wilcoxon"] == "0.125"
    assert "4 methods over 4 data sets" in table.note
    assert "flatters" not in table.note


def test_without_a_reference_the_best_stands_for_it() -> None:
    """And the note says that it was chosen afterwards."""
    suite = replace(make_suite(), reference=None)
    (table,) = dataset_tables(summarise(make_results(suite), suite, "macro_f1"), suite)

    assert table.title.startswith("ours against")
    assert table.note.endswith("which flatters it a little.")


def test_too_few_data_sets() -> None:
    """Two are no sample."""
    suite = make_suite(n_datasets=2)

    assert (
        dataset_tables(summarise(make_results(suite), suite, "macro_f1"), suite) == []
    )
