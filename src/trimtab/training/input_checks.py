"""Checks of what networks take in."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.exceptions import InputError
from trimtab.tables import Labels

__all__ = ["check_inputs", "check_splittable"]


def check_inputs(X: NDArray[np.floating[Any]], names: Any = None) -> None:
    """Raise an `InputError` that names the first column that is not finite.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_columns, ...)
        Inputs of a network.
    names : sequence of str, default=None
        What the columns are called; by default their numbers.
    """
    bad = ~np.isfinite(X)
    if not bad.any():
        return
    column = int(np.nonzero(bad)[1].min())
    values = X[:, column]
    name = repr(column if names is None else str(names[column]))
    if np.isnan(values).any():
        raise InputError(
            f"column {name} of X holds NaN in {int(np.isnan(values).sum())} of "
            f"{values.size} values: fill them first, for instance with SimpleImputer"
        )
    raise InputError(
        f"column {name} of X holds {int(np.isinf(values).sum())} values that are "
        "infinite (inf) or too large for single precision: replace or rescale them"
    )


def check_splittable(labels: Labels) -> None:
    """Raise an `InputError` that names a class of one row, which cannot be split."""
    single = labels.classes[labels.counts == 1]
    if len(single):
        raise InputError(
            f"class {single[0]} has one row only: a held-out part needs at least two; "
            "merge the class, drop it, or give eval_set"
        )
