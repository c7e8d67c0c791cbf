"""Learners that go on learning: one round at a time, each on rows of its own.

scikit-learn, LightGBM and XGBoost have four ways of going on. Each has its adapter
here, chosen by what a learner can do, so that a loop that draws rows sees one kind.
"""

# SPDX-License-Identifier: BSD-3-Clause

import copy
import inspect
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from trimtab.exceptions import InputError
from trimtab.fit_arguments import seed_parameters

__all__ = ["IncrementalLearner", "check_is_estimator", "incremental_learner"]

Codes = NDArray[np.integer[Any]]
Weights = NDArray[np.floating[Any]]


class IncrementalLearner(Protocol):
    """A learner that is fitted in rounds.

    Attributes
    ----------
    model : estimator
        The learner as fitted so far.
    n_rounds : int
        Rounds until it is complete.
    can_overfit : bool
        Whether more rounds can be worse: not for forests and bags, whose members do
        not depend on each other.
    """

    model: Any
    n_rounds: int
    can_overfit: bool

    def learn(self, X: Any, codes: Codes, weight: Weights | None) -> None:
        """Go on with one round on these rows, in which every class occurs."""

    def keep(self) -> None:
        """Remember the present state."""

    def restore(self) -> None:
        """Return to the state that was remembered last."""


def incremental_learner(
    estimator: Any, *, n_classes: int, max_rounds: int, seed: int
) -> IncrementalLearner:
    """Return the adapter for what `estimator` can do.

    In this order: LightGBM and XGBoost go on boosting from their last model; a learner
    with ``partial_fit`` makes one pass over the rows of a round; a learner with
    ``warm_start`` and ``n_estimators`` (and histogram gradient boosting with its
    ``max_iter``) grows to that number in equal steps; any other learner with
    ``warm_start`` starts each fit from the solution before.

    Parameters
    ----------
    estimator : estimator
        An unfitted classifier. It is cloned.
    n_classes : int
        Labels are the codes 0 to ``n_classes - 1``.
    max_rounds : int
        The largest number of rounds. A learner that grows takes fewer where it has
        fewer members.
    seed : int
        Replaces the ``random_state`` of the learner, if it has one.

    Returns
    -------
    IncrementalLearner

    Raises
    ------
    InputError
        Where the learner can do none of this, or predicts no probabilities.
    """
    kind = _kind_of(estimator)
    if not hasattr(estimator, "predict_proba"):
        raise InputError(
            f"{_name(estimator)} predicts no probabilities: choose a loss that does, "
            "for instance SGDClassifier(loss='log_loss')"
        )
    model = _seeded(clone(estimator), seed)
    return kind(model, n_classes, max_rounds)


def check_is_estimator(estimator: Any) -> None:
    """Raise an `InputError` unless this is an estimator, not its class."""
    if isinstance(estimator, type) or not hasattr(estimator, "get_params"):
        raise InputError(
            f"estimator is {estimator!r}: give an unfitted classifier, for instance "
            "SGDClassifier(loss='log_loss')"
        )


def _kind_of(estimator: Any) -> Callable[[Any, int, int], IncrementalLearner]:
    check_is_estimator(estimator)
    parameters = estimator.get_params(deep=False)
    if _init_model_argument(estimator) and "n_estimators" in parameters:
        return _Continued
    if hasattr(estimator, "partial_fit"):
        return _PartialFit
    if "warm_start" not in parameters:
        raise _cannot_go_on(estimator)
    if _is_histogram_boosting(estimator):
        return _GrownHistogram
    return _Grown if "n_estimators" in parameters else _Restarted


def _cannot_go_on(estimator: Any) -> InputError:
    if hasattr(estimator, "steps"):
        return InputError(
            "a Pipeline cannot be fitted in rounds: put the preparation ahead, as in "
            "make_pipeline(StandardScaler(), ARTClassifier(learner))"
        )
    return InputError(
        f"{_name(estimator)} cannot be fitted in rounds, it has neither partial_fit "
        "nor warm_start: take for instance HistGradientBoostingClassifier, "
        "LGBMClassifier, MLPClassifier or RandomForestClassifier"
    )


def _name(estimator: Any) -> str:
    return type(estimator).__name__


def _is_histogram_boosting(estimator: Any) -> bool:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return isinstance(estimator, HistGradientBoostingClassifier)


def _is_average(estimator: Any) -> bool:
    from sklearn.ensemble import (
        BaggingClassifier,
        ExtraTreesClassifier,
        RandomForestClassifier,
    )

    kinds = (BaggingClassifier, ExtraTreesClassifier, RandomForestClassifier)
    return isinstance(estimator, kinds)


def _init_model_argument(estimator: Any) -> str | None:
    """Return the argument of ``fit`` that takes the model to go on from."""
    arguments = inspect.signature(estimator.fit).parameters
    return next((a for a in ("init_model", "xgb_model") if a in arguments), None)


def _seeded(model: Any, seed: int) -> Any:
    return model.set_params(**dict.fromkeys(seed_parameters(model), seed))


def _weighted(method: Any, model: Any, weight: Weights | None) -> dict[str, Weights]:
    """Return the rows' weights as an argument of `method`, if there are any."""
    if weight is None:
        return {}
    arguments = inspect.signature(method).parameters.values()
    if not any(a.name == "sample_weight" or a.kind is a.VAR_KEYWORD for a in arguments):
        raise InputError(
            f"{_name(model)} takes no sample_weight when it is fitted in rounds: leave "
            "sample_weight out, or take another learner"
        )
    return {"sample_weight": weight}


