"""Whole epochs of row numbers, for all replicas, on the device.

Replica ``i`` of many sees what the same seed alone would see.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.nn import functional

from trimtab.exceptions import InputError
from trimtab.sampling.priors import empirical_prior

__all__ = ["RowsByClass", "epoch_rows"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RowsByClass:
    """Row numbers sorted by class, of data that all replicas share or of each its own.

    Attributes
    ----------
    order : LongTensor of shape (n_replicas or 1, n_rows)
        Row numbers, class by class.
    counts : LongTensor of shape (n_replicas or 1, n_classes)
        Rows of each class.
    """

    order: Tensor
    counts: Tensor

    @classmethod
    def of(cls, codes: Tensor, n_classes: int) -> "RowsByClass":
        """Sort rows by class.

        Parameters
        ----------
        codes : LongTensor of shape (n_rows,) or (n_replicas, n_rows)
            Class codes; with a replica axis, of each replica's own rows.
        n_classes : int
            Number of classes; some may have no row.
        """
        codes = codes.reshape(-1, codes.shape[-1])
        counts = torch.zeros(
            (len(codes), n_classes), dtype=torch.long, device=codes.device
        )
        counts.scatter_add_(1, codes, torch.ones_like(codes))
        return cls(torch.argsort(codes, dim=1, stable=True), counts)

    @property
    def n_rows(self) -> int:
        """How many rows there are, for each replica."""
        return int(self.order.shape[1])


def epoch_rows(
    rows: RowsByClass,
    probabilities: ArrayLike,
    n_rows: int,
    generators: Sequence[torch.Generator],
    *,
    without_replacement_share: float = 0.0,
    replacement: bool = True,
) -> Tensor:
    """Draw a whole epoch of row numbers for each replica.

    A part of the epoch comes from all rows alike, none twice, and so has the prior's
    classes on average. The other part makes up for what the wanted distribution has
    beyond that: each class gets its share of rows, rounded up or down at random so
    that the mean is exact.

    Parameters
    ----------
    rows : RowsByClass
        The training rows, on a device that knows double precision; leave them on the
        CPU for MPS.
    probabilities : array-like of shape (n_replicas, n_classes)
        How often each class is wanted.
    n_rows : int
        Rows of the epoch.
    generators : sequence of torch.Generator
        One for each replica, on the device of the rows.
    without_replacement_share : float in [0, 1], default=0.0
        The first part's share of the epoch. What it brings of a class beyond what is
        wanted stays.
    replacement : bool, default=True
        Whether the second part's rows are drawn independently within their class. If
        not, a class's rows come in shuffled rounds.

    Returns
    -------
    LongTensor of shape (n_replicas, n_rows)
        Row numbers, in random order, on the device of the rows.

    Raises
    ------
    InputError
        Where a class without rows is wanted.
    """
    n_alike = round(without_replacement_share * n_rows)
    drawn = torch.empty(
        (len(generators), n_rows), dtype=torch.long, device=rows.order.device
    )
    if n_alike:
        for replica, generator in enumerate(generators):
            drawn[replica, :n_alike] = _alike(rows.n_rows, n_alike, generator)
    if n_alike == n_rows:
        return drawn
    wanted = _beyond_prior(rows, np.asarray(probabilities), n_alike / n_rows)
    drawn[:, n_alike:] = _by_class(
        rows, wanted, n_rows - n_alike, generators, replacement
    )
    for replica, generator in enumerate(generators):
        drawn[replica] = drawn[replica, _permutation(n_rows, generator)]
    return drawn


def _permutation(n: int, generator: torch.Generator) -> Tensor:
    return torch.randperm(n, generator=generator, device=generator.device)


def _alike(n_rows: int, n_wanted: int, generator: torch.Generator) -> Tensor:
    """Draw from all rows alike, in rounds where more are wanted than exist."""
    rounds = [_permutation(n_rows, generator) for _ in range(0, n_wanted, n_rows)]
    return torch.cat(rounds)[:n_wanted] if len(rounds) > 1 else rounds[0][:n_wanted]


def _beyond_prior(rows: RowsByClass, probabilities: Floats, share: float) -> Tensor:
    """Return what the classes want beyond `share` of the prior, in sum 1."""
    counts = rows.counts.cpu().numpy()
    off = ~np.isclose(probabilities.sum(axis=-1), 1)
    if off.any():
        raise InputError(
            f"class probabilities add up to {probabilities[off][0].sum()}: give ones "
            "that add up to 1"
        )
    empty = (probabilities > 0) & (counts == 0)
    if empty.any():
        raise InputError(
            f"class {int(np.argwhere(empty)[0, -1])} is wanted but has no rows: give "
            "it the probability 0"
        )
    beyond = np.clip(probabilities - share * empirical_prior(counts), 0, None)
    wanted = beyond / beyond.sum(axis=-1, keepdims=True)
    return torch.from_numpy(wanted).to(rows.order.device)


def _by_class(
    rows: RowsByClass,
    wanted: Tensor,
    n_rows: int,
    generators: Sequence[torch.Generator],
    replacement: bool,
) -> Tensor:
    """Draw rows class by class, (n_replicas, n_rows), sorted by class."""
    counts = rows.counts.expand(len(wanted), -1)
    order = rows.order.expand(len(wanted), -1)
    last = _last_slots(wanted, n_rows, _uniform(1, generators))
    classes = _classes(last, n_rows)
    size = counts.gather(1, classes)
    if replacement:
        place = (_uniform(n_rows, generators) * size).long()
    else:
        order = _shuffled_within_class(order, counts, generators)
        first_slot = functional.pad(last[:, :-1], (1, 0)).gather(1, classes)
        place = (torch.arange(n_rows, device=order.device) - first_slot) % size
    first_row = (counts.cumsum(dim=1) - counts).gather(1, classes)
    return order.gather(1, first_row + place)


def _uniform(n: int, generators: Sequence[torch.Generator]) -> Tensor:
    """Return numbers in [0, 1), in double precision to reach each of many rows."""
    numbers = torch.empty(
        (len(generators), n), dtype=torch.double, device=generators[0].device
    )
    for of_replica, generator in zip(numbers, generators, strict=True):
        of_replica.uniform_(generator=generator)
    return numbers


def _last_slots(wanted: Tensor, n_rows: int, offset: Tensor) -> Tensor:
    """Return the slot after each class's last one: systematic sampling.

    Each class gets its expected number of slots rounded down or up, and all together
    `n_rows`.
    """
    reach = wanted.cumsum(dim=1)
    reach = reach / reach[:, -1:] * n_rows
    # With few digits it does not round up to 1 when a large number is added.
    offset = (offset * 2**20).floor() / 2**20
    return (reach + offset).floor().long()


def _classes(last: Tensor, n: int) -> Tensor:
    """Return the class of each of n slots, given the slot after each class's last."""
    slots = torch.arange(n, device=last.device).expand(len(last), -1).contiguous()
    return torch.searchsorted(last, slots, right=True)


def _shuffled_within_class(
    order: Tensor, counts: Tensor, generators: Sequence[torch.Generator]
) -> Tensor:
    """Shuffle all rows and sort them by class again."""
    n_rows = order.shape[1]
    shuffled = torch.stack([_permutation(n_rows, g) for g in generators])
    classes = _classes(counts.cumsum(dim=1), n_rows).gather(1, shuffled)
    by_class = shuffled.gather(1, classes.argsort(dim=1, stable=True))
    return order.gather(1, by_class)
