"""Networks and ART as methods of the comparison."""

import numpy as np
import optuna
import pytest
from sklearn.datasets import make_classification
from sklearn.metrics import average_precision_score

from trimtab.benchmark.experiment import Experiment
from trimtab.benchmark.methods import TableInfo, get_method, list_methods
from trimtab.benchmark.protocol import Protocol
from trimtab.benchmark.running.evaluation import evaluate
from trimtab.tables import encode_labels


@pytest.fixture(scope="module")
def table():
    """Make a table of 400 rows, one in ten positive."""
    X, y = make_classification(
        400, 6, n_informative=4, weights=[0.9], class_sep=1.5, random_state=0
    )
    return X, encode_labels(y)


@pytest.mark.parametrize("name", ["network", "network-focal", "art", "art-lightgbm"])
def test_they_beat_guessing_and_repeat_themselves(table, name):
    """The same seed gives the same scores, bit for bit."""
    experiment = Experiment("t", name, Protocol(3), 0, 0)
    first, again = (evaluate(experiment, get_method(name), *table) for _ in range(2))
    assert first.measures["average_precision"] > 0.4
    np.testing.assert_array_equal(first.scores, again.scores)


def test_art_that_never_adapts_keeps_its_first_draw(table):
    """It is the control that tells what adapting adds."""
    X, labels = table
    info = TableInfo(tuple(labels.counts), 1)
    drawn = {}
    for name in ("art", "art-not-adapted"):
        fitted = get_method(name).build(info, 0).fit(X, labels.codes)
        history = fitted[-1].history_
        drawn[name] = {tuple(record["class_probabilities"]) for record in history}
    assert len(drawn["art-not-adapted"]) == 1
    assert len(drawn["art"]) > 1
    np.testing.assert_allclose(*drawn["art-not-adapted"], [0.7, 0.3], atol=0.01)


@pytest.mark.filterwarnings("ignore:the meta set has:UserWarning")
@pytest.mark.parametrize(
    "name",
    [
        "explicit-gradient",
        "explicit-gradient-not-moved",
        "explicit-gradient-lightgbm",
    ],
)
def test_moving_rows_and_their_control(name, table):
    """They beat guessing; the control's rows stay, and nothing else is different."""
    X, labels = table
    info = TableInfo(tuple(labels.counts), 1)
    options = {"max_iter": 20, "learning_rate_init": 0.01}
    fitted = get_method(name).build(info, 0, **options).fit(X, labels.codes)
    moved = fitted[-1] if "lightgbm" not in name else fitted[-2].estimator_

    shifts = [record["row_shift"] for record in moved.history_]
    assert (max(shifts) > 0) == (name != "explicit-gradient-not-moved")
    scores = fitted.predict_proba(X)[:, 1]
    assert average_precision_score(labels.codes, scores) > 0.4


def test_sparse_tables_are_left_to_others():
    """A network takes no sparse matrix, and says so."""
    info = TableInfo((90, 10), 1, is_sparse=True)
    for method in list_methods("network"):
        assert "sparse" in method.reason_to_skip(info)
    assert get_method("art-lightgbm").reason_to_skip(info) is None


FAMILIES = ("network", "art", "explicit-gradient")
NETWORKS = [m.name for m in list_methods() if m.name.startswith(FAMILIES)]
NETWORKS = [name for name in NETWORKS if not name.endswith(("lightgbm", "forest"))]


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_is_tuned_over_the_same_ranges_and_its_own(name, table):
    """What the search space proposes is what the method is built with."""
    labels = table[1]
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    trial = study.ask()
    proposed = get_method(name).search_space(trial)

    assert proposed == trial.params
    assert {"learning_rate_init", "weight_decay", "dropout"} <= set(proposed)
    info = TableInfo(tuple(labels.counts), 1)
    more = {"n_replicas": 1, "batch_size": 256, "max_iter": 2}
    estimator = get_method(name).build(info, 0, **proposed, **more)[-1]
    network = getattr(estimator, "estimator", estimator)
    given = network.get_params() | estimator.get_params()
    for parameter in ("learning_rate_init", "weight_decay", "dropout"):
        assert given[parameter] == proposed[parameter]
    assert {given["n_replicas"], given["max_iter"], given["batch_size"]} == {1, 2, 256}


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
@pytest.mark.parametrize("name", NETWORKS)
def test_no_network_fails_on_a_class_of_five_rows(name):
    """The smallest class of red wine has as many for training."""
    rng = np.random.default_rng(0)
    y = np.repeat([3, 4, 5, 6], [5, 30, 80, 60])
    X = rng.normal(size=(len(y), 4)) + y[:, None]
    info = TableInfo((5, 30, 80, 60), 3)
    options = {"n_replicas": 2, "max_iter": 3}
    fitted = get_method(name).build(info, 0, **options).fit(X, y)

    assert fitted.predict_proba(X).shape == (len(y), 4)


def test_own_parameters_reach_the_loss_and_the_sampler():
    """By the names that the search spaces use."""
    info = TableInfo((90, 10), 1)

    def built(name, **options):
        return get_method(name).build(info, 0, **options)[-1].get_params(deep=True)

    assert built("network-focal", gamma=3.0)["loss"].gamma == 3.0
    assert built("network-ohem", keep=0.3)["loss"].keep == 0.3
    assert built("network-ldam", max_margin=0.7)["loss"].max_margin == 0.7
    assert built("network-class-balanced", beta=0.9)["loss"].beta == 0.9
    balms = built("network-balms", meta_learning_rate=0.2, power=0.1)
    assert balms["draw"].learning_rate == 0.2
    assert balms["draw"].power == 0.1
    assert built("network-smote", k_neighbors=4)["sampler__k_neighbors"] == 4
    assert built("network-msmote", k_neighbors=4)["sampler__k_neighbors"] == 4
    assert built("network-adasyn", k_neighbors=4)["sampler__n_neighbors"] == 4
    assert built("network-near-miss", version=2)["sampler__version"] == 2
