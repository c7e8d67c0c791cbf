"""Fits the leading steps of pipelines once for all pipelines that share them."""

# SPDX-License-Identifier: BSD-3-Clause

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import joblib
from sklearn.base import clone

__all__ = ["Prepared", "leading_steps", "prepare"]


@dataclass(frozen=True)
class Prepared:
    """Learners that are fitted on the same rows.

    Attributes
    ----------
    positions : list of int
        Where they stand among all.
    learners : list of classifier
        Unfitted: the last step of each pipeline, or what is no pipeline.
    X, y : array-like
        The rows to fit on, as the steps before the learner leave them.
    X_held : array-like
        Held-out rows, likewise.
    """

    positions: list[int]
    learners: list[Any]
    X: Any
    y: Any
    X_held: Any


def prepare(
    estimators: Sequence[Any], X: Any, y: Any, X_held: Any
) -> Iterator[Prepared | tuple[list[int], Exception]]:
    """Run the steps before the learners, each once for all that begin with it.

    Steps are the same where their parameters are and all before them are; they must
    not draw from a generator that they share.

    Parameters
    ----------
    estimators : sequence of classifier
        Unfitted: pipelines of scikit-learn or imbalanced-learn, or anything else, which
        is fitted on the rows as they are.
    X, y : array-like
        The rows to fit on.
    X_held : array-like
        Rows to predict.

    Yields
    ------
    Prepared or tuple of (list of int, Exception)
        Learners that share all steps; or the positions of those whose steps failed,
        and how.
    """
    chains = [leading_steps(estimator) for estimator in estimators]
    shared = Counter(key for chain in chains for key in {key for key, _ in chain})
    groups: dict[tuple[str, ...], list[int]] = {}
    for position, chain in enumerate(chains):
        groups.setdefault(tuple(key for key, _ in chain), []).append(position)
    rows = _Rows(X, y, X_held, shared)
    for positions in groups.values():
        chain = chains[positions[0]]
        learners = [_last(estimators[p], bool(chain)) for p in positions]
        try:
            yield Prepared(positions, learners, *rows.after(chain, len(positions)))
        except Exception as error:
            yield positions, error


def _last(estimator: Any, was_split: bool) -> Any:
    return estimator.steps[-1][1] if was_split else estimator


def leading_steps(estimator: Any) -> list[tuple[str, Any]]:
    """Return the steps before the learner, each with a digest of it and all before it.

    Parameters
    ----------
    estimator : classifier
        Unfitted.

    Returns
    -------
    list of tuple (str, estimator)
        Empty where an estimator is to be fitted as it is.
    """
    from imblearn.pipeline import Pipeline as SamplingPipeline
    from sklearn.pipeline import Pipeline

    if type(estimator) not in (Pipeline, SamplingPipeline) or estimator.memory:
        return []
    chain: list[tuple[str, Any]] = []
    key = ""
    for _, step in estimator.steps[:-1]:
        if step is None or step == "passthrough":
            continue
        try:
            key = str(joblib.hash((key, step)))
        except Exception:  # what cannot be pickled cannot be compared
            return []
        chain.append((key, step))
    return chain


class _Rows:
    """Rows as chains of steps leave them; what no other chain needs is not kept."""

    def __init__(self, X: Any, y: Any, X_held: Any, shared: Counter[str]) -> None:
        self._start, self._shared = (X, y, X_held), shared
        self._known: dict[str, tuple[Any, Any, Any]] = {}

    def after(self, chain: list[tuple[str, Any]], n_users: int) -> tuple[Any, Any, Any]:
        rows = self._start
        for key, step in chain:
            if key in self._known:
                rows = self._known[key]
            else:
                rows = _apply(clone(step), *rows)
                self._known[key] = rows
            self._shared[key] -= n_users
            if not self._shared[key]:
                del self._known[key]
        return rows


def _apply(step: Any, X: Any, y: Any, X_held: Any) -> tuple[Any, Any, Any]:
    if hasattr(step, "fit_resample"):
        X, y = step.fit_resample(X, y)
        return X, y, X_held
    if hasattr(step, "fit_transform"):
        X = step.fit_transform(X, y)
    else:
        X = step.fit(X, y).transform(X)
    return X, y, step.transform(X_held)
