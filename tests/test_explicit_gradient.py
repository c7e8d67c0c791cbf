"""Explicit Gradient as classifier, sampler and regression: contract and behaviour."""

# SPDX-License-Identifier: BSD-3-Clause

import pickle
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from imblearn.pipeline import make_pipeline
from imblearn.utils.estimator_checks import estimator_checks_generator
from numpy.typing import NDArray
from scipy import sparse
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import balanced_accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.utils.estimator_checks import parametrize_with_checks

from trimtab import ExplicitGradientClassifier, ExplicitGradientSampler, InputError
from trimtab.explicit_gradient import fit_moving_points
from trimtab.explicit_gradient.three_parts import three_parts
from trimtab.losses import Focal
from trimtab.sampling.draw import AdaptiveDraw
from trimtab.synthesis.moving_rows import MovingRows
from trimtab.training.classifier import NetworkClassifier
from trimtab.training.side_by_side import fit_together_on, groups_that_fit_together

# Tables of the checks are tiny: that the meta set is small is no news there.
pytestmark = [
    pytest.mark.filterwarnings("ignore:the meta set has:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*of the moving rows lie:UserWarning"),
]

NAMES = np.array(["common", "rare", "seldom"])
X, CODES = make_classification(
    600,
    n_features=6,
    n_informative=5,
    n_redundant=0,
    n_classes=3,
    n_clusters_per_class=1,
    weights=[0.75, 0.15],
    class_sep=1.2,
    random_state=3,
)
X = X.astype(np.float32)
X_TRAIN, X_TEST, Y_TRAIN, Y_TEST = train_test_split(
    X, NAMES[CODES], stratify=CODES, random_state=0
)


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def mover(**parameters: Any) -> ExplicitGradientClassifier:
    """Give a classifier for a few epochs."""
    options = {"max_iter": 15, "n_iter_no_change": None, "random_state": 0}
    return ExplicitGradientClassifier(**{**options, **parameters})


@parametrize_with_checks(
    [
        ExplicitGradientClassifier(
            NetworkClassifier(hidden_layer_sizes=(16,), learning_rate_init=0.02),
            max_iter=20,
        ),
        ExplicitGradientClassifier(
            NetworkClassifier(layer_norm=True, learning_rate_init=0.02),
            max_iter=15,
            n_replicas=2,
        ),
    ]
)
def test_estimator_contract(estimator: Any, check: Any) -> None:
    """Every check of scikit-learn passes, none is expected to fail."""
    check(estimator)


SAMPLER_CHECKS = [
    pytest.param(sampler, check, id=getattr(check, "func", check).__name__)
    for sampler, check in estimator_checks_generator(
        ExplicitGradientSampler(mover(max_iter=3, n_replicas=2), random_state=0)
    )
]


@pytest.mark.parametrize(("estimator", "check"), SAMPLER_CHECKS)
def test_imbalanced_learns_checks(estimator: Any, check: Callable[..., Any]) -> None:
    """All of scikit-learn's and imbalanced-learn's checks pass, none excepted."""
    check(estimator)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"n_inner_steps": 2, "n_replicas": 2},
        {"optimizer": "adamw", "balanced_meta": True},
        {"class_shares": "difficulty", "max_confidence": 0.5, "n_replicas": 2},
        {"estimator": NetworkClassifier(loss=Focal(), draw=AdaptiveDraw())},
        {"estimator": NetworkClassifier(dropout=0.2, layer_norm=True)},
        {"estimator": torch.nn.Linear},
    ],
    ids=["plain", "steps", "adamw", "difficulty", "art-focal", "dropout", "module"],
)
def test_it_learns_and_repeats_itself(options: dict[str, Any]) -> None:
    """Three text classes are told apart, rows move, and two fits are bit-equal."""
    first, again = (mover(**options).fit(X_TRAIN, Y_TRAIN) for _ in range(2))

    assert balanced_accuracy_score(Y_TEST, first.predict(X_TEST)) > 0.6
    assert first.history_[-1]["row_shift"] > 0
    np.testing.assert_array_equal(
        first.predict_proba(X_TEST), again.predict_proba(X_TEST)
    )
    np.testing.assert_array_equal(first.moved_rows_, again.moved_rows_)


