"""AutoSMOTE as an over-sampler: the learned rows for any classifier."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import StrOptions

from trimtab.autosmote.learned_classifier import AutoSMOTEClassifier
from trimtab.exceptions import InputError
from trimtab.synthesis.neighbours import own_neighbours
from trimtab.synthesis.row_making_sampler import RowMakingSampler, dense_rows
from trimtab.synthesis.rows_as_learned import made_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AutoSMOTE"]


class AutoSMOTE(RowMakingSampler):
    """Over-sample as a network has learned to.

    An `AutoSMOTEClassifier` is trained on the rows. Then rows are made of all rows of a
    class, those that were held out too, with the distribution that its training has
    led to: a row is a parent in proportion to its probability of taking part, and how
    it is combined with its neighbours is drawn from its learned probabilities. Columns
    are scaled to zero mean and unit variance for this, and scaled back.

    Read more in the :doc:`user guide </user_guide/autosmote>`.

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default="auto"
        Which classes get how many rows, as everywhere in imbalanced-learn. By default
        all classes get as many as the largest.
    random_state : int, RandomState or None, default=None
        Decides everything.
    variant : {"cohort", "self"}, default="cohort"
        Of the classifier, where `estimator` is None.
    estimator : AutoSMOTEClassifier or None, default=None
        Learns what is decided, with settings of yours; its ``random_state`` is
        replaced.

    Attributes
    ----------
    sampling_strategy_ : dict
        How many rows each class is to get.
    sample_indices_ : ndarray of int of shape (n_rows,)
        The rows that were kept, which are all; the new ones follow them.
    parent_indices_ : ndarray of int of shape (n_new_rows, 1 + n_neighbours)
        The rows that each new row was made of: the one to start from, then the
        neighbours that were looked at, nearest first, and -1 beyond them.
    estimator_ : AutoSMOTEClassifier
        Trained on scaled rows; None where no class was to get rows.
    decisions_ : DataFrame
        See `AutoSMOTEClassifier`.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of str of shape (n_columns,)
        Names of the columns, where they are strings.

    Raises
    ------
    InputError
        Where a class has one row only.

    Warns
    -----
    UserWarning
        Where a class has fewer other rows than neighbours are looked at.

    Notes
    -----
    Sparse tables are made dense while rows are made.

    Examples
    --------
    >>> from collections import Counter
    >>> from sklearn.datasets import make_classification
    >>> from trimtab.autosmote import AutoSMOTE, AutoSMOTEClassifier
    >>> X, y = make_classification(300, weights=[0.9], random_state=0)
    >>> sampler = AutoSMOTE(
    ...     estimator=AutoSMOTEClassifier(max_iter=10), random_state=0
    ... )
    >>> X_new, y_new = sampler.fit_resample(X, y)
    >>> len(set(Counter(y_new.tolist()).values()))
    1
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **RowMakingSampler._parameter_constraints,
        "variant": [StrOptions({"cohort", "self"})],
        "estimator": [AutoSMOTEClassifier, None],
    }

    def __init__(
        self,
        *,
        sampling_strategy: float
        | str
        | Mapping[Any, int]
        | Callable[..., Any] = "auto",
        random_state: int | np.random.RandomState | None = None,
        variant: str = "cohort",
        estimator: AutoSMOTEClassifier | None = None,
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.random_state = random_state
        self.variant = variant
        self.estimator = estimator

    def _new_rows(
        self, X: Any, y: NDArray[Any], wanted: Mapping[Any, int]
    ) -> tuple[Any, NDArray[Any]]:
        rng = check_random_state(self.random_state)
        self.estimator_: AutoSMOTEClassifier | None = None
        if not wanted:
            self.parent_indices_ = np.empty((0, 1), dtype=np.int64)
            return X[:0], y[:0]
        scaler = StandardScaler().set_output(transform="default")
        scaled = scaler.fit_transform(dense_rows(X).astype(np.float64))
        self.estimator_ = self._trained(scaled, y, rng)
        rows, parents = self._made(scaled, y, wanted, rng)
        labels = np.repeat(np.array(list(wanted), y.dtype), list(wanted.values()))
        self.parent_indices_ = parents
        return scaler.inverse_transform(rows), labels

    def _trained(
        self, X: NDArray[np.float64], y: NDArray[Any], rng: np.random.RandomState
    ) -> AutoSMOTEClassifier:
        if self.estimator is None:
            classifier = AutoSMOTEClassifier(variant=self.variant)
        else:
            classifier = clone(self.estimator)
        classifier.set_params(random_state=rng.randint(2**31 - 1))
        trained: AutoSMOTEClassifier = classifier.fit(X.astype(np.float32), y)
        return trained

    def _made(
        self,
        X: NDArray[np.float64],
        y: NDArray[Any],
        wanted: Mapping[Any, int],
        rng: np.random.RandomState,
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return scaled rows of all classes that get any, and their parents."""
        assert self.estimator_ is not None
        learned = self.estimator_.synthesis_
        k = learned.n_neighbours
        made, parents = [], []
        for label, n in wanted.items():
            own = np.flatnonzero(y == label)
            near = own_neighbours(X[own], k, f"class {label}", learned.finder)
            rows, family = made_rows(learned, X[own], near, n, rng)
            found = np.full((n, 1 + k), -1)
            found[:, : family.shape[1]] = np.where(family < 0, -1, own[family])
            made.append(rows)
            parents.append(found)
        return np.concatenate(made), np.concatenate(parents)

    @property
    def decisions_(self) -> "pd.DataFrame":
        """What was decided for each row of all classes but the largest."""
        if getattr(self, "estimator_", None) is None:
            raise InputError(
                "nothing was decided: call fit_resample on classes of unequal size"
            )
        assert self.estimator_ is not None
        return self.estimator_.decisions_
