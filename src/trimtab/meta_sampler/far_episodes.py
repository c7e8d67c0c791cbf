"""Episodes on the workers of a cluster: ensembles grow there, the policy learns here.

A step says which episode of which environment it belongs to and all its actions so far.
The worker that played the step before has the ensemble still and adds a member; any
other begins the episode anew and replays it. So a worker that dies costs the steps of
an episode, and the results are those of one machine.
"""

# SPDX-License-Identifier: BSD-3-Clause

import contextlib
import pickle
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.pool import AsyncResult, ThreadPool
from typing import Any

import cloudpickle
import gymnasium
import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv

from trimtab.cluster.connection import connect
from trimtab.cluster.engine import Cluster, Engine, Errand, Sent, Tell
from trimtab.meta_sampler.environment import EnsembleEnv, Observation
from trimtab.meta_sampler.policy import LearnedPolicy
from trimtab.meta_sampler.soft_actor_critic import vectorised
from trimtab.meta_sampler.tasks import EpisodeRules, Task

__all__ = ["FarEpisodes", "Game", "environments", "play_games"]

Actions = tuple[NDArray[np.float32], ...]

_IDLE_SECONDS = 600.0


@dataclass(frozen=True)
class Game:
    """An ensemble that a policy is judged by.

    Attributes
    ----------
    task : int
        Which of the tables.
    seed : tuple of int
        Decides the split and the draws.
    """

    task: int
    seed: tuple[int, ...]


def play_games(
    tasks: Sequence[Task],
    rules: EpisodeRules,
    policy: LearnedPolicy,
    games: Iterable[Game],
) -> list[float]:
    """Return the held-out score of an ensemble for each game."""
    return [
        rules.play(tasks[game.task], policy, np.random.default_rng(game.seed)).score
        for game in games
    ]


@dataclass(frozen=True)
class _Moves:
    """A step of an environment; without actions the beginning of an episode."""

    run: str
    env: int
    seed: int
    episode: int
    actions: Actions = ()


@dataclass
class _Kept:
    """An environment in the middle of an episode, on the worker that played it."""

    moves: _Moves
    env: EnsembleEnv
    used: float


_kept: dict[tuple[str, int], _Kept] = {}
_lock = threading.Lock()


def play_moves(data: bytes, argument: bytes, tell: Tell) -> Any:
    """Play a step on this worker; an errand for `trimtab.cluster.engine.Cluster`.

    Returns
    -------
    tuple
        What `EnsembleEnv.reset` or `EnsembleEnv.step` returns, and for the last step
        of an episode what the reset after it does; else None.
    """
    moves: _Moves = pickle.loads(argument)
    env = _in_the_middle(moves) or _replayed(data, moves)
    if moves.actions:
        played: Any = env.step(moves.actions[-1])
        begun = env.reset() if played[2] else None
    else:
        played = env.reset(seed=moves.seed, options={"episode": moves.episode})
        begun = None
    if begun is not None:
        moves = _Moves(moves.run, moves.env, moves.seed, moves.episode + 1)
    with _lock:
        _kept[moves.run, moves.env] = _Kept(moves, env, time.monotonic())
    return played, begun


def _in_the_middle(moves: _Moves) -> EnsembleEnv | None:
    """Return the environment just before the last of `moves`, where it is here."""
    now = time.monotonic()
    with _lock:
        for key in [k for k, v in _kept.items() if now - v.used > _IDLE_SECONDS]:
            del _kept[key]
        kept = _kept.pop((moves.run, moves.env), None)
    if kept is None or not moves.actions:
        return None
    at, wanted = kept.moves, moves.actions[:-1]
    same = (at.seed, at.episode, len(at.actions)) == (
        moves.seed,
        moves.episode,
        len(wanted),
    )
    return kept.env if same and all(map(np.array_equal, at.actions, wanted)) else None


def _replayed(data: bytes, moves: _Moves) -> EnsembleEnv:
    makers, _, _ = pickle.loads(data)
    env: EnsembleEnv = makers[moves.env]()
    if moves.actions:
        env.reset(seed=moves.seed, options={"episode": moves.episode})
        for action in moves.actions[:-1]:
            env.step(action)
    return env


def play_game(data: bytes, argument: bytes, tell: Tell) -> float:
    """Play a game on this worker; return its score."""
    _, tasks, rules = pickle.loads(data)
    policy, game = pickle.loads(argument)
    return play_games(tasks, rules, policy, [game])[0]


def forget_run(run: str) -> None:
    """Drop what this worker keeps of a run."""
    with _lock:
        for key in [key for key in _kept if key[0] == run]:
            del _kept[key]


