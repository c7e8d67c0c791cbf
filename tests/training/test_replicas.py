"""A user's modules as replicas: stacked or in turn, the same as each alone."""

# SPDX-License-Identifier: BSD-3-Clause

import copy
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from trimtab.exceptions import InputError
from trimtab.training.replica_network import ReplicaNetwork
from trimtab.training.replicas import (
    SequentialModules,
    StackedModules,
    replicate,
    stacking_obstacle,
)

SEEDS = [5, 6, 7]


class Recurrent(nn.Module):
    """A user's network with a recurrent layer."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = nn.GRU(2, 3, batch_first=True)
        self.last = nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Read a row as two steps."""
        states, _ = self.memory(x.view(len(x), 2, 2))
        logits: Tensor = self.last(states[:, -1])
        return logits


class DropsTwice(nn.Module):
    """A user's network that uses one dropout layer in two places."""

    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout(0.5)
        self.linear = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Drop inputs, and then drop logits."""
        logits: Tensor = self.drop(self.linear(self.drop(x)))
        return logits


class LooksAtValues(nn.Module):
    """A user's network whose path depends on its input."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Turn a batch with a negative sum around."""
        logits: Tensor = self.linear(x if x.sum() > 0 else -x)
        return logits


def plain() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 5), nn.LayerNorm(5), nn.ReLU(), nn.Linear(5, 2))


def batch_norm() -> nn.Module:
    # Without a bias, whose gradient would be rounding errors that AdamW blows up.
    first = nn.Linear(4, 5, bias=False)
    return nn.Sequential(first, nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 2))


def cumulative_batch_norm() -> nn.Module:
    return nn.Sequential(nn.BatchNorm1d(4, momentum=None), nn.Linear(4, 2))


def dropout() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 5), nn.Dropout(0.5), nn.Linear(5, 2))


def modules(build: Callable[[], nn.Module]) -> list[nn.Module]:
    """Build three modules that differ in their weights."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        return [build() for _ in SEEDS]


def step(network: Any, optimizer: torch.optim.Optimizer, x: Tensor) -> None:
    """Take one step that pulls all logits to 1."""
    optimizer.zero_grad()
    (network(x) - 1).square().sum().backward()
    optimizer.step()


def train(network: Any, x: Tensor) -> None:
    """Take a few steps."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.1)
    network.train()
    for _ in range(3):
        step(network, optimizer, x)


@pytest.mark.parametrize("kind", [StackedModules, SequentialModules])
@pytest.mark.parametrize("build", [plain, batch_norm])
def test_replicas_train_as_each_module_alone(
    build: Callable[[], nn.Module], kind: type, generator: torch.Generator
) -> None:
    """Three steps, then predictions: equal, running batch statistics included."""
    alone = modules(build)
    x = torch.randn(3, 8, 4, generator=generator)
    network: ReplicaNetwork = kind(copy.deepcopy(alone), SEEDS)

    train(network, x)
    for replica, module in enumerate(alone):
        train(module, x[replica])

    predicted = network.eval()(x)
    for replica, module in enumerate(alone):
        torch.testing.assert_close(
            predicted[replica], module.eval()(x[replica]), rtol=1e-4, atol=1e-5
        )


def alpha_dropout() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 5), nn.AlphaDropout(0.5), nn.Linear(5, 2))


OBSTACLES: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "noise": (alpha_dropout, "layer '1' (AlphaDropout)"),
    "dropout twice": (DropsTwice, "layer 'drop' (Dropout)"),
    "recurrent": (Recurrent, "layer 'memory' (GRU)"),
    "batch norm": (cumulative_batch_norm, "layer '0' (BatchNorm1d)"),
    "control flow": (LooksAtValues, "what PyTorch names there"),
}


@pytest.mark.parametrize("name", OBSTACLES)
def test_what_cannot_be_stacked_is_said(name: str, generator: torch.Generator) -> None:
    """One line: the module, PyTorch's reason, the layer, and the way out."""
    build, culprit = OBSTACLES[name]
    x = torch.randn(8, 4, generator=generator)

    with pytest.raises(InputError) as caught:
        replicate(modules(build), x, SEEDS, stacked=True)

    message = str(caught.value)
    assert "cannot be stacked (" in message
    assert "give stacked='auto'" in message
    assert culprit in message
    assert "\n" not in message


@pytest.mark.parametrize("name", OBSTACLES)
def test_what_cannot_be_stacked_runs_in_turn(
    name: str, generator: torch.Generator
) -> None:
    """By default such modules are trained all the same."""
    x = torch.randn(8, 4, generator=generator)

    network = replicate(modules(OBSTACLES[name][0]), x, SEEDS)

    assert isinstance(network, SequentialModules)
    train(network, x.expand(3, 8, 4))
    assert network(x.expand(3, 8, 4)).shape == (3, 8, 2)


def test_what_can_be_stacked_is_stacked(generator: torch.Generator) -> None:
    """By default modules are stacked where they can be, and in turn on request."""
    x = torch.randn(8, 4, generator=generator)

    for build in (batch_norm, dropout):
        assert isinstance(replicate(modules(build), x, SEEDS), StackedModules)
    in_turn = replicate(modules(batch_norm), x, SEEDS, stacked=False)
    assert isinstance(in_turn, SequentialModules)


