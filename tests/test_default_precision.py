"""PyTorch's default precision, which users of other libraries set to double."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.datasets import make_classification

from trimtab import (
    ARTClassifier,
    AutoSMOTE,
    AutoSMOTEClassifier,
    ExplicitGradientClassifier,
    ExplicitGradientSampler,
    NetworkClassifier,
)
from trimtab.synthesis.cwgan import CWGANOverSampler

X, y = make_classification(300, weights=[0.9], random_state=0)
SHORT: dict[str, Any] = {"max_iter": 3, "random_state": 0}
NETWORK = NetworkClassifier(max_iter=3)

MAKERS: dict[str, Callable[[], Any]] = {
    "mlp": lambda: NetworkClassifier(dropout=0.3, layer_norm=True, **SHORT),
    "cnn": lambda: NetworkClassifier(image_shape=(4, 5), **SHORT),
    "margins": lambda: NetworkClassifier(loss="ldam", **SHORT),
    "learned draw": lambda: NetworkClassifier(draw="meta", **SHORT),
    "ART": lambda: ARTClassifier(NETWORK, random_state=0),
    "AutoSMOTE, self": lambda: AutoSMOTEClassifier(NETWORK, variant="self", **SHORT),
    "AutoSMOTE, cohort": lambda: AutoSMOTEClassifier(NETWORK, **SHORT),
    "explicit gradient": lambda: ExplicitGradientClassifier(NETWORK, **SHORT),
    "AutoSMOTE's rows": lambda: AutoSMOTE(
        estimator=AutoSMOTEClassifier(NETWORK, max_iter=3), random_state=0
    ),
    "moved rows": lambda: ExplicitGradientSampler(
        ExplicitGradientClassifier(NETWORK, max_iter=3), random_state=0
    ),
    "CWGAN's rows": lambda: CWGANOverSampler(**SHORT),
}


@pytest.fixture
def double() -> Iterator[Callable[[], None]]:
    """Return what makes double the default, until the test ends."""
    yield lambda: torch.set_default_dtype(torch.double)
    torch.set_default_dtype(torch.float)


def numbers_of(made: Any) -> NDArray[Any]:
    """Return what is predicted, or which rows come out."""
    if hasattr(made, "fit_resample"):
        return np.asarray(made.fit_resample(X, y)[0])
    return np.asarray(made.fit(X, y).predict_proba(X))


@pytest.mark.parametrize("name", MAKERS)
def test_it_changes_nothing(name: str, double: Callable[[], None]) -> None:
    """What is learned is the same to the last digit."""
    before = numbers_of(MAKERS[name]())
    double()

    np.testing.assert_array_equal(numbers_of(MAKERS[name]()), before)


@pytest.mark.parametrize("is_callable", [False, True])
def test_a_network_in_double_precision_is_trained_in_single(
    is_callable: bool, double: Callable[[], None]
) -> None:
    """A user's own network has that precision then; the user's copy keeps it."""
    double()
    mine = torch.nn.Linear(20, 2)
    fitted = NetworkClassifier(
        torch.nn.Linear if is_callable else mine,
        learning_rate_init=0.05,
        max_iter=50,
        random_state=0,
    ).fit(X, y)

    assert fitted.score(X, y) > 0.8
    assert mine.weight.dtype == torch.double
