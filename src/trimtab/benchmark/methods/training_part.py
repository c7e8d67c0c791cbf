"""Learners on a part of their training rows, or on rows with wrong labels."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from trimtab.exceptions import InputError
from trimtab.tables import encode_labels, held_out_split, take_rows

__all__ = ["TrainedOnPart", "flip_labels"]

Codes = NDArray[np.int64]


def flip_labels(codes: Codes, share: float, rng: np.random.Generator) -> Codes:
    """Return labels of which some are wrong, as many of each class as before.

    A share of the rare rows is called frequent, and as many frequent rows are called
    rare (the noise of the MESA paper, appendix A.2).

    Parameters
    ----------
    codes : ndarray of int of shape (n_rows,)
        Class codes 0 and 1.
    share : float in [0, 1]
        Of the rows of the rarer class.
    rng : numpy.random.Generator
        Decides which.

    Returns
    -------
    ndarray of int of shape (n_rows,)
        A copy.

    Raises
    ------
    InputError
        Where there are not two classes, or the share is not one.

    Examples
    --------
    >>> codes = np.array([0, 0, 0, 0, 1, 1])
    >>> flipped = flip_labels(codes, 0.5, np.random.default_rng(0))
    >>> flipped.sum(), (flipped != codes).sum()
    (np.int64(2), np.int64(2))
    """
    if not 0 <= share <= 1:
        raise InputError(f"noise is {share}: give a share from 0 to 1")
    counts = np.bincount(codes)
    if share and len(counts) != 2:
        raise InputError(
            f"labels of {len(counts)} classes cannot be flipped: give two classes, or "
            "no noise"
        )
    wrong = codes.copy()
    n_flipped = round(share * int(counts.min()))
    for code in range(len(counts)) if n_flipped else ():
        rows = rng.choice(np.flatnonzero(codes == code), n_flipped, replace=False)
        wrong[rows] = 1 - code
    return wrong


class TrainedOnPart(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier that is not given all its training rows, or not their true labels.

    So baselines get what a paper gave them: where it held rows out for its own method,
    they were trained without these.

    Parameters
    ----------
    estimator : classifier
        What is trained.
    held_out : float in [0, 1), default=0.0
        The share of each class that it does not see.
    noise : float in [0, 1], default=0.0
        The share of the rare rows it sees whose labels are flipped, with as many of
        the others; see `flip_labels`.
    random_state : int, default=0
        Decides which rows.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    estimator_ : classifier
        What was trained.
    n_rows_ : int
        On how many rows.
    """

    def __init__(
        self,
        estimator: Any,
        held_out: float = 0.0,
        noise: float = 0.0,
        random_state: int = 0,
    ) -> None:
        self.estimator = estimator
        self.held_out = held_out
        self.noise = noise
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Train on the part."""
        labels = encode_labels(y)
        rows = np.arange(len(labels.codes))
        if self.held_out:
            rows, _ = held_out_split(
                labels.codes, self.held_out, random_state=self.random_state
            )
        rng = np.random.default_rng(self.random_state)
        codes = flip_labels(labels.codes[rows], self.noise, rng)
        self.estimator_ = clone(self.estimator)
        self.estimator_.fit(take_rows(X, rows), labels.decode(codes))
        self.classes_ = self.estimator_.classes_
        self.n_rows_ = len(rows)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return probabilities of shape (n_rows, n_classes)."""
        return np.asarray(self.estimator_.predict_proba(X))

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable label of each row."""
        labels: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return labels
