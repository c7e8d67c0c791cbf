"""What is done for a draw where a partition lies: weighing, binning, naming the first.

Plain functions of `PartRows`, which know nothing of Dask.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.ensembles.partitioned.partition_tasks import PartRows
from trimtab.sampling.hardness import (
    arrival_times,
    gaussian_exponents,
    hardness_bins,
)

__all__ = [
    "Binning",
    "Near",
    "bin_sums",
    "earliest",
    "first_to_arrive",
    "hardness_range",
    "rows_in_bins",
    "weight_sums",
]

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]
Firsts = tuple[Floats, Codes]


@dataclass(frozen=True)
class Near:
    """By which errors rows are drawn: a Gaussian's mean and deviation."""

    mu: float
    sigma: float

    def exponents(self, rows: PartRows, code: int) -> Floats:
        """Return the logarithms of the weights of one class's rows."""
        return gaussian_exponents(rows.errors_of_class(code), self.mu, self.sigma)


def weight_sums(rows: PartRows, near: Near) -> Floats:
    """Return each class's greatest exponent and its sum of weights over that.

    Returns
    -------
    ndarray of float of shape (2, n_classes)
        Minus infinity and 0 where a class has no rows here.
    """
    found = np.array([np.full(len(rows.counts), -np.inf), np.zeros(len(rows.counts))])
    for code in np.flatnonzero(rows.counts).tolist():
        exponents = near.exponents(rows, code)
        found[0, code] = exponents.max()
        found[1, code] = np.exp(exponents - exponents.max()).sum()
    return found


def first_to_arrive(
    rows: PartRows,
    near: Near,
    code: int,
    scale: tuple[float, float],
    rng: np.random.Generator,
    before: int,
    n: int,
) -> Firsts:
    """Return the rows of a class that are drawn first among those that lie here.

    Parameters
    ----------
    rows : PartRows
        The rows.
    near : Near
        By which errors.
    code : int
        The class.
    scale : tuple of float
        The greatest exponent of all partitions, and the sum of their weights over it.
    rng : numpy.random.Generator
        Gives the variates from this partition's first row of the class on.
    before : int
        Rows of the class in the partitions before.
    n : int
        How many rows are drawn of all partitions.

    Returns
    -------
    arrivals : ndarray of float
        When they arrive.
    ranks : ndarray of int
        Which they are, among all rows of the class.
    """
    greatest, total = scale
    weights = np.exp(near.exponents(rows, code) - greatest) / total
    arrivals = arrival_times(weights, rng)
    return earliest([(arrivals, before + np.arange(len(arrivals)))], n)


def earliest(parts: Sequence[Firsts], n: int) -> Firsts:
    """Return the n rows that arrive first in any of the parts."""
    arrivals = np.concatenate([part[0] for part in parts])
    ranks = np.concatenate([part[1] for part in parts])
    if len(arrivals) > n:
        first = np.argpartition(arrivals, n)[:n]
        arrivals, ranks = arrivals[first], ranks[first]
    return arrivals, ranks


@dataclass(frozen=True)
class Binning:
    """How rows are put into bins of hardness.

    Attributes
    ----------
    hardness : callable
        Returns the hardness of rows with the errors that it is given.
    n_bins : int
        Number of bins.
    least, greatest : float
        Between which hardness the bins lie.
    """

    hardness: Callable[[Floats], Floats]
    n_bins: int
    least: float = 0.0
    greatest: float = 1.0

    def of(self, rows: PartRows, code: int) -> tuple[Floats, Codes]:
        """Return the hardness and the bin of each row of a class."""
        hard = self.hardness(rows.errors_of_class(code))
        return hard, hardness_bins(hard, self.n_bins, self.least, self.greatest)


def hardness_range(rows: PartRows, code: int, binning: Binning) -> tuple[float, float]:
    """Return the least and the greatest hardness of a class's rows."""
    hard = binning.hardness(rows.errors_of_class(code))
    return hard.min(initial=np.inf), hard.max(initial=-np.inf)


def bin_sums(rows: PartRows, code: int, binning: Binning) -> tuple[Codes, Floats]:
    """Return how many rows of a class each bin has, and their hardness together."""
    hard, bins = binning.of(rows, code)
    sums: Any = np.bincount(bins, weights=hard, minlength=binning.n_bins)
    return np.bincount(bins, minlength=binning.n_bins), sums


def rows_in_bins(
    rows: PartRows, code: int, binning: Binning, wanted: Sequence[Codes]
) -> list[Codes]:
    """Return which rows of a class are those of some ranks in each bin."""
    _, bins = binning.of(rows, code)
    return [np.flatnonzero(bins == b)[ranks] for b, ranks in enumerate(wanted)]
