"""What classifiers of several networks share: their mean, and the class it calls."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

__all__ = ["ReplicaClassifier"]


class ReplicaClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier whose replicas each have probabilities; who inherits says which.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    """

    classes_: NDArray[Any]

    def probability_parts(self, X: Any) -> Iterator[NDArray[np.float64]]:
        """Yield the replicas' probabilities, a few rows at once.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            As in ``fit``.

        Yields
        ------
        ndarray of float of shape (n_replicas, n_some_rows, n_classes)
            Row after row, classes in the order of `classes_`.
        """
        raise NotImplementedError

    def replica_probabilities(self, X: Any) -> NDArray[np.float64]:
        """Return each replica's own probabilities: their spread, not their mean.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            As in ``fit``.

        Returns
        -------
        ndarray of float of shape (n_replicas, n_rows, n_classes)
            Classes in the order of `classes_`.
        """
        return np.concatenate(list(self.probability_parts(X)), axis=1)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each class, the mean over the replicas.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            As in ``fit``.

        Returns
        -------
        ndarray of float of shape (n_rows, n_classes)
            Columns in the order of `classes_`.
        """
        parts = self.probability_parts(X)
        return np.concatenate([part.mean(axis=0) for part in parts])

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each row.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            As in ``fit``.

        Returns
        -------
        ndarray of shape (n_rows,)
            Labels as given to ``fit``.
        """
        most_probable = self.predict_proba(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[most_probable]
        return labels
