"""The network as a scikit-learn classifier."""

# SPDX-License-Identifier: BSD-3-Clause

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from imblearn.over_sampling import SMOTE
from joblib import parallel_config
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks
from torch import nn

from tests.training.conftest import Rows
from trimtab.exceptions import InputError
from trimtab.losses import LDAM
from trimtab.sampling.draw import AdaptiveDraw, MetaDraw
from trimtab.training.classifier import NetworkClassifier
from trimtab.training.networks import StackedCNN, StackedCosine

NAMES = np.array(["common", "rare", "rarest"])


def classifier(**options: Any) -> NetworkClassifier:
    """Return a classifier that is quick to fit."""
    settings = {
        "hidden_layer_sizes": (8,),
        "max_iter": 10,
        "learning_rate_init": 0.03,
        "batch_size": 32,
        "device": "cpu",
        "random_state": 0,
    }
    return NetworkClassifier(**{**settings, **options})


@parametrize_with_checks(
    [
        classifier(),
        classifier(n_replicas=2, draw="adaptive", synthesis="smote"),
        classifier(sampler=SMOTE(k_neighbors=2)),
    ]
)
def test_scikit_learn_contract(estimator: Any, check: Any) -> None:
    """Every check of scikit-learn passes, none is expected to fail."""
    check(estimator)


@pytest.fixture
def table(rows: Rows) -> tuple[pd.DataFrame, NDArray[Any]]:
    """Give a DataFrame with named columns and text labels."""
    return pd.DataFrame(rows.X, columns=list("abcdef")), NAMES[rows.codes]


def test_learns_a_table_with_text_labels(
    table: tuple[pd.DataFrame, NDArray[Any]], rows: Rows
) -> None:
    """Labels come back as given; unseen rows are recognised well over chance."""
    fitted = classifier(draw="adaptive", max_iter=30).fit(*table)

    X_new = pd.DataFrame(rows.X_held, columns=table[0].columns)
    assert fitted.classes_.tolist() == NAMES.tolist()
    assert fitted.score(X_new, NAMES[rows.codes_held]) > 0.85
    assert fitted.feature_names_in_.tolist() == list("abcdef")
    np.testing.assert_allclose(fitted.predict_proba(X_new).sum(axis=1), 1)


def test_two_fits_are_bit_equal(table: tuple[pd.DataFrame, NDArray[Any]]) -> None:
    """Probabilities of two fits agree in every digit, side by side as well."""
    model = classifier(n_replicas=3, draw="adaptive", dropout=0.3)
    first, second = (clone(model).fit(*table) for _ in range(2))

    assert (first.predict_proba(table[0]) == second.predict_proba(table[0])).all()
    in_turn = cross_val_score(model, *table, cv=3, scoring="neg_log_loss")
    with parallel_config("threading", n_jobs=2):
        together = cross_val_score(model, *table, cv=3, scoring="neg_log_loss")
    assert (in_turn == together).all()


def test_replicas_are_averaged(table: tuple[pd.DataFrame, NDArray[Any]]) -> None:
    """Three replicas give the mean of three; the first is a fit of one."""
    three, one = (classifier(n_replicas=n).fit(*table) for n in (3, 1))
    X = torch.from_numpy(table[0].to_numpy(dtype=np.float32))

    each = three.network_(X.expand(3, *X.shape)).detach().softmax(dim=2).numpy()

    np.testing.assert_allclose(three.predict_proba(table[0]), each.mean(axis=0), 1e-5)
    np.testing.assert_allclose(one.predict_proba(table[0]), each[0], 1e-3, 1e-5)


def test_history_and_fitted_attributes(
    table: tuple[pd.DataFrame, NDArray[Any]],
) -> None:
    """One record per epoch and replica, which a DataFrame takes as it is."""
    fitted = classifier(n_replicas=2, draw="balanced", n_iter_no_change=3).fit(*table)

    history = pd.DataFrame(fitted.history_)
    assert fitted.n_iter_ == history["epoch"].max()
    assert set(history["replica"]) == {0, 1}
    for replica, best in enumerate(fitted.best_iter_):
        own = history[history["replica"] == replica]
        assert own["epoch"].iloc[own["held_out_loss"].to_numpy().argmin()] == best
    np.testing.assert_allclose(fitted.drawn_priors_, 1 / 3, atol=0.02)
    np.testing.assert_allclose(fitted.class_prior_, [0.72, 0.21, 0.07], atol=0.02)


