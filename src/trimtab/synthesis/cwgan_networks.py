"""The networks of a conditional Wasserstein GAN for tables, and one training step each.

Engelmann and Lessmann, "Conditional Wasserstein GAN-based Oversampling of Tabular Data
for Imbalanced Learning", Expert Systems with Applications 174, 2021 (arXiv 2008.09202);
the gradient penalty is that of Gulrajani et al., NeurIPS 2017, the cross layer that of
Wang, Fu, Fu and Wang, ADKDD 2017.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

__all__ = [
    "CrossLayer",
    "auxiliary_classifier",
    "class_penalty",
    "critic",
    "generator",
    "gradient_penalty",
]


class CrossLayer(nn.Module):
    """The input times one number for each row, plus the input.

    What comes out is ``x * (x @ w) + b + x``: products of pairs of columns, with as
    many weights as there are columns.

    Parameters
    ----------
    n_columns : int
        Columns that come in and go out.

    Examples
    --------
    >>> layer = CrossLayer(2)
    >>> _ = layer.weight.data.copy_(torch.tensor([1.0, -1.0]))
    >>> layer(torch.tensor([[3.0, 1.0]])).tolist()
    [[9.0, 3.0]]
    """

    def __init__(self, n_columns: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(
            torch.randn(n_columns, dtype=torch.float) / n_columns**0.5
        )
        self.bias = nn.Parameter(torch.zeros(n_columns, dtype=torch.float))

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, n_columns) to the same shape."""
        return x * (x @ self.weight)[:, None] + self.bias + x


def _layers(
    widths: Sequence[int], *, n_cross: int, layer_norm: bool
) -> list[nn.Module]:
    layers: list[nn.Module] = [CrossLayer(widths[0]) for _ in range(n_cross)]
    for n_inputs, n_outputs in pairwise(widths):
        layers.append(nn.Linear(n_inputs, n_outputs, dtype=torch.float))
        if layer_norm:
            layers.append(nn.LayerNorm(n_outputs, dtype=torch.float))
        layers.append(nn.LeakyReLU(0.2))
    return layers


def generator(n_noise: int, n_classes: int, n_columns: int) -> nn.Module:
    """Return a network that makes rows of noise and of the class that is wanted."""
    layers = _layers([n_noise + n_classes, 128, 64], n_cross=1, layer_norm=False)
    return nn.Sequential(*layers, nn.Linear(64, n_columns, dtype=torch.float))


def critic(n_columns: int, n_classes: int) -> nn.Module:
    """Return a network that says how real rows of a class look."""
    layers = _layers([n_columns + n_classes, 128, 64, 32], n_cross=2, layer_norm=True)
    return nn.Sequential(*layers, nn.Linear(32, 1, dtype=torch.float))


def auxiliary_classifier(n_columns: int, n_classes: int) -> nn.Module:
    """Return a network that says which class a row looks like."""
    layers = _layers([n_columns, 64, 64], n_cross=2, layer_norm=True)
    return nn.Sequential(*layers, nn.Linear(64, n_classes, dtype=torch.float))


def gradient_penalty(network: nn.Module, real: Tensor, made: Tensor) -> Tensor:
    """Return how far the slope of a critic is from 1, between real and made rows.

    Parameters
    ----------
    network : nn.Module
        The critic.
    real, made : Tensor of shape (n, n_columns + n_classes)
        With the same classes, and somewhere between the two in each row. `made` is
        where the slope is taken if they are equal.

    Returns
    -------
    Tensor of shape ()
        The mean of the squared difference between the slope's length and 1.

    Examples
    --------
    >>> slope_of_5 = nn.Linear(2, 1)
    >>> _ = slope_of_5.weight.data.copy_(torch.tensor([[3.0, 4.0]]))
    >>> round(gradient_penalty(slope_of_5, torch.ones(4, 2), torch.ones(4, 2)).item())
    16
    """
    share = torch.rand(len(real), 1, dtype=real.dtype)
    between = torch.lerp(made.detach(), real, share).requires_grad_()
    scores = network(between).sum()
    (slope,) = torch.autograd.grad(scores, between, create_graph=True)
    penalty = ((slope.norm(dim=1) - 1) ** 2).mean()
    return cast(Tensor, penalty)


def class_penalty(logits: Tensor, codes: Tensor, least: float = 0.3) -> Tensor:
    """Return the cross-entropy of made rows, none of them below a bound.

    A row that is called its class with some certainty is good enough.

    Examples
    --------
    >>> sure, unsure = [9.0, 0.0], [0.0, 0.0]
    >>> found = class_penalty(torch.tensor([sure, unsure]), torch.tensor([0, 0]))
    >>> round(found.item(), 3)  # the mean of 0.3 and log 2
    0.497
    """
    losses = nn.functional.cross_entropy(logits, codes, reduction="none")
    return losses.clamp(min=least).mean()
