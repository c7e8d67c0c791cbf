"""What is done where a partition lies: counting, choosing, scoring.

Plain functions of tables and arrays, which know nothing of Dask. A partition's rows
that may be drawn are numbered class after class, as they come in each.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.ensembles.members import predicted
from trimtab.exceptions import InputError
from trimtab.fit_arguments import encode_as
from trimtab.sampling.hardness import class_error_counts
from trimtab.tables import Labels, label_values, n_rows, take_rows

__all__ = [
    "PartRows",
    "Survey",
    "begin",
    "codes_of",
    "error_counts",
    "errors_of",
    "in_own_order",
    "look_at",
    "own_rows",
    "scored",
    "stacked",
    "take_held_out",
    "take_positions",
]

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Survey:
    """What is known of a partition after one look.

    Attributes
    ----------
    n_rows, n_labels, n_weights : int
        Rows of the table, labels and weights; no weights count as one a row.
    n_weightless : int
        Rows whose weight is 0.
    n_bytes : int
        Memory that the table takes.
    labels : ndarray
        The labels that occur, sorted.
    counts : ndarray of int
        How often.
    weights : ndarray of float
        What the rows of each weigh together.
    """

    n_rows: int
    n_labels: int
    n_weights: int
    n_weightless: int
    n_bytes: int
    labels: NDArray[Any]
    counts: Codes
    weights: Floats


def look_at(X: Any, y: Any, weight: Any, name: str) -> Survey:
    """Count the rows and the labels of a partition.

    Parameters
    ----------
    X : table
        Its rows; none are allowed.
    y : array-like or Series
        Their labels.
    weight : array-like, Series or None
        Their weights.
    name : str
        What the partition is called in messages.
    """
    rows, empty = n_rows(X), np.zeros(0, dtype=np.int64)
    weights = None if weight is None else _numbers(weight, name)
    n_weights = rows if weights is None else len(weights)
    n_weightless = 0 if weights is None else int((weights == 0).sum())
    known = n_weights, n_weightless, _n_bytes(X)
    if not n_rows(y):
        return Survey(rows, 0, *known, empty, empty, np.zeros(0))
    values = label_values(y, f"y of {name}")
    labels, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    if weights is None or len(weights) != len(values):
        sums = counts.astype(float)
    else:
        sums = np.bincount(codes.reshape(-1), weights)
    return Survey(rows, len(values), *known, labels, counts, sums)


def _numbers(weight: Any, name: str) -> Floats:
    try:
        weights = np.asarray(weight, dtype=float).reshape(-1)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"sample_weight of {name} is not all numbers ({error}): give one for each "
            "row"
        ) from None
    bad = ~(np.isfinite(weights) & (weights >= 0))
    if bad.any():
        raise InputError(
            f"sample_weight of {name} holds {weights[bad][0]}: give finite numbers, "
            "not negative"
        )
    return weights


def _n_bytes(X: Any) -> int:
    if hasattr(X, "memory_usage"):
        return int(X.memory_usage(index=True, deep=True).sum())
    if hasattr(X, "nbytes"):
        return int(X.nbytes)
    return int(X.data.nbytes + X.indices.nbytes + X.indptr.nbytes)  # CSR, CSC


def codes_of(y: Any, classes: NDArray[Any]) -> Codes:
    """Return the class codes of a partition's rows."""
    if not n_rows(y):
        return np.zeros(0, dtype=np.int64)
    known = Labels(classes, np.zeros(0, dtype=np.int64), 0)
    return encode_as(y, known)


@dataclass(frozen=True)
class PartRows:
    """The rows of a partition that may be drawn, and how they were predicted so far.

    Attributes
    ----------
    order : ndarray of int of shape (n_rows,)
        Where they lie in the partition's table, class after class.
    counts : ndarray of int of shape (n_classes,)
        Rows of each class.
    weight : ndarray of float of shape (n_rows,) or None
        Their weights.
    right : ndarray of float of shape (n_rows,)
        The sum over the members of the probability of each row's own class.
    n_members : int
        Over how many.
    """

    order: Codes
    counts: Codes
    weight: Floats | None
    right: Floats
    n_members: int = 0

    @property
    def starts(self) -> Codes:
        """Where each class begins."""
        return np.cumsum(self.counts) - self.counts

    @property
    def codes(self) -> Codes:
        """The class of each row."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    @property
    def errors(self) -> Floats:
        """1 less the mean probability of each row's own class."""
        if not self.n_members:
            return 1 - np.full(len(self.order), 1 / len(self.counts))
        return 1 - self.right / self.n_members

    def errors_of_class(self, code: int) -> Floats:
        """Return the errors of one class's rows."""
        start = self.starts[code]
        return self.errors[start : start + self.counts[code]]