def test_epoch_may_be_selected_by_average_precision(
    table: tuple[pd.DataFrame, NDArray[Any]],
) -> None:
    """The best epoch is that of the highest one, which the history tells."""
    fitted = classifier(selection="average-precision").fit(*table)
    precision = [record["held_out_average_precision"] for record in fitted.history_]
    assert fitted.best_iter_[0] == 1 + int(np.argmax(precision))
    with pytest.raises(InputError, match="selection is 'f1': give 'loss', 'average"):
        classifier(selection="f1").fit(*table)


def test_epoch_may_be_selected_by_macro_f1_or_be_the_last(
    table: tuple[pd.DataFrame, NDArray[Any]],
) -> None:
    """The highest mean F1, the loss among equals; the last, though its loss is high."""
    by_score = classifier(selection="macro-f1").fit(*table)
    score = {
        record["epoch"]: (record["class_f1"].mean().round(9), -record["held_out_loss"])
        for record in by_score.history_
    }
    assert by_score.best_iter_[0] == max(score, key=lambda epoch: score[epoch])
    steep = {"learning_rate_init": 0.1, "n_iter_no_change": 2, "max_iter": 30}
    last = classifier(selection="last", **steep).fit(*table)
    losses = [record["held_out_loss"] for record in last.history_]
    assert last.best_iter_[0] == last.n_iter_ == 30 > 1 + int(np.argmin(losses))


def test_probabilities_are_corrected_for_the_draw(
    table: tuple[pd.DataFrame, NDArray[Any]],
) -> None:
    """Bayes' rule by hand: odds are multiplied by prior over drawn frequency."""
    fitted = classifier(draw="balanced").fit(*table)
    as_drawn = fitted.predict_proba(table[0])
    corrected = fitted.set_params(correct_prior=True).predict_proba(table[0])

    odds = as_drawn * fitted.class_prior_ / fitted.drawn_priors_[0]
    np.testing.assert_allclose(corrected, odds / odds.sum(axis=1, keepdims=True))
    prior = fitted.class_prior_
    assert abs(corrected.mean(0) - prior).max() < abs(as_drawn.mean(0) - prior).max()


def test_eval_set_guides_the_training(
    table: tuple[pd.DataFrame, NDArray[Any]], rows: Rows
) -> None:
    """With held-out rows of one's own, all rows of X are trained on."""
    X_held = pd.DataFrame(rows.X_held, columns=table[0].columns)
    fitted = classifier().fit(*table, eval_set=(X_held, NAMES[rows.codes_held]))

    assert fitted.history_[0]["rows_per_class"].tolist() == [100, 30, 10]
    lowest = min(record["held_out_loss"] for record in fitted.history_)
    probabilities = fitted.predict_proba(X_held)
    own = probabilities[np.arange(len(X_held)), rows.codes_held]
    assert -np.log(own).mean() == pytest.approx(lowest, rel=1e-4)


def test_one_hidden_layer_may_be_a_number(
    table: tuple[pd.DataFrame, NDArray[Any]],
) -> None:
    """An integer is one layer, and no layer a linear model."""
    one, pair, none = (
        classifier(hidden_layer_sizes=sizes, max_iter=2).fit(*table)
        for sizes in (8, (8,), ())
    )

    assert (one.predict_proba(table[0]) == pair.predict_proba(table[0])).all()
    assert len(none.network_.layers) == 1


def test_eval_weight_counts_rows(
    table: tuple[pd.DataFrame, NDArray[Any]],
) -> None:
    """Held-out rows that all stand for three change nothing but rounding."""
    X, y = table
    plain = classifier().fit(X, y, eval_set=(X, y))
    weighted = classifier().fit(X, y, eval_set=(X, y), eval_weight=np.full(len(y), 3))

    np.testing.assert_allclose(
        plain.predict_proba(X), weighted.predict_proba(X), rtol=1e-5
    )


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1.0, 2.0], r"the shape \(2,\): give one number for each of the 60"),
        (np.full(60, -1.0), "holds -1.0: give finite numbers, not negative"),
        (np.full(60, np.nan), "holds nan: give finite numbers, not negative"),
        (np.arange(60) % 2, "eval_weight is 0 in all rows of class 0"),
        ("x", "eval_weight is not all numbers"),
    ],
)
def test_unusable_eval_weights_are_refused(weight: Any, message: str) -> None:
    """Neither a loss that falls without end nor one that never was a number."""
    X, y = np.random.default_rng(0).normal(size=(60, 3)), np.arange(60) % 2
    with pytest.raises(InputError, match=message):
        classifier().fit(X, y, eval_set=(X, y), eval_weight=weight)
    with pytest.raises(InputError, match="eval_weight is given and eval_set is not"):
        classifier().fit(X, y, eval_weight=weight)


