"""MESA: an ensemble on balanced draws whose drawing is learned.

Liu, Wei, Jiang, Cao, Bian and Chang, "MESA: Boost Ensemble Imbalanced Learning with
MEta-Sampler", NeurIPS 2020. The paper's algorithms are in three places: Algorithm 1,
the draw, is `trimtab.ensembles.policies.gaussian_draw`; Algorithm 2, the ensemble's
training, is `trimtab.ensembles.cascade.Cascade` under the meta-sampler's policy;
Algorithm 3, meta-training, is `trimtab.meta_sampler.meta_training`.
"""

# SPDX-License-Identifier: BSD-3-Clause

from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from trimtab.ensembles.held_out_score import Metric
from trimtab.ensembles.policies import Policy
from trimtab.ensembles.policy_ensemble import PolicyEnsemble
from trimtab.ensembles.training_rows import TrainingRows
from trimtab.exceptions import InputError
from trimtab.fit_arguments import coded_class_weights
from trimtab.meta_sampler.policy import LearnedPolicy
from trimtab.meta_sampler.sampler import MetaSampler
from trimtab.meta_sampler.tasks import Task

__all__ = ["MESAClassifier"]

SHIPPED = Path(__file__).parent / "meta_sampler" / "pretrained"
"""The folder of the meta-samplers that come with trimtab."""

HELD_OUT = 0.25
"""The share of each class that ``"auto"`` holds out where held-out rows are looked at:
with a fifth of the data kept for a test, this is the paper's 60/20/20."""

LARGEST_TASK = 20_000
"""Meta-training takes a part of a larger table: the paper's appendix A.1 loses little
with a twentieth of the rows."""


