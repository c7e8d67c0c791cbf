"""Tables as LightGBM reads them: what it cannot take is changed, or named."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterable
from typing import Any

import narwhals as nw
import numpy as np
from scipy.sparse import csr_matrix, issparse

from trimtab.exceptions import InputError

__all__ = ["as_lightgbm_likes", "is_lightgbm"]

_NUMBERS = (
    *(nw.Int8, nw.Int16, nw.Int32, nw.Int64, nw.UInt8, nw.UInt16, nw.UInt32),
    *(nw.UInt64, nw.Float32, nw.Float64, nw.Boolean),
)
_NO_NUMBERS = (nw.String, nw.Object, nw.Date, nw.Datetime, nw.Duration)

_REFUSED_IN_NAMES = frozenset('",:[]{}')
"""What the name of a feature may not contain in the text of a LightGBM model."""


def is_lightgbm(learner: Any) -> bool:
    """Return whether a learner is one of LightGBM's, not a pipeline around it."""
    return type(learner).__module__.partition(".")[0] == "lightgbm"


def as_lightgbm_likes(X: Any) -> Any:
    """Return a table as LightGBM reads it, or say why it cannot.

    Sparse arrays become matrices over the same memory, whole numbers and booleans in
    them floats, as do Arrow's numbers in a pandas frame. Where a column has a name
    that LightGBM refuses, or two have names that are one to it, the columns of what is
    returned are named by their places.
    All else stays as it is.

    Parameters
    ----------
    X : table of shape (n_rows, n_columns)
        Array, DataFrame of any make or sparse matrix.

    Raises
    ------
    InputError
        Where a column is of a type that LightGBM does not take. Of a polars frame it
        would not say so, but end the process.

    Examples
    --------
    >>> as_lightgbm_likes(csr_matrix([[1, 0]])).dtype
    dtype('float64')
    >>> import pandas as pd
    >>> list(as_lightgbm_likes(pd.DataFrame({"age": [30], "income [EUR]": [1]})))
    ['Column_0', 'Column_1']
    """
    is_sparse: bool = issparse(X)
    if is_sparse:
        matrix = csr_matrix(X)
        is_float = matrix.dtype in (np.float32, np.float64)
        return matrix if is_float else matrix.astype(np.float64)
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    if not isinstance(frame, nw.DataFrame):
        return X
    _check_types(frame)
    if frame.implementation.is_pandas():
        X = _without_arrow(X, frame.schema)
    if not _are_refused(X.columns):
        return X
    names = [f"Column_{number}" for number in range(len(X.columns))]
    if frame.implementation.is_pandas():
        return X.set_axis(names, axis=1)
    return frame.rename(dict(zip(frame.columns, names, strict=True))).to_native()


def _check_types(frame: nw.DataFrame[Any]) -> None:
    is_pandas = frame.implementation.is_pandas()
    for name, dtype in frame.schema.items():
        if dtype in _NO_NUMBERS if is_pandas else dtype not in _NUMBERS:
            cure = (
                "encode it" if is_pandas else "encode it, or make it a pandas category"
            )
            raise InputError(
                f"column {name!r} of X is of type {dtype}, which LightGBM does not "
                f"take: {cure}, or give an estimator that does, such as a Pipeline "
                "that encodes"
            )


def _without_arrow(X: Any, schema: nw.Schema) -> Any:
    """Return a pandas frame with Arrow's numbers and categories as pandas' own."""
    own = {
        name: "category" if dtype == nw.Categorical else "Float64"
        for (name, dtype), given in zip(schema.items(), X.dtypes, strict=True)
        if hasattr(given, "pyarrow_dtype")
    }
    return X.astype(own) if own else X


def _are_refused(columns: Iterable[Any]) -> bool:
    """Return whether LightGBM refuses the name of a column, or takes two for one."""
    names = [str(name).replace(" ", "_") for name in columns]  # as it does
    is_any_refused = not _REFUSED_IN_NAMES.isdisjoint("".join(names))
    return is_any_refused or len(set(names)) < len(names)
