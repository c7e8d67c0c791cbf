"""What a synthesis is given in each epoch, and the batches that it makes.

The trainer asks for batches (`Synthesis`); what a synthesis can do beyond that, it says
by the other protocols.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = [
    "DrawnEpoch",
    "LearnedSynthesis",
    "MadeBatch",
    "Remembers",
    "RowSource",
    "SeesHeldOut",
    "Synthesis",
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
class Remembers(Protocol):
    """A synthesis of which the best epoch is kept, as of the network's weights."""

    def remember(self, replicas: NDArray[np.int64]) -> None:
        """Keep the state of these replicas: it is their best so far."""


@runtime_checkable
class LearnedSynthesis(Synthesis, Remembers, Protocol):
    """A synthesis that learns, and is of use when the training is over."""

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
