"""Tests of the chart of ART's draw, and of what is said about it."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import ArrayLike

from tests.report.sample_evidence import FEW, HOSTILE, Made, make_evidence
from trimtab.benchmark.evidence import Evidence
from trimtab.benchmark.history import History
from trimtab.report.charts.draw_chart import draw_chart, tell_of_draw
from trimtab.report.charts.figures import Chart
from trimtab.report.page.comparison_page import render_page

ART = (Made("art", "learned"), Made("art-lightgbm", "learned", skill=2.0))


def made_history(
    drawn: ArrayLike,
    prior: list[float],
    names: tuple[str, ...] = ("no", "yes"),
    n_replicas: int = 4,
) -> History:
    """Return the history of a draw whose F1 rises evenly from 0.2 to 0.8."""
    shares = np.array(drawn, dtype=float)
    n_epochs, n_classes = shares.shape
    f1 = np.repeat(np.linspace(0.2, 0.8, n_epochs)[:, None], n_classes, axis=1)
    facts = {
        "prior": prior,
        "kept": n_epochs - 1.0,
        "n_replicas": n_replicas,
        "n_classes": n_classes,
    }
    series = {"drawn": shares, "f1": f1}
    return History("draw", np.arange(1, n_epochs + 1), series, list(names), facts)


MOVED = made_history([[0.7, 0.3], [0.6, 0.4], [0.55, 0.45]], [0.9, 0.1])
STILL = made_history([[0.7, 0.3]] * 3, [0.9, 0.1])


def evidence_of(**histories: History) -> Evidence:
    """Return evidence with ART's histories, `_` in names standing for `-`."""
    named = {name.replace("_", "-"): value for name, value in histories.items()}
    return make_evidence(methods=[*FEW, *ART], histories=named)


def chart_of(evidence: Evidence) -> Chart:
    """Return the chart, which must be there."""
    chart = draw_chart(evidence)
    assert chart is not None
    return chart


def test_without_art_there_is_no_chart_and_no_word() -> None:
    """Nor for histories of another kind."""
    evidence = evidence_of()
    other = evidence_of(art=replace(MOVED, kind="errors"))

    assert draw_chart(evidence) is None
    assert draw_chart(other) is None
    assert "What was drawn" not in render_page(evidence)


def test_shares_stand_above_the_f1_on_one_axis_of_epochs() -> None:
    """Each class has a line in either panel, and its share of the rows, dashed."""
    figure = chart_of(evidence_of(art=MOVED)).figure

    of_yes = [trace for trace in figure.data if trace.meta["label"] == "yes"]
    drawn, prior, f1 = of_yes
    assert list(drawn.y) == [0.3, 0.4, 0.45]
    assert (list(prior.y), prior.line.dash) == ([0.1, 0.1], "dash")
    assert (list(f1.y), f1.yaxis) == ([0.2, 0.5, 0.8], "y2")
    assert len({trace.line.color for trace in of_yes}) == 1
    assert figure.layout.yaxis.domain[0] > figure.layout.yaxis2.domain[1]
    assert figure.layout.xaxis.anchor == "y2"
    assert figure.layout.xaxis.title.text == "Epoch"
    (kept,) = {trace.x[0] for trace in figure.data if "kept" in trace.name}
    assert kept == 2


def test_what_is_seen_is_said_in_plain_words() -> None:
    """Which class, from what share to what share, and how its F1 went."""
    note = chart_of(evidence_of(art=MOVED)).note

    assert note.startswith(
        "“yes” was drawn the furthest beyond its share of the rows: it is 10.0 % of "
        "them, was 30.0 % of the first draw and 45.0 % of the last, while its F1 went "
        "from 0.200 to 0.800."
    )
    assert "the mean of 4 runs" in note
    assert "classes 2 are here" not in note


def test_what_decides_the_draw_is_said_of_each_method() -> None:
    """ART follows the F1; a draw that learns from the rows does not."""
    learned = replace(MOVED, facts={**MOVED.facts, "follows_f1": False})
    art = chart_of(evidence_of(art=MOVED)).note
    both = chart_of(evidence_of(art=MOVED, art_lightgbm=learned)).note
    alone = chart_of(evidence_of(art=learned)).note

    follows = "which decides the next draw{}: the worse a class is recognised, the more"
    learns = "learns what to draw from the training rows. All of the first split"
    assert follows.format("") in art
    assert "training rows. All" not in art
    assert follows.format(" of art") in both
    assert f"art-lightgbm {learns}" in both
    assert "decides" not in alone
    assert f"held out of training. art {learns}" in alone


