"""Ensembles that make rows: what they share as scikit-learn classifiers.

A row can be made only where columns are numbers and none is missing. Ensembles that
select rows, `trimtab.ensembles.policy_ensemble`, ask for less.
"""

# SPDX-License-Identifier: BSD-3-Clause

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted, validate_data

from trimtab.ensembles.members import in_order, predicted
from trimtab.exceptions import InputError
from trimtab.fit_arguments import read_labels, target_of
from trimtab.lazy_tables import refuse_dask
from trimtab.synthesis.neighbours import own_neighbours
from trimtab.tables import Labels, check_table
from trimtab.whole_fits import all_or_nothing

__all__ = ["NumberEnsemble", "RareClass", "accept_numbers", "rare_classes"]

Floats = NDArray[np.float64]


class NumberEnsemble(ClassifierMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """What the ensembles that make rows share; a subclass says how it grows.

    A subclass has the parameters ``estimator``, ``n_estimators`` and
    ``random_state``, and a method ``_grow``.
    """

    estimator: Any
    n_estimators: int
    n_jobs: int | None = None
    random_state: int | np.random.RandomState | None

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    @abstractmethod
    def _grow(self, X: Floats, labels: Labels, rng: np.random.Generator) -> Floats:
        """Set ``estimators_`` and ``history_``; return the weight of each member."""

    def fit(self, X: Any, y: Any) -> Self:
        """Grow the ensemble.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            Numbers, none of them missing.
        y : array-like of shape (n_rows,)
            Class labels.

        Returns
        -------
        self
            The fitted classifier.

        Raises
        ------
        InputError
            Where a value is missing, infinite or no number, or the learner cannot be a
            member. An error of the learner's own goes through, with a note that says
            which member raised it; what was fitted before stays as it was.
        """
        with all_or_nothing(self):
            self._validate_params()
            X, labels = accept_numbers(self, X, y)
            seed = check_random_state(self.random_state).randint(2**31 - 1)
            self.estimator_weights_ = self._grow(X, labels, np.random.default_rng(seed))
            self.classes_ = labels.classes
        return self

    def staged_predict_proba(self, X: Any) -> Iterator[Floats]:
        """Return what the ensemble would predict if it had ended with each member.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            Numbers, none of them missing.

        Yields
        ------
        ndarray of float of shape (n_rows, n_classes)
            The weighted mean over the first member, the first two, and so on.
        """
        check_is_fitted(self, "estimators_")
        return self._staged(accept_numbers(self, X))

    def _staged(self, X: Floats) -> Iterator[Floats]:
        n_classes = len(self.classes_)
        sums, total = np.zeros((len(X), n_classes)), 0.0
        of_members = in_order(
            predicted,
            [(member, X, n_classes) for member in self.estimators_],
            self.n_jobs,
        )
        for weight, probabilities in zip(
            self.estimator_weights_.tolist(), of_members, strict=True
        ):
            sums += weight * probabilities
            total += weight
            yield sums / total

    def predict_proba(self, X: Any) -> Floats:
        """Return the probability of each class, the weighted mean over the members.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            Numbers, none of them missing.

        Returns
        -------
        ndarray of float of shape (n_rows, n_classes)
            Columns in the order of ``classes_``.
        """
        *_, last = self.staged_predict_proba(X)
        return last

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each row.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            Numbers, none of them missing.

        Returns
        -------
        ndarray of shape (n_rows,)
            Labels as given to ``fit``.
        """
        most_probable = self.predict_proba(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[most_probable]
        return labels


def accept_numbers(estimator: Any, X: Any, *y: Any) -> Any:
    """Return a table as complete numbers, and in ``fit`` the labels.

    Parameters
    ----------
    estimator : estimator
        Gets ``n_features_in_`` and ``feature_names_in_`` where `y` is given; otherwise
        the table must agree with them.
    X : array-like of shape (n_rows, n_columns)
        Of numbers, or what can be read as such.
    *y : array-like of shape (n_rows,)
        Class labels, in ``fit``.

    Returns
    -------
    X, or X and its Labels
        `X` in single precision if it came so, else in double.

    Raises
    ------
    InputError
        Where a value is missing, infinite, or no number.
    """
    refuse_dask(X)
    if hasattr(X, "columns"):
        check_table(X)
    try:
        table = validate_data(
            estimator,
            X,
            *target_of(*y),
            reset=bool(y),
            dtype=[np.float64, np.float32],
            ensure_all_finite=False,
        )
    except ValueError as error:
        if "could not convert" not in str(error):
            raise
        raise InputError(
            f"X is not all numbers ({error}), and new rows lie between numbers: encode "
            "such columns, for instance with OneHotEncoder"
        ) from None
    _refuse_holes(table, getattr(estimator, "feature_names_in_", None))
    return (table, read_labels(table, y[0])) if y else table


def _refuse_holes(X: Floats, names: Any) -> None:
    bad = ~np.isfinite(X)
    if not bad.any():
        return
    column = int(bad.any(axis=0).argmax())
    name = repr(column if names is None else str(names[column]))
    missing = int(np.isnan(X[:, column]).sum())
    if missing:
        raise InputError(
            f"column {name} of X holds NaN in {missing} of {len(X)} values, and new "
            "rows lie between numbers: fill them first, for instance with SimpleImputer"
        )
    raise InputError(
        f"column {name} of X holds infinite values (inf): replace or rescale them"
    )


@dataclass(frozen=True)
class RareClass:
    """A class that has fewer rows than the largest.

    Attributes
    ----------
    code : int
        Its class code.
    rows : ndarray of int of shape (n_rare,)
        Where its rows are in the table.
    X : ndarray of float of shape (n_rare, n_columns)
        Its rows.
    neighbours : ndarray of int of shape (n_rare, k)
        Their nearest neighbours among themselves, positions in ``X``.
    """

    code: int
    rows: NDArray[np.int64]
    X: Floats
    neighbours: NDArray[np.int64]


def rare_classes(X: Floats, labels: Labels, k: int) -> list[RareClass]:
    """Return all classes but the largest, with neighbours to interpolate with.

    Parameters
    ----------
    X : ndarray of float of shape (n_rows, n_columns)
        The table.
    labels : Labels
        Of its rows.
    k : int
        Neighbours of each row.

    Returns
    -------
    list of RareClass
        None where all classes are equally large.

    Warns
    -----
    UserWarning
        Where a class has too few rows for `k` neighbours.
    """
    found = []
    for code in np.flatnonzero(labels.counts < labels.counts.max()).tolist():
        rows = np.flatnonzero(labels.codes == code)
        name = f"class {labels.classes[code].item()!r}"
        found.append(RareClass(code, rows, X[rows], own_neighbours(X[rows], k, name)))
    return found
