"""Tests of the parts of the page that are tables and text."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import replace

import pandas as pd
import pytest

from tests.report.sample_evidence import (
    FEW,
    MANY,
    Made,
    make_evidence,
    with_repeated_rows,
)
from trimtab.benchmark.evidence import Evidence
from trimtab.metrics import MEASURES
from trimtab.report.page.cells import Cell, Interval, plain_table
from trimtab.report.page.ranking_table import glossary, leaderboard_section
from trimtab.report.page.sections import (
    confusion_section,
    data_section,
    failures,
    protocol_facts,
)
from trimtab.report.words.wording import MEANINGS, inside_sentence, number


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """Give three methods on two classes."""
    return make_evidence()


def cell(evidence: Evidence, method: str, title: str) -> Cell:
    """Return a cell of the leaderboard by method and column."""
    section = leaderboard_section(evidence)
    titles = [column.title for column in section["columns"]]
    row = next(row for row in section["rows"] if row["method"] == method)
    found: Cell = row["cells"][titles.index(title) - 1]
    return found


def test_the_data_are_told_in_figures(evidence: Evidence) -> None:
    """172 of 4000 cells are missing; 720 rows stand against 80."""
    facts = data_section(evidence)

    assert facts["figures"] == [
        ("800", "rows"),
        ("5", "columns"),
        ("2", "classes"),
        ("9.0 : 1", "imbalance"),
        ("4.3 %", "cells missing"),
    ]
    assert facts["kinds"] == "2 numbers, 1 category, 1 date and 1 text"


def test_rows_that_repeat_an_earlier_one_are_counted(evidence: Evidence) -> None:
    """120 of 800 rows are 15 %."""
    repeated = replace(evidence, profile=with_repeated_rows(evidence, 120))

    figures = data_section(repeated)["figures"]

    assert figures[-1] == ("120 (15.0 %)", "repeated rows")


def test_classes_come_largest_first_and_the_one_of_interest_is_marked(
    evidence: Evidence,
) -> None:
    """The bars are relative to the largest class."""
    classes = data_section(evidence)["classes"]

    assert [c["name"] for c in classes] == ["no", "yes"]
    assert [c["share"] for c in classes] == ["90.0 %", "10.0 %"]
    assert [c["width"] for c in classes] == ["100.00", "11.11"]
    assert [c["is_positive"] for c in classes] == [False, True]


def test_among_many_classes_the_one_of_interest_comes_first() -> None:
    """The list is folded to a few lines, and the rarest class would be out of sight."""
    rows = tuple(range(60, 5, -5))
    names = tuple(f"class {letter}" for letter in "abcdefghijk")
    evidence = make_evidence(methods=FEW[:1], class_rows=rows, class_names=names)

    classes = data_section(evidence)["classes"]

    assert [c["name"] for c in classes][:3] == ["class k", "class a", "class b"]


def test_a_very_wide_table_is_not_listed_whole(evidence: Evidence) -> None:
    """Of 700 columns 500 are listed, and the rest is counted."""
    columns = pd.concat([evidence.profile.columns] * 140, ignore_index=True)
    wide = replace(evidence, profile=replace(evidence.profile, columns=columns))

    facts = data_section(wide)

    assert len(facts["columns"]["rows"]) == 500
    assert facts["unlisted"] == 200


def test_distinct_values_that_were_not_counted_are_a_dash(evidence: Evidence) -> None:
    """Of a sparse matrix they are not counted."""
    columns = evidence.profile.columns.assign(distinct=-1)
    sparse = replace(evidence, profile=replace(evidence.profile, columns=columns))

    rows = data_section(sparse)["columns"]["rows"]

    assert {row[2].text for row in rows} == {number(None)}


def test_the_leaderboard_shows_mean_and_deviation(evidence: Evidence) -> None:
    """What is read has three digits; what is sorted by has all."""
    first = evidence.leaderboard.set_index("method").loc["smote"]

    shown = cell(evidence, "smote", "Average precision")

    assert shown.text == f"{first['average_precision_mean']:.3f}"
    assert shown.detail == f"± {first['average_precision_sd']:.3f}"
    assert float(shown.sort) == first["average_precision_mean"]


def test_the_lead_has_its_interval(evidence: Evidence) -> None:
    """Zero lies between the ends of the scale; the middle between low and high."""
    shown = cell(evidence, "smote", "Lead over plain LightGBM")

    assert shown.text.startswith(("+", "−"))
    assert " to " in shown.detail
    assert shown.interval is not None
    assert shown.interval.low <= shown.interval.middle <= shown.interval.high
    assert 0 <= shown.interval.zero <= 100


def test_a_hopeless_method_does_not_shrink_the_intervals_of_others() -> None:
    """Far ends are 0.02, 0.03 and 0.6: no interval is drawn beyond twice 0.03.

    So the scale is from -0.06 to 0.03, with a twentieth of each to spare.
    """
    methods = [*FEW, Made("near-miss-1", "classic")]
    evidence = make_evidence(methods=methods)
    intervals = {
        "logistic-regression": (-0.02, 0.0, 0.02),
        "smote": (-0.01, 0.01, 0.03),
        "near-miss-1": (-0.6, -0.5, -0.4),
    }
    board = evidence.leaderboard.set_index("method")
    for method, ends in intervals.items():
        names = ["difference_low", "difference", "difference_high"]
        board.loc[method, names] = ends
    changed = replace(evidence, leaderboard=board.reset_index())
    smote, hopeless = (
        cell(changed, method, "Lead over plain LightGBM").interval
        for method in ("smote", "near-miss-1")
    )

    # (value + 0.063) / 0.0945
    assert smote == Interval(56.08, 77.25, 98.41, 66.67)
    assert hopeless == Interval(0, 0, 0, 66.67)


def test_plain_lightgbm_is_the_reference(evidence: Evidence) -> None:
    """It has no lead over itself, and sorts where no lead does."""
    shown = cell(evidence, "lightgbm", "Lead over plain LightGBM")

    assert (shown.text, shown.sort, shown.interval) == ("reference", "0", None)


def test_only_differences_beyond_chance_are_marked() -> None:
    """Of a full portfolio those with a Holm-corrected p below 0.05."""
    evidence = make_evidence(methods=MANY, class_rows=(3600, 400))
    board = evidence.leaderboard

    marked = {
        row["method"]
        for row in leaderboard_section(evidence)["rows"]
        if row["cells"][2].mark in {"better", "worse"}
    }

    assert marked == set(board["method"][board["p_holm"] < 0.05])
    assert marked


def test_a_method_that_failed_says_why_and_how_often() -> None:
    """Without a score there are dashes, which sort last."""
    evidence = make_evidence(
        methods=[
            *FEW,
            Made("adasyn", "classic", fails=5),
            Made("enn", "classic", fails=1),
        ]
    )
    rows = {row["method"]: row for row in leaderboard_section(evidence)["rows"]}

    assert rows["adasyn"]["failure"] == "ValueError: no neighbours"
    assert rows["enn"]["failure"] == ""
    assert cell(evidence, "adasyn", "Average precision") == Cell(number(None))
    assert cell(evidence, "adasyn", "Splits").text == "0 of 5"
    assert cell(evidence, "enn", "Splits").text == "4 of 5"


def test_failures_of_a_kind_are_told_together() -> None:
    """Three errors are one line, two time-outs another."""
    evidence = make_evidence(methods=[*FEW, Made("adasyn", "classic", fails=5)])

    listed = failures(evidence)

    assert [(f["status"], f["splits"], f["which"]) for f in listed] == [
        ("error", "3", "1.1, 1.3, 1.5"),
        ("over the time limit", "2", "1.2, 1.4"),
    ]


def test_every_row_fits_the_columns() -> None:
    """With more than two classes there are no tuned measures."""
    evidence = make_evidence(class_rows=(200, 90, 30), class_names=("a", "b", "c"))

    section = leaderboard_section(evidence)

    titles = [column.title for column in section["columns"]]
    assert not any("tuned" in title for title in titles)
    assert {len(row["cells"]) for row in section["rows"]} == {len(titles) - 1}


def test_confusion_matrices_of_the_best_stand_beside_plain_lightgbm(
    evidence: Evidence,
) -> None:
    """They hold every test row once, at both thresholds."""
    section = confusion_section(evidence)

    assert section is not None
    methods = section["data"]["methods"]
    shown = [methods[i]["method"] for i in section["data"]["shown"]]
    assert shown == ["smote", "lightgbm"]
    for entry in methods:
        for kind in ("default", "tuned"):
            assert [sum(row) for row in entry[kind]] == [720, 80]


def test_the_decisions_of_every_method_are_tabled(evidence: Evidence) -> None:
    """Precision and recall follow from the counts beside them."""
    section = confusion_section(evidence)

    assert section is not None
    rows = [[cell.text for cell in row] for row in section["table"]["rows"]]
    assert len(rows) == 6
    for _, _, found, missed, false, _, precision, recall in rows:
        assert int(found) + int(missed) == 80
        assert float(precision) == pytest.approx(
            int(found) / (int(found) + int(false)), abs=1e-3
        )
        assert float(recall) == pytest.approx(int(found) / 80, abs=1e-3)


def test_a_method_that_chooses_its_threshold_is_shown_at_its_own() -> None:
    """Where it calls nearly everything, it finds everything."""
    eager = Made("lightgbm-tuned-threshold", own_threshold=0.001)
    section = confusion_section(make_evidence(methods=[*FEW, eager]))

    assert section is not None
    entry = next(m for m in section["data"]["methods"] if m["method"] == eager.name)
    assert entry["own"] == [0.001] * 5
    assert entry["default"][1] == [0, 80]
    rows = [[cell.text for cell in row] for row in section["table"]["rows"]]
    assert [row[1] for row in rows if row[0] == eager.name] == ["own", "tuned"]


def test_many_classes_have_precision_and_recall_each() -> None:
    """There is no threshold to speak of."""
    evidence = make_evidence(class_rows=(200, 90, 30), class_names=("a", "b", "c"))

    section = confusion_section(evidence)

    assert section is not None
    assert "threshold" not in section["note"]
    assert {row[1].text for row in section["table"]["rows"]} == {"a", "b", "c"}
    assert {entry["tuned"] for entry in section["data"]["methods"]} == {None}


def test_the_threshold_is_explained_where_there_is_one(evidence: Evidence) -> None:
    """It was chosen on training rows, and that is said."""
    terms = dict(protocol_facts(evidence))

    assert "training rows" in terms["Tuned threshold"]
    assert "Tuned threshold" not in dict(
        protocol_facts(replace(evidence, predictions=[]))
    )


def test_every_measure_is_explained(evidence: Evidence) -> None:
    """No column of the leaderboard goes without a meaning."""
    assert set(MEANINGS) == set(MEASURES)
    assert all(meaning.endswith(".") for _, meaning in glossary(evidence))


def test_memory_has_its_unit_and_its_meaning(evidence: Evidence) -> None:
    """It is counted in units of 2 to the power 20, for the whole process."""
    titles = [column.title for column in leaderboard_section(evidence)["columns"]]

    assert "Memory (MiB)" in titles
    assert "libraries included" in dict(glossary(evidence))["Memory (MiB)"]


def test_measures_keep_their_names_inside_a_sentence() -> None:
    """Names and abbreviations keep their capitals."""
    assert inside_sentence("tuned_macro_f1") == "macro F1, tuned threshold"
    assert inside_sentence("g_mean") == "G-mean"
    assert inside_sentence("mcc") == "Matthews correlation"
    assert inside_sentence("brier") == "Brier score"


def test_tables_write_numbers_by_their_kind() -> None:
    """Counts are whole, shares have three digits, what is missing is a dash."""
    table = plain_table(
        pd.DataFrame({"Method": ["a"], "Rows": [12345], "Share": [0.5], "None": [None]})
    )

    assert [cell.text for cell in table["rows"][0]] == ["a", "12,345", "0.500", "–"]
    assert [column.is_text for column in table["columns"]] == [True, False, False, True]
