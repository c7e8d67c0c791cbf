"""Tests of the picture in code of how meta-training went."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from sklearn.datasets import make_classification
from sklearn.tree import DecisionTreeClassifier

from trimtab import MESAClassifier, MetaSampler, MetaTrainingDisplay
from trimtab.exceptions import InputError

EPISODES = {
    "step": [2, 4, 6, 8],
    "task": ["oil", "sea", "oil", "sea"],
    "score": [0.2, 0.8, 0.4, 0.6],
    "mu": [0.5, 0.5, 0.9, 0.7],
    "ratio": [1.0, 1.0, 1.0, 1.0],
}


@pytest.fixture(autouse=True)
def _no_screen() -> Iterator[None]:
    """Draw in memory, and close what was drawn."""
    matplotlib.use("agg")
    yield
    pyplot.close("all")


def test_a_line_is_the_mean_of_the_last_episodes_of_a_table() -> None:
    """Of those there are, at first."""
    display = MetaTrainingDisplay(EPISODES).plot(window=2)

    (oil, sea), (oil_mu, _) = display.lines_
    np.testing.assert_allclose(oil.get_xydata(), [[2, 0.2], [6, 0.3]])
    np.testing.assert_allclose(sea.get_xydata(), [[4, 0.8], [8, 0.7]])
    np.testing.assert_allclose(oil_mu.get_ydata(), [0.5, 0.7])
    one = MetaTrainingDisplay(EPISODES).plot(window=1, tasks=["sea"]).lines_
    np.testing.assert_allclose(one[0, 0].get_ydata(), [0.8, 0.6])


def test_evaluations_are_dots_of_their_tables_colour() -> None:
    """A table that is only learned on has none."""
    judged = [{"step": 4, "scores": {"oil": 0.3}}, {"step": 8, "scores": {"oil": 0.5}}]

    display = MetaTrainingDisplay(EPISODES, judged, random_steps=3).plot()

    dots = [line for line in display.axes_[0].lines if line.get_marker() == "o"]
    assert [dot.get_xydata().tolist() for dot in dots] == [[[4, 0.3], [8, 0.5]]]
    assert dots[0].get_color() == display.lines_[0, 0].get_color()
    dotted = [line for line in display.axes_[0].lines if line.get_linestyle() == ":"]
    assert dotted[0].get_xdata()[0] == 3


def test_a_ratio_that_changes_has_a_panel() -> None:
    """Below the score and the μ."""
    display = MetaTrainingDisplay(EPISODES | {"ratio": [1.0, 2.0, 3.0, 4.0]}).plot()

    assert [ax.get_ylabel() for ax in display.axes_][1:] == ["mean μ", "mean ratio"]


def test_what_cannot_be_drawn_is_said_in_one_line() -> None:
    """Nothing learned, an unknown table, a window of nothing, an axis too many."""
    X, y = make_classification(200, weights=[0.8], random_state=0)
    unlearned = MESAClassifier(DecisionTreeClassifier(), 2).fit(X, y)

    for estimator in (MetaSampler(), unlearned):
        with pytest.raises(InputError, match="has no meta-training to show"):
            MetaTrainingDisplay.from_estimator(estimator)
    with pytest.raises(InputError, match="no table 'sky': known are"):
        MetaTrainingDisplay(EPISODES).plot(tasks="sky")
    with pytest.raises(InputError, match="window is 0: give a whole number"):
        MetaTrainingDisplay(EPISODES).plot(window=0)
    with pytest.raises(InputError, match="axes holds 3: give 2"):
        MetaTrainingDisplay(EPISODES).plot(axes=pyplot.subplots(3)[1])


def test_a_meta_sampler_is_drawn_as_it_is_and_as_it_was_saved(tmp_path: Path) -> None:
    """And so is an ensemble that was fitted with it."""
    pytest.importorskip("stable_baselines3")
    X, y = make_classification(200, weights=[0.8], random_state=0)
    tree = DecisionTreeClassifier()
    sampler = MetaSampler(
        tree, n_estimators=3, random_steps=8, update_steps=4, evaluate_every=6
    ).fit({"made": (X, y)})
    path = sampler.save(tmp_path / "made.safetensors")
    mesa = MESAClassifier(tree, 3, meta_sampler=path).fit(X, y)

    shown: list[Any] = [
        MetaTrainingDisplay.from_estimator(one, window=1).lines_[0, 0].get_xydata()
        for one in (sampler, sampler.as_policy(), MetaSampler.load(path), mesa)
    ]

    assert shown[0][:, 0].tolist() == sampler.episodes_["step"]
    np.testing.assert_allclose(shown[0][:, 1], sampler.episodes_["score"])
    for other in shown[1:]:
        np.testing.assert_allclose(other, shown[0])