class MESAClassifier(PolicyEnsemble):
    """An ensemble on balanced draws, with a meta-sampler that decides what is drawn.

    Each member is fitted on all rows of the smallest class and as many of every other.
    Before each member but the first, the meta-sampler looks at how the errors of the
    ensemble are distributed, on training rows and on held-out rows, and names the error
    around which the next rows are drawn: near 0 those that the ensemble knows, near 1
    those that it gets wrong. It has learned this by reinforcement, on other tables or
    on this one.

    With three classes or more, each is drawn by its own rows' errors, down to the size
    of the smallest.

    Read more in the :doc:`user guide </user_guide/mesa>`.

    Parameters
    ----------
    estimator : classifier or None, default=None
        What the members are clones of: any classifier with ``predict_proba``, a
        ``Pipeline`` too. None for LightGBM, with leaves that fit a small draw. It
        learns class codes 0, 1, ..., in the order of ``classes_``; a ``class_weight``
        by label stays one.
    n_estimators : int, default=10
        Members (the paper's k).
    meta_sampler : str, path, MetaSampler or Policy, default="pretrained"
        Who decides:

        * ``"pretrained"``, the meta-sampler that comes with trimtab;
        * the file of one that was saved;
        * a fitted `trimtab.meta_sampler.sampler.MetaSampler`;
        * any policy, see `trimtab.ensembles.policies`;
        * ``"train"``: one is learned on the rows of this table first (Algorithm 3).
          This takes 1,500 fits of the learner, and the extra ``meta``. The rows'
          weights do not count there, and an `eval_set` is not looked at: each ensemble
          that is trained for it holds out a part of the table.
    n_bins : int, default=5
        For ``"train"``: bins of each error histogram (the paper's b). A meta-sampler
        that was learned before has its own.
    sigma : float, default=0.2
        For ``"train"``: how far around the chosen error rows are drawn (the paper's σ).
        A meta-sampler that was learned before has its own.
    metric : str or callable, default="average_precision"
        What is measured on the held-out rows, and what ``"train"`` learns to raise:
        ``"average_precision"``, ``"macro_f1"``, ``"minority_f1"``,
        ``"balanced_accuracy"``, ``"g_mean"``, ``"mcc"``, or a function of the true
        codes and the probabilities.
    validation_fraction : float in (0, 1) or "auto", default="auto"
        The share of each class that is held out of training. ``"auto"`` is a quarter,
        but nothing for a learned meta-sampler that does not look at held-out rows, as
        ``"pretrained"`` does not. Unused where ``fit`` is given an `eval_set`.
    max_candidates : int or None, default=500_000
        On larger tables only so many rows are scored, and may be drawn: all of the
        rare classes and a sample of the others. At most as many are held out. None for
        no bound.
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
        Decides everything, meta-training too.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    estimators_ : list of classifier
        The members.
    policy_ : Policy
        What decided; after ``"train"`` it can be saved, ``policy_.save(path)``.
    history_ : list of dict
        One record for each member: ``round`` (from 1), ``mu`` and ``sigma`` (from the
        second on, as the first is drawn at random), ``ratio``, ``rows_per_class``
        (drawn) and, with this member in the ensemble, ``held_out_score`` and the shares
        of errors in ten bins over [0, 1] for each class, ``train_histogram`` and
        ``held_out_histogram``.
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
    trimtab.ensembles.under_sampling.UnderSamplingEnsembleClassifier : The same loop
        under policies that are not learned: the controls.
    trimtab.report.EnsembleHistoryDisplay : Draws ``history_``.

    References
    ----------
    Z. Liu et al., "MESA: Boost Ensemble Imbalanced Learning with MEta-Sampler",
    NeurIPS 2020, arXiv 2010.08830, Algorithms 1 to 3.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from trimtab import MESAClassifier
    >>> X, y = make_classification(500, weights=[0.9], random_state=0)
    >>> model = MESAClassifier(random_state=0).fit(X, y)
    >>> len(model.estimators_), model.predict(X).shape
    (10, (500,))
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **PolicyEnsemble._parameter_constraints,
        "n_bins": [Interval(Integral, 1, None, closed="left")],
        "sigma": [Interval(Real, 0, None, closed="neither")],
        "validation_fraction": [
            Interval(Real, 0, 1, closed="neither"),
            StrOptions({"auto"}),
        ],
    }

    def __init__(
        self,
        estimator: Any = None,
        n_estimators: int = 10,
        *,
        meta_sampler: str | PathLike[str] | MetaSampler | Policy = "pretrained",
        n_bins: int = 5,
        sigma: float = 0.2,
        metric: Metric = "average_precision",
        validation_fraction: float | str = "auto",
        max_candidates: int | None = 500_000,
        correct_prior: bool = False,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.meta_sampler = meta_sampler
        self.n_bins = n_bins
        self.sigma = sigma
        self.metric = metric
        self.validation_fraction = validation_fraction
        self.max_candidates = max_candidates
        self.correct_prior = correct_prior
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _policy(self, rows: TrainingRows, seed: int) -> Policy:
        known = self._known()
        self.policy_ = self._learned(rows, seed) if known is None else known
        return self.policy_

    def _known(self) -> Policy | None:
        """Return the policy, or None where it is to be learned."""
        if isinstance(self.meta_sampler, str) and self.meta_sampler == "train":
            return None
        return _known_policy(self.meta_sampler)

    def _fraction_to_hold(self) -> float | None:
        if not isinstance(self.validation_fraction, str):
            return self.validation_fraction
        policy = self._known()
        looks = not isinstance(policy, LearnedPolicy) or policy.uses_held_out
        return HELD_OUT if looks else None

    def _check_partitioned(self) -> None:
        if self._known() is None:
            raise InputError(
                "meta_sampler is 'train', which needs the rows in memory: train on a "
                "sample, MetaSampler().fit(Task('sample', X, y)), and give that"
            )

    def _learned(self, rows: TrainingRows, seed: int) -> Policy:
        """Return what a meta-sampler learns on the training and the held-out rows."""
        is_small = len(rows.codes) <= LARGEST_TASK
        held_rows = rows.held_out.get("held_rows") if is_small else None
        same = ("n_estimators", "metric", "n_bins", "sigma")
        sampler = MetaSampler(
            coded_class_weights(self.estimator, rows.classes),
            **{name: getattr(self, name) for name in same},
            validation_fraction=self._fraction_to_hold() or HELD_OUT,
            max_rows=LARGEST_TASK,
            reward_scaling="none",  # one table has no other to be compared with
            random_state=seed,
        )
        task = Task("this table", rows.X, rows.codes, held_rows)
        policy: Policy = sampler.fit(task).as_policy()
        return policy

    def __sklearn_clone__(self) -> Self:
        # A clone of a meta-sampler would have learned nothing.
        clone: Self = super().__sklearn_clone__()
        clone.meta_sampler = self.meta_sampler
        return clone


def _known_policy(meta_sampler: Any) -> Policy:
    """Return the policy that a name, a file, a meta-sampler or a policy stands for."""
    if isinstance(meta_sampler, (str, PathLike)):
        shipped = SHIPPED / f"{meta_sampler}.safetensors"
        if shipped.is_file():
            return LearnedPolicy.load(shipped)
        return _of_file(meta_sampler)
    if isinstance(meta_sampler, MetaSampler):
        return meta_sampler.as_policy()
    if isinstance(meta_sampler, type) or not isinstance(meta_sampler, Policy):
        raise InputError(
            f"meta_sampler is {meta_sampler!r}: give 'pretrained', 'train', a file, a "
            "fitted MetaSampler, or an object with a method select(round)"
        )
    return meta_sampler


def _of_file(path: str | PathLike[str]) -> LearnedPolicy:
    """Return the policy of a file; where it may be a misspelled name, say so."""
    path = Path(path)
    if not path.exists() and path.name == str(path) and not path.suffix:
        raise InputError(
            f"meta_sampler is {str(path)!r}, and there is no such file: give "
            "'pretrained', 'train', a file, a fitted MetaSampler, or a policy"
        )
    return LearnedPolicy.load(path)
