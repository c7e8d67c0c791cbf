"""What a comparison has found out: the facts that a report is written from."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import dataclass, field
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from trimtab.benchmark.history import History
from trimtab.benchmark.methods import TableInfo
from trimtab.benchmark.protocol import Protocol
from trimtab.benchmark.tuning import Tuning
from trimtab.tables import Labels, n_rows

__all__ = ["Evidence", "Prediction", "TableProfile"]


@dataclass(frozen=True)
class TableProfile:
    """What the table is.

    Attributes
    ----------
    name : str
        The file's or data set's name.
    target : str
        The target column's name.
    n_rows : int
        Number of rows.
    columns : DataFrame
        One row a column: ``column``, ``kind`` (``"number"``, ``"category"``,
        ``"date"``, ``"boolean"``, ``"text"``), ``distinct``, ``missing`` (rows).
    n_duplicates : int, default=0
        Rows that repeat an earlier one in every column but the target. They may stand
        in a training and a test part at once. Not counted for sparse matrices.
    """

    name: str
    target: str
    n_rows: int
    columns: pd.DataFrame
    n_duplicates: int = 0

    @classmethod
    def of(cls, X: Any, info: TableInfo, name: str, target: str) -> "TableProfile":
        """Look at a table.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_rows, n_columns)
            The table.
        info : TableInfo
            Its columns' kinds.
        name, target : str
            What the report calls it and its target.
        """
        frame = nw.from_native(X, eager_only=True, pass_through=True)
        if isinstance(frame, nw.DataFrame):
            kinds = info.kinds or ()
            rows = list(map(_column, frame.iter_columns(), kinds))
            duplicates = _repeated(frame.to_pandas())
        elif info.is_sparse:
            rows, duplicates = _sparse_columns(X), 0
        else:
            values = np.asarray(X).reshape(n_rows(X), -1)
            rows = _array_columns(values)
            duplicates = _repeated(pd.DataFrame(values))
        names = ["column", "kind", "distinct", "missing"]
        columns = pd.DataFrame(rows, columns=names)
        return cls(name, target, n_rows(X), columns, duplicates)

    @property
    def n_missing(self) -> int:
        """Missing cells in all."""
        return int(self.columns["missing"].sum())


def _repeated(frame: pd.DataFrame) -> int:
    try:
        hashes = pd.util.hash_pandas_object(frame, index=False)
    except TypeError:  # cells that are lists, say
        return 0
    return int(hashes.duplicated().sum())


def _column(series: Any, kind: str) -> tuple[str, str, int, int]:
    missing = series.is_null()
    if series.dtype.is_float():
        missing = missing | series.is_nan()
    distinct = series.filter(~missing).n_unique()
    return series.name, kind, int(distinct), int(missing.sum())


def _sparse_columns(X: Any) -> list[tuple[str, str, int, int]]:
    # Zeros are not stored: distinct values are not counted.
    cells = X.tocoo()
    missing = np.bincount(cells.col[np.isnan(cells.data)], minlength=X.shape[1])
    return [(str(i), "number", -1, n) for i, n in enumerate(missing.tolist())]


def _array_columns(values: NDArray[Any]) -> list[tuple[str, str, int, int]]:
    is_missing = np.isnan(values) if values.dtype.kind == "f" else None
    missing = [0] * values.shape[1] if is_missing is None else is_missing.sum(axis=0)
    return [
        (str(i), "number", len(np.unique(column)) - bool(n), int(n))
        for i, (column, n) in enumerate(zip(values.T, missing, strict=True))
    ]


@dataclass(frozen=True)
class Prediction:
    """The predictions of one method for the test rows of one split.

    Attributes
    ----------
    method : str
        The method's name.
    repeat, fold : int
        The split.
    codes : ndarray of int of shape (n_test_rows,)
        True class codes.
    scores : ndarray of float of shape (n_test_rows, n_classes)
        Predicted probabilities.
    threshold : float or None
        The threshold on the positive class's probability that was chosen inside the
        training part; None where none was.
    own_threshold : float or None, default=None
        The one by which the classifier itself decides, where it is not one half.
    """

    method: str
    repeat: int
    fold: int
    codes: NDArray[np.int64]
    scores: NDArray[np.float32]
    threshold: float | None
    own_threshold: float | None = None


@dataclass(frozen=True)
class Evidence:
    """Everything that the page shows.

    Attributes
    ----------
    profile : TableProfile
        What the data is.
    labels : Labels
        The target.
    protocol : Protocol
        How rows were split.
    metric : str
        The measure that ranks, a name of `trimtab.metrics.MEASURES`.
    leaderboard : DataFrame
        One row a method, best first; see `trimtab.benchmark.leaderboard`.
    results : DataFrame
        One row a method and split: ``method``, ``repeat``, ``fold``, ``status``,
        ``reason``, every measure and cost, ``threshold``.
    predictions : list of Prediction
        Of every experiment that ran to its end.
    skipped : dict of str to str
        Methods that do not apply to this table, and why.
    command : str
        How to run it again.
    versions : dict of str to str
        Library versions of this run.
    histories : dict of str to History
        Of methods that keep a record, what they did from round to round in the first
        split.
    tuning : Tuning or None
        How parameters were tuned, if they were.
    """

    profile: TableProfile
    labels: Labels
    protocol: Protocol
    metric: str
    leaderboard: pd.DataFrame
    results: pd.DataFrame
    predictions: list[Prediction] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    command: str = ""
    versions: dict[str, Any] = field(default_factory=dict)
    histories: dict[str, History] = field(default_factory=dict)
    tuning: Tuning | None = None
