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


def streams(n_replicas: int = 1) -> list[torch.Generator]:
    """Return a random stream for each replica."""
    return [torch.Generator().manual_seed(seed) for seed in range(n_replicas)]


def test_a_cross_layer_by_hand() -> None:
    """(2, 3) with weights (1, -2): 2 - 6 = -4 times the row, plus bias and row."""
    layer = CrossLayer(2, streams())
    layer.weight.data = torch.tensor([[[1.0], [-2.0]]])
    layer.bias.data = torch.tensor([[[0.5, 0.0]]])
    row = torch.tensor([[[2.0, 3.0]]])
    assert layer(row, row).tolist() == [[[-5.5, -9.0]]]


def test_cross_layers_multiply_by_the_row_itself() -> None:
    """Of 3, two layers of weight 1 make 3 (9 + 3) + 12 = 48, beside the dense layer."""
    network = DeepAndCross(
        1, (1,), lambda _: nn.Identity(), n_cross=2, streams=streams()
    )
    for layer in network.cross:
        layer.weight.data.fill_(1.0)
        layer.bias.data.zero_()
    network.deep[0].weight.data.fill_(2.0)
    network.deep[0].bias.data.fill_(1.0)
    assert network(torch.tensor([[[3.0]]])).tolist() == [[[7.0, 48.0]]]


def test_the_gradient_penalty_by_hand() -> None:
    """A slope of 5 is 4 from 1 everywhere, whatever the class adds; 1 costs nothing.

    Each replica has its own.
    """
    weight = torch.tensor([[[3.0], [4.0]], [[0.6], [-0.8]]], requires_grad=True)
    between, labels = torch.randn(2, 6, 2), torch.randn(2, 6, 1)

    def judge(rows: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return rows @ weight + 7 * labels

    penalty = gradient_penalty(judge, between, labels)
    torch.testing.assert_close(penalty, torch.tensor([16.0, 0.0]))
    penalty.sum().backward()  # type: ignore[no-untyped-call]
    # d (|w| - 1)^2 / dw = 2 (|w| - 1) w / |w|
    assert weight.grad is not None
    expected = torch.tensor([[[4.8], [6.4]], [[0.0], [0.0]]])
    torch.testing.assert_close(weight.grad, expected, atol=1e-6, rtol=1e-6)


def test_rows_that_are_good_enough_pull_no_more() -> None:
    """Below a cross-entropy of 0.3 the slope is 0."""
    logits = torch.tensor([[[5.0, 0.0], [0.0, 0.0]]], requires_grad=True)
    penalty = class_penalty(logits, torch.tensor([[0, 0]]))
    penalty.sum().backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert logits.grad.tolist() == [[[0, 0], [-0.25, 0.25]]]


def test_shapes() -> None:
    """Rows from noise and class, a score from rows and class, for each replica."""
    made = generator(30, 3, 5, streams(2))(torch.rand(2, 4, 33))
    assert made.shape == (2, 4, 5)
    labels = torch.eye(3)[[0, 1, 2, 0]].expand(2, -1, -1)
    judge = Critic(5, 3, streams(2), streams(2))
    assert judge(made, labels).shape == (2, 4)


def test_together_is_as_alone() -> None:
    """Made rows are the same but for rounding, whatever is trained beside.

    One of three tables has a shape of its own. What was trained is for its table: on
    another, or with another parameter, the sampler trains anew.
    """
    rng = np.random.default_rng(0)
    tables = [(rng.normal(size=(n, 3)), np.arange(n) % 4 == 0) for n in (80, 80, 72)]

    def sampler(seed: int) -> CWGANOverSampler:
        return CWGANOverSampler(max_iter=3, random_state=seed)

    ahead = [sampler(seed) for seed in range(3)]
    CWGANOverSampler.train_together(ahead, tables)
    makers = [one._trained[1] for one in ahead]
    for seed, (own, table, maker) in enumerate(zip(ahead, tables, makers, strict=True)):
        made = own.fit_resample(*table)[0]
        assert own.generator_ is maker
        np.testing.assert_allclose(
            made, sampler(seed).fit_resample(*table)[0], atol=1e-5
        )

    CWGANOverSampler.train_together(ahead, tables)
    makers = [one._trained[1] for one in ahead]
    ahead[0].fit_resample(*tables[1])
    ahead[1].set_params(penalty=1.0).fit_resample(*tables[1])
    for own, maker in zip(ahead[:2], makers[:2], strict=True):
        assert own.generator_ is not None
        assert own.generator_ is not maker
    alone = sampler(0).fit_resample(*tables[1])[0]
    np.testing.assert_array_equal(ahead[0].fit_resample(*tables[1])[0], alone)


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
