"""Samplers ahead of a network: on training rows alone, and where classes are small."""

# SPDX-License-Identifier: BSD-3-Clause

import warnings
from typing import Any

import numpy as np
import pytest
from imblearn.over_sampling import (
    ADASYN,
    SMOTE,
    BorderlineSMOTE,
    RandomOverSampler,
)
from imblearn.under_sampling import NearMiss, RandomUnderSampler
from sklearn.base import clone

from tests.training.conftest import Rows
from trimtab.art import ARTClassifier
from trimtab.exceptions import InputError
from trimtab.synthesis.msmote import MSMOTE
from trimtab.training.classifier import NetworkClassifier
from trimtab.training.fit_rows import resampled, rows_to_fit
from trimtab.training.resampled_rows import (
    Resampling,
    TrainingRows,
    resampled_rows,
)

CLASSES = np.array(["common", "rare", "rarest"])


def network(**options: Any) -> NetworkClassifier:
    """Return a network that is quick to fit."""
    settings = {"hidden_layer_sizes": (4,), "max_iter": 3, "device": "cpu"}
    return NetworkClassifier(**{**settings, "random_state": 0, **options})


def made_by(sampler: Any, X: Any, codes: Any, seed: int = 0) -> tuple[Any, Any]:
    """Return what a sampler leaves of one table."""
    rows = TrainingRows(X, codes, CLASSES)
    (made,) = resampled_rows([Resampling(sampler, seed)], [rows])
    return made


def few(n: int, rows: Rows) -> tuple[Any, Any]:
    """Return the rows of the conftest with `n` of the rarest class."""
    rarest = np.flatnonzero(rows.codes == 2)[:n]
    kept = np.concatenate([np.flatnonzero(rows.codes < 2), rarest])
    return rows.X[kept], rows.codes[kept]


def test_it_is_the_sampler_itself_where_no_class_is_small(rows: Rows) -> None:
    """The rows are those that imbalanced-learn makes with the same seed."""
    X, codes = made_by(SMOTE(), rows.X, rows.codes, 5)
    seed = np.random.RandomState(5).randint(2**31 - 1)
    X_there, y_there = SMOTE(random_state=seed).fit_resample(rows.X, rows.codes)

    np.testing.assert_array_equal(X, X_there)
    np.testing.assert_array_equal(codes, y_there)
    assert X.dtype == np.float32
    assert np.bincount(codes).tolist() == [100, 100, 100]


@pytest.mark.parametrize("kind", [SMOTE, ADASYN, BorderlineSMOTE, MSMOTE])
def test_small_classes_still_get_rows(kind: Any, rows: Rows) -> None:
    """With three rows all two neighbours are looked at, and only MSMOTE needs no word.

    Every new row of the class lies within the box of its three rows.
    """
    X, codes = few(3, rows)
    said = "2 neighbours in class rarest: it has 3 training rows"
    if kind is MSMOTE:
        new_X, new_codes = made_by(kind(), X, codes)
    else:
        with pytest.warns(UserWarning, match=said):
            new_X, new_codes = made_by(kind(), X, codes)

    assert (new_codes == 1).sum() > 30
    own, made = X[codes == 2], new_X[len(X) :][new_codes[len(X) :] == 2]
    assert len(made) > 50
    assert (made >= own.min(axis=0) - 1e-5).all()
    assert (made <= own.max(axis=0) + 1e-5).all()


@pytest.mark.parametrize("n_rows", [4, 5, 6])
def test_neighbours_are_fewer_exactly_where_they_must_be(
    n_rows: int, rows: Rows
) -> None:
    """SMOTE's five take six rows; with one less, a word is said and all are made."""
    X, codes = few(n_rows, rows)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        _, resampled = made_by(SMOTE(), X, codes)

    assert np.bincount(resampled).tolist() == [100, 100, 100]
    assert len(said) == (n_rows < 6)


@pytest.mark.filterwarnings("ignore:SMOTE looks at 2 neighbours:UserWarning")
def test_other_classes_keep_their_neighbours(rows: Rows) -> None:
    """The new rows of the middle class do not depend on how small the smallest is."""
    sampler = SMOTE(sampling_strategy={"rare": 60, "rarest": 12})
    made = []
    for n in (3, 10):
        X, codes = made_by(sampler, *few(n, rows), 1)
        made.append(X[codes == 1])

    assert len(made[0]) == 60
    np.testing.assert_array_equal(*made)


