"""Steps before learners are fitted once for all that share them."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import pytest
from imblearn.pipeline import make_pipeline as make_sampling_pipeline
from imblearn.under_sampling import RandomUnderSampler
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from tests.benchmark.tunable_methods import CountedFits
from trimtab.benchmark.running.shared_steps import Prepared, prepare

RNG = np.random.default_rng(0)
Y = (np.arange(90) % 4 == 0).astype(int)
X = RNG.normal(size=(90, 4)) + Y[:, None]
TRAINING, HELD = slice(0, 60), slice(60, 90)


@pytest.fixture(autouse=True)
def _from_zero() -> None:
    CountedFits.fits = 0


def predictions(estimators: list[Any]) -> dict[int, Any]:
    """Fit what was prepared, and return each one's predictions by its position."""
    found = {}
    for part in prepare(estimators, X[TRAINING], Y[TRAINING], X[HELD]):
        assert isinstance(part, Prepared)
        for position, learner in zip(part.positions, part.learners, strict=True):
            learner.fit(part.X, part.y)
            found[position] = learner.predict_proba(part.X_held)
    return found


def test_every_kind_of_pipeline_predicts_as_when_it_is_fitted_whole() -> None:
    """Transformers, samplers, several chains that part ways, learners alone."""

    def sampler(seed: int) -> RandomUnderSampler:
        return RandomUnderSampler(random_state=seed)

    def estimators() -> list[Any]:
        return [
            make_pipeline(StandardScaler(), LogisticRegression(C=0.1)),
            LogisticRegression(),
            make_pipeline(StandardScaler(), SelectKBest(k=2), LogisticRegression()),
            make_pipeline(StandardScaler(), LogisticRegression(C=10)),
            make_sampling_pipeline(StandardScaler(), sampler(0), LogisticRegression()),
            make_sampling_pipeline(StandardScaler(), sampler(1), LogisticRegression()),
            make_sampling_pipeline(
                sampler(0), "passthrough", SimpleImputer(), LogisticRegression()
            ),
            make_pipeline(StandardScaler(), SelectKBest(k=2), LogisticRegression(C=9)),
        ]

    found = predictions(estimators())
    for position, whole in enumerate(estimators()):
        whole.fit(X[TRAINING], Y[TRAINING])
        np.testing.assert_array_equal(found[position], whole.predict_proba(X[HELD]))


def test_equal_steps_are_fitted_once() -> None:
    """Twenty settings of a learner share one; each setting of a step has its own."""
    learners = [LogisticRegression(C=c) for c in np.geomspace(0.01, 10, 20)]
    predictions([make_pipeline(CountedFits(), learner) for learner in learners])
    assert CountedFits.fits == 1
    widths = [1, 2, 1, 2, 3]
    predictions([make_pipeline(CountedFits(w), LogisticRegression()) for w in widths])
    assert CountedFits.fits == 1 + 3


def test_a_step_that_fails_takes_down_those_that_have_it() -> None:
    """The others are fitted."""
    good = make_pipeline(StandardScaler(), LogisticRegression())
    bad = make_pipeline(FunctionTransformer(_fail), LogisticRegression())
    parts = list(prepare([bad, good, bad], X[TRAINING], Y[TRAINING], X[HELD]))
    failed = [part for part in parts if not isinstance(part, Prepared)]
    assert [(positions, str(error)) for positions, error in failed] == [
        ([0, 2], "broken")
    ]
    assert [part.positions for part in parts if isinstance(part, Prepared)] == [[1]]


def _fail(values: Any) -> Any:
    raise ValueError("broken")


def test_what_cannot_be_compared_is_fitted_whole() -> None:
    """A step with a function that has no name keeps its pipeline together."""
    step = FunctionTransformer(lambda values: values * 2)
    pipeline = make_pipeline(step, LogisticRegression())
    [part] = prepare([pipeline], X[TRAINING], Y[TRAINING], X[HELD])
    assert isinstance(part, Prepared)
    assert part.learners[0] is pipeline
