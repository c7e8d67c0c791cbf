"""Run one experiment: split, fit on the training part, measure on the test part.

Nothing that is fitted, tuned or selected sees a test row. The decision threshold of the
``tuned_`` measures is chosen by an extra fit inside the training part.
"""

# SPDX-License-Identifier: BSD-3-Clause

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.benchmark.experiment import Experiment, Outcome
from trimtab.benchmark.history import History, history_of
from trimtab.benchmark.messages import Announce, Phase
from trimtab.benchmark.methods import Method
from trimtab.benchmark.methods.rows import fitted_rows, resample_seconds
from trimtab.benchmark.protocol import THRESHOLD_FRACTION
from trimtab.benchmark.running.costs import Cost, measure_cost
from trimtab.benchmark.running.fitting import MethodOnTable
from trimtab.benchmark.running.search import Tuned, tune
from trimtab.benchmark.running.stages import measure_stages
from trimtab.metrics import (
    MEASURES,
    best_threshold,
    confusion_matrix,
    decide,
    measure_decisions,
    measure_scores,
    per_class_scores,
)
from trimtab.tables import Labels, held_out_split

__all__ = [
    "chosen_threshold",
    "evaluate",
    "measure_fitted",
    "threshold_rows",
]

Rows = NDArray[np.int64]
Scores = NDArray[np.float64]


def evaluate(
    experiment: Experiment,
    method: Method,
    X: Any,
    labels: Labels,
    announce: Announce = lambda message: None,
    trials: Sequence[Any] = (),
) -> Outcome:
    """Run `experiment` with `method` on a table.

    Parameters
    ----------
    experiment : Experiment
        The split, the seed and the parameters.
    method : Method
        What is fitted.
    X : array-like, DataFrame or sparse matrix of shape (n_rows, n_columns)
        The table.
    labels : Labels
        The classes of its rows.
    announce : callable, default does nothing
        Called with a `Phase` as each begins, ``"tune"`` for every fit of a trial,
        ``"threshold"``, ``"fit"`` and ``"predict"``: a time limit counts from there.
        And with each batch of finished trials.
    trials : sequence of optuna.trial.FrozenTrial, default=()
        Trials of an earlier run of the experiment, which was stopped.

    Returns
    -------
    Outcome
        With status ``"done"``. What goes wrong is raised.
    """
    protocol = experiment.protocol
    training, test = protocol.rows(
        labels.codes, experiment.repeat, experiment.fold, experiment.seed
    )
    table = MethodOnTable(method, X, labels)
    parameters = json.loads(experiment.parameters)
    tuned = None
    if experiment.tuning:
        tuned = tune(
            table,
            training,
            experiment.tuning,
            random_state=experiment.random_state,
            parameters=parameters,
            trials=trials,
            announce=announce,
        )
        parameters = tuned.parameters
    learner = _Learner(table, experiment.random_state, parameters)
    threshold, threshold_cost = None, Cost()
    if protocol.tune_threshold and len(labels.classes) == 2:
        announce(Phase("threshold"))
        with measure_cost() as threshold_cost:
            threshold = learner.choose_threshold(training)
    announce(Phase("fit"))
    estimator, X_training, y_training = learner.build(training)
    with measure_cost() as fit_cost:
        estimator.fit(X_training, y_training)
    announce(Phase("predict"))
    measured = measure_fitted(experiment, table, estimator, (training, test), threshold)
    more = measure_stages(
        estimator,
        table,
        test,
        refit=partial(learner.refitted, training),
        n_train=len(training),
        stages=protocol.stages,
    )
    more |= {
        "fit_seconds": fit_cost.seconds,
        "threshold_seconds": threshold_cost.seconds,
        "peak_memory_mb": fit_cost.memory_mb,
        **_of_tuning(tuned),
    }
    return replace(
        measured,
        measures=measured.measures | more,
        tuned_parameters=None if tuned is None else tuned.chosen,
    )


def measure_fitted(
    experiment: Experiment,
    table: MethodOnTable,
    estimator: Any,
    parts: tuple[Rows, Rows],
    threshold: float | None = None,
) -> Outcome:
    """Measure what was fitted for an experiment.

    Parameters
    ----------
    experiment : Experiment
        Whose protocol says what is measured.
    table : MethodOnTable
        The method and the table.
    estimator : classifier
        Fitted on the training rows.
    parts : tuple of ndarray of int
        Training and test rows.
    threshold : float or None, default=None
        A tuned one.

    Returns
    -------
    Outcome
        With all but the costs of the fit.
    """
    labels, (training, test) = table.labels, parts
    with measure_cost() as predict_cost:
        scores = table.predict(estimator, test)
        called = table.decide(estimator, table.rows(test), scores)
    measures, confusion = _measure(labels, test, scores, called, threshold)
    if experiment.protocol.on_training_rows:
        measures |= _on_training_rows(table, estimator, training)
    measures |= {
        "predict_seconds": predict_cost.seconds,
        "n_train_rows": float(fitted_rows(estimator, len(training))),
        "n_test_rows": float(len(test)),
    }
    seconds = resample_seconds(estimator)
    if seconds is not None:
        measures["resample_seconds"] = seconds
    return Outcome(
        "done",
        measures=measures,
        per_class=per_class_scores(confusion, labels.names),
        threshold=threshold,
        scores=scores.astype(np.float32),
        history=_history(experiment, estimator, labels),
    )


