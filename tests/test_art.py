"""ART over every kind of learner: Algorithm 1 by hand, the contract, hostile input."""

# SPDX-License-Identifier: BSD-3-Clause

import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import sklearn
import torch
from lightgbm import LGBMClassifier
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.metrics import balanced_accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from trimtab import ARTClassifier, InputError
from trimtab.training.classifier import NetworkClassifier
from trimtab.training.side_by_side import fit_together

NAMES = np.array(["common", "rare", "seldom"])
X, CODES = make_classification(
    700,
    n_features=8,
    n_informative=5,
    n_classes=3,
    n_clusters_per_class=1,
    weights=[0.75, 0.1],
    class_sep=1.2,
    random_state=3,
)
X_TRAIN, X_TEST, Y_TRAIN, Y_TEST = train_test_split(
    X, NAMES[CODES], stratify=CODES, random_state=0
)


def small_module(n_inputs: int, n_outputs: int) -> torch.nn.Module:
    """Build a network as a user would."""
    return torch.nn.Sequential(
        torch.nn.Linear(n_inputs, 16), torch.nn.ReLU(), torch.nn.Linear(16, n_outputs)
    )


LEARNERS: dict[str, Any] = {
    "network": NetworkClassifier(learning_rate_init=0.01),
    "module": NetworkClassifier(small_module, learning_rate_init=0.01),
    "sgd": SGDClassifier(loss="log_loss", alpha=0.01),
    "mlp": MLPClassifier((16,), learning_rate_init=0.01),
    "logistic": LogisticRegression(),
    "forest": RandomForestClassifier(20),
    "boosting": GradientBoostingClassifier(n_estimators=20),
    "histogram": HistGradientBoostingClassifier(max_iter=20),
    "lightgbm": LGBMClassifier(n_estimators=20, n_jobs=1, verbose=-1),
}


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def art(name: str = "sgd", **parameters: Any) -> ARTClassifier:
    """Give ART over one of the learners, for 20 epochs."""
    options = {"max_iter": 20, "random_state": 0, **parameters}
    return ARTClassifier(clone(LEARNERS[name]), **options)


@parametrize_with_checks(
    [ARTClassifier(max_iter=20), ARTClassifier(SGDClassifier(loss="log_loss"))]
)
def test_estimator_contract(estimator: Any, check: Any) -> None:
    """Every check of scikit-learn passes, for the network and for another learner."""
    check(estimator)


@pytest.mark.parametrize("name", LEARNERS)
def test_every_learner_learns_under_art(name: str) -> None:
    """Text labels of three classes are predicted far better than by chance, 1/3."""
    model = art(name).fit(X_TRAIN, Y_TRAIN)

    assert balanced_accuracy_score(Y_TEST, model.predict(X_TEST)) > 0.6
    assert model.classes_.tolist() == NAMES.tolist()
    probabilities = model.predict_proba(X_TEST)
    assert probabilities.shape == (len(X_TEST), 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)


def test_xgboost_learns_under_art() -> None:
    """XGBoost boosts on from epoch to epoch."""
    xgboost = pytest.importorskip("xgboost", reason="needs: pip install xgboost")
    learner = xgboost.XGBClassifier(n_estimators=20, n_jobs=1)
    model = ARTClassifier(learner, random_state=0).fit(X_TRAIN, Y_TRAIN)

    assert balanced_accuracy_score(Y_TEST, model.predict(X_TEST)) > 0.6
    assert model.estimators_[0].get_booster().num_boosted_rounds() == model.best_iter_


@pytest.mark.parametrize("name", LEARNERS)
def test_two_fits_are_bit_equal(name: str) -> None:
    """One random_state decides everything, the learner's own randomness too."""
    first, second = (art(name).fit(X_TRAIN, Y_TRAIN) for _ in range(2))

    np.testing.assert_array_equal(
        first.predict_proba(X_TEST), second.predict_proba(X_TEST)
    )
    for one, other in zip(first.history_, second.history_, strict=True):
        np.testing.assert_equal(one, other)


def test_the_seed_of_a_learner_within_the_learner_is_decided_too() -> None:
    """One against the rest has no seed of its own; what it fits has one."""
    learner = OneVsRestClassifier(SGDClassifier(loss="log_loss"))
    one, other = (
        ARTClassifier(learner, max_iter=2, random_state=0).fit(X_TRAIN, Y_TRAIN)
        for _ in range(2)
    )

    np.testing.assert_array_equal(
        one.predict_proba(X_TEST), other.predict_proba(X_TEST)
    )