def test_a_class_of_one_row_stays(rows: Rows) -> None:
    """SMOTE has no neighbour to go to, and says so; copies can be made."""
    X, codes = few(1, rows)
    with pytest.warns(UserWarning, match="leaves class rarest as it is: it has one"):
        _, made = made_by(SMOTE(), X, codes)
    _, copied = made_by(RandomOverSampler(), X, codes)

    assert np.bincount(made).tolist() == [100, 100, 1]
    assert np.bincount(copied).tolist() == [100, 100, 100]


def test_adasyn_leaves_classes_that_are_far_from_others(rows: Rows) -> None:
    """Such a class stays as it is and the others still grow."""
    X = rows.X.copy()
    X[rows.codes == 2] += 100
    with pytest.warns(UserWarning, match="leaves class rarest as it is: it finds noth"):
        _, codes = made_by(ADASYN(), X, rows.codes)

    assert (codes == 2).sum() == 10
    assert (codes == 1).sum() > 60


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
@pytest.mark.parametrize("version", [1, 2, 3])
def test_near_miss_works_with_two_rows(version: int, rows: Rows) -> None:
    """It looks at two neighbours in place of three; no class is lost."""
    X, codes = few(2, rows)
    _, selected = made_by(NearMiss(version=version), X, codes)

    assert set(np.bincount(selected)) <= {1, 2}
    assert len(np.bincount(selected)) == 3


def test_images_keep_their_shape(rows: Rows) -> None:
    """Rows with more axes are flattened for the sampler alone."""
    images = rows.X.reshape(-1, 2, 3)
    X, codes = made_by(RandomUnderSampler(), images, rows.codes)

    assert X.shape == (30, 2, 3)
    assert np.bincount(codes).tolist() == [10, 10, 10]
    assert {tuple(x) for x in X.reshape(30, 6)} <= {tuple(x) for x in rows.X}


def test_held_out_rows_are_never_resampled(rows: Rows) -> None:
    """They are the same with and without a sampler, and no made row is among them."""
    y = CLASSES[rows.codes]
    plain = rows_to_fit(network(), rows.X, y)
    (made,) = resampled([rows_to_fit(network(sampler=SMOTE()), rows.X, y)])

    np.testing.assert_array_equal(made.X_held, plain.X_held)
    np.testing.assert_array_equal(made.codes_held, plain.codes_held)
    np.testing.assert_array_equal(made.X[: len(plain.X)], plain.X)
    assert made.seeds == plain.seeds
    assert len(set(np.bincount(made.codes))) == 1
    np.testing.assert_allclose(made.class_prior, np.bincount(plain.codes) / 119)


def test_a_network_trains_on_resampled_rows(rows: Rows) -> None:
    """Each epoch shows as many rows of each class; two fits are alike."""
    y = CLASSES[rows.codes]
    model = network(sampler=SMOTE(k_neighbors=3), correct_prior=True)
    first, again = (clone(model).fit(rows.X, y) for _ in range(2))

    assert len(set(first.history_[0]["rows_per_class"])) == 1
    np.testing.assert_array_equal(
        first.predict_proba(rows.X), again.predict_proba(rows.X)
    )
    np.testing.assert_allclose(first.drawn_priors_, [[1 / 3] * 3])
    np.testing.assert_allclose(first.class_prior_, [0.714, 0.218, 0.067], atol=0.01)
    assert model.sampler.random_state is None


def test_art_resamples_by_its_network(rows: Rows) -> None:
    """The network's sampler works on what ART has not held out."""
    art = ARTClassifier(
        network(sampler=RandomOverSampler()), max_iter=2, random_state=0
    )
    art.fit(rows.X, CLASSES[rows.codes])

    assert art.history_[0]["rows_per_class"].sum() == 3 * 85
    np.testing.assert_allclose(art.class_prior_, [0.714, 0.218, 0.067], atol=0.01)


@pytest.mark.parametrize(
    ("sampler", "message"),
    [
        (SMOTE, "give a sampler of imbalanced-learn such as"),
        ("smote", "sampler is 'smote'"),
        (SMOTE(k_neighbors=0), "sampler SMOTE cannot work on the 119 training rows"),
        (SMOTE(sampling_strategy=0.5), "SMOTE cannot work"),
        (RandomUnderSampler(sampling_strategy={"no": 1}), "RandomUnderSampler cannot"),
    ],
)
def test_what_is_no_sampler_is_refused(sampler: Any, message: str, rows: Rows) -> None:
    """One line names it and what to give."""
    with pytest.raises(InputError, match=message) as caught:
        network(sampler=sampler).fit(rows.X, CLASSES[rows.codes])
    assert "\n" not in str(caught.value)
