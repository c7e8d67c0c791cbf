"""What an ensemble accepts: whatever its learner accepts, as it came."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

from scipy.sparse import csr_matrix, issparse
from sklearn.utils import column_or_1d, get_tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from trimtab.exceptions import InputError
from trimtab.tables import Labels, check_same_length, check_table

__all__ = ["accept_rows", "check_class_sizes"]


def accept_rows(estimator: Any, learner: Any, X: Any, *y: Any) -> Any:
    """Check the shape of a table and, in ``fit``, the labels.

    Values are the learner's affair: nothing is converted but lists, which become
    arrays, and sparse matrices that cannot be indexed by rows.

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
    X, or X and y
    """
    reset = bool(y)
    if hasattr(X, "columns"):
        checked = validate_data(estimator, X, *y, reset=reset, skip_check_array=True)
        check_table(X)
    else:
        accepts_sparse = learner is None or get_tags(learner).input_tags.sparse
        checked = validate_data(
            estimator,
            X,
            *y,
            reset=reset,
            dtype=None,
            accept_sparse="csr" if accepts_sparse else False,
            ensure_all_finite=False,
        )
    if not y:
        return _as_lightgbm_likes(checked) if learner is None else checked
    X, labels = checked
    X = _as_lightgbm_likes(X) if learner is None else X
    check_same_length(X, labels)
    labels = column_or_1d(labels, warn=True)
    check_classification_targets(labels)
    return X, labels


def _as_lightgbm_likes(X: Any) -> Any:
    """Return a sparse array as a sparse matrix over the same memory."""
    is_sparse: bool = issparse(X)
    return csr_matrix(X) if is_sparse else X


def check_class_sizes(labels: Labels, is_split: bool) -> None:
    """Raise an `InputError` that names a class with too few rows to hold some out.

    Parameters
    ----------
    labels : Labels
        Of the training rows.
    is_split : bool
        Whether rows of each class will be held out.
    """
    single = labels.classes[labels.counts == 1]
    if is_split and len(single):
        raise InputError(
            f"class {single[0].item()!r} has one row only, and one of each class is "
            "held out: merge the class, drop it, or give eval_set"
        )
