"""What an ensemble accepts: whatever its learner accepts, as it came."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import get_tags
from sklearn.utils.validation import validate_data

from trimtab.exceptions import InputError
from trimtab.fit_arguments import read_labels, target_of
from trimtab.lightgbm_tables import as_lightgbm_likes, is_lightgbm
from trimtab.tables import check_table

__all__ = ["accept_rows", "accept_table", "check_class_sizes"]


def accept_rows(estimator: Any, learner: Any, X: Any, *y: Any) -> Any:
    """Check the shape of a table and, in ``fit``, the labels.

    Values are the learner's affair: nothing is converted but lists, which become
    arrays, and sparse matrices that cannot be indexed by rows, or not be read by
    LightGBM.

    Parameters
    ----------
    estimator : estimator
        Gets ``n_features_in_`` and ``feature_names_in_`` where `y` is given; otherwise
        the table must agree with them.
    learner : estimator or None
        What the members are; None for LightGBM.
    X : table of shape (n_rows, n_columns)
        Array, DataFrame of any make, sparse matrix or list.
    *y : array-like of shape (n_rows,)
        Class labels, in ``fit``.

    Returns
    -------
    X, or X and its Labels

    Raises
    ------
    InputError
        Where the table has no columns or two of a name, or holds what LightGBM cannot
        read; where labels are missing, continuous, mixed, or not one for each row.
    """
    X = accept_table(estimator, learner, X, *target_of(*y))
    return (X, read_labels(X, y[0])) if y else X


def accept_table(estimator: Any, learner: Any, X: Any, *target: Any) -> Any:
    """Check the shape of a table, or of an example of one; see `accept_rows`.

    Parameters
    ----------
    estimator, learner, X
        As for `accept_rows`.
    *target : str
        ``"no_validation"`` in ``fit``.
    """
    reset = bool(target)
    if hasattr(X, "columns"):
        check_table(X)
        validate_data(estimator, X, *target, reset=reset, skip_check_array=True)
    else:
        accepts_sparse = learner is None or get_tags(learner).input_tags.sparse
        X = validate_data(
            estimator,
            X,
            *target,
            reset=reset,
            dtype=None,
            accept_sparse="csr" if accepts_sparse else False,
            ensure_all_finite=False,
        )
    return as_lightgbm_likes(X) if learner is None or is_lightgbm(learner) else X


def check_class_sizes(
    classes: NDArray[Any], counts: NDArray[np.int64], is_split: bool
) -> None:
    """Raise an `InputError` that names a class with too few rows to hold some out.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        The labels.
    counts : ndarray of int of shape (n_classes,)
        Training rows of each.
    is_split : bool
        Whether rows of each class will be held out.
    """
    single = classes[counts == 1]
    if is_split and len(single):
        raise InputError(
            f"class {single[0].item()!r} has one row only, and one of each class is "
            "held out: merge the class, drop it, or give eval_set"
        )