def test_moved_rows_are_copies_of_rare_rows() -> None:
    """Of all classes but the largest, as many as they have in the training part."""
    model = mover(n_replicas=2, keep_positions=True).fit(X_TRAIN, Y_TRAIN)

    parents = model.parent_indices_
    np.testing.assert_array_equal(model.moved_labels_, Y_TRAIN[parents])
    assert "common" not in model.moved_labels_
    counts = [(name == Y_TRAIN).sum() for name in ("rare", "seldom")]
    assert parents.shape[1] == pytest.approx(0.8 * sum(counts), abs=2)
    assert (model.best_iter_ == model.n_iter_).all()
    for replica, best in enumerate(model.best_iter_):
        own = [r for r in model.history_ if r["replica"] == replica]
        np.testing.assert_array_equal(
            own[best - 1]["moving_rows"], model.moved_rows_[replica]
        )
    way = np.linalg.norm(model.moved_rows_[0] - X_TRAIN[parents[0]], axis=1).mean()
    assert way > 0


def test_rows_move_downhill() -> None:
    """With the network held still, so to speak, the held-out loss falls as rows move.

    The same training with rows that stay has a higher loss on the meta rows.
    """
    meta = X_TEST, Y_TEST
    losses = {}
    for rate in (0.0, 100.0):
        model = mover(row_learning_rate=rate, max_iter=60).fit(
            X_TRAIN, Y_TRAIN, eval_set=meta, meta_set=meta
        )
        losses[rate] = model.history_[-1]["held_out_loss"]
    assert losses[100.0] < losses[0.0] - 0.001


def test_the_three_parts_are_disjoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """What moves rows, what selects the epoch and what is trained on have no row."""
    seen: list[Any] = []

    def spy(*arguments: Any) -> Any:
        seen.append(three_parts(*arguments))
        return seen[-1]

    home = "trimtab.explicit_gradient.moving_classifier"
    monkeypatch.setattr(f"{home}.three_parts", spy)
    mover(max_iter=1, meta_fraction=0.2).fit(X_TRAIN, Y_TRAIN)
    training, meta, held, numbers = seen[0]
    rows = [set(map(bytes, part.X)) for part in (training, meta, held)]
    assert sum(map(len, rows)) == len(set.union(*rows)) == len(X_TRAIN)
    np.testing.assert_array_equal(training.X, X_TRAIN[numbers])
    assert len(meta.codes) == pytest.approx(0.2 * len(X_TRAIN), abs=2)
    assert len(held.codes) == pytest.approx(0.2 * len(X_TRAIN), abs=2)


def test_held_out_rows_move_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the paper, unless `meta_fraction` says otherwise."""
    seen: list[Any] = []

    def spy(*arguments: Any) -> Any:
        seen.append(three_parts(*arguments))
        return seen[-1]

    monkeypatch.setattr("trimtab.explicit_gradient.moving_classifier.three_parts", spy)
    mover(max_iter=1).fit(X_TRAIN, Y_TRAIN)
    training, meta, held, _ = seen[0]
    assert meta.X is held.X
    assert len(training.codes) == pytest.approx(0.8 * len(X_TRAIN), abs=2)


def test_meta_rows_move_rows_and_held_out_rows_select(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each of the two sets that a user brings goes where it is meant to."""
    held, meta = ((X_TEST[i::2], Y_TEST[i::2]) for i in (0, 1))
    seen: list[Any] = []

    def spy(*arguments: Any, **options: Any) -> MovingRows:
        seen.extend(part.numpy() for part in arguments[3:5])
        return MovingRows(*arguments, **options)

    monkeypatch.setattr("trimtab.explicit_gradient.algorithm.MovingRows", spy)
    model = mover(max_iter=3).fit(X_TRAIN, Y_TRAIN, eval_set=held, meta_set=meta)
    best = model.history_[model.best_iter_[0] - 1]

    np.testing.assert_array_equal(seen[0], meta[0])
    np.testing.assert_array_equal(model.classes_[seen[1]], meta[1])
    loss = log_loss(held[1], model.predict_proba(held[0]))
    assert best["held_out_loss"] == pytest.approx(loss, rel=1e-4)


