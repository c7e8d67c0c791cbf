"""The evidence page in a browser: what is seen at any width and in either theme."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.report.sample_evidence import HOSTILE
from tests.report.sample_suites import make_found, make_hostile
from trimtab.report.charts.difference_chart import difference_chart
from trimtab.report.page.cells import plain_table
from trimtab.report.page.evidence_page import write_evidence_page
from trimtab.report.page.page_file import render_template, write_html
from trimtab.report.page.suite_section import suite_section

pytestmark = pytest.mark.browser

Open = Callable[..., Any]

DRAWN = """() => [...document.querySelectorAll(".plot")].every(
    plot => plot.querySelector(".main-svg .trace, .main-svg .hm"))"""

FITS = """width => document.documentElement.scrollWidth <= width
    && [...document.querySelectorAll(".plot .svg-container")].every(
        plot => plot.getBoundingClientRect().right <= width)"""

INKS = """() => [...document.querySelectorAll(".plot .xtitle, .plot .ytick text")].map(
    text => text.style.fill)"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a page of two suites."""
    path = tmp_path_factory.mktemp("evidence") / "index.html"
    return write_evidence_page([make_found(), make_found("other")], path)


@pytest.fixture
def opened(chromium: Open, report: Path) -> Iterator[Open]:
    """Give a function that opens a page; whatever goes wrong there fails the test."""
    wrong: list[str] = []

    def open_page(path: Path = report, **options: Any) -> Any:
        page, requests = chromium(**options), []
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("console", lambda message: wrong.append(f"console: {message.text}"))
        page.on("dialog", lambda dialog: (wrong.append("dialog"), dialog.dismiss()))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_function(DRAWN)
        assert requests == [path.as_uri()]
        return page

    yield open_page
    assert wrong == []


def test_every_chart_is_drawn(opened: Open) -> None:
    """Four for each suite; nothing was requested but the page."""
    page = opened()

    assert page.locator(".js-plotly-plot").count() == 8
    assert page.locator(".heatmaplayer .hm").count() == 2
    assert page.locator("[data-chart=toy-macro_f1-ranks] .ytick").count() == 4
    for name in ("ranks", "profile", "cost"):
        legend = page.locator(f"[data-chart=toy-macro_f1-{name}] .legend button")
        assert legend.count() >= 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 380])
def test_it_is_readable_at_any_width_and_theme(
    opened: Open, scheme: str, width: int
) -> None:
    """Nothing sticks out, and the charts' words are not in the colour of the paper."""
    page = opened(color_scheme=scheme, viewport={"width": width, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")

    page.wait_for_function(FITS, arg=width, timeout=5000)
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    dark = scheme == "dark"
    assert paper == ("rgb(19, 22, 25)" if dark else "rgb(255, 255, 255)")
    for ink in page.evaluate(INKS):
        light = sum(map(int, ink.removeprefix("rgb(").rstrip(")").split(",")))
        assert light > 380 if dark else light < 380
    verdict = page.locator(".verdict-cell").first.bounding_box()
    assert verdict["x"] + verdict["width"] <= width


def test_cells_hide_their_numbers_where_there_is_no_room(opened: Open) -> None:
    """Four columns have room even on a phone; the theme's button repaints them."""
    page = opened(viewport={"width": 380, "height": 800}, color_scheme="light")
    cells = page.locator("[data-chart=toy-macro_f1-differences] .heatmap-label")
    image = """() => document.querySelector(
        "[data-chart=toy-macro_f1-differences] .hm image").href.baseVal"""

    assert cells.count() == 3 * 4
    before = page.evaluate(image)
    page.locator("#theme").click()
    assert page.evaluate(image) != before


def test_many_columns_scroll_in_their_own_frame(opened: Open, tmp_path: Path) -> None:
    """On a phone 30 columns keep their names apart; the page itself does not scroll."""
    differences = pd.DataFrame(
        np.ones((31, 30)),
        index=[f"method {i}" for i in range(31)],
        columns=[f"set {i}" for i in range(30)],
    )
    chart = difference_chart(differences, "ours", "macro_f1", name="wide")
    text = render_template(
        "evidence.html",
        {"charts": {"wide": chart.figure.to_dict()}},
        lede="",
        claims={"headline": "", "sentence": "", "rows": [], "unheard": ""},
        suites=[
            {
                "section": replace(suite_section(make_found()), commands=[]),
                "charts": [(chart, plain_table(chart.table))],
                "tables": [],
            }
        ],
    )
    path = write_html(text, tmp_path / "page.html")
    page = opened(path, viewport={"width": 380, "height": 800})

    plot = page.locator("[data-chart=wide] .plot")
    assert plot.evaluate("plot => plot.scrollWidth > plot.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= 380
    page.set_viewport_size({"width": 1280, "height": 800})
    page.wait_for_function(FITS, arg=1280, timeout=5000)


def test_a_claim_leads_to_its_suite_and_its_cases(opened: Open) -> None:
    """By a link, and by what is folded away at first."""
    page = opened()

    page.locator(".claims a").last.click()
    assert page.url.endswith("#suite-other")
    cases = page.locator("#claims details")
    assert not cases.locator("table").first.is_visible()
    cases.locator("summary").click()
    assert cases.locator("table").first.is_visible()
    assert cases.locator("pre").count() == 4


def test_markup_does_nothing(opened: Open, tmp_path: Path) -> None:
    """It is read as it stands."""
    page = opened(write_evidence_page([make_hostile()], tmp_path / "page.html"))

    for button in page.locator(".legend button:visible, #theme").all():
        button.click()
    assert page.locator("img, iframe, object, embed, svg a").count() == 0
    assert page.locator("script").count() == 3
    assert page.locator("#suite-toy h2").inner_text() == f"A toy{HOSTILE}"
