"""Ensembles on drawn rows as a scikit-learn classifier, whatever draws the rows."""

# SPDX-License-Identifier: BSD-3-Clause

from abc import ABC, abstractmethod
from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import Tags, check_random_state, get_tags
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from trimtab.ensembles.accepted_rows import (
    accept_rows,
    accept_table,
    check_class_sizes,
)
from trimtab.ensembles.cascade import Cascade, grow_with_history
from trimtab.ensembles.held_out_score import METRICS, Metric
from trimtab.ensembles.members import check_learner, in_order, predicted
from trimtab.ensembles.policies import Policy
from trimtab.ensembles.training_rows import TrainingRows
from trimtab.fit_arguments import (
    check_eval_set,
    check_fit_parameters,
    check_sample_weight,
    coded_class_weights,
    weighty_rows,
)
from trimtab.lazy_tables import is_dask, refuse_dask
from trimtab.sampling.priors import corrected
from trimtab.tables import Labels, held_out_split, n_rows
from trimtab.whole_fits import all_or_nothing

__all__ = ["PolicyEnsemble"]

Floats = NDArray[np.float64]


class PolicyEnsemble(ClassifierMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """What all ensembles on drawn rows share; a subclass says by which policy.

    A subclass has the parameters ``estimator``, ``n_estimators``, ``metric``,
    ``validation_fraction``, ``max_candidates``, ``correct_prior``, ``n_jobs`` and
    ``random_state`` of `trimtab.ensembles.under_sampling`, and a method ``_policy``.
    """

    estimator: Any
    n_estimators: int
    metric: Metric
    validation_fraction: float | str | None
    max_candidates: int | None
    correct_prior: bool
    n_jobs: int | None
    random_state: int | np.random.RandomState | None

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "metric": [StrOptions(set(METRICS)), callable],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither"), None],
        "max_candidates": [Interval(Integral, 2, None, closed="left"), None],
        "correct_prior": ["boolean"],
        "n_jobs": [
            Interval(Integral, None, -1, closed="right"),
            Interval(Integral, 1, None, closed="left"),
            None,
        ],
        "random_state": ["random_state"],
    }

    # Handed on as one of **fit_params, so scikit-learn cannot see it in the signature.
    __metadata_request__fit: ClassVar[dict[str, None]] = {"sample_weight": None}

    _history_bins = 10

    @abstractmethod
    def _policy(self, rows: TrainingRows, seed: int) -> Policy:
        """Return the policy that the ensemble is grown by."""

    def fit(
        self,
        X: Any,
        y: Any,
        eval_set: tuple[Any, Any] | None = None,
        **fit_params: ArrayLike,
    ) -> Self:
        """Grow the ensemble.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            What the learner can be fitted on: array, DataFrame, sparse matrix, with
            text or missing values if it knows what to do with them. A DataFrame or an
            Array of Dask stays where it lies; the drawn rows alone come here.
        y : array-like of shape (n_rows,)
            Class labels. With a collection of Dask: of the same partitions, or in
            memory.
        eval_set : tuple (X, y) or None, default=None
            Held-out rows that the ensemble is measured on after each member. By
            default `validation_fraction` of the training rows. Never the test rows.
        **fit_params : dict
            ``sample_weight`` alone, of shape (n_rows,): a row that is drawn has its
            weight in the member's fit, one that is held out in the measurement.

        Returns
        -------
        self
            The fitted classifier.

        Raises
        ------
        InputError
            Where the learner predicts no probabilities, takes no weights although
            there are some, or a class has too few rows. An error of the learner's own
            goes through, with a note that says which member raised it; what was fitted
            before stays as it was.
        """
        with all_or_nothing(self):
            self._fit(X, y, eval_set, fit_params)
        return self

    def _fit(
        self,
        X: Any,
        y: Any,
        eval_set: tuple[Any, Any] | None,
        fit_params: dict[str, ArrayLike],
    ) -> None:
        self._validate_params()
        if self.estimator is not None:
            check_learner(self.estimator)
        random_state = check_random_state(self.random_state)
        begin = self._begin_partitioned if is_dask(X) else self._begin
        cascade, rows = begin(X, y, eval_set, fit_params, random_state)
        policy = self._policy(rows, int(random_state.randint(2**31 - 1)))
        self.history_ = grow_with_history(cascade, policy, self._history_bins)
        self.classes_ = rows.classes
        self.estimators_ = cascade.members
        self.class_prior_ = rows.counts / rows.counts.sum()
        drawn = np.array([record["rows_per_class"] for record in self.history_])
        self.drawn_priors_ = drawn / drawn.sum(axis=1, keepdims=True)

    def _begin(
        self,
        X: Any,
        y: Any,
        eval_set: tuple[Any, Any] | None,
        fit_params: dict[str, ArrayLike],
        random_state: np.random.RandomState,
    ) -> tuple[Cascade, TrainingRows]:
        """Return a cascade without members over a table in memory."""
        X, labels = accept_rows(self, self.estimator, X, y)
        weight = check_sample_weight(fit_params, labels)
        X, labels, weight = weighty_rows(X, labels, weight)
        held_out = self._held_out(labels, eval_set, random_state)
        cascade = Cascade(
            self._learner(labels.classes),
            X,
            labels.codes,
            metric=self.metric,
            n_rounds=self.n_estimators,
            rng=random_state.randint(2**31 - 1),
            sample_weight=weight,
            max_candidates=self.max_candidates,
            n_jobs=self.n_jobs,
            **held_out,
        )
        return cascade, TrainingRows(
            X, labels.codes, held_out, labels.classes, labels.counts
        )

    def _begin_partitioned(
        self,
        X: Any,
        y: Any,
        eval_set: tuple[Any, Any] | None,
        fit_params: dict[str, ArrayLike],
        random_state: np.random.RandomState,
    ) -> tuple[Cascade, TrainingRows]:
        """Return a cascade without members over a Dask collection."""
        from trimtab.ensembles.partitioned.dask_table import example_of
        from trimtab.ensembles.partitioned.partitioned_rows import PartitionedRows

        self._check_partitioned()
        check_fit_parameters(fit_params)
        target = None if y is None else "no_validation"
        example = accept_table(self, self.estimator, example_of(X), target)
        names = list(getattr(X, "columns", ()))
        if names != list(getattr(example, "columns", ())):  # that LightGBM refuses
            X = X.rename(columns=dict(zip(names, example.columns, strict=True)))
        weight = fit_params.get("sample_weight")
        rows = PartitionedRows.of(X, y, weight, self.n_jobs)
        if eval_set is None:
            held_out: Any = self._fraction_of(int(rows.counts.sum()))
        else:
            held_out = self._eval_rows(eval_set, rows.labels)
        pool, rng = rows.pool(held_out, self.max_candidates, random_state)
        cascade = Cascade.over(
            pool,
            self._learner(rows.labels.classes),
            metric=self.metric,
            n_rounds=self.n_estimators,
            rng=rng,
        )
        no_codes = rows.labels.codes
        return cascade, TrainingRows(X, no_codes, {}, rows.labels.classes, rows.counts)

    def _check_partitioned(self) -> None:
        """Raise an `InputError` where rows must be in memory after all."""

    def _learner(self, classes: NDArray[Any]) -> Any:
        if self.estimator is not None:
            return coded_class_weights(self.estimator, classes)
        from trimtab.ensembles.default_learner import default_learner

        return default_learner

    def _held_out(
        self,
        labels: Labels,
        eval_set: tuple[Any, Any] | None,
        random_state: np.random.RandomState,
    ) -> dict[str, Any]:
        """Return the arguments that tell a cascade what is held out."""
        if eval_set is not None:
            X_held, codes_held = self._eval_rows(eval_set, labels)
            return {"X_held": X_held, "codes_held": codes_held}
        fraction = self._fraction_of(len(labels.codes))
        is_split = fraction is not None
        check_class_sizes(labels.classes, labels.counts, is_split=is_split)
        if fraction is None:
            return {}
        _, held_rows = held_out_split(labels.codes, fraction, random_state=random_state)
        return {"held_rows": held_rows}

    def _eval_rows(
        self, eval_set: tuple[Any, Any], labels: Labels
    ) -> tuple[Any, NDArray[np.int64]]:
        """Return the held-out rows that the user brings, and their codes."""
        X_held, codes_held = check_eval_set(eval_set, labels)
        try:
            X_held = accept_rows(self, self.estimator, X_held)
        except Exception as error:
            error.add_note("raised by the table of eval_set")
            raise
        return X_held, codes_held

    def _fraction_of(self, n_rows: int) -> float | None:
        """Return the share of each class to hold out of so many rows."""
        fraction = self._fraction_to_hold()
        if fraction is None or self.max_candidates is None:
            return fraction
        return min(fraction, self.max_candidates / n_rows)

    def _fraction_to_hold(self) -> float | None:
        """Return the share of each class to hold out where there is no eval_set."""
        assert not isinstance(self.validation_fraction, str)
        return self.validation_fraction

    def staged_predict_proba(self, X: Any) -> Iterator[Floats]:
        """Return what the ensemble would predict if it had ended with each member.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            As in ``fit``.

        Yields
        ------
        ndarray of float of shape (n_rows, n_classes)
            The mean over the first member, the first two, and so on.
        """
        check_is_fitted(self, "estimators_")
        refuse_dask(X)
        return self._staged(accept_rows(self, self.estimator, X))

    def _staged(self, X: Any) -> Iterator[Floats]:
        sums = np.zeros((n_rows(X), len(self.classes_)))
        of_members = in_order(
            self._of_member,
            [(X, number) for number in range(len(self.estimators_))],
            self.n_jobs,
        )
        for number, probabilities in enumerate(of_members, start=1):
            sums += probabilities
            yield sums / number

    def _of_member(self, X: Any, number: int) -> Floats:
        member = self.estimators_[number]
        probabilities = predicted(member, X, len(self.classes_))
        if not self.correct_prior:
            return probabilities
        return corrected(probabilities, self.class_prior_, self.drawn_priors_[number])

    def predict_proba(self, X: Any) -> Floats:
        """Return the probability of each class, the mean over the members.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            As in ``fit``.

        Returns
        -------
        ndarray of float of shape (n_rows, n_classes)
            Columns in the order of ``classes_``. For a Dask collection an array of
            Dask's, which is worked out when it is asked for.
        """
        if is_dask(X):
            lazy: Floats = self._lazily(X, self.predict_proba)
            return lazy
        *_, last = self.staged_predict_proba(X)
        return last

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each row.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            As in ``fit``.

        Returns
        -------
        ndarray of shape (n_rows,)
            Labels as given to ``fit``. For a Dask collection an array of Dask's.
        """
        if is_dask(X):
            most: NDArray[Any] = self._lazily(X, self.predict)
            return most
        most_probable = self.predict_proba(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[most_probable]
        return labels

    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            As in ``fit``. Of a Dask collection the predictions alone come here.
        y : array-like of shape (n_rows,)
            Labels, in a collection of Dask's perhaps.
        sample_weight : array-like of shape (n_rows,), default=None
            What each row counts.

        Returns
        -------
        float
            The share of rows whose class is predicted, in [0, 1].
        """
        given = (y, self.predict(X), sample_weight)
        true, guessed, weight = (
            np.asarray(column) if is_dask(column) else column for column in given
        )
        return float(accuracy_score(true, guessed, sample_weight=weight))

    def _lazily(self, X: Any, method: Any) -> Any:
        """Return what a method predicts for a Dask collection, still to be done."""
        from trimtab.ensembles.partitioned import dask_table

        check_is_fitted(self, "estimators_")
        accept_table(self, self.estimator, dask_table.example_of(X))
        labels = self.classes_
        like = labels[:0] if method == self.predict else np.zeros((0, len(labels)))
        return dask_table.lazily_predicted(X, method, like)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        if self.estimator is None:  # LightGBM's, without importing it
            tags.input_tags.sparse = tags.input_tags.allow_nan = True
        else:
            accepted = get_tags(self.estimator).input_tags
            tags.input_tags.sparse = accepted.sparse
            tags.input_tags.allow_nan = accepted.allow_nan
        return tags
