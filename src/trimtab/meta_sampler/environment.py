"""The training of an ensemble as an environment of reinforcement learning.

Section 3 of Liu et al., "MESA: Boost Ensemble Imbalanced Learning with MEta-Sampler",
NeurIPS 2020: a state is how the ensemble errs, an action how the next rows are drawn,
a reward what the new member adds to the metric on held-out rows.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from trimtab.ensembles.cascade import Cascade
from trimtab.ensembles.policies import gaussian_draw
from trimtab.meta_sampler.action import ActionSpace
from trimtab.meta_sampler.state import StateLayout
from trimtab.meta_sampler.tasks import EpisodeRules, Task

__all__ = ["EnsembleEnv"]

Observation = NDArray[np.float32]


class EnsembleEnv(gymnasium.Env[Observation, NDArray[np.float32]]):
    """Episodes of ensemble training on one table or several in turn.

    An episode takes rows, holds some out, fits the first member on a balanced draw and
    ends when the ensemble is complete. It is decided by the seed and its number alone,
    so that a run can be resumed at any episode.

    Parameters
    ----------
    tasks : sequence of Task
        The tables, one an episode.
    rules : EpisodeRules
        How ensembles are trained and rewarded.
    state : StateLayout, default=StateLayout()
        What is observed.
    action : ActionSpace, default=ActionSpace()
        What is decided.
    task_order : {"round-robin", "random"}, default="round-robin"
        Which table comes next.
    first, stride : int, default=0 and 1
        The number of the first episode, and how far on the next is: several
        environments share the episodes so.

    Attributes
    ----------
    cascade : Cascade
        The ensemble of this episode.
    """

    metadata = {"render_modes": []}  # noqa: RUF012 (gymnasium's)

    def __init__(
        self,
        tasks: Sequence[Task],
        rules: EpisodeRules,
        state: StateLayout | None = None,
        action: ActionSpace | None = None,
        *,
        task_order: str = "round-robin",
        first: int = 0,
        stride: int = 1,
    ) -> None:
        self._tasks, self._rules = list(tasks), rules
        self._layout = state or StateLayout()
        self._action = action or ActionSpace()
        self._in_turn = task_order == "round-robin"
        self._first, self._stride = first, stride
        self._seed, self._episode = 0, first
        self.observation_space = spaces.Box(
            0.0, 1.0, (self._layout.size,), dtype=np.float32
        )
        self.action_space = spaces.Box(-1.0, 1.0, (self._action.size,), np.float32)
        self.cascade: Cascade

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin the next episode.

        Parameters
        ----------
        seed : int, default=None
            Start again with the first episode, of this seed.
        options : dict, default=None
            ``{"episode": n}`` begins with this environment's nth episode, from 0.

        Returns
        -------
        state : ndarray of float32
            What is observed.
        info : dict
            ``task`` (its name) and ``score`` (of the first member).
        """
        super().reset(seed=seed)
        if seed is not None:
            self._seed, self._episode = seed, self._first
        if options and "episode" in options:
            self._episode = self._first + options["episode"] * self._stride
        rng = np.random.default_rng([self._seed, self._episode])
        n_tasks = len(self._tasks)
        number = self._episode % n_tasks if self._in_turn else rng.integers(n_tasks)
        self._episode += self._stride
        self._task = self._tasks[int(number)]
        self.cascade = self._rules.start(self._task, rng)
        return self._observed(), {"task": self._task.name, "score": self.cascade.score}

    def _observed(self) -> Observation:
        return self._layout.observe(self.cascade.round)

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Draw rows, fit a member, measure.

        Parameters
        ----------
        action : ndarray of float32
            In [-1, 1], see `ActionSpace`.

        Returns
        -------
        state : ndarray of float32
            What is observed now.
        reward : float
            See `EpisodeRules`.
        terminated : bool
            Whether the ensemble is complete.
        truncated : bool
            False.
        info : dict
            When the ensemble is complete: ``task``, ``first_score``, ``score``, the
            means of ``mu`` and ``ratio``, and ``rows`` drawn in all.
        """
        cascade = self.cascade
        counts = cascade.round.class_counts
        choice = self._action.decode(action, float(counts.max() / counts.min()))
        rows = gaussian_draw(cascade.round, choice.mu, choice.sigma, choice.ratio)
        cascade.add(rows)
        reward = self._rules.reward(cascade)
        complete = len(cascade.members) >= cascade.n_rounds
        info = episode_summary(self._task.name, cascade) if complete else {}
        return self._observed(), reward, complete, False, info


def episode_summary(task: str, cascade: Cascade) -> dict[str, Any]:
    """Return what is remembered of a complete ensemble, plain values."""
    records = cascade.records
    decided = [record["notes"] for record in records[1:]]
    return {
        "task": task,
        "first_score": records[0]["held_out_score"],
        "score": cascade.score,
        "mu": float(np.mean([notes["mu"] for notes in decided])),
        "ratio": float(np.mean([notes["ratio"] for notes in decided])),
        "rows": int(sum(record["rows_per_class"].sum() for record in records)),
    }
