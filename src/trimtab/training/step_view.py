"""What a synthesis that takes the network's steps sees of a training run."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from trimtab.training.networks import StackedLinear, StackedMLP
from trimtab.training.replica_network import ReplicaNetwork

if TYPE_CHECKING:
    from trimtab.training.training_run import TrainingRun

__all__ = ["RunStepView"]


class RunStepView:
    """A training run; see `trimtab.synthesis.moving_rows.StepView`.

    Parameters
    ----------
    run : TrainingRun
        Whose network is stepped.
    """

    def __init__(self, run: "TrainingRun") -> None:
        self._run = run
        self._network = run.network
        self._parameters = [
            (name, parameter)
            for name, parameter in run.network.named_parameters()
            if parameter.requires_grad
        ]
        self.perceptron = _plain_layers(run.network)
        self.replicas = torch.from_numpy(run.present).to(run.rows.device)

    @property
    def generators(self) -> Sequence[torch.Generator]:
        """The present replicas' random streams."""
        return self._run.generators

    @property
    def learning_rate(self) -> float:
        """Of the step to come."""
        rate: float = self._run.optimizer.param_groups[0]["lr"]
        return rate

    def weights(self) -> dict[str, Tensor]:
        """Return the network's weights, which require gradients."""
        return {n: p.detach().requires_grad_() for n, p in self._parameters}

    def logits(self, weights: dict[str, Tensor], inputs: Tensor) -> Tensor:
        """Return the network's logits under other weights."""
        logits: Tensor = torch.func.functional_call(self._network, weights, (inputs,))
        return logits

    def loss(self, logits: Tensor, codes: Tensor, weights: Tensor | None) -> Tensor:
        """Return what the training minimises, for each present replica."""
        return self._run.trainer.loss(logits, codes, weights)

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Switch dropout off within a ``with`` block."""
        self._network.eval()
        try:
            yield
        finally:
            self._network.train()

    def set_slopes(self, slopes: Mapping[str, Tensor]) -> None:
        """Say along which gradient the optimiser is to go."""
        for name, parameter in self._parameters:
            parameter.grad = slopes[name]


def _plain_layers(network: ReplicaNetwork) -> list[tuple[str, str]] | None:
    """Return the names of a perceptron's weights, None where there is more to it."""
    if not isinstance(network, StackedMLP):
        return None
    names = []
    for number, layer in enumerate(network.layers):
        if type(layer) is StackedLinear:
            names.append((f"layers.{number}.weight", f"layers.{number}.bias"))
        elif type(layer) is not nn.ReLU:
            return None
    return names
