"""The under-sampling ensemble: one loop under an exchangeable policy."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np

from trimtab.ensembles.held_out_score import Metric
from trimtab.ensembles.policies import Policy, policy_of
from trimtab.ensembles.policy_ensemble import PolicyEnsemble
from trimtab.ensembles.training_rows import TrainingRows

__all__ = ["UnderSamplingEnsembleClassifier"]


class UnderSamplingEnsembleClassifier(PolicyEnsemble):
    """An ensemble whose members are fitted on rows that a policy draws.

    Each member gets all rows of the smallest class and equally many of every other, or
    what else the policy selects. The ensemble predicts the mean of its members'
    probabilities.

    Read more in the :doc:`user guide </user_guide/under_sampling>`.

    Parameters
    ----------
    estimator : classifier or None, default=None
        What the members are clones of: any classifier with ``predict_proba``, a
        ``Pipeline`` too. None for LightGBM, with leaves that fit a small draw. It
        learns class codes 0, 1, ..., in the order of ``classes_``; a ``class_weight``
        by label stays one.
    policy : str or Policy, default="uniform"
        Which rows: ``"uniform"`` (UnderBagging), ``"gaussian"`` (errors near 1),
        ``"random"`` (errors near a random value), ``"self-paced"``, ``"cascade"``, or
        an object with a method ``select(round)``, see `trimtab.ensembles.policies`.
    n_estimators : int, default=10
        Members (the papers' k).
    metric : str or callable, default="average_precision"
        What is measured on held-out rows after each member, for ``history_``:
        ``"average_precision"``, ``"macro_f1"``, ``"minority_f1"``,
        ``"balanced_accuracy"``, ``"g_mean"``, ``"mcc"``, or a function of the true
        codes and the probabilities. Average precision is that of the smallest class;
        of three classes or more, the mean over all.
    validation_fraction : float in (0, 1) or None, default=None
        The share of each class that is held out of training and measured on. None:
        nothing is, unless ``fit`` is given an `eval_set`.
    max_candidates : int or None, default=500_000
        On larger tables only so many rows are scored, and may be drawn: all of the
        rare classes and a sample of the others. None for no bound.
    correct_prior : bool, default=False
        Whether ``predict_proba`` undoes the shift from the classes' share of the data
        to their share of each member's draw. Without it the rare classes are predicted
        more often than they occur. It is exact where rows are drawn at random; where
        hard rows are, it goes too far.
    n_jobs : int or None, default=None
        Threads that score large tables in ``fit`` and ask the members in ``predict``.
        Members are fitted one after the other, because each draw depends on the
        members before; give threads to the `estimator` for that. Results do not depend
        on it.
    random_state : int, RandomState or None, default=None
        Decides the draws and the members' seeds.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    estimators_ : list of classifier
        The members.
    history_ : list of dict
        One record for each member: ``round`` (from 1), ``rows_per_class`` (drawn),
        what the policy notes (``mu``, ``sigma``, ``ratio``, ...) and, with this member
        in the ensemble, ``held_out_score`` and the shares of errors in ten bins over
        [0, 1] for each class, ``train_histogram`` and ``held_out_histogram``.
    class_prior_ : ndarray of shape (n_classes,)
        Each class's share of the training rows.
    drawn_priors_ : ndarray of shape (n_estimators, n_classes)
        Each class's share of each member's rows.
    n_features_in_ : int
        Columns seen in ``fit``.
    feature_names_in_ : ndarray of str of shape (n_columns,)
        Their names, where the table had any.

    See Also
    --------
    trimtab.mesa.MESAClassifier : The policy that is learned.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from trimtab import UnderSamplingEnsembleClassifier
    >>> X, y = make_classification(500, weights=[0.9], random_state=0)
    >>> tree = DecisionTreeClassifier()
    >>> model = UnderSamplingEnsembleClassifier(tree, "self-paced", random_state=0)
    >>> model.fit(X, y).history_[0]["rows_per_class"].tolist()
    [50, 50]
    """

    def __init__(
        self,
        estimator: Any = None,
        policy: str | Policy = "uniform",
        *,
        n_estimators: int = 10,
        metric: Metric = "average_precision",
        validation_fraction: float | None = None,
        max_candidates: int | None = 500_000,
        correct_prior: bool = False,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.policy = policy
        self.n_estimators = n_estimators
        self.metric = metric
        self.validation_fraction = validation_fraction
        self.max_candidates = max_candidates
        self.correct_prior = correct_prior
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _policy(self, rows: TrainingRows, seed: int) -> Policy:
        return policy_of(self.policy)
