"""Rows that do not count leave their weight to their class."""

# SPDX-License-Identifier: BSD-3-Clause

import torch
from torch import Tensor

from trimtab.synthesis.class_shares import ClassShares

CODES = torch.tensor([[0, 0, 1, 1, 1, 2], [1, 0, 1, 2, 0, 0]])


def test_classes_weigh_what_they_did() -> None:
    """By hand: one of three stands for all; a class that is out weighs nothing."""
    counting = torch.tensor([[1.0, 1, 0, 1, 0, 0], [1.0, 0.5, 0, 1, 1, 1]])
    weights = ClassShares(counting, CODES, 4).weights
    assert weights[0].tolist() == [1, 1, 0, 3, 0, 0]
    torch.testing.assert_close(weights[1], torch.tensor([2, 0.6, 0, 1, 1.2, 1.2]))


def test_slopes_are_those_of_automatic_differentiation() -> None:
    """Of any loss of the weights, by what rows count for."""
    chance = torch.Generator().manual_seed(0)
    counting = torch.rand(2, 6, generator=chance, dtype=torch.float64)
    worth = torch.randn(2, 6, generator=chance, dtype=torch.float64)
    counting.requires_grad_()

    def loss(weights: Tensor) -> Tensor:
        return (worth * weights**2).sum()

    shares = ClassShares(counting, CODES, 3)
    loss(shares.weights).backward()  # type: ignore[no-untyped-call]
    with torch.no_grad():
        found = shares.by_counting(2 * worth * shares.weights)
    torch.testing.assert_close(found, counting.grad)
