"""What a method is told of a table: its classes, and what kind each column is of."""

# SPDX-License-Identifier: BSD-3-Clause

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from scipy import sparse

from trimtab.benchmark.methods.registry import TableInfo
from trimtab.exceptions import InputError
from trimtab.tables import Labels

__all__ = ["FEW_CATEGORIES", "most_categories", "quietly", "table_info"]

FEW_CATEGORIES, MOST_CATEGORIES = 40, 255
ROWS_PER_CATEGORY = 20
NESTED_CELLS = {
    list: "lists",
    np.ndarray: "lists",  # pandas' cells of a Parquet file's lists
    dict: "dictionaries",
    set: "sets",
    frozenset: "sets",
    tuple: "tuples",
}


def most_categories(n_rows: int) -> int:
    """Return how many different strings of a column still are categories.

    40 in a table of any size; more where each stands on 20 rows on average, but not
    more than the 255 that every learner takes.
    """
    return min(max(FEW_CATEGORIES, n_rows // ROWS_PER_CATEGORY), MOST_CATEGORIES)


def table_info(X: Any, labels: Labels, positive: Any = None) -> TableInfo:
    """Describe a table for the factories of methods.

    Strings are taken for what they say: ``"3.5"`` is a number and ``"2024-05-01"`` a
    date. Other strings, and values of a categorical type, are categories where there
    are at most 40 different ones, or at most 255 that come on 20 rows each on average;
    else they are text.

    Parameters
    ----------
    X : array-like, DataFrame or sparse matrix of shape (n_rows, n_columns)
        The table; or images, an array of shape (n_rows, height, width) or
        (n_rows, channels, height, width).
    labels : Labels
        The classes of its rows.
    positive : label, default=None
        The label of the class of interest. By default that of `labels`.

    Returns
    -------
    TableInfo

    Raises
    ------
    InputError
        Where an array holds anything but numbers, a pixel is missing, or a column
        holds lists or the like.
    """
    if positive is None:
        positive = labels.classes[labels.positive]
    counts = tuple(labels.counts.tolist())
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        columns = list(frame.iter_columns())
        _refuse_nested(columns)
        missing = any(_has_missing(column) for column in columns)
        return TableInfo(counts, positive, _kinds(columns), missing)
    is_sparse = bool(sparse.issparse(X))
    values = X.tocsr().data if is_sparse else np.asarray(X)
    if values.dtype.kind not in "biuf":
        raise InputError(
            f"X is an array of type {values.dtype}: give a DataFrame, or an array of "
            "numbers"
        )
    missing = values.dtype.kind == "f" and bool(np.isnan(values).any())
    if values.ndim > 2 and missing:
        raise InputError(
            f"X has {int(np.isnan(values).sum())} missing pixels: fill them, or drop "
            "those images"
        )
    return TableInfo(
        counts,
        positive,
        has_missing=missing,
        is_sparse=is_sparse,
        image_shape=values.shape[1:] if values.ndim > 2 else None,
    )


def _refuse_nested(columns: "list[nw.Series[Any]]") -> None:
    for column in columns:
        held = _nested(column)
        if held:
            raise InputError(
                f"column {column.name!r} holds {held}: make columns of them, or drop it"
            )


def _nested(column: "nw.Series[Any]") -> str | None:
    """Return what a column holds where its cells have parts, None where they do not."""
    if column.dtype.is_nested():
        return "structs" if column.dtype == nw.Struct else "lists"
    if column.dtype != nw.Object:
        return None
    values = column.to_list()
    cells = set(map(type, values))
    if bytes in cells and not all(map(_is_readable, values)):
        return "bytes that are no text"
    return next((NESTED_CELLS[cell] for cell in NESTED_CELLS if cell in cells), None)


def _is_readable(cell: Any) -> bool:
    """Return whether a cell is no bytes, or a text in UTF-8."""
    try:
        return not isinstance(cell, bytes) or isinstance(cell.decode(), str)
    except UnicodeDecodeError:
        return False


def _has_missing(column: "nw.Series[Any]") -> bool:
    is_missing = column.is_null()
    if column.dtype.is_float():
        is_missing = is_missing | column.is_nan()
    return bool(is_missing.any())


def _kinds(columns: "list[nw.Series[Any]]") -> tuple[str, ...]:
    """Return the kind of each column, as `TableInfo` names them."""
    kinds = {i: _kind_of_type(column.dtype) for i, column in enumerate(columns)}
    different = {
        i: pd.Series(columns[i].drop_nulls().unique().to_list(), dtype=object)
        for i, kind in kinds.items()
        if kind is None
    }
    # What is of a categorical type is one, even where its values are numbers.
    strings = {
        i: values
        for i, values in different.items()
        if columns[i].dtype not in (nw.Categorical, nw.Enum)
    }
    read = _read_strings(strings) if strings else {}
    for i, values in different.items():
        few = len(values) <= most_categories(len(columns[i]))
        kinds[i] = read.get(i, "category" if few else "text")
    return tuple(str(kind) for kind in kinds.values())


def _kind_of_type(dtype: Any) -> str | None:
    """Return the kind that a column's type tells, None for strings and the like."""
    if dtype == nw.Boolean:
        return "boolean"
    if dtype.is_numeric() or dtype == nw.Duration:
        return "number"
    return "date" if dtype in (nw.Date, nw.Datetime) else None


def _read_strings(different: "dict[int, pd.Series[Any]]") -> dict[int, str]:
    """Return which columns of strings or objects hold something else, and what."""
    from skrub import TableVectorizer

    vectorizer = TableVectorizer(
        low_cardinality="passthrough",
        high_cardinality="passthrough",
        datetime="passthrough",
    )
    some = {
        str(i): values[:1000].astype(str).reset_index(drop=True)
        for i, values in different.items()
    }
    with quietly():
        found = vectorizer.fit(pd.DataFrame(some)).column_to_kind_
    read = {
        i: {"numeric": "number", "datetime": "date"}[found[str(i)]]
        for i in different
        if found.get(str(i)) in {"numeric", "datetime"}
    }
    flags = {i: "boolean" for i, values in different.items() if _are_flags(values)}
    return read | flags


def _are_flags(values: "pd.Series[Any]") -> bool:
    return len(values) > 0 and all(isinstance(value, bool) for value in values[:3])


@contextmanager
def quietly() -> Iterator[None]:
    """Silence what libraries say of columns that they handle well."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
