"""Draws of rows where they lie: what each partition offers, and the best of all.

The numbers of a draw come from one generator in the order of the rows, however these
are partitioned, so the rows drawn are those that would be drawn in memory.
"""

# SPDX-License-Identifier: BSD-3-Clause

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.ensembles.partitioned import draw_tasks as tasks
from trimtab.ensembles.partitioned.dask_table import Errands
from trimtab.ensembles.partitioned.draw_tasks import Binning, Near
from trimtab.sampling.hardness import (
    draw_without_replacement,
    share_out,
    shares_of_bins,
)

__all__ = ["PartitionDraws"]

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

_FAN_IN = 8
_SKIPPED_AT_ONCE = 1_000_000


class PartitionDraws:
    """Draws from rows in partitions.

    Parameters
    ----------
    errands : Errands
        Does what is to be done where they lie.
    rows : list
        The `PartRows` of each partition, wherever they are.
    counts : ndarray of int of shape (n_partitions, n_classes)
        Rows of each class in each.
    """

    def __init__(self, errands: Errands, rows: list[Any], counts: Codes) -> None:
        self._errands, self._rows, self._counts = errands, rows, counts
        self._before = np.cumsum(counts, axis=0) - counts

    def _each(self, sizes: Codes, draw: Callable[[int, int], Any]) -> list[Any]:
        """Return all ranks of a class that is drawn whole, else what `draw` returns."""
        counts = self._counts.sum(axis=0).tolist()
        return [
            np.arange(count) if size == count else draw(code, size)
            for code, (count, size) in enumerate(
                zip(counts, sizes.tolist(), strict=True)
            )
        ]

    def _positions(self, drawn: list[Codes]) -> Codes:
        """Return ranks in each class as positions, class after class."""
        counts = self._counts.sum(axis=0)
        first = np.cumsum(counts) - counts
        return np.concatenate(
            [start + ranks for start, ranks in zip(first, drawn, strict=True)]
        )

    def near(self, near: Near, sizes: Codes, rng: np.random.Generator) -> Codes:
        """Draw rows by a Gaussian of their errors.

        Each row's time of arrival is that which it would have in memory: the generator
        is here run past the rows of each partition, and a copy of it as it was goes
        there. What comes back is, of all rows, those that arrive first.

        Parameters
        ----------
        near : Near
            By which errors.
        sizes : ndarray of int of shape (n_classes,)
            How many rows of each class.
        rng : numpy.random.Generator
            Decides which.

        Returns
        -------
        ndarray of int
            Positions, class after class, ascending in each.
        """
        call = self._errands.errand
        sums = np.array(
            self._errands.done([call(tasks.weight_sums, r, near) for r in self._rows])
        )
        greatest = sums[:, 0].max(axis=0)
        totals = (np.exp(sums[:, 0] - greatest) * sums[:, 1]).sum(axis=0)

        def wanted(code: int, size: int) -> Any:
            scale = float(greatest[code]), float(totals[code])
            return self._first_of_all(near, code, scale, rng, size)

        found = self._each(sizes, wanted)
        asked = [
            code for code, one in enumerate(found) if not isinstance(one, np.ndarray)
        ]
        for code, (_, ranks) in zip(
            asked, self._errands.done([found[code] for code in asked]), strict=True
        ):
            found[code] = np.sort(ranks)
        return self._positions(found)

    def _first_of_all(
        self,
        near: Near,
        code: int,
        scale: tuple[float, float],
        rng: np.random.Generator,
        size: int,
    ) -> Any:
        """Return an errand that finds the rows of a class that arrive first."""
        call, found = self._errands.errand, []
        for part in np.flatnonzero(self._counts[:, code]).tolist():
            here = copy.deepcopy(rng), int(self._before[part, code])
            _skip(rng, int(self._counts[part, code]))
            row = self._rows[part]
            found.append(
                call(tasks.first_to_arrive, row, near, code, scale, *here, size)
            )
        while len(found) > 1:
            groups = range(0, len(found), _FAN_IN)
            found = [call(tasks.earliest, found[i : i + _FAN_IN], size) for i in groups]
        return found[0]

    def paced(
        self, binning: Binning, alpha: float, sizes: Codes, rng: np.random.Generator
    ) -> Codes:
        """Draw rows by bins of hardness, as `Round.draw_paced` does in memory.

        Parameters
        ----------
        binning : Binning
            The bins; between which hardness they lie is found out.
        alpha : float
            The self-paced factor.
        sizes : ndarray of int of shape (n_classes,)
            How many rows of each class.
        rng : numpy.random.Generator
            Decides which rows of a bin.

        Returns
        -------
        ndarray of int
            Positions, class after class.
        """
        draw = partial(self._paced_class, binning=binning, alpha=alpha, rng=rng)
        return self._positions(self._each(sizes, draw))

    def _paced_class(
        self,
        code: int,
        size: int,
        binning: Binning,
        alpha: float,
        rng: np.random.Generator,
    ) -> Codes:
        ranges = np.array(self._all(tasks.hardness_range, code, binning))
        least, greatest = float(ranges[:, 0].min()), float(ranges[:, 1].max())
        binning = replace(binning, least=least, greatest=greatest)
        seen = self._all(tasks.bin_sums, code, binning)
        counts = np.array([one[0] for one in seen])
        available = counts.sum(axis=0)
        shares = shares_of_bins(available, np.sum([s for _, s in seen], axis=0), alpha)
        ranks = [
            draw_without_replacement(None, n, rng, rows)
            for n, rows in zip(
                share_out(shares, size, available, rng).tolist(),
                available.tolist(),
                strict=True,
            )
        ]
        return np.concatenate(self._of_bins(code, binning, counts, ranks))

    def _all(self, function: Any, code: int, binning: Binning) -> list[Any]:
        """Ask all partitions about their rows of a class."""
        call = self._errands.errand
        return self._errands.done(
            [call(function, r, code, binning) for r in self._rows]
        )

    def _of_bins(
        self, code: int, binning: Binning, counts: Codes, ranks: list[Codes]
    ) -> list[Codes]:
        """Return ranks in bins as ranks in the class, in their order."""
        before = np.cumsum(counts, axis=0) - counts
        where = [
            np.searchsorted(before[:, b], own, side="right") - 1
            for b, own in enumerate(ranks)
        ]
        asked = np.unique(np.concatenate(where)).tolist()
        errands = []
        for part in asked:
            wanted = [
                own[at == part] - before[part, b]
                for b, (own, at) in enumerate(zip(ranks, where, strict=True))
            ]
            errands.append(
                self._errands.errand(
                    tasks.rows_in_bins, self._rows[part], code, binning, wanted
                )
            )
        found = [np.empty_like(own) for own in ranks]
        for part, bins in zip(asked, self._errands.done(errands), strict=True):
            for b, rows in enumerate(bins):
                found[b][where[b] == part] = self._before[part, code] + rows
        return found


def _skip(rng: np.random.Generator, n: int) -> None:
    """Run a generator past so many exponential variates."""
    for start in range(0, n, _SKIPPED_AT_ONCE):
        rng.standard_exponential(min(_SKIPPED_AT_ONCE, n - start))
