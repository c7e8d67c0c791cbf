"""What every network in the trainer can do: hold R replicas and let some of them go.

A replica is one network of several that are trained side by side. All tensors carry
the replica axis first: inputs ``(R, batch, ...)``, logits ``(R, batch, classes)``.
"""

# SPDX-License-Identifier: BSD-3-Clause

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trimtab.random_streams import FIRST_NOISE, generator_for, uniform

__all__ = [
    "ReplicaDropout",
    "ReplicaNetwork",
    "StackedNetwork",
]


class ReplicaNetwork(nn.Module, ABC):
    """R networks behind one ``forward`` from ``(R, batch, ...)`` to logits.

    Replicas never mix: the gradient of a replica's loss is zero in all others.
    """

    @property
    @abstractmethod
    def n_replicas(self) -> int:
        """How many replicas a batch is for at this moment."""

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Return logits of shape ``(R, batch, n_outputs)``."""

    @abstractmethod
    def keep(self, positions: Tensor, optimizer: torch.optim.Optimizer) -> None:
        """Go on with the replicas at these positions only.

        Parameters
        ----------
        positions : LongTensor of shape (n_kept,)
            Positions among the present replicas, ascending.
        optimizer : torch.optim.Optimizer
            Its running averages follow the parameters.
        """

    @abstractmethod
    def export_state(self, positions: Tensor) -> dict[str, Tensor]:
        """Return copies of all weights of some replicas, replica axis first."""

    @abstractmethod
    def import_state(self, state: dict[str, Tensor]) -> None:
        """Take the weights of all replicas, those that were let go included."""


class ReplicaDropout(nn.Module):
    """Dropout whose masks come from each replica's own stream.

    Parameters
    ----------
    rate : float in [0, 1), or sequence of one for each replica
        The share of values that is set to zero while training.
    seeds : sequence of int
        One seed per replica.
    layer : int, default=0
        The number of this layer in the network: layers draw different masks.
    """

    rows_at_once = 256
    """Masks are drawn for this many rows at a time, which is cheaper than by batch."""

    def __init__(
        self, rate: float | Sequence[float], seeds: Sequence[int], layer: int = 0
    ) -> None:
        super().__init__()
        self.rates = np.broadcast_to(np.asarray(rate, dtype=float), len(seeds)).copy()
        self.seeds = list(seeds)
        self.layer = layer
        self.reset()

    def reset(self) -> None:
        """Start all streams anew, for all replicas."""
        self._alive = list(range(len(self.seeds)))
        self._generators: list[torch.Generator] = []
        self._masks: Tensor | None = None
        self._used = 0

    def take(self, positions: Tensor) -> None:
        """Be for the replicas at these positions alone, from the start."""
        self.rates = self.rates[positions.numpy()]
        self.seeds = [self.seeds[position] for position in positions.tolist()]
        self.reset()

    def keep(self, positions: Tensor) -> None:
        """Go on with the replicas at these positions only."""
        chosen = positions.tolist()
        self._alive = [self._alive[position] for position in chosen]
        if self._generators:
            self._generators = [self._generators[position] for position in chosen]
        if self._masks is not None:
            self._masks = self._masks[positions]

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` of shape (R, batch, ...) with values dropped, the rest scaled."""
        if not self.training or not self.rates.any():
            return x
        return x * self.masks(x.shape, x.device).to(x.dtype)

    def masks(self, shape: Sequence[int], device: torch.device) -> Tensor:
        """Return the masks of a batch.

        Parameters
        ----------
        shape : sequence of int
            ``(R, batch, ...)``.
        device : torch.device
            Where they are wanted.

        Returns
        -------
        Tensor of that shape
            Zeros where a value is dropped, else one over the share that is kept.
        """
        rows, width = shape[1], tuple(shape[2:])
        kept = self._masks
        fits = kept is not None and kept.shape[2:] == width
        if kept is None or not fits or self._used + rows > kept.shape[1]:
            kept = self._draw((max(rows, self.rows_at_once), *width), device)
            self._masks, self._used = kept, 0
        self._used += rows
        return kept[:, self._used - rows : self._used]

    def _draw(self, shape: Sequence[int], device: torch.device) -> Tensor:
        if not self._generators:
            self._generators = [
                generator_for(self.seeds[i], FIRST_NOISE + self.layer, device)
                for i in self._alive
            ]
        noise = uniform(shape, self._generators)
        rate = self._rate(noise.ndim - 1, device)
        masks: Tensor = (noise >= rate).float().div_(1 - rate)
        return masks

    def _rate(self, n_axes: int, device: torch.device) -> Any:
        """Return the rate of the present replicas, one number if it is the same."""
        rates = self.rates[self._alive]
        if (rates == rates[0]).all():
            return float(rates[0])
        of_replicas = torch.tensor(rates, dtype=torch.float, device=device)
        return of_replicas.view(-1, *[1] * n_axes)

    def __getstate__(self) -> dict[str, Any]:
        # Streams are for training; a fitted network travels without them.
        return {**self.__dict__, "_generators": [], "_masks": None}

    def extra_repr(self) -> str:
        """Say the rate where the network is printed."""
        rates = sorted(set(self.rates.tolist()))
        return f"rate={rates[0] if len(rates) == 1 else rates}"


