"""The rows of a Dask collection, from what ``fit`` was given to what is drawn from."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.ensembles.accepted_rows import check_class_sizes
from trimtab.ensembles.partitioned import partition_tasks as tasks
from trimtab.ensembles.partitioned.dask_table import DaskTable, Errands
from trimtab.ensembles.partitioned.partition_pool import PartitionPool
from trimtab.ensembles.partitioned.partition_split import held_ranks, split_rows
from trimtab.ensembles.partitioned.partition_survey import SurveyedTable
from trimtab.tables import Labels

__all__ = ["PartitionedRows"]

Codes = NDArray[np.int64]


@dataclass
class PartitionedRows:
    """The rows of one fit.

    Attributes
    ----------
    table : SurveyedTable
        Where they lie, and what was seen of them.
    errands : Errands
        Does what is to be done there.
    """

    table: SurveyedTable
    errands: Errands

    @classmethod
    def of(cls, X: Any, y: Any, weight: Any, n_jobs: int | None) -> "PartitionedRows":
        """Look at a collection once; see `DaskTable.of` and `SurveyedTable.of`."""
        errands = Errands(n_jobs)
        parts = DaskTable.of(X, y, weight, errands)
        return cls(SurveyedTable.of(parts, errands), errands)

    @property
    def counts(self) -> Codes:
        """Rows of each class."""
        counts: Codes = self.table.counts.sum(axis=0)
        return counts

    @property
    def labels(self) -> Labels:
        """The classes, without the rows' codes."""
        return Labels(self.table.classes, np.zeros(0, dtype=np.int64), 0)

    def pool(
        self,
        held_out: float | tuple[Any, Codes] | None,
        max_candidates: int | None,
        random_state: np.random.RandomState,
    ) -> tuple[PartitionPool, np.random.Generator]:
        """Return the rows as a cascade draws them, and the generator of its draws.

        Parameters
        ----------
        held_out : float, tuple of table and codes, or None
            The share of each class to hold out, or what is held out instead.
        max_candidates : int or None
            See `trimtab.ensembles.cascade.Cascade`.
        random_state : RandomState
            Decides what is held out, and seeds the generator.
        """
        is_brought = isinstance(held_out, tuple)
        brought: Any = held_out if is_brought else (None, None)
        fraction: Any = None if is_brought else held_out
        check_class_sizes(self.table.classes, self.counts, fraction is not None)
        held = held_ranks(self.counts, fraction, self._codes, random_state)
        rng = np.random.default_rng(random_state.randint(2**31 - 1))
        split = split_rows(self.table.counts, held, max_candidates, self._codes, rng)
        return PartitionPool(self.table, split, self.errands, *brought), rng

    def _codes(self) -> Codes:
        found = [
            self.errands.errand(tasks.codes_of, y, self.table.classes)
            for y in self.table.parts.y
        ]
        return np.concatenate(self.errands.done(found))