@pytest.mark.parametrize("one_hot", ["fixed", "simplex"])
def test_categories_and_ranges(one_hot: str) -> None:
    """One-hot columns stay, or stay on the simplex; the others within their range."""
    categories = np.eye(3, dtype=np.float32)[np.arange(600) % 3]
    mixed = np.concatenate([X, categories], axis=1)
    model = mover(
        row_learning_rate=1000.0,
        one_hot_columns=[[6, 7, 8]],
        one_hot=one_hot,
        keep_in_range=True,
    ).fit(mixed, CODES)
    moved, first = model.moved_rows_[0], mixed[model.parent_indices_[0]]

    assert (moved >= mixed.min(0)).all()
    assert (moved <= mixed.max(0)).all()
    np.testing.assert_allclose(moved[:, 6:].sum(1), 1, atol=1e-5)
    assert (moved[:, 6:] == first[:, 6:]).all() == (one_hot == "fixed")
    assert (moved[:, :6] != first[:, :6]).any()


def test_one_hot_columns_may_be_an_array() -> None:
    """Of groups of one size each: those columns stay, as with lists, others move."""
    groups = np.array([[0, 1], [2, 3]])
    array, lists = (
        mover(one_hot_columns=given, max_iter=3, row_learning_rate=100.0)
        for given in (groups, groups.tolist())
    )
    moved = array.fit(X_TRAIN, Y_TRAIN).moved_rows_

    np.testing.assert_array_equal(moved, lists.fit(X_TRAIN, Y_TRAIN).moved_rows_)
    first = X_TRAIN[array.parent_indices_]
    np.testing.assert_array_equal(moved[..., :4], first[..., :4])
    assert (moved[..., 4:] != first[..., 4:]).any()


def test_wrong_one_hot_columns_are_refused_before_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not after the first of the two networks is trained."""
    monkeypatch.setattr(
        "trimtab.explicit_gradient.algorithm.Algorithm1.first_training", None
    )
    with pytest.raises(InputError, match="one_hot_columns has the group"):
        mover(one_hot_columns=[[0, 99]]).fit(X_TRAIN, Y_TRAIN)


def test_sampler_feeds_trees() -> None:
    """New rows balance the classes; each is near its parent, and of its class."""
    sampler = ExplicitGradientSampler(mover(n_replicas=4), random_state=0)
    X_new, y_new = sampler.fit_resample(X_TRAIN, Y_TRAIN)
    made, labels = X_new[len(X_TRAIN) :], y_new[len(X_TRAIN) :]

    assert len(set(np.unique(y_new, return_counts=True)[1])) == 1
    np.testing.assert_array_equal(Y_TRAIN[sampler.parent_indices_], labels)
    way = np.linalg.norm(made - X_TRAIN[sampler.parent_indices_], axis=1)
    assert 0 < way.mean() < 1
    as_sparse = sampler.fit_resample(sparse.csr_matrix(X_TRAIN), Y_TRAIN)[0]
    np.testing.assert_allclose(as_sparse.toarray(), X_new, atol=1e-6)
    forest = make_pipeline(sampler, RandomForestClassifier(20, random_state=0))
    predicted = forest.fit(X_TRAIN, Y_TRAIN).predict(X_TEST)
    assert balanced_accuracy_score(Y_TEST, predicted) > 0.6


def test_sampler_makes_as_many_rows_as_labels() -> None:
    """Also where so many are wanted as the class has training rows, few eligible."""
    rng = np.random.default_rng(0)
    y = np.repeat([1, 0], [20, 36])  # 16 of 20 are trained on, 16 are wanted
    table = rng.normal(size=(56, 3)) + y[:, None]
    sampler = ExplicitGradientSampler(
        mover(max_iter=5, n_replicas=1, max_confidence=0.3), random_state=0
    )
    rows, labels = sampler.fit_resample(table, y)
    assert len(rows) == len(labels) == 72
    assert np.bincount(labels).tolist() == [36, 36]
    assert (y[sampler.parent_indices_] == 1).all()


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_fitted_together_as_if_alone(optimizer: str) -> None:
    """Settings and folds share both trainings, and each comes out as by itself."""
    options: dict[str, Any] = {"optimizer": optimizer, "keep_in_range": True}
    settings = [
        {"row_learning_rate": 100.0, "max_confidence": 0.8, **options},
        {"learning_rate": 0.05, "n_replicas": 2, "row_learning_rate": 0.0, **options},
        {"random_state": 7, "row_learning_rate": 100.0, **options},
    ]
    folds = [(X[rows], NAMES[CODES[rows]]) for rows in np.split(np.arange(600), 3)]
    tables = [folds[0], folds[0], folds[1]]
    together = [mover(**one) for one in settings]

    assert groups_that_fit_together(together) == [[0, 1, 2]]
    assert len(groups_that_fit_together([mover(), mover(n_inner_steps=2)])) == 2
    assert len(groups_that_fit_together([mover(), NetworkClassifier()])) == 2
    fit_together_on(together, tables)
    for model, one, table in zip(together, settings, tables, strict=True):
        alone = mover(**one).fit(*table)
        ours, own = model.predict_proba(X_TEST), alone.predict_proba(X_TEST)
        np.testing.assert_allclose(ours, own, atol=1e-3)
        np.testing.assert_allclose(model.moved_rows_, alone.moved_rows_, atol=1e-2)
        np.testing.assert_array_equal(model.parent_indices_, alone.parent_indices_)
        assert len(model.history_) == len(alone.history_)
        assert model.first_history_[3]["train_loss"] == pytest.approx(
            alone.first_history_[3]["train_loss"], rel=1e-3
        )


def test_a_pickle_predicts_the_same() -> None:
    """Fitted classifiers travel."""
    model = mover().fit(X_TRAIN, Y_TRAIN)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(
        model.predict_proba(X_TEST), again.predict_proba(X_TEST)
    )


def small(n_rare: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Take all common rows and a few rare ones."""
    rows = np.concatenate(
        [np.flatnonzero(CODES == 0), np.flatnonzero(CODES == 1)[:n_rare]]
    )
    return X[rows], CODES[rows]


