"""What meta-training costs beside the fits and predictions that it is made of.

Run: ``python benchmarks/bench_meta_training.py``. Decision trees on *mammography* (made
rows of the same size where it is not on this machine), ten members, 1,500 steps by the
settings of the MESA paper, one thread. The trees note what their own fits and
predictions take, so that all parts of a ratio come from the same run and a busy machine
slows both alike. A figure is the median of `--rounds` runs, with the lowest and the
highest beside it.
"""

# SPDX-License-Identifier: BSD-3-Clause

import argparse
import statistics
import time
from typing import Any, Self

import numpy as np
import torch
from sklearn.datasets import make_classification
from sklearn.tree import DecisionTreeClassifier

from trimtab import datasets
from trimtab.exceptions import InputError
from trimtab.meta_sampler.environment import EnsembleEnv
from trimtab.meta_sampler.meta_training import MetaTraining, meta_train
from trimtab.meta_sampler.policy import LearnedPolicy
from trimtab.meta_sampler.soft_actor_critic import SACSettings
from trimtab.meta_sampler.tasks import EpisodeRules, Task


class TimedTree(DecisionTreeClassifier):
    """A decision tree that adds up what fits and predictions take."""

    seconds = 0.0

    def fit(self, X: Any, y: Any) -> Self:
        """Fit, timed."""
        start = time.perf_counter()
        super().fit(X, y)
        TimedTree.seconds += time.perf_counter() - start
        return self

    def predict_proba(self, X: Any) -> Any:
        """Predict, timed."""
        start = time.perf_counter()
        probabilities = super().predict_proba(X)
        TimedTree.seconds += time.perf_counter() - start
        return probabilities


def mammography() -> Task:
    """Return the table, or made rows of its size."""
    try:
        if datasets.is_available("mammography"):
            X, y, _ = datasets.load("mammography")
            return Task("mammography", np.asarray(X, dtype=np.float32), y)
    except InputError:
        pass
    X, y = make_classification(
        11_183, 6, n_informative=5, n_redundant=0, weights=[0.977], random_state=0
    )
    return Task("made", X.astype(np.float32), y)


def one_round(task: Task, sac: SACSettings, seed: int) -> dict[str, float]:
    """Measure one run; return the ratios."""
    rules = EpisodeRules(TimedTree(), reward_scaling="none")
    training = MetaTraining([task], rules, sac=sac, seed=seed)
    TimedTree.seconds, start = 0.0, time.perf_counter()
    policy = meta_train(training)
    whole, bare = time.perf_counter() - start, TimedTree.seconds
    steps, bare_steps = environment_alone(task, rules, sac.n_steps, policy, seed)
    return {
        "environment alone / fits and predictions": steps / bare_steps,
        "whole / fits and predictions": whole / bare,
        "whole, seconds": whole,
    }


def environment_alone(
    task: Task, rules: EpisodeRules, n_steps: int, policy: LearnedPolicy, seed: int
) -> tuple[float, float]:
    """Return the seconds of as many steps without learning, and of their trees."""
    env = EnsembleEnv([task], rules)
    env.action_space.seed(seed)
    TimedTree.seconds, seconds = 0.0, 0.0
    start = time.perf_counter()
    state, _ = env.reset(seed=seed)
    seconds += time.perf_counter() - start
    for step in range(n_steps):
        learned = step >= n_steps // 3
        action = policy.act(state) if learned else env.action_space.sample()
        start = time.perf_counter()
        state, _, is_complete, _, _ = env.step(action)
        if is_complete:
            state, _ = env.reset()
        seconds += time.perf_counter() - start
    return seconds, TimedTree.seconds


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=1500)
    options = parser.parse_args()
    torch.set_num_threads(1)
    random_steps = options.steps // 3
    sac = SACSettings(random_steps, options.steps - random_steps)
    task = mammography()
    print(f"{task.name}, {sac.n_steps} steps")
    one_round(task, SACSettings(70, 10), 0)
    rounds = [one_round(task, sac, seed) for seed in range(options.rounds)]
    for name in rounds[0]:
        values = [ratios[name] for ratios in rounds]
        print(
            f"{name:44} {statistics.median(values):6.2f}"
            f"   ({min(values):.2f} to {max(values):.2f})"
        )


if __name__ == "__main__":
    main()
