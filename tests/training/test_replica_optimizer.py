"""AdamW at a rate for each replica, beside PyTorch's own, a replica at a time."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from trimtab.exceptions import InputError
from trimtab.training.replica_optimizer import ReplicaAdamW, ReplicaSGD
from trimtab.training.replicas import SequentialModules
from trimtab.training.trainer import Trainer

RATES, DECAYS = [0.01, 0.1, 0.003], [0.0, 0.5, 2.0]


def some_parameters() -> list[nn.Parameter]:
    """Give a weight and a bias of three replicas, the same each time."""
    source = torch.Generator().manual_seed(0)
    shapes = [(3, 4, 2), (3, 1, 2)]
    return [nn.Parameter(torch.randn(shape, generator=source)) for shape in shapes]


def gradients(step: int) -> list[torch.Tensor]:
    """Give the gradients of a step."""
    source = torch.Generator().manual_seed(step)
    return [torch.randn((3, 4, 2), generator=source), torch.ones((3, 1, 2)) * step]


def scheduled(optimizer: torch.optim.Optimizer) -> Any:
    """Give the cosine that the trainer uses."""
    return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 20)


@pytest.mark.parametrize(
    ("ours", "peer", "options"),
    [
        (ReplicaAdamW, torch.optim.AdamW, {}),
        (ReplicaAdamW, torch.optim.AdamW, {"betas": (0.5, 0.999)}),
        (ReplicaSGD, torch.optim.SGD, {}),
    ],
)
def test_each_replica_learns_as_with_its_own_optimizer(
    ours: Any, peer: Any, options: dict[str, Any]
) -> None:
    """Over 15 steps along the cosine, one replica let go after 10."""
    together = some_parameters()
    optimizer = ours(together, RATES, DECAYS, **options)
    scheduler = scheduled(optimizer)
    present = torch.arange(3)
    for step in range(15):
        if step == 10:
            present = torch.tensor([0, 2])
            for parameter in together:
                parameter.data = parameter.data[present]
                averages = optimizer.state[parameter]
                for name in {"exp_avg", "exp_avg_sq"} & set(averages):
                    averages[name] = averages[name][present]
            optimizer.keep(present)
        for parameter, gradient in zip(together, gradients(step), strict=True):
            parameter.grad = gradient[present]
        optimizer.step()
        scheduler.step()

    for position, replica in enumerate(present.tolist()):
        alone = [nn.Parameter(p.data[replica].clone()) for p in some_parameters()]
        own = peer(alone, lr=RATES[replica], weight_decay=DECAYS[replica], **options)
        own_schedule = scheduled(own)
        for step in range(15):
            for parameter, gradient in zip(alone, gradients(step), strict=True):
                parameter.grad = gradient[replica]
            own.step()
            own_schedule.step()
        for whole, part in zip(together, alone, strict=True):
            torch.testing.assert_close(whole.data[position], part.data)


def test_parameters_without_gradient_stay() -> None:
    """As in PyTorch: neither moved nor decayed."""
    together = some_parameters()
    optimizer = ReplicaAdamW(together, RATES, DECAYS)
    together[0].grad = torch.ones_like(together[0])
    optimizer.step()
    before = some_parameters()
    assert torch.equal(together[1], before[1])
    assert not torch.equal(together[0], before[0])


def test_modules_in_turn_have_one_rate() -> None:
    """Their parameters have no replica axis along which rates could differ."""
    network = SequentialModules([nn.Linear(2, 2), nn.Linear(2, 2)], seeds=[0, 1])
    with pytest.raises(InputError, match="learning_rate_init differs"):
        Trainer(network, learning_rate_init=[0.1, 0.01])
    with pytest.raises(InputError, match=r"weight_decay has 3 numbers for 2 replicas"):
        Trainer(network, weight_decay=np.zeros(3))
    Trainer(network, learning_rate_init=np.array([0.1, 0.1]))
