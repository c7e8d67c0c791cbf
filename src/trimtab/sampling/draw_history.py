"""How a draw moved over the epochs, beside how well each class was recognised."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from trimtab.exceptions import InputError

__all__ = ["DrawHistory", "innermost"]

Floats = NDArray[np.float64]

INNER = ("best_estimator_", "estimator_")
"""Where searches and wrappers keep the estimator that they fitted."""


@dataclass(frozen=True, eq=False)
class DrawHistory:
    """What was drawn and what was measured, epoch by epoch.

    Replicas stop at different epochs. A value is the mean over those that were still
    training; it ends where fewer than half of them were.

    Attributes
    ----------
    epochs : ndarray of int of shape (n_epochs,)
        Counted from 1.
    drawn : ndarray of float of shape (n_epochs, n_classes)
        How often each class was wanted, in [0, 1].
    f1 : ndarray of float of shape (n_epochs, n_classes)
        F1 of each class on the held-out rows after the epoch.
    classes : ndarray of shape (n_classes,)
        The labels.
    prior : ndarray of float of shape (n_classes,)
        Each class's share of the training rows.
    best_epoch : float
        The epoch that the learner was taken from, the median over replicas.
    n_replicas : int
        How many runs there were.
    """

    epochs: NDArray[np.int64]
    drawn: Floats
    f1: Floats
    classes: NDArray[Any]
    prior: Floats
    best_epoch: float
    n_replicas: int

    @classmethod
    def of(cls, estimator: Any) -> "DrawHistory":
        """Read the history of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            An `ARTClassifier` or a `NetworkClassifier`, or a pipeline or a search
            around one.

        Raises
        ------
        InputError
            Where it has no history of draws.
        """
        fitted = innermost(estimator)
        records: Any = getattr(fitted, "history_", None)
        classes = getattr(fitted, "classes_", None)
        if classes is None or not _tells_of_draws(records, len(classes)):
            raise InputError(
                f"{type(fitted).__name__} has no history of draws: give a fitted "
                "ARTClassifier, or a pipeline that ends in one"
            )
        drawn, f1 = (
            np.array([record[name] for record in records], dtype=np.float64)
            for name in ("class_probabilities", "class_f1")
        )
        epochs = np.array([record["epoch"] for record in records], dtype=np.int64)
        kept, position, n_running = np.unique(
            epochs, return_inverse=True, return_counts=True
        )
        usual = n_running >= n_running.max() / 2
        return cls(
            kept[usual],
            _means(drawn, position, n_running)[usual],
            _means(f1, position, n_running)[usual],
            np.asarray(classes),
            np.asarray(fitted.class_prior_, dtype=float),
            float(np.median(fitted.best_iter_)),
            int(n_running.max()),
        )


def innermost(estimator: Any) -> Any:
    """Return the last step of pipelines, and what searches and wrappers have fitted.

    Parameters
    ----------
    estimator : estimator
        Fitted.

    Returns
    -------
    estimator
        The first inside that has a ``history_``; where none has, the innermost.
    """
    while not hasattr(estimator, "history_"):
        inner = [getattr(estimator, name, None) for name in INNER]
        # Elsewhere the name may mean a number of steps.
        steps = estimator.steps if isinstance(estimator, Pipeline) else None
        found = (
            steps[-1][1] if steps else next((e for e in inner if e is not None), None)
        )
        if found is None:
            break
        estimator = found
    return estimator


def _tells_of_draws(records: Any, n_classes: int) -> bool:
    """Whether these are the records of `n_classes` classes that ART keeps."""
    return (
        isinstance(records, list)
        and len(records) > 0
        and all(
            isinstance(record, Mapping)
            and "epoch" in record
            and np.shape(record.get("class_probabilities", ())) == (n_classes,)
            and np.shape(record.get("class_f1", ())) == (n_classes,)
            for record in records
        )
    )


def _means(values: Floats, position: NDArray[np.intp], counts: Any) -> Floats:
    """Return the mean of the values at each position."""
    sums = np.zeros((len(counts), values.shape[1]))
    np.add.at(sums, position, values)
    means: Floats = sums / counts[:, None]
    return means
