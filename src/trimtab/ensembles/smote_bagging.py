"""SMOTEBagging: bags as large as the largest class makes them, each mixed otherwise."""

# SPDX-License-Identifier: BSD-3-Clause

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils._param_validation import Interval

from trimtab.ensembles.members import MemberMaker, in_order
from trimtab.ensembles.number_ensemble import NumberEnsemble, RareClass, rare_classes
from trimtab.fit_arguments import coded_class_weights
from trimtab.synthesis.between_neighbours import smote_rows
from trimtab.tables import Labels

__all__ = ["SMOTEBaggingClassifier", "resampling_rate"]

Floats = NDArray[np.float64]


def resampling_rate(number: int) -> float:
    """Return which share of a bag's rare rows are repeated, the rest being made.

    Parameters
    ----------
    number : int
        The bag's, from 0.

    Returns
    -------
    float
        0.1, 0.2, ..., 1 and again from 0.1.

    Examples
    --------
    >>> [resampling_rate(number) for number in (0, 4, 9, 10)]
    [0.1, 0.5, 1.0, 0.1]
    """
    return (number % 10 + 1) / 10


class SMOTEBaggingClassifier(NumberEnsemble):
    """Bags with as many rows of each class, repeated and made in changing shares.

    Wang and Yao, 2009. A bag has as many rows of each class as the largest class has.
    The largest is drawn with replacement. Of a rare class a share b is drawn with
    replacement and the rest made by SMOTE, b being 10 % in the first bag, 20 % in the
    second, up to 100 % in the tenth, and 10 % again in the eleventh.

    Read more in the :doc:`user guide </user_guide/over_sampling_ensembles>`.

    Parameters
    ----------
    estimator : classifier or None, default=None
        What the members are clones of: any classifier with ``predict_proba``. None for
        a decision tree.
    n_estimators : int, default=10
        Bags. With a multiple of ten all shares come equally often.
    k_neighbors : int, default=5
        Nearest rows of its class that a row is interpolated with.
    n_jobs : int or None, default=None
        Threads that fit and ask the members. Results do not depend on it.
    random_state : int, RandomState or None, default=None
        Decides the bags and the members' seeds.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    estimators_ : list of classifier
        The members.
    estimator_weights_ : ndarray of float of shape (n_estimators,)
        Their votes, all 1.
    history_ : list of dict
        One record for each member: ``round`` (from 1), ``rate`` (b), ``rows_per_class``
        that it was fitted on, ``new_rows_per_class`` among them.
    n_features_in_ : int
        Columns seen in ``fit``.
    feature_names_in_ : ndarray of str of shape (n_columns,)
        Their names, where the table had any.

    Warns
    -----
    UserWarning
        Where a class has too few rows for `k_neighbors`.

    See Also
    --------
    trimtab.ensembles.named_ensembles.UnderBaggingClassifier : Small bags.

    References
    ----------
    S. Wang and X. Yao, "Diversity Analysis on Imbalanced Data Sets by Using Ensemble
    Models", IEEE CIDM 2009.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from trimtab import SMOTEBaggingClassifier
    >>> X, y = make_classification(500, weights=[0.9], random_state=0)
    >>> model = SMOTEBaggingClassifier(random_state=0).fit(X, y)
    >>> model.history_[0]["rows_per_class"].tolist()
    [450, 450]
    >>> model.history_[0]["new_rows_per_class"].tolist()
    [0, 405]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NumberEnsemble._parameter_constraints,
        "k_neighbors": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [
            Interval(Integral, None, -1, closed="right"),
            Interval(Integral, 1, None, closed="left"),
            None,
        ],
    }

    def __init__(
        self,
        estimator: Any = None,
        n_estimators: int = 10,
        *,
        k_neighbors: int = 5,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.k_neighbors = k_neighbors
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _grow(self, X: Floats, labels: Labels, rng: np.random.Generator) -> Floats:
        learner = DecisionTreeClassifier() if self.estimator is None else self.estimator
        learner = coded_class_weights(learner, labels.classes)
        maker = MemberMaker(learner, weighted=False)
        rare = rare_classes(X, labels, self.k_neighbors)
        seeds = rng.integers(2**31 - 1, size=self.n_estimators).tolist()

        def fitted(number: int, seed: int) -> Any:
            own_rng = np.random.default_rng(seed)
            rows, codes, n_new = _bag(X, labels, rare, resampling_rate(number), own_rng)
            member = maker.unfitted(len(rows), int(own_rng.integers(2**31 - 1)))
            try:
                maker.fit(member, rows, codes, None)
            except Exception as error:
                error.add_note(f"raised by member {number + 1} of {self.n_estimators}")
                raise
            record = {
                "round": number + 1,
                "rate": resampling_rate(number),
                "rows_per_class": np.bincount(codes),
                "new_rows_per_class": n_new,
            }
            return member, record

        done: list[Any] = list(in_order(fitted, list(enumerate(seeds)), self.n_jobs))
        self.estimators_ = [member for member, _ in done]
        self.history_ = [record for _, record in done]
        return np.ones(self.n_estimators)


def _bag(
    X: Floats,
    labels: Labels,
    rare: list[RareClass],
    rate: float,
    rng: np.random.Generator,
) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """Return a bag's rows, their codes, and how many of each class were made."""
    n_classes, size = len(labels.classes), int(labels.counts.max())
    n_new = np.zeros(n_classes, dtype=np.int64)
    n_new[[one.code for one in rare]] = size - round(rate * size)
    drawn = np.concatenate(
        [
            rng.choice(np.flatnonzero(labels.codes == code), size=size - n_new[code])
            for code in range(n_classes)
        ]
    )
    made = [
        smote_rows(one.X, one.neighbours, int(n_new[one.code]), rng) for one in rare
    ]
    codes = np.concatenate(
        [labels.codes[drawn], np.repeat(np.arange(n_classes), n_new)]
    )
    return np.concatenate([X[drawn], *made]), codes, n_new
