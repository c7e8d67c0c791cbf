"""Members of an ensemble: made from one learner, seeded, fitted, asked."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils.validation import has_fit_parameter

from trimtab.exceptions import InputError
from trimtab.tables import n_rows, take_rows

__all__ = ["BLOCK_ROWS", "Learner", "MemberMaker", "predicted"]

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

Learner = Any | Callable[[int], Any]
"""A classifier, or a function of the number of rows drawn that returns one."""

BLOCK_ROWS = 200_000
"""Rows predicted at once, so that no learner copies all of a large table."""


class MemberMaker:
    """Makes the members of one ensemble.

    Parameters
    ----------
    learner : classifier or callable
        What the members are clones of. A callable is given the number of rows drawn
        and returns an unfitted classifier.
    weighted : bool
        Whether rows have weights.

    Raises
    ------
    InputError
        Where the learner is no classifier that predicts probabilities, or takes no
        weights although there are some.
    """

    def __init__(self, learner: Learner, weighted: bool) -> None:
        self._learner = learner
        self._is_function = callable(learner) and not hasattr(learner, "fit")
        example = learner(1) if self._is_function else learner
        name = type(example).__name__
        if isinstance(example, type) or not hasattr(example, "get_params"):
            raise InputError(
                f"estimator is {example!r}: give an unfitted classifier, for instance "
                "DecisionTreeClassifier()"
            )
        if not hasattr(example, "predict_proba"):
            raise InputError(
                f"{name} predicts no probabilities: take a classifier with "
                "predict_proba, or wrap it, CalibratedClassifierCV(...)"
            )
        self._weight_name = _weight_name(example)
        if weighted and self._weight_name is None:
            raise InputError(
                f"{name} takes no sample_weight: leave sample_weight out, or take "
                "another learner"
            )
        self._seeds = [
            parameter
            for parameter in sorted(example.get_params(deep=True))
            if parameter == "random_state" or parameter.endswith("__random_state")
        ]

    def unfitted(self, n_drawn: int, seed: int) -> Any:
        """Return a member for so many rows, whose chance is decided by `seed`."""
        member = self._learner(n_drawn) if self._is_function else clone(self._learner)
        if self._seeds:
            member.set_params(**dict.fromkeys(self._seeds, seed))
        return member

    def fit(self, member: Any, X: Any, codes: Codes, weight: Floats | None) -> None:
        """Fit a member on rows and, if they have any, their weights."""
        if weight is None:
            member.fit(X, codes)
        else:
            member.fit(X, codes, **{str(self._weight_name): weight})


def _weight_name(learner: Any) -> str | None:
    """Return what the learner's ``fit`` calls the rows' weights, if it takes any."""
    steps = getattr(learner, "steps", None)
    if steps:
        last_name, last = steps[-1]
        inner = _weight_name(last)
        return None if inner is None else f"{last_name}__{inner}"
    return "sample_weight" if has_fit_parameter(learner, "sample_weight") else None


def predicted(member: Any, X: Any, n_classes: int) -> Floats:
    """Return a member's probabilities of all classes.

    Parameters
    ----------
    member : classifier
        Fitted on class codes, perhaps not of all classes.
    X : table of shape (n_rows, n_columns)
        Predicted in blocks where it is large.
    n_classes : int
        Number of classes.

    Returns
    -------
    ndarray of float of shape (n_rows, n_classes)
        0 for a class that the member has not seen.

    Raises
    ------
    InputError
        Where a probability is NaN.
    """
    rows = n_rows(X)
    if rows <= BLOCK_ROWS:
        return _of_all_classes(member, member.predict_proba(X), n_classes)
    probabilities = np.empty((rows, n_classes))
    for start in range(0, rows, BLOCK_ROWS):
        stop = min(start + BLOCK_ROWS, rows)
        part = (
            X[start:stop]
            if type(X) is np.ndarray
            else take_rows(X, np.arange(start, stop))
        )
        block = member.predict_proba(part)
        probabilities[start:stop] = _of_all_classes(member, block, n_classes)
    return probabilities


def _of_all_classes(member: Any, predictions: Any, n_classes: int) -> Floats:
    probabilities: Floats = np.asarray(predictions, dtype=float)
    if probabilities.shape[1] != n_classes:
        complete = np.zeros((len(probabilities), n_classes))
        complete[:, np.asarray(member.classes_, dtype=int)] = probabilities
        probabilities = complete
    if np.isnan(probabilities.sum()):
        raise InputError(
            f"{type(member).__name__} predicts probabilities that are NaN: prepare its "
            "input, for instance by a Pipeline that scales, or take another learner"
        )
    return probabilities
