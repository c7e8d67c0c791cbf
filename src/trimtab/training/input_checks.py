"""Checks of the numbers that users set, and of what networks take in."""

# SPDX-License-Identifier: BSD-3-Clause

import math
import numbers
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.exceptions import InputError

__all__ = ["check_count", "check_inputs", "check_number"]


def check_count(name: str, value: Any, at_least: int = 1) -> None:
    """Raise an `InputError` unless `value` is a whole number, large enough.

    Parameters
    ----------
    name : str
        What the parameter is called.
    value : object
        What it was set to.
    at_least : int, default=1
        The smallest allowed.
    """
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or value < at_least:
        raise InputError(
            f"{name} is {value!r}: give a whole number, {at_least} or more"
        )


def check_number(
    name: str,
    value: Any,
    *,
    above: float = -math.inf,
    at_least: float = -math.inf,
    below: float = math.inf,
) -> None:
    """Raise an `InputError` unless `value` is a finite number within bounds.

    Parameters
    ----------
    name : str
        What the parameter is called.
    value : object
        What it was set to.
    above, at_least, below : float
        The bounds; `above` and `below` are not allowed themselves.
    """
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if is_number and above < value < below and value >= at_least:
        return
    bounds = [
        f"{word} {bound:g}"
        for word, bound in (("above", above), ("from", at_least), ("below", below))
        if math.isfinite(bound)
    ]
    raise InputError(f"{name} is {value!r}: give a number {', '.join(bounds)}".rstrip())


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
