"""One thread, because the tensors are small; a small table that all tests share."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray


class Rows(NamedTuple):
    """Training and held-out rows of three classes, 6 features."""

    X: NDArray[np.float32]
    codes: NDArray[np.int64]
    X_held: NDArray[np.float32]
    codes_held: NDArray[np.int64]


@pytest.fixture(autouse=True, scope="package")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="package")
def rows() -> Rows:
    """Give 140 training and 70 held-out rows in a ratio of 10 to 3 to 1."""
    random = np.random.default_rng(0)
    codes = np.repeat([0, 1, 2], [150, 45, 15])
    centres = random.normal(size=(3, 6)) * 1.5
    X = (centres[codes] + random.normal(size=(210, 6))).astype(np.float32)
    held = np.arange(210) % 3 == 0
    return Rows(X[~held], codes[~held], X[held], codes[held])


@pytest.fixture
def generator() -> Any:
    """Give a seeded random stream of PyTorch's."""
    return torch.Generator().manual_seed(0)
