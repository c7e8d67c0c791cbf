"""Tables that a policy is learned on, and the episodes that are played on them."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.ensembles.cascade import Cascade
from trimtab.ensembles.held_out_score import Metric
from trimtab.ensembles.policies import Policy
from trimtab.exceptions import InputError
from trimtab.fit_arguments import coded_class_weights
from trimtab.tables import (
    Labels,
    check_same_length,
    check_table,
    encode_labels,
    take_rows,
)

__all__ = ["EpisodeRules", "Task", "as_tasks"]

Rows = NDArray[np.int64]

_LEAST_HEADROOM = 0.05


@dataclass(frozen=True, eq=False)
class Task:
    """A table that a policy is learned on.

    Parameters
    ----------
    name : str
        What it is called in the history and in the saved file.
    X : table of shape (n_rows, n_columns)
        Whatever can be indexed by rows.
    y : array-like of shape (n_rows,)
        Labels.
    held_rows : ndarray of int, default=None
        Positions of the rows to measure on. By default each episode holds out others.
    estimator : classifier or callable, default=None
        The base learner on this table, in place of that for all.
    """

    name: str
    X: Any
    y: Any
    held_rows: Rows | None = None
    estimator: Any = None

    def __post_init__(self) -> None:
        check_table(self.X)
        check_same_length(self.X, self.y)
        smallest = int(self.labels.counts.min())
        if smallest < 4:
            raise InputError(
                f"{self.name} has a class with {smallest} rows: meta-training needs 4 "
                "of each class or more"
            )

    @cached_property
    def labels(self) -> Labels:
        """The classes and their codes."""
        return encode_labels(self.y, name=f"the target of {self.name}")

    @cached_property
    def rows_by_class(self) -> list[Rows]:
        """The positions of each class's rows."""
        return _by_class(self.labels.codes)

    def describe(self) -> dict[str, Any]:
        """Return its name, rows, columns and rows of each class."""
        counts = self.labels.counts
        shape = self.X.shape if hasattr(self.X, "shape") else np.shape(self.X)
        return {
            "name": self.name,
            "n_rows": len(self.labels.codes),
            "n_columns": int(shape[1]),
            "class_counts": counts.tolist(),
        }


def as_tasks(tasks: Any) -> list[Task]:
    """Return tasks from whatever names tables.

    Parameters
    ----------
    tasks : Task, iterable of Task, or mapping of str to (X, y)
        Tables to learn on.

    Returns
    -------
    list of Task

    Raises
    ------
    InputError
        Where there are none, or they are something else.
    """
    if isinstance(tasks, Task):
        return [tasks]
    if isinstance(tasks, Mapping):
        tasks = [_named(str(name), pair) for name, pair in tasks.items()]
    found = list(tasks) if isinstance(tasks, Iterable) else [tasks]
    strange = [task for task in found if not isinstance(task, Task)]
    if strange or not found:
        what = f"holds a {type(strange[0]).__name__}" if strange else "is empty"
        raise InputError(
            f"tasks {what}: give a dict such as {{'name': (X, y)}} or Task objects"
        )
    return found


def _named(name: str, pair: Any) -> Task:
    if not (isinstance(pair, tuple | list) and len(pair) >= 2):
        raise InputError(
            f"tasks has a {type(pair).__name__} as {name!r}: give a pair (X, y)"
        )
    return Task(name, *pair[:2])


