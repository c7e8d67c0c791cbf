"""Learners in rounds: going on is one fit, going back is exact, errors are clear."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import pytest
from lightgbm import LGBMClassifier
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from trimtab.exceptions import InputError
from trimtab.training.incremental import incremental_learner

X, Y = make_classification(
    300, n_features=6, n_informative=4, n_classes=3, weights=[0.6, 0.3], random_state=0
)


def xgboost(**parameters: Any) -> Any:
    """Give an XGBClassifier, where the library is there."""
    library = pytest.importorskip("xgboost", reason="needs: pip install xgboost")
    return library.XGBClassifier(n_jobs=1, **parameters)


GROWING = {
    "lightgbm": lambda: LGBMClassifier(n_estimators=7, n_jobs=1, verbose=-1),
    "xgboost": lambda: xgboost(n_estimators=7),
    "histogram": lambda: HistGradientBoostingClassifier(max_iter=7),
    "boosting": lambda: GradientBoostingClassifier(n_estimators=7),
    "forest": lambda: RandomForestClassifier(7),
    "extra-trees": lambda: ExtraTreesClassifier(7),
}
LEARNERS = {
    **GROWING,
    "sgd": lambda: SGDClassifier(loss="log_loss"),
    "mlp": lambda: MLPClassifier((8,)),
    "logistic": LogisticRegression,
}


@pytest.mark.parametrize("name", GROWING)
def test_growing_in_rounds_over_the_same_rows_is_one_fit(name: str) -> None:
    """Seven members in three rounds are the seven members of one fit."""
    estimator = GROWING[name]()
    learner = incremental_learner(estimator, n_classes=3, max_rounds=3, seed=5)
    for _ in range(learner.n_rounds):
        learner.learn(X, Y, None)
    at_once = clone(estimator).set_params(random_state=5).fit(X, Y)

    np.testing.assert_allclose(
        learner.model.predict_proba(X), at_once.predict_proba(X), atol=1e-6
    )


@pytest.mark.parametrize("name", LEARNERS)
def test_restoring_brings_back_what_was_kept(name: str) -> None:
    """The kept state predicts as it did, whatever was learned since."""
    learner = incremental_learner(LEARNERS[name](), n_classes=3, max_rounds=4, seed=0)
    learner.learn(X, Y, None)
    learner.keep()
    kept = learner.model.predict_proba(X)
    for start in (0, 100):
        rows = np.arange(start, start + 200)
        learner.learn(X[rows], Y[rows], None)
    went_on = learner.model.predict_proba(X)
    learner.restore()

    np.testing.assert_array_equal(learner.model.predict_proba(X), kept)
    assert not np.array_equal(went_on, kept)


@pytest.mark.parametrize("name", LEARNERS)
def test_estimator_of_the_user_stays_unfitted(name: str) -> None:
    """A learner is a clone; the estimator given is as it was."""
    estimator = LEARNERS[name]()
    before = estimator.get_params()
    incremental_learner(estimator, n_classes=3, max_rounds=2, seed=0).learn(X, Y, None)

    assert estimator.get_params() == before
    assert not hasattr(estimator, "classes_")


@pytest.mark.parametrize("name", sorted(LEARNERS.keys() - {"extra-trees"}))
def test_weights_of_rows_are_obeyed(name: str) -> None:
    """A class whose rows weigh next to nothing is predicted less.

    Not by extra trees: each is grown until it knows every row, whatever that weighs.
    """
    weight = np.where(Y == 0, 1e-3, 1.0)
    shares = []
    for given in (None, weight):
        learner = incremental_learner(
            LEARNERS[name](), n_classes=3, max_rounds=5, seed=0
        )
        for _ in range(learner.n_rounds):
            learner.learn(X, Y, given)
        shares.append(learner.model.predict_proba(X)[:, 0].mean())

    assert shares[1] < shares[0]


def test_histogram_boosting_reads_old_trees_with_old_bins() -> None:
    """A value that an old tree puts right stays right when other values are absent.

    After the first round 2 and 3 are of class 1. The second round lacks the value 1: in
    bins of its own, 2 would take the place of 1, which the first tree calls class 0.
    """
    estimator = HistGradientBoostingClassifier(
        max_iter=2, learning_rate=1.0, min_samples_leaf=1
    )
    learner = incremental_learner(estimator, n_classes=2, max_rounds=2, seed=0)
    for values in ([0, 1, 2, 3], [0, 2, 3]):
        x = np.repeat(values, 25).astype(float)
        learner.learn(x[:, np.newaxis], (x >= 2).astype(int), None)
    of_two, of_three = learner.model.predict_proba([[2.0], [3.0]])[:, 1]

    assert of_two == pytest.approx(of_three)
    assert len(learner.model._predictors) == 2


def test_histogram_boosting_refuses_columns_of_categories() -> None:
    """What scikit-learn would number anew in every round is not accepted."""
    pd = pytest.importorskip("pandas", reason="needs: pip install pandas")
    frame = pd.DataFrame({"kind": pd.Categorical(["a", "b"] * 20), "x": range(40)})
    learner = incremental_learner(
        HistGradientBoostingClassifier(), n_classes=2, max_rounds=2, seed=0
    )

    with pytest.raises(InputError, match=r"encode them ahead.*LGBMClassifier"):
        learner.learn(frame, np.arange(40) % 2, None)


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (KNeighborsClassifier(), "KNeighborsClassifier cannot be fitted in rounds"),
        (DecisionTreeClassifier(), "neither partial_fit nor warm_start"),
        (
            make_pipeline(StandardScaler(), LogisticRegression()),
            r"put the preparation ahead, as in make_pipeline\(StandardScaler\(\), ART",
        ),
        (SGDClassifier(), "predicts no probabilities.*loss='log_loss'"),
        (SGDClassifier, "give an unfitted classifier"),
        ("forest", "estimator is 'forest': give an unfitted classifier"),
        (RandomForestClassifier(0), "is to have 0 members"),
    ],
)
def test_learner_that_cannot_go_on_is_refused(estimator: Any, message: str) -> None:
    """The error says what is missing and what to take instead."""
    with pytest.raises(InputError, match=message):
        incremental_learner(estimator, n_classes=2, max_rounds=2, seed=0)


def test_fewer_members_than_rounds_make_fewer_rounds() -> None:
    """Three trees grow in three rounds, however many are allowed."""
    learner = incremental_learner(
        RandomForestClassifier(3), n_classes=3, max_rounds=50, seed=0
    )

    assert learner.n_rounds == 3
