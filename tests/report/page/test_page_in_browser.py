"""Tests of the page in a browser: what is seen, what works, what must not happen."""

# SPDX-License-Identifier: BSD-3-Clause

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.report.charts.test_ensemble_chart import UNIFORM, made_history
from tests.report.sample_evidence import FEW, HOSTILE, MANY, Made, make_evidence
from trimtab.benchmark.history import History
from trimtab.report.page.comparison_page import render_page, write_page

pytestmark = pytest.mark.browser

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a page of many methods: two are hopeless, and one fails."""
    failing = Made("method-with-a-name-that-is-rather-long", "own", fails=5)
    names = {"near-miss-1", "near-miss-2", "easy-ensemble"}
    methods = [*MANY[:10], *(made for made in MANY if made.name in names), failing]
    path = tmp_path_factory.mktemp("report") / "report.html"
    return write_page(make_evidence(methods=methods), path)


@pytest.fixture
def opened(chromium: Open, report: Path) -> Iterator[Open]:
    """Give a function that opens the page; whatever goes wrong there fails the test."""
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


DRAWN = """() => [...document.querySelectorAll(".plot")].every(
    plot => plot.querySelector(".main-svg .trace, .main-svg .bars"))"""


HOVER_EVERYWHERE = """async () => {
    let texts = "", links = 0;
    for (const name of ["scores", "precision-recall", "cost"]) {
        const plot = document.querySelector(`[data-chart=${name}] .plot`);
        for (const trace of plot._fullData) {
            if (trace.visible !== true || trace.hoverinfo === "skip") continue;
            const pointNumber = trace._length - 1;
            Plotly.Fx.hover(plot, [{ curveNumber: trace.index, pointNumber }]);
            await new Promise(resolve => setTimeout(resolve, 100));
            texts += plot.querySelector(".hoverlayer").textContent;
            links += plot.querySelectorAll("svg a, img").length;
        }
    }
    return [texts, links];
}"""


def first_column(page: Any) -> list[str]:
    """Return the methods in the order in which they are shown."""
    names: list[str] = page.locator("#leaderboard-table .method").all_inner_texts()
    return names


def test_every_chart_is_drawn(opened: Open) -> None:
    """Five charts, each with axes and a legend; nothing else was requested."""
    page = opened()

    assert page.locator(".js-plotly-plot").count() == 5
    assert page.locator(".plot .xtitle").count() == 5
    assert page.locator(".matrix").count() == 4
    for legend in page.locator(".legend").all():
        assert legend.locator("button").count() >= 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_art_drew_is_seen_at_any_width(
    opened: Open, tmp_path: Path, scheme: str
) -> None:
    """Two panels, one above the other, in colours of the theme; a menu of methods."""
    methods = [*FEW, Made("art", "learned"), Made("art-lightgbm", "learned")]
    shares = np.array([[0.7, 0.3], [0.6, 0.4], [0.5, 0.5]])
    facts = {"prior": [0.9, 0.1], "kept": 2.0, "n_replicas": 4, "n_classes": 2}
    series = {"drawn": shares, "f1": shares}
    history = History("draw", np.arange(1, 4), series, ["no", "yes"], facts)
    histories = {"art": history, "art-lightgbm": history}
    evidence = make_evidence(methods=methods, histories=histories)
    page = opened(write_page(evidence, tmp_path / "page.html"), color_scheme=scheme)
    chart = page.locator("[data-chart=draw]")

    for width in (1280, 380):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_function(
            """width => {
                const at = part => document.querySelector(
                    `[data-chart=draw] ${part}`)?.getBoundingClientRect();
                return at(".svg-container").right <= width
                    && at(".ytitle").bottom < at(".y2title").top;
            }""",
            arg=width,
            timeout=5000,
        )
    chart.locator("select").select_option("art-lightgbm")
    assert chart.locator(".scatterlayer .trace").count() == 8
    chart.locator(".legend button", has_text="yes").click()
    assert chart.locator(".scatterlayer .trace").count() == 5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_ensembles_drew_is_seen_at_any_width(
    opened: Open, tmp_path: Path, scheme: str
) -> None:
    """Each method has its own panels; maps are in the colours of the theme."""
    methods = [*FEW, Made("mesa", "learned"), Made("under-bagging", "classic")]
    long = ("no", "a class of which the name is very long indeed")
    learned = made_history(ratio=(1.0, 4.0, 2.0), names=long)
    histories = {"mesa": learned, "under-bagging": UNIFORM}
    evidence = make_evidence(methods=methods, histories=histories)
    page = opened(write_page(evidence, tmp_path / "page.html"), color_scheme=scheme)
    chart = page.locator("[data-chart=members]")
    scale = """() => document.querySelector("[data-chart=members] .plot")
        ._fullLayout.coloraxis.colorscale.map(stop => stop[1]).join()"""

    for width in (1280, 380):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_function(
            """width => {
                const at = part => document.querySelector(
                    `[data-chart=members] ${part}`)?.getBoundingClientRect();
                return at(".svg-container").right <= width
                    && at(".ytitle").bottom < at(".y2title").top
                    && at(".y2title").bottom < at(".y3title").top
                    && at(".y3title").bottom < at(".y4title").top;
            }""",
            arg=width,
            timeout=5000,
        )
    colours = page.evaluate(scale)
    paper = "rgb(255, 255, 255)" if scheme == "light" else "rgb(19, 22, 25)"
    assert colours.startswith(paper)
    assert "var(" not in colours
    assert chart.locator(".heatmaplayer .hm").count() == 2
    assert chart.locator(".scatterlayer .trace").count() == 3
    chart.locator("select").select_option("under-bagging, training rows")
    assert chart.locator(".y3title").count() == 0
    assert chart.locator(".scatterlayer .trace").count() == 0
    assert chart.locator(".heatmaplayer .hm").count() == 2


@pytest.mark.parametrize("has_policy", [True, False], ids=["as it is", "no policy"])
def test_markup_of_the_user_does_nothing(
    opened: Open, tmp_path: Path, has_policy: bool
) -> None:
    """Neither escaping nor the content security policy is needed for the other."""
    methods = [*FEW, Made("adasyn", "classic", fails=5)]
    text = render_page(make_evidence(hostile=True, methods=methods))
    if not has_policy:
        text = re.sub(r'<meta http-equiv="Content-Security-Policy".*?>\n', "", text)
    path = tmp_path / "report.html"
    path.write_text(text, encoding="utf-8")
    page = opened(path)
    texts, links = page.evaluate(HOVER_EVERYWHERE)

    for menu in page.locator("select").all():
        menu.select_option(index=1)
    for button in page.locator(".legend button:visible, #theme").all():
        button.click()
    assert links == 0
    assert HOSTILE in texts
    assert page.locator("img, iframe, object, embed, svg a").count() == 0
    assert page.locator("script").count() == 3
    assert page.locator("h1").inner_text() == f"claims.csv{HOSTILE}"
    assert page.locator(".matrix th").first.inner_text() == f"no{HOSTILE}"


def test_a_click_on_a_heading_sorts(opened: Open) -> None:
    """Best first; then cheapest, then dearest first, and without a value last."""
    page = opened()
    heading = page.get_by_role("button", name="Fit (s)")
    ranked = first_column(page)
    column = page.locator("th[aria-sort]")
    assert column.get_attribute("aria-sort") == "descending"
    assert column.inner_text().startswith("Average")

    heading.click()
    cheapest = first_column(page)
    heading.click()
    dearest = first_column(page)

    assert cheapest[0] == "logistic-regression"
    assert dearest[0] == "easy-ensemble"
    assert cheapest[-1] == dearest[-1] == "method-with-a-name-that-is-rather-long"
    assert sorted(cheapest) == sorted(dearest) == sorted(ranked)
    assert column.get_attribute("aria-sort") == "descending"
    assert column.inner_text().startswith("Fit")


def test_the_keyboard_sorts(opened: Open) -> None:
    """A heading is a button: reached by tab, pressed by enter."""
    page = opened()

    page.get_by_role("button", name="Method").focus()
    page.keyboard.press("Enter")

    assert first_column(page) == sorted(first_column(page))
    assert page.locator("th[aria-sort]").get_attribute("aria-sort") == "ascending"


def test_all_measures_can_be_shown(opened: Open) -> None:
    """A button brings the columns that are left out at first."""
    page = opened()
    button = page.get_by_role("button", name="All measures")
    hidden = page.get_by_role("button", name="ROC AUC")

    assert not hidden.is_visible()
    button.click()
    assert hidden.is_visible()
    assert button.get_attribute("aria-pressed") == "true"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_follows_the_system_and_can_be_switched(
    opened: Open, scheme: str
) -> None:
    """Paper and charts change together."""
    page = opened(color_scheme=scheme)
    script = """() => [
        getComputedStyle(document.body).backgroundColor,
        document.querySelector("[data-chart=scores] .xtitle").style.fill]"""

    before = page.evaluate(script)
    page.locator("#theme").click()
    after = page.evaluate(script)

    paper = ["rgb(255, 255, 255)", "rgb(19, 22, 25)"]
    assert [before[0], after[0]] == (paper if scheme == "light" else paper[::-1])
    assert before[1] != after[1]


def test_a_legend_entry_hides_and_shows_its_line(opened: Open) -> None:
    """It says whether it is pressed, and the chart follows."""
    page = opened()
    chart = page.locator("[data-chart=precision-recall]")
    entry = chart.get_by_role("button", name="lightgbm", exact=True)
    lines = chart.locator(".scatterlayer .trace")

    assert lines.count() == 4
    entry.click()
    assert (lines.count(), entry.get_attribute("aria-pressed")) == (3, "false")
    entry.click()
    assert (lines.count(), entry.get_attribute("aria-pressed")) == (4, "true")


def test_what_is_shown_has_its_legend_entry_in_sight(opened: Open) -> None:
    """The best rebalancing method may rank low: its entry is not folded away."""
    chart = opened().locator("[data-chart=calibration]")

    for entry in chart.locator(".legend button[aria-pressed=true]").all():
        assert entry.is_visible()


def test_the_menu_changes_the_measure(opened: Open) -> None:
    """The axis says what is shown."""
    chart = opened().locator("[data-chart=scores]")

    chart.locator("select").select_option("Brier score")

    assert chart.locator(".xtitle").text_content() == "Brier score (less is better)"


def test_the_whole_range_can_be_shown(opened: Open) -> None:
    """Arrows stand for far-off methods until their own marks are in view."""
    chart = opened().locator("[data-chart=scores]")
    far_off = chart.locator(".legend button", has_text="Far off")

    assert far_off.count() == 1
    chart.get_by_role("button", name="Whole range").click()
    assert far_off.count() == 0


def test_the_menus_change_the_matrices(opened: Open) -> None:
    """The counts of another method, which still add up to all rows."""
    slot = opened().locator("[data-slot='1']")
    before = slot.locator("td").all_inner_texts()

    slot.locator("select").select_option(label="near-miss-1")

    after = slot.locator("td").all_inner_texts()
    assert before != after
    counts = [int(t.split("\n")[0].replace(",", "")) for t in after if "%" in t]
    assert sum(counts) == 2 * 800


def test_nothing_sticks_out_of_the_page(opened: Open) -> None:
    """Wide tables scroll in their own frame; the page itself does not."""
    page = opened(viewport={"width": 1280, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")

    for width in (1280, 768, 380, 320):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_function(
            """width => document.documentElement.scrollWidth <= width
                && [...document.querySelectorAll(".plot .svg-container")].every(
                    plot => plot.getBoundingClientRect().right <= width)""",
            arg=width,
            timeout=5000,
        )


def test_the_print_is_light_and_fits_the_paper(opened: Open) -> None:
    """Before printing the charts take the width of the paper, and go back after."""
    page = opened(color_scheme="dark")
    widths = "[...document.querySelectorAll('.svg-container')].map(e => e.offsetWidth)"

    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    printed = page.evaluate(widths)
    theme = page.evaluate("document.documentElement.dataset.theme")
    page.evaluate("dispatchEvent(new Event('afterprint'))")

    assert set(printed) == {660}
    assert theme == "light"
    assert page.evaluate("document.documentElement.dataset.theme") is None
    assert page.evaluate(widths)[0] > 660


def test_text_stands_out_from_its_paper(opened: Open) -> None:
    """Contrast of at least 4.5 to 1 for words in either theme (WCAG AA)."""
    page = opened()
    script = """() => [...document.querySelectorAll(
        "p, dt, dd, th, td, button, summary, figcaption, h1, h2, label")].filter(
        e => e.offsetParent && e.innerText.trim() && !e.closest(".plot")).map(e => {
            const over = [];
            for (let at = e; at; at = at.parentElement)
                over.push(getComputedStyle(at).backgroundColor);
            const paper = over.find(c => c !== "rgba(0, 0, 0, 0)");
            return [getComputedStyle(e).color, paper, e.innerText.slice(0, 40)];
        })"""
    for _ in range(2):
        for ink, paper, text in page.evaluate(script):
            if "color(" not in ink + paper:  # the matrices' mixtures
                assert contrast(ink, paper) >= 4.5, (text, ink, paper)
        page.locator("#theme").click()


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as browsers write them."""

    def luminance(colour: str) -> float:
        parts = [int(n) / 255 for n in re.findall(r"\d+", colour)[:3]]
        red, green, blue = (
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
