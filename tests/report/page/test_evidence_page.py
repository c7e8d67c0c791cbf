"""The evidence page as text."""

# SPDX-License-Identifier: BSD-3-Clause

import re
from pathlib import Path

import pytest

from tests.report.sample_evidence import HOSTILE
from tests.report.sample_suites import make_found, make_hostile
from trimtab.exceptions import InputError
from trimtab.report.page.evidence_page import render_evidence_page, write_evidence_page


def body(text: str) -> str:
    """Return the page without its scripts and its style."""
    return re.sub(r"<(script|style)[^>]*>.*?</\1>", "", text, flags=re.DOTALL)


@pytest.fixture(scope="module")
def text() -> str:
    """Give the page of two suites."""
    return render_evidence_page([make_found(), make_found("other")])


def test_page_has_claims_suites_and_commands(text: str) -> None:
    """In the order of the page; every chart has its numbers as a table."""
    page = body(text)

    assert "1 of 2 claims" not in page  # two suites of two claims
    assert "2 of 4 claims have held" in page
    assert page.index('id="suite-toy"') < page.index('id="suite-other"')
    assert page.count('class="chart"') == 8
    assert "trimtab bench run other\ntrimtab bench show other" in page
    assert "trimtab bench run toy --methods ours,base" in page


def test_page_is_the_same_every_time(text: str) -> None:
    """Byte for byte."""
    assert render_evidence_page([make_found(), make_found("other")]) == text


def test_page_names_nothing_outside_itself(text: str) -> None:
    """No address in the markup, and a policy that allows none."""
    assert not re.search(r"(src|href)=\"(?!#|data:)", body(text))
    assert "default-src 'none'" in text


def test_markup_in_names_is_text() -> None:
    """In the claims, the tables and the charts' data."""
    page = render_evidence_page([make_hostile()])

    assert HOSTILE not in page
    assert "<img" not in body(page)


def test_page_is_written_into_a_new_folder(tmp_path: Path, text: str) -> None:
    """A file where the folder should be is told in one line."""
    found = [make_found(), make_found("other")]
    path = write_evidence_page(found, tmp_path / "new" / "index.html")
    (tmp_path / "file").write_text("")

    assert path.read_text(encoding="utf-8") == text
    with pytest.raises(InputError, match="cannot write"):
        write_evidence_page(found[:1], tmp_path / "file" / "index.html")
