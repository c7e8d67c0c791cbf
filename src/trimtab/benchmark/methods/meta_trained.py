"""MESA as its paper runs it: the meta-sampler is learned inside the training part."""

# SPDX-License-Identifier: BSD-3-Clause

from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from trimtab.benchmark.methods.training_part import flip_labels
from trimtab.ensembles.policies import Policy
from trimtab.mesa import MESAClassifier
from trimtab.meta_sampler.action import ActionSpace
from trimtab.meta_sampler.policy import LearnedPolicy
from trimtab.meta_sampler.sampler import MetaSampler
from trimtab.meta_sampler.state import StateLayout
from trimtab.meta_sampler.tasks import Task
from trimtab.tables import encode_labels, held_out_split, take_rows

__all__ = ["MetaTrainedMESA", "untrained_policy"]

Codes = NDArray[np.int64]

EPISODE = 10
"""Members of an ensemble in meta-training, however many the last one has."""


def untrained_policy(random_state: int) -> LearnedPolicy:
    """Return the paper's actor with the weights that it begins with.

    One hidden layer of 50, weights after Glorot and Bengio, no biases: the *random
    policy* of Table 6.

    Parameters
    ----------
    random_state : int
        Decides the weights.
    """
    rng = np.random.default_rng(random_state)
    state, action = StateLayout(), ActionSpace()
    widths = (state.size, 50, action.size)
    layers = []
    for n_inputs, n_outputs in pairwise(widths):
        reach = np.sqrt(6 / (n_inputs + n_outputs))
        weight = rng.uniform(-reach, reach, (n_outputs, n_inputs)).astype(np.float32)
        layers.append((weight, np.zeros(n_outputs, np.float32)))
    return LearnedPolicy(tuple(layers), state, action)


class MetaTrainedMESA(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """MESA with a meta-sampler of its own, by the paper's protocol and settings.

    A part of the rows is held out. The meta-sampler is learned on the rest and on the
    held-out rows (Algorithm 3, Tables 9 and 10), and then grows the ensemble on the
    same two parts (Algorithm 2).

    Parameters
    ----------
    estimator : classifier
        The base learner.
    n_estimators : int, default=20
        Members of the ensemble. Those of meta-training have ten.
    meta_steps : int, default=1500
        Steps of meta-training, the first third at random. 0 for an `untrained_policy`.
    task : tuple of (X, y) or None, default=None
        Another table to learn the meta-sampler on; by default the training rows.
    share : float in (0, 1], default=1.0
        Of the training and of the held-out rows, how many the meta-sampler is learned
        on.
    held_out : float in (0, 1), default=0.25
        The share of each class that is held out.
    noise : float in [0, 1], default=0.0
        See `trimtab.benchmark.methods.training_part.flip_labels`. Held-out rows keep
        their labels.
    random_state : int, default=0
        Decides everything.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    estimator_ : MESAClassifier
        The ensemble.
    policy_ : Policy
        What was learned.
    """

    def __init__(
        self,
        estimator: Any,
        n_estimators: int = 20,
        *,
        meta_steps: int = 1500,
        task: Any = None,
        share: float = 1.0,
        held_out: float = 0.25,
        noise: float = 0.0,
        random_state: int = 0,
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.meta_steps = meta_steps
        self.task = task
        self.share = share
        self.held_out = held_out
        self.noise = noise
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Learn the meta-sampler, then grow the ensemble."""
        labels = encode_labels(y)
        kept, held = held_out_split(
            labels.codes, self.held_out, random_state=self.random_state
        )
        codes = labels.codes.copy()
        rng = np.random.default_rng(self.random_state)
        codes[kept] = flip_labels(codes[kept], self.noise, rng)
        self.policy_ = self._policy(X, codes, kept, held)
        self.estimator_ = MESAClassifier(
            self.estimator,
            self.n_estimators,
            meta_sampler=self.policy_,
            random_state=self.random_state,
        )
        y = labels.decode(codes)
        self.estimator_.fit(
            take_rows(X, kept), y[kept], eval_set=(take_rows(X, held), y[held])
        )
        self.classes_ = self.estimator_.classes_
        return self

    def _policy(self, X: Any, codes: Codes, kept: Codes, held: Codes) -> Policy:
        if not self.meta_steps:
            return untrained_policy(self.random_state)
        if self.task is not None:
            task = Task("another table", *self.task)
        else:
            kept, held = (self._part(rows, codes) for rows in (kept, held))
            rows = np.concatenate([kept, held])
            held_rows = np.arange(len(kept), len(rows))
            task = Task("this table", take_rows(X, rows), codes[rows], held_rows)
        at_random = self.meta_steps // 3
        sampler = MetaSampler(
            self.estimator,
            n_estimators=EPISODE,
            reward_scaling="none",
            random_steps=at_random,
            update_steps=self.meta_steps - at_random,
            random_state=self.random_state,
        )
        return sampler.fit(task).as_policy()

    def _part(self, rows: Codes, codes: Codes) -> Codes:
        """Return the rows that the meta-sampler is learned on."""
        if self.share == 1:
            return rows
        _, part = held_out_split(
            codes[rows], self.share, random_state=self.random_state
        )
        return rows[part]

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return probabilities of shape (n_rows, n_classes)."""
        return np.asarray(self.estimator_.predict_proba(X))

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable label of each row."""
        labels: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return labels
