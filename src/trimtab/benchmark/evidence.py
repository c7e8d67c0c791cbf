"""What a comparison has found out: the facts that a report is written from."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from trimtab.benchmark.protocol import Protocol
from trimtab.tables import Labels

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
    """

    name: str
    target: str
    n_rows: int
    columns: pd.DataFrame

    @property
    def n_missing(self) -> int:
        """Missing cells in all."""
        return int(self.columns["missing"].sum())


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
    """

    method: str
    repeat: int
    fold: int
    codes: NDArray[np.int64]
    scores: NDArray[np.float32]
    threshold: float | None


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
