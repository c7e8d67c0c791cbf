"""scikit-learn's contract for the ensembles that make rows."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import pytest
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from trimtab import (
    RAMOBoostClassifier,
    SMOTEBaggingClassifier,
    SMOTEBoostClassifier,
)


# Some checks have classes of a few rows.
@pytest.mark.filterwarnings("ignore:class .* neighbours become")
@parametrize_with_checks(
    [
        SMOTEBoostClassifier(n_estimators=3),
        SMOTEBoostClassifier(KNeighborsClassifier(), n_estimators=2),
        RAMOBoostClassifier(n_estimators=3),
        SMOTEBaggingClassifier(n_estimators=3),
        SMOTEBaggingClassifier(GaussianNB(), n_estimators=2, n_jobs=2),
    ]
)
def test_estimator_contract(estimator: Any, check: Any) -> None:
    """Every check of scikit-learn passes."""
    check(estimator)
