"""What a policy sees of rows that lie in partitions."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from trimtab.ensembles.partitioned.draw_tasks import Binning, Near
from trimtab.ensembles.partitioned.partition_draws import PartitionDraws
from trimtab.ensembles.round import Histograms, Round
from trimtab.sampling.hardness import class_error_histograms, draw_without_replacement

__all__ = ["PartitionedRound", "Partitions"]

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


class Partitions(Protocol):
    """What can be asked of rows where they lie.

    Attributes
    ----------
    class_counts : ndarray of int of shape (n_classes,)
        Rows of each class that may be drawn. Their positions are numbered class after
        class.
    """

    class_counts: Codes

    def errors(self) -> Floats:
        """Return the error of every row: eight bytes for each come here."""

    def error_counts(self, n_bins: int) -> Codes:
        """Return how many rows of each class are in each bin of errors."""

    def draws(self) -> PartitionDraws:
        """Return what draws rows where they lie."""


class PartitionedRound(Round):
    """A `Round` whose rows stay where they lie.

    Histograms are counted there and added here; of a draw only the best of each place
    come here. What a policy asks for beyond that, the errors and the codes of all rows,
    is fetched when it does: some tens of bytes for each row.

    Parameters
    ----------
    partitions : Partitions
        Where they lie.
    **known : dict
        The other attributes of `Round`, but for ``codes``, ``errors`` and
        ``rows_by_class``.
    """

    def __init__(self, partitions: Partitions, **known: Any) -> None:
        vars(self).update(notes={}, _partitions=partitions, **known)
        self._partitions: Partitions

    @cached_property
    def codes(self) -> Codes:
        """Class codes of all rows."""
        counts = self._partitions.class_counts
        return np.repeat(np.arange(len(counts)), counts)

    @cached_property
    def errors(self) -> Floats:
        """The errors of all rows."""
        return self._partitions.errors()

    @cached_property
    def rows_by_class(self) -> tuple[Codes, ...]:
        """For each class, the positions of its rows."""
        counts = self._partitions.class_counts
        return tuple(np.split(np.arange(counts.sum()), np.cumsum(counts)[:-1]))

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self._partitions.class_counts)

    @property
    def class_counts(self) -> Codes:
        """Rows of each class that may be drawn."""
        return self._partitions.class_counts

    def draw(
        self,
        weights: Floats | Callable[[Floats], Floats] | None = None,
        ratio: float = 1.0,
    ) -> Codes:
        """Draw rows of each class without replacement; see `Round.draw`."""
        if weights is not None:
            return super().draw(weights, ratio)
        drawn, first = [], 0
        for count, size in zip(
            self.class_counts.tolist(), self.sizes(ratio).tolist(), strict=True
        ):
            if size == count:
                rows = np.arange(count)
            else:
                rows = draw_without_replacement(None, size, self.rng, count)
            drawn.append(first + rows)
            first += count
        return np.concatenate(drawn)

    def draw_near(self, mu: float, sigma: float, ratio: float = 1.0) -> Codes:
        """Draw rows by a Gaussian of their errors; see `Round.draw_near`."""
        return self._partitions.draws().near(
            Near(mu, sigma), self.sizes(ratio), self.rng
        )

    def draw_paced(
        self,
        hardness: Callable[[Floats], Floats],
        n_bins: int,
        alpha: float,
        ratio: float = 1.0,
    ) -> Codes:
        """Draw rows by bins of hardness; see `Round.draw_paced`."""
        return self._partitions.draws().paced(
            Binning(hardness, n_bins), alpha, self.sizes(ratio), self.rng
        )

    def histograms(self, n_bins: int, per_class: bool = False) -> Histograms:
        """Return the distribution of the errors; see `Round.histograms`."""
        counts = self._partitions.error_counts(n_bins)
        held_out = class_error_histograms(
            self.held_out_errors, self.held_out_codes, self.n_classes, n_bins
        )
        of_held = np.bincount(self.held_out_codes, minlength=self.n_classes)
        if not per_class:
            held_out = of_held @ held_out / max(len(self.held_out_codes), 1)
            if self.class_shares is None:
                return Histograms(counts.sum(axis=0) / counts.sum(), held_out)
        train = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        if not per_class and self.class_shares is not None:
            train = self.class_shares @ train
        return Histograms(train, held_out)
