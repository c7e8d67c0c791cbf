"""Fits pipelines, each on a table of its own: no step twice, and what can be together.

The learners at their ends are trained side by side where they are networks of one
structure (`trimtab.training.side_by_side`), and so are samplers that learn
(`trimtab.training.resampled_rows.train_together`).
"""

# SPDX-License-Identifier: BSD-3-Clause

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from trimtab.benchmark.running.shared_steps import leading_steps

__all__ = ["fit_pipelines"]

Table = tuple[Any, Any]
"""Rows and their labels."""


def fit_pipelines(estimators: Sequence[Any], tables: Sequence[Table]) -> list[float]:
    """Fit estimators on tables of their own, in as few training runs as can be.

    Parameters
    ----------
    estimators : sequence of classifier
        Unfitted. Of pipelines, equal steps before the learner are fitted once on each
        table.
    tables : sequence of tuple (X, y)
        The rows and labels of each; those of one split are the same objects.

    Returns
    -------
    list of float
        Seconds of each fit: its part of a training run that several share, and all of
        the steps, which it would take alone too.
    """
    from trimtab.training.side_by_side import fit_together_on

    chains = [leading_steps(estimator) for estimator in estimators]
    rows, seconds = list(tables), [0.0] * len(estimators)
    for depth in range(max(map(len, chains), default=0)):
        due: dict[Any, tuple[Any, Table]] = {}
        users: dict[int, Any] = {}
        for position, chain in enumerate(chains):
            if depth < len(chain):
                digest, step = chain[depth]
                users[position] = key = id(tables[position][0]), digest
                due.setdefault(key, (step, rows[position]))
        fitted = _fitted(due)
        for position, key in users.items():
            rows[position] = fitted[key].rows
            seconds[position] += fitted[key].seconds
            unfitted = chains[position][depth][1]
            estimators[position].steps = [
                (name, fitted[key].step if step is unfitted else step)
                for name, step in estimators[position].steps
            ]
    learners = [
        estimator.steps[-1][1] if chain else estimator
        for estimator, chain in zip(estimators, chains, strict=True)
    ]
    own = fit_together_on(learners, rows)
    return [one + ahead for one, ahead in zip(own, seconds, strict=True)]


class _FittedStep(NamedTuple):
    """A fitted step, the rows as it leaves them, and how long it took."""

    step: Any
    rows: Table
    seconds: float


def _fitted(due: Mapping[Any, tuple[Any, Table]]) -> dict[Any, _FittedStep]:
    """Fit each step on its rows."""
    from trimtab.training.resampled_rows import train_together

    start = time.perf_counter()
    train_together([step for step, _ in due.values()], [on for _, on in due.values()])
    each = (time.perf_counter() - start) / max(1, len(due))
    fitted = {}
    for key, (step, (X, y)) in due.items():
        one = _fit_step(step, X, y)
        fitted[key] = one._replace(seconds=each + one.seconds)
    return fitted


def _fit_step(step: Any, X: Any, y: Any) -> _FittedStep:
    start = time.perf_counter()
    if hasattr(step, "fit_resample"):
        X, y = step.fit_resample(X, y)
    elif hasattr(step, "fit_transform"):
        X = step.fit_transform(X, y)
    else:
        X = step.fit(X, y).transform(X)
    return _FittedStep(step, (X, y), time.perf_counter() - start)
