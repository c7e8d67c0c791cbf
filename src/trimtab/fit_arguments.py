"""What ``fit`` takes beside rows and labels: a held-out set, and weights."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.exceptions import InputError
from trimtab.tables import Labels, check_same_length

__all__ = ["check_eval_set", "check_sample_weight"]

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


def check_eval_set(eval_set: Any, labels: Labels) -> tuple[Any, Codes]:
    """Return the held-out table and its class codes.

    Parameters
    ----------
    eval_set : tuple of X and y
        Rows of every class.
    labels : Labels
        Those of the training rows.

    Raises
    ------
    InputError
        Where it is no pair of equal length, has a class that `labels` has not, or
        lacks one.
    """
    if not (isinstance(eval_set, (tuple, list)) and len(eval_set) == 2):
        raise InputError(
            f"eval_set is a {type(eval_set).__name__}: give a pair of held-out rows "
            "and their labels, eval_set=(X_held, y_held)"
        )
    X, y = eval_set
    check_same_length(X, y)
    classes, codes = np.unique(np.asarray(y), return_inverse=True)
    strange = np.setdiff1d(classes, labels.classes)
    absent = np.setdiff1d(labels.classes, classes)
    if len(strange):
        raise InputError(
            f"eval_set has the class {strange[0].item()!r}, which y has not: leave its "
            "rows out"
        )
    if len(absent):
        raise InputError(
            f"eval_set has no row of class {absent[0].item()!r}, so its difficulty "
            "cannot be measured: add some, or leave eval_set out"
        )
    return X, codes.reshape(-1).astype(np.int64)


def check_sample_weight(fit_params: dict[str, Any], n_rows: int) -> Floats | None:
    """Return the rows' weights, the one further parameter that ``fit`` takes.

    Parameters
    ----------
    fit_params : dict
        What ``fit`` was given beyond its named parameters.
    n_rows : int
        Training rows.

    Returns
    -------
    ndarray of float of shape (n_rows,) or None

    Raises
    ------
    InputError
        Where there is anything else, or a weight is missing, negative or not finite.
    """
    unknown = set(fit_params) - {"sample_weight"}
    if unknown:
        raise InputError(
            f"fit has no parameter {min(unknown)!r}: known are eval_set and "
            "sample_weight"
        )
    given = fit_params.get("sample_weight")
    if given is None:
        return None
    weight = np.asarray(given, dtype=float)
    if weight.shape != (n_rows,):
        raise InputError(
            f"sample_weight has the shape {weight.shape}: give one number for each of "
            f"the {n_rows} rows"
        )
    bad = ~(np.isfinite(weight) & (weight >= 0))
    if bad.any():
        raise InputError(
            f"sample_weight holds {weight[bad][0]}: give finite numbers, not negative"
        )
    return weight
