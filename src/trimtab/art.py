"""ART: resampling that follows each class's difficulty while a learner trains.

Basandrai, Jain and Kandasamy, "ART: Adaptive Resampling-based Training for
Difficulty-aware Classification", arXiv 2509.00955. The paper trains networks; here any
learner that is fitted in rounds will do.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import Tags, check_random_state, get_tags
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from trimtab.exceptions import InputError
from trimtab.fit_arguments import (
    check_eval_set,
    check_sample_weight,
    coded_class_weights,
    weighty_rows,
)
from trimtab.sampling.draw import AdaptiveDraw
from trimtab.sampling.priors import corrected
from trimtab.tables import Labels
from trimtab.training.adaptive_rounds import fit_in_rounds
from trimtab.training.checked_rows import as_network, check_rows
from trimtab.training.classifier import NetworkClassifier
from trimtab.training.drawn_rows import ClassRows, bounded_rows, hold_out
from trimtab.training.held_out import CLASS_METRICS, ClassMetric
from trimtab.training.input_checks import check_splittable
from trimtab.training.replica_classifier import ReplicaClassifier
from trimtab.training.shared_run import FitOutcome, FitShare, train_alone
from trimtab.whole_fits import all_or_nothing

__all__ = ["ARTClassifier"]

Floats = NDArray[np.float64]


class ARTClassifier(ReplicaClassifier):
    """Adaptive resampling around any learner that is fitted in rounds.

    Before each epoch the training rows are drawn anew. How often a class is drawn is a
    blend of its share of the data and of its difficulty, 1 - F1 on held-out rows, as
    measured after the epoch before: the worse a class is recognised, the more of it
    the learner sees.

    Read more in the :doc:`user guide </user_guide/art>`.

    Parameters
    ----------
    estimator : classifier, torch module or None, default=None
        What is trained:

        * None or a `trimtab.training.classifier.NetworkClassifier`: trimtab's own
          network, as in the paper. Its draw and what else is a parameter here are
          replaced;
        * a ``torch.nn.Module`` that returns one logit a class, or a function
          ``(n_inputs, n_outputs)`` that builds one: your own network;
        * a scikit-learn classifier with ``partial_fit`` (an epoch is one pass) or
          ``warm_start`` (an ensemble grows to its ``n_estimators``, or histogram
          gradient boosting to its ``max_iter``, in `max_iter` equal steps). It is
          given class codes 0, 1, ...; a ``class_weight`` by label stays one;
        * ``LGBMClassifier`` or ``XGBClassifier``, which boost on from epoch to epoch.
    prior_blend : float in [0, 1], default=0.5
        The part of the empirical prior in the class distribution, the paper's c: 1
        never resamples, 0 follows the difficulties alone.
    boost_frequency : int, default=1
        Every how many epochs the distribution is adapted, the paper's bf.
    metric : {"f1", "recall", "precision"} or callable, default="f1"
        How well a class is recognised on the held-out rows. A callable is given the
        true codes, the predicted codes and the number of classes, and returns an array
        of shape (n_classes,) in [0, 1].
    confidence : float in (0, 1) or None, default=None
        Beyond the paper: count only the difficulty that the held-out rows prove at
        this level, so that a class with five of them is not chased after one mistake.
    max_iter : int, default=200
        Epochs at most.
    n_iter_no_change : int or None, default=10
        Stop after so many epochs without a lower loss on the held-out rows. None:
        never. In either case the learner of the best epoch is kept. Forests and bags,
        which more members do not harm, always grow to their full size.
    validation_fraction : float in (0, 1), default=0.15
        The share of each class that is held out of training and measured on. Unused
        where ``fit`` is given an `eval_set`.
    max_held_out_rows : int or None, default=None
        Beyond the paper: hold out at most so many rows, the rare classes first, and
        weigh them so that the measurement stays that of the whole. None for no bound.
    correct_prior : bool, default=False
        Whether ``predict_proba`` undoes the shift from the classes' share of the data
        to their share of the draws. Without it the rare classes are predicted more
        often than they occur; with it they are predicted as often as they are likely.
    n_replicas : int, default=1
        Independent runs, whose probabilities are averaged. Networks are trained side
        by side.
    random_state : int, RandomState or None, default=None
        Decides everything, the learner's own ``random_state`` too.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    estimators_ : list
        The fitted learners: one for each replica, or one network for all.
    history_ : list of dict
        One record for each replica and epoch: ``replica`` and ``epoch`` (from 1),
        ``class_probabilities`` (how often each class was wanted), ``rows_per_class``
        (how often it was drawn) and, measured after the epoch, ``held_out_loss``,
        ``class_f1`` and ``class_scores`` (of `metric`). Networks add ``train_loss``
        and ``learning_rate``.
    best_iter_ : ndarray of int of shape (n_replicas,)
        The epoch that each replica's learner is of, from 1.
    n_iter_ : int
        Epochs of the longest-running replica.
    class_prior_ : ndarray of shape (n_classes,)
        Each class's share of the training rows.
    drawn_priors_ : ndarray of shape (n_replicas, n_classes)
        Each class's share of the rows that were drawn up to the best epoch.
    n_features_in_ : int
        Columns seen in ``fit``.
    feature_names_in_ : ndarray of str of shape (n_columns,)
        Their names, where the table had any.

    See Also
    --------
    trimtab.sampling.torch_sampler.AdaptiveClassSampler : The same draw in your own
        training loop.

    References
    ----------
    A. Basandrai, S. Jain and I. Kandasamy, "ART: Adaptive Resampling-based Training
    for Difficulty-aware Classification", arXiv 2509.00955, Algorithm 1.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.ensemble import HistGradientBoostingClassifier
    >>> from trimtab import ARTClassifier
    >>> X, y = make_classification(400, weights=[0.9], random_state=0)
    >>> learner = HistGradientBoostingClassifier(max_iter=20)
    >>> art = ARTClassifier(learner, random_state=0).fit(X, y)
    >>> art.history_[0]["class_probabilities"].round(2).tolist()
    [0.7, 0.3]
    >>> art.predict(X).shape
    (400,)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "prior_blend": [Interval(Real, 0, 1, closed="both")],
        "boost_frequency": [Interval(Integral, 1, None, closed="left")],
        "metric": [StrOptions(set(CLASS_METRICS)), callable],
        "confidence": [Interval(Real, 0, 1, closed="neither"), None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), None],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "max_held_out_rows": [Interval(Integral, 2, None, closed="left"), None],
        "correct_prior": ["boolean"],
        "n_replicas": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    # Handed on as one of **fit_params, so scikit-learn cannot see it in the signature.
    __metadata_request__fit: ClassVar[dict[str, None]] = {"sample_weight": None}

    def __init__(
        self,
        estimator: Any = None,
        *,
        prior_blend: float = 0.5,
        boost_frequency: int = 1,
        metric: ClassMetric = "f1",
        confidence: float | None = None,
        max_iter: int = 200,
        n_iter_no_change: int | None = 10,
        validation_fraction: float = 0.15,
        max_held_out_rows: int | None = None,
        correct_prior: bool = False,
        n_replicas: int = 1,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.prior_blend = prior_blend
        self.boost_frequency = boost_frequency
        self.metric = metric
        self.confidence = confidence
        self.max_iter = max_iter
        self.n_iter_no_change = n_iter_no_change
        self.validation_fraction = validation_fraction
        self.max_held_out_rows = max_held_out_rows
        self.correct_prior = correct_prior
        self.n_replicas = n_replicas
        self.random_state = random_state

    def fit(
        self,
        X: Any,
        y: Any,
        eval_set: tuple[Any, Any] | None = None,
        **fit_params: ArrayLike,
    ) -> Self:
        """Train under an adaptive draw.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            What the learner can be fitted on: array, DataFrame or sparse matrix.
        y : array-like of shape (n_rows,)
            Class labels.
        eval_set : tuple (X, y) or None, default=None
            Held-out rows that guide the adaptation and the early stopping. By default
            `validation_fraction` of the training rows. Never the test rows.
        **fit_params : dict
            ``sample_weight`` alone, of shape (n_rows,): a row that is drawn has its
            weight in the learner's fit, one that is held out in the measurement. Not
            for networks.

        Returns
        -------
        self : ARTClassifier
            The fitted classifier.

        Raises
        ------
        InputError
            Where the learner cannot be fitted in rounds, or a class has no held-out or
            no training row. What was fitted before stays as it was.
        ValueError
            Where a parameter is out of its range.
        """
        with all_or_nothing(self):
            if as_network(self.estimator) is None:
                self._fit_in_rounds(*self._rows(X, y, eval_set, fit_params)[:3])
                self.n_iter_ = max(record["epoch"] for record in self.history_)
            else:
                train_alone(self, self.begin_fit(X, y, eval_set, **fit_params))
        return self

    def _rows(
        self, X: Any, y: Any, eval_set: Any, fit_params: dict[str, Any]
    ) -> tuple[ClassRows, ClassRows, np.random.RandomState, Labels]:
        """Check what ``fit`` is given; return what is trained and what measured on."""
        self._validate_params()
        X, labels = check_rows(self, self.estimator, X, y)
        self.classes_ = labels.classes
        weight = check_sample_weight(fit_params, labels)
        X, labels, weight = weighty_rows(X, labels, weight)
        rows = ClassRows(X, labels.codes, len(labels.classes), weight)
        rng = check_random_state(self.random_state)
        if eval_set is None:
            check_splittable(labels)
            fraction, at_most = self.validation_fraction, self.max_held_out_rows
            training, held_out = hold_out(rows, fraction, at_most, rng)
        else:
            X_held, codes = check_eval_set(eval_set, labels)
            X_held = check_rows(self, self.estimator, X_held)
            held_out = ClassRows(X_held, codes, rows.n_classes)
            held_out = bounded_rows(held_out, self.max_held_out_rows, rng)
            training = rows
        self.class_prior_ = training.counts / training.counts.sum()
        return training, held_out, rng, labels

    def network_to_fit(self) -> NetworkClassifier | None:
        """Return the network that `fit` trains, not fitted; None if it trains none."""
        network = as_network(self.estimator)
        if network is None:
            return None
        network.set_params(
            draw=self._draw(),
            metric=self.metric,
            n_replicas=self.n_replicas,
            max_iter=self.max_iter,
            n_iter_no_change=self.n_iter_no_change,
            correct_prior=self.correct_prior,
        )
        return network

    def begin_fit(
        self,
        X: Any,
        y: Any,
        eval_set: tuple[Any, Any] | None = None,
        **fit_params: ArrayLike,
    ) -> FitShare:
        """Return what of a network there is to train, for `side_by_side`."""
        training, held_out, rng, labels = self._rows(X, y, eval_set, fit_params)
        if training.weight is not None:
            raise InputError(
                "networks take no sample_weight: leave it out, or give another learner "
                "as estimator"
            )
        network = self.network_to_fit()
        assert network is not None
        network.set_params(random_state=rng.randint(2**31 - 1))
        self.estimators_ = [network]
        return network.begin_fit(
            training.X,
            labels.decode(training.codes),
            eval_set=(held_out.X, labels.decode(held_out.codes)),
            eval_weight=held_out.weight,
        )

    def end_fit(self, outcome: FitOutcome) -> None:
        """Take over what was trained, see `begin_fit`."""
        network = self.estimators_[0]
        network.end_fit(outcome)
        self.history_ = network.history_
        self.best_iter_ = network.best_iter_
        self.drawn_priors_ = network.drawn_priors_
        self.n_iter_ = network.n_iter_

    def _fit_in_rounds(
        self, training: ClassRows, held_out: ClassRows, rng: np.random.RandomState
    ) -> None:
        self.estimators_, self.history_, best_iter, drawn_prior = [], [], [], []
        learner = coded_class_weights(self.estimator, self.classes_)
        for replica in range(self.n_replicas):
            seed = int(rng.randint(2**31 - 1))
            model, best_epoch, records = fit_in_rounds(
                learner,
                self._draw(),
                training,
                held_out,
                metric=self.metric,
                max_rounds=self.max_iter,
                n_iter_no_change=self.n_iter_no_change,
                seed=seed,
            )
            self.estimators_.append(model)
            self.history_ += [{"replica": replica, **record} for record in records]
            best_iter.append(best_epoch)
            seen = np.sum([r["rows_per_class"] for r in records[:best_epoch]], axis=0)
            drawn_prior.append(seen / seen.sum())
        self.best_iter_ = np.array(best_iter)
        self.drawn_priors_ = np.stack(drawn_prior)

    def _draw(self) -> AdaptiveDraw:
        return AdaptiveDraw(self.prior_blend, self.boost_frequency, self.confidence)

    def probability_parts(self, X: Any) -> Iterator[Floats]:
        """Yield the replicas' probabilities: of networks, a few rows at once."""
        check_is_fitted(self)
        X = check_rows(self, self.estimator, X)
        if as_network(self.estimator) is not None:
            yield from self.estimators_[0].probability_parts(X)
            return
        of_replicas = np.stack([one.predict_proba(X) for one in self.estimators_])
        if self.correct_prior:
            of_replicas = corrected(of_replicas, self.class_prior_, self.drawn_priors_)
        yield of_replicas

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        network = as_network(self.estimator)
        learner = self.estimator if network is None else network
        accepted = get_tags(learner).input_tags
        tags.input_tags.sparse = accepted.sparse
        tags.input_tags.allow_nan = accepted.allow_nan
        return tags
