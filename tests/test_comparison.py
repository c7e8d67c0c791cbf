"""`trimtab.compare`: the main job in Python."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import GaussianNB

import trimtab
from trimtab.art import ARTClassifier
from trimtab.benchmark.methods.controls import lightgbm_learner
from trimtab.benchmark.running.costs import MEASURED_COSTS
from trimtab.exceptions import InputError

QUICK = {"folds": 3, "n_jobs": 2, "tune_threshold": False}


@pytest.fixture(scope="module")
def table():
    """Make a binary table, one row in eight positive."""
    return make_classification(
        320, 6, n_informative=4, weights=[0.87], random_state=0, flip_y=0.02
    )


@pytest.fixture(scope="module")
def found(table):
    """Compare two of the user's own estimators with plain LightGBM."""
    own = {"bayes": GaussianNB(), "ridge-like": LogisticRegression()}
    return trimtab.compare(*table, methods=own, folds=3, n_jobs=2)


def test_scores_are_those_of_a_loop_by_hand(table, found):
    """Each fold's score is what scikit-learn says of the same fit on the same fold."""
    X, y = table
    folds = StratifiedKFold(3, shuffle=True, random_state=0).split(X, y)
    by_hand = [
        average_precision_score(
            y[test], GaussianNB().fit(X[train], y[train]).predict_proba(X[test])[:, 1]
        )
        for train, test in folds
    ]
    ours = found.results.query("method == 'bayes'")["average_precision"]
    np.testing.assert_allclose(ours, by_hand, rtol=1e-12)


def test_the_leaderboard_has_every_method_best_first(found):
    """Plain LightGBM is always among them."""
    board = found.leaderboard
    assert set(board["method"]) == {"lightgbm", "bayes", "ridge-like"}
    assert board["average_precision_mean"].is_monotonic_decreasing
    assert found.best_method_ == board["method"][0]


def test_the_best_estimator_is_fitted_on_all_rows(table, found):
    """It predicts the labels as the user has them."""
    X, y = table
    estimator = found.best_estimator_
    assert found.best_estimator_ is estimator
    assert estimator.predict_proba(X).shape == (len(y), 2)
    assert set(estimator.predict(X)) <= {0, 1}


def test_any_method_is_fitted_on_all_rows(table, found):
    """The advice may be another than the first; what was not compared is named."""
    X, _ = table
    expected = lightgbm_learner(0).fit(*table).predict_proba(X)
    given = found.fit_method("lightgbm").predict_proba(X)
    np.testing.assert_allclose(given, expected, atol=1e-12)
    with pytest.raises(InputError, match=r"'lightgmb' was compared: did .*'lightgbm'"):
        found.fit_method("lightgmb")


def test_the_report_is_written(found, tmp_path):
    """`save_report` writes the page, `save` all three files."""
    assert found.save_report(tmp_path / "page.html").stat().st_size > 10_000
    found.save(tmp_path / "all")
    names = sorted(path.name for path in (tmp_path / "all").iterdir())
    assert names == ["leaderboard.csv", "report.html", "results.csv"]


@pytest.mark.parametrize("name", ["leaderboard", "results"])
def test_a_table_that_cannot_be_written_is_named(found, tmp_path, name):
    """With what to do about it; the page is there all the same."""
    (tmp_path / f"{name}.csv").mkdir()
    with pytest.raises(InputError, match=rf"{name}\.csv' is a folder: .* move it away"):
        found.save(tmp_path)
    assert (tmp_path / "report.html").stat().st_size > 10_000
    assert not list(tmp_path.glob(".*"))


def test_the_same_seed_gives_the_same_results(table):
    """Two runs are equal to the last digit; another seed draws other folds."""
    plain = [
        trimtab.compare(*table, methods=["smote"], seed=seed, **QUICK).results.drop(
            columns=list(MEASURED_COSTS), errors="ignore"
        )
        for seed in (1, 1, 2)
    ]
    pd.testing.assert_frame_equal(plain[0], plain[1], check_exact=True)
    assert not plain[0].equals(plain[2])


def test_text_labels_and_a_named_class_of_interest(table):
    """The class of interest need not be the smallest."""
    X, y = table
    text = np.where(y == 1, "fraud", "fine")
    found = trimtab.compare(X, text, positive="fine", methods=[], **QUICK)
    assert found.evidence.labels.names == ["fine", "fraud"]
    assert found.evidence.labels.positive == 0
    assert found.leaderboard["average_precision_mean"][0] > 0.9
    assert set(found.best_estimator_.predict(X)) <= {"fine", "fraud"}


@pytest.mark.parametrize("kind", ["pandas", "polars", "sparse"])
def test_tables_of_every_kind(table, kind):
    """The same numbers in another container give nearly the same score."""
    X, y = table
    names = list("abcdef")
    other = {
        "pandas": lambda: pd.DataFrame(X, columns=names),
        "polars": lambda: pl.DataFrame(X, schema=names),
        "sparse": lambda: sparse.csr_array(X),
    }[kind]()
    methods = ["logistic-regression"]
    ours = trimtab.compare(other, y, methods=methods, **QUICK)
    plain = trimtab.compare(X, y, methods=methods, **QUICK)
    assert len(ours.failures) == 0
    np.testing.assert_allclose(
        ours.leaderboard["average_precision_mean"],
        plain.leaderboard["average_precision_mean"],
        atol=0.05,
    )


def test_three_classes():
    """More classes are compared by means over the classes, without a threshold."""
    X, y = make_classification(
        240,
        6,
        n_informative=5,
        n_redundant=0,
        n_classes=3,
        weights=[0.6, 0.3],
        random_state=0,
    )
    found = trimtab.compare(X, y, methods=["random-under-sampling"], folds=3, n_jobs=2)
    assert len(found.failures) == 0
    assert "tuned_macro_f1_mean" not in found.leaderboard
    assert found.results["threshold"].isna().all()


