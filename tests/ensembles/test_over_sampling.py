"""SMOTEBoost, RAMOBoost and SMOTEBagging as users meet them."""

# SPDX-License-Identifier: BSD-3-Clause

import pickle
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from trimtab import (
    InputError,
    RAMOBoostClassifier,
    SMOTEBaggingClassifier,
    SMOTEBoostClassifier,
)
from trimtab.ensembles import boosting
from trimtab.ensembles.pseudo_loss import (
    first_mistakes,
    parent_weights,
    pseudo_loss,
    reweighed,
)

X, CODES = make_classification(
    300, n_informative=4, n_classes=3, weights=[0.7, 0.2], random_state=0
)
NAMES = np.array(["common", "rare", "seldom"])
COUNTS = np.bincount(CODES)
X_TWO, Y_TWO = make_classification(300, weights=[0.9], flip_y=0.02, random_state=0)
ALL = [
    SMOTEBoostClassifier(n_estimators=3, random_state=0),
    RAMOBoostClassifier(n_estimators=3, random_state=0),
    SMOTEBaggingClassifier(n_estimators=3, random_state=0),
]
each = pytest.mark.parametrize("model", ALL, ids=lambda model: type(model).__name__)


class Recorder(ClassifierMixin, BaseEstimator):
    """Remember what it was fitted on; it predicts as a stump does."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "Recorder":
        self.X_, self.y_, self.weight_ = X, y, sample_weight
        self.stump_ = DecisionTreeClassifier(max_depth=1).fit(X, y, sample_weight)
        self.classes_ = self.stump_.classes_
        return self

    def predict_proba(self, X: Any) -> Any:
        return self.stump_.predict_proba(X)


class Unweighted(Recorder):
    """The same without weights."""

    def fit(self, X: Any, y: Any) -> "Unweighted":
        super().fit(X, y)
        return self


def test_smoteboost_against_the_plain_algorithm():
    """Votes, losses and probabilities are those of M2 on the members as they are."""
    model = SMOTEBoostClassifier(
        DecisionTreeClassifier(max_depth=2), n_new_rows=20, random_state=0
    ).fit(X, NAMES[CODES])
    weights, votes = first_mistakes(CODES, 3), np.zeros((len(X), 3))
    for member, record in zip(model.estimators_, model.history_, strict=True):
        h = member.predict_proba(X)
        loss = pseudo_loss(weights, h, CODES)
        assert record["pseudo_loss"] == pytest.approx(loss)
        assert record["vote"] == pytest.approx(np.log((1 - loss) / loss))
        weights = reweighed(weights, h, CODES, loss / (1 - loss))
        votes += record["vote"] * h

    np.testing.assert_allclose(
        model.predict_proba(X), votes / model.estimator_weights_.sum()
    )
    assert (model.predict(X) == NAMES[votes.argmax(axis=1)]).all()


def test_members_get_weights_and_new_rows_for_one_round():
    """Original rows weigh D_t, made rows one row each, and none is met again."""
    model = SMOTEBoostClassifier(
        Recorder(), n_estimators=3, n_new_rows=30, random_state=0
    ).fit(X, CODES)
    n, made = len(X), []
    weights = first_mistakes(CODES, 3)
    for member in model.estimators_:
        assert len(member.X_) == n + 30 + 30
        np.testing.assert_array_equal(member.X_[:n], X)
        assert np.bincount(member.y_[n:]).tolist() == [0, 30, 30]
        np.testing.assert_allclose(member.weight_[:n], n * weights.sum(axis=1))
        assert (member.weight_[n:] == 1).all()
        made.append(member.X_[n:])
        h = member.predict_proba(X)
        loss = pseudo_loss(weights, h, CODES)
        weights = reweighed(weights, h, CODES, loss / (1 - loss))
    assert not np.isin(made[1], made[0]).any()


def test_learner_without_weights_gets_drawn_rows():
    """In the second round rows of little weight come less often."""
    model = SMOTEBoostClassifier(
        Unweighted(), n_estimators=2, n_new_rows=30, random_state=0
    ).fit(X_TWO, Y_TWO)
    first, second = model.estimators_
    n = len(X_TWO)
    assert len(second.X_) == n + 30
    h = first.predict_proba(X_TWO)
    weights = first_mistakes(Y_TWO, 2)
    loss = pseudo_loss(weights, h, Y_TWO)
    expected = reweighed(weights, h, Y_TWO, loss / (1 - loss)).sum(axis=1)
    times = Counter(map(tuple, second.X_[:n].tolist()))
    drawn = np.array([times[row] for row in map(tuple, X_TWO.tolist())])

    assert drawn.sum() == n
    heavy = expected > np.median(expected)
    assert drawn[heavy].sum() / n == pytest.approx(expected[heavy].sum(), abs=0.1)


def test_no_class_grows_beyond_the_largest():
    """The number of new rows is that asked for, or what there is room for."""
    model = SMOTEBoostClassifier(n_estimators=1, n_new_rows=180, random_state=0)
    room = COUNTS.max() - COUNTS

    record = model.fit(X, CODES).history_[0]

    assert record["new_rows_per_class"].tolist() == np.minimum(room, 180).tolist()
    assert record["rows_per_class"].tolist() == [
        n + min(gap, 180) for n, gap in zip(COUNTS, room, strict=True)
    ]


def test_ramoboost_starts_from_rows_among_others():
    """With a steep alpha new rows lie near the rare rows that others surround."""
    rng = np.random.default_rng(0)
    lone = rng.normal([9, 0], 0.1, size=(10, 2))  # no foreign neighbour
    amid = rng.normal([0, 0], 0.1, size=(10, 2))  # foreign neighbours alone
    table = np.vstack([rng.normal(0, 0.1, size=(200, 2)), lone, amid])
    codes = np.repeat([0, 1], [200, 20])
    model = RAMOBoostClassifier(
        Recorder(),
        n_estimators=1,
        n_new_rows=150,
        k_neighbors_2=5,
        alpha=20,
        random_state=0,
    ).fit(table, codes)

    new = model.estimators_[0].X_[220:]

    # 1 to 1/2 for as many rows of each kind.
    assert (new[:, 0] < 4).mean() == pytest.approx(2 / 3, abs=0.1)


def test_ramoboost_prefers_the_rows_that_weigh_in_the_boosting(monkeypatch):
    """In each round parents are weighed by D_t of the rare rows themselves."""
    given: list[Any] = []

    def spy(row_weights: Any, *others: Any) -> Any:
        given.append(row_weights)
        return parent_weights(row_weights, *others)

    monkeypatch.setattr(boosting, "parent_weights", spy)
    tree = DecisionTreeClassifier(max_depth=2)
    model = RAMOBoostClassifier(tree, 3, random_state=0).fit(X_TWO, Y_TWO)
    weights = first_mistakes(Y_TWO, 2)
    for member, of_rare in zip(model.estimators_, given, strict=True):
        np.testing.assert_allclose(of_rare, weights.sum(axis=1)[Y_TWO == 1])
        h = member.predict_proba(X_TWO)
        loss = pseudo_loss(weights, h, Y_TWO)
        weights = reweighed(weights, h, Y_TWO, loss / (1 - loss))
    assert np.ptp(given[1]) > 0


def test_bags_are_mixed_as_the_paper_says():
    """Bag after bag 10 %, 20 %, ... of the rare rows are old; all classes are equal."""
    model = SMOTEBaggingClassifier(Recorder(), 12, random_state=0).fit(X, CODES)
    largest = COUNTS.max()
    rates = [record["rate"] for record in model.history_]
    assert rates == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 0.1, 0.2]

    for member, record in zip(model.estimators_, model.history_, strict=True):
        assert np.bincount(member.y_).tolist() == [largest] * 3
        for code in range(3):
            rows = member.X_[member.y_ == code]
            is_old = np.isin(rows[:, 0], X[code == CODES, 0])
            expected = largest if code == 0 else round(record["rate"] * largest)
            assert is_old.sum() == expected
            assert record["new_rows_per_class"][code] == largest - expected
            # A bootstrap: some rows come twice, others not at all.
            assert len(np.unique(rows[is_old, 0])) < expected


def test_bags_do_not_depend_on_threads():
    """The same seed gives the same probabilities on one thread and on three."""
    one, three = (
        SMOTEBaggingClassifier(n_estimators=5, n_jobs=n_jobs, random_state=0)
        .fit(X, CODES)
        .predict_proba(X)
        for n_jobs in (1, 3)
    )

    np.testing.assert_array_equal(one, three)


@each
def test_seed_decides(model):
    """A clone repeats itself; another seed gives something else."""
    first = model.fit(X, CODES).predict_proba(X)
    again = clone(model).fit(X, CODES).predict_proba(X)
    other = clone(model).set_params(random_state=1).fit(X, CODES).predict_proba(X)

    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@each
def test_stages_lead_to_the_whole(model):
    """There is one stage for each member; the last is what is predicted."""
    model.fit(X, NAMES[CODES])
    stages = list(model.staged_predict_proba(X))

    assert len(stages) == len(model.estimators_) == len(model.history_)
    np.testing.assert_array_equal(stages[-1], model.predict_proba(X))
    np.testing.assert_allclose(stages[0], model.estimators_[0].predict_proba(X))
    np.testing.assert_allclose(np.sum(stages, axis=2), 1)


@each
@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_tables_and_pickles(model, frame):
    """Data frames of numbers are as good as arrays, and what is fitted travels."""
    columns = {f"c{i}": X[:, i] for i in range(X.shape[1])}
    from_frame = model.fit(frame(columns), NAMES[CODES])
    copy = pickle.loads(pickle.dumps(from_frame))

    assert copy.feature_names_in_.tolist() == list(columns)
    np.testing.assert_array_equal(
        copy.predict_proba(frame(columns)),
        clone(model).fit(X, NAMES[CODES]).predict_proba(X),
    )


@each
def test_holes_and_text_are_refused(model):
    """One line names the column, or the text, and the cure."""
    frame = pd.DataFrame({"age": [1.0, np.nan, 3.0, 4.0], "b": [1, 2, 3, 4]})
    text = pd.DataFrame({"b": [1, 2, 3, 4], "job": ["cook", "cook", "smith", "nurse"]})
    y = [0, 0, 0, 1]

    with pytest.raises(InputError, match=r"'age' of X holds NaN in 1 of 4 .*Imputer"):
        clone(model).fit(frame, y)
    with pytest.raises(InputError, match=r"column 'age' of X holds infinite"):
        clone(model).fit(frame.fillna(np.inf), y)
    with pytest.raises(InputError, match=r"not all numbers .*'cook'.* OneHotEncoder"):
        clone(model).fit(text, y)


@each
def test_learner_without_probabilities_is_refused(model):
    """It is said at once, and what was fitted before stays."""
    fitted = clone(model).fit(X, CODES)
    before = fitted.predict_proba(X)

    with pytest.raises(InputError, match="LinearSVC predicts no probabilities"):
        fitted.set_params(estimator=LinearSVC()).fit(X, CODES)
    np.testing.assert_array_equal(fitted.predict_proba(X), before)


class FailsLater(DecisionTreeClassifier):
    """Raise where the rows have rare ones made from others."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        raise RuntimeError("out of luck")


