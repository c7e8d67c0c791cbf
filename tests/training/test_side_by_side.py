"""Settings fitted together: each as if alone, in as few runs as can be."""

# SPDX-License-Identifier: BSD-3-Clause

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from torch import nn

from trimtab import ARTClassifier, ExplicitGradientClassifier, InputError
from trimtab.losses import LDAM, OHEM, AsymmetricFocal, CrossEntropy, Focal
from trimtab.losses.loss import RowLoss
from trimtab.sampling.draw import AdaptiveDraw
from trimtab.training import classifier, shared_run, side_by_side
from trimtab.training.classifier import NetworkClassifier
from trimtab.training.side_by_side import (
    fit_together,
    fit_together_on,
    groups_that_fit_together,
)

X, Y = make_classification(
    300,
    n_features=8,
    n_informative=5,
    n_classes=3,
    n_clusters_per_class=1,
    weights=[0.7, 0.2],
    random_state=0,
)
X_HELD, Y_HELD = X[:90] + 0.1, Y[:90]
CHECKED = ("held_out_loss", "train_loss", "learning_rate", "class_f1")
EXACT = ("epoch", "replica", "rows_per_class")


def network(**parameters: Any) -> NetworkClassifier:
    """Give a small network that stops early."""
    options: dict[str, Any] = {
        "hidden_layer_sizes": (16,),
        "learning_rate_init": 0.02,
        "max_iter": 15,
        "n_iter_no_change": 3,
        "batch_size": 32,
        "random_state": 0,
        "device": "cpu",
    }
    return NetworkClassifier(**{**options, **parameters})


def art(learner: Any = None, **parameters: Any) -> ARTClassifier:
    """Give ART around the small network."""
    options = {"max_iter": 15, "n_iter_no_change": 3, "random_state": 0}
    learner = network() if learner is None else learner
    return ARTClassifier(learner, **{**options, **parameters})


def with_losses(*losses: Any) -> list[Any]:
    """Give a network for each loss, each with held-out rows of its own."""
    return [network(loss=one, random_state=seed) for seed, one in enumerate(losses)]


def small_module(n_inputs: int, n_outputs: int) -> nn.Module:
    """Build a network as a user would."""
    return nn.Sequential(
        nn.Linear(n_inputs, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, n_outputs)
    )


TOGETHER: dict[str, Callable[[], list[Any]]] = {
    "rates, decay and dropout": lambda: [
        network(learning_rate_init=0.002, weight_decay=0.5, random_state=1),
        network(learning_rate_init=0.05, dropout=0.5, n_replicas=2, random_state=2),
        network(learning_rate_init=0.01, dropout=0.2, weight_decay=0.0),
    ],
    "dropout on the same rows": lambda: [network(dropout=d) for d in (0.0, 0.3)],
    "seeds": lambda: [network(random_state=seed) for seed in range(3)],
    "ART": lambda: [
        art(prior_blend=0.0),
        art(prior_blend=0.3, boost_frequency=3, n_replicas=2, random_state=1),
        art(network(learning_rate_init=0.005, dropout=0.2), confidence=0.9),
        art(prior_blend=1.0, correct_prior=True),
    ],
    "ART with bounded rows": lambda: [
        art(max_held_out_rows=30, random_state=seed) for seed in range(2)
    ],
    "draws of several kinds": lambda: [
        network(draw=draw)
        for draw in ("prior", "balanced", "adaptive", AdaptiveDraw(0.2))
    ],
    "focal": lambda: with_losses(Focal(0.0), Focal(0.5), Focal(4.0)),
    "asymmetric": lambda: with_losses(
        AsymmetricFocal(0, 2), AsymmetricFocal(1, 0, 0.2)
    ),
    "ohem": lambda: with_losses(OHEM(keep=0.3), OHEM(keep=0.8, warm_up=4), OHEM()),
    "ldam": lambda: with_losses(
        LDAM(0.3, 2.0, defer=0.2), LDAM(0.9, 5.0, defer=0.6), LDAM(0.0, 1.0)
    ),
    "class-balanced": lambda: with_losses(
        CrossEntropy("effective", 0.5), CrossEntropy("effective", 0.999)
    ),
    "samplers": lambda: [
        network(sampler=SMOTE(k_neighbors=3), loss="cost-sensitive"),
        network(sampler=SMOTE(k_neighbors=6), loss="cost-sensitive"),
        network(sampler=RandomOverSampler(), loss="cost-sensitive", random_state=1),
    ],
    "made rows": lambda: [
        network(draw=AdaptiveDraw(blend), synthesis="smote", random_state=seed)
        for seed, blend in enumerate((0.2, 0.6))
    ],
    "a draw that learns": lambda: [
        network(draw="meta", loss="balanced-softmax", learning_rate_init=rate)
        for rate in (0.003, 0.03)
    ],
    "modules of the user": lambda: [
        network(network=small_module, learning_rate_init=rate, random_state=seed)
        for seed, rate in enumerate((0.003, 0.03))
    ],
}


