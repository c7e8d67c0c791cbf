"""Where the rows of an ensemble lie: what a cascade asks of them, and rows in memory.

A cascade draws positions, and never looks at a table. What turns positions into rows
and keeps how well each row is predicted is a pool: `MemoryPool` of one table, or
`trimtab.ensembles.partitioned.partition_pool.PartitionPool` of a collection that is
larger than memory.
"""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from trimtab.ensembles.members import predicted
from trimtab.ensembles.round import Round
from trimtab.tables import n_rows, smallest_class, take_rows

__all__ = [
    "MemoryPool",
    "RowPool",
    "candidate_rows",
    "candidate_sizes",
    "class_shares",
]

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


class RowPool(Protocol):
    """The rows that may be drawn and those that are held out.

    Attributes
    ----------
    n_rows : int
        Rows that may be drawn.
    n_classes : int
        Number of classes.
    smallest : int
        The code of the smallest class; of several the last.
    is_weighted : bool
        Whether rows have weights.
    candidates : ndarray of int or None
        Where in the user's table each position lies; None where it lies at itself, or
        the table is not one.
    held_out_codes : ndarray of int of shape (n_held_out,)
        The classes of the held-out rows. Empty where there are none.
    held_out_weight : ndarray of float of shape (n_held_out,) or None
        Their weights.
    """

    n_rows: int
    n_classes: int
    smallest: int
    is_weighted: bool
    candidates: Codes | None
    held_out_codes: Codes
    held_out_weight: Floats | None

    def round(self, *, number: int, **known: Any) -> Round:
        """Return the state of an ensemble of `number` members.

        Parameters
        ----------
        number : int
            Members that the rows were scored by.
        **known : dict
            What the cascade knows: those of the attributes of `Round` that do not
            tell of the rows that may be drawn.
        """

    def take(self, rows: Codes) -> tuple[Any, Codes, Floats | None]:
        """Return a table of drawn rows, their class codes and their weights."""

    def score(self, member: Any) -> Floats:
        """Score all rows by a member; return the held-out rows' probabilities.

        Its probability of each row's own class is added to the row's sum. Where the
        member fails, all sums are as they were.
        """


class MemoryPool:
    """Rows of one table in memory; see `RowPool`.

    Parameters
    ----------
    X, codes, X_held, codes_held
        As for `trimtab.ensembles.cascade.Cascade`.
    rng : numpy.random.Generator
        Decides which rows may be drawn, where not all may.
    sample_weight, weight_held, held_rows, max_candidates, n_jobs
        As for `trimtab.ensembles.cascade.Cascade`.
    """

    def __init__(
        self,
        X: Any,
        codes: Codes,
        X_held: Any,
        codes_held: Codes | None,
        *,
        rng: np.random.Generator,
        sample_weight: Floats | None,
        weight_held: Floats | None,
        held_rows: Codes | None,
        max_candidates: int | None,
        n_jobs: int | None,
    ) -> None:
        if held_rows is not None:
            codes_held = codes[held_rows]
            weight_held = None if sample_weight is None else sample_weight[held_rows]
        elif codes_held is None:
            codes_held = np.zeros(0, dtype=np.int64)
        self._X, self._weight = X, sample_weight
        self.is_weighted = sample_weight is not None
        self.held_out_codes, self.held_out_weight = codes_held, weight_held
        counts = np.bincount(codes)
        self.n_classes, self.smallest = len(counts), smallest_class(counts)
        self.candidates = candidate_rows(codes, held_rows, max_candidates, rng)
        self._codes = codes if self.candidates is None else codes[self.candidates]
        self.n_rows = len(self._codes)
        if held_rows is not None:
            counts = counts - np.bincount(codes[held_rows], minlength=len(counts))
        self._shares = class_shares(counts, self.n_rows)
        self._scored = _ScoredRows.of(
            X,
            self._codes,
            self.n_classes,
            self.candidates,
            held_rows,
            X_held,
            n_jobs,
        )
        self._rows_by_class = tuple(
            np.flatnonzero(self._codes == code) for code in range(self.n_classes)
        )
        self._right = np.zeros(self.n_rows)

    def round(self, *, number: int, **known: Any) -> Round:
        """Return the state of an ensemble; see `RowPool`."""
        if number:
            right = self._right / number
        else:
            right = np.full(self.n_rows, 1 / self.n_classes)
        return Round(
            number=number,
            codes=self._codes,
            errors=1 - right,
            rows_by_class=self._rows_by_class,
            class_shares=self._shares,
            **known,
        )

    def take(self, rows: Codes) -> tuple[Any, Codes, Floats | None]:
        """Return drawn rows; see `RowPool`."""
        in_table = rows if self.candidates is None else self.candidates[rows]
        weight = None if self._weight is None else self._weight[in_table]
        return take_rows(self._X, in_table), self._codes[rows], weight

    def score(self, member: Any) -> Floats:
        """Score all rows by a member; see `RowPool`."""
        right, held_out = self._scored.predict(member, self.n_classes)
        self._right += right
        return held_out


