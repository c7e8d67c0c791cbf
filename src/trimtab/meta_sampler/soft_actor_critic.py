"""Soft actor-critic by stable-baselines3, as the MESA paper sets it (Table 9)."""

# SPDX-License-Identifier: BSD-3-Clause

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from stable_baselines3 import SAC
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv, VecEnv

from trimtab.exceptions import InputError
from trimtab.meta_sampler.policy import Layer

__all__ = ["SACSettings", "actor_layers", "make_sac", "one_thread", "vectorised"]


@dataclass(frozen=True)
class SACSettings:
    """The settings of soft actor-critic; the defaults are those of the paper.

    Attributes
    ----------
    random_steps : int, default=500
        Steps of random actions before the first update.
    update_steps : int, default=1000
        Steps after them, with an update each.
    buffer_size : int, default=1000
        Transitions that are remembered.
    batch_size : int, default=64
        Transitions in an update.
    gamma : float, default=0.99
        Discount of later rewards.
    tau : float, default=0.01
        How fast the target networks follow.
    alpha : float, default=0.1
        Weight of the entropy, fixed.
    learning_rate : float, default=1e-3
        Of Adam, for actor and critics.
    learning_rate_decay : float, default=0.99
        What it is multiplied by after every `decay_steps` updates.
    decay_steps : int, default=10
        See there.
    actor_widths : tuple of int, default=(50,)
        Hidden layers of the policy.
    critic_widths : tuple of int, default=(50, 50)
        Hidden layers of each of the two critics.
    """

    random_steps: int = 500
    update_steps: int = 1000
    buffer_size: int = 1000
    batch_size: int = 64
    gamma: float = 0.99
    tau: float = 0.01
    alpha: float = 0.1
    learning_rate: float = 1e-3
    learning_rate_decay: float = 0.99
    decay_steps: int = 10
    actor_widths: tuple[int, ...] = (50,)
    critic_widths: tuple[int, ...] = (50, 50)

    def __post_init__(self) -> None:
        for name in ("random_steps", "update_steps", "buffer_size", "batch_size"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}: give 1 or more")

    @property
    def n_steps(self) -> int:
        """Steps in all."""
        return self.random_steps + self.update_steps

    def schedule(self) -> Callable[[float], float]:
        """Return the learning rate as a function of the share of steps to come."""

        def rate(left: float) -> float:
            done = (1 - left) * self.n_steps - self.random_steps
            times = max(0, round(done)) // self.decay_steps
            return float(self.learning_rate * self.learning_rate_decay**times)

        return rate


def make_sac(env: VecEnv, settings: SACSettings, seed: int) -> SAC:
    """Return an untrained soft actor-critic.

    Parameters
    ----------
    env : VecEnv
        The environments; each step of one is followed by an update.
    settings : SACSettings
        The settings.
    seed : int
        Decides weights, random actions and batches, and the environments' episodes.

    Returns
    -------
    SAC
    """
    return SAC(
        "MlpPolicy",
        env,
        learning_rate=settings.schedule(),
        buffer_size=settings.buffer_size,
        learning_starts=settings.random_steps,
        batch_size=settings.batch_size,
        tau=settings.tau,
        gamma=settings.gamma,
        ent_coef=settings.alpha,
        gradient_steps=-1,
        policy_kwargs={
            "net_arch": {
                "pi": list(settings.actor_widths),
                "qf": list(settings.critic_widths),
            },
            # Networks this small spend their time between operations: one kernel for
            # all parameters nearly halves an update.
            "optimizer_kwargs": {"fused": True},
        },
        device="cpu",
        seed=seed,
    )


def actor_layers(model: SAC) -> tuple[Layer, ...]:
    """Return weights and biases of the actor's mean, without the entropy's part."""
    linear = [m for m in model.actor.latent_pi if isinstance(m, torch.nn.Linear)]
    mean: Any = model.actor.mu
    return tuple(
        (
            layer.weight.detach().numpy().copy(),
            layer.bias.detach().numpy().copy(),
        )
        for layer in [*linear, mean]
    )


def vectorised(makers: list[Callable[[], Any]], n_jobs: int) -> VecEnv:
    """Return environments that step together.

    Parameters
    ----------
    makers : list of callable
        Each returns an environment.
    n_jobs : int
        1 steps them one after the other in this process; otherwise each has a process
        of its own. The results are the same.

    Returns
    -------
    VecEnv
    """
    if n_jobs == 1 or len(makers) == 1:
        return DummyVecEnv(makers)
    return SubprocVecEnv(makers)


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch in one thread, and leave global random states as they were.

    stable-baselines3 seeds the generators of numpy, torch and Python.
    """
    threads = torch.get_num_threads()
    of_python, of_torch = random.getstate(), torch.get_rng_state()
    of_numpy = np.random.get_state()  # noqa: NPY002
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        random.setstate(of_python)
        torch.set_rng_state(of_torch)
        np.random.set_state(of_numpy)  # noqa: NPY002
