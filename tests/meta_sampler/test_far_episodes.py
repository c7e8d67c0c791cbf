"""Meta-training on a cluster: what is learned is what one machine learns."""

import os
import signal
import tempfile
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.tree import DecisionTreeClassifier

from tests.cluster import errands
from tests.cluster.machines import RayMachines
from trimtab.cluster.engine import Sent
from trimtab.meta_sampler.far_episodes import FarEpisodes
from trimtab.meta_sampler.sampler import MetaSampler

pytest.importorskip("distributed")


def _learned(**options) -> MetaSampler:
    tables = {
        str(seed): make_classification(120, weights=[0.8], random_state=seed)
        for seed in (0, 1, 2)
    }
    sampler = MetaSampler(
        DecisionTreeClassifier(max_depth=3, random_state=0), n_estimators=5, n_envs=2,
        random_steps=16, update_steps=24, evaluate_every=20, n_evaluations=2, **options
    )  # fmt: skip
    return sampler.fit(tables)


def _same(ours: MetaSampler, theirs: MetaSampler) -> None:
    assert ours.episodes_ == theirs.episodes_
    assert ours.evaluations_ == theirs.evaluations_
    for mine, yours in zip(ours.policy_.layers, theirs.policy_.layers, strict=True):
        for a, b in zip(mine, yours, strict=True):
            np.testing.assert_array_equal(a, b)


def test_what_is_learned_is_the_same_though_a_worker_is_killed(machines, monkeypatch):
    """The ensembles that it had are grown anew elsewhere, to the same members."""
    machines.add_worker()
    machines.add_worker()
    here = _learned()
    machines.wait_for_workers(2)
    submit, submitted, killed = FarEpisodes.submit, [], []

    def submit_and_kill(self, errand, argument, place):
        submitted.append(place)
        if len(submitted) == 12:  # in the middle of an episode
            pid = self._cluster.run(errands.wait, Sent(bytes), b"0", print, place)
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)
        return submit(self, errand, argument, place)

    monkeypatch.setattr(FarEpisodes, "submit", submit_and_kill)
    there = _learned(engine="dask", scheduler=machines.address)
    assert killed[0] in [process.pid for process in machines.workers]
    assert len(here.episodes_["score"]) == 10
    _same(here, there)


def test_ray_learns_the_same():
    """With as many ensembles as Ray has processors, and games beside them."""
    pytest.importorskip("ray")
    here = _learned()
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as short:
        node = RayMachines(Path(short))
        try:
            there = _learned(engine="ray", scheduler=node.address)
        finally:
            node.close()
    _same(here, there)
