"""What over-samplers that make rows share: what is asked of them, what they return."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np
from imblearn.over_sampling.base import BaseOverSampler
from numpy.typing import NDArray
from scipy import sparse

from trimtab.exceptions import InputError
from trimtab.lazy_tables import refuse_dask
from trimtab.tables import check_table, is_sparse

__all__ = ["RowMakingSampler", "dense_rows"]

_WHOLE = frozenset("biu")
"""Kinds of NumPy's types of whole numbers: truth values, with and without a sign."""


class RowMakingSampler(BaseOverSampler):  # type: ignore[misc]
    """An over-sampler in imbalanced-learn's sense; who inherits says how to make rows.

    That is ``_new_rows(X, y, wanted)``, which returns rows and their labels; `wanted`
    has the number of rows by label, and none where all classes are of one size already.

    Attributes
    ----------
    sample_indices_ : ndarray of int of shape (n_rows,)
        The rows of X that are at the beginning of what was returned: all.
    """

    def fit_resample(self, X: Any, y: Any, **params: Any) -> Any:
        """Return the rows, and the made ones after them.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_rows, n_columns)
            The rows.
        y : array-like of shape (n_rows,)
            Their classes.
        **params : dict
            What imbalanced-learn passes on.

        Returns
        -------
        X_resampled : {array-like, dataframe, sparse matrix}
            Of the kind of X.
        y_resampled : array-like
            Their classes.

        Raises
        ------
        InputError
            Where X or y is a collection of Dask's: all rows are looked at together.
            Where a column is of text or categories, between which there are no rows.
        """
        refuse_dask(X)
        refuse_dask(y, "y")
        if hasattr(X, "columns"):
            check_table(X)
        _refuse_categories(X)
        if _is_polars(X):
            return self._fit_resample_polars(X, y, **params)
        types = _column_types(X)
        if types is None:
            return super().fit_resample(X, y, **params)
        rows, labels = super().fit_resample(X, y, types=types, **params)
        return _behind_given_rows(X, rows), labels

    def _fit_resample_polars(self, X: Any, y: Any, **params: Any) -> tuple[Any, Any]:
        """Go by pandas, the one kind of frame that imbalanced-learn gives back."""
        import polars as pl

        if isinstance(y, pl.DataFrame):
            if y.width != 1:
                raise InputError(f"y has {y.width} columns: give one, of class labels")
            rows, labels = self._fit_resample_polars(X, y.to_series(), **params)
            return rows, labels.to_frame()
        labels = y.to_numpy() if _is_polars(y) else y
        rows, labels = self.fit_resample(X.to_pandas(), labels, **params)
        frame = pl.from_pandas(rows).cast(dict(X.schema))
        if _is_polars(y):
            labels = pl.Series(y.name, labels).cast(y.dtype)
        return frame, labels

    def _new_rows(
        self, X: Any, y: NDArray[Any], wanted: Mapping[Any, int]
    ) -> tuple[Any, NDArray[Any]]:
        raise NotImplementedError

    def _fit_resample(
        self,
        X: Any,
        y: NDArray[Any],
        types: Sequence[np.dtype[Any] | None] | None = None,
    ) -> tuple[Any, NDArray[Any]]:
        """Return all rows, those made last; `types` is from `_column_types`."""
        self.sample_indices_ = np.arange(X.shape[0])
        wanted = {label: n for label, n in self.sampling_strategy_.items() if n}
        rows, labels = self._new_rows(X, y, wanted)
        if not len(labels):
            return X, y
        types = [None] * X.shape[1] if types is None else types
        rows = _as_columns_hold([X.dtype if t is None else t for t in types], rows)
        labels = np.concatenate([y, labels])
        if is_sparse(X):
            rows = type(X)(rows).astype(X.dtype)
            return sparse.vstack([X, rows], format=X.format), labels
        return np.concatenate([X, rows.astype(X.dtype)]), labels

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.sampler_tags.sample_indices = True
        return tags


def dense_rows(X: Any) -> NDArray[Any]:
    """Return rows as an array, sparse ones too."""
    rows: NDArray[Any] = X.toarray() if is_sparse(X) else X
    return rows


def _refuse_categories(X: Any) -> None:
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    if not isinstance(frame, nw.DataFrame):
        return
    for name, dtype in frame.schema.items():
        if dtype in (nw.String, nw.Categorical, nw.Enum):
            raise InputError(
                f"column {name!r} of X is of type {dtype}, and a new row would lie "
                "between its values: encode it, for instance by OneHotEncoder, or take "
                "imbalanced-learn's SMOTENC"
            )


def _is_polars(X: Any) -> bool:
    return type(X).__module__.partition(".")[0] == "polars"


def _column_types(X: Any) -> list[np.dtype[Any] | None] | None:
    """Return NumPy's types of a frame's columns of whole numbers, truth values too.

    Imbalanced-learn makes one array of a frame, of floats if one column is of floats,
    and on the way back cuts off what follows the point.

    Returns
    -------
    list of dtype or None
        With None for each other column; None altogether where there is no such column,
        or no frame.
    """
    if not (hasattr(X, "columns") and hasattr(X, "dtypes")):
        return None
    # Inside of pandas' types for missing values, of Arrow's and of sparse ones.
    inside = [getattr(t, "numpy_dtype", getattr(t, "subtype", t)) for t in X.dtypes]
    types = [t if getattr(t, "kind", "") in _WHOLE else None for t in inside]
    return types if any(t is not None for t in types) else None


def _as_columns_hold(types: Sequence[np.dtype[Any]], rows: Any) -> Any:
    """Return rows that a cast to the columns' types leaves alone, but for floats.

    Where numbers are to be whole they are rounded, and kept within what the type holds.
    """
    is_whole = np.array([t.kind in _WHOLE for t in types])
    if not is_whole.any():
        return rows
    lowest, highest = np.transpose([_ends(t) for t in types])
    if not is_sparse(rows):
        nearest = np.clip(np.rint(rows), lowest, highest)
        return np.where(is_whole, nearest, rows)
    entries = rows.tocoo()  # what is no entry is 0, which is whole and held by all
    of = entries.col
    nearest = np.clip(np.rint(entries.data), lowest[of], highest[of])
    entries.data = np.where(is_whole[of], nearest, entries.data)
    return entries


def _ends(dtype: np.dtype[Any]) -> tuple[float, float]:
    """Return the lowest and the highest float that a type of whole numbers holds."""
    if dtype.kind not in _WHOLE:
        return -np.inf, np.inf
    if dtype.kind == "b":
        return 0.0, 1.0
    ends = np.iinfo(dtype)
    highest = float(ends.max)
    if int(highest) > ends.max:  # of 64 bits: the float next to it is one too high
        highest = float(np.nextafter(highest, 0.0))
    return float(ends.min), highest


def _behind_given_rows(X: Any, rows: Any) -> Any:
    """Return a frame with the given rows as they were before they became floats.

    Those have no room for a key of 17 digits, for instance.
    """
    if not (hasattr(rows, "iloc") and isinstance(X, type(rows))):
        return rows
    import pandas as pd

    return pd.concat([X, rows.iloc[len(X) :]], ignore_index=True)
