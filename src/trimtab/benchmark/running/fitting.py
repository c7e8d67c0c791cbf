"""A method on the rows of a table: what it is fitted on, and what it predicts."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.benchmark.methods import Method, TableInfo
from trimtab.benchmark.methods.table_description import table_info
from trimtab.exceptions import InputError
from trimtab.metrics import decide
from trimtab.tables import Labels, take_rows

__all__ = ["FittedRows", "MethodOnTable"]

Rows = NDArray[np.int64]
Scores = NDArray[np.float64]
Codes = NDArray[np.integer[Any]]

ROUNDING = 1e-3
"""How far from a probability a number may be, in single or half precision too."""

_NAMED = 5
"""So many classes are named in a message."""


@dataclass(frozen=True)
class FittedRows:
    """Rows that a method is fitted on, and what it is told of them.

    Attributes
    ----------
    X : array-like, DataFrame or sparse matrix of shape (n_rows, n_columns)
        The rows.
    y : ndarray of shape (n_rows,)
        Their labels, as the user has them: what is compared is what is delivered.
    info : TableInfo
        For the method's factory.
    """

    X: Any
    y: NDArray[Any]
    info: TableInfo


class MethodOnTable:
    """A method with its table: rows go by their positions.

    Parameters
    ----------
    method : Method
        What is fitted.
    X : array-like, DataFrame or sparse matrix of shape (n_rows, n_columns)
        The table.
    labels : Labels
        The classes of its rows.
    """

    def __init__(self, method: Method, X: Any, labels: Labels) -> None:
        self.method, self.X, self.labels = method, X, labels

    def fitted_rows(self, rows: Rows) -> FittedRows:
        """Return rows to fit on.

        Raises
        ------
        InputError
            Where the method does not apply to them.
        """
        X, codes = take_rows(self.X, rows), self.labels.codes[rows]
        own = Labels(self.labels.classes, codes, self.labels.positive)
        info = table_info(X, own)
        self.check(info)
        return FittedRows(X, self.labels.decode(codes), info)

    def check(self, info: TableInfo) -> None:
        """Raise an `InputError` where the method does not apply to such rows."""
        reason = self.method.reason_to_skip(info)
        if reason:
            raise InputError(f"{self.method.name} does not apply here: {reason}")

    def rows(self, rows: Rows) -> Any:
        """Return rows of the table to predict."""
        return take_rows(self.X, rows)

    def predict(self, estimator: Any, rows: Rows) -> Scores:
        """Return probabilities of shape (n_rows, n_classes), every class of the table.

        Raises
        ------
        ValueError
            Where one is not finite, or where what the estimator calls its classes are
            not those of the table.
        """
        return self.scores(estimator, estimator.predict_proba(self.rows(rows)))

    def scores(self, estimator: Any, predicted: Any) -> Scores:
        """Return predicted probabilities with a column for every class of the table."""
        try:
            predicted = np.asarray(predicted, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"predict_proba returned no numbers ({error})") from None
        if not np.isfinite(predicted).all():
            raise ValueError("predict_proba returned values that are not finite")
        codes = self._codes(estimator.classes_, "classes_ holds")
        if predicted.shape[1:] != codes.shape:
            raise ValueError(
                f"predict_proba returned an array of shape {predicted.shape}: a column "
                f"is needed for each of the {len(codes)} classes_"
            )
        _check_probabilities(predicted)
        # A class that resampling left out was never learned: its probability is 0.
        scores = np.zeros((len(predicted), len(self.labels.classes)))
        scores[:, codes] = predicted
        return scores

    def decide(self, estimator: Any, X: Any, scores: Scores) -> Codes:
        """Return the classes that the estimator itself calls.

        trimtab's own methods call the most probable class or go by ``best_threshold_``,
        on the second class: what was predicted already says it. Of a user's estimator
        nothing is known.

        Parameters
        ----------
        estimator : classifier
            Fitted.
        X : array-like, DataFrame or sparse matrix of shape (n_rows, n_columns)
            Rows, as the estimator takes them.
        scores : ndarray of shape (n_rows, n_classes)
            Their probabilities, from `predict`.

        Raises
        ------
        ValueError
            Where the estimator does not give one class of the table for each row.
        """
        if self.method.code:
            called = np.asarray(estimator.predict(X))
            # Some return a column: CatBoost does for more than two classes.
            if called.shape not in {(len(scores),), (len(scores), 1)}:
                raise ValueError(
                    f"predict returned an array of shape {called.shape} for "
                    f"{len(scores)} rows: one label a row is needed"
                )
            return self._codes(called.reshape(-1), "predict returned")
        threshold = getattr(estimator, "best_threshold_", None)
        return decide(scores, 1 if threshold is not None else 0, threshold)

    def _codes(self, labels: Any, said: str) -> Rows:
        """Return the codes of labels; `said` begins what is said of an unknown one."""
        found, classes = np.asarray(labels), self.labels.classes
        if not (_holds_numbers(found) and _holds_numbers(classes)):
            # Some libraries make text of True and False, or numbers of "0" and "1".
            found, classes = found.astype(str), classes.astype(str)
        order = np.argsort(classes)
        places = np.searchsorted(classes, found, sorter=order)
        codes = order[np.minimum(places, len(order) - 1)]
        unknown = classes[codes] != found
        if unknown.any():
            known = ", ".join(map(repr, self.labels.classes[:_NAMED].tolist()))
            more = ", ..." if len(order) > _NAMED else ""
            raise ValueError(
                f"{said} {np.asarray(labels)[unknown].tolist()[0]!r}, which is none of "
                f"the labels that fit was given ({known}{more})"
            )
        return codes.astype(np.int64)


def _check_probabilities(predicted: Scores) -> None:
    """Raise a `ValueError` unless rows lie in [0, 1] and sum to 1, but for rounding."""
    outside = (predicted < -ROUNDING) | (predicted > 1 + ROUNDING)
    if outside.any():
        raise ValueError(
            f"predict_proba returned {predicted[outside][0]:.3g}: probabilities lie "
            "between 0 and 1"
        )
    sums = predicted.sum(axis=1)
    odd = np.abs(sums - 1) > ROUNDING
    if odd.any():
        raise ValueError(
            f"predict_proba returned a row with the sum {sums[odd][0]:.3g}: the "
            "probabilities of a row sum to 1"
        )


def _holds_numbers(values: NDArray[Any]) -> bool:
    return values.dtype.kind in "biuf"