def begin(
    y: Any,
    weight: Any,
    classes: NDArray[Any],
    held: Sequence[Codes],
    chosen: Sequence[Codes | None],
) -> PartRows:
    """Find the rows of a partition that may be drawn.

    Parameters
    ----------
    y, weight
        Labels and weights of its rows.
    classes : ndarray
        The labels of all.
    held : sequence of ndarray of int
        For each class, which of its rows here are held out, in their order.
    chosen : sequence of ndarray of int or None
        For each class, which of its rows here may be drawn; None for all the others.
    """
    parts = []
    codes = codes_of(y, classes)
    for code, (out, among) in enumerate(zip(held, chosen, strict=True)):
        rows = np.flatnonzero(codes == code)
        parts.append(np.delete(rows, out) if among is None else rows[among])
    order = np.concatenate(parts)
    counts = np.array([len(part) for part in parts])
    weights = None if weight is None else np.asarray(weight, float).reshape(-1)[order]
    return PartRows(order, counts, weights, np.zeros(len(order)))


def take_held_out(
    X: Any, y: Any, weight: Any, classes: NDArray[Any], held: Sequence[Codes]
) -> tuple[Any, Codes, Floats | None]:
    """Return the held-out rows of a partition as they come, their codes and weights."""
    codes = codes_of(y, classes)
    parts = [np.flatnonzero(codes == code)[out] for code, out in enumerate(held)]
    rows = np.sort(np.concatenate(parts))
    weights = None if weight is None else np.asarray(weight, float).reshape(-1)[rows]
    return take_rows(X, rows), codes[rows], weights


def in_own_order(rows: PartRows) -> PartRows:
    """Return the rows as those of a table that has them in their order, and no more."""
    return replace(rows, order=np.arange(len(rows.order)))


def own_rows(X: Any, rows: PartRows) -> Any:
    """Return a table of the rows that may be drawn, in their order."""
    return take_rows(X, rows.order)


def take_positions(
    X: Any, rows: PartRows, positions: Codes
) -> tuple[Any, Floats | None]:
    """Return a table of some rows, and their weights."""
    weights = None if rows.weight is None else rows.weight[positions]
    return take_rows(X, rows.order[positions]), weights


def scored(X: Any, rows: PartRows, member: Any) -> PartRows:
    """Return the rows after one member more has predicted them."""
    n_members, n_classes = rows.n_members + 1, len(rows.counts)
    if not len(rows.order):
        return replace(rows, n_members=n_members)
    if len(rows.order) < n_rows(X):
        X, order = take_rows(X, rows.order), np.arange(len(rows.order))
    else:
        order = rows.order
    probabilities = predicted(member, X, n_classes)
    right = rows.right + probabilities[order, rows.codes]
    return replace(rows, right=right, n_members=n_members)


def errors_of(rows: PartRows) -> Floats:
    """Return the error of each row."""
    return rows.errors


def error_counts(rows: PartRows, n_bins: int) -> Codes:
    """Return how many rows of each class are in each bin of errors."""
    return class_error_counts(rows.errors, rows.codes, len(rows.counts), n_bins)


def stacked(tables: Sequence[Any]) -> Any:
    """Return tables of one kind as one, below each other."""
    first = tables[0]
    if len(tables) == 1:
        return first
    if isinstance(first, np.ndarray):
        return np.concatenate(tables)
    if hasattr(first, "columns"):
        import pandas as pd

        return pd.concat(list(tables))
    from scipy import sparse

    return sparse.vstack(list(tables), format="csr")