def counted_runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the replicas of each training run from now on."""
    runs: list[int] = []

    class Counted(shared_run.Trainer):
        def fit(self, *rows: Any, **options: Any) -> Any:
            runs.append(self.network.n_replicas)
            return super().fit(*rows, **options)

    monkeypatch.setattr(shared_run, "Trainer", Counted)
    return runs


def assert_equal_fits(one: Any, other: Any) -> None:
    """Check probabilities, epochs and history."""
    np.testing.assert_allclose(
        one.replica_probabilities(X), other.replica_probabilities(X), atol=1e-4
    )
    assert (one.best_iter_ == other.best_iter_).all()
    assert one.n_iter_ == other.n_iter_
    np.testing.assert_allclose(one.drawn_priors_, other.drawn_priors_)
    assert (one.class_prior_ == other.class_prior_).all()
    assert len(one.history_) == len(other.history_)
    for mine, theirs in zip(one.history_, other.history_, strict=True):
        assert mine.keys() == theirs.keys()
        for name in EXACT:
            assert np.all(mine[name] == theirs[name]), name
        for name in CHECKED:
            np.testing.assert_allclose(mine[name], theirs[name], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", TOGETHER)
def test_each_is_fitted_as_if_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one run for all, whose replicas stop at different epochs."""
    together = TOGETHER[name]()
    alone = [clone(estimator).fit(X, Y) for estimator in together]
    assert groups_that_fit_together(together) == [list(range(len(together)))]
    runs = counted_runs(monkeypatch)

    fit_together(together, X, Y)

    assert runs == [sum(estimator.n_replicas for estimator in together)]
    for one, other in zip(together, alone, strict=True):
        assert_equal_fits(one, other)


def test_eval_set_and_weights_are_for_all() -> None:
    """Held-out rows of one's own guide every estimator."""
    weight = np.linspace(1, 3, len(Y_HELD))
    together = [network(learning_rate_init=rate) for rate in (0.01, 0.03)]
    alone = [clone(estimator) for estimator in together]
    for estimator in alone:
        estimator.fit(X, Y, eval_set=(X_HELD, Y_HELD), eval_weight=weight)
    fit_together(together, X, Y, eval_set=(X_HELD, Y_HELD), eval_weight=weight)
    for one, other in zip(together, alone, strict=True):
        assert_equal_fits(one, other)


def test_estimators_of_any_kind_are_fitted() -> None:
    """What cannot share a run has its own, and all are fitted as if alone."""
    estimators = [
        network(),
        art(),
        network(hidden_layer_sizes=(4,)),
        LogisticRegression(),
        art(LogisticRegression(warm_start=True)),
        network(learning_rate_init=0.01),
        network(network=nn.Linear(8, 3)),
        network(stacked=False, network=small_module),
        network(stacked=False, network=small_module, learning_rate_init=0.01),
    ]
    groups = groups_that_fit_together(estimators)
    assert groups == [[0, 1, 5], [2], [3], [4], [6], [7, 8]]
    fit_together(estimators, X, Y)
    for estimator in estimators:
        alone = clone(estimator).fit(X, Y).predict_proba(X)
        np.testing.assert_allclose(estimator.predict_proba(X), alone, atol=1e-4)


STRUCTURE: dict[str, Any] = {
    "batch_size": 16,
    "max_iter": 10,
    "n_iter_no_change": None,
    "layer_norm": True,
    "hidden_layer_sizes": (16, 16),
    "metric": "recall",
    "loss": "focal",
    "network": small_module,
}


@pytest.mark.parametrize("name", STRUCTURE)
def test_other_structure_is_another_group(name: str) -> None:
    """Whatever shapes the run as a whole must be equal."""
    pair = [network(), network(**{name: STRUCTURE[name]})]
    assert groups_that_fit_together(pair) == [[0], [1]]


def test_equal_modules_and_functions_are_of_one_group() -> None:
    """Clones count as equal, and what cannot be pickled as equal to itself."""
    module = nn.Linear(8, 3)
    clones = [clone(network(network=module)) for _ in range(2)]
    assert groups_that_fit_together(clones) == [[0, 1]]
    assert groups_that_fit_together([*clones, network(network=nn.Linear(8, 3))]) == [
        [0, 1],
        [2],
    ]

    def local(n_inputs: int, n_outputs: int) -> nn.Module:
        return nn.Linear(n_inputs, n_outputs)

    estimators = [network(network=one) for one in (local, small_module, local)]
    assert groups_that_fit_together(estimators) == [[0, 2], [1]]


def test_draws_that_learn_have_their_own_run() -> None:
    """Learning takes from the random streams: others would not be as if alone."""
    options = {"loss": "balanced-softmax"}
    together = [network(draw=name, **options) for name in ("meta", "balanced", "meta")]
    alone = [clone(estimator).fit(X, Y) for estimator in together]
    assert groups_that_fit_together(together) == [[0, 2], [1]]
    fit_together(together, X, Y)
    for one, other in zip(together, alone, strict=True):
        assert_equal_fits(one, other)


