"""The sampler in a data loader: one process, two processes, and a resumed one."""

# SPDX-License-Identifier: BSD-3-Clause

import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

from trimtab.exceptions import InputError
from trimtab.sampling.torch_sampler import AdaptiveClassSampler

LABELS = [0] * 81 + [1] * 20


def test_epochs_follow_the_metric() -> None:
    """After an update the bad class is drawn more often, by the paper's equations."""
    sampler = AdaptiveClassSampler(LABELS, prior_blend=0)
    sampler.update([0.75, 0.25])
    np.testing.assert_allclose(sampler.probabilities, [0.25, 0.75])
    drawn = np.bincount(np.array(LABELS)[list(sampler)])
    assert drawn.tolist() in ([25, 76], [26, 75])


def test_in_a_data_loader() -> None:
    """A data loader yields as many rows as there are, other ones each epoch."""
    rows = TensorDataset(torch.arange(101))
    loader = DataLoader(rows, batch_size=10, sampler=AdaptiveClassSampler(LABELS))
    first, second = (torch.cat([batch for (batch,) in loader]) for _ in "ab")
    assert len(first) == len(second) == 101
    assert first.tolist() != second.tolist()


def test_same_seed_same_epochs() -> None:
    """The seed decides, and an epoch can be drawn again by its number."""
    one, other = (
        AdaptiveClassSampler(LABELS, seed=3),
        AdaptiveClassSampler(LABELS, seed=3),
    )
    assert list(one) == list(other)
    again = list(one)
    other.set_epoch(1)
    assert list(other) == again
    assert list(AdaptiveClassSampler(LABELS, seed=4)) != list(
        AdaptiveClassSampler(LABELS, seed=3)
    )


def test_a_look_at_the_first_row_changes_nothing() -> None:
    """An iterator that is dropped midway does not shift the epoch."""
    peeked, plain = AdaptiveClassSampler(LABELS), AdaptiveClassSampler(LABELS)
    next(iter(peeked))
    assert list(peeked) == list(plain)


@pytest.mark.parametrize("boost_frequency", [1, 2])
@pytest.mark.parametrize("metric", [[0.5, 0.5], torch.tensor([0.9, 0.1])])
def test_resumes_in_the_middle(metric: Any, boost_frequency: int) -> None:
    """A sampler that loads a state yields the rest of the epoch and the same next one.

    Although the metric came in the middle of the epoch.
    """
    whole = AdaptiveClassSampler(LABELS, boost_frequency=boost_frequency)
    whole.update([0.2, 0.4])
    list(whole)
    rows = iter(whole)
    for _ in range(30):
        next(rows)
    whole.update(metric)
    state = whole.state_dict()
    rest, following = list(rows), list(whole)

    resumed = AdaptiveClassSampler(LABELS, boost_frequency=boost_frequency)
    resumed.load_state_dict(state)
    resumed.set_epoch(1)
    assert list(resumed) == rest
    resumed.set_epoch(2)
    assert list(resumed) == following
    assert len(rest) == 71


def test_state_is_plain_and_takes_a_position(tmp_path: Path) -> None:
    """The state passes torch's safe loading; a position replaces the sampler's own."""
    sampler = AdaptiveClassSampler(LABELS)
    loader = DataLoader(
        TensorDataset(torch.arange(101)), batch_size=10, sampler=sampler
    )
    next(iter(loader))
    torch.save(sampler.state_dict(position=50), tmp_path / "state.pt")
    resumed = AdaptiveClassSampler(LABELS)
    resumed.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert list(resumed) == list(AdaptiveClassSampler(LABELS))[50:]


def test_any_labels_and_classes_without_rows() -> None:
    """Labels may be text; with ``n_classes`` they are codes and one may be missing."""
    named = AdaptiveClassSampler(np.array(["b", "a", "b", "b"]))
    assert named.classes.tolist() == ["a", "b"]
    np.testing.assert_allclose(named.probabilities, [0.375, 0.625])
    coded = AdaptiveClassSampler(torch.tensor([0, 2, 0, 0]), n_classes=3)
    assert coded.class_counts.tolist() == [3, 0, 1]
    np.testing.assert_allclose(coded.probabilities, [0.625, 0, 0.375])
    coded.update([1, 0, 0.5])
    assert set(coded) <= {0, 1, 2, 3}


