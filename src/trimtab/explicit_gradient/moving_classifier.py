"""Algorithm 1 of Explicit Gradient Learning, as a classifier."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterator, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Tags, check_random_state, get_tags
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from trimtab.exceptions import InputError
from trimtab.explicit_gradient.algorithm import Algorithm1
from trimtab.explicit_gradient.first_positions import warn_of_far
from trimtab.explicit_gradient.three_parts import three_parts, warn_of_few
from trimtab.training.checked_rows import as_network, check_rows
from trimtab.training.classifier import NetworkClassifier
from trimtab.training.replica_classifier import ReplicaClassifier
from trimtab.training.shared_run import FitOutcome, FitShare, train_alone
from trimtab.whole_fits import all_or_nothing

__all__ = ["ExplicitGradientClassifier"]

Floats = NDArray[np.float64]

_MAY_DIFFER = {
    "estimator",
    "learning_rate",
    "row_learning_rate",
    "max_confidence",
    "class_shares",
    "validation_fraction",
    "meta_fraction",
    "correct_prior",
    "n_replicas",
    "random_state",
}
"""Parameters that may differ within a training run; of the network see there."""


class ExplicitGradientClassifier(ReplicaClassifier):
    """A network trained beside copies of rare rows that move.

    A first network is trained as usual. The rare rows that it is least sure of are
    copied. Then each step of the training shows real rows and copies, and each copy
    moves so that the step would have lowered the loss on other, held-out rows.

    Read more in the :doc:`user guide </user_guide/explicit_gradient>`.

    Parameters
    ----------
    estimator : NetworkClassifier, nn.Module, callable or None, default=None
        The network. None is the paper's: hidden layers of 128 and 16 units, batches of
        128 rows. Of a `trimtab.training.classifier.NetworkClassifier` the draw, the
        loss and all else holds, so that ART's draw or the focal loss can be combined
        with moving rows; what is a parameter here is replaced. Its `sampler` and
        `synthesis` serve the first network alone.
    learning_rate : float, default=0.01
        Step of the network while rows move, η1 in the paper.
    row_learning_rate : float, default=10.0
        Step of the moving rows, η2. At 0 they stay where they are, which is plain
        over-sampling and the method's own control.
    max_confidence : float in [0, 1], default=1.0
        Rows are copied to which the first network gives at most this probability of
        their own class, c in the paper; of each rare class one at least.
    n_inner_steps : int, default=1
        Steps of the network per batch, through all of which is differentiated.
    optimizer : {"sgd", "adamw"}, default="sgd"
        What trains the network while rows move. ``"sgd"`` is the paper's plain step.
        With ``"adamw"`` the plain step is only tried, to see where rows should go, and
        the network takes AdamW's step at its own `learning_rate_init`.
    class_shares : {"rows", "difficulty"}, default="rows"
        How many rows of each class move: all classes but the largest as many as they
        have, or the same number in all, shared by ART's difficulty, 1 - F1 of the first
        network on the held-out rows.
    balanced_meta : bool, default=False
        Whether all classes weigh the same in the loss that rows follow.
    keep_in_range : bool, default=False
        Whether moving rows stay in each column's range over the training rows.
    one_hot_columns : sequence of sequence of int, default=None
        Groups of columns that are the categories of one variable each.
    one_hot : {"fixed", "simplex"}, default="fixed"
        Whether those columns stay as they are, or move but stay non-negative with the
        sum 1, which needs them unscaled.
    keep_positions : bool, default=False
        Whether ``history_`` has the positions of all moving rows, epoch by epoch.
    max_iter : int, default=200
        Epochs at most, of the first network and then of the moving rows.
    n_iter_no_change : int or None, default=None
        Either training ends after so many epochs that were not better than the best.
        None: never. Of the first network the best epoch by the held-out loss is kept.
    selection : {"last", "average-precision", "loss"}, default="last"
        The epoch that is kept of those in which rows move: the last; or the one of the
        highest average precision of the rare classes on the held-out rows, or of the
        lowest loss, for which these had better not move the rows (`meta_fraction`).
    validation_fraction : float in (0, 1), default=0.2
        The share of each class that is held out, where there is no `eval_set`.
    meta_fraction : float in (0, 1) or None, default=None
        A share of their own whose loss moves the rows. None: the held-out rows.
    correct_prior : bool, default=False
        Whether probabilities are corrected from the class frequencies that were shown
        to those of the training data.
    n_replicas : int, default=1
        Networks trained side by side, each with moving rows of its own; their
        probabilities are averaged.
    random_state : int, RandomState or None, default=None
        Decides everything.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    estimator_ : NetworkClassifier
        The trained network.
    moved_rows_ : ndarray of float32 of shape (n_replicas, n_moving, n_columns)
        Where rows were in the epoch of each replica that was kept.
    moved_labels_ : ndarray of shape (n_replicas, n_moving)
        Their classes.
    parent_indices_ : ndarray of int of shape (n_replicas, n_moving)
        The row of `X` that each is a copy of; -1 where a replica has fewer rows than
        others.
    history_ : list of dict
        One record for each epoch in which rows moved, and replica: as of a
        `trimtab.training.classifier.NetworkClassifier`, with ``row_shift``, the mean
        way of a row from its start, by `selection` ``held_out_average_precision``, and
        with `keep_positions` ``moving_rows``, their positions after the epoch.
    first_history_ : list of dict
        The same of the first network's training.
    best_iter_ : ndarray of int of shape (n_replicas,)
        The epoch of ``history_`` whose weights each replica has, from 1.
    n_iter_ : int
        Epochs of the longest-running replica while rows moved.
    class_prior_ : ndarray of shape (n_classes,)
        Each class's share of the training rows.
    drawn_priors_ : ndarray of shape (n_replicas, n_classes)
        Its share of what each replica was shown up to its best epoch, in both
        trainings.
    n_features_in_ : int
        Columns seen in ``fit``.
    feature_names_in_ : ndarray of str of shape (n_columns,)
        Their names, where the table had any.

    References
    ----------
    B. Yasinnik, M. Salhov, O. Lindenbaum and A. Averbuch, "Imbalanced Classification
    via Explicit Gradient Learning From Augmented Data", arXiv 2202.10550, Algorithm 1.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from trimtab import ExplicitGradientClassifier
    >>> X, y = make_classification(400, weights=[0.9], random_state=0)
    >>> model = ExplicitGradientClassifier(max_iter=10, random_state=0).fit(X, y)
    >>> bool(model.history_[-1]["row_shift"] > 0)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "row_learning_rate": [Interval(Real, 0, None, closed="left")],
        "max_confidence": [Interval(Real, 0, 1, closed="both")],
        "n_inner_steps": [Interval(Integral, 1, None, closed="left")],
        "optimizer": [StrOptions({"sgd", "adamw"})],
        "class_shares": [StrOptions({"rows", "difficulty"})],
        "balanced_meta": ["boolean"],
        "keep_in_range": ["boolean"],
        "one_hot_columns": ["array-like", None],
        "one_hot": [StrOptions({"fixed", "simplex"})],
        "keep_positions": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), None],
        "selection": [StrOptions({"average-precision", "loss", "last"})],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "meta_fraction": [Interval(Real, 0, 1, closed="neither"), None],
        "correct_prior": ["boolean"],
        "n_replicas": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Any = None,
        *,
        learning_rate: float = 0.01,
        row_learning_rate: float = 10.0,
        max_confidence: float = 1.0,
        n_inner_steps: int = 1,
        optimizer: str = "sgd",
        class_shares: str = "rows",
        balanced_meta: bool = False,
        keep_in_range: bool = False,
        one_hot_columns: Sequence[Sequence[int]] | None = None,
        one_hot: str = "fixed",
        keep_positions: bool = False,
        max_iter: int = 200,
        n_iter_no_change: int | None = None,
        selection: str = "last",
        validation_fraction: float = 0.2,
        meta_fraction: float | None = None,
        correct_prior: bool = False,
        n_replicas: int = 1,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.learning_rate = learning_rate
        self.row_learning_rate = row_learning_rate
        self.max_confidence = max_confidence
        self.n_inner_steps = n_inner_steps
        self.optimizer = optimizer
        self.class_shares = class_shares
        self.balanced_meta = balanced_meta
        self.keep_in_range = keep_in_range
        self.one_hot_columns = one_hot_columns
        self.one_hot = one_hot
        self.keep_positions = keep_positions
        self.max_iter = max_iter
        self.n_iter_no_change = n_iter_no_change
        self.selection = selection
        self.validation_fraction = validation_fraction
        self.meta_fraction = meta_fraction
        self.correct_prior = correct_prior
        self.n_replicas = n_replicas
        self.random_state = random_state

    def fit(
        self,
        X: Any,
        y: Any,
        eval_set: tuple[Any, Any] | None = None,
        meta_set: tuple[Any, Any] | None = None,
    ) -> Self:
        """Train a first network, then move copies of its rare rows.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_columns)
            Finite numbers, of one scale.
        y : array-like of shape (n_rows,)
            Class labels.
        eval_set : tuple (X, y) or None, default=None
            Held-out rows; by default `validation_fraction` of each class.
        meta_set : tuple (X, y) or None, default=None
            Rows whose loss moves the rows; by default `meta_fraction` of each class,
            or the held-out ones. Neither may have test rows.

        Returns
        -------
        self : ExplicitGradientClassifier
            The fitted classifier.

        Raises
        ------
        InputError
            Where X is not finite, y has one class only, or a class is too small to be
            split or missing from a part.
        ValueError
            Where a parameter is out of its range.

        Warns
        -----
        UserWarning
            Where the meta rows of a rare class are very few, or rows move too far.
        """
        with all_or_nothing(self):
            train_alone(self, self.begin_fit(X, y, eval_set, meta_set))
        return self

    def network_to_fit(self) -> NetworkClassifier:
        """Return the network that `fit` trains, not fitted."""
        if self.estimator is None:
            network = NetworkClassifier(hidden_layer_sizes=(128, 16), batch_size=128)
        else:
            given = as_network(self.estimator)
            if given is None:
                raise InputError(
                    f"estimator is a {type(self.estimator).__name__}, through which "
                    "rows cannot be moved: give a NetworkClassifier or a torch module, "
                    "or take ExplicitGradientSampler ahead of it"
                )
            network = given
        return network.set_params(  # type: ignore[no-any-return]
            max_iter=self.max_iter,
            n_iter_no_change=self.n_iter_no_change,
            n_replicas=self.n_replicas,
            correct_prior=self.correct_prior,
        )

    def structure_to_fit(self) -> dict[str, Any]:
        """Return what, beside the network, must be equal to share a training run."""
        parameters = self.get_params(deep=False)
        return {n: value for n, value in parameters.items() if n not in _MAY_DIFFER}

    def begin_fit(
        self,
        X: Any,
        y: Any,
        eval_set: tuple[Any, Any] | None = None,
        meta_set: tuple[Any, Any] | None = None,
        copies: Mapping[Any, int] | None = None,
    ) -> FitShare:
        """Split the rows, and return the training of the first network.

        `copies` says how many rows of each class move, other than they do by default.
        For `trimtab.training.side_by_side`, which hands on what it trains by `end_fit`.
        """
        self._validate_params()
        network = self.network_to_fit()
        X, labels = check_rows(self, network, X, y)
        self.classes_ = labels.classes
        random = check_random_state(self.random_state)
        parts = three_parts(
            X,
            labels,
            (eval_set, self.validation_fraction),
            (meta_set, self.meta_fraction),
            lambda given: check_rows(self, network, given),
            random,
        )
        warn_of_few(parts.meta.codes, labels)
        seed = random.randint(2**31 - 1)
        self.estimator_ = network.set_params(random_state=seed)
        self._algorithm = Algorithm1(self, self.estimator_, labels, parts, copies)
        share = self._algorithm.first_training()
        self.class_prior_ = self.estimator_.class_prior_
        return share

    def end_fit(self, outcome: FitOutcome) -> FitShare | None:
        """Take over a training; after that of the first network, return the next.

        See `begin_fit`.
        """
        if self._algorithm.first is None:
            self.first_history_ = outcome.history
            return self._algorithm.moving_training(outcome)
        algorithm, network = self._algorithm, self.estimator_
        del self._algorithm  # with its rows
        assert outcome.best_rows is not None
        network.end_fit(algorithm.whole(outcome))
        self.history_, self.best_iter_ = network.history_, network.best_iter_
        self.drawn_priors_ = network.drawn_priors_
        self.n_iter_ = network.n_iter_
        self.moved_rows_ = outcome.best_rows.cpu().numpy()
        self.moved_labels_ = self.classes_[algorithm.moved_codes()]
        self.parent_indices_ = algorithm.parents()
        there, rate = self.parent_indices_ >= 0, self.row_learning_rate
        warn_of_far(algorithm.parts.training.X, self.moved_rows_, there, rate)
        return None

    def probability_parts(self, X: Any) -> Iterator[Floats]:
        """Yield the replicas' probabilities, a few rows at once."""
        check_is_fitted(self)
        X = check_rows(self, self.estimator_, X)
        yield from self.estimator_.probability_parts(X)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = get_tags(NetworkClassifier()).input_tags.sparse
        return tags
