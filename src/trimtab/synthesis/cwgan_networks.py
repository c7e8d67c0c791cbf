"""The networks of a conditional Wasserstein GAN for tables, and what they are held to.

Engelmann and Lessmann, "Conditional Wasserstein GAN-based Oversampling of Tabular Data
for Imbalanced Learning", Expert Systems with Applications 174, 2021 (arXiv 2008.09202);
the gradient penalty is that of Gulrajani et al., NeurIPS 2017, the cross layer that of
Wang, Fu, Fu and Wang, ADKDD 2017.

There are R GANs side by side: rows come as ``(R, n, n_columns)``, and what a network is
held to is one number for each.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from trimtab.random_streams import normal
from trimtab.stacked_layers import StackedLayerNorm, StackedLinear

__all__ = [
    "Critic",
    "CrossLayer",
    "DeepAndCross",
    "auxiliary_classifier",
    "class_penalty",
    "generator",
    "gradient_penalty",
]

Streams = Sequence[torch.Generator]
"""One random stream for each replica."""


class CrossLayer(nn.Module):
    """A row times one number that depends on what was made of it, plus the latter.

    Of the first layer's row ``first`` and the last layer's ``x`` comes
    ``first * (x @ w) + b + x``: with each layer products of one more column, with as
    many weights as there are columns.

    Parameters
    ----------
    n_columns : int
        Columns that come in and go out.
    streams : sequence of R torch.Generator
        For the first weights.

    Examples
    --------
    >>> layer = CrossLayer(2, [torch.Generator()])
    >>> layer.weight.data = torch.tensor([[[1.0], [-1.0]]])
    >>> layer.bias.data.zero_().shape
    torch.Size([1, 1, 2])
    >>> row = torch.tensor([[[3.0, 1.0]]])
    >>> layer(row, row).tolist(), layer(row, 2 * row).tolist()
    ([[[9.0, 3.0]]], [[[18.0, 6.0]]])
    """

    def __init__(self, n_columns: int, streams: Streams) -> None:
        super().__init__()
        first = normal((n_columns, 1), streams) * (2 / n_columns) ** 0.5
        self.weight = nn.Parameter(first)
        shape = len(streams), 1, n_columns
        self.bias = nn.Parameter(torch.full(shape, 0.1, dtype=torch.float))

    def forward(self, first: Tensor, x: Tensor) -> Tensor:
        """Map (R, n, n_columns), twice, to the same shape."""
        return torch.addcmul(x + self.bias, first, torch.bmm(x, self.weight))


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
    streams : sequence of R torch.Generator
        For the first weights.
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
        streams: Streams,
        layer_norm: bool = False,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in pairwise([n_inputs, *widths]):
            layers.append(StackedLinear(before, after, streams))
            if layer_norm and len(layers) > 1:
                layers.append(StackedLayerNorm(after, len(streams)))
            layers.append(nn.LeakyReLU())
        self.deep = nn.Sequential(*layers)
        cross = (CrossLayer(n_inputs, streams) for _ in range(n_cross))
        self.cross = nn.ModuleList(cross)
        self.last = last(widths[-1] + n_inputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map (R, n, n_inputs) to what the last layer returns."""
        crossed = x
        for layer in self.cross:
            crossed = layer(x, crossed)
        scores: Tensor = self.last(torch.cat([self.deep(x), crossed], dim=-1))
        return scores


def generator(
    n_noise: int, n_classes: int, n_columns: int, streams: Streams
) -> nn.Module:
    """Return a network that makes rows of noise and of the class that is wanted."""

    def head(n_inputs: int) -> nn.Module:
        squeezed = StackedLinear(n_inputs, 32, streams), nn.LeakyReLU()
        return nn.Sequential(*squeezed, StackedLinear(32, n_columns, streams))

    inputs = n_noise + n_classes
    return DeepAndCross(inputs, (128, 64), head, n_cross=1, streams=streams)