@pytest.mark.parametrize("name", ["network", "sgd", "histogram"])
@pytest.mark.parametrize("boost_frequency", [1, 3])
def test_draw_follows_algorithm_1(name: str, boost_frequency: int) -> None:
    """Each epoch's distribution is c times the prior plus the normalised 1 - F1."""
    c = 0.4
    model = art(name, prior_blend=c, boost_frequency=boost_frequency)
    history = model.fit(X_TRAIN, Y_TRAIN).history_
    weights = np.full(3, 1 / 3)
    for record in history:
        np.testing.assert_allclose(
            record["class_probabilities"], c * model.class_prior_ + (1 - c) * weights
        )
        if record["epoch"] % boost_frequency == 0:
            difficulty = 1 - np.array(record["class_f1"])
            weights = difficulty / difficulty.sum()

    assert len(history) > 5


@pytest.mark.parametrize("name", ["network", "sgd"])
def test_prior_blend_of_one_never_resamples(name: str) -> None:
    """With c = 1 every epoch shows all training rows once."""
    model = art(name, prior_blend=1.0).fit(X_TRAIN, Y_TRAIN)
    shown = {tuple(record["rows_per_class"]) for record in model.history_}

    assert len(shown) == 1
    assert sum(shown.pop()) == pytest.approx(0.85 * len(X_TRAIN), abs=2)


@pytest.mark.parametrize("name", ["network", "sgd"])
def test_own_metric_guides_the_draw(name: str) -> None:
    """A metric that calls one class perfect leaves it to the prior alone."""

    def only_rare_is_hard(
        codes: NDArray[Any], predicted: NDArray[Any], n_classes: int
    ) -> NDArray[Any]:
        return np.array([1.0, 0.0, 1.0])

    model = art(name, metric=only_rare_is_hard).fit(X_TRAIN, Y_TRAIN)

    np.testing.assert_allclose(
        model.history_[1]["class_probabilities"],
        0.5 * model.class_prior_ + 0.5 * np.array([0, 1, 0]),
    )


def test_named_metric_is_in_the_history() -> None:
    """With metric="recall" the scores are recalls, and F1 is there beside them."""
    model = art(metric="recall").fit(X_TRAIN, Y_TRAIN, eval_set=(X_TEST, Y_TEST))
    last = model.history_[model.best_iter_[0] - 1]
    predicted = model.predict(X_TEST)
    recalls = [(predicted[name == Y_TEST] == name).mean() for name in NAMES]

    np.testing.assert_allclose(last["class_scores"], recalls)
    assert not np.allclose(last["class_f1"], recalls)


@pytest.mark.parametrize("name", ["network", "boosting", "sgd"])
def test_best_epoch_is_kept(name: str) -> None:
    """The fitted learner is that of the lowest loss, and patience bounds the wait."""
    model = art(name, n_iter_no_change=3, max_iter=60)
    model.fit(X_TRAIN, Y_TRAIN, eval_set=(X_TEST, Y_TEST))
    losses = [record["held_out_loss"] for record in model.history_]
    best = int(np.argmin(losses))

    assert model.best_iter_.tolist() == [best + 1]
    assert len(losses) <= best + 4
    loss = log_loss(Y_TEST, model.predict_proba(X_TEST))
    assert loss == pytest.approx(losses[best], rel=1e-4)
    if name == "boosting":
        assert len(model.estimators_[0].estimators_) == best + 1


def test_forest_grows_to_its_full_size() -> None:
    """A forest is not cut short where its loss happens to be low."""
    model = art("forest", n_iter_no_change=1).fit(X_TRAIN, Y_TRAIN)

    assert len(model.estimators_[0].estimators_) == 20
    assert model.best_iter_.tolist() == [20]


@pytest.mark.parametrize("name", ["network", "sgd"])
def test_replicas_are_averaged(name: str) -> None:
    """Three runs differ, and their probabilities are averaged."""
    model = art(name, n_replicas=3).fit(X_TRAIN, Y_TRAIN)

    assert {record["replica"] for record in model.history_} == {0, 1, 2}
    assert len(model.best_iter_) == len(model.drawn_priors_) == 3
    runs = model.replica_probabilities(X_TEST)
    assert len({run.tobytes() for run in runs}) == 3
    np.testing.assert_allclose(model.predict_proba(X_TEST), np.mean(runs, axis=0))
    if name == "sgd":
        own = [learner.predict_proba(X_TEST) for learner in model.estimators_]
        np.testing.assert_allclose(runs, own)


