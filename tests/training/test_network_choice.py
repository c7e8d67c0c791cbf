"""What a user may call a network."""

# SPDX-License-Identifier: BSD-3-Clause

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.training.conftest import Rows
from trimtab.exceptions import InputError
from trimtab.training.network_choice import build_modules, build_network
from trimtab.training.networks import StackedCNN, StackedMLP
from trimtab.training.replicas import StackedModules

SEEDS = [5, 6]


def test_function_is_called_once_per_replica(rows: Rows) -> None:
    """A module for each seed, of the numbers of inputs and outputs."""
    calls: list[tuple[int, int]] = []

    def build(n_inputs: int, n_outputs: int) -> nn.Module:
        calls.append((n_inputs, n_outputs))
        return nn.Linear(n_inputs, n_outputs)

    network = build_network(build, rows.X, 3, SEEDS)

    assert isinstance(network, StackedModules)
    assert calls == [(6, 3)] * 2
    assert network.n_replicas == 2


def test_initial_weights_depend_on_the_own_seed_alone() -> None:
    """A module is the same among two and alone; PyTorch's own stream stays."""
    before = torch.get_rng_state()
    first, second = build_modules(nn.Linear, 4, 3, SEEDS)
    (alone,) = build_modules(nn.Linear, 4, 3, SEEDS[1:])

    assert torch.equal(second.weight, alone.weight)
    assert not torch.equal(first.weight, second.weight)
    assert torch.equal(torch.get_rng_state(), before)


def test_module_is_copied_with_its_weights() -> None:
    """A pretrained module starts all replicas and itself stays as it is."""
    module = nn.Linear(4, 3)

    copies = build_modules(module, 4, 3, SEEDS)

    for copy in copies:
        assert copy is not module
        assert torch.equal(copy.weight, module.weight)


def test_rows_that_are_not_flat_give_their_shape() -> None:
    """Images come as they are: the built-in CNN is a network without more ado."""
    images = np.zeros((9, 12, 12), dtype=np.float32)

    network = build_network(StackedCNN, images, 3, SEEDS)

    assert network(torch.zeros(2, 5, 12, 12)).shape == (2, 5, 3)


def test_builders_with_seeds_make_all_replicas(rows: Rows) -> None:
    """Built-in networks with other options than the estimator's."""
    network = build_network(partial(StackedMLP, widths=(4, 4)), rows.X, 3, SEEDS)

    assert isinstance(network, StackedMLP)
    assert network.n_replicas == 2


REFUSED: dict[str, tuple[Any, str]] = {
    "text": ("mlp", "network is 'mlp': give a torch.nn.Module, a function"),
    "no module": (lambda *_: 3, "network gave a int: give a torch.nn.Module"),
    "no parameters": (nn.ReLU(), "network ReLU has no parameters to train"),
    "wrong width": (nn.Linear(5, 3), "network Linear cannot take rows of shape (6,)"),
    "wrong classes": (nn.Linear(6, 1), "network Linear gives (4, 1) for 4 rows"),
    "no tensor": (nn.GRU(6, 3), "network GRU gives tuple for 4 rows"),
    "seeds, no replicas": (
        lambda n_inputs, n_outputs, seeds: nn.Linear(6, 3),
        "network takes seeds but returned a Linear: return a ReplicaNetwork",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_network_for_these_rows_is_refused(name: str, rows: Rows) -> None:
    """One line says what was given and what to give."""
    network, beginning = REFUSED[name]

    with pytest.raises(InputError) as caught:
        build_network(network, rows.X, 3, SEEDS)

    assert str(caught.value).startswith(beginning)
    assert "\n" not in str(caught.value)
