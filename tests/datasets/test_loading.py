"""Loading by name: what ships with scikit-learn, and the real files."""

# SPDX-License-Identifier: BSD-3-Clause

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.datasets.conftest import Homes
from trimtab import datasets

IN_FOLDER = [
    name for name in datasets.list() if datasets.describe(name).sha256 is not None
]
DERIVED = {
    name: str(datasets.describe(name).origin.key)
    for name in datasets.list()
    if datasets.describe(name).origin.kind == "derived"
}


def test_digits_ship_with_scikit_learn(homes: Homes) -> None:
    """Digit 8 against the rest needs no file: 174 eights among 1,797."""
    from sklearn.datasets import load_digits

    X, y, card = datasets.load("digits8")

    images, digits = load_digits(return_X_y=True)
    np.testing.assert_array_equal(X, images)
    np.testing.assert_array_equal(y, digits == 8)
    assert (card.rows, card.counts) == (1797, (1623, 174))
    assert list(homes.cache.iterdir()) == []


def test_malignant_is_the_positive_class(homes: Homes) -> None:
    """Of the lumps, the 212 malignant ones are class 1."""
    X, y, card = datasets.load("breast_cancer")

    assert X.shape == (569, card.features)
    assert np.bincount(y).tolist() == list(card.counts) == [357, 212]


def test_wine_has_three_named_classes(homes: Homes) -> None:
    """More than two classes come by name."""
    _, y, card = datasets.load("wine")

    names, counts = np.unique(y, return_counts=True)
    assert names.tolist() == list(card.classes)
    assert counts.tolist() == list(card.counts)


def test_what_needs_no_download_is_available(homes: Homes) -> None:
    """Availability is told without touching the net or the cache."""
    assert datasets.is_available("digits8")
    assert not datasets.is_available("mammography")
    assert list(homes.cache.iterdir()) == []


@pytest.mark.data
@pytest.mark.parametrize("name", IN_FOLDER)
def test_real_file_is_what_its_card_says(data_home: Path, name: str) -> None:
    """Every file of the data folder has its checksum, its shape and its classes."""
    X, y, card = datasets.load(name)

    assert datasets.is_available(name)
    assert X.shape == (card.rows, card.features)
    found = dict(zip(*np.unique(y, return_counts=True), strict=True))
    assert found == dict(zip(card.classes, card.counts, strict=True))
    if isinstance(X, np.ndarray):
        assert X.dtype == np.float32
        assert np.isfinite(X).all()


@pytest.mark.data
def test_census_comes_as_a_frame(data_home: Path) -> None:
    """Adult has named columns, numbers as numbers and 6,465 missing cells."""
    X, y, _ = datasets.load("adult")

    assert X.columns[0] == "age"
    assert "income" not in X
    assert X["age"].tolist()[:3] == [39, 50, 38]
    assert pd.api.types.is_string_dtype(X["workclass"])
    assert int(X.isna().sum().sum()) == 6465
    assert y[:3].tolist() == ["<=50K"] * 3


@pytest.mark.data
def test_reviews_do_not_carry_their_rating(data_home: Path) -> None:
    """The table of the reviews is the text alone: the rating would give it away."""
    X, _, _ = datasets.load("imdb")

    assert X.columns.tolist() == ["text"]
    assert X["text"].notna().all()
    assert X["text"][0].startswith("Story of a man")


@pytest.mark.data
def test_digits_keep_training_and_test_order(data_home: Path) -> None:
    """MNIST's first 60,000 rows are its training part: they begin with a five."""
    X, y, _ = datasets.load("mnist")

    with np.load(data_home / "art" / "mnist.npz") as arrays:
        np.testing.assert_array_equal(X[0], arrays["x_train"][0].ravel())
        np.testing.assert_array_equal(X[60000], arrays["x_test"][0].ravel())
        np.testing.assert_array_equal(y[60000:], arrays["y_test"])
    assert y[0] == 5


@pytest.mark.parametrize(("name", "parent"), DERIVED.items())
def test_derived_sets_inherit_from_their_parent(
    homes: Homes, name: str, parent: str
) -> None:
    """A card says where its rows are drawn from, and is here only if that is."""
    card, other = datasets.describe(name), datasets.describe(parent)

    assert f"drawn from {parent}" in str(card)
    assert set(card.classes) <= set(other.classes)
    assert card.licence == other.licence
    assert (card.file, card.sha256) == (None, None)
    assert not datasets.is_available(name)


@pytest.mark.data
@pytest.mark.parametrize("name", DERIVED)
def test_derived_sets_are_what_their_cards_say(data_home: Path, name: str) -> None:
    """The same rows come each time, as many of each class as the card says."""
    X, y, card = datasets.load(name)

    again, _, _ = datasets.load(name)
    np.testing.assert_array_equal(X, again)
    assert hasattr(X, "columns") == bool(card.columns)
    assert card.columns or X.dtype == np.float32
    assert X.shape == (card.rows, *(card.shape or (card.features,)))
    assert [(y == label).sum() for label in card.classes] == list(card.counts)
    assert datasets.is_available(name)


@pytest.mark.data
def test_small_classes_are_left_out(data_home: Path) -> None:
    """Of the eight classes of Ecoli the six of five rows or more stay as they are."""
    X, y, card = datasets.load("autosmote8/ecoli6")
    whole, labels, _ = datasets.load("autosmote8/ecoli")

    counts = dict(zip(*np.unique(y, return_counts=True), strict=True))
    assert counts == dict(zip(card.classes, card.counts, strict=True))
    np.testing.assert_array_equal(X, whole[~np.isin(labels, ["imS", "imL"])])


@pytest.mark.data
def test_the_long_tail_is_of_training_images(data_home: Path) -> None:
    """Each image of MNIST-LT is one of MNIST's first 60,000, divided by 255."""
    X, y, _ = datasets.load("mnist_lt")

    images, digits, _ = datasets.load("mnist")
    of_pixels = {
        image.tobytes(): digit
        for image, digit in zip(images[:60000], digits[:60000], strict=True)
    }
    drawn = np.rint(255 * X).reshape(len(X), -1)
    assert [of_pixels[image.tobytes()] for image in drawn] == y.tolist()
    assert (X.min(), X.max()) == (0, 1)
