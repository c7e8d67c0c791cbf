"""Built-in networks: the same numbers as PyTorch's own layers, replica by replica."""

# SPDX-License-Identifier: BSD-3-Clause

import pickle

import pytest
import torch
from torch import Tensor, nn

from trimtab.exceptions import InputError
from trimtab.random_streams import generator_for
from trimtab.training.networks import StackedCNN, StackedCosine, StackedMLP
from trimtab.training.replica_network import ReplicaDropout

SEEDS = [3, 1, 4]


def plain_twin(network: StackedMLP, replica: int) -> nn.Sequential:
    """Return one replica as modules of PyTorch's own, with the same weights."""
    layers: list[nn.Module] = []
    for layer in network.layers:
        if isinstance(layer, nn.ReLU):
            layers.append(nn.ReLU())
            continue
        weight, bias = layer.weight[replica].detach(), layer.bias[replica, 0].detach()
        if weight.shape[0] == 1:
            twin: nn.Module = nn.LayerNorm(weight.shape[1])
        else:
            twin = nn.Linear(*weight.shape)
        twin.load_state_dict(
            {"weight": weight.T.reshape(twin.weight.shape), "bias": bias}
        )
        layers.append(twin)
    return nn.Sequential(*layers)


@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize("widths", [(), (7,), (7, 5)])
def test_mlp_equals_sequential(
    widths: tuple[int, ...], layer_norm: bool, generator: torch.Generator
) -> None:
    """Each replica's logits and gradients are those of the same layers alone."""
    network = StackedMLP(4, 3, seeds=SEEDS, widths=widths, layer_norm=layer_norm)
    x = torch.randn(3, 6, 4, generator=generator)

    logits = network(x)
    logits.square().sum().backward()

    for replica in range(3):
        twin = plain_twin(network, replica)
        expected = twin(x[replica])
        expected.square().sum().backward()
        torch.testing.assert_close(logits[replica], expected)
        ours = [p.grad[replica] for p in network.parameters() if p.grad is not None]
        theirs = [p.grad for p in twin.parameters() if p.grad is not None]
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(
                one.flatten(), other.view(len(other), -1).mT.flatten()
            )


def test_gradients_do_not_mix() -> None:
    """The loss of one replica moves no weight of another."""
    network = StackedMLP(4, 2, seeds=SEEDS, dropout=0.5, layer_norm=True)

    network(torch.ones(3, 5, 4))[1].sum().backward()

    for parameter in network.parameters():
        assert parameter.grad is not None
        assert not parameter.grad[[0, 2]].any()


@pytest.mark.parametrize("kind", [StackedMLP, StackedCNN])
def test_weights_depend_on_the_own_seed_alone(kind: type) -> None:
    """A replica among three begins as it would alone; other seeds differ."""
    shape = (1, 8, 8) if kind is StackedCNN else 4
    together, alone = kind(shape, 2, seeds=SEEDS), kind(shape, 2, seeds=[1])

    for many, one in zip(together.parameters(), alone.parameters(), strict=True):
        assert torch.equal(many[1], one[0])
        assert not torch.equal(many[0], many[1])


def test_weights_begin_as_those_of_torch() -> None:
    """Weights and biases fill the range of torch.nn.Linear, evenly."""
    weight = StackedMLP(25, 400, seeds=[0], widths=()).layers[0].weight.detach()

    assert weight.abs().max() <= 0.2
    assert weight.std().item() == pytest.approx(0.2 / 3**0.5, rel=0.02)


def test_cosine_logits_are_cosines(generator: torch.Generator) -> None:
    """The last layer compares directions: scaling rows changes nothing."""
    layer = StackedCosine(4, 3, [torch.Generator().manual_seed(s) for s in SEEDS])
    x = torch.randn(3, 6, 4, generator=generator)

    logits = layer(x)

    expected = nn.functional.cosine_similarity(
        x[1, 2].expand(3, 4), layer.weight[1].T, dim=1
    )
    torch.testing.assert_close(logits[1, 2], expected)
    torch.testing.assert_close(layer(5 * x), logits)


