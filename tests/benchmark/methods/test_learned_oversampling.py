"""AutoSMOTE as methods of the comparison."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import optuna
import pytest
from sklearn.datasets import make_classification

from trimtab.benchmark.methods import TableInfo, get_method, list_methods

NAMES = [one.name for one in list_methods() if one.name.startswith("autosmote")]
GANS = [one.name for one in list_methods() if "cwgan" in one.name]


def test_both_variants_alone_and_ahead_of_trees() -> None:
    """Six methods, all of the learned family."""
    assert len(NAMES) == 6
    assert {get_method(name).family for name in NAMES} == {"learned"}


@pytest.mark.parametrize("name", NAMES)
def test_they_are_built_as_proposed_and_learn(name: str) -> None:
    """Three classes, few epochs; what the search proposes is what is built."""
    X, y = make_classification(
        200,
        5,
        n_informative=4,
        n_redundant=0,
        n_classes=3,
        n_clusters_per_class=1,
        weights=[0.8, 0.1],
        class_sep=2,
        flip_y=0,
        random_state=0,
    )
    info = TableInfo(tuple(np.bincount(y)), 1)
    method = get_method(name)
    sampler = optuna.samplers.RandomSampler(seed=0)
    trial = optuna.create_study(sampler=sampler).ask()
    assert method.search_space is not None
    proposed: dict[str, Any] = method.search_space(trial)
    model = method.build(info, 0, **{**proposed, "max_iter": 15, "n_replicas": 2})
    given = {key.rpartition("__")[2]: v for key, v in model.get_params().items()}

    assert trial.params == proposed
    assert {name: given[name] for name in proposed} == proposed
    assert model.fit(X, y).score(X, y) > 0.85
    sparse = TableInfo(tuple(np.bincount(y)), 1, is_sparse=True)
    assert "sparse" in str(method.reason_to_skip(sparse))


def test_the_gan_stands_ahead_of_three_learners() -> None:
    """Each learns with few epochs, and what the search proposes is the GAN's."""
    X, y = make_classification(120, 5, weights=[0.8], class_sep=2, random_state=0)
    info = TableInfo(tuple(np.bincount(y)), 1)
    assert sorted(GANS) == ["cwgan", "cwgan-random-forest", "network-cwgan"]
    for name in GANS:
        method = get_method(name)
        assert method.search_space is not None
        sampler = optuna.samplers.RandomSampler(seed=0)
        trial = optuna.create_study(sampler=sampler).ask()
        proposed = method.search_space(trial)
        proposed.pop("learning_rate_init", None)
        model = method.build(info, 0, gan_max_iter=3, **proposed)
        rates = [
            value
            for key, value in model.get_params().items()
            if key.endswith("learning_rate_init")
        ]
        assert proposed["gan_learning_rate"] in rates
        assert model.fit(X, y).score(X, y) > 0.7
