"""The numbers behind the curves, from the predictions of every split."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, precision_recall_curve

from trimtab.benchmark.evidence import Prediction
from trimtab.metrics import decide

__all__ = [
    "by_method",
    "class_shares",
    "confusion",
    "mean_precision",
    "precision_at",
    "reliability",
]

Floats = NDArray[np.float64]


def by_method(predictions: Iterable[Prediction]) -> dict[str, list[Prediction]]:
    """Return the predictions of each method, in the order in which they come."""
    grouped: dict[str, list[Prediction]] = {}
    for prediction in predictions:
        grouped.setdefault(prediction.method, []).append(prediction)
    return grouped


def precision_at(
    truth: NDArray[np.bool_], score: NDArray[np.floating[Any]], recalls: Floats
) -> Floats:
    """Return the precision at given recalls, of one ranking.

    It is the precision at the highest threshold that reaches the recall: the step
    curve whose area is the average precision.

    Parameters
    ----------
    truth : ndarray of bool of shape (n_rows,)
        Whether the row is of the class; at least one is.
    score : ndarray of float of shape (n_rows,)
        What the rows are ranked by.
    recalls : ndarray of float of shape (n_points,)
        Values in [0, 1].

    Returns
    -------
    ndarray of float of shape (n_points,)

    Examples
    --------
    >>> truth = np.array([True, False, True, False])
    >>> score = np.array([0.9, 0.8, 0.7, 0.1])
    >>> precision_at(truth, score, np.array([0.0, 0.5, 1.0])).round(3).tolist()
    [1.0, 1.0, 0.667]
    """
    precision, recall, _ = precision_recall_curve(truth, score)
    # A recall of exactly 0 is reached by calling nothing: look just above it. The
    # small allowance lets 0.1 be reached by 1 of 10 rows in spite of rounding.
    wanted = np.maximum(recalls - 1e-9, 1e-12)
    at: Floats = precision[::-1][np.searchsorted(recall[::-1], wanted)]
    return at


def mean_precision(
    predictions: Sequence[Prediction], positive: int, recalls: Floats
) -> Floats:
    """Return the mean over splits of the precision at given recalls."""
    curves = [
        precision_at(p.codes == positive, p.scores[:, positive], recalls)
        for p in predictions
    ]
    mean: Floats = np.mean(curves, axis=0)
    return mean


def reliability(
    predictions: Sequence[Prediction], positive: int, n_bins: int = 10
) -> pd.DataFrame:
    """Return how often the class occurs among rows of like predicted probability.

    The rows of all splits are put together: bins of a single split hold too few.

    Parameters
    ----------
    predictions : sequence of Prediction
        Of one method.
    positive : int
        Code of the class.
    n_bins : int, default=10
        Number of bins of equal width.

    Returns
    -------
    DataFrame
        One row a bin: ``bin`` (``"0.0–0.1"``), ``rows``, ``predicted`` (mean
        probability) and ``observed`` (share of the class), NaN where it is empty.
    """
    score = np.concatenate([p.scores[:, positive] for p in predictions])
    truth = np.concatenate([p.codes == positive for p in predictions])
    bins = np.minimum((score * n_bins).astype(int), n_bins - 1)
    rows = np.bincount(bins, minlength=n_bins)

    def mean(values: NDArray[Any]) -> Floats:
        sums = np.bincount(bins, weights=values, minlength=n_bins)
        nothing = np.full(n_bins, np.nan)
        means: Floats = np.divide(sums, rows, out=nothing, where=rows > 0)
        return means

    return pd.DataFrame(
        {
            "bin": [f"{b / n_bins:.1f}–{(b + 1) / n_bins:.1f}" for b in range(n_bins)],
            "rows": rows,
            "predicted": mean(score),
            "observed": mean(truth),
        }
    )


def class_shares(
    predictions: Sequence[Prediction], positive: int, n_bins: int = 25
) -> tuple[Floats, Floats]:
    """Return the distribution of the predicted probability in and outside the class.

    Returns
    -------
    inside, outside : ndarray of float of shape (n_bins,)
        Share of the rows of the class, and of all others, whose predicted
        probability of the class falls into each bin of equal width of [0, 1].
    """
    score = np.concatenate([p.scores[:, positive] for p in predictions])
    truth = np.concatenate([p.codes == positive for p in predictions])
    inside, outside = (
        np.histogram(score[rows], bins=n_bins, range=(0, 1))[0] / max(rows.sum(), 1)
        for rows in (truth, ~truth)
    )
    return inside, outside


def confusion(
    predictions: Sequence[Prediction], n_classes: int, positive: int, *, tuned: bool
) -> NDArray[np.int64] | None:
    """Return true by predicted classes, summed over splits.

    Parameters
    ----------
    predictions : sequence of Prediction
        Of one method.
    n_classes, positive : int
        Number of classes; code of the class of interest.
    tuned : bool
        Whether each split's tuned threshold decides, or the classifier's own, which
        by default is to call the most probable class.

    Returns
    -------
    ndarray of int of shape (n_classes, n_classes) or None
        None where `tuned` and a split has no threshold.
    """
    total = np.zeros((n_classes, n_classes), dtype=np.int64)
    for p in predictions:
        if tuned and p.threshold is None:
            return None
        called = decide(p.scores, positive, p.threshold if tuned else p.own_threshold)
        total += confusion_matrix(p.codes, called, labels=range(n_classes))
    return total
