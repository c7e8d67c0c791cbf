"""What is measured on rows that a model has not seen."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import gmean
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    log_loss,
    precision_recall_curve,
    roc_auc_score,
)

__all__ = [
    "MEASURES",
    "ClassScores",
    "Measure",
    "best_threshold",
    "confusion_matrix",
    "decide",
    "expected_calibration_error",
    "find_measure",
    "measure_decisions",
    "measure_scores",
    "per_class_scores",
]

Codes = NDArray[np.integer[Any]]
Counts = NDArray[np.int64]
Scores = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Measure:
    """A score's name for people, its direction, and what it is for.

    Attributes
    ----------
    title : str
        What people read.
    greater_is_better : bool, default=True
        The direction.
    two_classes_only : bool, default=False
        Whether tables of more classes have no such score.
    """

    title: str
    greater_is_better: bool = True
    two_classes_only: bool = False


def _for_two_classes(title: str) -> Measure:
    return Measure(title, two_classes_only=True)


MEASURES: dict[str, Measure] = {
    "average_precision": Measure("Average precision"),
    "roc_auc": Measure("ROC AUC"),
    "precision_at_recall_25": _for_two_classes("Precision at recall 0.25"),
    "precision_at_recall_50": _for_two_classes("Precision at recall 0.5"),
    "precision_at_recall_75": _for_two_classes("Precision at recall 0.75"),
    "macro_f1": Measure("Macro F1"),
    "minority_f1": Measure("Minority F1"),
    "balanced_accuracy": Measure("Balanced accuracy"),
    "g_mean": Measure("G-mean"),
    "mcc": Measure("Matthews correlation"),
    "accuracy": Measure("Accuracy"),
    "macro_precision": Measure("Macro precision"),
    "brier": Measure("Brier score", greater_is_better=False),
    "calibration_error": Measure("Calibration error", greater_is_better=False),
    "log_loss": Measure("Log loss", greater_is_better=False),
    "tuned_macro_f1": _for_two_classes("Macro F1, tuned threshold"),
    "tuned_minority_f1": _for_two_classes("Minority F1, tuned threshold"),
    "tuned_balanced_accuracy": _for_two_classes("Balanced accuracy, tuned threshold"),
    "tuned_g_mean": _for_two_classes("G-mean, tuned threshold"),
    "tuned_mcc": _for_two_classes("Matthews correlation, tuned threshold"),
}
"""Every score by name. Some exist for two classes alone, as the measures say."""


def find_measure(name: str) -> Measure | None:
    """Return the measure of a name, None where there is none.

    Parameters
    ----------
    name : str
        One of `MEASURES`; or, as ``average_precision@5``, one of an ensemble that has
        only so many members yet; or, as ``train_accuracy``, one on the rows that were
        trained on.

    Examples
    --------
    >>> find_measure("average_precision@5").title
    'Average precision of 5 members'
    >>> find_measure("fit_seconds") is None
    True
    """
    if name.startswith("train_"):
        own = MEASURES.get(name.removeprefix("train_"))
        training = "on the training rows"
        return own and replace(own, title=f"{own.title} {training}")
    measure, _, members = name.partition("@")
    if measure not in MEASURES or (members == "") == ("@" in name):
        return None
    found = MEASURES[measure]
    if not members:
        return found
    if not members.isdecimal():
        return None
    return replace(found, title=f"{found.title} of {members} members")


def decide(scores: Scores, positive: int, threshold: float | None = None) -> Codes:
    """Return predicted class codes.

    Parameters
    ----------
    scores : ndarray of shape (n_rows, n_classes)
        Predicted probabilities.
    positive : int
        Code of the class of interest.
    threshold : float or None, default=None
        For two classes: the positive class is predicted where its probability is at
        least this. By default the most probable class is predicted.

    Returns
    -------
    ndarray of int of shape (n_rows,)
    """
    if threshold is None:
        most_probable: Codes = np.argmax(scores, axis=1)
        return most_probable
    called = scores[:, positive] >= threshold
    return np.where(called, positive, 1 - positive).astype(np.int64)


def measure_scores(codes: Codes, scores: Scores, positive: int) -> dict[str, float]:
    """Measure predicted probabilities.

    Parameters
    ----------
    codes : ndarray of int of shape (n_rows,)
        True class codes; every class is present.
    scores : ndarray of shape (n_rows, n_classes)
        Predicted probabilities.
    positive : int
        Code of the class of interest. For two classes average precision and ROC AUC
        are its own; for more they are means over the classes, each against the rest.

    Returns
    -------
    dict of str to float
        ``average_precision``, ``roc_auc``, ``brier``, ``calibration_error``,
        ``log_loss``, and for two classes ``precision_at_recall_25``, ``_50`` and
        ``_75``: the highest precision of a threshold with at least that recall.
    """
    n_classes = scores.shape[1]
    scores = scores / scores.sum(axis=1, keepdims=True)
    one_hot = np.eye(n_classes, dtype=int)[codes]
    if n_classes == 2:
        truth, ranked = one_hot[:, positive], scores[:, positive]
    else:
        truth, ranked = one_hot, scores
    curve = _precision_at_recall(truth, ranked) if n_classes == 2 else {}
    return curve | {
        "average_precision": float(average_precision_score(truth, ranked)),
        "roc_auc": float(roc_auc_score(truth, ranked, average="macro")),
        "brier": float(
            brier_score_loss(
                codes, scores, labels=range(n_classes), scale_by_half=False
            )
            if n_classes > 2
            else brier_score_loss(truth, ranked)
        ),
        "calibration_error": expected_calibration_error(codes, scores, positive),
        "log_loss": float(log_loss(codes, scores, labels=range(n_classes))),
    }


def _precision_at_recall(truth: Codes, ranked: Scores) -> dict[str, float]:
    precision, recall, _ = precision_recall_curve(truth, ranked)
    highest = {n: precision[recall >= n / 100].max() for n in (25, 50, 75)}
    return {f"precision_at_recall_{n}": float(value) for n, value in highest.items()}


def expected_calibration_error(
    codes: Codes, scores: Scores, positive: int, n_bins: int = 10
) -> float:
    """Return the mean gap between predicted and observed frequency.

    Rows are put into `n_bins` bins of equal width by predicted probability; the gaps
    are weighed by the rows of their bin (Naeini, Cooper and Hauskrecht, AAAI 2015;
    Guo et al., ICML 2017).

    Parameters
    ----------
    codes : ndarray of int of shape (n_rows,)
        True class codes.
    scores : ndarray of shape (n_rows, n_classes)
        Predicted probabilities. For two classes the positive class's are used, for
        more those of the predicted class.
    positive : int
        Code of the class of interest.
    n_bins : int, default=10
        Number of bins.

    Returns
    -------
    float in [0, 1]

    Examples
    --------
    >>> scores = np.array([[0.8, 0.2], [0.8, 0.2], [0.1, 0.9], [0.1, 0.9]])
    >>> round(expected_calibration_error(np.array([0, 0, 1, 1]), scores, 1), 3)
    0.15
    """
    if scores.shape[1] == 2:
        confidence, hit = scores[:, positive], codes == positive
    else:
        confidence, hit = scores.max(axis=1), codes == scores.argmax(axis=1)
    bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    gaps = np.bincount(bins, weights=hit - confidence, minlength=n_bins)
    return float(np.abs(gaps).sum() / len(codes))


def confusion_matrix(codes: Codes, predicted: Codes, n_classes: int) -> Counts:
    """Count rows by true and predicted class.

    One pass over the rows, without the input checks of a general library: the training
    loops ask for it every round.

    Parameters
    ----------
    codes, predicted : ndarray of int of shape (n_rows,)
        True and predicted class codes.
    n_classes : int
        Number of classes.

    Returns
    -------
    ndarray of int of shape (n_classes, n_classes)
        Rows are true classes, columns predicted ones.

    Examples
    --------
    >>> confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    pairs = np.bincount(codes * n_classes + predicted, minlength=n_classes**2)
    return pairs.reshape(n_classes, n_classes)


