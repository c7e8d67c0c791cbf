"""AutoSMOTE's classifier: the contract, its controls, and a plane to fill."""

# SPDX-License-Identifier: BSD-3-Clause

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, log_loss
from sklearn.neighbors import NearestNeighbors
from sklearn.utils.estimator_checks import parametrize_with_checks

from trimtab import AutoSMOTE, AutoSMOTEClassifier, InputError
from trimtab.synthesis.decisions import Aggregation, NeighbourCount, Participation
from trimtab.training.classifier import NetworkClassifier
from trimtab.training.side_by_side import fit_together

NAMES = np.array(["common", "rare", "seldom"])
X, CODES = make_classification(
    400,
    n_features=6,
    n_informative=5,
    n_redundant=0,
    n_classes=3,
    n_clusters_per_class=1,
    weights=[0.75, 0.1],
    class_sep=1.5,
    random_state=3,
)
X = X.astype(np.float32)
Y = NAMES[CODES]


def small(**parameters: Any) -> AutoSMOTEClassifier:
    """Return a classifier of a few epochs."""
    options = {"max_iter": 8, "random_state": 0, **parameters}
    network = options.pop("estimator", NetworkClassifier(device="cpu"))
    return AutoSMOTEClassifier(network, **options)


@parametrize_with_checks(
    [
        AutoSMOTEClassifier(max_iter=20),
        AutoSMOTEClassifier(variant="self", max_iter=20),
    ]
)
def test_estimator_contract(estimator: Any, check: Any) -> None:
    """Every check of scikit-learn passes, for both variants."""
    check(estimator)


@pytest.mark.parametrize("variant", ["cohort", "self"])
@pytest.mark.parametrize("n_replicas", [1, 3])
def test_three_classes_by_name(variant: str, n_replicas: int) -> None:
    """Learned better than by chance; refits are equal to the bit, pickles too."""
    model = small(variant=variant, n_replicas=n_replicas, max_iter=20).fit(X, Y)
    probabilities = model.predict_proba(X)

    assert balanced_accuracy_score(Y, model.predict(X)) > 0.7
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), probabilities)
    np.testing.assert_array_equal(model.fit(X, Y).predict_proba(X), probabilities)
    assert model.replica_probabilities(X).shape == (n_replicas, len(X), 3)


def test_what_was_decided_is_a_table() -> None:
    """A line for each replica and row of the two smaller classes."""
    model = small(n_replicas=2, n_cohorts=4).fit(X, Y)
    table = model.decisions_
    rare = np.flatnonzero(Y != "common")

    assert table["row"].tolist() == [*rare, *rare]
    assert set(table["class"]) == {"rare", "seldom"}
    assert table["cohort"].between(0, 3).all()
    assert set(table["neighbours"]) <= set(range(1, 7))
    assert set(table["aggregation"]) <= set(Aggregation().options)
    assert table["participation"].dtype == bool
    took_part = table["participation_probability"] > 0.5
    assert (took_part == table["participation"]).all()
    assert table["aggregation_probability"].between(1 / 6, 1).all()
    cohorts = table.groupby("replica")["cohort"].nunique()
    np.testing.assert_array_equal(cohorts, model.n_cohorts_)


def test_what_was_shown_is_told_and_can_be_undone() -> None:
    """Classes are shown alike; with a corrected prior odds follow their rows again."""
    model = small(n_replicas=2).fit(X, Y)
    fair = small(n_replicas=2, correct_prior=True).fit(X, Y)

    first = [(record["epoch"], record["replica"]) for record in model.history_[:3]]
    assert first == [(1, 0), (1, 1), (2, 0)]
    assert model.best_iter_.shape == (2,)
    np.testing.assert_allclose(model.class_prior_, np.bincount(CODES) / 400, atol=0.01)
    np.testing.assert_allclose(model.drawn_priors_, 1 / 3, atol=0.01)
    odds = model.replica_probabilities(X) * model.class_prior_ * 3
    corrected = (odds / odds.sum(axis=2, keepdims=True)).mean(axis=0)
    np.testing.assert_allclose(fair.predict_proba(X), corrected, atol=0.02)


