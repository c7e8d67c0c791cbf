"""The networks of a conditional Wasserstein GAN for tables, and what they are held to.

Engelmann and Lessmann, "Conditional Wasserstein GAN-based Oversampling of Tabular Data
for Imbalanced Learning", Expert Systems with Applications 174, 2021 (arXiv 2008.09202);
the gradient penalty is that of Gulrajani et al., NeurIPS 2017, the cross layer that of
Wang, Fu, Fu and Wang, ADKDD 2017.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

__all__ = [
    "Critic",
    "CrossLayer",
    "DeepAndCross",
    "auxiliary_classifier",
    "class_penalty",
    "generator",
    "gradient_penalty",
]


class CrossLayer(nn.Module):
    """A row times one number that depends on what was made of it, plus the latter.

    Of the first layer's row ``first`` and the last layer's ``x`` comes
    ``first * (x @ w) + b + x``: with each layer products of one more column, with as
    many weights as there are columns.

    Parameters
    ----------
    n_columns : int
        Columns that come in and go out.

    Examples
    --------
    >>> layer = CrossLayer(2)
    >>> _ = layer.weight.data.copy_(torch.tensor([1.0, -1.0])), layer.bias.data.zero_()
    >>> row = torch.tensor([[3.0, 1.0]])
    >>> layer(row, row).tolist(), layer(row, 2 * row).tolist()
    ([[9.0, 3.0]], [[18.0, 6.0]])
    """

    def __init__(self, n_columns: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(
            torch.randn(n_columns, dtype=torch.float) * (2 / n_columns) ** 0.5
        )
        self.bias = nn.Parameter(torch.full((n_columns,), 0.1, dtype=torch.float))

    def forward(self, first: Tensor, x: Tensor) -> Tensor:
        """Map (n, n_columns), twice, to the same shape."""
        return first * (x @ self.weight)[:, None] + self.bias + x


class DeepAndCross(nn.Module):
    """Dense and cross layers beside each other, and a last layer on what both return.

    Parameters
    ----------
    n_inputs : int
        Columns that come in.
    widths : sequence of int
        Units of the dense layers.
    last : callable
        Builds the last layer for so many columns as it is given.
    n_cross : int
        Cross layers.
    layer_norm : bool, default=False
        Whether all dense layers but the first are normalised.
    """

    def __init__(
        self,
        n_inputs: int,
        widths: Sequence[int],
        last: Callable[[int], nn.Module],
        *,
        n_cross: int,
        layer_norm: bool = False,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in pairwise([n_inputs, *widths]):
            layers.append(_dense(before, after))
            if layer_norm and len(layers) > 1:
                layers.append(nn.LayerNorm(after, dtype=torch.float))
            layers.append(nn.LeakyReLU())
        self.deep = nn.Sequential(*layers)
        self.cross = nn.ModuleList(CrossLayer(n_inputs) for _ in range(n_cross))
        self.last = last(widths[-1] + n_inputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, n_inputs) to what the last layer returns."""
        crossed = x
        for layer in self.cross:
            crossed = layer(x, crossed)
        scores: Tensor = self.last(torch.cat([self.deep(x), crossed], dim=1))
        return scores


def _dense(n_inputs: int, n_outputs: int) -> nn.Linear:
    return nn.Linear(n_inputs, n_outputs, dtype=torch.float)


def generator(n_noise: int, n_classes: int, n_columns: int) -> nn.Module:
    """Return a network that makes rows of noise and of the class that is wanted."""

    def head(n_inputs: int) -> nn.Module:
        squeezed = _dense(n_inputs, 32), nn.LeakyReLU()
        return nn.Sequential(*squeezed, _dense(32, n_columns))

    return DeepAndCross(n_noise + n_classes, (128, 64), head, n_cross=1)


class Critic(nn.Module):
    """Says how real rows of a class look, each under a little noise.

    Parameters
    ----------
    n_columns, n_classes : int
        Columns of a row, and classes that it may be of.
    noise : float, default=0.01
        Standard deviation of what is added to each number of a row.
    """

    def __init__(self, n_columns: int, n_classes: int, noise: float = 0.01) -> None:
        super().__init__()
        self.noise = noise
        self.network = DeepAndCross(
            n_columns + n_classes,
            (128, 64, 32),
            lambda n_inputs: _dense(n_inputs, 1),
            n_cross=2,
            layer_norm=True,
        )

    def forward(self, rows: Tensor, labels: Tensor) -> Tensor:
        """Map rows (n, n_columns) and classes, one-hot (n, n_classes), to (n, 1)."""
        seen = rows + self.noise * torch.randn_like(rows)
        scores: Tensor = self.network(torch.cat([seen, labels], dim=1))
        return scores


def auxiliary_classifier(n_columns: int, n_classes: int) -> nn.Module:
    """Return a network that says which class a row looks like."""
    return DeepAndCross(
        n_columns,
        (64, 64),
        lambda n_inputs: _dense(n_inputs, n_classes),
        n_cross=2,
        layer_norm=True,
    )


def gradient_penalty(
    critic: Callable[[Tensor, Tensor], Tensor],
    real: Tensor,
    made: Tensor,
    labels: Tensor,
) -> Tensor:
    """Return how far the slope of a critic is from 1, between real and made rows.

    It is the slope by the row. What the critic makes of the class is free.

    Parameters
    ----------
    critic : callable
        Maps rows and classes to scores.
    real, made : Tensor of shape (n, n_columns)
        Rows of the same classes. The slope is taken somewhere between the two.
    labels : Tensor of shape (n, n_classes)
        The classes, one-hot.

    Returns
    -------
    Tensor of shape ()
        The mean of the squared difference between the slope's length and 1.

    Examples
    --------
    >>> weight = torch.tensor([[3.0], [4.0]])
    >>> rows, labels = torch.ones(4, 2), torch.ones(4, 1)
    >>> slope_of_5 = lambda rows, labels: rows @ weight + 9 * labels
    >>> gradient_penalty(slope_of_5, rows, rows, labels).item()
    16.0
    """
    share = torch.rand(len(real), 1, dtype=real.dtype)
    between = torch.lerp(made.detach(), real, share).requires_grad_()
    scores = critic(between, labels).sum()
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
