"""Tests of the picture in code of what an ensemble drew."""

# SPDX-License-Identifier: BSD-3-Clause

import sys
from collections.abc import Iterator
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from trimtab import (
    EnsembleHistoryDisplay,
    MESAClassifier,
    SelfPacedEnsembleClassifier,
)
from trimtab.ensembles.policies import GaussianPolicy, RandomPolicy
from trimtab.ensembles.round import Round
from trimtab.exceptions import InputError, MissingExtraError

TREE = DecisionTreeClassifier()


def labelled(n_classes: int) -> tuple[Any, Any]:
    """Return rows of so many classes, the last one the smallest."""
    weights = np.linspace(2, 1, n_classes)
    X, y = make_classification(
        400,
        n_informative=5,
        n_classes=n_classes,
        n_clusters_per_class=1,
        weights=weights / weights.sum(),
        random_state=0,
    )
    return X, np.array(["bus", "car", "ship", "tram", "van", "zeppelin"])[y]


@pytest.fixture(scope="module")
def fitted() -> Any:
    """Give MESA behind a scaler, with a μ that moves."""
    mesa = MESAClassifier(TREE, 4, meta_sampler=RandomPolicy(), random_state=0)
    return make_pipeline(StandardScaler(), mesa).fit(*labelled(2))


@pytest.fixture(autouse=True)
def _no_screen() -> Iterator[None]:
    """Draw in memory, and close what was drawn."""
    matplotlib.use("agg")
    yield
    pyplot.close("all")


def test_maps_and_lines_are_the_history_of_the_estimator(fitted: Any) -> None:
    """Errors on held-out rows, μ over the state it was decided in, the score."""
    display = EnsembleHistoryDisplay.from_estimator(fitted)

    records = fitted[-1].history_
    shares = np.array([record["held_out_histogram"] for record in records])
    assert [ax.get_ylabel() for ax in display.axes_] == [
        "error of bus",
        "error of car",
        "held-out\naverage precision",
    ]
    for code, image in enumerate(display.images_):
        np.testing.assert_allclose(image.get_array(), shares[:, code].T)
    (mu,) = display.mu_lines_
    assert mu.axes is display.axes_[0]
    assert mu.get_xdata().tolist() == [1, 2, 3]
    np.testing.assert_allclose(mu.get_ydata(), [r["mu"] for r in records[1:]])
    scores = [record["held_out_score"] for record in records]
    assert display.score_line_ is not None
    np.testing.assert_allclose(display.score_line_.get_ydata(), scores)
    assert display.ratio_line_ is None


def test_without_held_out_rows_errors_are_those_of_training_rows() -> None:
    """There is neither a score nor, under this policy, a μ."""
    spe = SelfPacedEnsembleClassifier(TREE, 3, random_state=0).fit(*labelled(2))

    display = EnsembleHistoryDisplay.from_estimator(spe)

    assert len(display.axes_) == 2
    assert (display.mu_lines_, display.score_line_) == ([], None)
    first = [record["train_histogram"][0] for record in spe.history_]
    np.testing.assert_allclose(display.images_[0].get_array(), np.transpose(first))


def test_a_ratio_that_changes_has_a_panel() -> None:
    """Over the state that it was decided in, as μ is."""

    class MoreEachTime:
        def select(self, round: Round) -> Any:
            round.notes["ratio"] = ratio = 1.0 + round.number / 4
            return round.draw(ratio=ratio)

    mesa = MESAClassifier(TREE, 3, meta_sampler=MoreEachTime()).fit(*labelled(2))

    display = EnsembleHistoryDisplay.from_estimator(mesa)

    assert len(display.axes_) == 4
    assert display.ratio_line_ is not None
    assert display.ratio_line_.get_xydata().tolist() == [[1, 1.25], [2, 1.5]]


def test_it_draws_some_classes_where_it_is_told(fitted: Any) -> None:
    """On the user's own axes, with the user's own style, of training rows."""
    figure, axes = pyplot.subplots(1, 2)

    display = EnsembleHistoryDisplay.from_estimator(
        fitted,
        axes=axes,
        classes=["car"],
        rows="train",
        image_kw={"cmap": "viridis"},
        line_kw={"linewidth": 5},
    )

    assert display.figure_ is figure
    assert list(display.axes_) == list(axes)
    assert display.images_[0].get_cmap().name == "viridis"
    assert display.score_line_ is not None
    assert display.score_line_.get_linewidth() == 5
    assert display.mu_lines_ == []  # all rows of the smallest class are drawn
    train = [record["train_histogram"][1] for record in fitted[-1].history_]
    np.testing.assert_allclose(display.images_[0].get_array(), np.transpose(train))


def test_of_many_classes_the_smallest_and_the_worst_are_drawn() -> None:
    """Four of six; μ on all but the smallest."""
    X, y = labelled(6)
    display = EnsembleHistoryDisplay.from_estimator(
        MESAClassifier(TREE, 3, meta_sampler=GaussianPolicy(1.0), random_state=0).fit(
            X, y
        )
    )

    history = display.history
    assert history.held_out is not None
    errors = dict(
        zip(
            history.classes.tolist(),
            history.held_out[-1] @ np.linspace(0.05, 0.95, 10),
            strict=True,
        )
    )
    smallest = history.classes[history.smallest]
    drawn = [ax.get_ylabel().removeprefix("error of ") for ax in display.axes_[:-1]]
    others = [name for name in errors if name != smallest]
    by_error = sorted(others, key=lambda name: -errors[name])
    assert drawn == sorted([smallest, *by_error[:3]])
    assert len(display.mu_lines_) == 3


def test_what_cannot_be_drawn_is_said_in_one_line(fitted: Any) -> None:
    """No history, an unknown class, rows that are not there, an axis too few."""
    draw = EnsembleHistoryDisplay.from_estimator
    bagging = SelfPacedEnsembleClassifier(TREE, 2).fit(*labelled(2))

    with pytest.raises(InputError, match="has no history of members"):
        draw(LogisticRegression())
    with pytest.raises(InputError, match="no class 'tram': known are"):
        draw(fitted, classes=["tram"])
    with pytest.raises(InputError, match="rows is 'test': give 'held_out' or 'train'"):
        draw(fitted, rows="test")
    with pytest.raises(InputError, match="no rows were held out: give rows='train'"):
        draw(bagging, rows="held_out")
    with pytest.raises(InputError, match="axes holds 1: give 3"):
        draw(fitted, axes=pyplot.subplots()[1])


def test_without_matplotlib_the_extra_is_named(
    fitted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for every library that an extra brings."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    with pytest.raises(MissingExtraError, match="pip install 'trimtab"):
        EnsembleHistoryDisplay.from_estimator(fitted)