@pytest.mark.parametrize("n_processes", [2, 3, 7])
def test_parts_cover_the_epoch(n_processes: int) -> None:
    """Parts are equally long and together the epoch of one process of that length."""
    n_own = -(-101 // n_processes)
    parts = [
        list(AdaptiveClassSampler(LABELS, num_replicas=n_processes, rank=rank))
        for rank in range(n_processes)
    ]
    assert {len(part) for part in parts} == {n_own}
    whole = AdaptiveClassSampler(LABELS, num_samples=n_own * n_processes)
    turns = [row for turn in zip(*parts, strict=True) for row in turn]
    assert turns == list(whole)


def test_without_replacement_parts_do_not_overlap() -> None:
    """With c = 1 every row is in exactly one part: those of the two do not meet."""
    labels = LABELS[1:]
    parts = [
        set(AdaptiveClassSampler(labels, prior_blend=1, num_replicas=2, rank=rank))
        for rank in range(2)
    ]
    assert not parts[0] & parts[1]
    assert parts[0] | parts[1] == set(range(100))


def _in_one_process(rank: int, port: int, folder: str) -> None:
    """Train nothing, but go through the motions of a distributed run."""
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2
    )
    sampler = AdaptiveClassSampler(LABELS, confidence=0.9)
    seen: dict[str, Any] = {"rank": sampler.rank, "first": list(sampler)}
    # Each process measured on rows of its own.
    sampler.update([0.9, 0.2] if rank else [0.7, 0.4], support=[40, 10])
    seen["probabilities"] = sampler.probabilities.tolist()
    sampler.set_epoch(1)
    rows = iter(sampler)
    seen["second"] = [next(rows) for _ in range(20)]
    resumed = AdaptiveClassSampler(LABELS, confidence=0.9)
    resumed.load_state_dict(sampler.state_dict())
    resumed.set_epoch(1)
    seen["second"] += list(resumed)
    # And now on the same rows.
    sampler.update([0.5, 0.5], support=[80, 20])
    seen["same"] = sampler.probabilities.tolist()
    torch.save(seen, Path(folder) / f"{rank}.pt")
    dist.destroy_process_group()


def test_two_processes(tmp_path: Path) -> None:
    """On gloo two processes agree on the epochs, cover them, and do not overlap."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    torch.multiprocessing.spawn(_in_one_process, (port, str(tmp_path)), nprocs=2)
    zero, one = (torch.load(tmp_path / f"{rank}.pt") for rank in range(2))
    assert (zero["rank"], one["rank"]) == (0, 1)
    assert zero["probabilities"] == one["probabilities"]
    assert zero["same"] == one["same"]

    alone = AdaptiveClassSampler(LABELS, confidence=0.9, num_samples=102)
    for epoch in ("first", "second"):
        assert len(zero[epoch]) == len(one[epoch]) == 51
        turns = [
            row for turn in zip(zero[epoch], one[epoch], strict=True) for row in turn
        ]
        assert turns == list(alone)
        alone.update([0.8, 0.3], support=[80, 20])
    alone.update([0.5, 0.5], support=[80, 20])
    np.testing.assert_allclose(zero["same"], alone.probabilities)


def test_as_long_as_torchs_own_distributed_sampler() -> None:
    """Each process sees as many rows as with ``DistributedSampler``."""
    peer: DistributedSampler[Any] = DistributedSampler(
        TensorDataset(torch.arange(101)), num_replicas=3, rank=0
    )
    sampler = AdaptiveClassSampler(LABELS, num_replicas=3, rank=0)
    assert len(sampler) == len(peer) == len(list(sampler))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: AdaptiveClassSampler([]), "one label for each row"),
        (lambda: AdaptiveClassSampler([[0, 1]]), "one label for each row"),
        (lambda: AdaptiveClassSampler([0.1, 0.25, 3.7]), "labels is continuous"),
        (lambda: AdaptiveClassSampler([0, 5], n_classes=3), "a label is .*5"),
        (lambda: AdaptiveClassSampler(["a"], n_classes=3), "a label is .*'a'"),
        (lambda: AdaptiveClassSampler(LABELS, prior_blend=2), "prior_blend is 2"),
        (lambda: AdaptiveClassSampler(LABELS, num_samples=0), "num_samples is 0"),
        (lambda: AdaptiveClassSampler(LABELS, rank=1), "give both or neither"),
        (
            lambda: AdaptiveClassSampler(LABELS, num_replicas=2, rank=2),
            "rank is 2 of 2 processes",
        ),
        (lambda: AdaptiveClassSampler(LABELS).update([0.5]), "each of the 2 classes"),
        (lambda: AdaptiveClassSampler(LABELS).update([2, 1]), r"the score 2\.0"),
        (
            lambda: AdaptiveClassSampler([0, 1, 2]).load_state_dict(
                AdaptiveClassSampler(LABELS).state_dict()
            ),
            "the state is of 2 classes",
        ),
    ],
)
def test_errors_name_the_value(call, message: str) -> None:
    """What cannot be used is named, with what to give."""
    with pytest.raises(InputError, match=message):
        call()