@pytest.mark.parametrize("name", ["layer_norm", "correct_prior", "amp", "stacked"])
def test_a_flag_is_true_or_false(name: str) -> None:
    """Text that says no is not taken for yes."""
    X, y = np.random.default_rng(0).normal(size=(60, 3)), np.arange(60) % 2
    with pytest.raises(InputError, match=f"{name} is 'no': give True"):
        classifier().set_params(**{name: "no"}).fit(X, y)
    classifier().set_params(**{name: np.False_}).fit(X, y)


def test_user_module_and_images() -> None:
    """A class of the user's on flat rows; the built-in CNN on images."""
    random = np.random.default_rng(0)
    y = np.repeat([0, 1], [40, 20])
    images = random.normal(size=(60, 8, 8)) + y[:, None, None]

    class Net(nn.Module):
        def __init__(self, n_inputs: int, n_outputs: int) -> None:
            super().__init__()
            self.hidden = nn.Linear(n_inputs, 6)
            self.norm = nn.BatchNorm1d(6)
            self.drop = nn.Dropout(0.2)
            self.last = nn.Linear(6, n_outputs)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            """Return logits."""
            logits: torch.Tensor = self.last(self.drop(self.norm(self.hidden(x))))
            return logits

    own = classifier(network=Net, n_replicas=2).fit(images.reshape(60, -1), y)
    cnn = classifier(network=StackedCNN, n_replicas=2, max_iter=5).fit(images, y)

    assert own.score(images.reshape(60, -1), y) > 0.9
    assert cnn.score(images, y) > 0.9
    with pytest.raises(InputError, match=r"shape \(8, 9\): give rows of the shape"):
        cnn.predict(np.zeros((3, 8, 9)))


def test_losses_that_want_cosines_get_them(
    table: tuple[pd.DataFrame, NDArray[Any]],
) -> None:
    """The last layer of the perceptron follows the loss."""
    fitted = classifier(loss=LDAM(cosine_logits=True), max_iter=2).fit(*table)

    assert isinstance(fitted.network_.layers[-1], StackedCosine)


def test_ldam_reaches_its_class_weights(
    table: tuple[pd.DataFrame, NDArray[Any]],
) -> None:
    """Early stopping waits for the last fifth of the epochs and keeps one of them."""
    model = classifier(loss=LDAM(), max_iter=40, n_iter_no_change=2)
    fitted = model.fit(*table)
    never = clone(model).set_params(loss=LDAM(defer=1)).fit(*table)

    assert fitted.best_iter_[0] > 32
    assert never.best_iter_[0] < 32


def test_balanced_meta_softmax_learns_its_draw(
    table: tuple[pd.DataFrame, NDArray[Any]],
) -> None:
    """The draw begins with the prior and moves; replicas are as if alone.

    A network whose last layer is not a linear one of trimtab is refused.
    """
    model = classifier(loss="balanced-softmax", draw=MetaDraw(0.1), n_replicas=2)
    fitted = model.fit(*table)
    alone = clone(model).set_params(n_replicas=1).fit(*table)

    drawn = np.stack([record["class_probabilities"] for record in alone.history_])
    np.testing.assert_allclose(drawn[0], alone.class_prior_)
    assert abs(drawn[-1] - drawn[0]).max() > 0.02
    of_first = [r for r in fitted.history_ if r["replica"] == 0]
    np.testing.assert_allclose(
        of_first[-1]["class_probabilities"], drawn[-1], rtol=1e-3, atol=1e-4
    )
    for options in ({"network": nn.Linear}, {"loss": LDAM(cosine_logits=True)}):
        with pytest.raises(InputError, match="with a linear last layer, not"):
            clone(model).set_params(**options).fit(*table)


def test_pickle_and_given_objects(table: tuple[pd.DataFrame, NDArray[Any]]) -> None:
    """A fitted classifier travels; the draw that was given is not touched by a fit."""
    draw = AdaptiveDraw()
    fitted = classifier(draw=draw, dropout=0.2).fit(*table)

    copy = pickle.loads(pickle.dumps(fitted))

    assert (copy.predict_proba(table[0]) == fitted.predict_proba(table[0])).all()
    assert vars(draw) == vars(AdaptiveDraw())


