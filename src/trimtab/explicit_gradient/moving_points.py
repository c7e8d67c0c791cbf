"""Moving points in a regression: section 4 of the Explicit Gradient paper.

Made points move in the inputs and in the target, under a squared loss.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from trimtab.exceptions import InputError, check_count, check_number
from trimtab.synthesis.meta_step import Weights, adapted_weights, meta_step
from trimtab.training.networks import StackedMLP

__all__ = ["MovedPoints", "fit_moving_points"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MovedPoints:
    """Networks, and the points that moved while they were trained.

    Attributes
    ----------
    inputs : ndarray of shape (n_epochs + 1, n_replicas, n_points, n_columns)
        Where the points were before each epoch, and after the last.
    targets : ndarray of shape (n_epochs + 1, n_replicas, n_points)
        Their targets.
    meta_losses : ndarray of shape (n_epochs + 1, n_replicas)
        Mean squared error on the meta rows.
    network : nn.Module
        As after the last epoch.
    """

    inputs: Floats
    targets: Floats
    meta_losses: Floats
    network: nn.Module

    @torch.no_grad()
    def predict(self, X: ArrayLike) -> Floats:
        """Return each replica's predictions.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            Inputs.

        Returns
        -------
        ndarray of float of shape (n_replicas, n_rows)
        """
        rows = torch.from_numpy(np.asarray(X, dtype=float))
        of_each = rows.expand(self.inputs.shape[1], *rows.shape)
        predicted: Floats = self.network(of_each)[..., 0].numpy()
        return predicted


def fit_moving_points(
    train: tuple[ArrayLike, ArrayLike],
    meta: tuple[ArrayLike, ArrayLike],
    points: tuple[ArrayLike, ArrayLike],
    *,
    seeds: Sequence[int] = (0,),
    hidden_layer_sizes: Sequence[int] = (10,),
    learning_rate: float = 0.1,
    point_learning_rate: float = 1.0,
    n_first_epochs: int = 1000,
    n_epochs: int = 1000,
) -> MovedPoints:
    """Fit a curve to a few points, with the help of made ones that move.

    A network with tanh units is first trained on `train` alone, by plain steps over
    all rows. Then each step is on these and the made points, and the made points move
    down the slope of the loss on `meta` after the step.

    Parameters
    ----------
    train, meta : tuple (X, y)
        Of shapes (n_rows, n_columns) and (n_rows,). With a leading axis, of each
        replica its own.
    points : tuple (X, y)
        Where the made points start, in the same form.
    seeds : sequence of int, default=(0,)
        One for each replica, which are trained as one: its initial weights.
    hidden_layer_sizes : sequence of int, default=(10,)
        Units of each hidden layer.
    learning_rate : float, default=0.1
        Step of the network, η1.
    point_learning_rate : float, default=1.0
        Step of the points, η2. At 0 they stay.
    n_first_epochs, n_epochs : int, default=1000
        Steps on `train` alone, and beside the moving points.

    Returns
    -------
    MovedPoints

    Examples
    --------
    >>> X = np.linspace(-1, 1, 6)[:, None]
    >>> given, others = (X[::2], X[::2, 0]), (X[1::2], X[1::2, 0])
    >>> moved = fit_moving_points(given, others, (X, X[:, 0] + 1), n_epochs=50)
    >>> bool(moved.meta_losses[-1, 0] < moved.meta_losses[1, 0])
    True
    """
    check_number("learning_rate", learning_rate, above=0)
    check_number("point_learning_rate", point_learning_rate, at_least=0)
    check_count("n_first_epochs", n_first_epochs, at_least=0)
    check_count("n_epochs", n_epochs)
    own, held = _pair("train", train), _pair("meta", meta)
    moving = _pair("points", points)
    network = _network(own.shape[-1] - 1, hidden_layer_sizes, seeds)
    weights: Weights = {n: p.detach() for n, p in network.named_parameters()}

    def loss_on(rows: Tensor) -> Any:
        def loss(at: Weights) -> Tensor:
            every = rows.expand(len(seeds), *rows.shape[-2:])
            inputs, targets = every[..., :-1], every[..., -1]
            predicted = torch.func.functional_call(network, at, (inputs,))[..., 0]
            losses: Tensor = (predicted - targets).square().mean(dim=1)
            return losses

        return loss

    weights = {n: w.requires_grad_() for n, w in weights.items()}
    if n_first_epochs:
        weights = adapted_weights(
            loss_on(own), weights, learning_rate, n_first_epochs, differentiable=False
        )[0]
    positions = moving.expand(len(seeds), *moving.shape[-2:]).clone()
    track, losses = [positions], [loss_on(held)(weights).detach()]
    outer = loss_on(held) if point_learning_rate else None
    for _ in range(n_epochs):
        positions = positions.detach().requires_grad_()
        joined = torch.cat([own.expand(len(seeds), *own.shape[-2:]), positions], dim=1)
        step = meta_step(loss_on(joined), outer, weights, positions, learning_rate)
        weights = {n: w.requires_grad_() for n, w in step.weights.items()}
        if step.slope is not None:
            positions = positions - point_learning_rate * step.slope
        track.append(positions.detach())
        losses.append(loss_on(held)(weights).detach())
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.copy_(weights[name])
    way = torch.stack(track).detach().numpy()
    return MovedPoints(
        way[..., :-1], way[..., -1], torch.stack(losses).numpy(), network
    )


def _pair(name: str, pair: Any) -> Tensor:
    """Return inputs and targets side by side, in double precision."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise InputError(f"{name} is a {type(pair).__name__}: give a pair (X, y)")
    X, y = (np.asarray(part, dtype=float) for part in pair)
    if X.shape[:-1] != y.shape:
        raise InputError(
            f"{name} has inputs of the shape {X.shape} and targets of {y.shape}: give "
            "(n_rows, n_columns) and (n_rows,)"
        )
    return torch.from_numpy(np.concatenate([X, y[..., None]], axis=-1))


def _network(n_inputs: int, widths: Sequence[int], seeds: Sequence[int]) -> nn.Module:
    network = StackedMLP(n_inputs, 1, seeds=seeds, widths=widths)
    for number, layer in enumerate(network.layers):
        if isinstance(layer, nn.ReLU):
            network.layers[number] = nn.Tanh()
    return network.double()