@each
def test_member_that_raises_is_named(model):
    """The error is the member's own, with a note, and nothing is half fitted."""
    failing = clone(model).set_params(estimator=FailsLater())

    with pytest.raises(RuntimeError, match="out of luck") as caught:
        failing.fit(X, CODES)
    assert any("raised by member 1" in note for note in caught.value.__notes__)
    assert not hasattr(failing, "classes_")


@each
def test_rare_class_of_one_row(model):
    """A single rare row is repeated, with a warning that names its class."""
    y = np.array(["a"] * 20 + ["b"])
    table = np.random.default_rng(0).normal(size=(21, 2))
    table[20] = 9

    with pytest.warns(UserWarning, match="class 'b' has 1 row"):
        fitted = clone(model).fit(table, y)

    assert fitted.predict(table[20:]).tolist() == ["b"]


@each
def test_equal_classes_need_no_new_rows(model):
    """Without a rare class nothing is made."""
    y = np.arange(300) % 2
    fitted = clone(model).fit(X + y[:, None], y)

    assert all(record["new_rows_per_class"].sum() == 0 for record in fitted.history_)


def test_boosting_ends_where_a_member_guesses():
    """On labels without sense the first stump stays, with a warning."""
    table = np.zeros((20, 1))
    y = np.arange(20) % 2

    with pytest.warns(UserWarning, match="first member's pseudo-loss is 0.500"):
        model = SMOTEBoostClassifier(random_state=0).fit(table, y)

    assert len(model.estimators_) == 1
    np.testing.assert_allclose(model.predict_proba(table), 0.5)


