"""Held-out rows, a batch at a time: all classes alike."""

# SPDX-License-Identifier: BSD-3-Clause

import torch

from trimtab.synthesis.held_out_rows import HeldOutRows
from trimtab.training.device_rows import DeviceRows

CPU = torch.device("cpu")


def generators(n: int) -> list[torch.Generator]:
    """Return a random stream for each replica."""
    return [torch.Generator().manual_seed(seed) for seed in range(n)]


def test_few_rows_are_all_shown_and_classes_weigh_the_same() -> None:
    """Three rows of one class weigh a third each; every replica has its own set."""
    X = torch.arange(8.0).view(2, 4, 1)
    codes = [[0, 0, 0, 1], [1, 0, 1, 0]]
    held = HeldOutRows(DeviceRows(X, codes, CPU, set_of=[1, 0, 1]))
    batch = held.batch(torch.tensor([0, 1]), generators(2), 4)

    assert batch.inputs[..., 0].tolist() == [[4, 5, 6, 7], [0, 1, 2, 3]]
    assert batch.codes.tolist() == [[1, 0, 1, 0], [0, 0, 0, 1]]
    assert batch.weights is not None
    third = 1 / 3
    expected = torch.tensor([[0.5] * 4, [third, third, third, 1]])
    torch.testing.assert_close(batch.weights, expected)
    # Fewer replicas: those that are still trained.
    batch = held.batch(torch.tensor([1]), generators(1), 4)
    assert batch.inputs[..., 0].tolist() == [[0, 1, 2, 3]]


def test_of_many_rows_some_are_drawn_class_by_class() -> None:
    """Of 950 common and 50 rare rows, half of those drawn are rare."""
    X = torch.arange(1000.0)[:, None]
    codes = (torch.arange(1000) >= 950).long()
    held = HeldOutRows(DeviceRows(X, codes, CPU))
    streams = generators(2)
    drawn = [held.batch(torch.arange(2), streams, 100) for _ in range(40)]

    numbers = torch.cat([batch.inputs[..., 0] for batch in drawn], dim=1)
    assert drawn[0].weights is None
    assert numbers.shape == (2, 4000)
    assert ((numbers >= 950).float().mean(dim=1) - 0.5).abs().max() < 0.04
    assert numbers[numbers >= 950].unique().numel() == 50
    assert not torch.equal(numbers[0], numbers[1])
