"""The rows that an ensemble is grown on, as a policy that looks at them is told."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["TrainingRows"]

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class TrainingRows:
    """The table that an ensemble is grown on.

    Attributes
    ----------
    X : table of shape (n_rows, n_columns)
        As the user gave it.
    codes : ndarray of int of shape (n_rows,)
        Class codes. Empty where the table is a Dask collection.
    held_out : dict
        The arguments of `Cascade` that say what is held out; empty for nothing.
    classes : ndarray of shape (n_classes,)
        The labels.
    counts : ndarray of int of shape (n_classes,)
        Rows of each class.
    """

    X: Any
    codes: Codes
    held_out: dict[str, Any]
    classes: NDArray[Any]
    counts: Codes