class FarEpisodes:
    """The episodes of a meta-training, played on a cluster.

    Parameters
    ----------
    cluster : Cluster
        Where. It is left when these are closed.
    makers : sequence of callable
        Each makes an environment.
    judged_on : sequence of Task
        The tables of games.
    rules : EpisodeRules
        Of games.
    """

    def __init__(
        self,
        cluster: Cluster,
        makers: Sequence[Callable[[], EnsembleEnv]],
        judged_on: Sequence[Task],
        rules: EpisodeRules,
    ) -> None:
        self.run_name = uuid.uuid4().hex
        self._cluster, self._makers = cluster, list(makers)
        content = (self._makers, list(judged_on), rules)
        self._data = Sent(lambda: cloudpickle.dumps(content))
        n_threads = max(len(self._makers), min(cluster.n_slots, 64))
        self._threads = ThreadPool(n_threads)

    def envs(self) -> DummyVecEnv:
        """Return the environments, which step side by side."""
        made = [maker() for maker in self._makers]
        return _SideBySide(
            [partial(_FarEnv, self, number, env) for number, env in enumerate(made)]
        )

    def submit(
        self, errand: Errand, argument: Any, place: str | None
    ) -> "AsyncResult[Any]":
        """Begin an errand."""
        packed = cloudpickle.dumps(argument)
        return self._threads.apply_async(
            self._cluster.run, (errand, self._data, packed, lambda _: None, place)
        )

    def scores(self, policy: LearnedPolicy, games: Iterable[Game]) -> list[float]:
        """Return what `play_games` returns, played all at once."""
        begun = [self.submit(play_game, (policy, game), None) for game in games]
        return [score.get() for score in begun]

    def close(self) -> None:
        """Leave the cluster."""
        self._threads.terminate()
        with contextlib.suppress(Exception):  # a lost cluster keeps nothing
            self._cluster.everywhere(forget_run, self.run_name)
        self._cluster.close()


class _FarEnv(gymnasium.Env[Observation, NDArray[np.float32]]):
    """An environment whose ensemble is on a worker."""

    def __init__(self, far: FarEpisodes, number: int, like: EnsembleEnv) -> None:
        self.observation_space = like.observation_space
        self.action_space = like.action_space
        self.metadata = like.metadata
        self._far, self._place = far, f"{far.run_name}-{number}"
        self._moves = _Moves(far.run_name, number, 0, -1)
        self._next: tuple[Observation, dict[str, Any]] | None = None
        self._step: AsyncResult[Any] | None = None

    def begin(self, action: NDArray[np.float32]) -> None:
        """Begin a step that `step` then waits for."""
        self._play(actions=(*self._moves.actions, action))

    def _play(self, actions: Actions) -> None:
        old = self._moves
        self._moves = _Moves(old.run, old.env, old.seed, old.episode, actions)
        self._step = self._far.submit(play_moves, self._moves, self._place)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode; see `EnsembleEnv.reset`."""
        old, episode = self._moves, self._moves.episode + 1
        if seed is not None:
            episode, self._next = 0, None
        if options and "episode" in options:
            episode, self._next = options["episode"], None
        begun, self._next = self._next, None
        seed = old.seed if seed is None else seed
        self._moves = _Moves(old.run, old.env, seed, episode)
        if begun is None:
            self._play(())
            assert self._step is not None
            begun, _ = self._step.get()
        assert begun is not None
        return begun

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Take a step; see `EnsembleEnv.step`."""
        assert self._step is not None
        played, self._next = self._step.get()
        return played  # type: ignore[no-any-return]


class _SideBySide(DummyVecEnv):
    """Environments that all step before any is waited for."""

    def step_wait(self) -> Any:
        for env, action in zip(self.envs, self.actions, strict=True):
            env.unwrapped.begin(action)  # type: ignore[attr-defined]
        return super().step_wait()


@contextmanager
def environments(
    engine: Engine,
    makers: Sequence[Callable[[], EnsembleEnv]],
    judged_on: Sequence[Task],
    rules: EpisodeRules,
    n_jobs: int,
) -> Iterator[tuple[VecEnv, FarEpisodes | None]]:
    """Give environments that step together, and close them.

    Parameters
    ----------
    engine : Engine
        Where ensembles grow; errors as of `connect`.
    makers, judged_on, rules
        See `FarEpisodes`.
    n_jobs : int
        On this machine: see `vectorised`.

    Yields
    ------
    tuple of VecEnv and (FarEpisodes or None)
        The environments; on a cluster also what plays games there.
    """
    far = None
    if not engine.is_local:
        far = FarEpisodes(connect(engine), makers, judged_on, rules)
    env = far.envs() if far else vectorised(list(makers), n_jobs)
    try:
        yield env, far
    finally:
        env.close()
        if far:
            far.close()
