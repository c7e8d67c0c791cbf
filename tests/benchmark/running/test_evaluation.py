"""One experiment, in this process."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import FixedThresholdClassifier, StratifiedKFold
from sklearn.pipeline import make_pipeline

from trimtab.benchmark.experiment import Experiment
from trimtab.benchmark.messages import Phase
from trimtab.benchmark.methods import Method, TableInfo, get_method
from trimtab.benchmark.protocol import Protocol
from trimtab.benchmark.running.evaluation import evaluate, threshold_rows
from trimtab.metrics import find_measure
from trimtab.tables import encode_labels


@pytest.fixture(scope="module")
def table():
    """Make a table of 600 rows, one in four positive."""
    return make_classification(
        600,
        5,
        n_informative=3,
        weights=[0.8],
        flip_y=0.2,
        class_sep=0.5,
        random_state=0,
    )


def _evaluate(table, method, positive=1, tune_threshold=False, **options):
    X, y = table
    protocol = Protocol(3, tune_threshold=tune_threshold)
    experiment = Experiment("t", method.name, protocol, 0, 0)
    return evaluate(
        experiment, method, X, encode_labels(y, positive=positive), **options
    )


@pytest.mark.parametrize("positive", [0, 1])
def test_a_method_that_tunes_its_threshold_decides_by_it(table, positive):
    """The scores are those of scikit-learn's own predictions, whatever is positive."""
    X, y = table
    method = get_method("lightgbm-tuned-threshold")
    outcome = _evaluate(table, method, positive)
    folds = StratifiedKFold(3, shuffle=True, random_state=0).split(X, y)
    training, test = next(folds)
    info = TableInfo(tuple(np.bincount(y[training])), positive)
    predicted = method.build(info, 0).fit(X[training], y[training]).predict(X[test])
    expected = f1_score(y[test], predicted, average="macro")
    assert outcome.measures["macro_f1"] == pytest.approx(expected)
    plain = _evaluate(table, get_method("lightgbm"), positive)
    assert plain.measures["macro_f1"] != outcome.measures["macro_f1"]


def test_the_training_rows_are_measured_where_that_is_wanted(table):
    """As scikit-learn scores the fitted model there; the test rows' scores stay."""
    X, y = table
    method = get_method("logistic-regression")
    outcomes = []
    for wanted in (False, True):
        protocol = Protocol(3, on_training_rows=wanted)
        experiment = Experiment("t", method.name, protocol, 0, 0)
        outcomes.append(evaluate(experiment, method, X, encode_labels(y)).measures)
    plain, more = outcomes
    training, _ = next(StratifiedKFold(3, shuffle=True, random_state=0).split(X, y))
    model = method.build(TableInfo(tuple(np.bincount(y[training])), 1), 0)
    expected = model.fit(X[training], y[training]).score(X[training], y[training])

    assert more["train_accuracy"] == pytest.approx(expected)
    assert more["macro_f1"] == plain["macro_f1"]
    assert not any(name.startswith("train_") for name in plain)
    measure = find_measure("train_accuracy")
    assert measure is not None
    assert measure.title == "Accuracy on the training rows"
    assert find_measure("train_nothing") is None
    assert protocol.as_dict() != Protocol(3).as_dict()


def test_the_training_rows_are_called_by_the_methods_own_decision(table):
    """A method that calls everything above 0.2 does so there too."""
    X, y = table
    mine = FixedThresholdClassifier(LogisticRegression(), threshold=0.2)
    method = Method("m", "Fixed.", "own", lambda info, seed: clone(mine))
    protocol = Protocol(3, on_training_rows=True)
    experiment = Experiment("t", "m", protocol, 0, 0)
    measures = evaluate(experiment, method, X, encode_labels(y)).measures
    training, _ = next(StratifiedKFold(3, shuffle=True, random_state=0).split(X, y))
    model = mine.fit(X[training], y[training])
    plain = model.estimator_.score(X[training], y[training])

    expected = model.score(X[training], y[training])
    assert measures["train_accuracy"] == pytest.approx(expected)
    assert plain != pytest.approx(expected)