def test_row_by_row_there_are_no_cohorts() -> None:
    """The variant "self" decides on each row."""
    model = small(variant="self").fit(X, Y)

    assert "cohort" not in model.decisions_
    assert model.n_cohorts_.tolist() == [0]
    assert model.decisions_["participation_probability"].nunique() > 20


def two_classes(n: int, n_rare: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return rows of two classes that overlap a little."""
    rng = np.random.default_rng(0)
    y = (np.arange(n) < n_rare).astype(int)
    return (rng.normal(size=(n, 2)) + 2 * y[:, None]).astype(np.float32), y


def test_without_participation_it_is_the_plain_network() -> None:
    """In one batch, rows that weigh nothing leave the network's weights as they are."""
    X, y = two_classes(200, 30)
    options: dict[str, Any] = {"hidden_layer_sizes": (8,), "device": "cpu"}
    options |= {"weight_decay": 0.0, "batch_size": 1000}
    nobody = [Participation((False,)), NeighbourCount(), Aggregation()]
    model = small(
        estimator=NetworkClassifier(**options),
        decisions=nobody,
        share_weights=False,
        selection="loss",
        random_state=5,
    ).fit(X, y)
    fitted = model.estimator_
    plain = NetworkClassifier(
        **options,
        learning_rate_init=0.05,
        max_iter=8,
        n_iter_no_change=None,
        random_state=fitted.random_state,
    ).fit(X, y)

    for one, other in zip(
        fitted.network_.parameters(), plain.network_.parameters(), strict=True
    ):
        np.testing.assert_allclose(one.detach(), other.detach(), atol=1e-5)
    losses = [record["held_out_loss"] for record in fitted.history_]
    peer = [record["held_out_loss"] for record in plain.history_]
    np.testing.assert_allclose(losses, peer, atol=1e-5)


def test_the_regions_that_a_person_would_fill() -> None:
    """On a plane, new rows lie in the rare class's two clusters, not at its strays.

    The clusters are right and left of a common class, in whose middle six rare rows
    stray. Nearly all new rows lie within 1 of a cluster's centre; of SMOTE's about nine
    in ten. The strays' chance of taking part is near 0.
    """
    rng = np.random.default_rng(1)
    common = rng.normal(size=(400, 2)) * [0.5, 1.0]
    left, right = (rng.normal(size=(20, 2)) * 0.3 + [side, 0] for side in (-3, 3))
    strays = rng.normal(size=(6, 2)) * 0.2
    X = np.concatenate([common, left, right, strays])
    y = np.repeat([0, 1], [400, 46])
    learner = small(variant="self", max_iter=60, n_replicas=6, selection="last")
    sampler = AutoSMOTE(estimator=learner, random_state=0)
    made = sampler.fit_resample(X, y)[0][446:]
    away = np.linalg.norm(np.abs(made) - [3, 0], axis=1)
    chance = sampler.decisions_.groupby("row")["participation_probability"].mean()

    assert (away < 1).mean() > 0.95
    assert chance.loc[400:439].mean() > 0.8
    assert chance.loc[440:].mean() < 0.2


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"estimator": LogisticRegression()}, "estimator is a LogisticRegression"),
        ({"decisions": ["participate"]}, "there is no decision 'participate'"),
        ({"decisions": ["neighbours"] * 2}, "give each name once"),
        ({"decisions": ["participation"]}, "no decision says how rows are made"),
        ({"decisions": [Aggregation(("mode",))]}, "there is no aggregation 'mode'"),
        ({"decisions": [NeighbourCount((0,))]}, "neighbours has the option 0"),
        ({"decisions": [3]}, "decisions holds 3"),
        ({"finder": 3}, "finder is 3: give an object with fit"),
    ],
)
def test_what_does_not_fit_is_named(parameters: Any, message: str) -> None:
    """One line says what to give."""
    with pytest.raises(InputError, match=message):
        small(**parameters).fit(X, Y)


def test_held_out_columns_are_those_of_the_rows(
    recwarn: pytest.WarningsRecorder,
) -> None:
    """Names in another order are refused; those in order raise no warning."""
    frame = pd.DataFrame(X, columns=list("abcdef"))
    small().fit(frame, Y, eval_set=(frame, Y))
    assert not recwarn.list
    with pytest.raises(ValueError, match="feature names should match"):
        small().fit(frame, Y, eval_set=(frame[list("fedcba")], Y))


