"""What a synthesis that takes the network's steps sees of a training run."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from trimtab.losses.logit_slopes import CrossEntropySlopes, is_plain_cross_entropy
from trimtab.stacked_layers import StackedLinear
from trimtab.synthesis.meta_step import Rate
from trimtab.synthesis.perceptron_step import AutogradSlopes, Layers, LossSlopes
from trimtab.training.networks import StackedMLP
from trimtab.training.replica_network import ReplicaNetwork
from trimtab.training.replica_optimizer import PER_REPLICA

if TYPE_CHECKING:
    from trimtab.training.training_run import TrainingRun

__all__ = ["RunStepView"]


class RunStepView:
    """A training run, for an epoch; see `trimtab.synthesis.step_taking.StepView`.

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
        self._pairs = _plain_layers(run.network)
        self.layers: Layers | None = None
        if self._pairs is not None:
            self.layers = [(weight.data, bias.data) for weight, bias in self._pairs]
        self.replicas = torch.from_numpy(run.present).to(run.rows.device)
        self._closed = is_plain_cross_entropy(run.trainer.loss)

    @property
    def generators(self) -> Sequence[torch.Generator]:
        """The present replicas' random streams."""
        return self._run.generators

    @property
    def learning_rate(self) -> Rate:
        """Of the step to come."""
        optimizer = self._run.optimizer
        rate: float = optimizer.param_groups[0]["lr"]
        if not isinstance(optimizer, PER_REPLICA):
            return rate
        present = torch.tensor(self._run.rates[self._run.present])
        return rate * present.float().to(self.replicas.device)

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

    def loss_slopes(
        self, logits: Tensor, codes: Tensor, weights: Tensor | None
    ) -> LossSlopes:
        """Return the same with its slopes by the logits."""
        if self._closed:
            return CrossEntropySlopes(logits, codes, weights)
        return AutogradSlopes(lambda at: self.loss(at, codes, weights), logits)

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

    def set_layer_slopes(self, slopes: Layers) -> None:
        """Say the same of each layer of `layers`."""
        assert self._pairs is not None
        for pair, of_pair in zip(self._pairs, slopes, strict=True):
            for parameter, slope in zip(pair, of_pair, strict=True):
                parameter.grad = slope


def _plain_layers(
    network: ReplicaNetwork,
) -> list[tuple[nn.Parameter, nn.Parameter]] | None:
    """Return a perceptron's weights and biases, None where there is more to it."""
    if not isinstance(network, StackedMLP):
        return None
    pairs = []
    for layer in network.layers:
        if type(layer) is StackedLinear:
            pairs.append((layer.weight, layer.bias))
        elif type(layer) is not nn.ReLU:
            return None
    return pairs