def test_warnings_say_what_to_do() -> None:
    """A meta set of two rare rows, and rows that fly off."""
    with pytest.warns(UserWarning, match="meta set has 2 rows of class 1.*meta_fract"):
        mover(max_iter=1).fit(*small(10))
    with pytest.warns(UserWarning, match=r"lie more than .* lower row_learning_rate"):
        mover(row_learning_rate=1e6).fit(X_TRAIN, Y_TRAIN)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"estimator": RandomForestClassifier()}, "estimator is a RandomForest"),
        ({"one_hot_columns": [[5, 6]]}, r"one_hot_columns has the group \[5, 6\]"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], message: str) -> None:
    """One line says what to give."""
    with pytest.raises(InputError, match=message):
        mover(**options).fit(X_TRAIN, Y_TRAIN)


def test_too_few_rows_are_refused() -> None:
    """Three parts need three rows of each class."""
    with pytest.raises(InputError, match="class 1 has 2 rows: the split into 3 parts"):
        mover(meta_fraction=0.2).fit(*small(2))
    with pytest.raises(InputError, match="estimator is a RandomForestClassifier"):
        ExplicitGradientSampler(RandomForestClassifier()).fit_resample(X, CODES)


def test_points_move_towards_a_sine_wave() -> None:
    """Section 4 of the paper: moved points lie nearer to the curve than at first."""
    rng = np.random.default_rng(0)
    where = rng.uniform(-5, 5, 10)[:, None]
    wave = np.sin(np.pi / 2 * where[:, 0])
    start = rng.uniform(-5, 5, (20, 1)), rng.uniform(-1, 1, 20)
    pairs = (where[:5], wave[:5]), (where[5:], wave[5:])
    options: dict[str, Any] = {"seeds": [0, 1], "n_epochs": 500, "n_first_epochs": 200}
    moved = fit_moving_points(*pairs, start, **options)
    stayed = fit_moving_points(*pairs, start, point_learning_rate=0.0, **options)

    assert (moved.meta_losses[-1] < 0.5 * stayed.meta_losses[-1]).all()
    np.testing.assert_array_equal(stayed.targets[0], stayed.targets[-1])
    assert moved.predict(where).shape == (2, 10)
    error = ((moved.predict(where)[:, 5:] - wave[5:]) ** 2).mean(axis=1)
    np.testing.assert_allclose(error, moved.meta_losses[-1], rtol=1e-10)


def test_points_of_a_wrong_shape_are_refused() -> None:
    """One line says which pair and what to give."""
    pair = np.zeros((3, 1)), np.zeros(3)
    with pytest.raises(InputError, match="meta has inputs of the shape"):
        fit_moving_points(pair, (np.zeros(3), np.zeros(3)), pair)
    with pytest.raises(InputError, match="points is a ndarray: give a pair"):
        fit_moving_points(pair, pair, np.zeros(4))  # type: ignore[arg-type]
