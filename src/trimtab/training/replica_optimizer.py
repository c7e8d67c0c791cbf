"""Optimisers for replicas that learn at different rates."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterable
from typing import Any

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

__all__ = ["PER_REPLICA", "ReplicaAdamW", "ReplicaSGD"]


class ReplicaAdamW(torch.optim.AdamW):
    """AdamW with a learning rate and a weight decay for each replica.

    PyTorch works out the step at the learning rate 1, for all replicas at once; each
    then takes its own multiple of it. A group of parameters for each replica would do
    the same in as many calls as there are replicas.

    Parameters
    ----------
    parameters : iterable of nn.Parameter
        Each with the replica axis first.
    rates : array-like of float of shape (n_replicas,)
        Learning rates. The optimiser's own ``lr`` is 1 at first, and what a scheduler
        makes of it multiplies them all.
    weight_decay : array-like of float of shape (n_replicas,)
        Weight decays.
    betas : tuple of two float, default=(0.9, 0.999)
        What is kept of the running means of slopes, and of their squares.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        rates: ArrayLike,
        weight_decay: ArrayLike,
        betas: tuple[float, float] = (0.9, 0.999),
    ) -> None:
        super().__init__(parameters, 1.0, betas, weight_decay=0.0, fused=True)
        by_replica = torch.tensor(rates, dtype=torch.double)
        decay = torch.tensor(weight_decay, dtype=torch.double) * by_replica
        self._rates = [_beside(by_replica, one) for one in self._all()]
        self._decay = [_beside(decay, one) for one in self._all()]

    def _all(self) -> list[nn.Parameter]:
        parameters: list[nn.Parameter] = self.param_groups[0]["params"]
        return parameters

    def keep(self, positions: Tensor) -> None:
        """Go on with the replicas at these positions only.

        The parameters and their running averages are up to the network's ``keep``.
        """
        self._rates = [rates[positions] for rates in self._rates]
        self._decay = [decay[positions] for decay in self._decay]

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Take one step with all parameters that have a gradient."""
        factor = self.param_groups[0]["lr"]
        moved = [
            (parameter, rates, parameter * (1 - factor * decay))
            for parameter, rates, decay in zip(
                self._all(), self._rates, self._decay, strict=True
            )
            if parameter.grad is not None
        ]
        for parameter, _, _ in moved:
            parameter.zero_()
        loss = super().step(closure)
        for parameter, rates, shrunken in moved:
            parameter.mul_(rates).add_(shrunken)
        return loss


class ReplicaSGD(torch.optim.SGD):
    """Plain gradient descent with a learning rate and a weight decay for each replica.

    Parameters
    ----------
    parameters, rates, weight_decay
        As of `ReplicaAdamW`. As in PyTorch, the decay is a part of the gradient.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        rates: ArrayLike,
        weight_decay: ArrayLike,
    ) -> None:
        super().__init__(parameters, lr=1.0)
        of_replicas = [
            torch.tensor(v, dtype=torch.double) for v in (rates, weight_decay)
        ]
        every = self.param_groups[0]["params"]
        self._rates, self._decay = (
            [_beside(values, parameter) for parameter in every]
            for values in of_replicas
        )

    def keep(self, positions: Tensor) -> None:
        """Go on with the replicas at these positions only."""
        self._rates = [rates[positions] for rates in self._rates]
        self._decay = [decay[positions] for decay in self._decay]

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Take one step with all parameters that have a gradient."""
        loss = None if closure is None else closure()
        group = self.param_groups[0]
        for parameter, rates, decay in zip(
            group["params"], self._rates, self._decay, strict=True
        ):
            if parameter.grad is not None:
                slope = parameter.grad + decay * parameter
                parameter.sub_(slope.mul_(rates), alpha=group["lr"])
        return loss


PER_REPLICA = (ReplicaAdamW, ReplicaSGD)
"""Optimisers that have numbers of each replica."""


def _beside(by_replica: Tensor, parameter: nn.Parameter) -> Tensor:
    """Return one number a replica in a shape that multiplies the parameter."""
    shape = (-1, *[1] * (parameter.ndim - 1))
    return by_replica.to(parameter.device, parameter.dtype).view(shape)
