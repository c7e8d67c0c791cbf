"""Layers of several networks at once: all parameters have the replica axis first.

A step of twenty small networks is then a few large operations in place of twenty times
as many small ones. What a replica's layer starts with depends on its own stream alone.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from trimtab.random_streams import initial_values

__all__ = ["StackedConv2d", "StackedCosine", "StackedLayerNorm", "StackedLinear"]


class StackedLinear(nn.Module):
    """R linear layers as one.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Width of a row before and after.
    generators : sequence of torch.Generator
        One per replica, for its initial weights.

    Attributes
    ----------
    weight : Parameter of shape (R, n_inputs, n_outputs)
        The transpose of what ``torch.nn.Linear`` keeps.
    bias : Parameter of shape (R, 1, n_outputs)
    """

    def __init__(
        self, n_inputs: int, n_outputs: int, generators: Sequence[torch.Generator]
    ) -> None:
        super().__init__()
        self.weight = initial_values((n_inputs, n_outputs), n_inputs, generators)
        self.bias = initial_values((1, n_outputs), n_inputs, generators)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(R, batch, n_inputs)`` to ``(R, batch, n_outputs)``."""
        return torch.baddbmm(self.bias, x, self.weight)


class StackedCosine(nn.Module):
    """R last layers whose logits are cosines: unit rows times unit weights, no bias.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Width of a row before and after.
    generators : sequence of torch.Generator
        One per replica, for its initial weights.

    Attributes
    ----------
    weight : Parameter of shape (R, n_inputs, n_outputs)
    """

    def __init__(
        self, n_inputs: int, n_outputs: int, generators: Sequence[torch.Generator]
    ) -> None:
        super().__init__()
        self.weight = initial_values((n_inputs, n_outputs), n_inputs, generators)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(R, batch, n_inputs)`` to cosines ``(R, batch, n_outputs)``."""
        unit_weight = functional.normalize(self.weight, dim=1)
        return torch.bmm(functional.normalize(x, dim=2), unit_weight)


class StackedLayerNorm(nn.Module):
    """R layer normalisations as one, over the last axis.

    Parameters
    ----------
    width : int
        Length of the last axis.
    n_replicas : int
        R.

    Attributes
    ----------
    weight, bias : Parameter of shape (R, 1, width)
        Ones and zeros at first.
    """

    def __init__(self, width: int, n_replicas: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n_replicas, 1, width, dtype=torch.float))
        self.bias = nn.Parameter(torch.zeros(n_replicas, 1, width, dtype=torch.float))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each row of ``(R, batch, width)``."""
        normal = functional.layer_norm(x, x.shape[-1:])
        return torch.addcmul(self.bias, normal, self.weight)


class StackedConv2d(nn.Module):
    """R convolutions as one, by a convolution in R groups.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Channels before and after, of one replica.
    kernel_size : int
        Odd: height and width stay as they are.
    generators : sequence of torch.Generator
        One per replica, for its initial weights.

    Attributes
    ----------
    weight : Parameter of shape (R, n_outputs, n_inputs, kernel_size, kernel_size)
    bias : Parameter of shape (R, n_outputs)
    """

    def __init__(
        self,
        n_inputs: int,
        n_outputs: int,
        kernel_size: int,
        generators: Sequence[torch.Generator],
    ) -> None:
        super().__init__()
        fan_in = n_inputs * kernel_size**2
        shape = (n_outputs, n_inputs, kernel_size, kernel_size)
        self.weight = initial_values(shape, fan_in, generators)
        self.bias = initial_values((n_outputs,), fan_in, generators)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, R * n_inputs, h, w)`` to ``(batch, R * n_outputs, h, w)``."""
        return functional.conv2d(
            x,
            self.weight.flatten(0, 1),
            self.bias.flatten(),
            padding=self.weight.shape[-1] // 2,
            groups=self.weight.shape[0],
        )

    def convolve_one(self, x: Tensor, replica: int) -> Tensor:
        """Map one replica's ``(batch, n_inputs, h, w)`` to its outputs."""
        weight = self.weight[replica].contiguous(memory_format=torch.channels_last)
        padding = self.weight.shape[-1] // 2
        return functional.conv2d(x, weight, self.bias[replica], padding=padding)
