"""Which rows of a partitioned table are held out, and which may be drawn.

A row is named by its class and its rank in it, counted over all partitions, so that
what is chosen does not depend on where one ends and the next begins.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.ensembles.row_pool import candidate_rows, candidate_sizes
from trimtab.tables import held_out_split

__all__ = ["MOST_CODES_HERE", "Split", "held_ranks", "split_rows"]

Codes = NDArray[np.int64]

MOST_CODES_HERE = 1_000_000
"""With no more rows, the split is that of the same rows in memory: all codes come here,
and some tens of bytes are spent on each."""


@dataclass(frozen=True)
class Split:
    """What each partition gives.

    Attributes
    ----------
    all_counts : ndarray of int of shape (n_partitions, n_classes)
        Rows of each class in each partition.
    held : list of ndarray of int
        For each class, the ranks of the rows that are held out, ascending.
    chosen : list of ndarray of int or None
        For each class, the ranks of the rows that may be drawn, ascending; None for all
        that are not held out.
    """

    all_counts: Codes
    held: list[Codes]
    chosen: list[Codes | None]

    @property
    def is_sample(self) -> bool:
        """Whether some rows are neither held out nor may be drawn."""
        return any(one is not None for one in self.chosen)

    @property
    def n_held(self) -> int:
        """How many rows are held out."""
        return sum(map(len, self.held))

    @property
    def training_counts(self) -> Codes:
        """Rows of each class that are not held out."""
        counts: Codes = self.all_counts.sum(axis=0) - [len(one) for one in self.held]
        return counts

    @property
    def held_counts(self) -> Codes:
        """Held-out rows of each class in each partition."""
        return np.column_stack([self._within(c, r) for c, r in enumerate(self.held)])

    @property
    def counts(self) -> Codes:
        """Rows of each class in each partition that may be drawn."""
        counts = self.all_counts - self.held_counts
        for code, ranks in enumerate(self.chosen):
            if ranks is not None:
                counts[:, code] = self._within(code, ranks)
        return counts

    def _within(self, code: int, ranks: Codes) -> Codes:
        stops = np.searchsorted(ranks, np.cumsum(self.all_counts[:, code]))
        counts: Codes = np.diff(stops, prepend=0)
        return counts

    def of_part(self, part: int) -> tuple[list[Codes], list[Codes | None]]:
        """Return what is held out and what may be drawn of a partition.

        Both by class, as ranks among the partition's own rows of it.
        """
        stops = self.all_counts[: part + 1].sum(axis=0)
        starts = stops - self.all_counts[part]

        def own(code: int, ranks: Codes) -> Codes:
            first, last = np.searchsorted(ranks, [starts[code], stops[code]])
            inside: Codes = ranks[first:last] - starts[code]
            return inside

        held = [own(code, ranks) for code, ranks in enumerate(self.held)]
        chosen = [
            None if ranks is None else own(code, ranks)
            for code, ranks in enumerate(self.chosen)
        ]
        return held, chosen


def held_ranks(
    counts: Codes,
    fraction: float | None,
    all_codes: Callable[[], Codes],
    random_state: np.random.RandomState,
) -> list[Codes]:
    """Return which rows of each class are held out, by their ranks, ascending.

    Parameters
    ----------
    counts : ndarray of int of shape (n_classes,)
        Rows of each class.
    fraction : float or None
        The share of each class; None for nothing.
    all_codes : callable
        Returns the codes of all rows. Asked where there are few.
    random_state : RandomState
        Decides which.
    """
    if fraction is None:
        return [np.zeros(0, dtype=np.int64) for _ in counts]
    if counts.sum() <= MOST_CODES_HERE:
        codes = all_codes()
        _, rows = held_out_split(codes, fraction, random_state=random_state)
        return _ranks(codes, rows, len(counts))
    rng = np.random.default_rng(random_state.randint(2**31 - 1))
    n_held = np.clip(np.rint(fraction * counts), 1, counts - 1).astype(np.int64)
    return [
        np.sort(rng.choice(count, n, replace=False, shuffle=False))
        for count, n in zip(counts.tolist(), n_held.tolist(), strict=True)
    ]


def split_rows(
    all_counts: Codes,
    held: list[Codes],
    at_most: int | None,
    all_codes: Callable[[], Codes],
    rng: np.random.Generator,
) -> Split:
    """Choose the rows that may be drawn, where not all may.

    Parameters
    ----------
    all_counts : ndarray of int of shape (n_partitions, n_classes)
        Rows of each class in each partition.
    held : list of ndarray of int
        Those of each class that are held out.
    at_most : int or None
        See `trimtab.ensembles.row_pool.candidate_sizes`.
    all_codes : callable
        Returns the codes of all rows. Asked where there are few.
    rng : numpy.random.Generator
        Decides which.
    """
    total = all_counts.sum(axis=0)
    counts = total - np.array([len(ranks) for ranks in held])
    sizes = candidate_sizes(counts, at_most)
    chosen: list[Codes | None] = [None] * len(counts)
    if (sizes == counts).all():
        return Split(all_counts, held, chosen)
    if total.sum() <= MOST_CODES_HERE:
        codes = all_codes()
        rows = candidate_rows(codes, _rows(codes, held), at_most, rng)
        assert rows is not None
        ranks = _ranks(codes, rows, len(counts))
        return Split(all_counts, held, [*ranks])
    for code, size in enumerate(sizes.tolist()):
        if size < counts[code]:
            left = np.sort(rng.choice(counts[code], size, replace=False, shuffle=False))
            # Past the rows that are held out, which have ranks too.
            out = held[code] - np.arange(len(held[code]))
            chosen[code] = left + np.searchsorted(out, left, side="right")
    return Split(all_counts, held, chosen)


def _ranks(codes: Codes, rows: Codes, n_classes: int) -> list[Codes]:
    """Return the ranks of some rows among the rows of their class."""
    is_one = np.zeros(len(codes), dtype=bool)
    is_one[rows] = True
    return [np.flatnonzero(is_one[codes == code]) for code in range(n_classes)]


def _rows(codes: Codes, ranks: list[Codes]) -> Codes:
    """Return where the rows of these ranks are."""
    found = [np.flatnonzero(codes == code)[own] for code, own in enumerate(ranks)]
    return np.sort(np.concatenate(found))
