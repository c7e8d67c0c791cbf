"""Samplers as pipeline steps, and the number of rows that were fitted."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pandas as pd
import pytest
from imblearn.ensemble import BalancedBaggingClassifier, BalancedRandomForestClassifier
from imblearn.over_sampling import ADASYN, SMOTE, RandomOverSampler
from imblearn.pipeline import make_pipeline
from imblearn.under_sampling import (
    EditedNearestNeighbours,
    NearMiss,
    RandomUnderSampler,
    TomekLinks,
)
from sklearn.base import BaseEstimator
from sklearn.ensemble import (
    BaggingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import TunedThresholdClassifierCV
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from trimtab.benchmark.methods.rows import (
    MadeRows,
    SelectedRows,
    down_to,
    fitted_rows,
    resample_seconds,
    up_to,
)
from trimtab.synthesis.cwgan import CWGANOverSampler

IDENTITY = FunctionTransformer()


def test_up_to_leaves_what_is_large_enough_or_too_small():
    """Classes grow to a share of the largest, unless one of the limits holds."""
    y = ["a"] * 10 + ["b"] * 8 + ["c"] * 2 + ["d"]

    assert up_to(y) == {"a": 10, "b": 10, "c": 10, "d": 10}
    assert up_to(y, ratio=0.5) == {"a": 10, "b": 8, "c": 5, "d": 5}
    assert up_to(y, fewest=2) == {"a": 10, "b": 10, "c": 10, "d": 1}
    # b would grow by 2 of 8 rows, a quarter.
    assert up_to(y, least=0.5) == {"a": 10, "b": 8, "c": 10, "d": 10}


def test_selected_rows_come_as_they_were():
    """What is selected by position keeps holes, categories and order of columns."""
    frame = pd.DataFrame({"x": [1.0, np.nan, 3.0, 4.0], "c": list("abca")})
    y = np.array(["n", "n", "n", "p"])
    step = SelectedRows(RandomUnderSampler(sampling_strategy=down_to, random_state=0))

    X, labels = step.fit_resample(frame, y)

    assert sorted(labels) == ["n", "p"]
    assert step.n_rows_ == 2
    pd.testing.assert_frame_equal(X, frame.loc[X.index])


def test_rows_are_judged_through_the_view():
    """Tomek links are found where the view puts rows, not where they stand."""
    X = np.array([[0.0], [1.0], [5.0], [5.5]])
    y = np.array([0, 0, 0, 1])
    mirrored = FunctionTransformer(lambda X: np.array([[5.4], [0.0], [0.1], [5.5]]))

    plain, _ = SelectedRows(TomekLinks(), IDENTITY).fit_resample(X, y)
    seen, _ = SelectedRows(TomekLinks(), mirrored).fit_resample(X, y)

    assert plain.ravel().tolist() == [0.0, 1.0, 5.5]
    assert seen.ravel().tolist() == [1.0, 5.0, 5.5]


def test_class_that_a_sampler_drops_is_kept():
    """Edited neighbours would drop the lone middle class altogether."""
    X = np.array([[0.0], [0.1], [0.2], [0.3], [0.15], [0.25], [9.0], [9.1]])
    y = np.array([0, 0, 0, 0, 1, 1, 2, 2])
    sampler = EditedNearestNeighbours(sampling_strategy=[1], n_neighbors=3)

    kept, labels = SelectedRows(sampler, IDENTITY).fit_resample(X, y)

    assert sorted(labels) == sorted(y)
    assert len(kept) == 8


@pytest.mark.parametrize("labels", [[0, 1], ["a", "b"], [False, True]])
def test_fewer_neighbours_for_a_small_class(labels):
    """SMOTE with 5 neighbours works on 3 rows, whatever their label is."""
    X = np.r_[np.zeros(20), [5.0, 6.0, 7.0]].reshape(-1, 1)
    y = np.array(labels).repeat([20, 3])

    made, y_made = MadeRows(SMOTE(random_state=0)).fit_resample(X, y)

    assert (y_made == labels[1]).sum() == 20
    assert made[y_made == labels[1]].min() >= 5
    assert y_made.dtype == y.dtype


def test_near_miss_with_a_single_rare_row():
    """NearMiss with 3 neighbours works on one row: it keeps the nearest other."""
    X = np.array([[0.0], [4.0], [9.0], [5.0]])
    step = SelectedRows(NearMiss(version=1), IDENTITY)

    kept, _ = step.fit_resample(X, np.array([0, 0, 0, 1]))

    assert sorted(kept.ravel()) == [4.0, 5.0]


def test_single_row_of_a_class_is_left_alone():
    """A class of one row has no neighbours; the others grow."""
    X = np.random.default_rng(0).normal(size=(14, 2))
    y = np.repeat([0, 1, 2], [9, 4, 1])

    def grow(y):
        return up_to(y, fewest=2)

    _, labels = MadeRows(SMOTE(sampling_strategy=grow)).fit_resample(X, y)

    assert np.bincount(labels).tolist() == [9, 9, 1]


def test_nothing_is_made_where_nothing_is_difficult():
    """ADASYN on classes far apart has nowhere to make rows, and changes nothing."""
    X = np.r_[np.linspace(0, 1, 30), np.linspace(90, 91, 8)].reshape(-1, 1)
    y = np.repeat([0, 1], [30, 8])
    step = MadeRows(ADASYN(random_state=0))

    made, labels = step.fit_resample(X, y)

    np.testing.assert_array_equal(made, X)
    np.testing.assert_array_equal(labels, y)
    assert step.n_rows_ == 38


class Purge(BaseEstimator):
    """Clean the rare class away, as SMOTE-ENN may where columns are many."""

    def fit_resample(self, X, y):
        """Return the rows of the second class."""
        return X[y == 1], y[y == 1]


def test_rows_stay_where_a_class_would_be_cleaned_away():
    """A learner of one class is of no use."""
    X = np.random.default_rng(0).normal(size=(10, 3))
    y = np.repeat([0, 1], [2, 8])
    step = MadeRows(Purge())
    rows, labels = step.fit_resample(X, y)

    np.testing.assert_array_equal(rows, X)
    np.testing.assert_array_equal(labels, y)
    assert step.n_rows_ == 10


def test_other_errors_of_a_sampler_are_raised():
    """Only "nothing to make" is taken for an answer."""
    X = np.full((10, 1), np.nan)

    with pytest.raises(ValueError, match="NaN"):
        MadeRows(SMOTE()).fit_resample(X, np.repeat([0, 1], [6, 4]))


N_USUAL, N_RARE = 40, 8
N_ALL = N_USUAL + N_RARE


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        (GaussianNB(), N_ALL),
        (make_pipeline(StandardScaler(), GaussianNB()), N_ALL),
        (
            make_pipeline(SelectedRows(RandomOverSampler(), IDENTITY), GaussianNB()),
            2 * N_USUAL,
        ),
        (make_pipeline(StandardScaler(), MadeRows(SMOTE()), GaussianNB()), 2 * N_USUAL),
        (make_pipeline(SMOTE(), GaussianNB()), 2 * N_USUAL),
        (make_pipeline(RandomOverSampler(), GaussianNB()), 2 * N_USUAL),
        (make_pipeline(RandomUnderSampler(), GaussianNB()), 2 * N_RARE),
        (make_pipeline(CWGANOverSampler(max_iter=2), GaussianNB()), 2 * N_USUAL),
        (RandomForestClassifier(7), 7 * N_ALL),
        (BaggingClassifier(GaussianNB(), 4, max_samples=0.5), 4 * N_ALL / 2),
        (BaggingClassifier(GaussianNB(), 4, max_samples=10), 40),
        (VotingClassifier([("a", GaussianNB()), ("b", GaussianNB())]), 2 * N_ALL),
        (TunedThresholdClassifierCV(LogisticRegression(), cv=2), N_ALL),
        (
            BalancedRandomForestClassifier(
                5, sampling_strategy="all", replacement=True, bootstrap=False
            ),
            5 * 2 * N_RARE,
        ),
        (BalancedBaggingClassifier(GaussianNB(), 3, bootstrap=False), 3 * 2 * N_RARE),
    ],
)
def test_fitted_rows_by_hand(estimator, expected):
    """Rows after resampling, added up over the members of an ensemble."""
    X = np.random.default_rng(0).normal(size=(N_ALL, 2))
    y = np.repeat([0, 1], [N_USUAL, N_RARE])

    assert fitted_rows(estimator.fit(X, y), N_ALL) == expected


@pytest.mark.parametrize(
    "attributes",
    [
        {"history_": [0.9, 0.8]},
        {"history_": [{"round": 1, "loss": 0.9}]},
        {"history_": [{"round": 1, "rows_per_class": "all"}]},
        {"samplers_": [RandomUnderSampler()]},
        {"samplers_": 3},
        {"estimators_": [None, "drop"], "max_samples": float("nan")},
        {"n_rows_": "many"},
        {"steps": 100},
    ],
    ids=str,
)
def test_what_a_users_classifier_keeps_by_our_names_does_no_harm(attributes):
    """Its rows are taken to be those it was given; no experiment fails for a count."""
    own = GaussianNB()
    vars(own).update(attributes)

    assert fitted_rows(own, 48) == 48
    assert resample_seconds(own) is None