@pytest.mark.parametrize(
    ("drawn", "prior", "told"),
    [
        (
            [[0.7, 0.3]] * 3,
            [0.9, 0.1],
            "The draw hardly moved: “yes” is 10.0 % of the rows and was 30.0 % of "
            "every draw.",
        ),
        (
            [[0.7, 0.3], [0.69, 0.31]],
            [0.9, 0.1],
            "The draw hardly moved: “yes” is 10.0 % of the rows and was 30.0 % of the "
            "first draw and 31.0 % of the last.",
        ),
        (
            [[0.9, 0.1]] * 3,
            [0.9, 0.1],
            "Classes were drawn by their share of the rows throughout.",
        ),
    ],
)
def test_a_draw_that_stands_still_is_said_to(
    drawn: ArrayLike, prior: list[float], told: str
) -> None:
    """A change by less than a tenth of a share is none."""
    assert tell_of_draw(made_history(drawn, prior)) == told


def test_of_several_classes_the_one_that_gave_up_the_most_is_named() -> None:
    """Beside the one that was drawn more."""
    drawn = [[0.5, 0.3, 0.2], [0.3, 0.3, 0.4]]
    history = made_history(drawn, [0.6, 0.35, 0.05], ("bus", "car", "van"))

    told = tell_of_draw(history)

    assert told.startswith("“van” was drawn the furthest beyond")
    assert told.endswith("“bus” gave up the most, from 50.0 % to 30.0 %.")


def test_several_methods_share_a_menu_those_that_moved_first() -> None:
    """The note tells of the first, and whether the others moved."""
    chart = chart_of(evidence_of(art=STILL, art_lightgbm=MOVED))

    menu = list(dict.fromkeys(trace.meta["choice"] for trace in chart.figure.data))
    shown = {trace.meta["choice"] for trace in chart.figure.data if trace.visible}
    assert (chart.choice, menu) == ("Method", ["art-lightgbm", "art"])
    assert shown == {"art-lightgbm"}
    assert chart.note.startswith("art-lightgbm: “yes” was drawn")
    assert "That of art hardly did." in chart.note


def test_of_many_classes_a_few_are_shown_at_first() -> None:
    """The one of interest and six that moved; the others wait in the legend."""
    start = np.full(12, 1 / 12)
    change = np.linspace(-0.05, 0.05, 12)
    names = tuple(f"class {letter}" for letter in "abcdefghijkl")
    history = made_history([start, start + change], start.tolist(), names)
    history = replace(history, facts=history.facts | {"n_classes": 30})
    rows = tuple(range(60, 0, -5))
    evidence = make_evidence(
        methods=[*FEW, *ART],
        class_rows=rows,
        class_names=names,
        histories={"art": history},
    )

    chart = chart_of(evidence)

    shown = {t.meta["label"] for t in chart.figure.data if t.visible is True}
    assert {"class l", "class a", "class k", "class b"} <= shown
    assert "class f" not in shown
    assert len(shown - {"Epoch that was kept"}) == 7
    assert "Of 30 classes 12 are here: “class l” and those" in chart.note


def test_the_table_holds_the_numbers_of_every_class() -> None:
    """Share of the rows, first and last draw, F1 at first, when kept and at last."""
    table = chart_of(evidence_of(art=MOVED)).table

    assert table["Class"].tolist() == ["no", "yes"]
    of_yes = table.iloc[1].tolist()[2:]
    np.testing.assert_allclose(of_yes, [0.1, 0.3, 0.45, 0.2, 0.5, 0.8])


def test_markup_in_a_class_name_stays_text() -> None:
    """In the chart plotly shows it as it is; on the page it is escaped."""
    name = f"yes{HOSTILE}"
    history = made_history([[0.7, 0.3], [0.5, 0.5]], [0.9, 0.1], ("no", name))
    evidence = make_evidence(
        methods=[*FEW, *ART], histories={f"art{HOSTILE}": history}, hostile=True
    )

    page = render_page(evidence)

    assert "<script>alert" not in page
    names = {trace.name for trace in chart_of(evidence).figure.data}
    assert not any("<" in text for text in names)
