"""Tests of the history of a draw: means over replicas, and where it is looked for."""

# SPDX-License-Identifier: BSD-3-Clause

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from trimtab import ARTClassifier
from trimtab.exceptions import InputError
from trimtab.sampling.draw_history import DrawHistory, innermost


def record(epoch: int, replica: int, drawn: float, f1: float) -> dict[str, Any]:
    """Return a record of two classes."""
    return {
        "epoch": epoch,
        "replica": replica,
        "class_probabilities": np.array([1 - drawn, drawn]),
        "class_f1": np.array([0.9, f1]),
    }


def fitted(records: Any) -> Any:
    """Return what looks like a fitted ART of two classes."""
    return SimpleNamespace(
        history_=records,
        classes_=np.array(["no", "yes"]),
        class_prior_=np.array([0.9, 0.1]),
        best_iter_=np.array([2, 1, 4]),
    )


def test_values_are_means_over_the_replicas_that_still_train() -> None:
    """Of three replicas one trains on alone: two of three are enough, one is not."""
    history = DrawHistory.of(
        fitted(
            [
                *(record(1, i, 0.3, f1) for i, f1 in enumerate((0.0, 0.3, 0.6))),
                record(2, 0, 0.4, 0.5),
                record(2, 2, 0.6, 0.7),
                record(3, 2, 0.9, 0.9),
            ]
        )
    )

    assert history.epochs.tolist() == [1, 2]
    np.testing.assert_allclose(history.drawn[:, 1], [0.3, 0.5])
    np.testing.assert_allclose(history.f1[:, 1], [0.3, 0.6])
    assert history.classes.tolist() == ["no", "yes"]
    assert (history.best_epoch, history.n_replicas) == (2.0, 3)


def test_it_is_found_inside_pipelines_and_searches() -> None:
    """The same numbers wherever the fitted ART stands."""
    X, y = make_classification(200, weights=[0.8], random_state=0)
    art = ARTClassifier(SGDClassifier(loss="log_loss"), max_iter=3, random_state=0)
    pipeline = make_pipeline(StandardScaler(), art)
    search = GridSearchCV(pipeline, {"artclassifier__prior_blend": [0.5]}, cv=2)

    alone = DrawHistory.of(art.fit(StandardScaler().fit_transform(X), y))
    inside = DrawHistory.of(search.fit(X, y))

    np.testing.assert_array_equal(alone.drawn, inside.drawn)
    np.testing.assert_array_equal(alone.f1, inside.f1)
    np.testing.assert_allclose(alone.prior, [0.8, 0.2], atol=0.03)


@pytest.mark.parametrize(
    "records", [None, [], [{"epoch": 1}], [record(1, 0, 0.3, 0.5) | {"class_f1": [1]}]]
)
def test_what_is_no_history_of_draws_is_refused(records: Any) -> None:
    """One line says what to give."""
    with pytest.raises(InputError, match="no history of draws: give a fitted ART"):
        DrawHistory.of(fitted(records))


def test_an_estimator_without_any_history_is_named() -> None:
    """A plain classifier in a pipeline is named, not the pipeline."""
    with pytest.raises(InputError, match="LogisticRegression has no history"):
        DrawHistory.of(make_pipeline(StandardScaler(), LogisticRegression()))


def test_a_number_of_steps_is_no_pipeline() -> None:
    """A user's classifier may call anything its steps."""
    model = DummyClassifier()
    model.steps = 100
    assert innermost(model) is model
