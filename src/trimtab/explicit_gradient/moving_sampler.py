"""Moved rows for any classifier: a sampler of imbalanced-learn's kind."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import check_random_state

from trimtab.exceptions import InputError
from trimtab.explicit_gradient.moving_classifier import ExplicitGradientClassifier
from trimtab.synthesis.row_making_sampler import RowMakingSampler, dense_rows
from trimtab.training.shared_run import train_alone

__all__ = ["ExplicitGradientSampler"]


class ExplicitGradientSampler(RowMakingSampler):
    """Over-sample by copies of rare rows that a network has moved to where they help.

    An `ExplicitGradientClassifier` is trained, and its moving rows are handed on, to a
    classifier through which rows cannot be moved: trees, for instance.

    Parameters
    ----------
    estimator : ExplicitGradientClassifier, default=None
        What moves the rows; by default one with four replicas. How many rows move is
        decided here.
    sampling_strategy : float, str, dict or callable, default="auto"
        Which classes get how many rows, as everywhere in imbalanced-learn. By default
        all classes get as many as the largest.
    random_state : int, RandomState or None, default=None
        Decides everything.

    Attributes
    ----------
    sampling_strategy_ : dict
        How many rows each class is to get.
    sample_indices_ : ndarray of int of shape (n_rows,)
        The rows that were kept, which are all; the new ones follow them.
    parent_indices_ : ndarray of int of shape (n_new_rows,)
        The row that each new row is a moved copy of.
    estimator_ : ExplicitGradientClassifier or None
        What moved the rows; None where no row was wanted.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of str of shape (n_columns,)
        Names of the columns, where they are strings.

    Raises
    ------
    InputError
        Where a class has fewer than three rows, or `estimator` is something else.

    Notes
    -----
    Rows start from the part of the table that the network was trained on; the rest
    says where they go. Copies of one row that are always shown together, in tables of
    few rare rows, move alike within a replica: replicas are what makes them differ.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> X, y = make_classification(300, weights=[0.9], random_state=0)
    >>> mover = ExplicitGradientClassifier(max_iter=5, n_replicas=4)
    >>> sampler = ExplicitGradientSampler(mover, random_state=0)
    >>> X_new, y_new = sampler.fit_resample(X, y)
    >>> int((y_new == 0).sum() - (y_new == 1).sum())
    0
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **RowMakingSampler._parameter_constraints,
        "estimator": "no_validation",
    }

    def __init__(
        self,
        estimator: ExplicitGradientClassifier | None = None,
        *,
        sampling_strategy: float
        | str
        | Mapping[Any, int]
        | Callable[..., Any] = "auto",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.estimator = estimator
        self.random_state = random_state

    def _new_rows(
        self, X: Any, y: NDArray[Any], wanted: Mapping[Any, int]
    ) -> tuple[Any, NDArray[Any]]:
        self.parent_indices_ = np.empty(0, dtype=np.intp)
        self.estimator_ = None
        if not wanted:
            return X[:0], y[:0]
        model = self._mover()
        per_replica = {n: -(-rows // model.n_replicas) for n, rows in wanted.items()}
        train_alone(model, model.begin_fit(dense_rows(X), y, copies=per_replica))
        self.estimator_ = model
        rows, labels, parents = [], [], []
        for label, n_new in wanted.items():
            places = self._places(model, label, n_new)
            rows.append(model.moved_rows_[places])
            parents.append(model.parent_indices_[places])
            labels.append(np.full(len(places[0]), label, dtype=y.dtype))
        self.parent_indices_ = np.concatenate(parents)
        return np.concatenate(rows), np.concatenate(labels)

    def _mover(self) -> ExplicitGradientClassifier:
        if self.estimator is None:
            model = ExplicitGradientClassifier(n_replicas=4)
        elif isinstance(self.estimator, ExplicitGradientClassifier):
            model = clone(self.estimator)
        else:
            raise InputError(
                f"estimator is a {type(self.estimator).__name__}: give an "
                "ExplicitGradientClassifier, or None"
            )
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        return model.set_params(random_state=seed)  # type: ignore[no-any-return]

    @staticmethod
    def _places(
        model: ExplicitGradientClassifier, label: Any, n_new: int
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return replica and number of a class's new rows, the replicas in turn."""
        there = (model.moved_labels_ == label) & (model.parent_indices_ >= 0)
        number, replica = np.nonzero(there.T)
        return replica[:n_new], number[:n_new]