@dataclass(frozen=True)
class EpisodeRules:
    """How an ensemble is trained in an episode, and what counts as reward.

    Parameters
    ----------
    estimator : classifier or callable
        The base learner.
    n_estimators : int, default=10
        Members of an ensemble; an episode has one step less.
    metric : str or callable, default="average_precision"
        What the policy shall raise.
    validation_fraction : float, default=0.25
        The share of each class that is held out, anew in each episode. It is what the
        paper's 60 % for training and 20 % for validation are to each other.
    max_rows : int or None, default=None
        Each episode takes so many rows of a larger table, class by class in proportion
        but of no class fewer than 20 while there are.
    reward_coefficient : float, default=100.0
        What a reward is multiplied by, so that the entropy bonus is small beside it.
        Not in the paper; its published code has 100.
    reward_scaling : {"headroom", "none"}, default="headroom"
        ``"none"`` is the paper's: the reward is the change of the metric. With
        ``"headroom"`` it is divided by what the first member left to be won, 1 - its
        score, so that tasks of different difficulty count alike.
    row_cost : float, default=0.0
        Ours: taken off the reward for drawing as many rows as there are. At 0.01 a
        member on all rows must raise the metric by 0.01 (of the headroom) to pay.
    """

    estimator: Any
    n_estimators: int = 10
    metric: Metric = "average_precision"
    validation_fraction: float = 0.25
    max_rows: int | None = None
    reward_coefficient: float = 100.0
    reward_scaling: str = "headroom"
    row_cost: float = 0.0

    def __post_init__(self) -> None:
        if self.n_estimators < 2:
            raise InputError(
                f"n_estimators is {self.n_estimators}: a policy decides from the "
                "second member on; give 2 or more"
            )
        if not 0 < self.validation_fraction < 1:
            raise InputError(
                f"validation_fraction is {self.validation_fraction}: give one inside "
                "(0, 1)"
            )
        if self.reward_scaling not in ("headroom", "none"):
            raise InputError(
                f"there is no reward scaling {self.reward_scaling!r}: give 'headroom' "
                "or 'none'"
            )

    def start(self, task: Task, rng: np.random.Generator) -> Cascade:
        """Return an ensemble of one member, on a draw that is balanced by chance.

        Parameters
        ----------
        task : Task
            The table.
        rng : numpy.random.Generator
            Decides the rows, the split, the draws and the members' seeds.

        Returns
        -------
        Cascade
        """
        X, codes, held = task.X, task.labels.codes, task.held_rows
        if held is None:
            if self.max_rows is not None and len(codes) > self.max_rows:
                rows = _subset(codes, self.max_rows, rng)
                X, codes = take_rows(X, rows), codes[rows]
            of_all = codes is task.labels.codes
            by_class = task.rows_by_class if of_all else _by_class(codes)
            held = _held_out(by_class, self.validation_fraction, rng)
        learner = self.estimator if task.estimator is None else task.estimator
        cascade = Cascade(
            coded_class_weights(learner, task.labels.classes),
            X,
            codes,
            held_rows=held,
            metric=self.metric,
            n_rounds=self.n_estimators,
            rng=rng,
        )
        cascade.add(cascade.round.draw())
        return cascade

    def reward(self, cascade: Cascade) -> float:
        """Return the reward of the member that was added last."""
        before, last = cascade.records[-2:]
        headroom = 1.0
        if self.reward_scaling == "headroom":
            headroom = max(1 - cascade.records[0]["held_out_score"], _LEAST_HEADROOM)
        drawn = last["rows_per_class"].sum() / len(cascade.round.codes)
        gain = (last["held_out_score"] - before["held_out_score"]) / headroom
        return float(self.reward_coefficient * (gain - self.row_cost * drawn))

    def play(self, task: Task, policy: Policy, rng: np.random.Generator) -> Cascade:
        """Return an ensemble that a policy has grown.

        Parameters
        ----------
        task : Task
            The table.
        policy : Policy
            Chooses the rows of all members but the first.
        rng : numpy.random.Generator
            Decides whatever is left to chance.

        Returns
        -------
        Cascade
        """
        cascade = self.start(task, rng)
        cascade.grow(policy)
        return cascade


def _by_class(codes: Rows) -> list[Rows]:
    return [np.flatnonzero(codes == code) for code in range(int(codes.max()) + 1)]


def _held_out(by_class: list[Rows], fraction: float, rng: np.random.Generator) -> Rows:
    """Return a share of each class, as `held_out_split` does, at less cost.

    An episode begins every nine steps; this is a part of every step.
    """
    parts = []
    for rows in by_class:
        n_held = min(max(round(fraction * len(rows)), 1), len(rows) - 1)
        parts.append(rng.choice(rows, n_held, replace=False, shuffle=False))
    return np.sort(np.concatenate(parts))


def _subset(codes: Rows, n: int, rng: np.random.Generator) -> Rows:
    """Return `n` rows or a few more, class by class in proportion."""
    counts = np.bincount(codes)
    shares = np.rint(counts * (n / len(codes)))
    keep = np.minimum(np.maximum(shares, 20), counts).astype(np.int64)
    shuffled = rng.permutation(len(codes))
    by_class = shuffled[np.argsort(codes[shuffled], kind="stable")]
    rank = np.arange(len(codes)) - (np.cumsum(counts) - counts)[codes[by_class]]
    return np.sort(by_class[rank < keep[codes[by_class]]])