def test_trying_leaves_no_trace(generator: torch.Generator) -> None:
    """Whether modules stack is tried on a copy: running statistics stay at zero."""
    network = StackedModules(modules(batch_norm), SEEDS)
    before = {name: value.clone() for name, value in network.state_dict().items()}

    assert stacking_obstacle(network, torch.randn(3, 8, 4, generator=generator)) is None

    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])


@pytest.mark.parametrize("kind", [StackedModules, SequentialModules])
def test_random_layers_draw_from_the_own_stream(
    kind: type, generator: torch.Generator
) -> None:
    """With dropout a replica among three trains as it would alone."""
    x = torch.randn(3, 8, 4, generator=generator)
    network = kind(modules(dropout), SEEDS)
    alone = kind(modules(dropout)[1:2], SEEDS[1:2])

    train(network, x)
    train(alone, x[1:2])

    torch.testing.assert_close(network.eval()(x)[1], alone.eval()(x[1:2])[0])


def test_stacked_dropout_drops_values(generator: torch.Generator) -> None:
    """Half of the hidden values are 0 in training, others in each step; else none."""
    build = [nn.Sequential(nn.Dropout(0.5), nn.Linear(50, 1)) for _ in SEEDS]
    for module in build:
        nn.init.ones_(module[1].weight)
        nn.init.zeros_(module[1].bias)
    x = torch.ones(3, 400, 50)
    network = replicate(build, x[0], SEEDS)

    assert isinstance(network, StackedModules)
    first, second = network.train()(x), network(x[:, :399])
    assert first.std(dim=1).mean().item() == pytest.approx(50**0.5, rel=0.1)
    assert first.mean().item() == pytest.approx(50, rel=0.02)
    assert not torch.equal(first[:, :399], second)
    assert not torch.equal(first[0], first[1])
    assert (network.eval()(x) == 50).all()


def test_user_random_state_is_left_alone(generator: torch.Generator) -> None:
    """Training replicas does not move PyTorch's own random numbers."""
    before = torch.get_rng_state()

    for kind in (SequentialModules, StackedModules):
        network = kind(modules(dropout), SEEDS)
        train(network, torch.randn(3, 8, 4, generator=generator))

    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("build", [batch_norm, dropout])
@pytest.mark.parametrize("stacked", [True, False])
def test_replicas_are_let_go_and_come_back(
    stacked: bool, build: Callable[[], nn.Module], generator: torch.Generator
) -> None:
    """Those that stay train on undisturbed; a saved state brings all back."""
    x = torch.randn(3, 8, 4, generator=generator)
    positions = torch.tensor([0, 2])

    def network() -> ReplicaNetwork:
        return replicate(modules(build), x[0], SEEDS, stacked)

    whole, fewer, short = network(), network(), network()
    optimizer = torch.optim.AdamW(whole.parameters(), lr=0.1)
    for _ in range(6):
        step(whole, optimizer, x)
    optimizer = torch.optim.AdamW(fewer.parameters(), lr=0.1)
    for _ in range(3):
        step(fewer, optimizer, x)
    saved = fewer.export_state(torch.arange(3))
    fewer.keep(positions, optimizer)
    for _ in range(3):
        step(fewer, optimizer, x[positions])
    train(short, x)

    assert (whole.n_replicas, fewer.n_replicas) == (3, 2)
    of_two = fewer.eval()(x[positions])
    torch.testing.assert_close(whole.eval()(x)[positions], of_two, rtol=1e-4, atol=1e-5)
    fewer.import_state(saved)
    assert fewer.n_replicas == 3
    torch.testing.assert_close(fewer.eval()(x), short.eval()(x))


def test_frozen_parameters_stay(generator: torch.Generator) -> None:
    """A layer that the user froze is not trained in any replica."""
    build = modules(plain)
    for module in build:
        module[0].requires_grad_(False)
    x = torch.randn(3, 8, 4, generator=generator)
    network = StackedModules(build, SEEDS)

    train(network, x)

    for replica, module in enumerate(build):
        assert torch.equal(network.weights[0][replica], module[0].weight)
        assert not torch.equal(network.weights[4][replica], module[3].weight)


def test_stacked_modules_can_be_pickled(generator: torch.Generator) -> None:
    """A stacked network comes back with the same predictions."""
    network = StackedModules(modules(batch_norm), SEEDS).eval()
    x = torch.randn(3, 8, 4, generator=generator)

    assert torch.equal(pickle.loads(pickle.dumps(network))(x), network(x))


def test_threads_may_ask_one_stacked_network(generator: torch.Generator) -> None:
    """All get what one gets, and the network can be pickled afterwards."""
    network = StackedModules(modules(batch_norm), SEEDS).eval()
    batches = [torch.randn(3, 64, 4, generator=generator) for _ in range(200)]
    expected = [network(x) for x in batches]

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(network, batches))

    for answer, one in zip(answers, expected, strict=True):
        assert torch.equal(answer, one)
    pickle.dumps(network)


def test_threads_train_random_layers_each_by_its_own_seed(
    generator: torch.Generator,
) -> None:
    """PyTorch has one random stream for all threads; a replica's draws are its own."""
    x = torch.randn(3, 64, 4, generator=generator)
    untrained = modules(dropout)

    def trained(_: int) -> Tensor:
        network = SequentialModules(copy.deepcopy(untrained), SEEDS)
        train(network, x)
        return network.eval()(x)

    alone = trained(0)
    with ThreadPoolExecutor(8) as threads:
        for together in threads.map(trained, range(16)):
            assert torch.equal(together, alone)
