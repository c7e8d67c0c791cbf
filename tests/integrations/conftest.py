"""One thread, because the tensors are small; rows that all integrations train on."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.datasets import make_classification


class Rows(NamedTuple):
    """Training and held-out rows of three classes, 8 features."""

    X: NDArray[Any]
    codes: NDArray[Any]
    X_held: NDArray[Any]
    codes_held: NDArray[Any]


@pytest.fixture(autouse=True, scope="package")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="package")
def rows() -> Rows:
    """Give 240 training and 120 held-out rows, three quarters of one class."""
    X, codes = make_classification(
        360,
        n_features=8,
        n_informative=5,
        n_classes=3,
        n_clusters_per_class=1,
        weights=[0.75, 0.1],
        class_sep=1.2,
        random_state=3,
    )
    X = X.astype(np.float32)
    held = np.arange(360) % 3 == 0
    return Rows(X[~held], codes[~held], X[held], codes[held])
