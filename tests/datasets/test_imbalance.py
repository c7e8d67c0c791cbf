"""Imbalance made on purpose: how many rows stay, which, and what cannot be done."""

# SPDX-License-Identifier: BSD-3-Clause

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import sparse

from trimtab import datasets
from trimtab.datasets import make_imbalanced, make_long_tail
from trimtab.exceptions import InputError


def shuffled_labels(counts: list[int], seed: int) -> np.ndarray:
    """Return so many labels 0, 1, ... in any order."""
    return np.random.default_rng(seed).permutation(
        np.repeat(np.arange(len(counts)), counts)
    )


@given(
    majority=st.integers(1, 200),
    minority=st.integers(1, 200),
    ratio=st.floats(1, 300),
    seed=st.integers(0, 2**32 - 1),
)
def test_induced_imbalance_is_the_wanted_one(
    majority: int, minority: int, ratio: float, seed: int
) -> None:
    """All majority rows stay, and as many others as the ratio says."""
    wanted = round(majority / ratio)
    assume(1 <= wanted <= minority)
    y = shuffled_labels([majority, minority], seed)
    X = np.arange(len(y))[:, None]

    X_drawn, y_drawn, rows = make_imbalanced(
        X, y, ratio, positive=1, random_state=seed, return_indices=True
    )

    assert np.bincount(y_drawn, minlength=2).tolist() == [majority, wanted]
    assert (np.diff(rows) > 0).all()  # none twice, in the old order
    np.testing.assert_array_equal(X_drawn[:, 0], rows)
    np.testing.assert_array_equal(y_drawn, y[rows])


@given(
    n_classes=st.integers(2, 8),
    factor=st.floats(0.01, 1),
    largest=st.integers(1, 300),
    seed=st.integers(0, 2**32 - 1),
)
def test_long_tail_has_the_wanted_counts(
    n_classes: int, factor: float, largest: int, seed: int
) -> None:
    """Class k of K gets largest x factor^(k / (K - 1)) rows of its own."""
    wanted = [
        round(largest * factor ** (k / (n_classes - 1))) for k in range(n_classes)
    ]
    assume(wanted[-1] >= 1)
    y = shuffled_labels([largest] * n_classes, seed)

    X_drawn, y_drawn, rows = make_long_tail(
        y[:, None], y, factor, largest, random_state=seed, return_indices=True
    )

    assert np.bincount(y_drawn, minlength=n_classes).tolist() == wanted
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(X_drawn[:, 0], y[rows])


def test_known_answer_of_the_long_tail() -> None:
    """ART's long tail over ten classes: 1,500 rows down to 15."""
    y = np.repeat(np.arange(10), 1500)

    _, y_tail = make_long_tail(y[:, None], y, 0.01, 1500, random_state=0)

    # 1500 x 0.01^(k/9), rounded, by hand.
    assert np.bincount(y_tail).tolist() == [
        1500, 899, 539, 323, 194, 116, 70, 42, 25, 15
    ]  # fmt: skip


@pytest.mark.parametrize("make", ["imbalanced", "long tail"])
def test_seed_decides_the_rows(make: str) -> None:
    """The same seed draws the same rows, another one others."""
    y = np.repeat([0, 1], 500)
    X = np.arange(1000)[:, None]

    def drawn(seed: int) -> list[int]:
        if make == "imbalanced":
            return make_imbalanced(X, y, 10, random_state=seed)[0][:, 0].tolist()
        return make_long_tail(X, y, 0.1, 400, random_state=seed)[0][:, 0].tolist()

    assert drawn(0) == drawn(0)
    assert drawn(0) != drawn(1)


