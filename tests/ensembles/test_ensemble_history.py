"""Tests of an ensemble's history as arrays."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from trimtab import MESAClassifier, SelfPacedEnsembleClassifier
from trimtab.ensembles.ensemble_history import EnsembleHistory
from trimtab.ensembles.policies import GaussianPolicy
from trimtab.exceptions import InputError

TREE = DecisionTreeClassifier()
X, Y = make_classification(200, weights=[0.8], random_state=0)


def test_arrays_are_the_records() -> None:
    """Found inside a pipeline; μ begins with the second member."""
    policy = GaussianPolicy(0.7, ratio=2.0)
    mesa = MESAClassifier(TREE, 3, meta_sampler=policy, random_state=0)

    history = EnsembleHistory.of(make_pipeline(StandardScaler(), mesa).fit(X, Y))

    assert history.members.tolist() == [1, 2, 3]
    np.testing.assert_array_equal(history.mu, [np.nan, 0.7, 0.7])
    assert history.ratio.tolist() == [2.0] * 3
    assert history.held_out is not None
    assert history.train.shape == history.held_out.shape == (3, 2, 10)
    np.testing.assert_allclose(history.held_out.sum(axis=2), 1)
    assert history.bins[[0, 1, -1]].tolist() == [0.0, 0.1, 1.0]
    assert history.score.tolist() == [r["held_out_score"] for r in mesa.history_]
    assert (history.smallest, history.metric) == (1, "average_precision")


def test_without_held_out_rows_there_are_no_errors_of_them() -> None:
    """Nor a score; nor a μ where the policy has none."""
    history = EnsembleHistory.of(SelfPacedEnsembleClassifier(TREE, 3).fit(X, Y))

    assert history.held_out is None
    assert np.isnan(history.score).all()
    assert np.isnan(history.mu).all()


def test_a_metric_of_ones_own_has_its_name() -> None:
    """Whatever kind of callable it is."""

    def share_right(codes: np.ndarray, probabilities: np.ndarray) -> float:
        return float((probabilities.argmax(axis=1) == codes).mean())

    mesa = MESAClassifier(TREE, 2, metric=share_right).fit(X, Y)

    assert EnsembleHistory.of(mesa).metric == "share_right"


def test_other_estimators_are_refused_in_one_line() -> None:
    """Whether they keep no history or another one."""
    with pytest.raises(InputError, match="LogisticRegression has no history of mem"):
        EnsembleHistory.of(LogisticRegression())
