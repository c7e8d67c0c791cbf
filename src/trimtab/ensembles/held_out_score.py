"""The one number that an ensemble is measured by on held-out rows, round after round.

It is asked for thousands of times while a policy is learned, so what does not change
is worked out once, and nothing is checked again.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.exceptions import InputError, nearest_names
from trimtab.metrics import measure_decisions

__all__ = ["METRICS", "HeldOutScore", "Metric", "average_precision"]

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

Metric = str | Callable[[Codes, Floats], float]
"""A name, or a function of the true codes and the probabilities; greater is better."""

_DECISIONS = ("macro_f1", "minority_f1", "balanced_accuracy", "g_mean", "mcc")

METRICS = ("average_precision", *_DECISIONS)
"""The metrics that have a name."""


def average_precision(
    truth: NDArray[np.bool_], scores: Floats, weight: Floats | None = None
) -> float:
    """Return the area under the precision-recall curve, as a sum over its steps.

    One sort. Rows of equal score are one step, as in scikit-learn.

    Parameters
    ----------
    truth : ndarray of bool of shape (n_rows,)
        Whether a row is of the class that is looked for; some are.
    scores : ndarray of float of shape (n_rows,)
        The higher, the likelier.
    weight : ndarray of float of shape (n_rows,), default=None
        How much each row counts.

    Returns
    -------
    float in [0, 1]
        NaN where the rows that are looked for weigh nothing.

    Examples
    --------
    >>> truth = np.array([True, False, True])
    >>> round(average_precision(truth, np.array([0.9, 0.5, 0.1])), 3)
    0.833
    """
    order = np.argsort(-scores)
    ranked = scores[order]
    is_last = np.append(ranked[1:] != ranked[:-1], True)
    found: Floats = truth[order].astype(float)
    if weight is None:
        called = np.flatnonzero(is_last) + 1.0
    else:
        found *= weight[order]
        called = np.cumsum(weight[order])[is_last]
    found = np.cumsum(found)[is_last]
    precision = np.divide(found, called, out=np.zeros(len(called)), where=called > 0)
    area = np.diff(found, prepend=0.0) @ precision
    return float(area / found[-1]) if found[-1] > 0 else float("nan")


class HeldOutScore:
    """A metric, bound to the rows that it is measured on.

    Parameters
    ----------
    metric : str or callable
        One of `METRICS`, or a function ``(codes, probabilities)``.
    codes : ndarray of int of shape (n_rows,)
        True class codes; every class has a row.
    n_classes : int
        Number of classes.
    positive : int
        For two classes: that of interest. For more, average precision is the mean over
        the classes, each against the rest.
    weight : ndarray of float of shape (n_rows,), default=None
        How much each row counts. Not for a callable.

    Raises
    ------
    InputError
        Where there is no such metric.
    """

    def __init__(
        self,
        metric: Metric,
        codes: Codes,
        n_classes: int,
        positive: int,
        weight: Floats | None = None,
    ) -> None:
        if not callable(metric) and metric not in METRICS:
            hint = nearest_names(str(metric), METRICS)
            raise InputError(f"there is no metric {metric!r}: {hint}")
        self._metric = metric
        self._codes = codes
        self._n_classes = n_classes
        self._positive = positive
        self._weight = weight
        looked_for = range(n_classes) if n_classes > 2 else [positive]
        self._truth = [(code, codes == code) for code in looked_for]

    def __call__(self, probabilities: Floats) -> float:
        """Measure probabilities of shape (n_rows, n_classes)."""
        if callable(self._metric):
            return self._own(self._metric(self._codes, probabilities))
        if self._metric == "average_precision":
            areas = [
                average_precision(truth, probabilities[:, code], self._weight)
                for code, truth in self._truth
            ]
            return sum(areas) / len(areas)
        cells = self._codes * self._n_classes + probabilities.argmax(axis=1)
        confusion: Any = np.bincount(cells, self._weight, minlength=self._n_classes**2)
        confusion = confusion.reshape(self._n_classes, self._n_classes)
        return measure_decisions(confusion, self._positive)[self._metric]

    def _own(self, value: Any) -> float:
        """Return what a callable measured, if it is a number."""
        try:
            return float(value)
        except (TypeError, ValueError):
            raise InputError(
                f"metric returned {value!r}: return one number for the true codes and "
                "the probabilities, greater for better"
            ) from None
