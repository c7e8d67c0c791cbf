"""Ensembles on collections that lie on the workers of a real cluster."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.tree import DecisionTreeClassifier

from trimtab import UnderSamplingEnsembleClassifier
from trimtab.ensembles.policies import GaussianPolicy

pytest.importorskip("distributed")

import dask.array as da
from distributed import Client, LocalCluster

N_PARTS, PART_ROWS, N_COLUMNS = 30, 2500, 4000
WORKER_BYTES = N_PARTS * PART_ROWS * N_COLUMNS * 4 // 3


def ensemble(policy: Any, n_estimators: int = 3) -> Any:
    """Give an ensemble of trees that may draw all rows."""
    return UnderSamplingEnsembleClassifier(
        DecisionTreeClassifier(max_depth=2),
        policy,
        n_estimators=n_estimators,
        max_candidates=None,
        random_state=0,
    )


def test_a_worker_dies_and_the_result_is_that_of_memory(machines):
    """Its partitions' sums are worked out again by those that are left."""
    X, y = make_classification(3000, weights=[0.9], flip_y=0.05, random_state=0)

    class Kills:
        def select(self, round: Any) -> Any:
            if round.number == 2:
                machines.kill_worker(0)
            return GaussianPolicy(0.8).select(round)

    for _ in range(3):
        machines.add_worker()
    machines.wait_for_workers(3)
    with Client(machines.address):
        model = ensemble(Kills()).fit(da.from_array(X, chunks=(300, 20)), y)
    inside = ensemble(GaussianPolicy(0.8)).fit(X, y)
    assert np.array_equal(model.predict_proba(X), inside.predict_proba(X))
    assert machines.workers[0].poll() is not None


def _column(number: int) -> Any:
    random = np.random.default_rng(number)
    column = random.normal(size=PART_ROWS)
    return column, column + random.normal(scale=0.3, size=PART_ROWS) > 2.4, random


def _labels(block_info: Any = None) -> Any:
    return _column(block_info[None]["chunk-location"][0])[1]


def _rows(block_info: Any = None) -> Any:
    column, _, random = _column(block_info[None]["chunk-location"][0])
    few = random.random(size=(25, N_COLUMNS), dtype=np.float32)
    X = np.tile(few, (PART_ROWS // 25, 1))
    X[:, 0] = column
    return X


def test_a_table_of_three_times_the_workers_memory():
    """1.2 GB, made where they lie, on a worker that is ended at 400 MB."""
    chunks = (PART_ROWS,) * N_PARTS
    X = da.map_blocks(_rows, chunks=(chunks, N_COLUMNS), dtype=np.float32)
    y = da.map_blocks(_labels, chunks=(chunks,), dtype=bool)
    assert X.nbytes >= 3 * WORKER_BYTES
    cluster = LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        memory_limit=WORKER_BYTES,
        dashboard_address=None,
    )
    with cluster, Client(cluster) as client:
        worker = next(iter(client.run(lambda: 0)))
        model = ensemble("gaussian", 2).fit(X, y)
        assert list(client.run(lambda: 0)) == [worker]  # it has not been ended
        sample = X[: 2 * PART_ROWS]
        found = model.predict_proba(sample).compute()
    assert len(model.estimators_) == 2
    truth = y[: 2 * PART_ROWS].compute(scheduler="threads")
    assert found[truth, 1].mean() > found[~truth, 1].mean() + 0.5