def test_cnn_equals_sequential(generator: torch.Generator) -> None:
    """Each replica's logits are those of PyTorch's convolutions with its weights."""
    network = StackedCNN((2, 8, 9), 3, seeds=SEEDS, channels=(4, 5), widths=(6,))
    images = torch.randn(3, 5, 2, 8, 9, generator=generator)

    logits = network(images)

    for replica in range(3):
        maps = images[replica]
        for layer in network.convolutions:
            if hasattr(layer, "weight"):
                maps = nn.functional.conv2d(
                    maps, layer.weight[replica], layer.bias[replica], padding=1
                )
            else:
                maps = layer(maps)
        expected = plain_twin(network.head, replica)(maps.flatten(1))
        torch.testing.assert_close(logits[replica], expected)


def test_cnn_takes_flat_images(generator: torch.Generator) -> None:
    """A row may be an image or the same image flattened."""
    network = StackedCNN((8, 8), 2, seeds=SEEDS)
    images = torch.randn(3, 5, 64, generator=generator)

    torch.testing.assert_close(network(images), network(images.view(3, 5, 8, 8)))


def test_cnn_refuses_images_that_are_too_small() -> None:
    """Two halvings need four pixels; the line says so."""
    with pytest.raises(InputError, match="images of 3 x 8 are too small"):
        StackedCNN((3, 8), 2, seeds=[0])


def dropped(layer: ReplicaDropout, n_replicas: int, batches: list[int]) -> list[Tensor]:
    """Return what dropout makes of ones, batch by batch."""
    return [layer(torch.ones(n_replicas, batch, 10)) for batch in batches]


def test_dropout_masks_depend_on_the_own_seed_alone() -> None:
    """A replica draws the masks that it would draw alone, through uneven batches."""
    batches = [100, 99, 100, 100]
    many = dropped(ReplicaDropout(0.3, SEEDS), 3, batches)
    alone = dropped(ReplicaDropout(0.3, [1]), 1, batches)

    for masks, own in zip(many, alone, strict=True):
        assert torch.equal(masks[1], own[0])
        assert not torch.equal(masks[0], masks[1])
    assert not torch.equal(alone[0], alone[2])


def test_dropout_keeps_the_mean() -> None:
    """Three in ten values are 0, the others scaled up; none outside training."""
    layer = ReplicaDropout(0.3, [0])
    masks = torch.cat(dropped(layer, 1, [1000] * 5), dim=1)

    assert masks.unique().tolist() == pytest.approx([0.0, 1 / 0.7])
    assert masks.mean().item() == pytest.approx(1.0, abs=0.02)
    assert layer.eval()(torch.ones(1, 5, 10)).all()


def test_dropout_goes_on_with_those_that_are_kept() -> None:
    """Letting a replica go does not disturb the masks of the others."""
    whole, fewer = (ReplicaDropout(0.3, SEEDS) for _ in range(2))
    dropped(whole, 3, [100])
    dropped(fewer, 3, [100])
    fewer.keep(torch.tensor([0, 2]))

    for all_three, two in zip(
        dropped(whole, 3, [100] * 4), dropped(fewer, 2, [100] * 4), strict=True
    ):
        assert torch.equal(all_three[[0, 2]], two)


def test_layers_draw_different_masks() -> None:
    """Two dropout layers of one network do not drop the same values."""
    first, second = ReplicaDropout(0.5, [0], 0), ReplicaDropout(0.5, [0], 1)

    assert not torch.equal(*(dropped(one, 1, [50])[0] for one in (first, second)))


def test_streams_of_purposes_and_seeds_differ() -> None:
    """No two purposes and no two seeds share their numbers."""
    first = {
        torch.rand((), generator=generator_for(seed, purpose)).item()
        for seed in range(4)
        for purpose in range(4)
    }

    assert len(first) == 16


def test_trained_network_travels_without_streams() -> None:
    """A network with dropout can be pickled after it was trained."""
    network = StackedMLP(4, 2, seeds=SEEDS, dropout=0.5)
    network(torch.ones(3, 5, 4))

    copy = pickle.loads(pickle.dumps(network)).eval()

    x = torch.ones(3, 5, 4)
    torch.testing.assert_close(copy(x), network.eval()(x))


def test_convolutions_in_turn_are_those_in_groups() -> None:
    """On the CPU replicas are convolved one by one: the values are the same."""
    network = StackedCNN((2, 9, 8), 3, seeds=[0, 1, 2], channels=(4, 5))
    images = torch.randn(3, 6, 2, 9, 8)

    grouped = network.convolutions(images.transpose(0, 1).flatten(1, 2))
    maps = grouped.reshape(6, 3, -1).transpose(0, 1).contiguous()

    torch.testing.assert_close(network(images), network.head(maps))