class StackedNetwork(ReplicaNetwork):
    """A network all of whose parameters and buffers carry the replica axis first."""

    @property
    def n_replicas(self) -> int:
        """How many replicas a batch is for at this moment."""
        return next(self.parameters()).shape[0]

    def _tensors(self) -> dict[str, Tensor]:
        return {**dict(self.named_parameters()), **dict(self.named_buffers())}

    def _dropouts(self) -> list[ReplicaDropout]:
        return [part for part in self.modules() if isinstance(part, ReplicaDropout)]

    def keep(self, positions: Tensor, optimizer: torch.optim.Optimizer) -> None:
        """Go on with the replicas at these positions only, see `ReplicaNetwork`."""
        for parameter in self.parameters():
            shape = parameter.shape
            parameter.grad = None
            parameter.data = parameter.data[positions]
            averages = optimizer.state.get(parameter, {})
            for name, value in averages.items():
                if isinstance(value, Tensor) and value.shape == shape:
                    averages[name] = value[positions]
        for buffer in self.buffers():
            buffer.data = buffer.data[positions]
        for dropout in self._dropouts():
            dropout.keep(positions)

    def part(self, positions: Tensor) -> "StackedNetwork":
        """Return a network of its own of the replicas at these positions.

        Parameters
        ----------
        positions : LongTensor of shape (n_taken,)
            Positions among all replicas.
        """
        taken: dict[int, Any] = {}
        for parameter in self.parameters():
            own = nn.Parameter(parameter.data[positions], parameter.requires_grad)
            taken[id(parameter)] = own
        for buffer in self.buffers():
            taken[id(buffer)] = buffer[positions]
        # What is in there already is not copied.
        part = copy.deepcopy(self, taken)
        for dropout in part._dropouts():
            dropout.take(positions)
        return part

    def joined(self, parts: Sequence["StackedNetwork"]) -> "StackedNetwork":
        """Return the replicas of several networks of this structure as one network.

        Parameters
        ----------
        parts : sequence of StackedNetwork
            This network may be one of them. Dropout starts anew.
        """
        taken: dict[int, Any] = {}
        every = [part._tensors() for part in parts]
        for name, value in self._tensors().items():
            whole = torch.cat([tensors[name].data for tensors in every])
            if isinstance(value, nn.Parameter):
                whole = nn.Parameter(whole, value.requires_grad)
            taken[id(value)] = whole
        network = copy.deepcopy(self, taken)
        layers = zip(*(part._dropouts() for part in parts), strict=True)
        for dropout, own in zip(network._dropouts(), layers, strict=True):
            dropout.rates = np.concatenate([one.rates for one in own])
            dropout.seeds = [seed for one in own for seed in one.seeds]
            dropout.reset()
        return network

    def export_state(self, positions: Tensor) -> dict[str, Tensor]:
        """Return copies of all weights of some replicas, replica axis first."""
        return {name: value.data[positions] for name, value in self._tensors().items()}

    def import_state(self, state: dict[str, Tensor]) -> None:
        """Take the weights of all replicas, those that were let go included."""
        for name, value in self._tensors().items():
            value.grad = None
            value.data = state[name].to(value.device, copy=True)
        for dropout in self._dropouts():
            dropout.reset()
