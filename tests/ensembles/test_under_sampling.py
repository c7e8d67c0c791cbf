"""Under-sampling ensembles as users meet them: labels, tables, weights, mistakes."""

# SPDX-License-Identifier: BSD-3-Clause

import pickle
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from lightgbm import LGBMClassifier
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_classification
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, balanced_accuracy_score
from sklearn.model_selection import (
    StratifiedKFold,
    cross_val_score,
    train_test_split,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from trimtab import (
    BalanceCascadeClassifier,
    InputError,
    SelfPacedEnsembleClassifier,
    UnderBaggingClassifier,
    UnderSamplingEnsembleClassifier,
    datasets,
)
from trimtab.ensembles import members
from trimtab.ensembles.policies import POLICIES, GaussianPolicy
from trimtab.ensembles.round import Round

NAMES = np.array(["common", "rare", "seldom"])
X, CODES = make_classification(
    1200,
    n_features=8,
    n_informative=5,
    n_classes=3,
    n_clusters_per_class=1,
    weights=[0.8, 0.08],
    class_sep=1.2,
    random_state=3,
)
Y = NAMES[CODES]
X_TRAIN, X_TEST, Y_TRAIN, Y_TEST = train_test_split(X, Y, stratify=Y, random_state=0)


def ensemble(policy: Any = "uniform", **parameters: Any) -> Any:
    """Give an ensemble of five trees."""
    options = {
        "estimator": DecisionTreeClassifier(max_depth=5),
        "n_estimators": 5,
        "random_state": 0,
        **parameters,
    }
    return UnderSamplingEnsembleClassifier(policy=policy, **options)


LEARNERS = {
    "default": None,
    "tree": DecisionTreeClassifier(),
    "lightgbm": LGBMClassifier(n_estimators=20, n_jobs=1, verbose=-1),
    "neighbours": KNeighborsClassifier(),
    "bayes": GaussianNB(),
    "pipeline": make_pipeline(StandardScaler(), LogisticRegression()),
}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("learner", LEARNERS)
def test_every_learner_under_every_policy(learner: str, policy: str) -> None:
    """Text labels of three classes are predicted far better than by chance, 1/3."""
    model = ensemble(policy, estimator=LEARNERS[learner]).fit(X_TRAIN, Y_TRAIN)
    probabilities = model.predict_proba(X_TEST)

    assert balanced_accuracy_score(Y_TEST, model.predict(X_TEST)) > 0.6
    assert model.classes_.tolist() == NAMES.tolist()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


@pytest.mark.parametrize(
    ("named", "policy"),
    [
        (UnderBaggingClassifier, "uniform"),
        (SelfPacedEnsembleClassifier, "self-paced"),
        (BalanceCascadeClassifier, "cascade"),
    ],
)
def test_named_ensembles_are_the_loop_under_their_policy(
    named: Any, policy: str
) -> None:
    """They predict what the general class does."""
    same = named(DecisionTreeClassifier(max_depth=5), 5, random_state=0)
    same.fit(X_TRAIN, Y_TRAIN)
    general = ensemble(policy).fit(X_TRAIN, Y_TRAIN)

    np.testing.assert_array_equal(
        same.predict_proba(X_TEST), general.predict_proba(X_TEST)
    )


def test_stages_are_means_over_the_first_members() -> None:
    """The last stage is the prediction."""
    model = ensemble("self-paced").fit(X_TRAIN, Y_TRAIN)
    stages = list(model.staged_predict_proba(X_TEST))
    each = [member.predict_proba(X_TEST) for member in model.estimators_]

    for number, stage in enumerate(stages, start=1):
        np.testing.assert_allclose(stage, np.mean(each[:number], axis=0))
    np.testing.assert_array_equal(stages[-1], model.predict_proba(X_TEST))


def test_history_says_what_was_drawn_and_measured() -> None:
    """A record a member; the last score is that of the ensemble on held-out rows."""
    model = ensemble(GaussianPolicy(0.8, sigma=0.3, ratio=2))
    model.fit(X_TRAIN, Y_TRAIN, eval_set=(X_TEST, Y_TEST))
    history = model.history_
    smallest = np.unique(Y_TRAIN, return_counts=True)[1].min()

    assert [record["round"] for record in history] == [1, 2, 3, 4, 5]
    assert all(record["rows_per_class"].max() == 2 * smallest for record in history)
    decided = {(r["mu"], r["sigma"], r["ratio"]) for r in history[1:]}
    assert decided == {(0.8, 0.3, 2.0)}
    assert "mu" not in history[0]  # whose rows are drawn at random
    assert history[0]["ratio"] == 2.0
    wanted = average_precision_score(
        np.eye(3)[np.searchsorted(NAMES, Y_TEST)], model.predict_proba(X_TEST)
    )
    assert history[-1]["held_out_score"] == pytest.approx(wanted)
    assert history[-1]["train_histogram"].shape == (3, 10)
    np.testing.assert_allclose(history[-1]["held_out_histogram"].sum(axis=1), 1)


def test_held_out_part_is_not_drawn() -> None:
    """With a quarter held out, the smallest class gives three quarters to each draw."""
    model = ensemble(validation_fraction=0.25).fit(X_TRAIN, Y_TRAIN)
    smallest = np.unique(Y_TRAIN, return_counts=True)[1].min()

    assert model.history_[0]["rows_per_class"].max() == round(0.75 * smallest)
    assert 0 < model.history_[-1]["held_out_score"] < 1


def test_without_held_out_rows_there_is_no_score() -> None:
    """Every row may be drawn, and the history says nothing of held-out rows."""
    record = ensemble().fit(X_TRAIN, Y_TRAIN).history_[-1]

    assert np.isnan(record["held_out_score"])
    assert not record["held_out_histogram"].any()


@pytest.mark.parametrize("learner", ["default", "tree", "pipeline"])
def test_results_do_not_depend_on_n_jobs(
    learner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bit-equal with one thread, two, and all, blocks of a large table included."""
    monkeypatch.setattr(members, "BLOCK_ROWS", 100)
    models = [
        ensemble("self-paced", estimator=LEARNERS[learner], n_jobs=n_jobs).fit(
            X_TRAIN, Y_TRAIN
        )
        for n_jobs in (None, 2, -1)
    ]
    first, *others = [model.predict_proba(X_TEST) for model in models]

    for other in others:
        np.testing.assert_array_equal(first, other)


def test_threads_know_the_configuration_of_scikit_learn() -> None:
    """A pipeline that hands frames on does so whatever `n_jobs` is."""
    frame = pd.DataFrame(X_TRAIN[:, :2], columns=["a", "b"])
    scaled = make_column_transformer((StandardScaler(), ["a"]))
    learner = make_pipeline(SimpleImputer(), scaled, DecisionTreeClassifier())
    with sklearn.config_context(transform_output="pandas"):
        one, two = (
            UnderBaggingClassifier(learner, 3, n_jobs=n_jobs, random_state=0)
            .fit(frame, Y_TRAIN)
            .predict_proba(frame)
            for n_jobs in (1, 2)
        )

    np.testing.assert_array_equal(one, two)


def test_one_random_state_decides_everything() -> None:
    """Two fits are bit-equal, their histories too; another seed gives another."""
    tree = DecisionTreeClassifier(max_features=2)
    models = [
        ensemble("random", estimator=tree, random_state=seed).fit(X_TRAIN, Y_TRAIN)
        for seed in (0, 0, 1)
    ]
    first, same, other = (model.predict_proba(X_TEST) for model in models)

    np.testing.assert_array_equal(first, same)
    np.testing.assert_equal(models[0].history_, models[1].history_)
    assert (first != other).any()


def mixed_table(polars: bool = False) -> tuple[Any, np.ndarray]:
    """Give a table with text and missing values, whose text tells the class."""
    rng = np.random.default_rng(0)
    y = (rng.uniform(size=400) < 0.15).astype(int)
    colour = np.where(y ^ (rng.uniform(size=400) < 0.1), "red", "blue").astype(object)
    colour[::17] = None
    size = rng.normal(size=400)
    size[::5] = np.nan
    columns = {"colour": colour, "size": size}
    return (pl.DataFrame(columns) if polars else pd.DataFrame(columns)), y


@pytest.mark.parametrize("polars", [False, True])
def test_pipeline_prepares_text_and_missing_values(polars: bool) -> None:
    """The table reaches the pipeline as it came."""
    table, y = mixed_table(polars)
    preparation = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["colour"]),
        (SimpleImputer(), ["size"]),
    )
    learner = make_pipeline(preparation, LogisticRegression())
    model = ensemble("self-paced", estimator=learner, validation_fraction=0.2)
    model.fit(table, y)

    assert balanced_accuracy_score(y, model.predict(table)) > 0.8
    assert model.feature_names_in_.tolist() == ["colour", "size"]


def test_default_learner_takes_categories_and_missing_values() -> None:
    """LightGBM is given the data frame with its categories."""
    table, y = mixed_table()
    table["colour"] = table["colour"].astype("category")
    model = ensemble(estimator=None).fit(table, y)

    assert balanced_accuracy_score(y, model.predict(table)) > 0.8


def test_prior_is_corrected() -> None:
    """Mean probabilities come near the classes' shares, the order of rows stays."""
    rng = np.random.default_rng(0)
    y = rng.uniform(size=4000) < 0.1
    noisy = rng.normal(size=(4000, 2)) + y[:, np.newaxis]
    X_a, X_b, y_a, y_b = noisy[:2000], noisy[2000:], y[:2000], y[2000:]
    learner = LogisticRegression()
    plain = ensemble(estimator=learner).fit(X_a, y_a)
    fair = ensemble(estimator=learner, correct_prior=True).fit(X_a, y_a)
    share = y_b.mean()

    assert plain.predict_proba(X_b)[:, 1].mean() > share + 0.1
    assert fair.predict_proba(X_b)[:, 1].mean() == pytest.approx(share, abs=0.02)
    np.testing.assert_allclose(fair.class_prior_, [1 - y_a.mean(), y_a.mean()])
    np.testing.assert_allclose(fair.drawn_priors_, 0.5)


def test_corrected_probability_by_hand() -> None:
    """Odds of 1 under a draw of 1:1 become the odds of the data."""
    X_flat = np.zeros((100, 1))
    y = np.repeat([0, 1], [90, 10])
    model = ensemble(correct_prior=True).fit(X_flat, y)

    np.testing.assert_allclose(model.predict_proba([[0.0]]), [[0.9, 0.1]])


def test_a_policy_of_ones_own() -> None:
    """Any object that selects rows will do; what it notes is remembered."""

    class Alternating:
        def select(self, round: Round) -> np.ndarray:
            ratio = 1 + round.number % 2
            round.notes["ratio"] = ratio
            return round.draw(ratio=ratio)

    model = ensemble(Alternating()).fit(X_TRAIN, Y_TRAIN)

    assert [record["ratio"] for record in model.history_] == [1, 2, 1, 2, 1]


def test_failure_leaves_nothing_half_fitted() -> None:
    """An unfitted model stays unfitted; a fitted one stays as it was."""

    class Brittle(GaussianNB):  # type: ignore[misc]
        def predict_proba(self, X: Any) -> Any:
            if X.shape[1] == 3:
                raise RuntimeError("three columns are too few")
            return super().predict_proba(X)

    fresh, fitted = (ensemble(estimator=Brittle()) for _ in range(2))
    before = vars(fitted.fit(X_TRAIN, Y_TRAIN)).copy()
    wanted = fitted.predict_proba(X_TEST)
    for model in (fresh, fitted):
        with pytest.raises(RuntimeError, match="three columns") as caught:
            model.fit(X_TRAIN[:, :3], Y_TRAIN)
        assert caught.value.__notes__ == ["raised by member 1 of 5, Brittle"]

    assert not [name for name in vars(fresh) if name.endswith("_")]
    assert vars(fitted).keys() == before.keys()
    np.testing.assert_array_equal(fitted.predict_proba(X_TEST), wanted)


@pytest.mark.parametrize(
    ("parameters", "labels", "message"),
    [
        ({"estimator": LinearSVC()}, Y, "LinearSVC predicts no probabilities"),
        ({"estimator": DecisionTreeClassifier}, Y, "estimator is <class .*: give an"),
        ({"estimator": "tree"}, Y, "estimator is 'tree': give an unfitted classifier"),
        ({"policy": "self-pacd"}, Y, "no policy 'self-pacd': did you mean"),
        ({"policy": 3}, Y, "policy is 3: give one of uniform"),
        ({}, np.full(1200, "one"), "y has one class only, 'one'"),
        (
            {"validation_fraction": 0.2},
            np.append(np.repeat(["a", "b"], [1100, 99]), "c"),
            "class 'c' has one row only, and one of each class is held out",
        ),
        ({}, np.linspace(0, 1, 1200), "Unknown label type|continuous"),
        ({}, Y[:-1], "X has 1200 rows and y has 1199"),
    ],
)
def test_mistakes_have_a_clear_message(
    parameters: dict[str, Any], labels: Any, message: str
) -> None:
    """What is wrong, and mostly what to do."""
    with pytest.raises(ValueError, match=message):
        ensemble(**parameters).fit(X, labels)


def test_weights_for_a_learner_that_takes_none() -> None:
    """The message names the learner."""
    model = ensemble(estimator=KNeighborsClassifier())

    with pytest.raises(InputError, match="KNeighborsClassifier takes no sample_weight"):
        model.fit(X_TRAIN, Y_TRAIN, sample_weight=np.ones(len(Y_TRAIN)))


@pytest.mark.parametrize(
    ("eval_set", "message"),
    [
        (X_TEST, "eval_set is a ndarray: give a pair"),
        ((X_TEST, Y_TEST[:-1]), "eval_set has 300 rows and 299 labels"),
        ((X_TEST[:, :4], Y_TEST), "X has 4 features, but"),
        ((X_TEST, np.full(300, "common")), "eval_set has no row of class 'rare'"),
    ],
)
def test_mistakes_in_eval_set(eval_set: Any, message: str) -> None:
    """It is checked like the training rows."""
    with pytest.raises(ValueError, match=message):
        ensemble().fit(X_TRAIN, Y_TRAIN, eval_set=eval_set)


def test_two_rows_of_a_class_are_enough_to_hold_one_out() -> None:
    """Each part has one of them."""
    y = np.append(np.repeat(["a", "b"], [1100, 98]), ["c", "c"])
    model = ensemble(validation_fraction=0.2).fit(X, y)

    assert model.history_[0]["rows_per_class"].tolist() == [1, 1, 1]


def test_large_tables_are_scored_in_part() -> None:
    """At most `max_candidates` rows are drawn from, and as many held out."""
    asked = []

    class Asked(GaussianNB):  # type: ignore[misc]
        def predict_proba(self, X: Any) -> Any:
            asked.append(len(X))
            return super().predict_proba(X)

    model = ensemble(estimator=Asked(), validation_fraction=0.25, max_candidates=200)
    model.fit(X, Y)

    assert set(asked) == {400}


def test_members_are_given_codes_and_seeds() -> None:
    """They predict 0, 1, 2 for the classes; no two have the same seed."""
    model = ensemble().fit(X_TRAIN, Y_TRAIN)

    assert set(model.estimators_[0].predict(X_TEST).tolist()) <= {0, 1, 2}
    assert len({member.random_state for member in model.estimators_}) == 5


def test_fitted_ensembles_survive_pickling_and_cloning() -> None:
    """A pickled one predicts the same; a clone is unfitted and fits the same."""
    model = ensemble("cascade", estimator=None).fit(X_TRAIN, Y_TRAIN)
    wanted = model.predict_proba(X_TEST)

    loaded = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(loaded.predict_proba(X_TEST), wanted)
    again = clone(model).fit(X_TRAIN, Y_TRAIN)
    np.testing.assert_array_equal(again.predict_proba(X_TEST), wanted)


def test_weights_are_routed() -> None:
    """With metadata routing, cross-validation hands each fold its weights."""
    with sklearn.config_context(enable_metadata_routing=True):
        model = ensemble().set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=True)
        scores = cross_val_score(
            model, X, Y, params={"sample_weight": np.ones(len(Y))}, cv=3
        )

    assert (scores > 0.5).all()


@pytest.mark.data
def test_default_learner_divides_tiny_draws() -> None:
    """On 38 drawn rows LightGBM's own leaves of 20 rows could not learn anything."""
    table = datasets.load("libras_move")
    features, codes = np.asarray(table.X), np.asarray(table.y)
    rare = np.unique(codes)[np.unique(codes, return_counts=True)[1].argmin()]
    y = codes == rare
    found = []
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(codes, y):
        model = UnderSamplingEnsembleClassifier(random_state=0)
        model.fit(features[train], y[train])
        scores = model.predict_proba(features[test])[:, 1]
        found.append(average_precision_score(y[test], scores))

    assert np.mean(found) > 0.6


def test_rows_that_weigh_nothing_are_as_good_as_not_there() -> None:
    """A balanced draw would be full of them."""
    there = (Y_TRAIN[0] == Y_TRAIN).cumsum() % 4 < 3
    weight = np.where(there, 2.0, 0.0)
    weighted = ensemble().fit(X_TRAIN, Y_TRAIN, sample_weight=weight)
    left_out = ensemble().fit(
        X_TRAIN[there], Y_TRAIN[there], sample_weight=weight[there]
    )

    np.testing.assert_array_equal(
        weighted.predict_proba(X_TEST), left_out.predict_proba(X_TEST)
    )


def test_a_policy_that_leaves_a_class_out_is_refused() -> None:
    """A member on one class alone would predict it for all."""

    class OnlyOne:
        def select(self, round: Round) -> np.ndarray:
            return np.flatnonzero(round.codes == 0)[:3]

    with pytest.raises(InputError, match="chose 3 rows of one class alone"):
        ensemble(OnlyOne()).fit(X_TRAIN, Y_TRAIN)


def test_class_weights_of_a_learner_go_by_label() -> None:
    """In a pipeline's step too: members are given codes, and the user has labels."""
    rows, labels = X_TRAIN, np.where(Y_TRAIN[0] == Y_TRAIN, 1, 2)
    tree = DecisionTreeClassifier(max_depth=2, class_weight={1: 1000.0})
    model = UnderBaggingClassifier(make_pipeline(StandardScaler(), tree), 3)

    assert model.fit(rows, labels).predict_proba(rows)[:, 0].mean() > 0.8
    tree.set_params(class_weight={"yes": 2.0})
    with pytest.raises(InputError, match="weight for the class 'yes'"):
        UnderBaggingClassifier(tree, 3).fit(rows, labels)
