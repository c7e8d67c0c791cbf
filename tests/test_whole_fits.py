"""A fit that fails changes nothing, whatever the estimator."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.exceptions import NotFittedError
from sklearn.tree import DecisionTreeClassifier

from trimtab import (
    AutoSMOTEClassifier,
    ExplicitGradientClassifier,
    InputError,
    MESAClassifier,
    NetworkClassifier,
)
from trimtab.training.side_by_side import fit_together

X, CODES = make_classification(200, weights=[0.8], class_sep=2.0, random_state=0)
X = X.astype(np.float32)
LABELS = np.where(CODES == 1, "rare", "common")

MODELS: dict[str, Any] = {
    "network": NetworkClassifier(max_iter=5, random_state=0),
    "explicit-gradient": ExplicitGradientClassifier(max_iter=3, random_state=0),
    "autosmote": AutoSMOTEClassifier(max_iter=3, random_state=0),
    "mesa": MESAClassifier(
        DecisionTreeClassifier(), 3, validation_fraction=0.2, random_state=0
    ),
}
NARROW, WITH_A_STRAY = X[:, :9], np.r_[CODES[:-1], 2]


@pytest.mark.filterwarnings("ignore:.*meta.*:UserWarning")
@pytest.mark.parametrize("name", MODELS)
def test_a_failed_fit_is_taken_back(name: str) -> None:
    """A fitted model predicts as before; another is not half fitted."""
    model = MODELS[name]
    with pytest.raises(InputError, match="class 2"):
        model.fit(NARROW, WITH_A_STRAY)
    with pytest.raises(NotFittedError):
        model.predict(NARROW)
    before = model.fit(X, LABELS).predict_proba(X)

    with pytest.raises(InputError, match="class 2"):
        model.fit(NARROW, WITH_A_STRAY)

    np.testing.assert_array_equal(model.predict_proba(X), before)
    assert model.classes_.tolist() == ["common", "rare"]
    assert model.n_features_in_ == X.shape[1]


def test_a_group_that_fails_is_taken_back_as_one() -> None:
    """Networks that share a run, of which one cannot be fitted."""
    good = NetworkClassifier(max_iter=3, random_state=0).fit(X, LABELS)
    bad = NetworkClassifier(max_iter=3, random_state=0, validation_fraction=2.0)
    before = good.predict_proba(X)

    with pytest.raises(InputError, match="validation_fraction"):
        fit_together([good, bad], X, CODES)

    np.testing.assert_array_equal(good.predict_proba(X), before)
    assert good.predict(X)[0] in LABELS
    assert not hasattr(bad, "classes_")
