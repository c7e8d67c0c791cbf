"""Tests of the picture in code of how ART's draw moved."""

# SPDX-License-Identifier: BSD-3-Clause

import sys
from collections.abc import Iterator
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from trimtab import ARTClassifier, DrawHistoryDisplay
from trimtab.exceptions import InputError, MissingExtraError
from trimtab.sampling.draw_history import DrawHistory


@pytest.fixture(scope="module")
def fitted() -> Any:
    """Give ART behind a scaler, on three classes."""
    X, y = make_classification(
        300, n_informative=5, n_classes=3, weights=[0.6, 0.3], random_state=0
    )
    labels = np.array(["bus", "car", "van"])[y]
    learner = SGDClassifier(loss="log_loss")
    art = ARTClassifier(learner, max_iter=4, random_state=0)
    return make_pipeline(StandardScaler(), art).fit(X, labels)


@pytest.fixture(autouse=True)
def _no_screen() -> Iterator[None]:
    """Draw in memory, and close what was drawn."""
    matplotlib.use("agg")
    yield
    pyplot.close("all")


def test_lines_are_the_history_of_the_estimator(fitted: Any) -> None:
    """Shares above, F1 below, a line a class in one colour, and the prior dashed."""
    display = DrawHistoryDisplay.from_estimator(fitted)

    records = fitted[-1].history_
    drawn = np.array([record["class_probabilities"] for record in records])
    f1 = np.array([record["class_f1"] for record in records])
    assert display.lines_.shape == (2, 3)
    for code, (share, score) in enumerate(display.lines_.T):
        np.testing.assert_allclose(share.get_ydata(), drawn[:, code])
        np.testing.assert_allclose(score.get_ydata(), f1[:, code])
        assert share.get_color() == score.get_color()
    dashed = [line for line in display.axes_[0].lines if line.get_linestyle() == "--"]
    priors = [line.get_ydata()[0] for line in dashed]
    np.testing.assert_allclose(priors, fitted[-1].class_prior_)
    legend = display.axes_[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["bus", "car", "van"]


def test_it_draws_some_classes_where_it_is_told(fitted: Any) -> None:
    """On the user's own axes, with the user's own style."""
    figure, axes = pyplot.subplots(1, 2)

    display = DrawHistoryDisplay.from_estimator(
        fitted, axes=axes, classes=["van"], line_kw={"linewidth": 5}
    )

    assert display.figure_ is figure
    assert list(display.axes_) == list(axes)
    assert display.lines_.shape == (2, 1)
    assert display.lines_[0, 0].get_linewidth() == 5


def test_of_many_classes_those_are_drawn_that_moved() -> None:
    """Twelve of thirty, the last one among them, whose share moved the furthest."""
    drawn = np.linspace(0, 0.01, 30) * np.arange(5)[:, None]
    history = DrawHistory(
        np.arange(1, 6), drawn, drawn, np.arange(30), drawn[0], 5.0, 1
    )

    lines = DrawHistoryDisplay(history).plot().lines_

    assert [line.get_label() for line in lines[0]] == [str(i) for i in range(18, 30)]


def test_what_cannot_be_drawn_is_said_in_one_line(fitted: Any) -> None:
    """An estimator without a history, a class that is not there, one axis too few."""
    with pytest.raises(InputError, match="has no history of draws"):
        DrawHistoryDisplay.from_estimator(LogisticRegression())
    with pytest.raises(InputError, match="no class 'tram': known are"):
        DrawHistoryDisplay.from_estimator(fitted, classes=["tram"])
    with pytest.raises(InputError, match="axes holds 1: give two"):
        DrawHistoryDisplay.from_estimator(fitted, axes=pyplot.subplots()[1])


def test_without_matplotlib_the_extra_is_named(
    fitted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for every library that an extra brings."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    with pytest.raises(MissingExtraError, match="pip install 'trimtab"):
        DrawHistoryDisplay.from_estimator(fitted)