class Critic(nn.Module):
    """Says how real rows of a class look, each under a little noise.

    Parameters
    ----------
    n_columns, n_classes : int
        Columns of a row, and classes that it may be of.
    streams : sequence of R torch.Generator
        For the first weights.
    noise_streams : sequence of R torch.Generator
        For the noise.
    noise : float, default=0.01
        Standard deviation of what is added to each number of a row.
    """

    def __init__(
        self,
        n_columns: int,
        n_classes: int,
        streams: Streams,
        noise_streams: Streams,
        noise: float = 0.01,
    ) -> None:
        super().__init__()
        self.noise, self.noise_streams = noise, noise_streams
        self.network = DeepAndCross(
            n_columns + n_classes,
            (128, 64, 32),
            lambda n_inputs: StackedLinear(n_inputs, 1, streams),
            n_cross=2,
            streams=streams,
            layer_norm=True,
        )

    def forward(self, rows: Tensor, labels: Tensor) -> Tensor:
        """Map rows (R, n, n_columns) and classes (R, n, n_classes) to (R, n)."""
        noise = normal(rows.shape[1:], self.noise_streams)
        seen = torch.add(rows, noise, alpha=self.noise)
        scores: Tensor = self.network(torch.cat([seen, labels], dim=-1))
        return scores.squeeze(-1)


def auxiliary_classifier(n_columns: int, n_classes: int, streams: Streams) -> nn.Module:
    """Return a network that says which class a row looks like."""
    return DeepAndCross(
        n_columns,
        (64, 64),
        lambda n_inputs: StackedLinear(n_inputs, n_classes, streams),
        n_cross=2,
        streams=streams,
        layer_norm=True,
    )


def gradient_penalty(
    critic: Callable[[Tensor, Tensor], Tensor], between: Tensor, labels: Tensor
) -> Tensor:
    """Return how far the slope of a critic is from 1.

    It is the slope by the row. What the critic makes of the class is free.

    Parameters
    ----------
    critic : callable
        Maps rows and classes to scores.
    between : Tensor of shape (R, n, n_columns)
        Where the slope is taken: somewhere between real and made rows of the same
        classes.
    labels : Tensor of shape (R, n, n_classes)
        The classes, one-hot.

    Returns
    -------
    Tensor of shape (R,)
        The mean of the squared difference between the slope's length and 1.

    Examples
    --------
    >>> weight = torch.tensor([[3.0], [4.0]])
    >>> rows, labels = torch.ones(1, 4, 2), torch.ones(1, 4, 1)
    >>> slope_of_5 = lambda rows, labels: rows @ weight + 9 * labels
    >>> gradient_penalty(slope_of_5, rows, labels).tolist()
    [16.0]
    """
    between = between.detach().requires_grad_()
    scores = critic(between, labels).sum()
    (slope,) = torch.autograd.grad(scores, between, create_graph=True)
    penalty: Tensor = ((slope.norm(dim=-1) - 1) ** 2).mean(dim=-1)
    return penalty


def class_penalty(logits: Tensor, codes: Tensor, least: float = 0.3) -> Tensor:
    """Return the cross-entropy of made rows, none of them below a bound.

    A row that is called its class with some certainty is good enough.

    Parameters
    ----------
    logits : Tensor of shape (R, n, n_classes)
        What the auxiliary classifier says of them.
    codes : LongTensor of shape (R, n)
        The classes that were wanted.
    least : float, default=0.3
        The bound, in nats.

    Returns
    -------
    Tensor of shape (R,)

    Examples
    --------
    >>> sure, unsure = [9.0, 0.0], [0.0, 0.0]
    >>> found = class_penalty(torch.tensor([[sure, unsure]]), torch.tensor([[0, 0]]))
    >>> round(found.item(), 3)  # the mean of 0.3 and log 2
    0.497
    """
    losses = nn.functional.cross_entropy(
        logits.flatten(0, 1), codes.flatten(), reduction="none"
    )
    return losses.clamp(min=least).view(codes.shape).mean(dim=1)
