"""Whole epochs of row numbers, for all replicas, on the device.

Replica ``i`` of many sees what the same seed alone would see.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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

    def of_replicas(self, positions: NDArray[np.integer[Any]]) -> "RowsByClass":
        """Return the rows of some replicas; those that all share stay as they are."""
        if len(self.order) == 1:
            return self
        chosen = torch.from_numpy(positions).to(self.order.device)
        return RowsByClass(self.order[chosen], self.counts[chosen])


def epoch_rows(
    rows: RowsByClass,
    probabilities: ArrayLike,
    n_rows: int,
    generators: Sequence[torch.Generator],
    *,
    without_replacement_share: float | Floats = 0.0,
    replacement: bool | NDArray[np.bool_] = True,
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
    without_replacement_share : float in [0, 1] or ndarray of shape (n_replicas,), \
default=0.0
        The first part's share of the epoch. What it brings of a class beyond what is
        wanted stays.
    replacement : bool or ndarray of shape (n_replicas,), default=True
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
    n_replicas = len(generators)
    share = np.broadcast_to(without_replacement_share, n_replicas)
    n_alike = np.rint(share * n_rows).astype(int)
    drawn = torch.empty(
        (n_replicas, n_rows), dtype=torch.long, device=rows.order.device
    )
    for replica, generator in enumerate(generators):
        if n_alike[replica]:
            alike = _alike(rows.n_rows, n_alike[replica], generator)
            drawn[replica, : n_alike[replica]] = alike
    independent = np.broadcast_to(replacement, n_replicas)
    for kind in (True, False):
        mixed = np.flatnonzero((n_alike < n_rows) & (independent == kind))
        if len(mixed):
            _mix_in(drawn, mixed, rows, probabilities, n_alike, generators, kind)
    return drawn


def _mix_in(
    drawn: Tensor,
    mixed: NDArray[np.intp],
    rows: RowsByClass,
    probabilities: ArrayLike,
    n_alike: NDArray[np.int_],
    generators: Sequence[torch.Generator],
    replacement: bool,
) -> None:
    """Draw the second part of some replicas' epochs, and shuffle both parts."""
    n_rows = drawn.shape[1]
    own = rows.of_replicas(mixed)
    streams = [generators[replica] for replica in mixed]
    first = n_alike[mixed]
    wanted = _beyond_prior(
        own, np.asarray(probabilities)[mixed], first[:, np.newaxis] / n_rows
    )
    second = _by_class(own, wanted, n_rows - first, streams, replacement)
    for position, replica in enumerate(mixed.tolist()):
        n_first = int(first[position])
        of_replica = drawn[replica]
        of_replica[n_first:] = second[position, : n_rows - n_first]
        drawn[replica] = of_replica[_permutation(n_rows, streams[position])]


def _permutation(n: int, generator: torch.Generator) -> Tensor:
    return torch.randperm(n, generator=generator, device=generator.device)


def _alike(n_rows: int, n_wanted: int, generator: torch.Generator) -> Tensor:
    """Draw from all rows alike, in rounds where more are wanted than exist."""
    rounds = [_permutation(n_rows, generator) for _ in range(0, n_wanted, n_rows)]
    return torch.cat(rounds)[:n_wanted] if len(rounds) > 1 else rounds[0][:n_wanted]


def _beyond_prior(rows: RowsByClass, probabilities: Floats, share: Floats) -> Tensor:
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
    n_wanted: NDArray[np.int_],
    generators: Sequence[torch.Generator],
    replacement: bool,
) -> Tensor:
    """Draw rows class by class, sorted by class.

    Of shape (n_replicas, largest of `n_wanted`); what is beyond a replica's own number
    means nothing.
    """
    counts = rows.counts.expand(len(wanted), -1)
    order = rows.order.expand(len(wanted), -1)
    n_slots = torch.from_numpy(n_wanted).to(order.device)[:, None]
    last = _last_slots(wanted, n_slots, _uniform([1] * len(wanted), generators))
    slots = torch.arange(int(n_wanted.max()), device=order.device)
    classes = _classes(last, torch.minimum(slots, n_slots - 1))
    size = counts.gather(1, classes)
    if replacement:
        place = (_uniform(n_wanted.tolist(), generators) * size).long()
    else:
        order = _shuffled_within_class(order, counts, generators)
        first_slot = functional.pad(last[:, :-1], (1, 0)).gather(1, classes)
        place = (slots - first_slot) % size
    first_row = (counts.cumsum(dim=1) - counts).gather(1, classes)
    return order.gather(1, first_row + place)


def _uniform(sizes: Sequence[int], generators: Sequence[torch.Generator]) -> Tensor:
    """Return numbers in [0, 1), in double precision to reach each of many rows.

    So many for each replica, and zeros up to the largest number.
    """
    numbers = torch.zeros(
        (len(generators), max(sizes)), dtype=torch.double, device=generators[0].device
    )
    for of_replica, size, generator in zip(numbers, sizes, generators, strict=True):
        of_replica[:size].uniform_(generator=generator)
    return numbers


def _last_slots(wanted: Tensor, n_slots: Tensor, offset: Tensor) -> Tensor:
    """Return the slot after each class's last one: systematic sampling.

    Each class gets its expected number of slots rounded down or up, and all together
    `n_slots`.
    """
    reach = wanted.cumsum(dim=1)
    reach = reach / reach[:, -1:] * n_slots
    # With few digits it does not round up to 1 when a large number is added.
    offset = (offset * 2**20).floor() / 2**20
    return (reach + offset).floor().long()


def _classes(last: Tensor, slots: Tensor) -> Tensor:
    """Return the class of each slot, given the slot after each class's last."""
    slots = slots.expand(len(last), -1).contiguous()
    return torch.searchsorted(last, slots, right=True)


def _shuffled_within_class(
    order: Tensor, counts: Tensor, generators: Sequence[torch.Generator]
) -> Tensor:
    """Shuffle all rows and sort them by class again."""
    n_rows = order.shape[1]
    shuffled = torch.stack([_permutation(n_rows, g) for g in generators])
    slots = torch.arange(n_rows, device=order.device)
    classes = _classes(counts.cumsum(dim=1), slots).gather(1, shuffled)
    by_class = shuffled.gather(1, classes.argsort(dim=1, stable=True))
    return order.gather(1, by_class)