def candidate_sizes(counts: Codes, at_most: int | None) -> Codes:
    """Return how many rows of each class may be drawn.

    Where there are too many, the rare classes keep all their rows and the others share
    what is left equally.

    Parameters
    ----------
    counts : ndarray of int of shape (n_classes,)
        Training rows of each class.
    at_most : int or None
        Rows that may be drawn. None for all.
    """
    sizes = counts.copy()
    left = int(counts.sum()) if at_most is None else at_most
    if left < counts.sum():
        for position, code in enumerate(np.argsort(counts, kind="stable").tolist()):
            share = min(int(counts[code]), max(left // (len(counts) - position), 1))
            left -= share
            sizes[code] = share
    return sizes


def candidate_rows(
    codes: Codes,
    held_rows: Codes | None,
    at_most: int | None,
    rng: np.random.Generator,
) -> Codes | None:
    """Return the rows that may be drawn, ascending, or None for all.

    Parameters
    ----------
    codes : ndarray of int of shape (n_rows,)
        Class codes.
    held_rows : ndarray of int or None
        Rows that may not.
    at_most : int or None
        See `candidate_sizes`.
    rng : numpy.random.Generator
        Decides which.
    """
    may_be_drawn = np.ones(len(codes), dtype=bool)
    if held_rows is not None:
        may_be_drawn[held_rows] = False
    counts = np.bincount(codes[may_be_drawn])
    sizes = candidate_sizes(counts, at_most)
    for code in np.argsort(counts, kind="stable").tolist():
        if sizes[code] < counts[code]:
            rows = np.flatnonzero(may_be_drawn & (codes == code))
            may_be_drawn[rng.permutation(rows)[sizes[code] :]] = False
    return None if may_be_drawn.all() else np.flatnonzero(may_be_drawn)


def class_shares(counts: Codes, n_candidates: int) -> Floats | None:
    """Return each class's share of the training rows, or None if all are candidates."""
    if counts.sum() == n_candidates:
        return None
    shares: Floats = counts / counts.sum()
    return shares


@dataclass
class _ScoredRows:
    """The rows that each member predicts, and where to find what in the predictions.

    Held-out rows that lie in the table itself are predicted with it, in one call.
    """

    table: Any
    right: Codes  # of each candidate, where its class's probability is, flattened
    held_out: Any  # rows of the table
    X_held: Any
    n_jobs: int | None

    @classmethod
    def of(
        cls,
        X: Any,
        codes: Codes,
        n_classes: int,
        candidates: Codes | None,
        held_rows: Codes | None,
        X_held: Any,
        n_jobs: int | None,
    ) -> "_ScoredRows":
        held = np.zeros(0, dtype=np.int64) if held_rows is None else held_rows
        if candidates is None:
            candidates = np.arange(len(codes))
        if len(candidates) + len(held) < n_rows(X):
            X = take_rows(X, np.concatenate([candidates, held]))
            held = np.arange(len(candidates), len(candidates) + len(held))
            candidates = np.arange(len(candidates))
        return cls(X, candidates * n_classes + codes, held, X_held, n_jobs)

    def predict(self, member: Any, n_classes: int) -> tuple[Floats, Floats]:
        """Return candidates' probabilities of their class, held-out rows' of all."""
        probabilities = predicted(member, self.table, n_classes, self.n_jobs)
        right = probabilities.ravel()[self.right]
        if self.X_held is not None:
            return right, predicted(member, self.X_held, n_classes, self.n_jobs)
        return right, probabilities[self.held_out]
