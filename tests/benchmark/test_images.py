"""Images through the harness: as such for networks, as rows of pixels for others."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import trimtab
from trimtab.benchmark.experiment import Experiment
from trimtab.benchmark.methods import TableInfo, get_method
from trimtab.benchmark.protocol import Protocol
from trimtab.benchmark.running.evaluation import evaluate
from trimtab.exceptions import InputError
from trimtab.tables import Labels, encode_labels
from trimtab.training.networks import StackedCNN

Images = tuple[NDArray[np.float64], Labels]


def _flat(images: NDArray[np.float64]) -> NDArray[np.float64]:
    """Do what a user's own pipeline would: it gets images as the user has them."""
    assert images.shape[1:] == (8, 8)
    return images.reshape(len(images), -1) / 16


@pytest.fixture(scope="module")
def images() -> Images:
    """Return 600 handwritten digits of 8 x 8 pixels from 0 to 16; eights are wanted."""
    X, y = load_digits(return_X_y=True)
    return X[:600].reshape(-1, 8, 8), encode_labels(y[:600] == 8)


def test_networks_get_images() -> None:
    """Built for images, a network has convolutions; its steps make rows of pixels."""
    info = TableInfo((90, 10), 1, image_shape=(8, 8))

    for name in ("network", "network-smote", "art"):
        built = get_method(name).build(info, 0, max_iter=1)
        learner = getattr(built[-1], "estimator", built[-1])
        assert [type(step).__name__ for step in built[:-1]] == ["FlatImages"]
        assert learner.image_shape == (8, 8)


@pytest.mark.parametrize(
    "name",
    ["network", "network-smote", "art", "lightgbm", "smote", "random-under-sampling"],
)
def test_methods_tell_the_eights(images: Images, name: str) -> None:
    """Whatever a method makes of images, it finds the digit."""
    few = {"max_iter": 20, "learning_rate_init": 0.01}
    experiment = Experiment.of(
        few if name.startswith(("network", "art")) else {},
        dataset="digits",
        method=name,
        protocol=Protocol(2),
        repeat=0,
        fold=0,
    )

    outcome = evaluate(experiment, get_method(name), *images)

    assert outcome.measures["average_precision"] > 0.6


def test_the_network_on_images_is_convolutional(images: Images) -> None:
    """What is fitted in the pipeline is the compact CNN."""
    X, labels = images
    info = TableInfo(tuple(labels.counts), True, image_shape=(8, 8))

    model = get_method("network").build(info, 0, max_iter=2).fit(X, labels.codes)

    assert isinstance(model[-1].network_, StackedCNN)


def test_compare_takes_images(images: Images) -> None:
    """The page and the best estimator are there as for tables."""
    X, labels = images
    y = labels.decode(labels.codes)

    result = trimtab.compare(
        X,
        y,
        methods={
            "forest": get_method("random-forest"),
            "own": make_pipeline(FunctionTransformer(_flat), LogisticRegression()),
        },
        folds=2,
        tune_threshold=False,
    )

    assert result.failures.empty
    assert len(result.evidence.profile.columns) == 64
    assert result.best_estimator_.predict(X[:5]).shape == (5,)


def test_compare_refuses_what_are_no_images(images: Images) -> None:
    """Missing pixels and rows of four axes get one line."""
    X, labels = images
    missing = X.copy()
    missing[3, 2, 2] = np.nan

    with pytest.raises(InputError, match="1 missing pixels"):
        trimtab.compare(missing, labels.codes)
    with pytest.raises(InputError, match="or an array of images"):
        trimtab.compare(X[:, None, None], labels.codes)
