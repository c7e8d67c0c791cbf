"""From what a user calls a network to R replicas of it."""

# SPDX-License-Identifier: BSD-3-Clause

import copy
import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from trimtab.exceptions import InputError, check_count, check_number
from trimtab.losses import get_loss
from trimtab.random_streams import INITIAL_WEIGHTS, borrowed_stream, generator_for
from trimtab.training.device_rows import as_inputs
from trimtab.training.networks import StackedCNN, StackedMLP
from trimtab.training.replica_network import ReplicaNetwork
from trimtab.training.replicas import first_line, replicate

__all__ = ["build_modules", "build_network", "check_module", "network_of"]


def network_of(
    estimator: Any,
    X: NDArray[np.float32],
    n_classes: int,
    seeds: list[int],
    dropout: float | Sequence[float],
) -> ReplicaNetwork:
    """Build the replicas that an estimator's parameters ask for.

    Parameters
    ----------
    estimator : NetworkClassifier
        For its parameters.
    X : ndarray of shape (n_rows, ...)
        Training rows.
    n_classes : int
        Logits per row.
    seeds : list of int
        One per replica.
    dropout : float or sequence of one for each replica
        In place of the estimator's own, for trimtab's own networks.

    Returns
    -------
    ReplicaNetwork
        On the CPU.

    Raises
    ------
    InputError
        Where a parameter is out of range or does not fit the rows.
    """
    if estimator.network is not None:
        return build_network(estimator.network, X, n_classes, seeds, estimator.stacked)
    for rate in dropout if isinstance(dropout, list) else [dropout]:
        check_number("dropout", rate, at_least=0, below=1)
    widths = np.atleast_1d(np.asarray(estimator.hidden_layer_sizes, dtype=object))
    for width in widths:
        check_count("hidden_layer_sizes", width)
    options: dict[str, Any] = {
        "seeds": seeds,
        "widths": [int(width) for width in widths],
        "dropout": dropout,
        "layer_norm": estimator.layer_norm,
        "cosine_logits": getattr(get_loss(estimator.loss), "cosine_logits", False),
    }
    if estimator.image_shape is None:
        return StackedMLP(X.shape[1], n_classes, **options)
    _check_image_shape(estimator.image_shape, X)
    return StackedCNN(estimator.image_shape, n_classes, **options)


def _check_image_shape(image_shape: Sequence[int], X: NDArray[np.float32]) -> None:
    shape = tuple(image_shape)
    for side in shape:
        check_count("image_shape", side)
    n_pixels = math.prod(X.shape[1:])
    if len(shape) not in (2, 3) or math.prod(shape) != n_pixels:
        raise InputError(
            f"image_shape is {image_shape!r} and rows of X have the shape "
            f"{X.shape[1:]}: give (height, width) or (channels, height, width) "
            f"with {n_pixels} pixels in all"
        )


def build_network(
    network: Any,
    X: NDArray[np.float32],
    n_classes: int,
    seeds: list[int],
    stacked: bool | Literal["auto"] = "auto",
) -> ReplicaNetwork:
    """Build the replicas of a user's network.

    Parameters
    ----------
    network : nn.Module or callable
        A callable gets the number of features (of rows that are not flat, their
        shape) and the number of classes, and returns a module. If it has a parameter
        ``seeds``, it gets the seeds as well and returns a `ReplicaNetwork`.
    X : ndarray of shape (n_rows, ...)
        Training rows; a few are tried.
    n_classes : int
        Logits per row.
    seeds : list of int
        One per replica.
    stacked : bool or "auto", default="auto"
        See `trimtab.training.replicas.replicate`.

    Returns
    -------
    ReplicaNetwork
        On the CPU.

    Raises
    ------
    InputError
        Where `network` is no such thing, or does not fit the rows and classes.
    """
    n_inputs: Any = X.shape[1] if X.ndim == 2 else X.shape[1:]
    if _builds_all(network):
        return _all_at_once(network, n_inputs, n_classes, seeds)
    modules = build_modules(network, n_inputs, n_classes, seeds)
    few = as_inputs(X[:4])
    check_module(modules[0], few, n_classes)
    return replicate(modules, few, seeds, stacked)


def _builds_all(network: Any) -> bool:
    """Whether a callable takes the seeds of all replicas."""
    if isinstance(network, nn.Module):
        return False
    if not callable(network):
        raise InputError(
            f"network is {network!r}: give a torch.nn.Module, a function of the "
            "numbers of inputs and outputs that returns one, or None"
        )
    return "seeds" in inspect.signature(network).parameters


def _all_at_once(
    build: Any, n_inputs: Any, n_classes: int, seeds: list[int]
) -> ReplicaNetwork:
    network = build(n_inputs, n_classes, seeds=seeds)
    if not isinstance(network, ReplicaNetwork):
        raise InputError(
            f"network takes seeds but returned a {type(network).__name__}: return a "
            "ReplicaNetwork, or do without the parameter seeds"
        )
    return network


def build_modules(
    network: nn.Module | Callable[..., nn.Module],
    n_inputs: int,
    n_outputs: int,
    seeds: Sequence[int],
) -> list[nn.Module]:
    """Build one module per seed.

    Parameters
    ----------
    network : nn.Module, or callable ``(n_inputs, n_outputs) -> nn.Module``
        A callable, a class for instance, is called once per replica, with PyTorch's
        random state set by the replica's seed. A module is copied with the weights it
        has: replicas then differ by their draws alone.
    n_inputs, n_outputs : int
        Features of a row, and classes.
    seeds : sequence of int
        One seed per replica.

    Returns
    -------
    list of nn.Module
        On the CPU, in single precision; PyTorch's own random state is as it was.

    Raises
    ------
    InputError
        Where no module comes of it, or one without parameters.
    """
    modules: list[Any] = []
    with borrowed_stream():
        for seed in seeds:
            # Not torch.manual_seed, which would seed accelerators as well.
            torch.default_generator.manual_seed(
                generator_for(seed, INITIAL_WEIGHTS).initial_seed()
            )
            is_module = isinstance(network, nn.Module)
            modules.append(
                copy.deepcopy(network) if is_module else network(n_inputs, n_outputs)
            )
    first = modules[0]
    if not isinstance(first, nn.Module):
        raise InputError(
            f"network gave a {type(first).__name__}: give a torch.nn.Module, or a "
            "function of the numbers of inputs and outputs that returns one"
        )
    if not any(parameter.requires_grad for parameter in first.parameters()):
        raise InputError(
            f"network {type(first).__name__} has no parameters to train: give a "
            "torch.nn.Module whose parameters require gradients"
        )
    return [module.float() for module in modules]  # rows come in single precision


def check_module(module: nn.Module, x: Tensor, n_outputs: int) -> None:
    """Raise an `InputError` unless a module maps rows to one logit per class.

    Parameters
    ----------
    module : nn.Module
        Tried as a copy, on the CPU; PyTorch's random state stays as it was.
    x : Tensor of shape (batch, ...)
        A few rows, two at least.
    n_outputs : int
        Classes.
    """
    name = type(module).__name__
    with borrowed_stream(), torch.no_grad():
        try:
            logits = copy.deepcopy(module).train()(x)
        except (RuntimeError, ValueError, IndexError) as error:
            raise InputError(
                f"network {name} cannot take rows of shape {tuple(x.shape[1:])} "
                f"({first_line(error)}): give one that fits X"
            ) from error
    shape = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
    if shape != (len(x), n_outputs):
        raise InputError(
            f"network {name} gives {shape} for {len(x)} rows: give one logit per "
            f"class, ({len(x)}, {n_outputs})"
        )
