"""Algorithm 1 of Explicit Gradient Learning, as a classifier."""

# SPDX-License-Identifier: BSD-3-Clause

import warnings
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags, check_random_state, get_tags
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from trimtab.exceptions import InputError
from trimtab.synthesis.moving_rows import MovingRows, moving_counts, moving_set
from trimtab.synthesis.row_limits import RowLimits
from trimtab.tables import Labels, encode_labels, held_out_split
from trimtab.training.checked_rows import as_network, check_rows
from trimtab.training.classifier import NetworkClassifier, network_probabilities
from trimtab.training.fit_rows import FitRows
from trimtab.training.input_checks import check_pair, held_out_codes
from trimtab.training.network_choice import network_of
from trimtab.training.replica_network import ReplicaNetwork
from trimtab.training.shared_run import FitOutcome, trainer_of
from trimtab.training.trainer import Trainer
from trimtab.training.training_run import Record

__all__ = ["ExplicitGradientClassifier"]

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

FEW_META_ROWS = 3
"""Below so many meta rows of a rare class their loss says little of it."""


class _Part(NamedTuple):
    """Rows, and their class codes."""

    X: Any
    codes: Codes


class ExplicitGradientClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
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
        None: never, as in the paper. In either case the best epoch is kept: of the
        first network that of the lowest loss on the held-out rows.
    selection : {"average-precision", "loss"}, default="average-precision"
        What tells the best epoch while rows move: the average precision of the rare
        classes on the held-out rows, or the loss.
    validation_fraction : float in (0, 1), default=0.2
        The share of each class that selects the epoch. Unused with `eval_set`.
    meta_fraction : float in (0, 1), default=0.2
        The share of each class whose loss moves the rows. Unused with `meta_set`.
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
        Where the moving rows were in each replica's best epoch.
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
    n_features_in_ : int
        Columns seen in ``fit``.
    feature_names_in_ : ndarray of str of shape (n_columns,)
        Their names, where the table had any.

    See Also
    --------
    ExplicitGradientSampler : Hands the moved rows to any classifier.

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
        "selection": [StrOptions({"average-precision", "loss"})],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "meta_fraction": [Interval(Real, 0, 1, closed="neither")],
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
        selection: str = "average-precision",
        validation_fraction: float = 0.2,
        meta_fraction: float = 0.2,
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
            Rows that select the epoch; by default `validation_fraction` of each class.
        meta_set : tuple (X, y) or None, default=None
            Rows whose loss moves the rows; by default `meta_fraction` of each class.
            They must not be those of `eval_set`, nor test rows.

        Returns
        -------
        self : ExplicitGradientClassifier
            The fitted classifier.

        Raises
        ------
        InputError
            Where X is not finite, y has one class only, a class is too small to be
            split or missing from a part, or a parameter is out of range.

        Warns
        -----
        UserWarning
            Where the meta rows of a rare class are very few, or rows have moved far
            out of the data's range.
        """
        return self._fit(X, y, eval_set, meta_set, None)

    def fit_copies(self, X: Any, y: Any, copies: Mapping[Any, int]) -> Self:
        """Do as `fit`, but with so many moving rows of each class.

        Parameters
        ----------
        X, y
            As in `fit`.
        copies : mapping of label to int
            Moving rows of each class that has some. More than a class has rows are
            shared by its rows alike.

        Returns
        -------
        self : ExplicitGradientClassifier
            The fitted classifier.
        """
        return self._fit(X, y, None, None, copies)

    def _fit(
        self,
        X: Any,
        y: Any,
        eval_set: Any,
        meta_set: Any,
        copies: Mapping[Any, int] | None,
    ) -> Self:
        self._validate_params()
        network = self._network()
        X, y = check_rows(self, network, X, y)
        labels = encode_labels(y)
        self.classes_ = labels.classes
        random = check_random_state(self.random_state)
        training, meta, held, numbers = self._parts(
            X, labels, eval_set, meta_set, random
        )
        network.set_params(random_state=random.randint(2**31 - 1))
        share = network.begin_fit(
            training.X,
            labels.decode(training.codes),
            eval_set=(held.X, labels.decode(held.codes)),
        )
        self._warn_of_few(meta.codes, labels)
        first = self._first_training(network, share.rows)
        moving = self._moving_rows(first, training, meta, copies)
        self._move(network, first, moving, training, held, share.rows.seeds)
        taken = moving.taken.cpu().numpy()
        self.parent_indices_ = np.where(taken, numbers[self._parents], -1)
        self.class_prior_ = network.class_prior_
        self._warn_of_far(training.X)
        return self

    def _network(self) -> NetworkClassifier:
        """Return the network to train, with what is a parameter here."""
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

    def _parts(
        self,
        X: Any,
        labels: Labels,
        eval_set: Any,
        meta_set: Any,
        random: np.random.RandomState,
    ) -> tuple[_Part, _Part, _Part, Codes]:
        """Split into training, meta and selecting rows; say which rows are trained."""
        rest = np.arange(len(labels.codes))
        parts: list[_Part] = []
        fractions = {
            "eval_set": (eval_set, self.validation_fraction),
            "meta_set": (meta_set, self.meta_fraction),
        }
        _check_room(labels, sum(given is None for given, _ in fractions.values()))
        for name, (given, fraction) in fractions.items():
            if given is not None:
                X_given, y_given = check_pair(name, given)
                codes = held_out_codes(y_given, labels.classes)
                X_given = check_rows(self, self._network(), X_given)
                parts.append(_Part(X_given, codes))
                continue
            of_rest = min(fraction * len(labels.codes) / len(rest), 0.95)
            kept, out = held_out_split(labels.codes[rest], of_rest, random_state=random)
            parts.append(_Part(X[rest[out]], labels.codes[rest[out]]))
            rest = rest[kept]
        held, meta = parts
        return _Part(X[rest], labels.codes[rest]), meta, held, rest

    def _first_training(self, network: NetworkClassifier, rows: FitRows) -> Trainer:
        """Train the first network, C_θ0 in the paper, on the training rows alone."""
        built = network_of(
            network, rows.X, len(rows.classes), rows.seeds, network.dropout
        )
        trainer = trainer_of(network, built)
        trainer.fit(
            rows.X,
            rows.codes,
            rows.X_held,
            rows.codes_held,
            seeds=rows.seeds,
            n_classes=len(rows.classes),
        )
        self.first_history_ = trainer.history_
        return trainer

    def _wanted_rows(
        self, first: Trainer, codes: Codes, copies: Mapping[Any, int] | None
    ) -> Codes:
        """Return how many rows of each class are to move."""
        if copies is not None:
            return np.array([copies.get(label, 0) for label in self.classes_.tolist()])
        difficulty = None
        if self.class_shares == "difficulty":
            f1 = np.zeros((self.n_replicas, len(self.classes_)))
            for record in first.history_:
                if record["epoch"] == first.best_epochs_[record["replica"]]:
                    f1[record["replica"]] = record["class_f1"]
            difficulty = 1 - f1
        counts = np.bincount(codes, minlength=len(self.classes_))
        return moving_counts(counts, difficulty)

    def _moving_rows(
        self,
        first: Trainer,
        training: _Part,
        meta: _Part,
        copies: Mapping[Any, int] | None,
    ) -> MovingRows:
        """Copy the rare rows of which the first network is least sure."""
        certainty = _own_class(first.network, training)
        wanted = self._wanted_rows(first, training.codes, copies)
        chosen = moving_set(training.codes, wanted, certainty, self.max_confidence)
        self._parents = chosen.parents
        return MovingRows(
            torch.from_numpy(np.asarray(training.X)[chosen.parents]),
            torch.from_numpy(training.codes[chosen.parents]),
            torch.from_numpy(chosen.taken),
            torch.from_numpy(np.asarray(meta.X)),
            torch.from_numpy(meta.codes),
            len(self.classes_),
            row_learning_rate=self.row_learning_rate,
            n_inner_steps=self.n_inner_steps,
            balanced_meta=self.balanced_meta,
            limits=self._limits(np.asarray(training.X)),
            keep_positions=self.keep_positions,
        )

    def _limits(self, X: NDArray[np.float32]) -> RowLimits:
        lowest = highest = None
        if self.keep_in_range:
            lowest, highest = torch.from_numpy(X.min(0)), torch.from_numpy(X.max(0))
        groups = [torch.tensor(list(g)) for g in self.one_hot_columns or ()]
        for group in groups:
            if (
                X.ndim != 2
                or not len(group)
                or not 0 <= group.min() <= group.max() < (X.shape[1])
            ):
                raise InputError(
                    f"one_hot_columns has the group {group.tolist()} and X "
                    f"{X.shape[1]} columns: give numbers of columns, from 0"
                )
        if groups and self.one_hot == "fixed":
            return RowLimits(lowest, highest, torch.cat(groups))
        return RowLimits(lowest, highest, None, tuple(groups))

    def _move(
        self,
        network: NetworkClassifier,
        first: Trainer,
        moving: MovingRows,
        training: _Part,
        held: _Part,
        seeds: list[int],
    ) -> None:
        """Train on beside moving rows; take over what came of it."""
        plain = self.optimizer == "sgd"
        positions = _BestPositions(self.n_replicas)
        changes: dict[str, Any] = {"learning_rate_init": self.learning_rate}
        changes |= {"weight_decay": 0.0} if plain else {}
        if not plain:
            changes["learning_rate_init"] = network.learning_rate_init
            moving.trial_rate = self.learning_rate
        trainer = trainer_of(
            network,
            first.network,
            synthesis=moving,
            optimizer=self.optimizer,
            schedule="constant",
            selection=self.selection,
            callback=positions,
            **changes,
        )
        moving = trainer.synthesis  # type: ignore[assignment]
        positions.moving = moving
        history = trainer.fit(
            training.X,
            training.codes,
            held.X,
            held.codes,
            seeds=seeds,
            n_classes=len(self.classes_),
        )
        seen = first.seen_ + trainer.seen_
        network.end_fit(
            FitOutcome(trainer.network, history, trainer.best_epochs_, seen)
        )
        self.estimator_, self.history_ = network, history
        self.best_iter_, self.n_iter_ = network.best_iter_, network.n_iter_
        self.moved_rows_ = positions.rows()
        self.moved_labels_ = self.classes_[moving.codes.cpu().numpy()]

    def _warn_of_few(self, codes: Codes, labels: Labels) -> None:
        counts = np.bincount(codes, minlength=len(labels.classes))
        rare = moving_counts(counts) > 0
        if rare.any() and counts[rare].min() < FEW_META_ROWS:
            code = int(np.flatnonzero(rare)[counts[rare].argmin()])
            warnings.warn(
                f"the meta set has {counts[code]} rows of class {labels.names[code]}, "
                "too few to say where its rows should go: raise meta_fraction, or give "
                "a meta_set",
                UserWarning,
                stacklevel=4,
            )

    def _warn_of_far(self, X: Any) -> None:
        flat = np.asarray(X).reshape(len(X), -1)
        lowest, highest = flat.min(axis=0), flat.max(axis=0)
        room = np.maximum(highest - lowest, 1e-6)
        moved = self.moved_rows_.reshape(*self.moved_rows_.shape[:2], -1)
        far = ((moved < lowest - room) | (moved > highest + room)).any(axis=2)
        share = far[self.parent_indices_ >= 0].mean()
        if share > 0.1:
            warnings.warn(
                f"{share:.0%} of the moving rows lie more than a column's range "
                "outside it: lower row_learning_rate, which is "
                f"{self.row_learning_rate:g}, or set keep_in_range=True",
                UserWarning,
                stacklevel=4,
            )

    def replica_probabilities(self, X: Any) -> Floats:
        """Return each replica's own probabilities: their spread, not their mean.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_columns)
            As in ``fit``.

        Returns
        -------
        ndarray of float of shape (n_replicas, n_rows, n_classes)
            Classes in the order of `classes_`.
        """
        check_is_fitted(self)
        X = check_rows(self, self._network(), X)
        of_network: Floats = self.estimator_.replica_probabilities(X)
        return of_network

    def predict_proba(self, X: Any) -> Floats:
        """Return the probability of each class, the mean over the replicas.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_columns)
            As in ``fit``.

        Returns
        -------
        ndarray of float of shape (n_rows, n_classes)
            Columns in the order of `classes_`.
        """
        mean: Floats = self.replica_probabilities(X).mean(axis=0)
        return mean

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each row.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_columns)
            As in ``fit``.

        Returns
        -------
        ndarray of shape (n_rows,)
            Labels as given to ``fit``.
        """
        most_probable = self.predict_proba(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[most_probable]
        return labels

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = get_tags(NetworkClassifier()).input_tags.sparse
        return tags


class _BestPositions:
    """Remembers where each replica's rows were in its best epoch."""

    def __init__(self, n_replicas: int) -> None:
        self.moving: MovingRows
        self._best = np.full(n_replicas, -np.inf)
        self._rows: Tensor | None = None

    def __call__(self, records: list[Record]) -> None:
        """Take notice of an epoch."""
        if self._rows is None:
            self._rows = self.moving.rows.clone()
        for record in records:
            precision = record.get("held_out_average_precision")
            loss = record["held_out_loss"]
            replica, score = (
                record["replica"],
                -loss if precision is None else precision,
            )
            if score > self._best[replica]:
                self._best[replica] = score
                self._rows[replica] = self.moving.rows[replica]

    def rows(self) -> NDArray[np.float32]:
        """Return the positions of the best epochs."""
        assert self._rows is not None
        positions: NDArray[np.float32] = self._rows.cpu().numpy()
        return positions


def _check_room(labels: Labels, n_parts: int) -> None:
    """Raise an `InputError` unless each class has a row for every part."""
    counts = labels.counts
    if n_parts and counts.min() <= n_parts:
        name, n = labels.names[int(counts.argmin())], counts.min()
        raise InputError(
            f"class {name} has {n} row{'s' if n > 1 else ' only'}: the split into "
            f"{n_parts + 1} parts needs a row of each class in every part; merge the "
            "class, drop it, or give eval_set and meta_set"
        )


@torch.no_grad()
def _own_class(network: ReplicaNetwork, rows: _Part) -> Floats:
    """Return the probability that each replica gives to each row's own class."""
    parts = list(network_probabilities(network, rows.X))
    probabilities = np.concatenate(parts, axis=1)
    own: Floats = probabilities[:, np.arange(len(rows.codes)), rows.codes]
    return own
