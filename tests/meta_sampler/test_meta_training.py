"""Learning a policy: that it learns, repeats itself, stops, and can be resumed."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from sklearn.dummy import DummyClassifier
from sklearn.tree import DecisionTreeClassifier

from tests.meta_sampler.conftest import table
from trimtab import InputError
from trimtab.meta_sampler import meta_training as room
from trimtab.meta_sampler.meta_training import Evaluation, MetaTraining, meta_train
from trimtab.meta_sampler.soft_actor_critic import (
    SACSettings,
    actor_layers,
    make_sac,
    vectorised,
)
from trimtab.meta_sampler.state import StateLayout
from trimtab.meta_sampler.tasks import EpisodeRules, Task

STATES = np.random.default_rng(0).random((20, 10))
SMALL = SACSettings(random_steps=30, update_steps=30, batch_size=16)


@dataclass(frozen=True)
class WantsThird(EpisodeRules):
    """Rewards a mu near 0.3, and nothing else."""

    def reward(self, cascade):
        return -10 * (cascade.records[-1]["notes"]["mu"] - 0.3) ** 2


def run(rules=None, **options):
    """Return a small run."""
    rules = rules or EpisodeRules(DecisionTreeClassifier(max_depth=3), n_estimators=4)
    tasks = [Task("a", *table(0)), Task("b", *table(1))]
    return MetaTraining(tasks, rules, **{"sac": SMALL, **options})


def test_settings_are_those_of_the_paper():
    """Tables 9 and 10, and what stable-baselines3 makes of them."""
    model = make_sac(vectorised(run().makers(), 1), SACSettings(), seed=0)
    assert (model.gamma, model.tau, model.batch_size) == (0.99, 0.01, 64)
    assert float(model.ent_coef_tensor) == pytest.approx(0.1)
    assert model.ent_coef_optimizer is None  # alpha is fixed
    assert (model.buffer_size, model.learning_starts) == (1000, 500)
    assert SACSettings().n_steps == 1500
    assert [w.shape for w, _ in actor_layers(model)] == [(50, 10), (1, 50)]
    critic = [p.shape for p in model.critic.q_networks[0].parameters() if p.ndim == 2]
    assert critic == [(50, 11), (50, 50), (1, 50)]


def test_the_learning_rate_falls_with_the_updates():
    """By 0.99 after every ten, from the first update on."""
    rate = SACSettings().schedule()
    left = {step: 1 - step / 1500 for step in (0, 500, 509, 510, 1500)}
    rates = {step: rate(share) for step, share in left.items()}
    assert rates[0] == rates[500] == rates[509] == pytest.approx(1e-3)
    assert rates[510] == pytest.approx(0.99e-3)
    assert rates[1500] == pytest.approx(1e-3 * 0.99**100)


def test_it_learns_an_action_that_is_not_at_the_border():
    """Where only mu = 0.3 is rewarded, the policy comes to it."""
    rules = WantsThird(DummyClassifier(), n_estimators=6)
    task = Task("made", *table(n_rows=60, rare=0.3))
    sac = SACSettings(random_steps=150, update_steps=500)
    training = MetaTraining([task], rules, sac=sac)
    policy = meta_train(training)
    cascade = rules.play(task, policy, np.random.default_rng(5))
    mus = [record["notes"]["mu"] for record in cascade.records[1:]]
    np.testing.assert_allclose(mus, 0.3, atol=0.12)
    first, last = training.episodes[10], training.episodes[-1]
    assert abs(last["mu"] - 0.3) < abs(first["mu"] - 0.3)


def test_the_policy_is_the_actors_own(monkeypatch):
    """In numpy it acts as stable-baselines3's network does."""
    kept = []
    make = room.make_sac
    monkeypatch.setattr(room, "make_sac", lambda *a: kept.append(make(*a)) or kept[0])
    policy = meta_train(run())
    theirs, _ = kept[0].predict(STATES.astype(np.float32), deterministic=True)
    np.testing.assert_allclose(policy.act(STATES), theirs, atol=1e-6)


def test_the_seed_decides_everything_and_globals_stay_as_they_were():
    """Two runs are the same, another seed is another, and no generator moved."""
    np.random.seed(4)  # noqa: NPY002
    torch.manual_seed(4)
    threads = torch.get_num_threads()
    one, two, other = (meta_train(run(seed=s)).act(STATES) for s in (0, 0, 1))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)
    after = np.random.random(), torch.rand(1).item()  # noqa: NPY002
    np.random.seed(4)  # noqa: NPY002
    torch.manual_seed(4)
    assert after == (np.random.random(), torch.rand(1).item())  # noqa: NPY002
    assert torch.get_num_threads() == threads