def hostile(name: str, X: pd.DataFrame, y: NDArray[Any]) -> tuple[Any, ...]:
    """Return what a user should not give."""
    X = X.copy()
    if name == "NaN":
        X.loc[3, "b"] = np.nan
    if name == "infinity":
        X.loc[3, "c"] = np.inf
    if name == "too large":
        X = X.astype(float)
        X.loc[3, "c"] = 1e300
    if name == "one class":
        y = np.full_like(y, "common")
    if name == "single row":
        y = np.where(np.arange(len(y)) == 0, "lonely", y)
    if name == "missing label":
        y = y.astype(object)
        y[2] = None
    other = y[y != "rarest"]
    if name == "class not held out":
        return X, y, (X[y != "rarest"], other)
    if name == "unknown class held out":
        return X, y, (X, np.where(y == "rarest", "new", y))
    if name == "eval_set of two lengths":
        return X, y, (X, other)
    if name == "missing label held out":
        return X, y, (X, np.where(y == "rarest", None, y))
    if name == "other labels held out":
        return X, y, (X, np.arange(len(y)) % 3)
    if name == "eval_set of X alone":
        return X, y, X
    return X, y


ERRORS = {
    "NaN": "column 'b' of X holds NaN in 1 of 140 values: fill them first",
    "infinity": "column 'c' of X holds 1 values that are infinite (inf)",
    "too large": "column 'c' of X holds 1 values that are infinite (inf) or too large",
    "one class": "y has one class only, 'common'",
    "single row": "class lonely has one row only: a held-out part needs at least two",
    "missing label": "",
    "class not held out": "eval_set has no row of class 'rarest', so its difficulty",
    "unknown class held out": "the y of eval_set has the class 'new', and the",
    "missing label held out": "the y of eval_set is missing in 10 of 140 rows",
    "other labels held out": "the y of eval_set has labels such as 0, and the training",
    "eval_set of two lengths": "eval_set has 140 rows and 130 labels: give one label",
    "eval_set of X alone": "eval_set is a DataFrame: give a pair of held-out rows",
}


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
@pytest.mark.parametrize("name", ERRORS)
def test_hostile_tables_are_refused(
    name: str, table: tuple[pd.DataFrame, NDArray[Any]]
) -> None:
    """One line names the offending value and the cure."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        classifier().fit(*hostile(name, *table))

    assert str(caught.value).startswith(ERRORS[name])
    assert "\n" not in str(caught.value)


def test_rows_at_prediction_are_checked(
    table: tuple[pd.DataFrame, NDArray[Any]],
) -> None:
    """The width and NaN are refused when predicting as when fitting."""
    X = table[0].to_numpy()
    fitted = classifier().fit(X, table[1])
    X_bad = X.copy()
    X_bad[0, 4] = np.nan

    with pytest.raises(ValueError, match=r"X has 5 features, but .* expecting 6"):
        fitted.predict(X[:, :5])
    with pytest.raises(InputError, match="column 4 of X holds NaN in 1 of 140"):
        fitted.predict_proba(X_bad)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_replicas": 0}, "n_replicas is 0: give a whole number"),
        ({"dropout": 1}, "dropout is 1: give a number from 0, below 1"),
        ({"hidden_layer_sizes": (8, 0)}, "hidden_layer_sizes is 0: give a whole"),
        ({"max_iter": 0}, "max_iter is 0: give a whole number"),
        ({"validation_fraction": 1.5}, "validation_fraction is 1.5: give a number"),
        ({"validation_fraction": None}, "validation_fraction is None"),
        ({"network": nn.Linear, "stacked": "yes"}, "stacked is 'yes': give True"),
        ({"network": "cnn"}, "network is 'cnn'"),
        ({"device": "gpu"}, "device 'gpu' is unknown"),
    ],
)
def test_wrong_settings_are_refused(
    table: tuple[pd.DataFrame, NDArray[Any]], options: dict[str, Any], message: str
) -> None:
    """One line names the setting and what to give."""
    with pytest.raises(InputError, match=message):
        classifier(**options).fit(*table)


@pytest.mark.parametrize("flat", [True, False])
def test_images_get_a_convolutional_network(flat: bool) -> None:
    """With the images' shape, flat rows and images give the same network."""
    random = np.random.default_rng(0)
    X = random.normal(size=(60, 8, 8)).astype(np.float32)
    y = (X[:, 2:4, 2:4].mean(axis=(1, 2)) > 0).astype(int)
    model = NetworkClassifier(image_shape=(8, 8), max_iter=3, random_state=0)

    fitted = model.fit(X.reshape(60, -1) if flat else X, y)

    rows = X.reshape(60, -1) if flat else X
    assert isinstance(fitted.network_, StackedCNN)
    np.testing.assert_array_equal(
        fitted.predict_proba(rows), clone(model).fit(X, y).predict_proba(X)
    )


@pytest.mark.parametrize("shape", [(8, 9), (64,), (0, 8), (2, 2, 4, 4)])
def test_images_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    """The message names the shape that was given."""
    X, y = np.zeros((20, 64), dtype=np.float32), np.arange(20) % 2

    with pytest.raises(InputError, match="image_shape is"):
        NetworkClassifier(image_shape=shape).fit(X, y)
