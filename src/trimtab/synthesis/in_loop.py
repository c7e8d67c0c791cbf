"""Made rows inside the training loop, in place of repeated ones.

A draw repeats rows of the classes that it favours. A synthesis puts a made row of the
same class in the place of every row that the epoch has shown before: other rows each
epoch, made on the device, from each replica's own random stream.
"""

# SPDX-License-Identifier: BSD-3-Clause

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any, ClassVar, NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trimtab.exceptions import InputError, nearest_names
from trimtab.synthesis.neighbours import msmote_partners, smote_partners

__all__ = [
    "SYNTHESES",
    "DrawnEpoch",
    "LearnedSynthesis",
    "MSMOTERows",
    "MadeBatch",
    "RowSource",
    "SMOTERows",
    "SeesHeldOut",
    "Synthesis",
    "get_synthesis",
    "repeated_rows",
]


class RowSource(Protocol):
    """The rows of all replicas; see ``trimtab.training.device_rows``.

    Attributes
    ----------
    n_rows : int
        Rows of one replica.
    codes : LongTensor of shape (n_sets, n_rows)
        Class codes of each set of rows.
    """

    n_rows: int
    codes: Tensor

    def row_sets(self) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
        """Yield rows, flattened, and class codes of each set of rows, on the host."""

    def numbers_in_all(self, rows: Tensor, replicas: Tensor) -> Tensor:
        """Return the numbers of replicas' rows where all sets are counted through."""

    def batches(
        self, rows: Tensor, replicas: Tensor, batch_size: int
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield inputs and codes of row numbers, batch by batch."""


@dataclass(frozen=True)
class DrawnEpoch:
    """The rows that an epoch is to show.

    Attributes
    ----------
    source : RowSource
        Where their values are.
    rows : LongTensor of shape (n_present, n_drawn)
        Row numbers, on the device.
    repeated : BoolTensor of shape (n_present, n_drawn)
        Whether the row has come before in this epoch.
    replicas : LongTensor of shape (n_present,)
        Which replicas they are for.
    generators : sequence of torch.Generator
        Their random streams.
    batch_size : int
        The largest number of rows of one replica in a batch.
    """

    source: RowSource
    rows: Tensor
    repeated: Tensor
    replicas: Tensor
    generators: Sequence[torch.Generator]
    batch_size: int


class MadeBatch(NamedTuple):
    """A batch of rows, some of them made.

    Attributes
    ----------
    inputs : Tensor of shape (n_present, batch, ...)
        May depend on parameters of the synthesis: the loss is differentiated through.
    codes : LongTensor of shape (n_present, batch)
        Class codes.
    weights : Tensor of shape (n_present, batch) or None
        What each row counts for in the loss; None for all alike.
    """

    inputs: Tensor
    codes: Tensor
    weights: Tensor | None = None


@runtime_checkable
class Synthesis(Protocol):
    """Makes rows while a network is trained.

    A training run calls `start` once, then `batches` for each epoch. What is yielded is
    trained on before the next batch is asked for. A synthesis that learns can therefore
    keep parameters and an optimiser of its own, and step them when it is asked for the
    next batch, or for the end of the epoch.
    """

    def start(self, source: RowSource) -> None:
        """Begin a training run on these rows."""

    def batches(self, epoch: DrawnEpoch) -> Iterator[MadeBatch]:
        """Yield the batches of an epoch, of equal size as far as can be."""


@runtime_checkable
class LearnedSynthesis(Synthesis, Protocol):
    """A synthesis that learns, and is of use when the training is over."""

    def remember(self, replicas: NDArray[np.int64]) -> None:
        """Keep what these replicas have learned: it is their best so far."""

    def finish(self) -> None:
        """Return to what was remembered, if anything was; the training is over."""

    def of_replicas(self, replicas: NDArray[np.int64]) -> Any:
        """Return a synthesis that has learned what some replicas have."""


@runtime_checkable
class SeesHeldOut(Synthesis, Protocol):
    """A synthesis that may look at the held-out rows."""

    def see_held_out(self, held: RowSource | None) -> None:
        """Take notice of the held-out rows, after `start`; None where there are none.

        They are never made, nor made anything of.
        """


def repeated_rows(rows: Tensor) -> Tensor:
    """Tell which rows of an epoch have come before.

    Parameters
    ----------
    rows : LongTensor of shape (n_replicas, n_drawn)
        Row numbers.

    Returns
    -------
    BoolTensor of the same shape

    Examples
    --------
    >>> repeated_rows(torch.tensor([[3, 1, 3, 3, 1, 2]])).long().tolist()
    [[0, 0, 1, 1, 1, 0]]
    """
    ordered, positions = rows.sort(dim=1, stable=True)
    again = torch.zeros_like(rows, dtype=torch.bool)
    again[:, 1:] = ordered[:, 1:] == ordered[:, :-1]
    return torch.zeros_like(again).scatter(1, positions, again)


@dataclass(eq=False)
class SMOTERows:
    """SMOTE in the loop: a repeated row moves towards a neighbour of its class.

    The new row lies between the repeated row and one of its nearest neighbours of the
    same class, anywhere with equal probability (Chawla, Bowyer, Hall and Kegelmeyer,
    JAIR 2002). A row that is alone in its class stays.

    Parameters
    ----------
    k_neighbors : int, default=5
        How many neighbours; in a smaller class all others. Neighbours of a class of
        more than 10,000 rows are looked for in parts of that size.
    """

    k_neighbors: int = 5
    _find: ClassVar[Callable[..., Any]] = smote_partners
    _partners: Tensor = field(init=False, repr=False)
    _n_partners: Tensor = field(init=False, repr=False)

    def start(self, source: RowSource) -> None:
        """Find the neighbours of all rows; see `Synthesis.start`."""
        k: Any = self.k_neighbors
        if not isinstance(k, Integral) or int(k) < 1:
            raise InputError(f"k_neighbors is {k!r}: give a whole number, 1 or more")
        find = type(self)._find
        found = [find(X, codes, int(k)) for X, codes in source.row_sets()]
        self._partners = torch.from_numpy(np.concatenate([p for p, _ in found]))
        self._n_partners = torch.from_numpy(np.concatenate([n for _, n in found]))

    def batches(self, epoch: DrawnEpoch) -> Iterator[MadeBatch]:
        """Yield rows, the repeated ones moved; see `Synthesis.batches`."""
        partners, shares = self._chosen(epoch)
        here = epoch.source.batches(epoch.rows, epoch.replicas, epoch.batch_size)
        there = epoch.source.batches(partners, epoch.replicas, epoch.batch_size)
        first = 0
        for (inputs, codes), (others, _) in zip(here, there, strict=True):
            last = first + codes.shape[1]
            share = shares[:, first:last].to(inputs.dtype)
            share = share.view(*share.shape, *[1] * (inputs.ndim - 2))
            yield MadeBatch(torch.lerp(inputs, others, share), codes)
            first = last

    def _chosen(self, epoch: DrawnEpoch) -> tuple[Tensor, Tensor]:
        """Return each drawn row's partner, and its share of the way towards it."""
        device = epoch.rows.device
        self._partners = self._partners.to(device)
        self._n_partners = self._n_partners.to(device)
        where = epoch.generators[0].device
        noise = torch.empty((2, *epoch.rows.shape), dtype=torch.float, device=where)
        for replica, generator in enumerate(epoch.generators):
            noise[:, replica] = torch.rand(
                (2, epoch.rows.shape[1]), generator=generator, device=where
            )
        place, share = noise.to(device)
        numbers = epoch.source.numbers_in_all(epoch.rows, epoch.replicas)
        count = self._n_partners[numbers]
        column = (place * count).long().clamp(max=count - 1)
        partners = self._partners[numbers, column]
        return partners, share * epoch.repeated


@dataclass(eq=False)
class MSMOTERows(SMOTERows):
    """MSMOTE in the loop: as `SMOTERows`, but careful where other classes are near.

    A row on the border moves towards its nearest neighbour alone, a row that has no
    neighbour of its own class is repeated as it is; see
    `trimtab.synthesis.msmote.MSMOTE`.

    Parameters
    ----------
    k_neighbors : int, default=5
        Neighbours, of all classes, that judge a row.
    """

    _find: ClassVar[Callable[..., Any]] = msmote_partners


def _learned() -> Synthesis:
    from trimtab.synthesis.learned_rows import AutoSMOTERows

    return AutoSMOTERows()


SYNTHESES: dict[str, Callable[[], Synthesis]] = {
    "autosmote": _learned,
    "smote": SMOTERows,
    "msmote": MSMOTERows,
}
"""The syntheses that have a name."""


def get_synthesis(synthesis: str | Synthesis | None) -> Synthesis | None:
    """Return a synthesis for one training run.

    Parameters
    ----------
    synthesis : str, Synthesis or None
        A name of `SYNTHESES`, or a synthesis, which is copied and itself left as it is.

    Returns
    -------
    Synthesis or None

    Raises
    ------
    InputError
        Where it is none of these.
    """
    if synthesis is None:
        return None
    if isinstance(synthesis, str):
        if synthesis not in SYNTHESES:
            hint = nearest_names(synthesis, SYNTHESES)
            raise InputError(f"there is no synthesis {synthesis!r}: {hint}")
        return SYNTHESES[synthesis]()
    if isinstance(synthesis, type) or not isinstance(synthesis, Synthesis):
        raise InputError(
            f"synthesis is {synthesis!r}: give a name ({', '.join(SYNTHESES)}), an "
            "object such as SMOTERows(k_neighbors=3), or None"
        )
    return copy.deepcopy(synthesis)
