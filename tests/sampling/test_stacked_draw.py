"""Several draws as one: each replica has what its own draw gives alone."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.exceptions import InputError
from trimtab.sampling.draw import (
    AdaptiveDraw,
    Draw,
    FixedDraw,
    MetaDraw,
    PriorDraw,
    RowsByClass,
    draw_epoch,
)
from trimtab.sampling.stacked_draw import StackedDraw

CODES = torch.tensor([0] * 70 + [1] * 20 + [2] * 7)
SCORES = np.array([[0.9, 0.4, 0.2], [0.5, 0.5, 0.5], [1.0, 0.9, 0.0], [0.8, 0.1, 0.3]])
SUPPORT = np.array([20, 10, 5])


def four_draws() -> list[Draw]:
    """Give draws of every kind whose epochs have as many rows as there are."""
    return [
        AdaptiveDraw(0.3),
        AdaptiveDraw(0.8, boost_frequency=2, confidence=0.9),
        PriorDraw(),
        FixedDraw("balanced"),
    ]


def test_is_a_draw() -> None:
    """It can stand wherever a draw is asked for."""
    assert isinstance(StackedDraw([PriorDraw()], [2]), Draw)


def test_every_replica_follows_its_own_draw() -> None:
    """Probabilities over three updates are those of each draw alone."""
    sizes = [1, 1, 1, 1]
    stacked = StackedDraw(four_draws(), sizes)
    stacked.start([70, 20, 7], 4)
    alone = four_draws()
    for draw in alone:
        draw.start([70, 20, 7], 1)
    for _ in range(3):
        for replica, draw in enumerate(alone):
            own = stacked.probabilities()[replica]
            assert (own == draw.probabilities()[0]).all()
            draw.update(SCORES[[replica]], SUPPORT)
        stacked.update(SCORES, SUPPORT)


def test_counts_may_be_of_each_replica() -> None:
    """A draw is told the rows of its own replicas, and several may share a draw."""
    stacked = StackedDraw([PriorDraw(), PriorDraw()], [2, 1])
    stacked.start([[3, 1], [3, 1], [2, 2]], 3)
    expected = [[0.75, 0.25], [0.75, 0.25], [0.5, 0.5]]
    assert stacked.probabilities().tolist() == expected
    assert stacked.n_rows == 4


def test_epochs_are_those_of_each_draw_alone() -> None:
    """The very rows that each draw gives with the same stream."""
    rows = RowsByClass.of(CODES, 3)
    stacked = StackedDraw(four_draws(), [1, 1, 1, 1])
    stacked.start(rows.counts[0].numpy(), 4)
    streams = [torch.Generator().manual_seed(seed) for seed in range(4)]
    epochs = [draw_epoch(stacked, rows, streams) for _ in range(2)]

    for replica, draw in enumerate(four_draws()):
        draw.start(rows.counts[0].numpy(), 1)
        stream = torch.Generator().manual_seed(replica)
        for epoch in epochs:
            alone = draw_epoch(draw, rows, [stream])[0]
            assert torch.equal(epoch[replica], alone)


@settings(max_examples=30, deadline=None)
@given(
    blends=st.lists(st.floats(0, 1), min_size=1, max_size=5),
    n_rows=st.integers(1, 150),
)
def test_first_part_has_no_row_twice(blends: list[float], n_rows: int) -> None:
    """However the blends differ, classes without rows and short epochs included."""
    codes = torch.cat([CODES, torch.tensor([4, 4])])  # class 3 has no row
    rows = RowsByClass.of(codes, 5)
    draws = [AdaptiveDraw(blend) for blend in blends]
    for draw in draws:
        draw.n_rows = n_rows
    stacked = StackedDraw(draws, [1] * len(draws))
    stacked.start(rows.counts[0].numpy(), len(draws))
    streams = [torch.Generator().manual_seed(seed) for seed in range(len(draws))]
    epoch = draw_epoch(stacked, rows, streams)
    assert epoch.shape == (len(draws), n_rows)
    assert ((epoch >= 0) & (epoch < len(codes))).all()
    for blend, drawn in zip(blends, epoch, strict=True):
        n_alike = min(round(blend * n_rows), len(codes))
        assert len(drawn.unique()) >= n_alike


def test_epochs_of_different_length_are_refused() -> None:
    """An epoch of over-sampling is longer than one of the rows as they are."""
    stacked = StackedDraw([PriorDraw(), FixedDraw("over")], [1, 1])
    with pytest.raises(InputError, match=r"epochs have \[97, 210\] rows"):
        stacked.start([70, 20, 7], 2)


def test_draws_that_learn_stand_together_alone() -> None:
    """Learning takes random numbers from every replica's stream."""
    stacked = StackedDraw([MetaDraw(), PriorDraw()], [1, 1])
    with pytest.raises(InputError, match="1 of 2 draws learn from the batches"):
        stacked.start([70, 20, 7], 2)
