"""Under-sampling ensembles that the field knows by name.

`trimtab.ensembles.under_sampling.UnderSamplingEnsembleClassifier` with its policy set.
"""

# SPDX-License-Identifier: BSD-3-Clause

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from trimtab.ensembles.held_out_score import Metric
from trimtab.ensembles.policies import (
    CascadePolicy,
    Policy,
    SelfPacedPolicy,
    UniformPolicy,
)
from trimtab.ensembles.policy_ensemble import PolicyEnsemble
from trimtab.ensembles.training_rows import TrainingRows

__all__ = [
    "BalanceCascadeClassifier",
    "SelfPacedEnsembleClassifier",
    "UnderBaggingClassifier",
]


class UnderBaggingClassifier(PolicyEnsemble):
    """Each member is fitted on a balanced draw at random.

    Barandela, Valdovinos and Sánchez, 2003: all rows of the smallest class and equally
    many of every other.

    Read more in the :doc:`user guide </user_guide/under_sampling>`.

    Parameters
    ----------
    estimator : classifier or None, default=None
        What the members are clones of. None for LightGBM.
    n_estimators : int, default=10
        Members.
    ratio : float, default=1.0
        Rows of each class for one of the smallest.
    metric, validation_fraction, max_candidates, correct_prior, n_jobs, random_state
        As for `UnderSamplingEnsembleClassifier`.

    Attributes
    ----------
    classes_, estimators_, history_, class_prior_, drawn_priors_, n_features_in_
        As for `UnderSamplingEnsembleClassifier`.

    See Also
    --------
    UnderSamplingEnsembleClassifier : The same loop under any policy.

    References
    ----------
    R. Barandela, R. M. Valdovinos and J. S. Sánchez, "New Applications of Ensembles of
    Classifiers", Pattern Analysis and Applications 6, 2003.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from trimtab import UnderBaggingClassifier
    >>> X, y = make_classification(500, weights=[0.9], random_state=0)
    >>> UnderBaggingClassifier(random_state=0).fit(X, y).predict(X).shape
    (500,)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **PolicyEnsemble._parameter_constraints,
        "ratio": [Interval(Real, 1, None, closed="left")],
    }

    def __init__(
        self,
        estimator: Any = None,
        n_estimators: int = 10,
        *,
        ratio: float = 1.0,
        metric: Metric = "average_precision",
        validation_fraction: float | None = None,
        max_candidates: int | None = 500_000,
        correct_prior: bool = False,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.ratio = ratio
        self.metric = metric
        self.validation_fraction = validation_fraction
        self.max_candidates = max_candidates
        self.correct_prior = correct_prior
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _policy(self, rows: TrainingRows, seed: int) -> Policy:
        return UniformPolicy(self.ratio)


class SelfPacedEnsembleClassifier(PolicyEnsemble):
    """Members see easy rows first, and in the end as many of every hardness.

    Liu et al., ICDE 2020. Rows of the larger classes are put into bins by their error
    under the ensemble so far; before member t of n a bin gives in proportion to
    1 / (its mean error + tan(π t / 2n)).

    Read more in the :doc:`user guide </user_guide/under_sampling>`.

    Parameters
    ----------
    estimator : classifier or None, default=None
        What the members are clones of. None for LightGBM.
    n_estimators : int, default=10
        Members.
    n_bins : int, default=10
        Bins of equal width from the least hardness to the greatest (the paper's k).
    hardness : {"absolute", "squared", "cross_entropy"}, default="absolute"
        The error itself, its square, or -log(1 - error).
    ratio : float, default=1.0
        Rows of each class for one of the smallest.
    metric, validation_fraction, max_candidates, correct_prior, n_jobs, random_state
        As for `UnderSamplingEnsembleClassifier`.

    Attributes
    ----------
    classes_, estimators_, history_, class_prior_, drawn_priors_, n_features_in_
        As for `UnderSamplingEnsembleClassifier`.

    See Also
    --------
    UnderSamplingEnsembleClassifier : The same loop under any policy.

    References
    ----------
    Z. Liu et al., "Self-paced Ensemble for Highly Imbalanced Massive Data
    Classification", ICDE 2020.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from trimtab import SelfPacedEnsembleClassifier
    >>> X, y = make_classification(500, weights=[0.9], random_state=0)
    >>> SelfPacedEnsembleClassifier(random_state=0).fit(X, y).predict(X).shape
    (500,)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **PolicyEnsemble._parameter_constraints,
        "ratio": [Interval(Real, 1, None, closed="left")],
        "n_bins": [Interval(Integral, 1, None, closed="left")],
        "hardness": [StrOptions({"absolute", "squared", "cross_entropy"})],
    }

    def __init__(
        self,
        estimator: Any = None,
        n_estimators: int = 10,
        *,
        n_bins: int = 10,
        hardness: str = "absolute",
        ratio: float = 1.0,
        metric: Metric = "average_precision",
        validation_fraction: float | None = None,
        max_candidates: int | None = 500_000,
        correct_prior: bool = False,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.n_bins = n_bins
        self.hardness = hardness
        self.ratio = ratio
        self.metric = metric
        self.validation_fraction = validation_fraction
        self.max_candidates = max_candidates
        self.correct_prior = correct_prior
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _policy(self, rows: TrainingRows, seed: int) -> Policy:
        return SelfPacedPolicy(self.n_bins, self.hardness, self.ratio)


class BalanceCascadeClassifier(PolicyEnsemble):
    """Rows that the ensemble has learned leave the draw for good.

    After Liu, Wu and Zhou, 2009: before each member but the first the larger classes
    lose their easiest rows, always the same part, until for the last member as many are
    left as the smallest class has. The paper fits an AdaBoost in each round and moves
    its threshold; here the members are what you give, and the order of their mean
    probability decides.

    Read more in the :doc:`user guide </user_guide/under_sampling>`.

    Parameters
    ----------
    estimator : classifier or None, default=None
        What the members are clones of. None for LightGBM.
    n_estimators : int, default=10
        Members.
    ratio : float, default=1.0
        Rows of each class for one of the smallest.
    metric, validation_fraction, max_candidates, correct_prior, n_jobs, random_state
        As for `UnderSamplingEnsembleClassifier`.

    Attributes
    ----------
    classes_, estimators_, history_, class_prior_, drawn_priors_, n_features_in_
        As for `UnderSamplingEnsembleClassifier`.

    See Also
    --------
    UnderSamplingEnsembleClassifier : The same loop under any policy.

    References
    ----------
    X.-Y. Liu, J. Wu and Z.-H. Zhou, "Exploratory Undersampling for Class-Imbalance
    Learning", IEEE Transactions on Systems, Man, and Cybernetics B 39, 2009.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from trimtab import BalanceCascadeClassifier
    >>> X, y = make_classification(500, weights=[0.9], random_state=0)
    >>> BalanceCascadeClassifier(random_state=0).fit(X, y).predict(X).shape
    (500,)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **PolicyEnsemble._parameter_constraints,
        "ratio": [Interval(Real, 1, None, closed="left")],
    }

    def __init__(
        self,
        estimator: Any = None,
        n_estimators: int = 10,
        *,
        ratio: float = 1.0,
        metric: Metric = "average_precision",
        validation_fraction: float | None = None,
        max_candidates: int | None = 500_000,
        correct_prior: bool = False,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.ratio = ratio
        self.metric = metric
        self.validation_fraction = validation_fraction
        self.max_candidates = max_candidates
        self.correct_prior = correct_prior
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _policy(self, rows: TrainingRows, seed: int) -> Policy:
        return CascadePolicy(self.ratio)