def _on_training_rows(
    table: MethodOnTable, estimator: Any, training: Rows
) -> dict[str, float]:
    scores = table.predict(estimator, training)
    called = table.decide(estimator, table.rows(training), scores)
    measures, _ = _measure(table.labels, training, scores, called, None)
    return {f"train_{name}": value for name, value in measures.items()}


def _of_tuning(tuned: Tuned | None) -> dict[str, float]:
    if tuned is None:
        return {}
    return {
        "tuning_seconds": tuned.seconds,
        "tuning_score": tuned.score,
        "n_trials": float(tuned.n_trials),
        "n_failed_trials": float(tuned.n_failed),
    }


def _history(experiment: Experiment, estimator: Any, labels: Labels) -> History | None:
    """Return what the learner did, of one split: those of the others are alike."""
    if experiment.repeat or experiment.fold:
        return None
    return history_of(estimator, labels.names[labels.positive])


def _measure(
    labels: Labels,
    test: Rows,
    scores: Scores,
    called: NDArray[np.integer[Any]],
    threshold: float | None,
) -> tuple[dict[str, float], Rows]:
    """Return what is measured on the test rows, and the confusion matrix."""
    codes, positive, n_classes = labels.codes[test], labels.positive, scores.shape[1]
    confusion = confusion_matrix(codes, called, n_classes)
    measures = measure_scores(codes, scores, positive)
    measures |= measure_decisions(confusion, positive)
    if threshold is not None:
        tuned = confusion_matrix(codes, decide(scores, positive, threshold), n_classes)
        measures |= _tuned(measure_decisions(tuned, positive))
    own_threshold = _own_threshold(scores, called, positive)
    if own_threshold is not None:
        measures["own_threshold"] = own_threshold
    return measures, confusion


class _Learner:
    """A method with its table, seed and parameters, by row positions."""

    def __init__(
        self, table: MethodOnTable, random_state: int, parameters: dict[str, Any]
    ) -> None:
        self.table, self.random_state = table, random_state
        self.parameters = parameters

    def build(self, rows: Rows, **parameters: Any) -> tuple[Any, Any, NDArray[Any]]:
        """Return an unfitted estimator and what to fit it on; imports happen here."""
        fitted = self.table.fitted_rows(rows)
        build = self.table.method.build
        parameters = self.parameters | parameters
        estimator = build(fitted.info, self.random_state, **parameters)
        return estimator, fitted.X, fitted.y

    def refitted(self, rows: Rows, n_estimators: int) -> Any:
        """Return the estimator fitted with another number of members."""
        estimator, X, y = self.build(rows, n_estimators=n_estimators)
        return estimator.fit(X, y)

    def choose_threshold(self, training: Rows) -> float:
        kept, held = threshold_rows(self.table.labels, training, self.random_state)
        estimator, X_kept, y_kept = self.build(kept)
        return chosen_threshold(self.table, estimator.fit(X_kept, y_kept), held)


def threshold_rows(
    labels: Labels, training: Rows, random_state: int
) -> tuple[Rows, Rows]:
    """Split training rows into those to fit on and those to choose a threshold on.

    Parameters
    ----------
    labels : Labels
        The classes of all rows.
    training : ndarray of int
        Positions of the training rows.
    random_state : int
        Decides who is where.
    """
    kept, held = held_out_split(
        labels.codes[training], THRESHOLD_FRACTION, random_state=random_state
    )
    return training[kept], training[held]


def chosen_threshold(table: MethodOnTable, estimator: Any, held: Rows) -> float:
    """Return the decision threshold of the highest macro F1 on held-out rows.

    Parameters
    ----------
    table : MethodOnTable
        The method and the table.
    estimator : classifier
        Fitted on the others of `threshold_rows`.
    held : ndarray of int
        Positions of the held-out rows.
    """
    labels, scores = table.labels, table.predict(estimator, held)
    return best_threshold(labels.codes[held], scores, labels.positive)


def _own_threshold(
    scores: Scores, called: NDArray[np.integer[Any]], positive: int
) -> float | None:
    """Return the threshold that decisions went by, where it is not one half.

    None, too, where no threshold explains them, or for more than two classes.
    """
    if scores.shape[1] != 2 or (called == scores.argmax(axis=1)).all():
        return None
    is_called = called == positive
    lowest = scores[is_called, positive].min(initial=np.inf)
    highest = scores[~is_called, positive].max(initial=-np.inf)
    if not highest < lowest:
        return None
    return float(np.clip((highest + lowest) / 2, 0.0, 1.0))


def _tuned(measures: dict[str, float]) -> dict[str, float]:
    """Keep those that are reported at the tuned threshold too, by their names."""
    names = {f"tuned_{name}": name for name in measures}
    return {new: measures[old] for new, old in names.items() if new in MEASURES}
