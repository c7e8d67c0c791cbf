"""What an ensemble was before it had all its members.

An ensemble that grows member by member and ends with twenty once had five, and would
have ended as that one had five been asked for. So one fit answers for every size. Some
plan ahead, and draw otherwise where more members are to come: these are fitted anew.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable, Sequence
from copy import copy
from typing import Any

import numpy as np
from imblearn.ensemble import RUSBoostClassifier
from numpy.typing import NDArray
from sklearn.ensemble import BaggingClassifier

from trimtab.benchmark.methods.meta_trained import MetaTrainedMESA
from trimtab.benchmark.methods.rows import fitted_rows
from trimtab.benchmark.methods.training_part import TrainedOnPart
from trimtab.benchmark.running.fitting import MethodOnTable
from trimtab.ensembles.named_ensembles import (
    BalanceCascadeClassifier,
    SelfPacedEnsembleClassifier,
)
from trimtab.ensembles.number_ensemble import NumberEnsemble
from trimtab.ensembles.policy_ensemble import PolicyEnsemble
from trimtab.metrics import measure_scores

__all__ = ["at_stage", "measure_stages", "shortened"]

_GROWING = (PolicyEnsemble, NumberEnsemble, RUSBoostClassifier, BaggingClassifier)
_PLANNING = (SelfPacedEnsembleClassifier, BalanceCascadeClassifier)
_AROUND = (TrainedOnPart, MetaTrainedMESA)

_OF_MEMBERS = (
    "estimators_",
    "estimators_features_",
    "estimator_weights_",
    "estimator_errors_",
    "samplers_",
    "pipelines_",
    "history_",
    "drawn_priors_",
)
"""Fitted attributes that hold one thing for each member."""


def shortened(estimator: Any, n_members: int) -> Any:
    """Return a fitted estimator as it was with so many members.

    Parameters
    ----------
    estimator : classifier
        Fitted: an ensemble, or a pipeline that ends with one. It stays as it is.
    n_members : int
        How many of its members count.

    Returns
    -------
    classifier
        The first members alone; the estimator itself where it has no more than these,
        or is none of the ensembles that grow.
    """
    if hasattr(estimator, "steps"):
        *before, (name, last) = estimator.steps
        short = copy(estimator)
        short.steps = [*before, (name, shortened(last, n_members))]
        return short
    if isinstance(estimator, _AROUND):
        short = copy(estimator)
        short.estimator_ = shortened(estimator.estimator_, n_members)
        return short
    if not isinstance(estimator, _GROWING):
        return estimator
    if len(estimator.estimators_) <= n_members:
        return estimator
    short = copy(estimator)
    short.n_estimators = n_members
    for name in _OF_MEMBERS:
        if hasattr(estimator, name):
            setattr(short, name, getattr(estimator, name)[:n_members])
    return short


def _ensemble(estimator: Any) -> Any:
    """Return the ensemble inside pipelines and wrappers."""
    if hasattr(estimator, "steps"):
        return _ensemble(estimator.steps[-1][1])
    if isinstance(estimator, _AROUND):
        return _ensemble(estimator.estimator_)
    return estimator


def _plans(ensemble: Any) -> bool:
    """Whether what it draws depends on how many members are still to come."""
    state = getattr(getattr(ensemble, "policy_", None), "state", None)
    return isinstance(ensemble, _PLANNING) or getattr(state, "plans", False)


def at_stage(estimator: Any, n_members: int, refit: Callable[[int], Any]) -> Any:
    """Return what an estimator would be with so many members.

    Parameters
    ----------
    estimator : classifier
        Fitted.
    n_members : int
        How many members.
    refit : callable
        Given a number of members, returns the estimator fitted with these.

    Returns
    -------
    classifier
        As from `shortened`, or fitted anew where the ensemble plans ahead.
    """
    ensemble = _ensemble(estimator)
    if _plans(ensemble) and n_members < len(ensemble.estimators_):
        return refit(n_members)
    return shortened(estimator, n_members)


def measure_stages(
    estimator: Any,
    table: MethodOnTable,
    test: NDArray[np.int64],
    *,
    refit: Callable[[int], Any],
    n_train: int,
    stages: Sequence[int],
) -> dict[str, float]:
    """Return what an estimator's stages score, and on how many rows they were fitted.

    Parameters
    ----------
    estimator : classifier
        Fitted.
    table : MethodOnTable
        Its table.
    test : ndarray of int
        The rows to measure on.
    refit : callable
        See `at_stage`.
    n_train : int
        How many rows ``fit`` was given.
    stages : sequence of int
        Members.

    Returns
    -------
    dict of str to float
        For each stage k every score of probabilities, as ``average_precision@k``, and
        ``n_train_rows@k``. What does not grow member by member has the same at each.
    """
    measures: dict[str, float] = {}
    codes, positive = table.labels.codes[test], table.labels.positive
    for stage in stages:
        short = at_stage(estimator, stage, refit)
        scores = measure_scores(codes, table.predict(short, test), positive)
        scores["n_train_rows"] = float(fitted_rows(short, n_train))
        measures |= {f"{name}@{stage}": value for name, value in scores.items()}
    return measures
