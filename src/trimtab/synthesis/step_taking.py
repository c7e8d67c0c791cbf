"""What a synthesis that takes the network's steps itself sees of a training run."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trimtab.synthesis.made_batches import MadeBatch
from trimtab.synthesis.meta_step import Rate, Weights
from trimtab.synthesis.perceptron_step import Layers, LossSlopes

__all__ = ["StepView", "TakesSteps"]


class StepView(Protocol):
    """What a synthesis that takes the steps may see and do in a training run.

    Attributes
    ----------
    replicas : LongTensor of shape (n_present,)
        The replicas that are still trained.
    generators : sequence of torch.Generator
        Their random streams.
    learning_rate : float or Tensor of shape (n_present,)
        Of the step to come.
    layers : sequence of pair of Tensor, or None
        Weights and bias of each layer, without gradients, where the network is a
        multi-layer perceptron with ReLU and nothing else.
    """

    @property
    def replicas(self) -> Tensor: ...  # noqa: D102

    @property
    def generators(self) -> Sequence[torch.Generator]: ...  # noqa: D102

    @property
    def learning_rate(self) -> Rate: ...  # noqa: D102

    @property
    def layers(self) -> Layers | None: ...  # noqa: D102

    def weights(self) -> Weights:
        """Return the network's weights, which require gradients."""

    def logits(self, weights: Weights, inputs: Tensor) -> Tensor:
        """Return the network's logits under other weights."""

    def loss(self, logits: Tensor, codes: Tensor, weights: Tensor | None) -> Tensor:
        """Return what the training minimises, of shape (n_present,)."""

    def loss_slopes(
        self, logits: Tensor, codes: Tensor, weights: Tensor | None
    ) -> LossSlopes:
        """Return the same with its slopes by the logits."""

    def evaluating(self) -> AbstractContextManager[None]:
        """Switch dropout off within a ``with`` block."""

    def set_slopes(self, slopes: Mapping[str, Tensor]) -> None:
        """Say along which gradient the optimiser is to go."""

    def set_layer_slopes(self, slopes: Layers) -> None:
        """Say the same of each layer of `layers`."""


@runtime_checkable
class TakesSteps(Protocol):
    """A synthesis that works out the network's gradient itself, in place of a loss."""

    def step(self, view: StepView, batch: MadeBatch) -> Tensor:
        """Give the optimiser the gradient of a batch; return the replicas' losses."""

    def epoch_columns(self, present: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Return what is to be recorded of an epoch, a row for each present replica.

        ``rows_per_class`` are rows that were shown beside those that were drawn.
        """