@pytest.mark.parametrize("name", ["network", "histogram"])
def test_prior_correction_makes_probabilities_honest(name: str) -> None:
    """The rare classes are drawn too often; corrected, they come at their true rate."""
    raw, corrected = (
        art(name, correct_prior=correct, prior_blend=0.0)
        .fit(X_TRAIN, Y_TRAIN)
        .predict_proba(X_TEST)
        for correct in (False, True)
    )
    true_share = (Y_TEST == "common").mean()

    assert raw[:, 0].mean() < true_share - 0.03
    assert abs(corrected[:, 0].mean() - true_share) < 0.06
    assert log_loss(Y_TEST, corrected) < log_loss(Y_TEST, raw)


def test_weights_reach_learner_and_measurement() -> None:
    """Rows of weight near 0 are not learned, and do not count as held-out ones."""
    weight = np.where(Y_TRAIN == "seldom", 1e-6, 1.0)
    plain = art("histogram").fit(X_TRAIN, Y_TRAIN)
    weighted = art("histogram").fit(X_TRAIN, Y_TRAIN, sample_weight=weight)

    assert (plain.predict(X_TEST) == "seldom").any()
    assert not (weighted.predict(X_TEST) == "seldom").any()
    assert weighted.history_[0]["held_out_loss"] < plain.history_[0]["held_out_loss"]


def test_weights_are_routed_through_a_pipeline() -> None:
    """With metadata routing a pipeline hands the weights on, if they are asked for."""
    weight = np.where(Y_TRAIN == "seldom", 1e-6, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        model = art("histogram").set_fit_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipeline = make_pipeline(scaler, model)
        pipeline.fit(X_TRAIN, Y_TRAIN, sample_weight=weight)

    assert not (pipeline.predict(X_TEST) == "seldom").any()


@pytest.mark.parametrize("name", ["network", "sgd"])
def test_held_out_rows_can_be_bounded(name: str) -> None:
    """Thirty held-out rows suffice for a fit; the others are trained on."""
    model = art(name, max_held_out_rows=30, validation_fraction=0.3, prior_blend=1.0)
    model.fit(X_TRAIN, Y_TRAIN)

    assert sum(model.history_[0]["rows_per_class"]) == len(X_TRAIN) - 30


@pytest.mark.parametrize("name", ["network", "sgd"])
def test_confidence_draws_less_of_what_few_rows_call_hard(name: str) -> None:
    """With a bound on F1 a class of few held-out rows gains less."""
    plain, bounded = (
        art(name, confidence=confidence).fit(X_TRAIN, Y_TRAIN).history_[1]
        for confidence in (None, 0.99)
    )
    smallest = int(np.argmin(plain["rows_per_class"]))

    assert (
        bounded["class_probabilities"][smallest]
        < plain["class_probabilities"][smallest]
    )


def test_data_frame_with_categories_and_gaps_reaches_lightgbm() -> None:
    """A learner that knows categories and missing values gets the frame as it is."""
    pd = pytest.importorskip("pandas", reason="needs: pip install pandas")
    frame = pd.DataFrame(X_TRAIN[:, :3], columns=["a", "b", "c"])
    frame["kind"] = pd.Categorical(np.where(Y_TRAIN == "rare", "odd", "even"))
    frame.loc[::7, "b"] = np.nan
    model = art("lightgbm").fit(frame, Y_TRAIN)

    assert model.feature_names_in_.tolist() == ["a", "b", "c", "kind"]
    assert (model.predict(frame) == Y_TRAIN)[Y_TRAIN == "rare"].mean() > 0.9


def test_sparse_rows_stay_sparse() -> None:
    """A sparse table gives what the dense one does."""
    dense, thin = (
        art("logistic").fit(rows, Y_TRAIN).predict_proba(X_TEST)
        for rows in (X_TRAIN, sparse.coo_array(X_TRAIN))
    )

    np.testing.assert_allclose(dense, thin, atol=1e-6)


@pytest.mark.parametrize("name", ["network", "sgd", "histogram", "lightgbm"])
def test_pickled_model_predicts_the_same(name: str) -> None:
    """A model that was saved and loaded is the model."""
    model = art(name).fit(X_TRAIN, Y_TRAIN)
    loaded = pickle.loads(pickle.dumps(model))

    np.testing.assert_array_equal(
        loaded.predict_proba(X_TEST), model.predict_proba(X_TEST)
    )


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"prior_blend": 1.5}, r"'prior_blend'.*range \[0.0, 1.0\].*Got 1.5"),
        ({"boost_frequency": 0}, "'boost_frequency'.*Got 0"),
        ({"metric": "auc"}, "'metric'.*Got 'auc'"),
        ({"max_iter": 0}, "'max_iter'.*Got 0"),
        ({"n_replicas": 0}, "'n_replicas'.*Got 0"),
        ({"confidence": 1.0}, "'confidence'.*Got 1.0"),
        ({"validation_fraction": 1.0}, "'validation_fraction'.*Got 1.0"),
        ({"max_held_out_rows": 1}, "'max_held_out_rows'.*Got 1"),
    ],
)
def test_parameter_out_of_range_is_named(
    parameters: dict[str, Any], message: str
) -> None:
    """The error names the parameter, its range and the value."""
    with pytest.raises(ValueError, match=message):
        art(**parameters).fit(X_TRAIN, Y_TRAIN)


