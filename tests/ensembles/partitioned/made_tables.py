"""A table in memory and as collections of Dask, and ensembles to fit on them."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification
from sklearn.tree import DecisionTreeClassifier

from trimtab import (
    UnderSamplingEnsembleClassifier,
)

pytest.importorskip("dask")

import dask.array as da
import dask.dataframe as dd

NAMES = np.array(["common", "rare", "seldom"])
X, CODES = make_classification(
    1500,
    n_features=8,
    n_informative=5,
    n_classes=3,
    n_clusters_per_class=1,
    weights=[0.8, 0.08],
    class_sep=1.2,
    random_state=3,
)
Y = NAMES[CODES]
FRAME = pd.DataFrame(X, columns=[f"x{i}" for i in range(8)])
WEIGHT = np.random.default_rng(0).uniform(0.5, 2, len(X))
ARRAY = da.from_array(X, chunks=(400, 3))
COLLECTION = dd.from_pandas(FRAME.assign(y=Y, weight=WEIGHT), npartitions=4)
TABLE = COLLECTION[list(FRAME.columns)]


class Remembering(DecisionTreeClassifier):
    """A tree that knows which rows it was fitted on."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "Remembering":
        self.rows_ = np.asarray(X)[:, 0].copy()
        super().fit(X, y, sample_weight)
        return self


def ensemble(policy: Any = "uniform", **parameters: Any) -> Any:
    """Give an ensemble of four trees."""
    tree = Remembering(max_depth=4)
    parameters = {"n_estimators": 4, "random_state": 1} | parameters
    return UnderSamplingEnsembleClassifier(tree, policy, **parameters)


def assert_same(left: Any, right: Any, X: Any = X) -> None:
    """Assert that two ensembles are the same to the last bit."""
    assert np.array_equal(left.classes_, right.classes_)
    assert np.array_equal(left.predict_proba(X), right.predict_proba(X))
    assert np.array_equal(left.class_prior_, right.class_prior_)
    for one, other in zip(left.history_, right.history_, strict=True):
        assert one.keys() == other.keys()
        for name, value in one.items():
            assert np.array_equal(value, other[name], equal_nan=True), name
