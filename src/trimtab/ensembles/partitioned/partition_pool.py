"""Rows of a Dask collection as a cascade draws them.

Rows stay where they lie, with their running sums beside them. Here come counts, the
rows that are drawn or held out and, where there are few enough, the errors.
"""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
from dask import config
from dask.utils import format_bytes, parse_bytes
from numpy.typing import NDArray

from trimtab.ensembles.members import predicted
from trimtab.ensembles.partitioned import partition_tasks as tasks
from trimtab.ensembles.partitioned.dask_table import Errands
from trimtab.ensembles.partitioned.partition_draws import PartitionDraws
from trimtab.ensembles.partitioned.partition_split import Split
from trimtab.ensembles.partitioned.partition_survey import SurveyedTable
from trimtab.ensembles.partitioned.partitioned_round import PartitionedRound
from trimtab.ensembles.round import Round
from trimtab.ensembles.row_pool import class_shares
from trimtab.exceptions import InputError
from trimtab.tables import smallest_class, take_rows

__all__ = ["GATHERED_BYTES", "GATHER_SETTING", "MOST_ERRORS_HERE", "PartitionPool"]

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

MOST_ERRORS_HERE = 1_000_000
"""With no more rows to draw from, draws are made here, as in memory.

Their errors come here after each member, 8 bytes for each."""

GATHER_SETTING = "trimtab.gathered-bytes"
"""Where Dask's configuration says how large the tables may be that come here."""

GATHERED_BYTES = "4 GiB"
"""How large, if it does not."""


Part = tuple[Any, Floats | None]


