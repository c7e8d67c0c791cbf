"""The GAN's pieces by hand, its sampler by imbalanced-learn's checks."""

# SPDX-License-Identifier: BSD-3-Clause

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from imblearn.utils.estimator_checks import estimator_checks_generator
from scipy import sparse
from torch import nn

from trimtab.synthesis.cwgan import CWGANOverSampler
from trimtab.synthesis.cwgan_networks import (
    Critic,
    CrossLayer,
    DeepAndCross,
    class_penalty,
    generator,
    gradient_penalty,
)

# What ``parametrize_with_checks`` yields, as the list that pytest asks for.
CHECKS = [
    pytest.param(sampler, check, id=getattr(check, "func", check).__name__)
    for sampler, check in estimator_checks_generator(
        CWGANOverSampler(random_state=0, max_iter=3)
    )
]


@pytest.mark.parametrize(("estimator", "check"), CHECKS)
def test_imbalanced_learns_checks(estimator: Any, check: Callable[..., Any]) -> None:
    """All of scikit-learn's and imbalanced-learn's checks pass, none excepted."""
    check(estimator)


def test_a_cross_layer_by_hand() -> None:
    """(2, 3) with weights (1, -2): 2 - 6 = -4 times the row, plus bias and row."""
    layer = CrossLayer(2)
    layer.weight.data = torch.tensor([1.0, -2.0])
    layer.bias.data = torch.tensor([0.5, 0.0])
    row = torch.tensor([[2.0, 3.0]])
    assert layer(row, row).tolist() == [[-5.5, -9.0]]


def test_cross_layers_multiply_by_the_row_itself() -> None:
    """Of 3, two layers of weight 1 make 3 (9 + 3) + 12 = 48, beside the dense layer."""
    network = DeepAndCross(1, (1,), lambda _: nn.Identity(), n_cross=2)
    for layer in network.cross:
        layer.weight.data.fill_(1.0)
        layer.bias.data.zero_()
    network.deep[0].weight.data.fill_(2.0)
    network.deep[0].bias.data.fill_(1.0)
    assert network(torch.tensor([[3.0]])).tolist() == [[7.0, 48.0]]


def test_the_gradient_penalty_by_hand() -> None:
    """A slope of 5 is 4 from 1 everywhere, whatever the class adds; 1 costs nothing."""
    network = nn.Linear(2, 1)
    real, made, labels = torch.randn(6, 2), torch.randn(6, 2), torch.randn(6, 1)

    def judge(rows: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return network(rows) + 7 * labels  # type: ignore[no-any-return]

    for slope, expected in (([3.0, 4.0], 16.0), ([0.6, -0.8], 0.0)):
        network.weight.data = torch.tensor([slope])
        penalty = gradient_penalty(judge, real, made, labels)
        assert penalty.item() == pytest.approx(expected, abs=1e-6)
    network.weight.data = torch.tensor([[3.0, 4.0]])
    penalty = gradient_penalty(judge, real, made, labels)
    penalty.backward()  # type: ignore[no-untyped-call]
    # d (|w| - 1)^2 / dw = 2 (|w| - 1) w / |w|
    assert network.weight.grad is not None
    torch.testing.assert_close(network.weight.grad, torch.tensor([[4.8, 6.4]]))


def test_rows_that_are_good_enough_pull_no_more() -> None:
    """Below a cross-entropy of 0.3 the slope is 0."""
    logits = torch.tensor([[5.0, 0.0], [0.0, 0.0]], requires_grad=True)
    class_penalty(logits, torch.tensor([0, 0])).backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert logits.grad.tolist() == [[0, 0], [-0.25, 0.25]]


def test_shapes() -> None:
    """Rows from noise and class, a score from rows and class."""
    made = generator(30, 3, 5)(torch.rand(4, 33))
    assert made.shape == (4, 5)
    assert Critic(5, 3)(made, torch.eye(3)[[0, 1, 2, 0]]).shape == (4, 1)


def test_it_learns_where_classes_lie() -> None:
    """Of three blobs, made rows are nearest to the blob of their class."""
    rng = np.random.default_rng(0)
    y = np.repeat(["a", "b", "c"], [90, 20, 30])
    centres = {"a": (0.0, 0.0), "b": (8.0, 0.0), "c": (0.0, 80.0)}
    X = np.array([centres[label] for label in y]) + rng.normal(size=(140, 2))
    sampler = CWGANOverSampler(max_iter=300, learning_rate_init=1e-3, random_state=0)
    X_new, y_new = sampler.fit_resample(X, y)

    assert set(Counter(y_new).values()) == {90}
    np.testing.assert_array_equal(X_new[sampler.sample_indices_], X)
    made, labels = X_new[140:], y_new[140:]
    assert (made >= X.min(0)).all()
    assert (made <= X.max(0)).all()
    scaled = (made / [8.0, 80.0]).round()
    for label in ("b", "c"):
        expected = np.array(centres[label]) / [8.0, 80.0]
        assert (scaled[labels == label] == expected).all(axis=1).mean() > 0.9


def test_columns_of_two_values_keep_them() -> None:
    """Truth values stay 0 or 5, whole numbers whole, sparse tables sparse."""
    rng = np.random.default_rng(0)
    X = np.column_stack([5 * rng.integers(2, size=60), rng.integers(9, size=60)])
    y = np.repeat([0, 1], [48, 12])
    sampler = CWGANOverSampler(max_iter=4, random_state=0)
    X_new, _ = sampler.fit_resample(sparse.csr_array(X), y)

    made = X_new.toarray()[60:]
    assert isinstance(X_new, sparse.csr_array)
    assert X_new.dtype == X.dtype
    assert set(made[:, 0]) <= {0, 5}
    again = CWGANOverSampler(max_iter=4, random_state=0).fit_resample(X, y)[0]
    np.testing.assert_array_equal(again[60:], made)


def test_nothing_is_trained_where_nothing_lacks() -> None:
    """Equal classes stay, and PyTorch's own random stream is left alone."""
    before = torch.random.get_rng_state()
    X, y = np.arange(8.0).reshape(4, 2), np.array([0, 1, 0, 1])
    sampler = CWGANOverSampler(random_state=0)
    X_new, _ = sampler.fit_resample(X, y)
    np.testing.assert_array_equal(X_new, X)
    assert sampler.generator_ is None
    CWGANOverSampler(max_iter=1).fit_resample(X[[0, 1, 2]], y[[0, 1, 2]])
    assert torch.equal(before, torch.random.get_rng_state())
