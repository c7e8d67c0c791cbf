"""What a perfect over-sampler could reach: withdrawn rows of the rare class."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from trimtab.exceptions import InputError
from trimtab.tables import encode_labels, take_rows

__all__ = ["DoubledRareClass"]


class DoubledRareClass(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier fitted on twice as many rare rows, all of them real.

    The Explicit Gradient paper's upper bound, the potential: where imbalance was made
    by withdrawing rows of the rare class, some of these come back for the training.

    Parameters
    ----------
    estimator : classifier
        What is fitted.
    dataset : str
        The data set whose rows ``fit`` is given, or some of them: one that is derived.
    parent : str
        The data set that it was drawn from, a DataFrame.

    Attributes
    ----------
    estimator_ : classifier
        Fitted.
    classes_ : ndarray of shape (n_classes,)
        The labels.
    n_rows_ : int
        How many rows it was fitted on.
    """

    def __init__(self, estimator: Any, dataset: str, parent: str) -> None:
        self.estimator = estimator
        self.dataset = dataset
        self.parent = parent

    def fit(self, X: Any, y: Any) -> Self:
        """Fit on the rows, and on as many withdrawn rare rows as there are rare ones.

        Raises
        ------
        InputError
            Where not as many were withdrawn.
        """
        extra, label = self._withdrawn()
        wanted = int((np.asarray(y) == label).sum())
        if wanted > len(extra):
            raise InputError(
                f"{self.parent} has {len(extra)} more rows of class {label} than "
                f"{self.dataset}, and {wanted} are wanted: take a larger parent"
            )
        more = pd.concat([X, take_rows(extra, np.arange(wanted))], ignore_index=True)
        labels = np.concatenate([y, np.full(wanted, label, dtype=np.asarray(y).dtype)])
        self.estimator_ = clone(self.estimator).fit(more, labels)
        self.classes_, self.n_rows_ = self.estimator_.classes_, len(labels)
        return self

    def _withdrawn(self) -> tuple[Any, Any]:
        """Return the rare rows that were left out, in any order, and their label."""
        from trimtab import datasets

        X, y, card = datasets.load(self.parent)
        kept = datasets.make_imbalanced(
            X,
            y,
            datasets.describe(self.dataset).origin.recipe["ratio"],
            positive=card.positive,
            random_state=0,
            return_indices=True,
        )[2]
        rare = encode_labels(y, positive=card.positive)
        left = np.setdiff1d(np.flatnonzero(rare.codes == rare.positive), kept)
        order = np.random.default_rng(0).permutation(left)
        return take_rows(X, order), card.positive

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each class."""
        probabilities: NDArray[np.float64] = self.estimator_.predict_proba(X)
        return probabilities

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class."""
        labels: NDArray[Any] = self.estimator_.predict(X)
        return labels
