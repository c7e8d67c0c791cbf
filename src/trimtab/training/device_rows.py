"""Rows on their way to the device: kept there, or streamed where they do not fit."""

# SPDX-License-Identifier: BSD-3-Clause

import warnings
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trimtab.exceptions import InputError

__all__ = ["DeviceRows", "as_inputs", "batch_bounds", "resolve_device"]

ROWS_AT_ONCE = 4096
"""Rows of all replicas together that are measured or predicted at once."""

BYTES_AT_ONCE = 2**23
"""Bytes of inputs that are gathered for the next few batches."""


def resolve_device(device: str | torch.device) -> torch.device:
    """Return a device; for ``"auto"`` CUDA, then MPS, then the CPU.

    Raises
    ------
    InputError
        Where there is no such device on this machine.
    """
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if device == "auto":
        return torch.device("cuda" if cuda else "mps" if mps else "cpu")
    try:
        found = torch.device(device)
    except (RuntimeError, TypeError):
        raise InputError(
            f"device {device!r} is unknown: give 'auto', 'cpu', 'cuda' or 'mps'"
        ) from None
    if {"cuda": not cuda, "mps": not mps}.get(found.type, False):
        raise InputError(
            f"device {device!r} is not available on this machine: give device='auto'"
        )
    return found


def as_inputs(X: Any) -> Tensor:
    """Return `X` as a float32 tensor, without a copy where it is float32 already."""
    if isinstance(X, np.ndarray) and min(X.strides, default=0) < 0:
        X = X.copy()  # PyTorch reads no array backwards
    with warnings.catch_warnings():
        # Read-only memory is only read.
        warnings.filterwarnings("ignore", message=".*not writable.*")
        return torch.as_tensor(X, dtype=torch.float32)


def batch_bounds(n_rows: int, batch_size: int) -> NDArray[np.int64]:
    """Return where batches begin and end, as equal in size as can be.

    Parameters
    ----------
    n_rows : int
        Rows of an epoch.
    batch_size : int
        The largest size of a batch.

    Returns
    -------
    ndarray of int of shape (n_batches + 1,)

    Examples
    --------
    >>> batch_bounds(10, 4).tolist()
    [0, 3, 6, 10]
    """
    n_batches = -(-n_rows // batch_size)
    return np.arange(n_batches + 1) * n_rows // n_batches


def _room(device: torch.device) -> float:
    """Return how many bytes of inputs may be kept on the device: half of what is free.

    The other half is for weights, activations and epochs of row numbers.
    """
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0] / 2
    if device.type == "mps":
        return torch.mps.recommended_max_memory() / 2
    return float("inf")