def with_value(value: float) -> NDArray[Any]:
    """Give the training rows with one value replaced."""
    rows = X_TRAIN.copy()
    rows[17, 2] = value
    return rows


@pytest.mark.parametrize(
    ("name", "rows", "labels", "message"),
    [
        ("sgd", with_value(np.nan), Y_TRAIN, "contains NaN"),
        ("network", with_value(np.nan), Y_TRAIN, "column 2 of X holds NaN"),
        ("lightgbm", with_value(np.inf), Y_TRAIN, "contains infinity"),
        ("network", with_value(np.inf), Y_TRAIN, "infinit"),
        ("sgd", X_TRAIN, np.full(len(X_TRAIN), "a"), "one class only, 'a'"),
        (
            "sgd",
            X_TRAIN,
            np.array(["a"] * (len(X_TRAIN) - 1) + ["b"]),
            "has one row only: a held-out part needs at least two",
        ),
        ("sgd", X_TRAIN, Y_TRAIN[:-1], "X has 525 rows and y has 524: give one"),
        ("sgd", X_TRAIN, np.linspace(0, 1, len(X_TRAIN)), "Unknown label type"),
    ],
)
def test_unusable_rows_are_refused(
    name: str, rows: Any, labels: Any, message: str
) -> None:
    """NaN, infinity, a single class or row and unequal lengths each say so."""
    with pytest.raises(ValueError, match=message):
        art(name).fit(rows, labels)


@pytest.mark.parametrize(
    ("eval_set", "message"),
    [
        (X_TEST, "eval_set is a ndarray: give a pair"),
        ((X_TEST, Y_TEST[:-1]), "give one label for each row"),
        (
            (X_TEST[Y_TEST != "rare"], Y_TEST[Y_TEST != "rare"]),
            "eval_set has no row of class 'rare'",
        ),
        (
            (X_TEST, np.where(Y_TEST == "rare", "new", Y_TEST)),
            "the class 'new', and",
        ),
        ((X_TEST[:, :3], Y_TEST), "3 features, but ARTClassifier is expecting 8"),
    ],
)
@pytest.mark.parametrize("name", ["network", "sgd"])
def test_unusable_eval_set_is_refused(name: str, eval_set: Any, message: str) -> None:
    """A class that is missing or strange, and a wrong shape, are named."""
    with pytest.raises(ValueError, match=message):
        art(name).fit(X_TRAIN, Y_TRAIN, eval_set=eval_set)


@pytest.mark.parametrize("learner", ["network", NetworkClassifier, SGDClassifier])
def test_what_is_no_estimator_is_refused(learner: Any) -> None:
    """A name or a class, in fit and where settings are fitted together."""
    with pytest.raises(InputError, match=r"estimator is .*: give an unfitted"):
        ARTClassifier(learner).fit(X_TRAIN, Y_TRAIN)
    with pytest.raises(InputError, match=r"estimator is .*: give an unfitted"):
        fit_together([learner], X_TRAIN, Y_TRAIN)