@pytest.mark.parametrize(
    "container",
    [
        np.asarray,
        lambda a: pd.DataFrame(
            a, columns=["a", "b"], index=[f"r{i}" for i in range(9)]
        ),
        lambda a: pl.DataFrame(a, schema=["a", "b"]),
        sparse.csr_matrix,
    ],
    ids=["array", "pandas", "polars", "sparse"],
)
def test_rows_come_in_the_container_that_was_given(container: object) -> None:
    """Arrays, DataFrames and sparse matrices stay what they are."""
    X = container(np.arange(18).reshape(9, 2))  # type: ignore[operator]
    y = ["no"] * 6 + ["yes"] * 3

    X_drawn, y_drawn, rows = make_imbalanced(
        X, y, 3, random_state=0, return_indices=True
    )

    assert type(X_drawn) is type(X)
    assert X_drawn.shape == (8, 2)
    assert y_drawn.tolist() == ["no"] * 6 + ["yes"] * 2
    dense = X_drawn.toarray() if sparse.issparse(X) else np.asarray(X_drawn)
    np.testing.assert_array_equal(dense[:, 0], 2 * rows)


def test_smaller_class_is_thinned_unless_named() -> None:
    """By default the minority loses rows; a named class loses them instead."""
    y = np.repeat([0, 1], [4, 12])
    X = y[:, None]

    assert np.bincount(make_imbalanced(X, y, 6, random_state=0)[1]).tolist() == [2, 12]
    thinned = make_imbalanced(X, y, 2, positive=1, random_state=0)[1]
    assert np.bincount(thinned).tolist() == [4, 2]


@pytest.mark.parametrize(
    ("y", "ratio", "message"),
    [
        ([0] * 20 + [1] * 2, 5, r"the ratio is 10 already; give more than that, not 5"),
        ([0] * 20 + [1] * 2, 50, r"ratio 50 leaves no row of class '1' .*at most 20"),
        ([0, 0, 1, 2], 2, r"y has 3 classes.*make_long_tail"),
        ([0, 0, 1], 0.5, r"ratio is 0.5: give a number from 1"),
        ([0, 0, 1], "3", r"ratio is '3': give a number from 1"),
        ([0, 0, 1], float("nan"), r"ratio is nan"),
        ([0, 0, 1], float("inf"), r"ratio is inf"),
        ([0, 0, 0], 2, r"one class only"),
    ],
)
def test_impossible_imbalance(y: list[int], ratio: Any, message: str) -> None:
    """What cannot be done is one line that names the value and the cure."""
    with pytest.raises(InputError, match=message):
        make_imbalanced(np.zeros((len(y), 1)), y, ratio, random_state=0)


@pytest.mark.parametrize(
    ("factor", "largest", "message"),
    [
        (0.5, 30, r"class 'a' has 20 rows and should get 30: give largest below 30"),
        (1, 15, r"class 'b' has 10 rows and should get 15"),
        (0.01, 10, r"factor 0.01 leaves no row of class 'b'"),
        (0, 10, r"factor is 0: give a number above 0, up to 1"),
        (2, 10, r"factor is 2"),
        (0.5, 0, r"largest is 0: give"),
        (0.5, 10.5, r"largest is 10.5: give a whole number"),
    ],
)
def test_impossible_long_tail(factor: float, largest: int, message: str) -> None:
    """Too few rows, or none left, is one line that names the class and the cure."""
    y = ["a"] * 20 + ["b"] * 10

    with pytest.raises(InputError, match=message):
        make_long_tail(np.zeros((30, 1)), y, factor, largest, random_state=0)


def test_unequal_lengths() -> None:
    """A label too few is told."""
    with pytest.raises(InputError, match="X has 3 rows and y has 2"):
        make_imbalanced(np.zeros((3, 1)), [0, 1], 1, random_state=0)


@pytest.mark.data
def test_census_at_fifty_to_one(data_home: Path) -> None:
    """Adult induced to 50:1 keeps its 37,155 majority rows and 743 others."""
    X, y, _ = datasets.load("adult")

    X_drawn, y_drawn = make_imbalanced(X, y, 50, random_state=0)

    assert dict(zip(*np.unique(y_drawn, return_counts=True), strict=True)) == {
        "<=50K": 37155,
        ">50K": 743,
    }
    assert X_drawn.columns.tolist() == X.columns.tolist()
