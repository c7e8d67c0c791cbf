"""A network that is trained on made rows, and learns how to make them."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterator, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Tags, check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from trimtab.autosmote.row_decisions import RowDecisions, rare_rows
from trimtab.exceptions import InputError
from trimtab.fit_arguments import check_eval_set
from trimtab.sampling.draw import Draw
from trimtab.synthesis.decisions import Decision
from trimtab.synthesis.learned_rows import MOST_COHORTS, AutoSMOTERows
from trimtab.training.checked_rows import as_network, check_rows
from trimtab.training.classifier import NetworkClassifier
from trimtab.training.held_out import SELECTIONS
from trimtab.training.replica_classifier import ReplicaClassifier
from trimtab.training.shared_run import FitOutcome, FitShare, train_shares
from trimtab.whole_fits import all_or_nothing

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AutoSMOTEClassifier"]


class AutoSMOTEClassifier(ReplicaClassifier):
    """A network on over-sampled rows whose making is learned with it.

    Rare rows are repeated until all classes are alike, and in the place of a repeat
    stands a row that is made of it: small networks decide whether it takes part, how
    many of its neighbours it is combined with, and how. They learn with the classifier,
    through what they make. Inputs are taken as they are: put a ``StandardScaler`` in
    front.

    Read more in the :doc:`user guide </user_guide/autosmote>`.

    Parameters
    ----------
    estimator : NetworkClassifier, torch module, callable or None, default=None
        The network. None is trimtab's own without weight decay, as in the paper. Of a
        `trimtab.training.classifier.NetworkClassifier` what is a parameter here is
        replaced, and its `synthesis`. A module or a function
        ``(n_inputs, n_outputs)`` that builds one is a network of yours.
    variant : {"cohort", "self"}, default="cohort"
        Whether a network assigns rows to cohorts, which share their decisions, or each
        row is decided on by its own numbers.
    n_cohorts : int or "auto", default=7
        How many cohorts. Beyond the paper, ``"auto"`` begins with seven and lets the
        use of many cost, so that some may end empty; see ``n_cohorts_``.
    decisions : sequence of str or Decision, default=None
        What is decided, in this order. None for
        ``["participation", "neighbours", "aggregation"]``; with
        ``"paper-aggregation"`` in the last one's place, the paper's three. See
        `trimtab.synthesis.decisions` for objects with other options, and for decisions
        of your own.
    learn_from : {"training", "held-out"}, default="training"
        Whose loss the decisions are to lower. ``"training"``, as in the paper: that of
        the rows that are shown, made ones included, which is the lower the easier they
        are. ``"held-out"``: that of the held-out rows, all classes alike, after the
        classifier's step on what was made.
    share_weights : bool, default=True
        Whether rows that take part share the weight of those of their class that do
        not. Otherwise, as in the paper, participation may undo the balance of classes.
    temperature : float, default=1.0
        Of the Gumbel-softmax in the first epoch: the higher, the smoother its gradient.
    final_temperature : float, default=0.1
        In the last. In between it falls by the same factor from epoch to epoch.
    draw : str or Draw, default="over"
        Which rows an epoch shows, and so how many are made; see
        `trimtab.sampling.draw`.
    finder : object, default=None
        Looks for neighbours, by ``fit`` and ``kneighbors`` as scikit-learn's
        ``NearestNeighbors`` has them. None for the Euclidean distance.
    learning_rate_init : float, default=0.05
        Of the classifier, where it falls to 0 along half a cosine, and of the networks
        that decide, where it stays.
    decision_learning_rate : float or None, default=None
        Of the networks that decide, where it is another one. At 0 nothing is learned
        and options are drawn nearly evenly: the method's own control.
    max_iter : int, default=200
        Epochs at most.
    n_iter_no_change : int or None, default=None
        Stop after so many epochs without a better one, see `selection`. None: never, as
        in the paper.
    selection : str, default="macro-f1"
        Which epoch's weights and decisions are kept: that of the best mean F1 of all
        classes on the held-out rows, or as
        `trimtab.training.classifier.NetworkClassifier` has it. ``"last"`` is the
        paper's 200 epochs; the ``"loss"`` is lowest when little has been learned yet.
    correct_prior : bool, default=False
        Whether probabilities are corrected from the class frequencies that were shown,
        made rows among them, to those of the training data.
    validation_fraction : float in (0, 1), default=0.15
        The share of each class that is held out of training.
    n_replicas : int, default=1
        How many networks are trained side by side, each with its own decisions; their
        probabilities are averaged.
    random_state : int, RandomState or None, default=None
        Decides everything.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    estimator_ : NetworkClassifier
        The trained network.
    history_ : list of dict
        One record for each epoch and replica, as of a
        `trimtab.training.classifier.NetworkClassifier`.
    best_iter_ : ndarray of int of shape (n_replicas,)
        The epoch whose weights and decisions each replica has, from 1.
    class_prior_ : ndarray of shape (n_classes,)
        Each class's share of the training rows.
    drawn_priors_ : ndarray of shape (n_replicas, n_classes)
        Its share of what each replica was shown up to its best epoch.
    decisions_ : DataFrame
        What was decided for each row of all classes but the largest, see
        `trimtab.autosmote.row_decisions.RowDecisions.frame`.
    row_decisions_ : RowDecisions
        The probabilities behind it.
    synthesis_ : AutoSMOTERows
        What makes the rows.
    n_cohorts_ : ndarray of int of shape (n_replicas,)
        How many cohorts have a row; 0 with the variant ``"self"``.
    n_iter_ : int
        Epochs of the longest-running replica.
    n_features_in_ : int
        Columns seen in ``fit``.
    feature_names_in_ : ndarray of str of shape (n_columns,)
        Their names, where the table had any.

    See Also
    --------
    trimtab.autosmote.oversampler.AutoSMOTE : Hands the rows to any classifier.
    trimtab.report.DecisionsDisplay : ``decisions_`` as a picture.

    References
    ----------
    S. Kishanthan and A. Hevapathige, "Deep Learning Meets Oversampling: A Learning
    Framework to Handle Imbalanced Classification", arXiv 2502.06878.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from trimtab.autosmote import AutoSMOTEClassifier
    >>> X, y = make_classification(300, weights=[0.9], random_state=0)
    >>> model = AutoSMOTEClassifier(max_iter=10, random_state=0).fit(X, y)
    >>> model.predict_proba(X).shape
    (300, 2)
    >>> model.decisions_.columns[:4].tolist()
    ['replica', 'row', 'class', 'cohort']
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "variant": [StrOptions({"cohort", "self"})],
        "n_cohorts": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "decisions": ["array-like", None],
        "learn_from": [StrOptions({"held-out", "training"})],
        "share_weights": ["boolean"],
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "final_temperature": [Interval(Real, 0, None, closed="neither")],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "decision_learning_rate": [Interval(Real, 0, None, closed="left"), None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), None],
        "selection": [StrOptions(set(SELECTIONS))],
        "correct_prior": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_replicas": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Any = None,
        *,
        variant: str = "cohort",
        n_cohorts: int | str = MOST_COHORTS,
        decisions: Sequence[str | Decision] | None = None,
        learn_from: str = "training",
        share_weights: bool = True,
        temperature: float = 1.0,
        final_temperature: float = 0.1,
        draw: str | Draw = "over",
        finder: Any = None,
        learning_rate_init: float = 0.05,
        decision_learning_rate: float | None = None,
        max_iter: int = 200,
        n_iter_no_change: int | None = None,
        selection: str = "macro-f1",
        correct_prior: bool = False,
        validation_fraction: float = 0.15,
        n_replicas: int = 1,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.variant = variant
        self.n_cohorts = n_cohorts
        self.decisions = decisions
        self.learn_from = learn_from
        self.share_weights = share_weights
        self.temperature = temperature
        self.final_temperature = final_temperature
        self.draw = draw
        self.finder = finder
        self.learning_rate_init = learning_rate_init
        self.decision_learning_rate = decision_learning_rate
        self.max_iter = max_iter
        self.n_iter_no_change = n_iter_no_change
        self.selection = selection
        self.correct_prior = correct_prior
        self.validation_fraction = validation_fraction
        self.n_replicas = n_replicas
        self.random_state = random_state

    def fit(
        self,
        X: Any,
        y: Any,
        eval_set: tuple[Any, Any] | None = None,
        eval_weight: Any = None,
    ) -> Self:
        """Train the classifier and the networks that decide.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_columns)
            Finite numbers. Rows may have more axes where `estimator` takes them.
        y : array-like of shape (n_rows,)
            Class labels.
        eval_set : tuple (X, y) or None, default=None
            Held-out rows of one's own, of every class. Never the test rows.
        eval_weight : array-like of shape (n_held_out_rows,), default=None
            How many rows each row of `eval_set` stands for.

        Returns
        -------
        self : AutoSMOTEClassifier
            The fitted classifier.

        Raises
        ------
        InputError
            Where `estimator` is no network, or a class is too small to be split.
        ValueError
            Where a parameter is out of its range.
        """
        with all_or_nothing(self):
            (outcome,) = train_shares([self.begin_fit(X, y, eval_set, eval_weight)])
            self.end_fit(outcome)
        return self

    def network_to_fit(self) -> NetworkClassifier:
        """Return the network that `fit` trains, not fitted."""
        network = as_network(self.estimator)
        if network is None:
            raise InputError(
                f"estimator is a {type(self.estimator).__name__}: give a "
                "NetworkClassifier, a torch module, a function that builds one, or None"
            )
        if self.estimator is None:
            network.set_params(weight_decay=0.0)
        rate = self.decision_learning_rate
        rows = AutoSMOTERows(
            variant=self.variant,
            n_cohorts=self.n_cohorts,
            decisions=self.decisions,
            learn_from=self.learn_from,
            share_weights=self.share_weights,
            temperature=self.temperature,
            final_temperature=self.final_temperature,
            learning_rate=self.learning_rate_init if rate is None else rate,
            n_epochs=self.max_iter,
            finder=self.finder,
        )
        network.set_params(
            draw=self.draw,
            synthesis=rows,
            learning_rate_init=self.learning_rate_init,
            max_iter=self.max_iter,
            n_iter_no_change=self.n_iter_no_change,
            selection=self.selection,
            validation_fraction=self.validation_fraction,
            correct_prior=self.correct_prior,
            n_replicas=self.n_replicas,
        )
        return network

    def begin_fit(
        self,
        X: Any,
        y: Any,
        eval_set: tuple[Any, Any] | None = None,
        eval_weight: Any = None,
    ) -> FitShare:
        """Return what there is to train, for `trimtab.training.side_by_side`."""
        self._validate_params()
        network = self.network_to_fit()
        X, labels = check_rows(self, network, X, y)
        self.classes_ = labels.classes
        rng = check_random_state(self.random_state)
        network.set_params(random_state=rng.randint(2**31 - 1))
        self.estimator_ = network
        rare = rare_rows(labels.codes)
        self._rare = rare, labels.decode(labels.codes[rare]), np.asarray(X)[rare]
        y = labels.decode(labels.codes)
        if eval_set is not None:
            X_held, codes = check_eval_set(eval_set, labels)
            eval_set = check_rows(self, network, X_held), labels.decode(codes)
        return network.begin_fit(X, y, eval_set, eval_weight)

    def end_fit(self, outcome: FitOutcome) -> None:
        """Take over what was trained, see `begin_fit`."""
        self.estimator_.end_fit(outcome)
        self.history_, self.n_iter_ = self.estimator_.history_, self.estimator_.n_iter_
        self.best_iter_ = self.estimator_.best_iter_
        self.class_prior_ = self.estimator_.class_prior_
        self.drawn_priors_ = self.estimator_.drawn_priors_
        rows, labels, X = self._rare
        del self._rare
        assert isinstance(outcome.synthesis, AutoSMOTERows)
        self.synthesis_ = outcome.synthesis
        self.row_decisions_ = RowDecisions.of(self.synthesis_, X, rows, labels)
        self.n_cohorts_ = self.row_decisions_.n_cohorts

    @property
    def decisions_(self) -> "pd.DataFrame":
        """What was decided for each row of all classes but the largest."""
        check_is_fitted(self, "row_decisions_")
        return self.row_decisions_.frame()

    def probability_parts(self, X: Any) -> Iterator[NDArray[np.float64]]:
        """Yield the replicas' probabilities, a few rows at once."""
        check_is_fitted(self)
        X = check_rows(self, self.estimator_, X)
        yield from self.estimator_.probability_parts(X)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        return tags
