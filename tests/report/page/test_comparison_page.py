"""Tests of the page as a file: whole, self-contained, escaped."""

# SPDX-License-Identifier: BSD-3-Clause

import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from plotly.offline import get_plotlyjs

from tests.report.sample_evidence import FEW, HOSTILE, Made, make_evidence
from trimtab.benchmark.evidence import Evidence
from trimtab.benchmark.protocol import Protocol
from trimtab.exceptions import InputError, MissingExtraError
from trimtab.report.page.comparison_page import render_page, write_page


class Elements(HTMLParser):
    """What a browser would make elements of: (tag, attributes) and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for found, attributes in self.found if found == tag]


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """Give three methods on two classes."""
    return make_evidence()


@pytest.fixture(scope="module")
def page(evidence: Evidence) -> str:
    """Give its page."""
    return render_page(evidence)


def test_the_page_says_what_was_compared(page: str) -> None:
    """The table's name, the class of interest, the answer, the command, versions."""
    text = " ".join(" ".join(Elements(page).texts).split())

    for words in (
        "claims.csv",
        "The class of interest is yes of fraud .",
        "3 methods compared on 5 stratified folds, ranked by average precision.",
        "Stay with plain LightGBM",
        "trimtab compare claims.csv --target fraud",
        "scikit-learn 1.9.1",
        "the table has no categories",
    ):
        assert words in text


def test_the_page_names_no_address(page: str) -> None:
    """Nothing is loaded from anywhere: no link, no import, no source outside."""
    elements = Elements(page)
    for _, attributes in elements.found:
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            value = attributes.get(name) or "#"
            assert value.startswith(("#", "data:")), (name, value)
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_scripts_run_by_their_digest_alone(page: str) -> None:
    """The policy knows the page's two scripts, and allows no connection."""
    policy = next(
        attributes["content"] or ""
        for attributes in Elements(page).all("meta")
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))

    assert rules["default-src"] == "'none'"
    assert re.fullmatch(r"('sha256-\S{44}' ?){2}", rules["script-src"])
    assert "connect-src" not in rules
    assert policy.index("script-src") < page.index("<script")


def test_plotly_is_in_the_page_once(page: str) -> None:
    """The file is little larger than plotly.js itself."""
    library = get_plotlyjs()

    assert page.count(library) == 1
    assert len(page) - len(library) < 400_000


def test_the_same_evidence_gives_the_same_page(evidence: Evidence, page: str) -> None:
    """There is no date, no random name, no order by chance."""
    assert render_page(evidence) == page


def test_headings_and_tables_are_made_for_readers(page: str) -> None:
    """One first heading, a caption for each table, a scope for each heading cell."""
    elements = Elements(page)

    assert len(elements.all("h1")) == 1
    assert len(elements.all("caption")) == len(elements.all("table")) > 5
    assert all(cell.get("scope") in {"col", "row"} for cell in elements.all("th"))
    assert all(part.get("aria-labelledby") for part in elements.all("section"))


def test_markup_of_the_user_makes_no_element() -> None:
    """Names, labels, columns, reasons, versions, the command: all is text."""
    kind = make_evidence(methods=[*FEW, Made("adasyn", "classic", fails=5)])
    hostile = make_evidence(
        methods=[*FEW, Made("adasyn", "classic", fails=5)], hostile=True
    )
    plain, attacked = Elements(render_page(kind)), Elements(render_page(hostile))

    assert [tag for tag, _ in attacked.found] == [tag for tag, _ in plain.found]
    assert not attacked.all("img")
    for name in ("claims.csv", "fraud", "yes", "age", "smote", "adasyn", "smotenc"):
        assert any(f"{name}{HOSTILE}" in text for text in attacked.texts), name


def test_a_file_name_that_is_no_text_can_be_written(
    evidence: Evidence, tmp_path: Path
) -> None:
    """A byte that is not UTF-8 comes as a lone surrogate from the file system."""
    odd = replace(evidence, profile=replace(evidence.profile, name="cl\udcffims.csv"))

    path = write_page(odd, tmp_path / "report.html")

    assert "<title>cl?ims.csv" in path.read_text(encoding="utf-8")


def test_the_page_replaces_an_older_one_and_leaves_nothing_beside_it(
    evidence: Evidence, tmp_path: Path
) -> None:
    """The folder is made; the path is returned."""
    path = tmp_path / "new" / "report.html"

    assert write_page(evidence, str(path)) == path
    first = path.read_bytes()
    write_page(replace(evidence, command="again"), path)

    assert path.read_bytes() != first
    assert list(path.parent.iterdir()) == [path]


def test_a_page_that_cannot_be_written_is_a_clear_error(
    evidence: Evidence, tmp_path: Path
) -> None:
    """A file where a folder is needed: one line that names it."""
    (tmp_path / "file").write_text("")

    with pytest.raises(InputError, match=r"cannot write to '.*file' \(.+\): give"):
        write_page(evidence, tmp_path / "file" / "report.html")


def test_the_extra_is_named_where_plotly_is_missing(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says what to install."""
    monkeypatch.setitem(sys.modules, "plotly.offline", None)

    with pytest.raises(
        MissingExtraError, match=r"plotly.*pip install 'trimtab\[compare"
    ):
        render_page(evidence)


@pytest.mark.parametrize(
    "fields",
    [
        {"methods": [Made("lightgbm", fails=5)]},
        {"protocol": Protocol(1, 1, test_size=0.3)},
        {"protocol": Protocol(2, 3, tune_threshold=True)},
        {"class_rows": (300, 200, 60), "class_names": ("bus", "car", "van")},
        {"metric": "log_loss"},
        {"skipped": {}, "command": "", "versions": {}},
        {"methods": [*FEW, Made("a" * 90, "classic", fails=2)]},
    ],
    ids=["nothing done", "one split", "repeats", "classes", "loss", "bare", "long"],
)
def test_every_kind_of_comparison_has_a_page(fields: dict[str, object]) -> None:
    """Failures, one split, repeats, several classes, another measure, little else."""
    text = " ".join(Elements(render_page(make_evidence(**fields))).texts)

    assert "Leaderboard" in text
    assert "nan" not in text.lower().split()
