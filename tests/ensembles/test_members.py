"""Members: what they must predict, and how they are given weights."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import make_classification
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from trimtab import (
    InputError,
    SMOTEBoostClassifier,
    UnderBaggingClassifier,
)
from trimtab.ensembles.held_out_score import average_precision

X, Y = make_classification(200, 4, weights=[0.85], random_state=0)


class Says(ClassifierMixin, BaseEstimator):
    """A learner whose probabilities are wrong in one way."""

    def __init__(self, kind: str = "right") -> None:
        self.kind = kind

    def fit(self, X: Any, y: Any) -> "Says":
        """Learn nothing."""
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X: Any) -> Any:
        """Return what `kind` says."""
        half = np.full((len(X), 2), 0.5)
        ways = {
            "one column": half[:, :1],
            "three columns": np.full((len(X), 3), 1 / 3),
            "flat": half[:, 0],
            "a row less": half[1:],
            "a list": [half, half],
            "nothing": None,
            "scores": half * 4,
            "negative": np.tile([-0.5, 1.5], (len(X), 1)),
        }
        return ways[self.kind]


@pytest.mark.parametrize("kind", ["scores", "negative"])
@pytest.mark.parametrize("model", [UnderBaggingClassifier, SMOTEBoostClassifier])
def test_what_is_no_probability_is_refused(model: Any, kind: str) -> None:
    """An ensemble would draw by errors below 0 and above 1."""
    with pytest.raises(InputError, match="Says predicts probabilities from"):
        model(Says(kind), 2).fit(X, Y)


@pytest.mark.parametrize(
    "kind", ["one column", "three columns", "flat", "a row less", "a list", "nothing"]
)
@pytest.mark.parametrize("model", [UnderBaggingClassifier, SMOTEBoostClassifier])
def test_probabilities_have_a_row_each_and_a_column_a_class(
    model: Any, kind: str
) -> None:
    """One column alone would be taken for both classes."""
    with pytest.raises(InputError, match=r"of shape .* where \(200, 2\) is wanted"):
        model(Says(kind), 2).fit(X, Y)


def test_weights_reach_a_pipeline_with_and_without_routing() -> None:
    """With metadata routing a pipeline knows no step__sample_weight."""
    weight = np.random.default_rng(0).uniform(0.1, 5, 200)
    line = make_pipeline(StandardScaler(), LogisticRegression())
    model = UnderBaggingClassifier(line, 2, random_state=0)
    wanted = model.fit(X, Y, sample_weight=weight).predict_proba(X)
    with sklearn.config_context(enable_metadata_routing=True):
        line[-1].set_fit_request(sample_weight=True)
        line[0].set_fit_request(sample_weight=False)
        routed = model.fit(X, Y, sample_weight=weight).predict_proba(X)

    np.testing.assert_array_equal(routed, wanted)
    assert (model.fit(X, Y).predict_proba(X) != wanted).any()


def test_weights_reach_what_hands_them_on() -> None:
    """An ensemble of ours, or a vote, has them in ``**fit_params``."""
    weight = np.random.default_rng(0).uniform(0.1, 5, 200)
    for inner in (
        UnderBaggingClassifier(DecisionTreeClassifier(max_depth=2), 2),
        VotingClassifier(
            [("tree", DecisionTreeClassifier(max_depth=2))], voting="soft"
        ),
    ):
        model = UnderBaggingClassifier(inner, 2, random_state=0)
        plain = model.fit(X, Y).predict_proba(X)
        assert (model.fit(X, Y, sample_weight=weight).predict_proba(X) != plain).any()


def test_rows_without_weight_have_no_average_precision() -> None:
    """NaN, and no warning of a division by zero."""
    truth, scores = np.array([True, False]), np.array([0.9, 0.1])

    assert np.isnan(average_precision(truth, scores, np.array([0.0, 1.0])))


@pytest.mark.parametrize("value", [None, "good", [1, 2]])
def test_a_metric_returns_a_number(value: Any) -> None:
    """What it returned instead is named."""
    tree = DecisionTreeClassifier()
    model = UnderBaggingClassifier(
        tree, 2, metric=lambda codes, p: value, validation_fraction=0.3
    )

    with pytest.raises(InputError, match=r"metric returned .*: return one number"):
        model.fit(X, Y)


@pytest.mark.parametrize("n_jobs", [0, 1.5, "all"])
def test_n_jobs_is_checked_before_anything_is_fitted(n_jobs: Any) -> None:
    """Of joblib, 0 would be refused only in predict, or on large tables."""
    model = UnderBaggingClassifier(DecisionTreeClassifier(), 2, n_jobs=n_jobs)

    with pytest.raises(ValueError, match="'n_jobs' parameter"):
        model.fit(X, Y)
