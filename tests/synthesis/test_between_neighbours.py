"""SMOTE in pieces: neighbours, chances and places of new rows."""

# SPDX-License-Identifier: BSD-3-Clause

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn.over_sampling import SMOTE

from trimtab.synthesis.between_neighbours import (
    foreign_neighbours,
    interpolated,
    own_neighbours,
    smote_rows,
)


def test_neighbours_by_hand():
    """Neighbours come nearest first, and a row is none of its own."""
    X = np.array([[0.0], [1.0], [3.0], [7.0]])

    assert own_neighbours(X, 2).tolist() == [[1, 2], [0, 2], [1, 0], [2, 1]]


def test_equal_rows_are_neighbours_of_each_other():
    """Of three equal rows each has the other two, not itself."""
    found = own_neighbours(np.zeros((3, 2)), 2)

    assert [sorted(row) for row in found.tolist()] == [[1, 2], [0, 2], [0, 1]]


@pytest.mark.parametrize(
    ("n_rows", "message"),
    [
        (3, "class 'b' has 3 rows, so that k = 5 neighbours become 2"),
        (1, "class 'b' has 1 row, so that k = 5 neighbours become 0"),
    ],
)
def test_small_class_is_told(n_rows, message):
    """There are as many neighbours as there can be, and a warning that says so."""
    X = np.arange(float(n_rows))[:, None]

    with pytest.warns(UserWarning, match=message):
        found = own_neighbours(X, 5, "class 'b'")

    assert found.shape == (n_rows, max(n_rows - 1, 1))


def test_single_row_is_copied():
    """What lies between a row and itself is the row."""
    X = np.array([[4.0, 2.0]])
    with pytest.warns(UserWarning, match="neighbours become 0"):
        near = own_neighbours(X, 5)

    new = smote_rows(X, near, 3, np.random.default_rng(0))

    assert new.tolist() == [[4.0, 2.0]] * 3


def test_foreign_neighbours_against_a_loop():
    """The count is that of a slow look at all distances, for three classes."""
    rng = np.random.default_rng(0)
    X, codes = rng.normal(size=(40, 2)), rng.integers(3, size=40)
    rows = np.flatnonzero(codes == 2)
    expected = []
    for row in rows:
        others = [(np.linalg.norm(X[row] - X[i]), i) for i in range(40) if i != row]
        nearest = [i for _, i in sorted(others)[:5]]
        expected.append(sum(codes[i] != 2 for i in nearest))

    assert foreign_neighbours(X, codes, rows, 5).tolist() == expected


def test_more_neighbours_than_rows():
    """All other rows are looked at where there are not as many as wanted."""
    X, codes = np.arange(4.0)[:, None], np.array([0, 0, 0, 1])

    assert foreign_neighbours(X, codes, np.array([0, 3]), 9).tolist() == [1, 3]


def test_equal_rows_do_not_count_themselves():
    """Among equal rows as many as k are counted, whichever are found."""
    X, codes = np.zeros((6, 1)), np.array([1, 0, 0, 0, 0, 0])

    assert foreign_neighbours(X, codes, np.array([0]), 2).tolist() == [2]


def test_rows_are_those_of_imbalanced_learn():
    """From the same numbers of chance come the rows that its SMOTE makes."""
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(40, 3)), np.repeat([0, 1], [28, 12])
    expected = SMOTE(k_neighbors=4, random_state=7).fit_resample(X, y)[0][40:]
    rare = X[28:]

    chance = np.random.RandomState(7)
    pairs = chance.randint(0, 12 * 4, size=16)
    shares = chance.uniform(size=16)
    partners = own_neighbours(rare, 4)[pairs // 4, pairs % 4]

    np.testing.assert_allclose(
        interpolated(rare, pairs // 4, partners, shares), expected
    )


def test_unlikely_parents_are_rare():
    """Rows are started from in proportion to their weights."""
    X = np.array([[0.0], [10.0], [20.0], [30.0]])
    near = np.arange(4)[:, None]  # each is its own partner

    new = smote_rows(
        X, near, 4000, np.random.default_rng(0), np.array([1.0, 0.0, 4.0, 5.0])
    )

    shares = [(new == place).mean() for place in X.ravel()]
    np.testing.assert_allclose(shares, [0.1, 0, 0.4, 0.5], atol=0.03)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 12), st.integers(0, 20), st.integers(1, 4), st.integers(0, 99))
def test_new_rows_lie_on_lines_between_rows(n_rows, n_new, n_columns, seed):
    """A new row is a row plus a share, the same for all columns, of a difference."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_columns)).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        near = own_neighbours(X, 3)

    new = smote_rows(X, near, n_new, rng)

    assert new.shape == (n_new, n_columns)
    assert new.dtype == np.float32
    starts, ends = X[:, None, :], X[near]
    for row in new:
        ways = np.linalg.norm(ends - starts, axis=2)
        parts = np.linalg.norm(row - starts, axis=2) + np.linalg.norm(
            ends - row, axis=2
        )
        assert np.abs(parts - ways).min() < 1e-4
