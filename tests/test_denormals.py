"""Numbers below 1e-38 are 0 within a training run, and only there."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pytest
import torch

from trimtab.denormals import denormals_as_zero
from trimtab.training.networks import StackedMLP
from trimtab.training.trainer import Trainer


def half_of_tiny() -> float:
    """Return half of 1e-39, which is 0 where such numbers are."""
    return (torch.full((1,), 1e-39) * 0.5).item()


def test_they_are_zero_in_the_block_alone() -> None:
    """Blocks within each other, and one that fails, leave things as they were."""
    assert half_of_tiny() > 0
    with denormals_as_zero():
        with denormals_as_zero():
            assert half_of_tiny() == 0
        assert half_of_tiny() == 0
    with pytest.raises(ValueError, match="within"), denormals_as_zero():
        raise ValueError("within")
    assert half_of_tiny() > 0


def test_training_does_without_them_and_leaves_no_trace() -> None:
    """Within epochs they are 0; after the fit they are there again."""
    seen: list[float] = []
    trainer = Trainer(
        StackedMLP(3, 2, seeds=[0]),
        max_epochs=2,
        device="cpu",
        callback=lambda records: seen.append(half_of_tiny()) or False,
    )
    trainer.fit(np.ones((8, 3), np.float32), np.arange(8) % 2, seeds=[0])
    assert seen == [0, 0]
    assert half_of_tiny() > 0
