"""Infinities are refused, wherever they stand and however they are written."""

# SPDX-License-Identifier: BSD-3-Clause

import datetime
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from trimtab.exceptions import InputError
from trimtab.infinities import check_finite

SPARSE = ("csr", "csc", "coo", "lil", "dok", "dia", "bsr")

BAD = np.array([[np.nan, 1.0], [2.0, np.inf], [0.0, -np.inf]])


def refusal(X: Any) -> str:
    """Return the one line that a table is refused with."""
    with pytest.raises(InputError) as caught:
        check_finite(X)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("X", "column"),
    [
        (BAD, "1"),
        (BAD.astype(np.float32), "1"),
        (BAD.tolist(), "1"),
        (pd.DataFrame(BAD, columns=["a", "b"]), "'b'"),
        (pd.DataFrame(BAD, columns=["a", "b"]).astype("Float64"), "'b'"),
        (pd.DataFrame(BAD, columns=["a", "b"]).astype("double[pyarrow]"), "'b'"),
        (pl.DataFrame(BAD, schema=["a", "b"]), "'b'"),
        (pl.DataFrame({"a": ["x"] * 3, "b": [None, np.inf, -np.inf]}), "'b'"),
        (pl.DataFrame(BAD, schema=["a", "b"]).to_arrow(), "'b'"),
        (pd.DataFrame({"b": ["?", "1", "2", "3", "inf", " -Infinity"]}), "'b'"),
        (pd.DataFrame({"b": np.array([1, 2.5, None, np.inf, -np.inf], object)}), "'b'"),
        (pl.DataFrame({"b": ["1e3", "2", "3", "+inf", "-inf"]}), "'b'"),
        *((getattr(sparse, f"{layout}_array")(BAD), "1") for layout in SPARSE),
    ],
)
def test_infinities_are_refused_with_their_column(X: Any, column: str) -> None:
    """The column is named and its infinite values are counted."""
    message = refusal(X)

    assert message.startswith(f"column {column} holds 2 infinite values: replace")


@pytest.mark.parametrize("library", [pd, pl])
def test_an_infinity_among_words_is_a_word(library: Any) -> None:
    """Nothing but what is written says so of a column of text."""
    check_finite(library.DataFrame({"unit": ["inf", "sup", "min"], "b": [1, 2, 3]}))


def test_first_column_with_an_infinity_is_named() -> None:
    """One infinity is not 'values'; those of other columns are not counted."""
    X = np.array([[0.0, -np.inf, np.inf], [0.0, 1.0, np.inf]])

    assert refusal(X).startswith("column 1 holds 1 infinite value: ")


@pytest.mark.parametrize(
    "X",
    [
        np.array([[np.nan, 1.0]]),
        np.array([[1, 2]]),
        np.array([["inf", "x"]]),
        pd.DataFrame({"a": [np.nan, 1.0], "b": ["inf", None]}),
        pd.DataFrame({"a": pd.array([None, 1.0], dtype="Float64")}),
        pl.DataFrame({"a": [None, 1.0], "b": [float("nan"), 0.0]}),
        sparse.csr_array(np.array([[np.nan, 0.0]])),
        pl.DataFrame({"a": pl.Series([1, "x", None], dtype=pl.Object)}),
        pd.DataFrame({"a": [1, "x", None, b"\xff", datetime.date(2020, 1, 1), [2]]}),
    ],
)
def test_missing_values_are_not_infinite(X: Any) -> None:
    """Whether missing values are welcome is the learner's affair."""
    check_finite(X)


def test_an_infinite_pixel_is_found_in_its_column() -> None:
    """Columns of images are those of each image's rows."""
    images = np.zeros((4, 3, 3))
    check_finite(images)
    images[2, 1, 0] = np.inf

    assert refusal(images).startswith("column 3 holds 1 infinite value")
