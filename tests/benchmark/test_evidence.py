"""What the page says a table is."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from trimtab.benchmark.evidence import TableProfile
from trimtab.benchmark.methods import TableInfo

CELLS: dict[str, list[Any]] = {
    "amount": [1.5, None, 1.5, 2.0],
    "size": [1, 2, 3, 3],
    "city": ["a", None, None, "a"],
    "new": [True, False, True, True],
}
KINDS = ("number", "number", "category", "boolean")
WANTED = [
    ["amount", "number", 2, 1],
    ["size", "number", 3, 0],
    ["city", "category", 1, 2],
    ["new", "boolean", 2, 0],
]


def profile_of(X: Any, **fields: Any) -> TableProfile:
    """Return the profile of a table of four rows."""
    return TableProfile.of(X, TableInfo((3, 1), 1, **fields), "claims.csv", "fraud")


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(CELLS),
        pd.DataFrame(CELLS).convert_dtypes(),
        pd.DataFrame(CELLS).astype({"city": "category"}),
        pl.DataFrame(CELLS),
        pl.DataFrame(CELLS).with_columns(pl.col("amount").fill_null(float("nan"))),
        pl.DataFrame(CELLS).to_arrow(),
    ],
    ids=["pandas", "nullable", "category", "polars", "polars with NaN", "arrow"],
)
def test_frame_is_described_column_by_column(frame: Any) -> None:
    """Distinct values and missing ones are counted; a missing one is no value."""
    profile = profile_of(frame, kinds=KINDS)

    assert list(profile.columns) == ["column", "kind", "distinct", "missing"]
    assert profile.columns.to_numpy().tolist() == WANTED
    assert profile.n_missing == 3
    assert (profile.name, profile.target, profile.n_rows) == ("claims.csv", "fraud", 4)


def test_array_is_described_column_by_column() -> None:
    """Columns without names are numbered."""
    X = np.array([[1.0, np.nan], [2.0, np.nan], [2.0, 3.0], [2.0, 3.0]])

    profile = profile_of(X)

    assert profile.columns.to_numpy().tolist() == [
        ["0", "number", 2, 0],
        ["1", "number", 1, 2],
    ]
    assert profile.n_missing == 2


@pytest.mark.parametrize("X", [np.eye(4, dtype=int), np.eye(4).astype(int).tolist()])
def test_whole_numbers_are_never_missing(X: Any) -> None:
    """An array of integers and a list of lists."""
    profile = profile_of(X)

    assert profile.columns["distinct"].tolist() == [2] * 4
    assert profile.n_missing == 0


def test_sparse_matrix_has_columns_whose_values_are_not_counted() -> None:
    """Its distinct values are unknown; what is missing is stored and counted."""
    X = sparse.csr_array(np.array([[0, 1.0], [np.nan, 0], [np.nan, np.nan], [0, 0]]))

    profile = profile_of(X, is_sparse=True)

    assert profile.columns.to_numpy().tolist() == [
        ["0", "number", -1, 2],
        ["1", "number", -1, 1],
    ]
    assert profile.n_rows == 4
