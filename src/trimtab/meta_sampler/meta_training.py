"""Learning a policy (Algorithm 3 of the MESA paper).

Episodes of ensemble training on one table or many, with soft actor-critic.
"""

# SPDX-License-Identifier: BSD-3-Clause

import re
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3 import SAC
from stable_baselines3.common.callbacks import BaseCallback

from trimtab.meta_sampler.action import ActionSpace
from trimtab.meta_sampler.checkpoint import (
    Checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from trimtab.meta_sampler.environment import EnsembleEnv
from trimtab.meta_sampler.policy import Layer, LearnedPolicy
from trimtab.meta_sampler.soft_actor_critic import (
    SACSettings,
    actor_layers,
    make_sac,
    one_thread,
    vectorised,
)
from trimtab.meta_sampler.state import StateLayout
from trimtab.meta_sampler.tasks import EpisodeRules, Task
from trimtab.meta_sampler.training_progress import TrainingProgress

__all__ = ["Evaluation", "MetaTraining", "meta_train"]

_EVALUATION = 2**32  # the seeds of evaluation episodes are never those of training


@dataclass(frozen=True)
class Evaluation:
    """How a policy is judged while it is learned.

    Attributes
    ----------
    every : int or None, default=None
        Steps between two evaluations; None for none: the last policy is kept.
    n_episodes : int, default=5
        Ensembles of each table, always the same splits and draws of the first member.
    patience : int or None, default=None
        Evaluations without a better one after which training stops.
    tasks : sequence of Task, default=()
        Tables to judge on; by default those trained on, with other splits.
    """

    every: int | None = None
    n_episodes: int = 5
    patience: int | None = None
    tasks: Sequence[Task] = ()


@dataclass
class MetaTraining:
    """A run of meta-training: what it is told and what it has learned.

    Attributes
    ----------
    tasks : list of Task
        The tables.
    rules : EpisodeRules
        How ensembles are trained and rewarded.
    state : StateLayout
        What the policy sees.
    action : ActionSpace
        What it decides.
    sac : SACSettings
        The learner's settings.
    evaluation : Evaluation
        When a policy is judged, and when training stops.
    task_order : {"round-robin", "random"}
        Which table comes next.
    n_envs : int
        Environments that step together.
    n_jobs : int
        1, or more to give each environment a process. The results are the same.
    seed : int
        Decides everything.
    episodes : list of dict
        The history: for each episode ``step``, ``task``, ``first_score``, ``score``,
        ``mu``, ``ratio``, ``rows``.
    evaluations : list of dict
        For each evaluation ``step``, ``score`` (mean over the tables) and ``scores``
        (by table).
    """

    tasks: list[Task]
    rules: EpisodeRules
    state: StateLayout = field(default_factory=StateLayout)
    action: ActionSpace = field(default_factory=ActionSpace)
    sac: SACSettings = field(default_factory=SACSettings)
    evaluation: Evaluation = field(default_factory=Evaluation)
    task_order: str = "round-robin"
    n_envs: int = 1
    n_jobs: int = 1
    seed: int = 0
    episodes: list[dict[str, Any]] = field(default_factory=list)
    evaluations: list[dict[str, Any]] = field(default_factory=list)

    def settings(self) -> dict[str, Any]:
        """Return what decides the result, as plain values."""
        rules = {
            key: value if isinstance(value, int | float | str | None) else _name(value)
            for key, value in vars(self.rules).items()
        }
        judged = {**vars(self.evaluation), "tasks": len(self.evaluation.tasks)}
        return {
            "tasks": [
                task.describe()
                | ({"estimator": _name(task.estimator)} if task.estimator else {})
                for task in self.tasks
            ],
            **rules,
            "state": self.state.name,
            "n_bins": self.state.n_bins,
            "action": self.action.name,
            "sigma": self.action.sigma,
            **asdict(self.sac),
            "evaluation": judged,
            "task_order": self.task_order,
            "n_envs": self.n_envs,
            "seed": self.seed,
        }

    def makers(self) -> list[Any]:
        """Return what makes each environment."""
        return [
            partial(
                EnsembleEnv,
                self.tasks,
                self.rules,
                self.state,
                self.action,
                task_order=self.task_order,
                first=number,
                stride=self.n_envs,
            )
            for number in range(self.n_envs)
        ]

    def policy(self, layers: tuple[Layer, ...]) -> LearnedPolicy:
        """Return the policy of an actor, with what is to be known of it."""
        libraries = ("trimtab", "stable-baselines3", "gymnasium", "torch", "numpy")
        settings = self.settings()
        about = {
            "tasks": settings.pop("tasks"),
            "training": settings,
            "versions": {name: version(name) for name in libraries},
            "episodes": _columns(self.episodes),
            "evaluations": self.evaluations,
        }
        metric = self.rules.metric
        name = metric if isinstance(metric, str) else _name(metric)
        return LearnedPolicy(layers, self.state, self.action, name, about)

    def evaluate(self, layers: tuple[Layer, ...], step: int) -> float:
        """Judge an actor on ensembles of its own, note it, and return its score."""
        policy = LearnedPolicy(layers, self.state, self.action)
        scores: dict[str, float] = {}
        for number, task in enumerate(self.evaluation.tasks or self.tasks):
            seeds = [
                [self.seed, _EVALUATION + number, episode]
                for episode in range(self.evaluation.n_episodes)
            ]
            played = [
                self.rules.play(task, policy, np.random.default_rng(seed)).score
                for seed in seeds
            ]
            scores[task.name] = float(np.mean(played))
        score = float(np.mean(list(scores.values())))
        self.evaluations.append({"step": step, "score": score, "scores": scores})
        return score


def _name(thing: Any) -> str:
    """Return a learner or a function as text, the same in every process."""
    name = getattr(thing, "__name__", None) or " ".join(repr(thing).split())
    return re.sub(r" at 0x[0-9a-f]+", "", name)


def _columns(records: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Return records of the same keys as columns, rounded: they go into a header."""
    return {
        key: [
            float(f"{record[key]:.4g}")
            if isinstance(record[key], float)
            else record[key]
            for record in records
        ]
        for key in (records[0] if records else ())
    }


class _Watch(BaseCallback):
    """Notes episodes, judges the policy, writes checkpoints and tells how it goes.

    stable-baselines3 begins a rollout when the update of the step before it is done:
    between two episodes, that is the moment at which a run can be taken up again.
    """

    def __init__(
        self,
        training: MetaTraining,
        progress: TrainingProgress,
        path: Path | None,
        seconds: float,
    ) -> None:
        super().__init__()
        self._training, self._progress = training, progress
        self._path, self._seconds = path, seconds
        self._written = time.monotonic()
        self._between = False
        self._patience_left = training.evaluation.patience
        self.best: tuple[Layer, ...] | None = None
        self._best_score = -np.inf
        self._judged_at = 0
        self.stopped_early = False

    def memory(self) -> dict[str, Any]:
        """Return what the run itself has to remember."""
        best = None
        if self.best is not None:
            best = [[part.tolist() for part in layer] for layer in self.best]
        return {
            "settings": self._training.settings(),
            "episodes": self._training.episodes,
            "evaluations": self._training.evaluations,
            "best": best,
            "best_score": float(self._best_score) if best else None,
            "judged_at": self._judged_at,
            "patience_left": self._patience_left,
            "stopped_early": self.stopped_early,
        }

    def recall(self, run: dict[str, Any]) -> None:
        """Go on from what `memory` returned."""
        self._training.episodes[:] = run["episodes"]
        self._training.evaluations[:] = run["evaluations"]
        if run["best"] is not None:
            self.best = tuple(
                (np.array(w, dtype=np.float32), np.array(b, dtype=np.float32))
                for w, b in run["best"]
            )
            self._best_score = run["best_score"]
        self._judged_at = run["judged_at"]
        self._patience_left = run["patience_left"]
        self.stopped_early = run["stopped_early"]

    def _on_step(self) -> bool:
        if self.stopped_early:
            return False
        self._between = bool(self.locals["dones"].all())
        for info in self.locals["infos"]:
            if "score" in info:
                kept = {k: v for k, v in info.items() if k in _EPISODE}
                self._training.episodes.append({"step": self.num_timesteps, **kept})
        self._progress.step(self.num_timesteps, self._training.episodes)
        return True

    def _on_rollout_start(self) -> None:
        if not self._between:
            return
        every = self._training.evaluation.every
        if every is not None and self.num_timesteps - self._judged_at >= every:
            self._judge()
        if self._path and time.monotonic() - self._written >= self._seconds:
            self.write()

    def _judge(self) -> None:
        self._judged_at = self.num_timesteps
        layers = actor_layers(self._sac)
        score = self._training.evaluate(layers, self.num_timesteps)
        if score > self._best_score:
            self.best, self._best_score = layers, score
            self._patience_left = self._training.evaluation.patience
        elif self._patience_left is not None:
            self._patience_left -= 1
            self.stopped_early = self._patience_left <= 0
        self._progress.judged(score, self._best_score)

    @property
    def _sac(self) -> SAC:
        model: Any = self.model
        return model  # type: ignore[no-any-return]

    def write(self) -> None:
        """Write the checkpoint."""
        assert self._path is not None
        write_checkpoint(self._path, Checkpoint.of(self._sac, self.memory()))
        self._written = time.monotonic()

    def finish(self) -> tuple[Layer, ...]:
        """Return the actor to keep: the best where it was judged, else the last."""
        every = self._training.evaluation.every
        if every is None:
            return actor_layers(self._sac)
        if self._judged_at < self.num_timesteps and not self.stopped_early:
            self._judge()
        assert self.best is not None
        return self.best


_EPISODE = ("task", "first_score", "score", "mu", "ratio", "rows")


def meta_train(
    training: MetaTraining,
    *,
    checkpoint: Path | None = None,
    checkpoint_seconds: float = 10.0,
    progress: bool = False,
) -> LearnedPolicy:
    """Learn a policy.

    Parameters
    ----------
    training : MetaTraining
        What to learn on, and how. Its history is filled.
    checkpoint : Path, default=None
        A file that the state of the run is kept in. Where it is there, the run goes on
        from it; it is deleted when the run is complete.
    checkpoint_seconds : float, default=10
        Least time between two writes of it.
    progress : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    LearnedPolicy

    Raises
    ------
    InputError
        Where the checkpoint belongs to a run of other settings.
    """
    saved = None
    if checkpoint is not None:
        saved = read_checkpoint(checkpoint, training.settings())
    with one_thread():
        env = vectorised(training.makers(), training.n_jobs)
        shown = TrainingProgress(training.sac.n_steps, progress)
        watch = _Watch(training, shown, checkpoint, checkpoint_seconds)
        try:
            model = make_sac(env, training.sac, training.seed)
            if saved is not None:
                steps_each = training.rules.n_estimators - 1
                episode = saved.facts["n_steps"] // (training.n_envs * steps_each)
                env.set_options({"episode": episode})
                model._last_obs = env.reset()  # type: ignore[assignment]
                model._last_episode_starts = np.ones(training.n_envs, dtype=bool)
                saved.restore(model)
                watch.recall(saved.run)
            left = training.sac.n_steps - model.num_timesteps
            with shown:
                model.learn(
                    left,
                    watch,
                    log_interval=training.sac.n_steps,
                    reset_num_timesteps=saved is None,
                )
                layers = watch.finish()
        finally:
            env.close()
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    return training.policy(layers)