def test_a_threshold_is_chosen_on_training_rows_alone():
    """The rows for it are a fifth of the training rows and of each class of theirs."""
    y = np.arange(90) % 3 == 0
    training = np.arange(30, 90)
    kept, held = threshold_rows(encode_labels(y), training, 0)

    assert sorted([*kept, *held]) == training.tolist()
    assert (len(held), y[held].sum()) == (12, 4)


def test_the_tuned_threshold_sees_no_test_row(table):
    """It is chosen by a fit on four fifths of the training rows, on the last fifth."""
    seen: list[int] = []

    class Recorder:
        classes_ = np.array([0, 1])

        def fit(self, X, y):
            seen.append(len(X))
            return self

        def predict_proba(self, X):
            seen.append(len(X))
            positive = 1 / (1 + np.exp(-X[:, 0]))
            return np.column_stack([1 - positive, positive])

        def predict(self, X):
            return self.classes_[(X[:, 0] > 0).astype(int)]

    phases: list[Phase] = []
    method = Method("m", "Records.", "own", lambda info, seed: Recorder())
    outcome = _evaluate(table, method, tune_threshold=True, announce=phases.append)
    assert [phase.name for phase in phases] == ["threshold", "fit", "predict"]
    training, test = 400, 200
    assert seen[0] + seen[1] == training
    assert seen[1] == pytest.approx(training / 5, abs=1)
    assert seen[2:] == [training, test]
    assert 0 < outcome.threshold < 1


def test_a_class_that_was_never_learned_has_probability_0():
    """A method that drops a class is measured on all of them."""

    class TwoOfThree:
        classes_ = np.array([0, 2])

        def fit(self, X, y):
            return self

        def predict_proba(self, X):
            return np.tile([0.25, 0.75], (len(X), 1))

        def predict(self, X):
            return np.full(len(X), 2)

    y = np.repeat([0, 1, 2], [30, 12, 9])
    method = Method("m", "Forgets.", "own", lambda info, seed: TwoOfThree())
    outcome = _evaluate((np.zeros((51, 2)), y), method)
    assert outcome.scores.shape == (17, 3)
    assert set(outcome.scores[:, 1]) == {0.0}


def test_probabilities_that_are_none_are_an_error(table):
    """NaN is not measured as if it were a number."""

    class Broken:
        classes_ = np.array([0, 1])

        def fit(self, X, y):
            return self

        def predict_proba(self, X):
            return np.full((len(X), 2), np.nan)

    method = Method("m", "Broken.", "own", lambda info, seed: Broken())
    with pytest.raises(ValueError, match="not finite"):
        _evaluate(table, method)


def test_a_users_estimator_decides_as_it_does_and_gets_the_users_labels():
    """A threshold inside a pipeline counts, and class weights may name the labels."""
    X, y = make_classification(600, 5, weights=[0.8], flip_y=0.2, random_state=0)
    text = np.where(y == 1, "fraud", "ok")
    weights = {"fraud": 3, "ok": 1}
    mine = make_pipeline(
        FixedThresholdClassifier(
            LogisticRegression(class_weight=weights), threshold=0.8, pos_label="ok"
        )
    )
    method = Method("m", "Fixed.", "own", lambda info, seed: clone(mine))
    outcome = _evaluate((X, text), method, positive="fraud")
    folds = StratifiedKFold(3, shuffle=True, random_state=0).split(X, y)
    training, test = next(folds)
    predicted = mine.fit(X[training], text[training]).predict(X[test])
    assert outcome.measures["macro_f1"] == pytest.approx(
        f1_score(text[test], predicted, average="macro")
    )
    assert outcome.measures["own_threshold"] == pytest.approx(0.2, abs=0.02)


def test_an_own_threshold_lies_midway_between_the_calls():
    """Called from 0.3 on: 0.1 and 0.25 are not, 0.4 and 0.9 are, so it is 0.325."""

    class Eager:
        classes_ = np.array([0, 1])

        def fit(self, X, y):
            return self

        def predict_proba(self, X):
            return np.column_stack([1 - X[:, 0], X[:, 0]])

        def predict(self, X):
            return (X[:, 0] >= 0.3).astype(int)

    X, y = np.tile([0.1, 0.25, 0.4, 0.9], 30)[:, None], np.arange(120) % 2
    method = Method("m", "Eager.", "own", lambda info, seed: Eager())
    outcome = _evaluate((X, y), method)
    assert outcome.measures["own_threshold"] == pytest.approx(0.325)
