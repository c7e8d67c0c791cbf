"""PyTorch's random streams: one for each replica and purpose, and the common one.

What is drawn for networks is in single precision, which they compute in, whatever
``torch.set_default_dtype`` says.
"""

# SPDX-License-Identifier: BSD-3-Clause

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

__all__ = [
    "CONVOLUTIONS",
    "DRAWS",
    "FIRST_NOISE",
    "INITIAL_WEIGHTS",
    "borrowed_stream",
    "generator_for",
    "initial_values",
    "normal",
    "uniform",
]

INITIAL_WEIGHTS, CONVOLUTIONS, DRAWS, FIRST_NOISE = range(4)
"""What a replica's seed is used for; each purpose has a stream of its own."""

_TURN = threading.RLock()


def generator_for(
    seed: int, purpose: int, device: torch.device | str = "cpu"
) -> torch.Generator:
    """Return the random stream of one replica for one purpose.

    Parameters
    ----------
    seed : int
        The replica's seed, 0 or more.
    purpose : int
        `INITIAL_WEIGHTS`, `CONVOLUTIONS` (their initial weights), `DRAWS`, or
        `FIRST_NOISE` plus the number of the layer.
    device : torch.device or str, default="cpu"
        Where the numbers will be drawn.

    Returns
    -------
    torch.Generator
        Streams of different seeds or purposes are independent of each other, and of
        how many replicas there are.
    """
    state = np.random.SeedSequence((seed, purpose)).generate_state(1, np.uint64)
    return torch.Generator(device).manual_seed(int(state[0]))


def uniform(shape: Sequence[int], generators: Sequence[torch.Generator]) -> Tensor:
    """Draw numbers in [0, 1), each replica's from its own stream.

    Parameters
    ----------
    shape : sequence of int
        What each replica gets.
    generators : sequence of R torch.Generator
        The streams, all on one device.

    Returns
    -------
    FloatTensor of shape (R, ...)
        Each replica's of the given shape, where the streams are.

    Examples
    --------
    >>> uniform((5, 2), [generator_for(seed, DRAWS) for seed in range(3)]).shape
    torch.Size([3, 5, 2])
    """
    return _of_streams(torch.rand, shape, generators)


def normal(shape: Sequence[int], generators: Sequence[torch.Generator]) -> Tensor:
    """Draw standard normal numbers, with parameters and shape as in `uniform`."""
    return _of_streams(torch.randn, shape, generators)


def _of_streams(
    draw: Callable[..., Tensor],
    shape: Sequence[int],
    generators: Sequence[torch.Generator],
) -> Tensor:
    drawn = [
        draw(*shape, generator=own, device=own.device, dtype=torch.float)
        for own in generators
    ]
    return torch.stack(drawn)


def initial_values(
    shape: Sequence[int], n_inputs: int, generators: Sequence[torch.Generator]
) -> nn.Parameter:
    """Draw a layer's first weights, as PyTorch's own linear layers have them.

    Parameters
    ----------
    shape : sequence of int
        Of one replica's weights.
    n_inputs : int
        Of the layer. Weights lie within one over the root of it.
    generators : sequence of R torch.Generator
        The replicas' streams.

    Returns
    -------
    Parameter of shape (R, ...)
    """
    bound = 1 / math.sqrt(max(n_inputs, 1))
    return nn.Parameter(uniform(shape, generators).mul_(2 * bound).sub_(bound))


@contextmanager
def borrowed_stream() -> Iterator[None]:
    """Let a block seed the stream that PyTorch draws from by default.

    Afterwards it goes on where it was. All threads have one together, so they take
    turns: what a block draws depends on its seed alone, however many threads there are.
    """
    with _TURN, torch.random.fork_rng(devices=[]):
        yield