def test_boosting_goes_on_past_perfect_members():
    """A full tree has no pseudo-loss; votes are finite and equal."""
    model = SMOTEBoostClassifier(
        DecisionTreeClassifier(), n_estimators=4, random_state=0
    ).fit(X_TWO, Y_TWO)

    assert len(model.estimators_) == 4
    assert np.isfinite(model.estimator_weights_).all()
    assert np.ptp(model.estimator_weights_) == 0


@pytest.mark.parametrize("learner", [KNeighborsClassifier(), LogisticRegression()])
@each
def test_other_learners(model, learner):
    """Any learner with probabilities will do, with weights or without."""
    fitted = clone(model).set_params(estimator=learner).fit(X_TWO, Y_TWO)
    ranked = fitted.predict_proba(X_TWO)[:, 1]

    assert average_precision_score(Y_TWO, ranked) > 0.5


@pytest.mark.data
def test_rare_rows_of_mammography_are_found(data_home):
    """SMOTEBoost over ten trees is well above bagging on balanced draws."""
    with np.load(data_home / "imblearn27" / "mammography.npz") as file:
        table, y = file["X"], file["y"] == 1
    folds = StratifiedKFold(4, shuffle=True, random_state=0)

    scores = cross_val_score(
        SMOTEBoostClassifier(random_state=0),
        table,
        y,
        cv=folds,
        scoring="average_precision",
    )

    assert scores.mean() > 0.65  # 0.70 was seen; balanced draws: 0.46


@pytest.mark.parametrize(
    "kind", [SMOTEBoostClassifier, RAMOBoostClassifier, SMOTEBaggingClassifier]
)
def test_class_weights_of_a_learner_go_by_label(kind):
    """Members are given codes: weights by code 0 and by label 2 are the same here."""
    by_code, by_label = (
        kind(
            DecisionTreeClassifier(max_depth=2, class_weight={label: 50.0}),
            n_estimators=2,
            random_state=0,
        ).fit(X, CODES + shift)
        for label, shift in ((0, 0), (2, 2))
    )
    plain = kind(DecisionTreeClassifier(max_depth=2), n_estimators=2, random_state=0)

    found = by_label.predict_proba(X)
    np.testing.assert_array_equal(found, by_code.predict_proba(X))
    assert found[:, 0].mean() > plain.fit(X, CODES).predict_proba(X)[:, 0].mean()
