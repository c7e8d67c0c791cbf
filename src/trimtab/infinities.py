"""Infinities in a table, which learners take for errors or, worse, for numbers."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import narwhals as nw
import numpy as np
from scipy import sparse

from trimtab.exceptions import InputError

__all__ = ["check_finite"]

_INFINITE = frozenset(
    sign + word for sign in ("", "+", "-") for word in ("inf", "infinity")
)


def check_finite(X: Any) -> None:
    """Raise an `InputError` that names the first column with an infinity.

    Missing values pass: whether they are allowed is the learner's affair.

    Parameters
    ----------
    X : array-like, DataFrame or sparse matrix of shape (n_rows, n_columns)
        The table. In columns of strings or objects, an infinity is looked for where
        most values are numbers.
    """
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        for column in frame.iter_columns():
            bad = _count_infinite(column)
            if bad:
                raise _infinity(column.name, bad)
        return
    is_sparse: bool = sparse.issparse(X)
    entries = X.tocoo() if is_sparse else None
    values = np.asarray(X) if entries is None else entries.data
    if values.dtype.kind != "f" or np.isfinite(values).all():
        return
    if values.ndim > 2:  # images, whose pixels are counted row by row
        values = values.reshape(len(values), -1)
    columns = np.nonzero(np.isinf(values))[-1]
    if entries is not None:
        columns = entries.col[columns]
    if len(columns):
        first = int(columns.min())
        raise _infinity(first, int((columns == first).sum()))


def _count_infinite(column: "nw.Series[Any]") -> int:
    if column.dtype.is_float():
        return int(np.isinf(np.asarray(column, dtype=float)).sum())
    if column.dtype not in (nw.String, nw.Object):
        return 0
    if column.dtype == nw.Object:  # anything at all: only Python can write it out
        texts = [str(value).strip().lower() for value in column.to_list()]
        count = sum(map(_INFINITE.__contains__, texts))
    else:
        text = column.drop_nulls().str.strip_chars().str.to_lowercase()
        count, texts = int(text.is_in(_INFINITE).sum()), text.unique().to_list()
    # Among words it is a word.
    return count if count and _are_mostly_numbers(set(texts)) else 0


def _are_mostly_numbers(texts: set[str]) -> bool:
    others = [text for text in texts if text not in _INFINITE]
    return 2 * sum(map(_is_number, others)) > len(others)


def _is_number(text: str) -> bool:
    try:
        return bool(float(text) == float(text))
    except ValueError:
        return False


def _infinity(column: object, count: int) -> InputError:
    return InputError(
        f"column {column!r} holds {count} infinite value{'s' if count > 1 else ''}: "
        "replace by a number or by a missing value"
    )
