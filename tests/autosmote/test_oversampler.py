"""AutoSMOTE as a sampler: imbalanced-learn's checks, SMOTE as a peer, parents."""

# SPDX-License-Identifier: BSD-3-Clause

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import make_pipeline
from imblearn.utils.estimator_checks import estimator_checks_generator
from numpy.typing import NDArray
from scipy.stats import ks_2samp
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from trimtab import AutoSMOTE, AutoSMOTEClassifier, InputError
from trimtab.synthesis.decisions import Aggregation, NeighbourCount, Participation

QUICK = AutoSMOTEClassifier(max_iter=5)

# What ``parametrize_with_checks`` yields, as the list that pytest asks for.
CHECKS = [
    pytest.param(sampler, check, id=getattr(check, "func", check).__name__)
    for sampler, check in estimator_checks_generator(
        AutoSMOTE(random_state=0, estimator=QUICK)
    )
]


@pytest.mark.parametrize(("estimator", "check"), CHECKS)
@pytest.mark.filterwarnings("ignore:class .* has .* rows, so that k:UserWarning")
def test_imbalanced_learns_checks(estimator: Any, check: Callable[..., Any]) -> None:
    """All of scikit-learn's and imbalanced-learn's checks pass, none excepted."""
    check(estimator)


def table() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return three classes in two columns of different scale."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], [120, 20, 30])
    X = (rng.normal(size=(170, 2)) + 1.5 * y[:, None]) * [1.0, 100.0]
    return X, y


@pytest.mark.parametrize("variant", ["cohort", "self"])
def test_rows_have_parents(variant: str) -> None:
    """All classes are alike; parents are of the class, the neighbours its nearest."""
    X, y = table()
    classifier = AutoSMOTEClassifier(variant=variant, max_iter=10, n_replicas=2)
    sampler = AutoSMOTE(random_state=0, estimator=classifier)
    new, labels = sampler.fit_resample(X, y)
    parents = sampler.parent_indices_

    assert Counter(labels.tolist()) == {0: 120, 1: 120, 2: 120}
    np.testing.assert_array_equal(new[:170], X)
    assert parents.shape == (190, 7)
    assert (y[parents[:, 0]] == labels[170:]).all()
    known = parents >= 0
    assert known[:, 1].all()
    assert not known[:, 6].all()
    assert (y[parents][known] == np.repeat(labels[170:], known.sum(axis=1))).all()
    scaled = StandardScaler().fit_transform(X)
    for first, *near in parents[:20]:
        own = np.flatnonzero((y == y[first]) & (np.arange(170) != first))
        order = own[np.linalg.norm(scaled[own] - scaled[first], axis=1).argsort()]
        used = [row for row in near if row >= 0]
        assert used == order[: len(used)].tolist()
    assert len(sampler.decisions_) == 2 * 50


def test_forced_to_be_smote_it_is() -> None:
    """With linear interpolation among five, rows are distributed as SMOTE's.

    Columns, their sum and their difference, by the Kolmogorov-Smirnov test.
    """
    X, y = table()
    X = StandardScaler().fit_transform(X)
    smote = [Participation((True,)), NeighbourCount((5,)), Aggregation(("linear",))]
    wanted = {1: 4000}
    sampler = AutoSMOTE(
        sampling_strategy=wanted,
        random_state=0,
        estimator=AutoSMOTEClassifier(decisions=smote, max_iter=2),
    )
    ours = sampler.fit_resample(X, y)[0][170:]
    peer = SMOTE(sampling_strategy=wanted, random_state=0)
    theirs = peer.fit_resample(X, y)[0][170:]
    views = np.array([[1, 0], [0, 1], [1, 1], [1, -1]]).T
    for mine, other in zip((ours @ views).T, (theirs @ views).T, strict=True):
        assert ks_2samp(mine, other).pvalue > 0.01


def test_columns_that_a_class_has_alike_stay_alike() -> None:
    """Scaled and scaled back, whole numbers and truth values beside floats are kept."""
    X, y = table()
    rng = np.random.default_rng(1)
    whole = rng.integers(0, 60, size=(170, 40))
    whole[y > 0] = np.arange(40)
    frame = pd.DataFrame(whole).add_prefix("n").assign(a=X[:, 0])
    frame["is_new"] = np.where(y > 0, False, rng.random(170) < 0.5)
    new, _ = AutoSMOTE(random_state=0, estimator=QUICK).fit_resample(frame, y)
    made = new[170:]
    assert (made.dtypes == frame.dtypes).all()
    assert not made["is_new"].any()
    assert (made.iloc[:, :40] == np.arange(40)).all(axis=None)


def test_in_a_pipeline_and_with_few_rows() -> None:
    """Four rows of a class have three neighbours each, and a warning says so."""
    X, y = table()
    X, y = X[:124], y[:124]
    sampler = AutoSMOTE(random_state=0, estimator=QUICK)
    with pytest.warns(UserWarning, match="class 1 has 4 rows, so that k = 6 neighb"):
        model = make_pipeline(sampler, LogisticRegression()).fit(X, y)
    assert model.predict(X).shape == (124,)
    assert (sampler.set_params(estimator=None).variant) == "cohort"


def test_nothing_to_do_and_nothing_that_may_be_done() -> None:
    """Classes of equal size stay; where no row may take part, an error says so."""
    X, y = table()
    sampler = AutoSMOTE(random_state=0, estimator=QUICK)
    _, labels = sampler.fit_resample(X[100:140], y[100:140])
    assert Counter(labels.tolist()) == {0: 20, 1: 20}
    with pytest.raises(InputError, match="nothing was decided"):
        _ = sampler.decisions_
    nobody = [Participation((False,)), Aggregation()]
    sampler.estimator = AutoSMOTEClassifier(decisions=nobody, max_iter=2)
    with pytest.raises(InputError, match="no row takes part"):
        sampler.fit_resample(X, y)