class DeviceRows:
    """Inputs and class codes of R replicas, shared by all or of each its own.

    Parameters
    ----------
    inputs : Tensor of shape (n_rows, ...) or (n_sets, n_rows, ...)
        What the network takes, on the host.
    codes : array-like of int of shape (n_rows,) or (n_sets, n_rows)
        Class codes. With an axis of sets here, `inputs` has one as well.
    device : torch.device
        Where batches are wanted.
    room : float, default=None
        Bytes of inputs that may be kept there. Larger inputs stay on the host and
        are streamed, batch by batch. By default half of the device's free memory.
    set_of : sequence of int of length R, default=None
        Which of the sets of rows is each replica's; by default there is one for each.

    Attributes
    ----------
    n_rows : int
        Rows of one replica.
    streamed : bool
        Whether the inputs stay on the host.
    per_replica : bool
        Whether there are sets.
    codes : LongTensor of shape (1 or n_sets, n_rows)
        On the device.
    """

    def __init__(
        self,
        inputs: Tensor,
        codes: Any,
        device: torch.device,
        room: float | None = None,
        set_of: Sequence[int] | None = None,
    ) -> None:
        self.device = device
        kept = torch.as_tensor(codes, dtype=torch.long)
        self.per_replica = kept.ndim == 2
        self.n_rows = kept.shape[-1]
        self.codes = kept.reshape(-1, self.n_rows).to(device)
        self._flat_codes = self.codes.flatten()
        sets = torch.arange(len(self.codes)) if set_of is None else torch.tensor(set_of)
        self._set_of = sets.to(device)
        if self.per_replica:
            inputs = inputs.flatten(0, 1)
        room = _room(device) if room is None else room
        self.streamed = inputs.nbytes > room
        self._inputs = inputs if self.streamed else inputs.to(device)

    def own_codes(self, replicas: Tensor) -> Tensor:
        """Return the codes of some replicas, of shape (1 or n_chosen, n_rows)."""
        return self.codes[self._set_of[replicas]] if self.per_replica else self.codes

    def numbers_in_all(self, rows: Tensor, replicas: Tensor) -> Tensor:
        """Return the numbers of replicas' rows where all sets are counted through.

        Parameters
        ----------
        rows : LongTensor of shape (n_chosen, n_drawn)
            Row numbers of each replica, on the device.
        replicas : LongTensor of shape (n_chosen,)
            Which replicas they are.
        """
        if not self.per_replica:
            return rows
        return rows + self._set_of[replicas][:, None] * self.n_rows

    def row_sets(self) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
        """Yield rows, flattened, and class codes of each set of rows, on the host."""
        inputs = self._inputs.cpu().flatten(1).numpy()
        for number, codes in enumerate(self.codes.cpu().numpy()):
            yield inputs[number * self.n_rows :][: self.n_rows], codes

    def batches(
        self, rows: Tensor, replicas: Tensor, batch_size: int
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield inputs and codes of an epoch, batch by batch.

        Parameters
        ----------
        rows : LongTensor of shape (n_chosen, n_drawn)
            Row numbers of each replica, on the device.
        replicas : LongTensor of shape (n_chosen,)
            Which replicas they are, on the device.
        batch_size : int
            The largest number of rows of one replica in a batch.

        Yields
        ------
        inputs : Tensor of shape (n_chosen, batch, ...)
        codes : LongTensor of shape (n_chosen, batch)
        """
        rows = self.numbers_in_all(rows, replicas)
        codes = self._flat_codes[rows]
        wanted = rows.to(self._inputs.device)
        bounds = batch_bounds(rows.shape[1], batch_size).tolist()
        # Several small batches are gathered at once: one large copy is cheaper.
        bytes_of_batch = self._inputs[:1].nbytes * len(rows) * batch_size
        n_at_once = max(BYTES_AT_ONCE // max(bytes_of_batch, 1), 1)
        for first in range(0, len(bounds) - 1, n_at_once):
            cuts = bounds[first : first + n_at_once + 1]
            inputs = self._gather(wanted[:, cuts[0] : cuts[-1]])
            for start, stop in pairwise(cuts):
                batch = inputs[:, start - cuts[0] : stop - cuts[0]]
                yield batch, codes[:, start:stop]

    def _gather(self, rows: Tensor) -> Tensor:
        chosen = self._inputs.index_select(0, rows.reshape(-1))
        return self._sent(chosen).view(*rows.shape, *chosen.shape[1:])

    def _sent(self, inputs: Tensor) -> Tensor:
        if not self.streamed:
            return inputs
        if self.device.type == "cuda":
            inputs = inputs.pin_memory()
        return inputs.to(self.device, non_blocking=True)

    def in_order(self, replicas: Tensor) -> Iterator[Tensor]:
        """Yield the inputs of some replicas in their order, a few at once.

        Yields
        ------
        Tensor of shape (n_chosen, some, ...)
        """
        n_chosen = len(replicas)
        if self.per_replica:
            tail = self._inputs.shape[1:]
            stacked = self._inputs.view(-1, self.n_rows, *tail)
            chosen = self._set_of[replicas].to(stacked.device)
        step = max(ROWS_AT_ONCE // n_chosen, 64)
        for start in range(0, self.n_rows, step):
            if self.per_replica:
                yield self._sent(stacked[:, start : start + step][chosen])
            else:
                part = self._sent(self._inputs[start : start + step])
                yield part.expand(n_chosen, *part.shape)
