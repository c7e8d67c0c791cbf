"""What ``fit`` takes beside rows: labels, held-out rows, weights of all kinds."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from trimtab.exceptions import InputError
from trimtab.lazy_tables import is_dask
from trimtab.tables import (
    Labels,
    check_same_length,
    encode_labels,
    label_values,
    n_rows,
    take_rows,
)

__all__ = [
    "accept_labels",
    "check_eval_set",
    "check_fit_parameters",
    "check_sample_weight",
    "check_weight",
    "coded_class_weights",
    "encode_as",
    "read_labels",
    "seed_parameters",
    "target_of",
    "weighty_rows",
]

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


def accept_labels(y: Any) -> Labels:
    """Return labels of any container, in the way that scikit-learn's contract wants.

    Parameters
    ----------
    y : array-like of shape (n_rows,)
        Text, whole numbers or booleans.

    Raises
    ------
    InputError
        See `trimtab.tables.encode_labels`.
    ValueError
        Where labels are an array of continuous numbers.

    Warns
    -----
    DataConversionWarning
        Where they are a column.
    """
    if type(y) is np.ndarray:
        y = column_or_1d(y, warn=True)
        if y.dtype.kind in "biuf" and np.isfinite(y).all():
            check_classification_targets(y)
    return encode_labels(y)


def target_of(*y: Any) -> tuple[str | None, ...]:
    """Return what `sklearn.utils.validation.validate_data` is told of labels.

    They are read on their own, by `read_labels`, so that no mixture of them becomes
    text on the way.

    Parameters
    ----------
    *y : array-like
        Labels, in ``fit``.
    """
    return tuple(None if one is None else "no_validation" for one in y)


def read_labels(X: Any, y: Any) -> Labels:
    """Return the labels of a checked table; see `accept_labels`.

    Raises
    ------
    InputError
        Where there is not one for each row, too.
    """
    labels = accept_labels(y)
    check_same_length(X, labels.codes)
    return labels


def encode_as(y: Any, labels: Labels, *, name: str = "y") -> NDArray[np.int64]:
    """Encode further labels by the classes that are known.

    Parameters
    ----------
    y : array-like, or pandas or polars Series, of shape (n_rows,)
        Labels of the same kind.
    labels : Labels
        The classes.
    name : str, default="y"
        What they are called in error messages.

    Returns
    -------
    ndarray of int64 of shape (n_rows,)
        The code of each row.

    Raises
    ------
    InputError
        Where a label is missing, or none of the classes.

    Examples
    --------
    >>> from trimtab.tables import encode_labels
    >>> encode_as(["ok", "ok", "fraud"], encode_labels(["ok", "fraud"])).tolist()
    [1, 1, 0]
    """
    values, classes = label_values(y, name), labels.classes
    if (values.dtype.kind == "U") != (classes.dtype.kind == "U"):
        raise InputError(
            f"{name} has labels such as {values[0].item()!r}, and the training rows "
            f"such as {classes[0].item()!r}: give labels of the same type"
        )
    codes = np.searchsorted(classes, values).clip(max=len(classes) - 1)
    strange = values[classes[codes] != values]
    if len(strange):
        raise InputError(
            f"{name} has the class {strange[0].item()!r}, and the training rows have "
            f"{', '.join(map(repr, classes[:5].tolist()))}: leave such rows out"
        )
    return codes.astype(np.int64)


def check_eval_set(
    eval_set: Any, labels: Labels, *, name: str = "eval_set"
) -> tuple[Any, Codes]:
    """Return a held-out table and its class codes.

    Parameters
    ----------
    eval_set : tuple of X and y
        Rows of every class.
    labels : Labels
        Those of the training rows.
    name : str, default="eval_set"
        What the parameter is called.

    Raises
    ------
    InputError
        Where it is no pair of equal length, has a class that `labels` has not, or
        lacks one.
    """
    if not (isinstance(eval_set, (tuple, list)) and len(eval_set) == 2):
        raise InputError(
            f"{name} is a {type(eval_set).__name__}: give a pair of held-out rows "
            f"and their labels, {name}=(X_held, y_held)"
        )
    X, y = eval_set
    if is_dask(X) or is_dask(y):
        raise InputError(
            f"{name} is a dask collection, and is measured again and again: give it "
            f"in memory, {name}=(X_held.compute(), y_held.compute())"
        )
    codes = encode_as(y, labels, name=f"the y of {name}")
    if n_rows(X) != len(codes):
        raise InputError(
            f"{name} has {n_rows(X)} rows and {len(codes)} labels: give one label "
            "for each row"
        )
    absent = np.flatnonzero(np.bincount(codes, minlength=len(labels.classes)) == 0)
    if len(absent):
        raise InputError(
            f"{name} has no row of class {labels.classes[absent[0]].item()!r}, so "
            f"its difficulty cannot be measured: add some, or leave {name} out"
        )
    return X, codes


def seed_parameters(estimator: Any) -> list[str]:
    """Return the names of all seeds of an estimator and of what it wraps.

    Parameters
    ----------
    estimator : estimator
        Anything with ``get_params``.

    Returns
    -------
    list of str
        Sorted, as ``set_params`` takes them.

    Examples
    --------
    >>> from sklearn.ensemble import BaggingClassifier
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> seed_parameters(BaggingClassifier(DecisionTreeClassifier()))
    ['estimator__random_state', 'random_state']
    """
    return sorted(
        name
        for name in estimator.get_params(deep=True)
        if name == "random_state" or name.endswith("__random_state")
    )


def check_fit_parameters(fit_params: dict[str, Any]) -> None:
    """Raise an `InputError` where ``fit`` was given what it does not know.

    Parameters
    ----------
    fit_params : dict
        What it was given beyond its named parameters.
    """
    unknown = set(fit_params) - {"sample_weight"}
    if unknown:
        raise InputError(
            f"fit has no parameter {min(unknown)!r}: known are eval_set and "
            "sample_weight"
        )


def check_sample_weight(fit_params: dict[str, Any], labels: Labels) -> Floats | None:
    """Return the rows' weights, the one further parameter that ``fit`` takes.

    Parameters
    ----------
    fit_params : dict
        What ``fit`` was given beyond its named parameters.
    labels : Labels
        Those of the training rows.

    Returns
    -------
    ndarray of float of shape (n_rows,) or None

    Raises
    ------
    InputError
        Where there is anything else, a weight is missing, negative or not finite, or
        all rows of a class weigh nothing.
    """
    check_fit_parameters(fit_params)
    given = fit_params.get("sample_weight")
    if given is None:
        return None
    return check_weight("sample_weight", given, labels.codes, labels.classes)


def check_weight(
    name: str, given: Any, codes: NDArray[np.int64], classes: NDArray[Any]
) -> Floats:
    """Return weights of rows as numbers.

    Parameters
    ----------
    name : str
        What the parameter is called.
    given : array-like of shape (n_rows,)
        What it was set to.
    codes : ndarray of int of shape (n_rows,)
        The rows' classes.
    classes : ndarray of shape (n_classes,)
        What they are called.

    Returns
    -------
    ndarray of float of shape (n_rows,)

    Raises
    ------
    InputError
        Where a weight is missing, negative or not finite, or all rows of a class
        weigh nothing.
    """
    try:
        weight = np.asarray(given, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{name} is not all numbers ({error}): give one for each row"
        ) from None
    if weight.shape != codes.shape:
        raise InputError(
            f"{name} has the shape {weight.shape}: give one number for each of "
            f"the {len(codes)} rows"
        )
    bad = ~(np.isfinite(weight) & (weight >= 0))
    if bad.any():
        raise InputError(
            f"{name} holds {weight[bad][0]}: give finite numbers, not negative"
        )
    empty = np.flatnonzero(np.bincount(codes, weight, len(classes)) == 0)
    if len(empty):
        raise InputError(
            f"{name} is 0 in all rows of class {classes[empty[0]].item()!r}: give some "
            "of them weight, or leave the class out"
        )
    return weight


def weighty_rows(
    X: Any, labels: Labels, weight: Floats | None
) -> tuple[Any, Labels, Floats | None]:
    """Leave out the rows that weigh nothing: they are as good as not there.

    A row is drawn whatever its weight, and would take the place of one that counts.

    Parameters
    ----------
    X : table of shape (n_rows, n_columns)
        Of any kind.
    labels : Labels
        Of its rows.
    weight : ndarray of float of shape (n_rows,) or None
        From `check_sample_weight`: every class has rows that weigh something.

    Returns
    -------
    X, labels, weight
        As they came where no weight is 0.
    """
    if weight is None or weight.all():
        return X, labels, weight
    rows = np.flatnonzero(weight)
    kept = Labels(labels.classes, labels.codes[rows], labels.positive)
    return take_rows(X, rows), kept, weight[rows]


def coded_class_weights(learner: Any, classes: NDArray[Any]) -> Any:
    """Return a learner whose class weights are by code, as the labels it will be given.

    Parameters
    ----------
    learner : estimator
        With weights by label, perhaps, in ``class_weight`` or in that of a step.
    classes : ndarray of shape (n_classes,)
        The labels, in the order of their codes.

    Returns
    -------
    estimator
        The learner itself where it has no such weights.

    Raises
    ------
    InputError
        Where a weight is of no known label.
    """
    if isinstance(learner, type) or not hasattr(learner, "get_params"):
        return learner  # who fits it says what is wrong with it
    codes = {label: code for code, label in enumerate(classes.tolist())}
    coded = {}
    for name, weights in learner.get_params().items():
        if name.rpartition("__")[2] != "class_weight" or not isinstance(weights, dict):
            continue
        strange = [label for label in weights if label not in codes]
        if strange:
            raise InputError(
                f"{name} has a weight for the class {strange[0]!r}, and the training "
                f"rows have {', '.join(map(repr, list(codes)[:5]))}: give weights by "
                "label"
            )
        coded[name] = {codes[label]: weight for label, weight in weights.items()}
    return clone(learner).set_params(**coded) if coded else learner
