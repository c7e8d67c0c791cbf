"""Run one experiment: split, fit on the training part, measure on the test part.

Nothing that is fitted, tuned or selected sees a test row. The decision threshold of the
``tuned_`` measures is chosen by an extra fit inside the training part.
"""

# SPDX-License-Identifier: BSD-3-Clause

import json
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.benchmark.costs import Cost, measure_cost
from trimtab.benchmark.experiment import Experiment, Outcome
from trimtab.benchmark.methods import Method
from trimtab.benchmark.preparation import table_info
from trimtab.benchmark.rows import fitted_rows
from trimtab.exceptions import InputError
from trimtab.metrics import (
    MEASURES,
    best_threshold,
    confusion_matrix,
    decide,
    measure_decisions,
    measure_scores,
    per_class_scores,
)
from trimtab.tables import Labels, held_out_split, take_rows

__all__ = ["THRESHOLD_FRACTION", "evaluate"]

THRESHOLD_FRACTION = 0.2
"""The share of the training rows on which the decision threshold is chosen."""

Rows = NDArray[np.int64]
Announce = Callable[[str], None]


def evaluate(
    experiment: Experiment,
    method: Method,
    X: Any,
    labels: Labels,
    announce: Announce = lambda phase: None,
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
        Called with ``"threshold"``, ``"fit"`` and ``"predict"`` as each begins; a time
        limit counts from there.

    Returns
    -------
    Outcome
        With status ``"done"``. What goes wrong is raised.
    """
    protocol = experiment.protocol
    training, test = protocol.rows(
        labels.codes, experiment.repeat, experiment.fold, experiment.seed
    )
    learner = _Learner(experiment, method, X, labels)
    threshold, threshold_cost = None, Cost()
    if protocol.tune_threshold and len(labels.classes) == 2:
        announce("threshold")
        with measure_cost() as threshold_cost:
            threshold = learner.choose_threshold(training)
    announce("fit")
    with measure_cost() as fit_cost:
        estimator = learner.fit(training)
    announce("predict")
    with measure_cost() as predict_cost:
        scores = learner.predict(estimator, test)
    codes = labels.codes[test]
    own_threshold = _own_threshold(estimator, labels.positive)
    confusion = _confusion(codes, scores, labels.positive, own_threshold)
    measures = measure_scores(codes, scores, labels.positive)
    measures |= measure_decisions(confusion, labels.positive)
    if threshold is not None:
        tuned = _confusion(codes, scores, labels.positive, threshold)
        measures |= _tuned(measure_decisions(tuned, labels.positive))
    measures |= {
        "fit_seconds": fit_cost.seconds,
        "predict_seconds": predict_cost.seconds,
        "threshold_seconds": threshold_cost.seconds,
        "peak_memory_mb": fit_cost.memory_mb,
        "n_train_rows": float(fitted_rows(estimator, len(training))),
        "n_test_rows": float(len(test)),
    }
    if own_threshold is not None:
        measures["own_threshold"] = own_threshold
    return Outcome(
        "done",
        measures=measures,
        per_class=per_class_scores(confusion, labels.names),
        threshold=threshold,
        scores=scores.astype(np.float32),
    )


class _Learner:
    """A method with its table and seed: fits and predicts by row positions."""

    def __init__(
        self, experiment: Experiment, method: Method, X: Any, labels: Labels
    ) -> None:
        self.X, self.labels, self.method = X, labels, method
        self.random_state = experiment.random_state
        self.parameters = json.loads(experiment.parameters)

    def fit(self, rows: Rows) -> Any:
        X, codes = take_rows(self.X, rows), self.labels.codes[rows]
        part = Labels(np.arange(len(self.labels.classes)), codes, self.labels.positive)
        info = table_info(X, part)
        reason = self.method.reason_to_skip(info)
        if reason:
            raise InputError(f"{self.method.name} does not apply here: {reason}")
        estimator = self.method.build(info, self.random_state, **self.parameters)
        return estimator.fit(X, codes)

    def predict(self, estimator: Any, rows: Rows) -> NDArray[np.float64]:
        predicted = np.asarray(estimator.predict_proba(take_rows(self.X, rows)))
        if not np.isfinite(predicted).all():
            raise ValueError("predict_proba returned values that are not finite")
        # A class that resampling left out was never learned: its probability is 0.
        scores = np.zeros((len(rows), len(self.labels.classes)))
        scores[:, np.asarray(estimator.classes_, dtype=int)] = predicted
        return scores

    def choose_threshold(self, training: Rows) -> float:
        kept, held = held_out_split(
            self.labels.codes[training],
            THRESHOLD_FRACTION,
            random_state=self.random_state,
        )
        estimator = self.fit(training[kept])
        rows = training[held]
        scores = self.predict(estimator, rows)
        return best_threshold(self.labels.codes[rows], scores, self.labels.positive)


def _own_threshold(estimator: Any, positive: int) -> float | None:
    """Return the threshold of a classifier that has chosen one for itself.

    It is on the probability of the second class. Asking for its predictions instead
    would predict twice.
    """
    threshold = getattr(estimator, "best_threshold_", None)
    if threshold is None:
        return None
    return float(threshold) if positive == 1 else float(np.nextafter(1 - threshold, 1))


def _confusion(
    codes: Rows,
    scores: NDArray[np.float64],
    positive: int,
    threshold: float | None = None,
) -> NDArray[np.int64]:
    predicted = decide(scores, positive, threshold)
    return confusion_matrix(codes, predicted, scores.shape[1])


def _tuned(measures: dict[str, float]) -> dict[str, float]:
    """Keep those that are reported at the tuned threshold too, by their names."""
    names = {f"tuned_{name}": name for name in measures}
    return {new: measures[old] for new, old in names.items() if new in MEASURES}
