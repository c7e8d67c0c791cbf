"""Small tables and policies for the tests of the meta-sampler."""

from itertools import pairwise

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.tree import DecisionTreeClassifier

from trimtab.ensembles.cascade import Cascade
from trimtab.meta_sampler.action import ActionSpace
from trimtab.meta_sampler.policy import LearnedPolicy
from trimtab.meta_sampler.state import StateLayout
from trimtab.meta_sampler.tasks import EpisodeRules, Task


def table(seed=0, n_rows=240, rare=0.15, n_classes=2):
    """Return a table that a tree learns in no time."""
    weights = [1 - rare * (n_classes - 1), *[rare] * (n_classes - 1)]
    return make_classification(
        n_rows, 5, n_informative=4, n_redundant=0, n_classes=n_classes,
        n_clusters_per_class=1, weights=weights, flip_y=0.05, random_state=seed,
    )  # fmt: skip


@pytest.fixture
def task():
    return Task("made", *table())


@pytest.fixture
def rules():
    return EpisodeRules(DecisionTreeClassifier(max_depth=3), n_estimators=4)


@pytest.fixture
def cascade(task, rules):
    """Return an ensemble of one member."""
    return rules.start(task, np.random.default_rng(0))


def random_policy(state="errors", action="mu", width=3, seed=0):
    """Return a policy of random weights."""
    rng = np.random.default_rng(seed)
    layout, space = StateLayout(state), ActionSpace(action)
    sizes = [layout.size, width, space.size]
    layers = tuple(
        (
            rng.normal(size=(n_out, n_in)).astype(np.float32),
            rng.normal(size=n_out).astype(np.float32),
        )
        for n_in, n_out in pairwise(sizes)
    )
    about = {"tasks": [{"name": "made", "n_rows": 240}], "versions": {"numpy": "2"}}
    return LearnedPolicy(layers, layout, space, about=about)


def grown(policy, n_classes=2, **options):
    """Return an ensemble that a policy has grown, with held-out rows."""
    X, y = table(n_classes=n_classes)
    cascade = Cascade(
        DecisionTreeClassifier(max_depth=3), X[:160], y[:160], X[160:], y[160:],
        n_rounds=4, rng=0, **options,
    )  # fmt: skip
    cascade.grow(policy)
    return cascade
