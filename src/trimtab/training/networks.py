"""Built-in networks whose replicas are trained as one: an MLP and a compact CNN.

Parameters are stacked along a leading replica axis, so that a step of twenty small
networks is a few large operations in place of twenty times as many small ones.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from trimtab.exceptions import InputError
from trimtab.random_streams import CONVOLUTIONS, INITIAL_WEIGHTS, generator_for
from trimtab.stacked_layers import (
    StackedConv2d,
    StackedCosine,
    StackedLayerNorm,
    StackedLinear,
)
from trimtab.training.replica_network import ReplicaDropout, StackedNetwork

__all__ = ["StackedCNN", "StackedMLP"]


class StackedMLP(StackedNetwork):
    """R multi-layer perceptrons with ReLU between their layers.

    Parameters
    ----------
    n_inputs : int
        Features of a row.
    n_outputs : int
        Classes.
    seeds : sequence of int
        One seed per replica. A replica's weights and dropout masks depend on its own
        seed alone.
    widths : sequence of int, default=(64,)
        Units of each hidden layer; empty for a linear model.
    dropout : float in [0, 1) or sequence of one for each replica, default=0.0
        The share of hidden values that is dropped while training.
    layer_norm : bool, default=False
        Whether each hidden layer is normalised before its ReLU.
    cosine_logits : bool, default=False
        Whether the last layer gives cosines, as some losses with margins want.

    Examples
    --------
    >>> network = StackedMLP(8, 2, seeds=[0, 1, 2], widths=(16, 16))
    >>> network(torch.zeros(3, 5, 8)).shape
    torch.Size([3, 5, 2])
    """

    def __init__(
        self,
        n_inputs: int,
        n_outputs: int,
        *,
        seeds: Sequence[int],
        widths: Sequence[int] = (64,),
        dropout: float | Sequence[float] = 0.0,
        layer_norm: bool = False,
        cosine_logits: bool = False,
    ) -> None:
        super().__init__()
        generators = [generator_for(seed, INITIAL_WEIGHTS) for seed in seeds]
        layers: list[nn.Module] = []
        for number, width in enumerate(widths):
            layers.append(StackedLinear(n_inputs, width, generators))
            if layer_norm:
                layers.append(StackedLayerNorm(width, len(seeds)))
            layers.append(nn.ReLU())
            if np.any(dropout):
                layers.append(ReplicaDropout(dropout, seeds, number))
            n_inputs = width
        last = StackedCosine if cosine_logits else StackedLinear
        layers.append(last(n_inputs, n_outputs, generators))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Map rows ``(R, batch, n_inputs)`` to logits ``(R, batch, n_outputs)``."""
        logits: Tensor = self.layers(x)
        return logits


class StackedCNN(StackedNetwork):
    """R compact convolutional networks for small images.

    Each convolution (3 × 3) is followed by a 2 × 2 maximum and a ReLU, the last by
    hidden layers as in `StackedMLP`.

    Parameters
    ----------
    image_shape : tuple of int
        ``(channels, height, width)``, or ``(height, width)`` for one channel. A row of
        the inputs may be the image, or the image flattened.
    n_outputs : int
        Classes.
    seeds : sequence of int
        One seed per replica.
    channels : sequence of int, default=(16, 32)
        Channels of each convolution.
    widths : sequence of int, default=(64,)
        Units of each hidden layer after the convolutions.
    dropout : float in [0, 1) or sequence of one for each replica, default=0.0
        The share of values dropped in the hidden layers while training.
    layer_norm : bool, default=False
        Whether the hidden layers after the convolutions are normalised.
    cosine_logits : bool, default=False
        Whether the last layer gives cosines.

    Raises
    ------
    InputError
        Where the images are too small for that many convolutions.

    Examples
    --------
    >>> network = StackedCNN((28, 28), 10, seeds=[0, 1])
    >>> network(torch.zeros(2, 5, 784)).shape
    torch.Size([2, 5, 10])
    """

    def __init__(
        self,
        image_shape: Sequence[int],
        n_outputs: int,
        *,
        seeds: Sequence[int],
        channels: Sequence[int] = (16, 32),
        widths: Sequence[int] = (64,),
        dropout: float | Sequence[float] = 0.0,
        layer_norm: bool = False,
        cosine_logits: bool = False,
    ) -> None:
        super().__init__()
        shape = tuple(image_shape)
        self.image_shape = (1, *shape) if len(shape) == 2 else shape
        n_inputs, height, width = self.image_shape
        scale = 2 ** len(channels)
        if min(height, width) < scale:
            raise InputError(
                f"images of {height} x {width} are too small for {len(channels)} "
                f"convolutions that halve them: give larger ones, or fewer channels "
                f"than {channels}; NetworkClassifier takes pixels as columns, too, "
                "without image_shape"
            )
        generators = [generator_for(seed, CONVOLUTIONS) for seed in seeds]
        layers: list[nn.Module] = []
        for n_filters in channels:
            layers.append(StackedConv2d(n_inputs, n_filters, 3, generators))
            # The maximum first: the same values, a quarter of the work.
            layers += [nn.MaxPool2d(2), nn.ReLU()]
            n_inputs = n_filters
        self.convolutions = nn.Sequential(*layers)
        self.head = StackedMLP(
            n_inputs * (height // scale) * (width // scale),
            n_outputs,
            seeds=seeds,
            widths=widths,
            dropout=dropout,
            layer_norm=layer_norm,
            cosine_logits=cosine_logits,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map images ``(R, batch, ...)`` to logits ``(R, batch, n_outputs)``."""
        n_replicas, batch = x.shape[:2]
        channels, height, width = self.image_shape
        images = x.reshape(n_replicas, batch, channels, height, width)
        if x.device.type == "cpu":
            # There a convolution in groups is slower than its groups in turn.
            each = enumerate(images)
            maps = torch.stack([self._convolve_one(one, r) for r, one in each])
        else:
            grouped = self.convolutions(images.transpose(0, 1).flatten(1, 2))
            maps = grouped.reshape(batch, n_replicas, -1).transpose(0, 1)
        logits: Tensor = self.head(maps.contiguous())
        return logits

    def _convolve_one(self, images: Tensor, replica: int) -> Tensor:
        """Return one replica's last maps, flattened."""
        maps = images.contiguous(memory_format=torch.channels_last)
        for layer in self.convolutions:
            if isinstance(layer, StackedConv2d):
                maps = layer.convolve_one(maps, replica)
            else:
                maps = layer(maps)
        return maps.flatten(1)
