"""A Dask collection as a list of partitions, with labels and weights beside it."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray

from trimtab.exceptions import InputError
from trimtab.lazy_tables import is_dask
from trimtab.tables import n_rows

__all__ = ["DaskTable", "Errands", "example_of", "lazily_predicted"]

# As modules of any type: Dask says that it is typed, and is in part.
dask: Any = import_module("dask")
dask_array: Any = import_module("dask.array")


class Errands:
    """Calls functions where partitions lie: on a cluster's workers, or in threads.

    With a client of `distributed` that is the current one, or a scheduler that Dask is
    configured to use, it is theirs. Otherwise as many partitions are in memory at once
    as there are threads.

    Parameters
    ----------
    n_jobs : int or None
        Threads, as joblib counts them.

    Attributes
    ----------
    is_here : bool
        Whether what is kept is kept in this process.
    """

    def __init__(self, n_jobs: int | None) -> None:
        self._options: dict[str, Any] = {}
        chosen = dask.base.get_scheduler()
        # A client's own method; what other schedulers keep is kept in this process.
        self.is_here = not hasattr(getattr(chosen, "__self__", None), "scheduler_info")
        if chosen is None:
            threads = joblib.effective_n_jobs(n_jobs)
            self._options = {"scheduler": "threads", "num_workers": threads}

    def errand(self, function: Any, *arguments: Any) -> Any:
        """Return a call that is still to be made, some of its arguments perhaps too."""
        return dask.delayed(function, pure=False)(*arguments)

    def once(self, value: Any) -> Any:
        """Return a value as the argument of many calls, sent once to each worker."""
        return dask.delayed(value, pure=False, traverse=False)

    def done(self, errands: Sequence[Any]) -> list[Any]:
        """Return the results of calls."""
        return list(dask.compute(*errands, **self._options))

    def kept(self, errands: Sequence[Any]) -> list[Any]:
        """Return calls whose results stay where they come about, when all are made."""
        kept = dask.persist(*errands, **self._options)
        if not self.is_here:  # a failure shall show now
            self.done([self.errand(_is_there, one) for one in kept])
        return list(kept)


def _is_there(_: Any) -> bool:
    return True


@dataclass(frozen=True)
class DaskTable:
    """Partitions of a table, and of what stands beside it.

    Attributes
    ----------
    X, y : list
        For each partition, its rows and their labels: delayed, or in memory.
    weight : list
        The rows' weights; None where there are none.
    """

    X: list[Any]
    y: list[Any]
    weight: list[Any]

    @classmethod
    def of(cls, X: Any, y: Any, weight: Any, errands: Errands) -> "DaskTable":
        """Read a collection and the columns beside it.

        Parameters
        ----------
        X : dask.dataframe.DataFrame or dask.array.Array of shape (n_rows, n_columns)
            The rows.
        y, weight : collection or array-like of shape (n_rows,)
            Of the same partitions, or in memory. `weight` may be None.
        errands : Errands
            Counts rows where no one knows their number.

        Raises
        ------
        InputError
            Where the partitions cannot be those of the same rows.
        """
        X = _whole_rows(X)
        parts = _parts(X)
        sizes = _Sizes(X, parts, errands)
        return cls(
            parts,
            _beside(y, sizes, "y"),
            [None] * len(parts)
            if weight is None
            else _beside(weight, sizes, "sample_weight"),
        )


def _whole_rows(X: Any) -> Any:
    """Return the collection with all columns of a row in one partition."""
    kind = type(X).__name__
    if kind == "Array" and X.ndim == 2:
        if np.isnan(X.shape[1]):
            raise InputError(
                "X is a dask Array of an unknown number of columns: give "
                "X.compute_chunk_sizes()"
            )
        return X if len(X.chunks[1]) == 1 else X.rechunk({1: -1})
    if kind != "DataFrame":
        shape = getattr(X, "shape", None)
        raise InputError(
            f"X is a dask {kind}{f' of shape {shape}' if kind == 'Array' else ''}: "
            "give a DataFrame, or an Array of rows and columns"
        )
    unknown = [name for name in X.columns if _is_unknown_category(X._meta[name])]
    if unknown:
        raise InputError(
            f"column {unknown[0]!r} of X is a category whose values dask does not know "
            f"yet: give X.categorize(columns={unknown!r}), so that all partitions have "
            "the same"
        )
    return X


def _is_unknown_category(column: Any) -> bool:
    if str(column.dtype) != "category":
        return False
    from dask.dataframe.utils import UNKNOWN_CATEGORIES

    return UNKNOWN_CATEGORIES in column.cat.categories


def _parts(collection: Any) -> list[Any]:
    if hasattr(collection, "simplify"):
        # Only the columns that are needed are read. All that Dask could do would make
        # fewer partitions of a narrow column's, which are then no longer the table's.
        parts = collection.simplify().to_delayed(optimize_graph=False)
    else:
        parts = collection.to_delayed()
    return list(np.ravel(np.asarray(parts, dtype=object)))


class _Sizes:
    """How many rows each partition has, counted when somebody asks."""

    def __init__(self, X: Any, parts: list[Any], errands: Errands) -> None:
        self.kind, self.n_parts = type(X).__name__, len(parts)
        self._parts, self._errands = parts, errands
        self._known: list[int] | None = None
        if self.kind == "Array" and not np.isnan(X.chunks[0]).any():
            self._known = list(X.chunks[0])

    @property
    def are_known(self) -> bool:
        return self._known is not None

    def __call__(self) -> list[int]:
        if self._known is None:
            counts = [self._errands.errand(n_rows, part) for part in self._parts]
            self._known = self._errands.done(counts)
        return self._known


def _beside(column: Any, sizes: _Sizes, name: str) -> list[Any]:
    """Return a column in the partitions of the table."""
    if not is_dask(column):
        values = column if hasattr(column, "shape") else np.asarray(column)
        lengths = sizes()
        if n_rows(values) != sum(lengths):
            raise InputError(
                f"X has {sum(lengths)} rows and {name} has {n_rows(values)}: give one "
                "for each row"
            )
        stops = np.cumsum(lengths).tolist()
        return [
            _piece(values, stop - length, stop)
            for stop, length in zip(stops, lengths, strict=True)
        ]
    if getattr(column, "ndim", 1) > 1 and column.shape[1] != 1:
        raise InputError(
            f"{name} is a dask {type(column).__name__} of {column.shape[1]} columns: "
            "give one"
        )
    is_array = type(column).__name__ == "Array"
    if is_array and sizes.are_known and not np.isnan(column.chunks[0]).any():
        if column.shape[0] != sum(sizes()):
            raise InputError(
                f"X has {sum(sizes())} rows and {name} has {column.shape[0]}: give one "
                "for each row"
            )
        column = column.rechunk({0: tuple(sizes())})
    parts = _parts(column)
    if len(parts) != sizes.n_parts:
        raise InputError(
            f"X has {sizes.n_parts} partitions and {name} has {len(parts)}: take both "
            "from one collection, or repartition one like the other"
        )
    return parts


def _piece(values: Any, start: int, stop: int) -> Any:
    return values.iloc[start:stop] if hasattr(values, "iloc") else values[start:stop]


def example_of(X: Any) -> Any:
    """Return two rows in memory that look like those of a collection.

    Parameters
    ----------
    X : dask.dataframe.DataFrame or dask.array.Array
        The collection. It is not looked into.
    """
    X = _whole_rows(X)
    if type(X).__name__ == "DataFrame":
        return X._meta_nonempty
    example = np.zeros((2, X.shape[1]), dtype=X.dtype)
    return example if isinstance(X._meta, np.ndarray) else type(X._meta)(example)


def lazily_predicted(X: Any, method: Any, empty: NDArray[Any]) -> Any:
    """Return what a method predicts for each partition, when it is asked for.

    Parameters
    ----------
    X : dask.dataframe.DataFrame or dask.array.Array
        The rows.
    method : bound method
        Returns an array, a row for each row.
    empty : ndarray
        What it would return for no rows.

    Returns
    -------
    dask.array.Array
        Its rows are in the partitions of `X`.
    """
    X = _whole_rows(X)
    arguments = {"method": method, "empty": empty}
    if type(X).__name__ == "DataFrame":
        return X.map_partitions(_predict, meta=empty, **arguments)
    chunks = (X.chunks[0], *((size,) for size in empty.shape[1:]))
    axis = 1 if empty.ndim == 1 else None
    arguments.update(dtype=empty.dtype, meta=empty)
    return dask_array.map_blocks(
        _predict, X, chunks=chunks, drop_axis=axis, **arguments
    )


def _predict(X: Any, method: Any, empty: NDArray[Any]) -> Any:
    return method(X) if n_rows(X) else empty
