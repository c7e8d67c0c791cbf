"""What a user gives to an estimator that wraps another learner, checked once."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import column_or_1d, get_tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data
from torch import nn

from trimtab.exceptions import InputError
from trimtab.tables import (
    Labels,
    check_finite,
    check_same_length,
    check_table,
)
from trimtab.training.classifier import NetworkClassifier
from trimtab.training.fit_rows import takes_images
from trimtab.training.incremental import check_is_estimator

__all__ = ["as_network", "check_eval_set", "check_rows", "check_sample_weight"]

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


def as_network(learner: Any) -> NetworkClassifier | None:
    """Return an unfitted copy of the network that a learner stands for.

    Parameters
    ----------
    learner : NetworkClassifier, nn.Module, callable, None or any estimator
        None stands for trimtab's own network; a callable builds a module, see
        `trimtab.training.classifier.NetworkClassifier`.

    Returns
    -------
    NetworkClassifier or None
        None where the learner is not a network.
    """
    if isinstance(learner, NetworkClassifier):
        unfitted: NetworkClassifier = clone(learner)
        return unfitted
    builds_one = callable(learner) and not hasattr(learner, "fit")
    if learner is None or builds_one or isinstance(learner, nn.Module):
        return NetworkClassifier(learner)
    return None


def check_rows(estimator: Any, learner: Any, X: Any, *y: Any) -> Any:
    """Check a table and, in ``fit``, the labels.

    Parameters
    ----------
    estimator : estimator
        Gets ``n_features_in_`` and ``feature_names_in_`` where `y` is given; otherwise
        the table must agree with them.
    learner : estimator
        What it wraps; its tags say what is accepted. Of a data frame, a learner that
        knows missing values is given rows as they are, for it may know categories;
        anything else becomes an array of numbers or stays sparse.
    X : table of shape (n_rows, n_columns)
        Rows may have more axes for a network of the user's.
    *y : array-like of shape (n_rows,)
        Class labels, in ``fit``.

    Returns
    -------
    X, or X and y

    Raises
    ------
    InputError
        Where `learner` is no estimator, or the rows cannot be used.
    """
    reset = bool(y)
    network = as_network(learner)
    if network is None:
        check_is_estimator(learner)
    accepts = get_tags(learner if network is None else network).input_tags
    if accepts.allow_nan and hasattr(X, "columns"):
        checked = validate_data(estimator, X, *y, reset=reset, skip_check_array=True)
        check_table(X)
        check_finite(X)
    elif network is not None:  # it looks at the values itself
        checked = validate_data(
            estimator,
            X,
            *y,
            reset=reset,
            dtype=np.float32,
            ensure_all_finite=False,
            allow_nd=takes_images(network),
        )
    else:
        checked = validate_data(
            estimator,
            X,
            *y,
            reset=reset,
            accept_sparse=["csr", "csc"] if accepts.sparse else False,
            ensure_all_finite="allow-nan" if accepts.allow_nan else True,
        )
    if not y:
        return checked
    X, labels = checked
    check_same_length(X, labels)
    labels = column_or_1d(labels, warn=True)
    check_classification_targets(labels)
    return X, labels


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