class PartitionPool:
    """Rows in partitions; see `trimtab.ensembles.row_pool.RowPool`.

    Parameters
    ----------
    table : SurveyedTable
        The partitions, and what is known of them.
    split : Split
        Which rows may be drawn, and which are held out.
    errands : Errands
        Does what is to be done where partitions lie.
    X_held, codes_held
        Rows in memory that are held out, where the split holds out none.

    Raises
    ------
    InputError
        Where the rows that must come here are too large.
    """

    candidates: Codes | None = None

    def __init__(
        self,
        table: SurveyedTable,
        split: Split,
        errands: Errands,
        X_held: Any = None,
        codes_held: Codes | None = None,
    ) -> None:
        self._errands, self._row_bytes = errands, table.n_bytes / table.counts.sum()
        self.n_classes = len(table.classes)
        self.smallest = smallest_class(table.counts.sum(axis=0))
        self.is_weighted = table.parts.weight[0] is not None
        self._counts = split.counts
        self.class_counts = split.counts.sum(axis=0)
        self.n_rows = int(self.class_counts.sum())
        self._first = np.cumsum(self.class_counts) - self.class_counts
        self._before = np.cumsum(split.counts, axis=0) - split.counts
        self._starts = np.cumsum(split.counts, axis=1) - split.counts
        self._shares = class_shares(split.training_counts, self.n_rows)
        smallest = int(self.class_counts.min())
        self._check_size(smallest * self.n_classes, "rows of a balanced draw")
        self._check_size(split.n_held, "rows to hold out")
        self._begin(table, split)
        self._hold_out(table, split, X_held, codes_held)
        self._bring_rare_rows()
        self._errors: Floats | None = None

    def _check_size(self, n_rows: int, what: str) -> None:
        """Raise an `InputError` where so many rows are too large to come here."""
        limit = parse_bytes(config.get(GATHER_SETTING, GATHERED_BYTES))
        size = int(n_rows * self._row_bytes)
        if size > limit:
            raise InputError(
                f"{n_rows} {what} take {format_bytes(size)} in the process that calls "
                f"fit, and {format_bytes(limit)} may: raise the limit where there is "
                f"memory, dask.config.set({{{GATHER_SETTING!r}: "
                f"'{format_bytes(2 * size)}'}}), or give fewer rows or columns"
            )

    def _begin(self, table: SurveyedTable, split: Split) -> None:
        """Find the rows to draw from; where these are a sample, keep them apart."""
        call, X = self._errands.errand, table.parts.X
        rows = self._errands.kept(
            [
                call(tasks.begin, y, weight, table.classes, *split.of_part(part))
                for part, (y, weight) in enumerate(
                    zip(table.parts.y, table.parts.weight, strict=True)
                )
            ]
        )
        if split.is_sample:
            if self._errands.is_here:
                self._check_size(self.n_rows, "rows to draw from (max_candidates)")
            pairs = zip(X, rows, strict=True)
            X = self._errands.kept([call(tasks.own_rows, *pair) for pair in pairs])
            rows = self._errands.kept([call(tasks.in_own_order, one) for one in rows])
        self._X, self._rows = X, rows

    def _hold_out(
        self,
        table: SurveyedTable,
        split: Split,
        X_held: Any,
        codes_held: Codes | None,
    ) -> None:
        """Bring the held-out rows here, once."""
        self._X_held, self.held_out_weight = X_held, None
        self.held_out_codes = (
            np.zeros(0, dtype=np.int64) if codes_held is None else codes_held
        )
        if not split.n_held:
            return
        parts = zip(table.parts.X, table.parts.y, table.parts.weight, strict=True)
        found = self._errands.done(
            [
                self._errands.errand(
                    tasks.take_held_out, *part, table.classes, split.of_part(number)[0]
                )
                for number, part in enumerate(parts)
                if split.held_counts[number].any()
            ]
        )
        self._X_held = tasks.stacked([one[0] for one in found])
        self.held_out_codes = np.concatenate([one[1] for one in found])
        if self.is_weighted:
            self.held_out_weight = np.concatenate([one[2] for one in found])

    def _bring_rare_rows(self) -> None:
        """Bring the rows of the smallest class here, once: they are in every draw."""
        self._rare = int(np.argmin(self.class_counts))
        rows = np.arange(self.class_counts[self._rare]) + self._first[self._rare]
        parts, order = self._gather(rows)
        table, weight = _joined(parts)
        self._rare_rows = (
            take_rows(table, order),
            None if weight is None else weight[order],
        )

    def _gather(self, rows: Codes) -> tuple[list[Part], Codes]:
        """Return rows from wherever they lie, and where each is when all are joined."""
        codes = self._codes_of(rows)
        ranks = rows - self._first[codes]
        where, local = np.empty_like(rows), np.empty_like(rows)
        for code in np.unique(codes).tolist():
            own = codes == code
            part = np.searchsorted(self._before[:, code], ranks[own], side="right") - 1
            where[own] = part
            rank_here = ranks[own] - self._before[part, code]
            local[own] = self._starts[part, code] + rank_here
        order = np.argsort(where, kind="stable")
        parts, begins = np.unique(where[order], return_index=True)
        pieces = zip(parts.tolist(), np.split(local[order], begins[1:]), strict=True)
        found = self._errands.done(
            [
                self._errands.errand(
                    tasks.take_positions, self._X[part], self._rows[part], positions
                )
                for part, positions in pieces
            ]
        )
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        return found, back

    def _codes_of(self, rows: Codes) -> Codes:
        return np.searchsorted(self._first, rows, side="right") - 1

    def take(self, rows: Codes) -> tuple[Any, Codes, Floats | None]:
        """Return drawn rows; see `RowPool`."""
        self._check_size(len(rows), "drawn rows")
        codes = self._codes_of(rows)
        is_rare = codes == self._rare
        index, parts = rows - self._first[self._rare], [self._rare_rows]
        if not is_rare.all():
            others, index_of_others = self._gather(rows[~is_rare])
            index[~is_rare] = self.class_counts[self._rare] + index_of_others
            parts += others
            del others
        table, weight = _joined(parts)
        del parts
        return take_rows(table, index), codes, None if weight is None else weight[index]

    def score(self, member: Any) -> Floats:
        """Score all rows by a member where they lie; see `RowPool`."""
        held_out = np.zeros((0, self.n_classes))
        if len(self.held_out_codes):
            held_out = predicted(member, self._X_held, self.n_classes)
        sent = self._errands.once(member)
        self._rows = self._errands.kept(
            [
                self._errands.errand(tasks.scored, X, rows, sent)
                for X, rows in zip(self._X, self._rows, strict=True)
            ]
        )
        return held_out

    def round(self, *, number: int, **known: Any) -> Round:
        """Return the state of an ensemble; see `RowPool`."""
        known.update(number=number, class_shares=self._shares)
        partitioned = PartitionedRound(self, **known)
        if self.n_rows > MOST_ERRORS_HERE:
            return partitioned
        return Round(
            codes=partitioned.codes,
            errors=partitioned.errors,
            rows_by_class=partitioned.rows_by_class,
            **known,
        )

    def errors(self) -> Floats:
        """Return the error of every row, class after class; see `Partitions`."""
        found = self._errands.done(
            [self._errands.errand(tasks.errors_of, rows) for rows in self._rows]
        )
        by_class = [
            [
                part[start : start + count]
                for part, start, count in zip(
                    found, self._starts[:, code], self._counts[:, code], strict=True
                )
            ]
            for code in range(self.n_classes)
        ]
        return np.concatenate([part for parts in by_class for part in parts])

    def error_counts(self, n_bins: int) -> Codes:
        """Return the rows in each bin; see `Partitions`."""
        found = [
            self._errands.errand(tasks.error_counts, rows, n_bins)
            for rows in self._rows
        ]
        counts: Codes = np.sum(self._errands.done(found), axis=0)
        return counts

    def draws(self) -> PartitionDraws:
        """Return what draws rows where they lie; see `Partitions`."""
        return PartitionDraws(self._errands, self._rows, self._counts)


def _joined(parts: list[Part]) -> Part:
    """Return tables and weights as one table and its weights."""
    weights = [weight for _, weight in parts if weight is not None]
    table = tasks.stacked([table for table, _ in parts])
    return table, np.concatenate(weights) if weights else None