@pytest.mark.parametrize(
    ("name", "extra", "message"),
    [
        ("sgd", {"sample_weight": np.ones(3)}, r"sample_weight has the shape \(3,\)"),
        ("sgd", {"sample_weight": -np.ones(len(X_TRAIN))}, "holds -1.0"),
        ("sgd", {"weights": 1}, "fit has no parameter 'weights'"),
        ("network", {"sample_weight": np.ones(len(X_TRAIN))}, "take no sample_weight"),
    ],
)
def test_unusable_fit_parameters_are_refused(
    name: str, extra: dict[str, Any], message: str
) -> None:
    """Weights of the wrong shape or sign, and unknown parameters, are named."""
    with pytest.raises(InputError, match=message):
        art(name).fit(X_TRAIN, Y_TRAIN, **extra)


@pytest.mark.parametrize("name", ["network", "sgd", "lightgbm"])
def test_wrong_width_at_prediction_is_refused(name: str) -> None:
    """A table of three columns cannot be predicted by a model of eight."""
    model = art(name).fit(X_TRAIN, Y_TRAIN)

    with pytest.raises(ValueError, match=r"3 features.*expecting 8"):
        model.predict(X_TEST[:, :3])


@pytest.mark.parametrize("name", ["network", "sgd"])
def test_a_fit_that_fails_leaves_the_model_as_it_was(name: str) -> None:
    """Other labels, one column less and an eval_set without a class change nothing."""
    model = art(name).fit(X_TRAIN, Y_TRAIN)
    before = model.predict_proba(X_TEST)
    other = np.where(Y_TRAIN == "rare", "a", "b")

    with pytest.raises(InputError, match="eval_set has no row of class 'a'"):
        model.fit(X_TRAIN[:, 1:], other, eval_set=(X_TRAIN[:5, 1:], ["b"] * 5))

    np.testing.assert_array_equal(model.predict_proba(X_TEST), before)
    assert set(model.predict(X_TEST)) <= set(NAMES)
    unfitted = art(name)
    with pytest.raises(InputError, match="eval_set has no row of class"):
        unfitted.fit(X_TRAIN, Y_TRAIN, eval_set=(X_TRAIN[:5], ["rare"] * 5))
    with pytest.raises(NotFittedError):
        unfitted.predict(X_TEST)


def test_rows_that_weigh_nothing_are_as_good_as_not_there() -> None:
    """They neither take a place in the draw nor in the held-out part."""
    there = np.arange(len(Y_TRAIN)) % 3 > 0
    weight = np.where(there, 2.0, 0.0)
    weighted = art("sgd").fit(X_TRAIN, Y_TRAIN, sample_weight=weight)
    left_out = art("sgd").fit(
        X_TRAIN[there], Y_TRAIN[there], sample_weight=weight[there]
    )

    np.testing.assert_array_equal(
        weighted.predict_proba(X_TEST), left_out.predict_proba(X_TEST)
    )


def test_class_weights_of_a_learner_go_by_label() -> None:
    """The learner is given codes, and 1 and 2 are labels here."""
    binary = np.where(Y_TRAIN == "common", 1, 2)
    forest = RandomForestClassifier(5, max_depth=2, class_weight={1: 1000.0})
    model = ARTClassifier(forest, max_iter=2, random_state=0)

    assert model.fit(X_TRAIN, binary).predict_proba(X_TEST)[:, 0].mean() > 0.95
    forest.set_params(class_weight={0: 2.0})
    with pytest.raises(InputError, match=r"weight for the class 0, .* have 1, 2"):
        model.fit(X_TRAIN, binary)


@pytest.mark.parametrize("name", ["network", "sgd"])
def test_mixed_labels_are_refused(name: str) -> None:
    """They do not become text on the way."""
    mixed = [1 if label == "rare" else "other" for label in Y_TRAIN]
    with pytest.raises(InputError, match="mixes types"):
        art(name).fit(X_TRAIN, mixed)


def test_a_class_of_one_row_is_named_by_its_label() -> None:
    """And not by its code."""
    labels = np.array([5] * 30 + [7] * 30 + [9])
    with pytest.raises(InputError, match=r"class 9 has one row only.*eval_set"):
        art("sgd").fit(X_TRAIN[:61], labels)


def test_rows_in_reverse_are_predicted() -> None:
    """An array that is read backwards is one like any other."""
    X32 = X_TRAIN.astype(np.float32)
    model = art("network").fit(X32, Y_TRAIN, eval_set=(X32[::-1], Y_TRAIN[::-1]))
    np.testing.assert_allclose(
        model.predict_proba(X32[::-1]), model.predict_proba(X32)[::-1], atol=1e-6
    )
