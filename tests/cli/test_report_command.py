"""``trimtab bench report`` as users type it."""

# SPDX-License-Identifier: BSD-3-Clause

from pathlib import Path

RESULTS = Path(__file__).parents[2] / "docs" / "results"


def test_page_of_an_export(trimtab, tmp_path):
    """The path is printed, and the page is there."""
    ran = trimtab(
        "bench", "report", "controls",
        "--from", str(RESULTS / "controls.csv.gz"), "--out", str(tmp_path / "page"),
    )  # fmt: skip

    path = tmp_path / "page" / "index.html"
    assert (ran.code, ran.out.replace("\n", "")) == (0, str(path))
    text = path.read_text(encoding="utf-8")
    assert "1,040 of 1,040 experiments, none failed" in text
    assert "No claim of a paper is in these suites" in text


def test_nothing_to_report(trimtab, tmp_path):
    """One line says what is missing."""
    page = ("--out", str(tmp_path / "page"))
    missing = trimtab("bench", "report", "--from", str(tmp_path / "no"), *page)
    empty = trimtab("bench", "report", "--from", str(tmp_path), *page)
    nameless = trimtab(
        "bench", "report", "--from", str(RESULTS / "controls.csv.gz"), *page
    )

    for ran, words in (
        (missing, "no such file or folder"),
        (empty, "has no results of a suite that comes with trimtab: name the file"),
        (nameless, "holds one suite: name that suite alone"),
    ):
        assert ran.code == 2
        assert words in ran.err
        assert ran.err.count("\n") == 1
