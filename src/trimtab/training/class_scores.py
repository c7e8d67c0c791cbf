"""Per-class scores of all replicas at once, counted on the device.

The same counts as `trimtab.metrics.confusion_matrix`, for a batch of networks.
"""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trimtab.exceptions import InputError, nearest_names
from trimtab.training.held_out import CLASS_METRICS, ClassMetric

__all__ = [
    "class_f1",
    "confusion_matrices",
    "rare_average_precision",
    "score_classes",
]

Counts = NDArray[Any]
Scores = NDArray[np.float64]


def confusion_matrices(
    codes: Tensor, predicted: Tensor, n_classes: int, weight: Tensor | None = None
) -> Tensor:
    """Count rows by true and predicted class, for each replica.

    Parameters
    ----------
    codes : LongTensor of shape (n_rows,), (1, n_rows) or (R, n_rows)
        True class codes.
    predicted : LongTensor of shape (R, n_rows)
        Predicted class codes.
    n_classes : int
        Number of classes.
    weight : Tensor of shape (n_rows,), default=None
        How many rows each row stands for; 1 by default.

    Returns
    -------
    Tensor of shape (R, n_classes, n_classes)
        Rows are true classes, columns predicted ones. Integers without `weight`.

    Examples
    --------
    >>> codes = torch.tensor([0, 0, 1])
    >>> confusion_matrices(codes, torch.tensor([[0, 1, 1]]), 2).tolist()
    [[[1, 1], [0, 1]]]
    """
    n_replicas = len(predicted)
    cells = torch.add(predicted, codes, alpha=n_classes)
    if n_replicas > 1:
        first = torch.arange(n_replicas, device=predicted.device) * n_classes**2
        cells += first[:, None]
    weights = None if weight is None else weight.expand(cells.shape).flatten()
    counts = torch.bincount(cells.flatten(), weights, n_replicas * n_classes**2)
    return counts.view(n_replicas, n_classes, n_classes)


def _share(part: Counts, whole: Counts) -> Scores:
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)


def _hits(confusion: Counts) -> Counts:
    return np.diagonal(confusion, axis1=-2, axis2=-1)


def class_f1(confusion: Counts) -> Scores:
    """Return the F1 of every class, 0 where a class is never right.

    Parameters
    ----------
    confusion : ndarray of shape (..., n_classes, n_classes)
        True classes down.

    Returns
    -------
    ndarray of float of shape (..., n_classes)
    """
    whole = confusion.sum(axis=-1) + confusion.sum(axis=-2)
    return _share(2 * _hits(confusion), whole)


def score_classes(
    metric: ClassMetric,
    confusion: Counts,
    codes: Counts | Tensor,
    predicted: Counts | Tensor,
) -> Scores:
    """Score every class of every replica.

    Parameters
    ----------
    metric : {"f1", "precision", "recall"} or callable
        A callable is given the true codes, the predicted codes and the number of
        classes, and returns one number in [0, 1] for each class.
    confusion : ndarray of shape (R, n_classes, n_classes)
        See `confusion_matrices`.
    codes : ndarray or Tensor of int of shape (1, n_rows) or (R, n_rows)
        True codes, for a callable.
    predicted : ndarray or Tensor of int of shape (R, n_rows)
        Predicted codes, for a callable. They leave the device for that alone.

    Returns
    -------
    ndarray of float of shape (R, n_classes)
        Higher is better.

    Raises
    ------
    InputError
        Where there is no such metric, or where a callable returns anything else.
    """
    if callable(metric):
        return _of_callable(metric, confusion.shape[-1], codes, predicted)
    if metric == "f1":
        return class_f1(confusion)
    if metric not in CLASS_METRICS:
        hint = nearest_names(str(metric), CLASS_METRICS)
        raise InputError(f"metric is {metric!r}: {hint}")
    axis = -1 if metric == "recall" else -2
    return _share(_hits(confusion), confusion.sum(axis=axis))


def _of_callable(
    metric: Any,
    n_classes: int,
    codes: Counts | Tensor,
    predicted: Counts | Tensor,
) -> Scores:
    called_codes = _on_host(predicted)
    truths = np.broadcast_to(_on_host(codes), called_codes.shape)
    scores = [
        np.asarray(metric(truth, called, n_classes), dtype=float)
        for truth, called in zip(truths, called_codes, strict=True)
    ]
    wrong = [s for s in scores if s.shape != (n_classes,) or not _in_unit_interval(s)]
    if wrong:
        raise InputError(
            f"metric returned {wrong[0].tolist()}: return {n_classes} numbers in "
            "[0, 1], one for each class"
        )
    return np.stack(scores)


def _on_host(codes: Counts | Tensor) -> Counts:
    return codes.cpu().numpy() if isinstance(codes, Tensor) else codes


def _in_unit_interval(scores: Scores) -> bool:
    return bool(((scores >= 0) & (scores <= 1)).all())


def rare_average_precision(
    codes: Counts, probabilities: Scores, weight: Scores | None = None
) -> Scores:
    """Return each replica's average precision, the mean over the rare classes.

    Parameters
    ----------
    codes : ndarray of int of shape (1, n_rows) or (R, n_rows)
        True class codes.
    probabilities : ndarray of float of shape (R, n_rows, n_classes)
        Predicted probabilities, or what has their order.
    weight : ndarray of float of shape (R, n_rows), default=None
        How many rows each row stands for.

    Returns
    -------
    ndarray of float of shape (R,)
        Over all classes that have rows, but the largest. 0 where a probability is not
        finite.

    Examples
    --------
    >>> codes = np.array([[0, 0, 0, 1, 1]])
    >>> one = np.array([[0.1, 0.2, 0.7, 0.6, 0.9]])
    >>> rare_average_precision(codes, np.stack([1 - one, one], axis=2)).round(3)
    array([0.833])
    """
    n_replicas, n_rows, n_classes = probabilities.shape
    every = np.broadcast_to(codes, (n_replicas, n_rows))
    counts = np.zeros((n_replicas, n_classes), dtype=np.int64)
    np.add.at(counts, (np.arange(n_replicas)[:, None], every), 1)
    rare = counts > 0
    rare[np.arange(n_replicas), counts.argmax(axis=1)] = False
    scores = np.zeros((n_replicas, n_classes))
    for replica, code in zip(*np.nonzero(rare), strict=True):
        scores[replica, code] = _average_precision(
            every[replica] == code,
            probabilities[replica, :, code],
            None if weight is None else weight[replica],
        )
    mean: Scores = scores.sum(axis=1) / np.maximum(rare.sum(axis=1), 1)
    return mean


def _average_precision(hit: Counts, scores: Scores, weight: Scores | None) -> float:
    """Return the average precision; rows of equal scores are found together."""
    if not np.isfinite(scores).all():
        return 0.0
    order = np.argsort(-scores, kind="stable")
    ranked, each = scores[order], np.ones(len(scores)) if weight is None else weight
    found = np.cumsum((hit * each)[order])
    called = np.cumsum(each[order])
    last = np.append(ranked[1:] != ranked[:-1], True)
    found, called = found[last], called[last]
    gained = np.diff(found, prepend=0)
    return float((gained * found / np.maximum(called, 1e-300)).sum() / found[-1])