@dataclass(frozen=True)
class ClassScores:
    """Precision, recall and F1 of each class; 0 where a class is never right.

    Attributes
    ----------
    precision, recall, f1 : ndarray of float of shape (n_classes,)
        In [0, 1].
    support : ndarray of int of shape (n_classes,)
        Rows of each class.
    """

    precision: Scores
    recall: Scores
    f1: Scores
    support: Counts

    @classmethod
    def of(cls, confusion: Counts) -> "ClassScores":
        """Return the scores that a confusion matrix says."""
        hits = confusion.diagonal()
        support, called = confusion.sum(axis=1), confusion.sum(axis=0)
        return cls(
            precision=_share(hits, called),
            recall=_share(hits, support),
            f1=_share(2 * hits, support + called),
            support=support,
        )


def _share(part: Counts, whole: Counts) -> Scores:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


def measure_decisions(confusion: Counts, minority: int) -> dict[str, float]:
    """Measure predicted classes.

    Parameters
    ----------
    confusion : ndarray of int of shape (n_classes, n_classes)
        Rows by true and predicted class, see `confusion_matrix`.
    minority : int
        The class whose F1 is ``minority_f1``.

    Returns
    -------
    dict of str to float
        ``macro_f1``, ``minority_f1``, ``balanced_accuracy``, ``g_mean`` (geometric
        mean of the classes' recalls), ``mcc``, ``accuracy``, ``macro_precision``.
    """
    classes = ClassScores.of(confusion)
    recall = classes.recall
    return {
        "macro_f1": float(classes.f1.mean()),
        "minority_f1": float(classes.f1[minority]),
        "balanced_accuracy": float(recall.mean()),
        "g_mean": float(gmean(recall)) if recall.all() else 0.0,
        "mcc": _matthews(confusion.astype(float)),
        "accuracy": float(confusion.trace() / confusion.sum()),
        "macro_precision": float(classes.precision.mean()),
    }