class _PartialFit:
    """One pass over the rows a round."""

    can_overfit = True

    def __init__(self, model: Any, n_classes: int, max_rounds: int) -> None:
        self.model = model
        self.n_rounds = max_rounds
        self._classes = np.arange(n_classes)

    def learn(self, X: Any, codes: Codes, weight: Weights | None) -> None:
        self.model.partial_fit(
            X,
            codes,
            classes=self._classes,
            **_weighted(self.model.partial_fit, self.model, weight),
        )

    def keep(self) -> None:
        self._kept = copy.deepcopy(self.model)

    def restore(self) -> None:
        self.model = self._kept


class _Restarted:
    """Each fit starts from the solution of the fit before."""

    can_overfit = True

    def __init__(self, model: Any, n_classes: int, max_rounds: int) -> None:
        self.model = model.set_params(warm_start=True)
        self.n_rounds = max_rounds

    def learn(self, X: Any, codes: Codes, weight: Weights | None) -> None:
        self.model.fit(X, codes, **_weighted(self.model.fit, self.model, weight))

    def keep(self) -> None:
        self._kept = copy.deepcopy(self.model)

    def restore(self) -> None:
        self.model = self._kept


class _Steps:
    """How an ensemble of `total` members grows in at most `max_rounds` equal steps."""

    def __init__(self, total: Any, max_rounds: int) -> None:
        if total < 1:
            raise InputError(f"the learner is to have {total} members: give 1 or more")
        self.total = int(total)
        self.n_rounds = min(max_rounds, self.total)
        self._round = 0

    def grow(self) -> tuple[int, int]:
        """Return how many members there are after the next round, and how many new."""
        before = self._size()
        self._round += 1
        return self._size(), self._size() - before

    def _size(self) -> int:
        return round(self.total * self._round / self.n_rounds)


class _Grown:
    """An ensemble that adds members; those there are stay as they are."""

    size = "n_estimators"

    def __init__(self, model: Any, n_classes: int, max_rounds: int) -> None:
        self.model = model.set_params(warm_start=True)
        self._steps = _Steps(model.get_params(deep=False)[self.size], max_rounds)
        self.n_rounds = self._steps.n_rounds
        self.can_overfit = not _is_average(model)

    def learn(self, X: Any, codes: Codes, weight: Weights | None) -> None:
        members, _ = self._steps.grow()
        self.model.set_params(**{self.size: members})
        self.model.fit(X, codes, **_weighted(self.model.fit, self.model, weight))

    def keep(self) -> None:
        # The lists of members grow in place, the members do not change: copying the
        # members too would make the cost of a fit quadratic.
        self._kept = {
            name: copy.copy(value) for name, value in vars(self.model).items()
        }

    def restore(self) -> None:
        vars(self.model).clear()
        vars(self.model).update(self._kept)


class _GrownHistogram(_Grown):
    """Histogram gradient boosting, with the bins of its first round.

    scikit-learn bins the rows of every fit anew and then reads the trees that exist
    with the new bins, which is right only where the rows stay the same.
    """

    size = "max_iter"

    def __init__(self, model: Any, n_classes: int, max_rounds: int) -> None:
        if model.early_stopping == "auto":  # the loop has held-out rows of its own
            model.set_params(early_stopping=False)
        super().__init__(model, n_classes, max_rounds)
        self._bins: Any = None

    def learn(self, X: Any, codes: Codes, weight: Weights | None) -> None:
        if self._bins is not None:
            self.model._bin_data = self._bin_as_before
        try:
            super().learn(X, codes, weight)
        finally:
            vars(self.model).pop("_bin_data", None)
        self._bins = self.model._bin_mapper
        if self.model.is_categorical_ is not None and self.model.is_categorical_.any():
            raise InputError(
                "HistGradientBoostingClassifier numbers the categories of a column "
                "anew in every round: encode them ahead, for instance by "
                "TargetEncoder, or take LGBMClassifier"
            )

    def _bin_as_before(self, X: Any, *_: Any, **__: Any) -> Any:
        self.model._bin_mapper = self._bins
        return self._bins.transform(X)


class _Continued:
    """LightGBM and XGBoost: each round boosts on from the model of the round before."""

    can_overfit = True

    def __init__(self, model: Any, n_classes: int, max_rounds: int) -> None:
        parameters = model.get_params(deep=False)
        # Both libraries mean 100 by None.
        total = parameters["n_estimators"]
        self._steps = _Steps(100 if total is None else total, max_rounds)
        self.n_rounds = self._steps.n_rounds
        self._seed = parameters["random_state"]
        self._argument = str(_init_model_argument(model))
        self._fitted = False
        self.model = model

    def learn(self, X: Any, codes: Codes, weight: Weights | None) -> None:
        members, new = self._steps.grow()
        # Under one seed every round would pick the same rows and columns.
        following = clone(self.model).set_params(
            n_estimators=new, random_state=(self._seed + members) % 2**31
        )
        so_far = {self._argument: self._booster()} if self._fitted else {}
        arguments = _weighted(following.fit, following, weight)
        self.model = following.fit(X, codes, **so_far, **arguments)
        self._fitted = True

    def _booster(self) -> Any:
        if self._argument == "xgb_model":
            return self.model.get_booster()
        return self.model.booster_

    def keep(self) -> None:
        self._kept = self.model

    def restore(self) -> None:
        self.model = self._kept
