"""What a user gives to an estimator that wraps another learner, checked once."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

from sklearn.base import clone
from sklearn.utils import get_tags
from sklearn.utils.validation import validate_data
from torch import nn

from trimtab.fit_arguments import read_labels, target_of
from trimtab.infinities import check_finite
from trimtab.lazy_tables import refuse_dask
from trimtab.lightgbm_tables import as_lightgbm_likes, is_lightgbm
from trimtab.tables import check_table
from trimtab.training.classifier import NetworkClassifier
from trimtab.training.fit_rows import check_network_inputs
from trimtab.training.incremental import check_is_estimator

__all__ = ["as_network", "check_rows"]


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
        anything else becomes an array of numbers or stays sparse. LightGBM is given
        what it can read.
    X : table of shape (n_rows, n_columns)
        Rows may have more axes for a network of the user's.
    *y : array-like of shape (n_rows,)
        Class labels, in ``fit``.

    Returns
    -------
    X, or X and its Labels

    Raises
    ------
    InputError
        Where `learner` is no estimator, or the rows cannot be used.
    """
    network = as_network(learner)
    if network is not None:
        return check_network_inputs(estimator, X, *y, network=network)
    refuse_dask(X)
    if hasattr(X, "columns"):
        check_table(X)
    check_is_estimator(learner)
    reset, target = bool(y), target_of(*y)
    accepts = get_tags(learner).input_tags
    if accepts.allow_nan and hasattr(X, "columns"):
        checked = validate_data(
            estimator, X, *target, reset=reset, skip_check_array=True
        )
        check_finite(X)
    else:
        checked = validate_data(
            estimator,
            X,
            *target,
            reset=reset,
            accept_sparse=["csr", "csc"] if accepts.sparse else False,
            ensure_all_finite="allow-nan" if accepts.allow_nan else True,
        )
    if is_lightgbm(learner):
        checked = as_lightgbm_likes(checked)
    return (checked, read_labels(checked, y[0])) if y else checked
