"""Nearest rows: as scikit-learn finds them, whatever the numbers are like."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from trimtab.exceptions import InputError
from trimtab.synthesis import nearest_by_products
from trimtab.synthesis.nearest_rows import nearest_others
from trimtab.synthesis.neighbours import own_neighbours, smote_partners


def slow_distances(X: NDArray[Any], k: int) -> NDArray[Any]:
    """Return distances to the k nearest others, in double precision."""
    finder = NearestNeighbors(n_neighbors=k, algorithm="kd_tree")
    found: NDArray[Any] = finder.fit(X.astype(float)).kneighbors()[0]
    return found


def own_distances(X: NDArray[Any], found: NDArray[Any]) -> NDArray[Any]:
    """Return distances to the rows that were found."""
    X = X.astype(float)
    distances: NDArray[Any] = np.linalg.norm(X[found] - X[:, None], axis=2)
    return distances


@pytest.mark.parametrize("among", [16_384, 700])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_as_scikit_learn_finds_them(
    among: int, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2,000 rows in one block and in several; no row is its own neighbour."""
    monkeypatch.setattr(nearest_by_products, "AMONG_AT_ONCE", among)
    X = np.random.default_rng(0).normal(size=(2000, 7)).astype(dtype)
    X.setflags(write=False)  # as a memory map's is, which PyTorch warns of
    found = nearest_others(X, 6)
    peer = NearestNeighbors(n_neighbors=6).fit(X).kneighbors(return_distance=False)

    np.testing.assert_array_equal(found, peer)
    assert (found != np.arange(2000)[:, None]).all()


@given(st.integers(0, 10**6), st.integers(1, 8), st.sampled_from([1e-4, 1, 1e4]))
@settings(deadline=None, max_examples=20)
def test_far_from_zero_and_often_equal(seed: int, k: int, scale: float) -> None:
    """Clusters whose width single precision cannot see, with equal rows among them."""
    rng = np.random.default_rng(seed)
    shape = 900, 4  # with one column fewer a tree would look for them
    X = rng.choice([0.0, 1e5], size=shape) + scale * rng.normal(size=shape).round(1)
    found = nearest_others(X, k)

    np.testing.assert_allclose(
        own_distances(X, found), slow_distances(X, k), rtol=1e-6, atol=1e-9
    )
    assert (found != np.arange(900)[:, None]).all()


@pytest.mark.parametrize("n_columns", [2, 8])
@pytest.mark.parametrize("unit", [1e-200, 1e-30, 1e30, 1e200])
def test_units_do_not_matter(unit: float, n_columns: int) -> None:
    """Numbers whose squares single precision, or double, cannot hold; either way."""
    X = np.random.default_rng(0).normal(size=(300, n_columns))

    np.testing.assert_array_equal(nearest_others(X * unit, 5), nearest_others(X, 5))


@pytest.mark.parametrize("n_columns", [2, 9])
def test_some_rows_of_many(n_columns: int) -> None:
    """Neighbours of some rows only, by a tree for few columns, by products for more."""
    X = np.random.default_rng(0).normal(size=(2500, n_columns))
    rows = np.array([2499, 7, 1300])
    finder = NearestNeighbors(n_neighbors=5).fit(X)
    peer = finder.kneighbors(X[rows], return_distance=False)[:, 1:]

    np.testing.assert_array_equal(nearest_others(X, 4, rows=rows), peer)
    assert nearest_others(X, 4, rows=rows[:0]).shape == (0, 4)


def test_other_finders_are_asked() -> None:
    """The Manhattan distance by scikit-learn; the finder itself is not fitted."""
    X = np.random.default_rng(0).normal(size=(80, 3))
    X[10:20] = X[10]
    finder = NearestNeighbors(metric="manhattan")
    found = nearest_others(X, 4, finder)
    away = np.abs(X[:, None] - X).sum(axis=2)
    np.fill_diagonal(away, np.inf)
    best = np.sort(away, axis=1)[:, :4]

    np.testing.assert_allclose(np.take_along_axis(away, found, 1), best)
    assert not hasattr(finder, "n_samples_fit_")
    assert smote_partners(X.astype("f4"), np.repeat(0, 80), 4, finder)[0].shape[1] == 4
    with pytest.raises(InputError, match="finder is 'brute': give an object with fit"):
        nearest_others(X, 4, "brute")


def test_small_classes() -> None:
    """As many neighbours as there are, with a warning that names the class."""
    X = np.array([[0.0], [1.0], [3.0]])
    with pytest.warns(UserWarning, match="class 7 has 3 rows, so that k = 5"):
        assert own_neighbours(X, 5, "class 7").tolist() == [[1, 2], [0, 2], [1, 0]]
    with pytest.warns(UserWarning, match="a class has 1 row, so that k = 1"):
        assert own_neighbours(X[:1], 1).tolist() == [[0]]
    assert nearest_others(X[:1], 2).shape == (1, 0)
