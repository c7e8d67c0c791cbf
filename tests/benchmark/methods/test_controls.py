"""The controls: each is what its description says."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMClassifier
from sklearn.metrics import f1_score

from tests.benchmark import small_tables
from trimtab.benchmark.methods import TableInfo, get_method
from trimtab.benchmark.methods.controls import CodedLabels


def _scores(name, table, **parameters):
    fitted = table.fit(get_method(name), **parameters)
    return fitted.predict_proba(table.X_test)


def test_lightgbm_is_as_it_comes():
    """The baseline gives what the library gives with a seed and nothing else."""
    table = small_tables.numbers()
    own = LGBMClassifier(random_state=0, verbosity=-1, n_jobs=1)

    expected = own.fit(table.X, table.y).predict_proba(table.X_test)

    np.testing.assert_allclose(_scores("lightgbm", table), expected)


def test_frame_of_numbers_is_fitted_like_the_array():
    """A DataFrame costs nothing in accuracy: the same trees are grown."""
    table = small_tables.numbers()
    frames = small_tables.SmallTable(
        pd.DataFrame(table.X), table.y, pd.DataFrame(table.X_test), table.y_test
    )

    np.testing.assert_array_equal(
        _scores("lightgbm", frames), _scores("lightgbm", table)
    )


@pytest.mark.parametrize("name", ["lightgbm", "random-forest", "logistic-regression"])
def test_class_weights_change_the_probabilities(name):
    """Weighted learners are others; logistic regression's rare class gains clearly."""
    table = small_tables.numbers(distance=1)

    plain, weighted = _scores(name, table), _scores(f"{name}-class-weight", table)

    assert np.abs(weighted - plain).max() > 0.01
    if name == "logistic-regression":
        assert weighted[:, 1].mean() > 1.5 * plain[:, 1].mean()


def test_tuned_threshold_changes_decisions_not_probabilities():
    """Probabilities are plain LightGBM's; its threshold is clearly better than 1/2."""
    table = small_tables.numbers((400, 40), distance=2)
    tuned = table.fit(get_method("lightgbm-tuned-threshold"))

    scores = tuned.predict_proba(table.X_test)

    np.testing.assert_array_equal(scores, _scores("lightgbm", table))
    decided = scores[:, 1] >= tuned.best_threshold_
    np.testing.assert_array_equal(tuned.predict(table.X_test), decided)
    macro_f1 = f1_score(table.y_test, decided, average="macro")
    assert tuned.scoring == "f1_macro"
    at_a_half = f1_score(table.y_test, scores[:, 1] >= 0.5, average="macro")
    assert macro_f1 > at_a_half + 0.02


def test_tuned_threshold_with_three_rare_rows():
    """There are not more folds than rare rows, and no warning says so."""
    table = small_tables.numbers((300, 4))

    fitted = table.fit(get_method("lightgbm-tuned-threshold"))

    assert min(table.info.class_counts) == fitted.cv.n_splits == 3


def test_bagged_lightgbm_is_the_mean_of_ten():
    """The ensemble's probabilities are its members' on average."""
    table = small_tables.numbers()
    fitted = table.fit(get_method("bagged-lightgbm"))

    members = [m.predict_proba(table.X_test) for m in fitted.estimators_]

    assert len(members) == 10
    assert len({m[:, 1].tobytes() for m in members}) == 10
    np.testing.assert_allclose(
        fitted.predict_proba(table.X_test), np.mean(members, axis=0)
    )


@pytest.mark.parametrize("labels", [["b", "c", "a"], [10, 20, -3], [True, False]])
def test_coded_labels_gives_labels_back(labels):
    """A learner of 0, 1, ... serves labels of any type, in sorted order."""
    table = small_tables.numbers((96, 48, 24)[: len(labels)])
    y = np.array(labels)[table.y]

    wrapped = CodedLabels(LGBMClassifier(verbosity=-1, n_jobs=1)).fit(table.X, y)

    assert wrapped.classes_.tolist() == sorted(labels)
    assert (wrapped.predict(table.X) == y).mean() > 0.95


def test_reasons_to_skip():
    """A method that cannot be used says why, in words for users."""
    three, holes = small_tables.numbers((96, 48, 24)), small_tables.sparse_numbers()
    reason = get_method("lightgbm-tuned-threshold").reason_to_skip

    assert reason(three.info) == "one threshold cannot divide 3 classes"
    assert reason(TableInfo((80, 19), 1)) == (
        "99 rows are too few: 100 or more leave enough for an inner cross-validation"
    )
    assert reason(holes.info) is None
    reason = get_method("hist-gradient-boosting").reason_to_skip
    assert reason(holes.info) == "it takes no sparse matrix"
    assert reason(three.info) is None


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "bagged-lightgbm"])
def test_terminal_stays_quiet(name, capfd):
    """Libraries written in C++ print nothing, even where there is little to learn."""
    table = small_tables.mixed()
    constant = table.X[["empty", "on"]].assign(on=1)
    few = small_tables.SmallTable(constant, table.y, constant, table.y)

    _scores(name, few)
    _scores(name, table)

    assert capfd.readouterr() == ("", "")
