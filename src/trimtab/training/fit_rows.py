"""What ``fit`` of a network is given, as the rows that are trained and measured on."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data

from trimtab.exceptions import check_number
from trimtab.fit_arguments import check_eval_set, read_labels, target_of
from trimtab.lazy_tables import refuse_dask
from trimtab.tables import check_table, held_out_split
from trimtab.training.input_checks import check_inputs, check_splittable
from trimtab.training.resampled_rows import (
    Resampling,
    TrainingRows,
    check_sampler,
    resampled_rows,
)

__all__ = [
    "FitRows",
    "check_network_inputs",
    "resampled",
    "rows_to_fit",
    "takes_images",
]

Inputs = NDArray[np.float32]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class FitRows:
    """The rows of one fit, after the held-out part was split off.

    Attributes
    ----------
    X : ndarray of float32 of shape (n_rows, ...)
        Training rows.
    codes : ndarray of int64 of shape (n_rows,)
        Their class codes.
    X_held, codes_held : ndarray
        Held-out rows and their class codes; never resampled.
    classes : ndarray of shape (n_classes,)
        The labels, sorted.
    class_prior : ndarray of float of shape (n_classes,)
        Each class's share of the training rows before they were resampled.
    seeds : list of int
        One per replica.
    resampling : Resampling or None, default=None
        What is to be done to the training rows ahead of the training, see `resampled`.
    """

    X: Inputs
    codes: Codes
    X_held: Inputs
    codes_held: Codes
    classes: NDArray[Any]
    class_prior: NDArray[np.float64]
    seeds: list[int]
    resampling: Resampling | None = None


def rows_to_fit(estimator: Any, X: Any, y: Any, eval_set: Any = None) -> FitRows:
    """Check what ``fit`` is given, and split off the held-out part.

    Parameters
    ----------
    estimator : NetworkClassifier
        Its parameters say how; it gets ``n_features_in_`` and, of a table with names,
        ``feature_names_in_``.
    X, y, eval_set
        As in ``NetworkClassifier.fit``.

    Returns
    -------
    FitRows

    Raises
    ------
    InputError
        As ``NetworkClassifier.fit`` does.
    """
    X, labels = check_network_inputs(estimator, X, y)
    random = check_random_state(estimator.random_state)
    if eval_set is None:
        fraction = estimator.validation_fraction
        check_number("validation_fraction", fraction, above=0, below=1)
        check_splittable(labels)
        training, held = held_out_split(labels.codes, fraction, random_state=random)
        X_held, codes_held = X[held], labels.codes[held]
        X, codes = X[training], labels.codes[training]
    else:
        X_held, codes_held = check_eval_set(eval_set, labels)
        X_held, codes = check_network_inputs(estimator, X_held), labels.codes
    entropy = random.randint(np.iinfo(np.int32).max)
    seeds = np.random.SeedSequence(entropy).generate_state(estimator.n_replicas)
    class_prior = np.bincount(codes, minlength=len(labels.classes)) / len(codes)
    resampling = None
    if estimator.sampler is not None:
        seed = random.randint(np.iinfo(np.int32).max)
        check_sampler(estimator.sampler)
        resampling = Resampling(estimator.sampler, seed)
    return FitRows(
        X,
        codes,
        X_held,
        codes_held,
        labels.classes,
        class_prior,
        seeds.tolist(),
        resampling,
    )


def resampled(rows: Sequence[FitRows]) -> list[FitRows]:
    """Return the rows of several fits as their samplers leave them.

    Raises
    ------
    InputError
        As `trimtab.training.resampled_rows.resampled_rows` does.
    """
    results = list(rows)
    due = {i: own.resampling for i, own in enumerate(rows) if own.resampling}
    tables = [TrainingRows(rows[i].X, rows[i].codes, rows[i].classes) for i in due]
    made = resampled_rows(list(due.values()), tables)
    for i, (X, codes) in zip(due, made, strict=True):
        results[i] = replace(rows[i], X=X, codes=codes, resampling=None)
    return results


def takes_images(estimator: Any) -> bool:
    """Return whether the rows of a NetworkClassifier may have more than one axis."""
    return estimator.network is not None or estimator.image_shape is not None


def check_network_inputs(estimator: Any, X: Any, *y: Any, network: Any = None) -> Any:
    """Return X, or X and y, as a network takes them.

    Parameters
    ----------
    estimator : estimator
        With `y` it learns the width and the names of the columns, else `X` must have
        them.
    X : array-like or DataFrame of shape (n_rows, n_columns)
        Finite numbers; rows may have more axes for a network of the user's.
    *y : array-like of shape (n_rows,)
        Labels, in ``fit``.
    network : NetworkClassifier, default=None
        What `estimator` wraps; by default it is one itself.

    Returns
    -------
    X : ndarray of float32, or the pair of it and the Labels of `y`

    Raises
    ------
    InputError
        Where `X` is not finite.
    """
    refuse_dask(X)
    if hasattr(X, "columns"):
        check_table(X)
    checked = validate_data(
        estimator,
        X,
        *target_of(*y),
        dtype=np.float32,
        ensure_all_finite=False,
        allow_nd=takes_images(estimator if network is None else network),
        reset=bool(y),
    )
    check_inputs(checked, getattr(estimator, "feature_names_in_", None))
    return (checked, read_labels(checked, y[0])) if y else checked
