"""Checks of what networks take in."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import column_or_1d

from trimtab.exceptions import InputError
from trimtab.tables import Labels, check_same_length

__all__ = [
    "check_inputs",
    "check_pair",
    "check_splittable",
    "held_out_codes",
]


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


def check_pair(name: str, pair: Any) -> tuple[Any, Any]:
    """Return the two of a pair ``(X, y)``; raise an `InputError` unless they are one.

    Parameters
    ----------
    name : str
        What the parameter is called.
    pair : object
        What it was set to.
    """
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise InputError(f"{name} is a {type(pair).__name__}: give a pair (X, y)")
    X, y = pair
    try:
        check_same_length(X, y)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    return X, y


def check_splittable(labels: Labels) -> None:
    """Raise an `InputError` that names a class of one row, which cannot be split."""
    single = labels.classes[labels.counts == 1]
    if len(single):
        raise InputError(
            f"class {single[0]} has one row only: a held-out part needs at least two; "
            "merge the class, drop it, or give eval_set"
        )


def held_out_codes(y: Any, classes: NDArray[Any]) -> NDArray[np.int64]:
    """Return the codes of held-out rows that the user brought.

    Parameters
    ----------
    y : array-like of shape (n_rows,)
        Their labels.
    classes : ndarray of shape (n_classes,)
        The labels of the training rows, sorted.

    Returns
    -------
    ndarray of int of shape (n_rows,)

    Raises
    ------
    InputError
        Where a label is none of the classes, or a class has no row.
    """
    labels = column_or_1d(y)
    unknown = np.setdiff1d(labels, classes)
    if len(unknown):
        raise InputError(
            f"eval_set has the class {unknown[0]}, which y has not: give rows of the "
            "classes in y"
        )
    missing = np.setdiff1d(classes, labels)
    if len(missing):
        raise InputError(
            f"class {missing[0]} is missing from eval_set: give rows of every class, "
            "or leave eval_set out"
        )
    codes: NDArray[np.int64] = np.searchsorted(classes, labels)
    return codes
