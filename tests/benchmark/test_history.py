"""Histories: small, and the same after they were stored."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from trimtab.art import ARTClassifier
from trimtab.benchmark.experiment import Experiment
from trimtab.benchmark.history import History, history_of
from trimtab.benchmark.methods import Method
from trimtab.benchmark.protocol import Protocol
from trimtab.benchmark.running.evaluation import evaluate
from trimtab.ensembles.named_ensembles import UnderBaggingClassifier
from trimtab.ensembles.policies import RandomPolicy
from trimtab.mesa import MESAClassifier
from trimtab.meta_sampler.policy import LearnedPolicy
from trimtab.tables import encode_labels
from trimtab.training.classifier import NetworkClassifier


def made_up(n_epochs, drawn):
    """Return what looks like a fitted ART whose shares run as `drawn` says."""
    epochs = range(1, n_epochs + 1)
    n_classes = len(drawn(1))
    records = [
        {
            "epoch": epoch,
            "class_probabilities": np.array(drawn(epoch)),
            "class_f1": np.full(n_classes, 0.5),
        }
        for epoch in epochs
    ]
    return SimpleNamespace(
        history_=records,
        classes_=np.arange(n_classes),
        class_prior_=np.full(n_classes, 1 / n_classes),
        best_iter_=np.array([n_epochs]),
    )


@pytest.fixture(scope="module")
def rows():
    """Give 300 rows, one in ten of the class 1."""
    random = np.random.default_rng(0)
    X = random.normal(size=(300, 4))
    return X, (X[:, 0] + random.normal(size=300) > 1.6).astype(int)


def test_a_history_survives_its_text():
    """Numbers are rounded to four decimals, all else is as it was."""
    series = {"mu": np.array([0.12345678, 1.0]), "errors": np.eye(2)}
    history = History("errors", np.array([1, 2]), series, ["low", "high"], {"a": [1]})
    read = History.from_json(history.to_json())
    assert (read.kind, read.columns, read.facts) == (
        "errors",
        ["low", "high"],
        {"a": [1]},
    )
    assert read.rounds.tolist() == [1, 2]
    np.testing.assert_allclose(read.series["mu"], [0.1235, 1.0])
    np.testing.assert_array_equal(read.series["errors"], np.eye(2))


def test_a_long_history_of_many_classes_stays_small():
    """Of 1000 epochs 200 are kept, of 50 classes twelve, with the one of interest."""
    step = np.arange(50) / 1e5

    def drawn(epoch):
        return 0.02 + (step - step.mean()) * epoch / 1000

    history = history_of(made_up(1000, drawn), positive="25")
    assert len(history.rounds) == 200
    assert history.rounds[[0, -1]].tolist() == [1, 1000]
    assert len(history.columns) == 12
    assert {"0", "25", "49"} <= set(history.columns)
    assert "24" not in history.columns
    assert history.series["drawn"].shape == history.series["f1"].shape == (200, 12)
    assert history.facts["n_classes"] == 50
    assert len(history.to_json()) < 60_000


def test_art_in_a_pipeline_is_recorded(rows):
    """What its history_ says, with the classes by name."""
    art = ARTClassifier(SGDClassifier(loss="log_loss"), max_iter=4, random_state=0)
    pipeline = make_pipeline(StandardScaler(), art).fit(*rows)
    history = history_of(pipeline, positive="1")
    assert (history.kind, history.columns) == ("draw", ["0", "1"])
    np.testing.assert_allclose(
        history.series["drawn"], [r["class_probabilities"] for r in art.history_]
    )
    assert history.facts["kept"] == art.best_iter_[0]
    np.testing.assert_allclose(history.facts["prior"], art.class_prior_, atol=1e-4)


@pytest.mark.parametrize(
    ("learner", "follows"),
    [
        (ARTClassifier(max_iter=2), True),
        (NetworkClassifier(draw="adaptive", max_iter=2), True),
        (NetworkClassifier(draw="meta", loss="balanced-softmax", max_iter=2), False),
    ],
)
def test_it_is_known_whether_the_f1_decides(learner, follows, rows):
    """BALMS learns its draw from the training rows."""
    pipeline = make_pipeline(StandardScaler(), learner).fit(*rows)
    assert history_of(pipeline, "1").facts["follows_f1"] is follows


def test_one_split_of_a_protocol_is_recorded(rows):
    """Those of the others are alike, and would only fill the store."""
    method = Method(
        "short art",
        "ART for two epochs.",
        family="learned",
        build=lambda info, seed: ARTClassifier(max_iter=2, random_state=seed),
    )
    labels, protocol = encode_labels(rows[1]), Protocol(2, 2, tune_threshold=False)
    kept = {
        (repeat, fold): evaluate(
            Experiment("d", method.name, protocol, repeat, fold),
            method,
            rows[0],
            labels,
        ).history
        for repeat, fold in protocol.splits()
    }
    assert kept.pop((0, 0)).kind == "draw"
    assert set(kept.values()) == {None}


def test_only_draws_that_may_move_are_recorded(rows):
    """Of ART that never adapts, too; not of a network, nor of other learners."""
    still = ARTClassifier(boost_frequency=10**6, max_iter=2, random_state=0).fit(*rows)
    network = NetworkClassifier(draw="over", max_iter=2, n_replicas=3, random_state=0)
    assert np.ptp(history_of(still, "1").series["drawn"], axis=0).max() == 0
    assert history_of(network.fit(*rows), "1") is None
    assert history_of(LogisticRegression().fit(*rows), "1") is None


def test_a_number_that_is_not_there_survives_too():
    """NaN is null in the text, which is JSON that any reader takes."""
    history = History("ensemble", np.array([1, 2]), {"mu": np.array([np.nan, 0.5])})
    assert "NaN" not in history.to_json()
    np.testing.assert_array_equal(
        History.from_json(history.to_json()).series["mu"], [np.nan, 0.5]
    )


def test_mesa_in_a_pipeline_is_recorded(rows):
    """What was decided, drawn and measured; the class of interest stands last."""
    mesa = MESAClassifier(
        DecisionTreeClassifier(),
        n_estimators=4,
        meta_sampler=RandomPolicy(),
        random_state=0,
    )
    pipeline = make_pipeline(StandardScaler(), mesa).fit(*rows)
    history = history_of(pipeline, positive="1")
    records = mesa.history_
    assert (history.kind, history.columns) == ("ensemble", ["0", "1"])
    np.testing.assert_allclose(history.series["mu"][1:], [r["mu"] for r in records[1:]])
    assert np.isnan(history.series["mu"][0])
    for name, key in (
        ("held_out", "held_out_histogram"),
        ("train", "train_histogram"),
        ("score", "held_out_score"),
        ("rows", "rows_per_class"),
    ):
        np.testing.assert_allclose(history.series[name], [r[key] for r in records])
    assert history.facts == {
        "metric": "average_precision",
        "is_chosen": [True, False],
        "is_learned": False,
    }


def test_a_learned_policy_is_said_to_be_one(rows):
    """So that the page does not call a constant policy learned."""
    layers = ((np.zeros((1, 10), np.float32), np.zeros(1, np.float32)),)
    tree = DecisionTreeClassifier()
    mesa = MESAClassifier(tree, 2, meta_sampler=LearnedPolicy(layers)).fit(*rows)
    assert history_of(mesa, "1").facts["is_learned"] is True


def test_the_other_classes_are_one_by_their_rows(rows):
    """Shares of several classes are averaged by how large these are."""
    X, y = rows
    labels = np.where(y == 1, "rare", np.where(X[:, 1] > 0, "up", "down"))
    bagging = UnderBaggingClassifier(DecisionTreeClassifier(), 2, random_state=0)
    history = history_of(bagging.fit(X, labels), positive="rare")
    train = bagging.history_[1]["train_histogram"]
    counts = [(labels == name).sum() for name in ("down", "up")]
    others = np.average(train[[0, 2]], axis=0, weights=counts)
    assert history.columns == ["all others", "rare"]
    np.testing.assert_allclose(history.series["train"][1], [others, train[1]])
    rare = (labels == "rare").sum()
    assert history.series["rows"][1].tolist() == [2 * rare, rare]
    assert not {"held_out", "score", "mu"} & set(history.series)
    assert history.facts["is_learned"] is None