def test_held_out_rows_count_by_their_weights() -> None:
    """The held-out loss is scikit-learn's with those weights."""
    weight = np.random.default_rng(0).uniform(1, 9, size=100)
    held = X[:100], Y[:100]
    model = small(selection="last").fit(
        X[100:], Y[100:], eval_set=held, eval_weight=weight
    )
    found = model.estimator_.history_[-1]["held_out_loss"]
    probabilities = model.predict_proba(held[0])

    expected = log_loss(held[1], probabilities, sample_weight=weight)
    assert found == pytest.approx(expected, rel=1e-4)
    assert expected != pytest.approx(log_loss(held[1], probabilities), rel=1e-3)


def test_every_parameter_reaches_what_it_is_of() -> None:
    """The network, or what makes rows for it; two are handed on by another name."""
    of_network: dict[str, Any] = {
        "draw": "balanced",
        "learning_rate_init": 0.01,
        "max_iter": 30,
        "n_iter_no_change": 9,
        "selection": "average-precision",
        "correct_prior": True,
        "validation_fraction": 0.3,
        "n_replicas": 2,
    }
    of_rows: dict[str, Any] = {
        "variant": "self",
        "n_cohorts": 3,
        "decisions": ["neighbours", "aggregation"],
        "learn_from": "held-out",
        "share_weights": False,
        "temperature": 2.0,
        "final_temperature": 0.5,
        "finder": NearestNeighbors(),
    }
    model = AutoSMOTEClassifier(
        **of_network, **of_rows, decision_learning_rate=0.02, random_state=0
    )
    known = {*of_network, *of_rows, "decision_learning_rate"}
    assert set(model.get_params(deep=False)) == known | {"estimator", "random_state"}
    plain = AutoSMOTEClassifier()
    assert not {n for n in known if getattr(model, n) == getattr(plain, n)}

    network = model.network_to_fit()
    rows = network.synthesis
    assert {name: getattr(network, name) for name in of_network} == of_network
    assert {name: getattr(rows, name) for name in of_rows} == of_rows
    assert (rows.learning_rate, rows.n_epochs) == (0.02, 30)
    model.set_params(decision_learning_rate=None)
    assert model.network_to_fit().synthesis.learning_rate == 0.01
    assert network.weight_decay == 0.0
    given = model.set_params(estimator=NetworkClassifier(weight_decay=0.5))
    assert given.network_to_fit().weight_decay == 0.5


@pytest.mark.parametrize("n_rare", [2, 3])
def test_tiny_classes_and_equal_rows(n_rare: int) -> None:
    """A class of two rows, one of them held out, equal rows and a constant column."""
    X, y = two_classes(60, n_rare)
    X[:n_rare] = X[0]
    X[:, 1] = 4
    model = small().fit(X, y)

    assert np.isfinite(model.predict_proba(X)).all()
    assert len(model.decisions_) == n_rare
    with pytest.raises(InputError, match="one row only"):
        small().fit(X[n_rare - 1 :], y[n_rare - 1 :])


def test_settings_are_fitted_side_by_side() -> None:
    """Two seeds in one run are as good as one by one, decisions included."""
    seeds = (1, 2)
    together = [small(random_state=seed) for seed in seeds]
    fit_together(together, X, Y)
    for seed, model in zip(seeds, together, strict=True):
        alone = small(random_state=seed).fit(X, Y)
        np.testing.assert_allclose(
            model.predict_proba(X), alone.predict_proba(X), atol=1e-3
        )
        np.testing.assert_allclose(
            model.decisions_["participation_probability"],
            alone.decisions_["participation_probability"],
            atol=1e-3,
        )


def test_the_number_of_cohorts_may_be_learned() -> None:
    """Where their use costs much, fewer of the seven are used."""
    X, y = two_classes(300, 60)
    costly = small(n_cohorts="auto", max_iter=40, n_replicas=4).fit(X, y)
    free = small(n_cohorts=7, max_iter=40, n_replicas=4).fit(X, y)

    assert costly.n_cohorts_.mean() <= free.n_cohorts_.mean()
    assert costly.n_cohorts_.min() >= 1
