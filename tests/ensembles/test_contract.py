"""scikit-learn's contract for every ensemble on drawn rows."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from trimtab import (
    BalanceCascadeClassifier,
    SelfPacedEnsembleClassifier,
    UnderBaggingClassifier,
    UnderSamplingEnsembleClassifier,
)
from trimtab.ensembles.policies import GaussianPolicy


@parametrize_with_checks(
    [
        UnderSamplingEnsembleClassifier(n_estimators=3),
        UnderSamplingEnsembleClassifier(
            LogisticRegression(), "random", n_estimators=3, validation_fraction=0.25
        ),
        UnderSamplingEnsembleClassifier(
            DecisionTreeClassifier(), GaussianPolicy(), correct_prior=True
        ),
        UnderBaggingClassifier(DecisionTreeClassifier()),
        SelfPacedEnsembleClassifier(DecisionTreeClassifier()),
        BalanceCascadeClassifier(DecisionTreeClassifier()),
    ]
)
def test_estimator_contract(estimator: Any, check: Any) -> None:
    """Every check of scikit-learn passes."""
    check(estimator)
