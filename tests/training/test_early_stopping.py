"""When replicas stop, by hand."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pytest
import torch

from trimtab.exceptions import InputError
from trimtab.training.early_stopping import EarlyStopping
from trimtab.training.networks import StackedMLP

LOSSES = {
    1: [3.0, 3.0],
    2: [2.0, 4.0],
    3: [2.0, 5.0],
    4: [1.0, 0.1],
    5: [2.0, 0.1],
    6: [2.0, 0.1],
}


def network_at(epoch: int) -> StackedMLP:
    """Return a network whose weights say which epoch and replica they are of."""
    network = StackedMLP(1, 1, seeds=[0, 1], widths=())
    with torch.no_grad():
        network.layers[0].weight[:] = torch.tensor([[[epoch]], [[10.0 * epoch]]])
    return network


def test_each_replica_stops_after_its_own_patience() -> None:
    """Two epochs without a lower loss: the second replica stops after epoch 3.

    Its low losses from epoch 4 on come too late. An equal loss is not a lower one.
    """
    stopping = EarlyStopping(2, patience=2)
    running = []
    for epoch, losses in LOSSES.items():
        stopping.update(epoch, network_at(epoch), np.arange(2), np.array(losses))
        running.append(stopping.running.tolist())
        if not stopping.running.any():
            break

    assert running == [[True, True]] * 2 + [[True, False]] * 3 + [[False, False]]
    assert stopping.best_epochs.tolist() == [4, 1]
    network = network_at(9)
    stopping.restore(network)
    assert network.layers[0].weight.flatten().tolist() == [4.0, 10.0]


def test_losses_are_compared_anew_where_they_change() -> None:
    """The second replica's losses count from epoch 3 on: it neither stops nor keeps.

    The first goes its way, and stops two epochs after its lowest loss.
    """
    losses = [[1.0, 1.0], [2.0, 2.0], [3.0, 9.0], [3.0, 8.0], [3.0, 9.0], [3.0, 9.0]]
    stopping = EarlyStopping(2, patience=2)
    stopping.first_epochs[1] = 3
    running = []
    for epoch, measured in enumerate(losses, start=1):
        stopping.update(epoch, network_at(epoch), np.arange(2), np.array(measured))
        running.append(stopping.running.tolist())

    assert running == [[True, True]] * 2 + [[False, True]] * 3 + [[False, False]]
    assert stopping.best_epochs.tolist() == [1, 4]
    network = network_at(9)
    stopping.restore(network)
    assert network.layers[0].weight.flatten().tolist() == [1.0, 40.0]


def test_without_patience_nobody_stops() -> None:
    """The best epoch is kept all the same."""
    stopping = EarlyStopping(2, patience=None)
    for epoch, losses in LOSSES.items():
        stopping.update(epoch, network_at(epoch), np.arange(2), np.array(losses))

    assert stopping.running.all()
    assert stopping.best_epochs.tolist() == [4, 4]


def test_loss_that_is_not_a_number_is_no_improvement() -> None:
    """Such an epoch is passed over; a replica with no other is an error."""
    stopping = EarlyStopping(2, patience=5)
    stopping.update(1, network_at(1), np.arange(2), np.array([1.0, np.nan]))
    stopping.update(2, network_at(2), np.arange(2), np.array([np.nan, np.inf]))

    assert stopping.best_epochs.tolist() == [1, 0]
    with pytest.raises(InputError, match="loss of replica 1 was never finite"):
        stopping.restore(network_at(3))
