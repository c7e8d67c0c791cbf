"""A small table, and experiments on it, for tests of what runs and keeps them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.benchmark.toy_methods import TOY
from trimtab.benchmark.experiment import Experiment
from trimtab.benchmark.protocol import Protocol
from trimtab.benchmark.running.runner import Runner
from trimtab.benchmark.sources import StagedSource, stage
from trimtab.benchmark.store import Store
from trimtab.tables import Labels


@pytest.fixture(scope="session")
def small_source(tmp_path_factory: pytest.TempPathFactory) -> StagedSource:
    """Sixty rows of noise, twenty positive."""
    X = np.random.default_rng(0).normal(size=(60, 3))
    labels = Labels(np.array(["no", "yes"]), np.repeat([0, 1], [40, 20]), 1)
    return stage(X, labels, "small", tmp_path_factory.mktemp("staged"))


@pytest.fixture
def experiments() -> Callable[..., list[Experiment]]:
    """Make a toy experiment for each fold, with parameters of choice."""

    def make(n_repeats: int = 1, **parameters: Any) -> list[Experiment]:
        protocol = Protocol(n_splits=4, n_repeats=n_repeats)
        return [
            Experiment.of(
                parameters,
                dataset="small",
                method="toy",
                protocol=protocol,
                repeat=repeat,
                fold=fold,
            )
            for repeat, fold in protocol.splits()
        ]

    return make


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Name an empty store, of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.sqlite"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """Give an empty store, of either kind."""
    with Store(store_url) as opened:
        yield opened


@pytest.fixture
def make_runner(small_source: StagedSource) -> Callable[..., Runner]:
    """Make a runner for the toy experiments."""

    def make(store: Store, **options: Any) -> Runner:
        return Runner(store, {"small": small_source}, {"toy": TOY}, **options)

    return make