def test_losses_of_the_user_share_a_run_only_if_identical() -> None:
    """Nothing is known of what their numbers do."""

    class Halved(RowLoss):
        def row_losses(self, logits: torch.Tensor, targets: torch.Tensor) -> Any:
            return CrossEntropy().row_losses(logits, targets) / 2

    own = Halved()
    estimators = [network(loss=own), network(loss=Halved()), network(loss=own)]
    assert groups_that_fit_together(estimators) == [[0, 2], [1]]


def test_other_numbers_of_rows_have_their_own_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a group, those share a run whose rows and epochs are equally many."""
    runs = counted_runs(monkeypatch)
    estimators = [
        network(sampler=RandomOverSampler()),
        network(sampler=RandomUnderSampler()),
        network(),
        network(draw="over"),
        network(validation_fraction=0.3),
        network(random_state=1),
    ]
    fit_together(estimators, X, Y)
    assert runs == [1, 1, 2, 1, 1]
    assert [len(model.best_iter_) for model in estimators] == [1] * 6


def test_large_rows_are_cut_into_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each has rows of its own, they are not all copied at once."""
    monkeypatch.setattr(side_by_side, "BYTES_AT_ONCE", 2 * X.size * 4)
    runs = counted_runs(monkeypatch)
    fit_together([network(random_state=seed) for seed in range(4)], X, Y)
    fit_together([network(dropout=rate) for rate in (0.0, 0.1, 0.2, 0.3)], X, Y)
    assert runs == [2, 2, 4]


def test_large_rows_are_let_go_before_more_are_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However many settings resample, a few copies of the rows are there at once."""
    monkeypatch.setattr(side_by_side, "BYTES_AT_ONCE", 2 * X.size * 4)
    made: list[weakref.ref[Any]] = []
    alive: list[int] = []

    class Watched(shared_run.FitShare):
        def __init__(self, *values: Any, **named: Any) -> None:
            super().__init__(*values, **named)
            made.append(weakref.ref(self.rows.X))
            alive.append(sum(one() is not None for one in made))

    monkeypatch.setattr(classifier, "FitShare", Watched)
    fit_together([network(random_state=seed, max_iter=1) for seed in range(8)], X, Y)
    assert len(made) == 8
    assert max(alive) <= 3


def test_fitted_networks_are_independent() -> None:
    """A network holds its own replicas alone, and can be pickled and refitted."""
    together = [network(n_replicas=2), network(dropout=0.3)]
    fit_together(together, X, Y)
    assert [model.network_.n_replicas for model in together] == [2, 1]
    before = together[0].predict_proba(X)
    with torch.no_grad():
        for parameter in together[1].network_.parameters():
            parameter.zero_()
    assert (together[0].predict_proba(X) == before).all()
    again = together[0].fit(X, Y).predict_proba(X)
    np.testing.assert_allclose(again, before, atol=1e-4)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"learning_rate_init": -1.0}, "learning_rate_init is -1.0"),
        ({"weight_decay": -1.0}, "weight_decay is -1.0"),
        ({"loss": Focal(-1.0)}, "gamma is -1.0"),
    ],
)
def test_a_setting_out_of_range_is_named(
    parameters: dict[str, Any], message: str
) -> None:
    """As in ``fit`` of that estimator."""
    estimators = [network(loss=Focal(1.0)), network(**{"loss": Focal(), **parameters})]
    with pytest.raises(InputError, match=message):
        fit_together(estimators, X, Y)


def moving(**parameters: Any) -> ExplicitGradientClassifier:
    """Give Explicit Gradient around the small network."""
    options = {"max_iter": 4, "random_state": 0, **parameters}
    return ExplicitGradientClassifier(network(), **options)


def test_equal_first_networks_are_trained_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A method and its control begin alike; then rows that stay have their own run."""
    rates = (10.0, 0.0, 30.0)
    alone = [moving(row_learning_rate=rate).fit(X, Y) for rate in rates]
    together = [moving(row_learning_rate=rate) for rate in rates]
    runs = counted_runs(monkeypatch)

    seconds = fit_together_on(together, [(X, Y)] * 3)

    assert runs == [1, 2, 1]
    assert min(seconds) > 0
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(
            one.predict_proba(X), other.predict_proba(X), atol=1e-4
        )
        np.testing.assert_allclose(one.moved_rows_, other.moved_rows_, atol=1e-3)
    assert together[0].first_history_ is not together[1].first_history_


def test_other_rows_or_seeds_are_trained_for_themselves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only what is equal in everything is trained once."""
    models = [network(random_state=seed) for seed in (0, 1, 0)]
    runs = counted_runs(monkeypatch)
    fit_together_on(models, [(X, Y), (X, Y), (X + 1, Y)])
    assert runs == [3]
    again = [network(), network()]
    fit_together_on(again, [(X, Y), (X.copy(), Y)])
    assert runs == [3, 1]
    assert_equal_fits(*again)
    assert again[0].network_ is not again[1].network_
