"""Scores settings of a method on hold-outs of the training part.

All settings meet the same hold-outs and the same seeds. Steps before the learner are
fitted once for all settings that share them, and networks that can be are trained as
one.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.benchmark.messages import Announce, Phase
from trimtab.benchmark.running.fitting import MethodOnTable
from trimtab.benchmark.running.shared_steps import Prepared, prepare
from trimtab.benchmark.tuning import Tuning
from trimtab.metrics import confusion_matrix, measure_decisions, measure_scores
from trimtab.tables import held_out_split

__all__ = ["HoldOuts", "TrialScore"]

Rows = NDArray[np.int64]


@dataclass
class TrialScore:
    """What a setting scored: a value for each hold-out and seed, or why there is none.

    Attributes
    ----------
    values : list of float
        So far.
    reason : str
        For one that failed, the error in one line.
    """

    values: list[float]
    reason: str = ""

    @property
    def value(self) -> float | None:
        """The mean, or None for one that failed."""
        return None if self.reason else float(np.mean(self.values))

    def fail(self, error: Exception) -> None:
        """Take down an error."""
        text = " ".join(str(error).split())
        self.reason = f"{type(error).__name__}: {text}"[:500]

    def add(self, value: float) -> None:
        """Take down a score."""
        if not np.isfinite(value):
            raise ValueError("the score is not finite")
        self.values.append(value)


class HoldOuts:
    """The hold-outs of a training part, and what is measured on them.

    Parameters
    ----------
    table : MethodOnTable
        The method and its table.
    rows : ndarray of int of shape (n_rows,)
        The training part: no other row is looked at.
    tuning : Tuning
        How many hold-outs and seeds, and the metric.
    random_state : int
        Decides hold-outs and seeds.
    announce : callable
        Told of each fit.
    """

    def __init__(
        self,
        table: MethodOnTable,
        rows: Rows,
        tuning: Tuning,
        random_state: int,
        announce: Announce,
    ) -> None:
        self._table, self._tuning, self._announce = table, tuning, announce
        self._splits = []
        for i in range(tuning.n_splits):
            draw = _seeds(random_state, i, 1 + tuning.n_seeds)
            codes = table.labels.codes[rows]
            kept, held = held_out_split(
                codes, tuning.validation_fraction, random_state=draw[0]
            )
            self._splits.append((rows[kept], rows[held], draw[1:]))

    def score(self, settings: Sequence[dict[str, Any]]) -> list[TrialScore]:
        """Return the score of each setting; an error is that of its setting alone."""
        found = [TrialScore([]) for _ in settings]
        for kept, held, seeds in self._splits:
            self._score_on(settings, found, kept, held, seeds)
        return found

    def _score_on(
        self,
        settings: Sequence[dict[str, Any]],
        found: list[TrialScore],
        kept: Rows,
        held: Rows,
        seeds: list[int],
    ) -> None:
        fitted = self._table.fitted_rows(kept)
        owners: list[int] = []
        estimators: list[Any] = []
        for trial, parameters in enumerate(settings):
            if found[trial].reason:
                continue
            try:
                built = self._build(fitted.info, parameters, seeds)
            except Exception as error:
                found[trial].fail(error)
                continue
            owners += [trial] * len(built)
            estimators += built
        X_held = self._table.rows(held)
        codes = self._table.labels.codes[held]
        for part in prepare(estimators, fitted.X, fitted.y, X_held):
            if isinstance(part, Prepared):
                scores = [found[owners[p]] for p in part.positions]
                self._fit_and_score(part, scores, codes)
            else:
                for position in part[0]:
                    found[owners[position]].fail(part[1])

    def _build(
        self, info: Any, parameters: dict[str, Any], seeds: list[int]
    ) -> list[Any]:
        """Return an estimator for each seed, or one whose replicas the seeds are."""
        build = self._table.method.build
        first = build(info, seeds[0], **parameters)
        learner = first.steps[-1][1] if hasattr(first, "steps") else first
        if _has_replicas(learner):
            learner.set_params(n_replicas=len(seeds))
            return [first]
        return [first, *(build(info, seed, **parameters) for seed in seeds[1:])]

    def _fit_and_score(
        self, part: Prepared, found: list[TrialScore], codes: Rows
    ) -> None:
        for group in _groups(part.learners):
            learners = [part.learners[i] for i in group]
            if len(group) > 1:
                self._announce(Phase("tune", len(group)))
                try:
                    _fit_together(learners, part.X, part.y)
                except Exception:
                    # One of them spoilt it: fitted alone, each has its own outcome.
                    learners = [_unfitted(learner) for learner in learners]
            for i, learner in zip(group, learners, strict=True):
                if found[i].reason:
                    continue
                try:
                    if not hasattr(learner, "classes_"):
                        self._announce(Phase("tune"))
                        learner.fit(part.X, part.y)
                    for value in self._values(learner, part.X_held, codes):
                        found[i].add(value)
                except Exception as error:
                    found[i].fail(error)

    def _values(self, learner: Any, X_held: Any, codes: Rows) -> Iterator[float]:
        """Yield the metric of a fitted learner, or of each of its replicas."""
        if _has_replicas(learner):
            for predicted in learner.replica_probabilities(X_held):
                scores = self._table.scores(learner, predicted)
                yield self._measure(codes, scores, scores.argmax(axis=1))
            return
        scores = self._table.scores(learner, learner.predict_proba(X_held))
        called = self._table.decide(learner, X_held, scores)
        yield self._measure(codes, scores, called)

    def _measure(self, codes: Rows, scores: Any, called: Any) -> float:
        positive, metric = self._table.labels.positive, self._tuning.metric
        confusion = confusion_matrix(codes, called, scores.shape[1])
        measures = measure_decisions(confusion, positive)
        if metric not in measures:
            measures = measure_scores(codes, scores, positive)
        return measures[metric]


def _seeds(random_state: int, split: int, n: int) -> list[int]:
    """Return seeds that every library takes."""
    state = np.random.SeedSequence([random_state, split]).generate_state(n)
    return [int(seed) for seed in state >> 1]


def _has_replicas(learner: Any) -> bool:
    return hasattr(learner, "replica_probabilities") and hasattr(learner, "n_replicas")


def _groups(learners: list[Any]) -> list[list[int]]:
    """Return the positions of learners that can be trained as one, group by group."""
    if not all(map(_has_replicas, learners)):
        return [[i] for i in range(len(learners))]
    from trimtab.training.side_by_side import groups_that_fit_together

    return groups_that_fit_together(learners)


def _fit_together(learners: list[Any], X: Any, y: Any) -> None:
    from trimtab.training.side_by_side import fit_together

    fit_together(learners, X, y)


def _unfitted(learner: Any) -> Any:
    from sklearn.base import clone

    return clone(learner)