def _matthews(confusion: Scores) -> float:
    """Return the correlation of truth and prediction (Gorodkin 2004, equation 8)."""
    truth, called = confusion.sum(axis=1), confusion.sum(axis=0)
    n = confusion.sum()
    covariance = confusion.trace() * n - truth @ called
    spread = np.sqrt(n**2 - truth @ truth) * np.sqrt(n**2 - called @ called)
    return float(covariance / spread) if spread > 0 else 0.0


def per_class_scores(confusion: Counts, names: list[str]) -> list[dict[str, Any]]:
    """Return label, precision, recall, F1 and support of each class, a dict each."""
    scores = ClassScores.of(confusion)
    columns = (scores.precision, scores.recall, scores.f1, scores.support)
    return [
        {"label": name, "precision": p, "recall": r, "f1": f, "support": n}
        for name, p, r, f, n in zip(
            names, *(column.tolist() for column in columns), strict=True
        )
    ]


def best_threshold(codes: Codes, scores: Scores, positive: int) -> float:
    """Return the threshold at which macro F1 is highest.

    Parameters
    ----------
    codes : ndarray of int of shape (n_rows,)
        True class codes, two classes.
    scores : ndarray of shape (n_rows, 2)
        Predicted probabilities.
    positive : int
        Code of the class of interest.

    Returns
    -------
    float
        Rows whose positive probability is at least this are called positive. It lies
        halfway between two predicted probabilities, so that it does not hang on the
        last digit of one of them.

    Examples
    --------
    >>> scores = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4]])
    >>> round(best_threshold(np.array([0, 0, 1]), scores, 1), 3)
    0.3
    """
    truth = codes == positive
    order = np.argsort(-scores[:, positive], kind="stable")
    ranked = scores[order, positive]
    n_rows, n_positive = len(truth), truth.sum()
    # One candidate a row: call this and all before it positive. The last: call none.
    called = np.append(np.arange(1, n_rows + 1), 0)
    found = np.append(np.cumsum(truth[order]), 0)
    rightly_rejected = n_rows - n_positive - (called - found)
    f1_sum = 2 * found / (called + n_positive) + 2 * rightly_rejected / (
        2 * n_rows - called - n_positive
    )
    # Rows of equal probability cannot be told apart: cut after the last of them.
    is_cut = np.concatenate([ranked[:-1] > ranked[1:], [True, True]])
    cut = int(called[np.argmax(np.where(is_cut, f1_sum, -1.0))])
    highest = np.nextafter(ranked[0], np.inf)
    above = ranked[cut - 1] if cut else max(1.0, highest)
    below = ranked[cut] if cut < n_rows else 0.0
    middle = (above + below) / 2
    # Between neighbouring floats there is no middle.
    return float(middle if middle > below else above)
