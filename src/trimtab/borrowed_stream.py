"""PyTorch's own random stream, lent to one thread at a time."""

# SPDX-License-Identifier: BSD-3-Clause

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["borrowed_stream"]

_TURN = threading.RLock()


@contextmanager
def borrowed_stream() -> Iterator[None]:
    """Let a block seed the stream that PyTorch draws from by default.

    Afterwards it goes on where it was. All threads have one together, so they take
    turns: what a block draws depends on its seed alone, however many threads there are.
    """
    with _TURN, torch.random.fork_rng(devices=[]):
        yield