def test_processes_change_nothing():
    """Two environments in this process, or in one each: the same policy."""
    here, there = run(n_envs=2), run(n_envs=2, n_jobs=2)
    np.testing.assert_array_equal(
        meta_train(here).act(STATES), meta_train(there).act(STATES)
    )
    assert here.episodes == there.episodes
    assert {episode["task"] for episode in here.episodes} == {"a", "b"}


def test_history_and_what_the_policy_says_of_itself():
    """An entry an episode; tasks, settings and versions go into the file."""
    training = run(state=StateLayout("task"))
    policy = meta_train(training)
    assert len(training.episodes) == 20
    assert training.episodes[-1]["step"] == 60
    about = policy.about
    assert about["tasks"][0]["class_counts"] == np.bincount(table(0)[1]).tolist()
    assert about["training"]["random_steps"] == 30
    assert "DecisionTreeClassifier" in about["training"]["estimator"]
    assert {"trimtab", "stable-baselines3", "gymnasium"} <= set(about["versions"])
    assert about["episodes"]["step"] == [e["step"] for e in training.episodes]


def test_it_stops_when_no_evaluation_is_better_and_keeps_the_best(monkeypatch):
    """Evaluations 0.5, 0.9, 0.1, 0.2: with a patience of two, the second is kept."""
    scores, actors = [0.5, 0.9, 0.1, 0.2, 1.0], []

    def judge(self, layers, step):
        actors.append(layers)
        self.evaluations.append({"step": step, "score": scores[len(actors) - 1]})
        return scores[len(actors) - 1]

    monkeypatch.setattr(MetaTraining, "evaluate", judge)
    training = run(evaluation=Evaluation(every=9, patience=2))
    policy = meta_train(training)
    assert len(actors) == 4
    np.testing.assert_array_equal(policy.layers[0][0], actors[1][0][0])


def test_evaluation_is_by_the_same_ensembles_each_time():
    """An actor that does not change is judged the same."""
    training = run(evaluation=Evaluation(every=30, n_episodes=2))
    layers = meta_train(training).layers
    before = len(training.evaluations)
    assert training.evaluate(layers, 60) == training.evaluate(layers, 70)
    assert set(training.evaluations[before]["scores"]) == {"a", "b"}


class StoppedError(Exception):
    """Stands for whatever stops a run."""


@pytest.mark.parametrize("writes", [1, 7])
def test_a_resumed_run_ends_as_if_it_had_never_stopped(writes, tmp_path, monkeypatch):
    """Weights, history and evaluations, bit by bit; the checkpoint is gone."""
    path = tmp_path / "run.checkpoint"
    options = {"n_envs": 2, "evaluation": Evaluation(every=18, n_episodes=1)}
    whole = run(**options)
    expected = meta_train(whole).act(STATES)
    write, written = room.write_checkpoint, []

    def write_and_stop(*arguments):
        write(*arguments)
        written.append(1)
        if len(written) == writes:
            raise StoppedError

    monkeypatch.setattr(room, "write_checkpoint", write_and_stop)
    with pytest.raises(StoppedError):
        meta_train(run(**options), checkpoint=path, checkpoint_seconds=0)
    monkeypatch.setattr(room, "write_checkpoint", write)
    resumed = run(**options)
    policy = meta_train(resumed, checkpoint=path)
    np.testing.assert_array_equal(policy.act(STATES), expected)
    assert resumed.episodes == whole.episodes
    assert resumed.evaluations == whole.evaluations
    assert not path.exists()


KILLED = """
import sys
from pathlib import Path
from tests.meta_sampler.test_meta_training import long_run, meta_train
meta_train(long_run(), checkpoint=Path(sys.argv[1]), checkpoint_seconds=0)
"""


def long_run():
    """Return a run that takes long enough to be killed."""
    return run(sac=SACSettings(random_steps=60, update_steps=60, batch_size=16))


def test_a_run_that_is_killed_goes_on(tmp_path):
    """By SIGKILL, whenever it comes."""
    path = tmp_path / "run.checkpoint"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    until = time.monotonic() + 120
    while not path.exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert path.exists()
    resumed, whole = long_run(), long_run()
    np.testing.assert_array_equal(
        meta_train(resumed, checkpoint=path).act(STATES), meta_train(whole).act(STATES)
    )
    assert resumed.episodes == whole.episodes


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"no", "is no checkpoint or is damaged"), (None, "made with seed 0, not 1")],
)
def test_a_checkpoint_of_something_else_is_refused(content, message, tmp_path):
    """Of other settings, or of nothing at all."""
    path = tmp_path / "run.checkpoint"
    if content is None:
        model = make_sac(vectorised(run().makers(), 1), SMALL, seed=0)
        state = room.Checkpoint.of(model, {"settings": run().settings()})
        room.write_checkpoint(path, state)
    else:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        meta_train(run(seed=1), checkpoint=path)