def test_a_failing_estimator_is_reported_and_stands_last(table):
    """The others are compared all the same."""

    class Broken(GaussianNB):
        def predict_proba(self, X):
            raise RuntimeError("out of order")

    found = trimtab.compare(*table, methods={"broken": Broken()}, **QUICK)
    assert list(found.failures["method"]) == ["broken"] * 3
    assert set(found.failures["reason"]) == {"RuntimeError: out of order"}
    assert list(found.leaderboard["method"]) == ["lightgbm", "broken"]


def test_results_of_another_table_are_not_taken(table, tmp_path):
    """One store serves many tables: a changed value is a changed table."""
    X, y = table
    store = f"sqlite:///{tmp_path}/store.sqlite"
    options = QUICK | {"methods": [], "store": store}
    assert trimtab.compare(X, y, **options).summary.run == 3
    assert trimtab.compare(X, y, **options).summary.run == 0
    changed = X.copy()
    changed[0, 0] += 1
    assert trimtab.compare(changed, y, **options).summary.run == 3


def test_results_of_another_estimator_of_the_same_name_are_not_taken(table, tmp_path):
    """A changed parameter of the user's estimator is another experiment."""
    store = f"sqlite:///{tmp_path}/store.sqlite"
    mine = LogisticRegression()
    options = QUICK | {"store": store}
    trimtab.compare(*table, methods={"mine": mine}, **options)
    again = trimtab.compare(*table, methods={"mine": clone(mine)}, **options)
    assert again.summary.run == 0
    other = mine.set_params(C=0.001)
    assert trimtab.compare(*table, methods={"mine": other}, **options).summary.run == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": [0, 1]}, "X has 320 rows and y has 2"),
        ({"y": "fraud"}, r"y is 'fraud': give the labels, X\['fraud'\]"),
        ({"methods": ["smoot"]}, "did you mean 'smote'"),
        ({"methods": {"ridge": RidgeClassifier()}}, "has no predict_proba"),
        ({"portfolio": "ful"}, "did you mean 'full'"),
        ({"metric": "f1"}, "no metric 'f1': known are .*minority_f1, .*tuned_mcc"),
        ({"positive": 7}, "no class 7"),
        ({"folds": 60}, "fewer than the 60"),
        ({"time_limit": 0}, "time_limit is 0: give seconds above 0, or None"),
        ({"time_limit": float("inf")}, "time_limit is inf"),
    ],
)
def test_bad_arguments_are_told_before_anything_runs(table, change, message):
    """Every error is one line that names the value and the cure."""
    X, y = table
    with pytest.raises(InputError, match=message) as caught:
        trimtab.compare(**({"X": X, "y": y} | change))
    assert "\n" not in str(caught.value)


def test_tuned_measures_need_two_classes_and_a_threshold(table):
    """Asking to rank by what will not be measured is an error."""
    with pytest.raises(InputError, match="needs tune_threshold"):
        trimtab.compare(*table, metric="tuned_mcc", tune_threshold=False)
    X, y = table
    y = y.copy()
    y[:40] = 2
    with pytest.raises(InputError, match="for two classes and there are 3"):
        trimtab.compare(X, y, metric="tuned_mcc")


@pytest.mark.parametrize("tune", [None, 3])
def test_precision_at_a_recall_needs_two_classes(table, tmp_path, tune):
    """Three classes are refused before a store is made, with what to use instead."""
    X, y = table
    y = y.copy()
    y[:40] = 2
    store = tmp_path / "store.sqlite"
    with pytest.raises(InputError, match="there are 3: use average_precision"):
        trimtab.compare(X, y, metric="precision_at_recall_50", tune=tune, store=store)
    assert not store.exists()


def test_what_art_drew_is_kept_with_the_results(table, tmp_path):
    """Of the first split, also where the results are read from a store."""
    own = {"mine": ARTClassifier(SGDClassifier(loss="log_loss"), max_iter=3)}
    options = {"methods": own, "store": tmp_path / "store.sqlite", **QUICK}
    first = trimtab.compare(*table, **options)
    again = trimtab.compare(*table, **options)
    assert again.summary.reused == 6
    for found in (first, again):
        (name, history), *others = found.evidence.histories.items()
        assert (name, others) == ("mine", [])
        assert history.rounds.tolist() == [1, 2, 3]
        assert history.columns == ["0", "1"]
    assert "What was drawn" in first.save_report(tmp_path / "page.html").read_text()


def test_the_best_method_of_a_tuned_comparison_is_tuned_on_all_rows(table):
    """By the same search, for the seed of the comparison."""
    from trimtab.benchmark.methods import get_method
    from trimtab.benchmark.running.fitting import MethodOnTable
    from trimtab.benchmark.running.search import tune
    from trimtab.benchmark.tuning import Tuning
    from trimtab.tables import encode_labels

    X, y = table
    result = trimtab.compare(X, y, methods=[], tune=4, metric="tuned_mcc",
                             folds=2, n_jobs=2)  # fmt: skip
    assert result.results["n_trials"].tolist() == [4.0, 4.0]
    assert result.evidence.tuning == Tuning(4, "mcc")
    on_all = MethodOnTable(get_method("lightgbm"), X, encode_labels(y))
    found = tune(on_all, np.arange(len(y)), Tuning(4, "mcc"), random_state=0)
    learner = result.best_estimator_.estimator_
    assert {k: learner.get_params()[k] for k in found.chosen} == found.chosen
