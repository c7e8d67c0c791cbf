"""Rows on their way to the device."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pytest
import torch

from trimtab.exceptions import InputError
from trimtab.training import device_rows
from trimtab.training.device_rows import (
    ROWS_AT_ONCE,
    DeviceRows,
    as_inputs,
    batch_bounds,
    resolve_device,
)

CPU = torch.device("cpu")


@pytest.mark.parametrize(("n_rows", "size"), [(1, 1), (7, 3), (64, 64), (65, 64)])
def test_batches_are_of_equal_size(n_rows: int, size: int) -> None:
    """All rows, as few batches as can be, sizes that differ by one at most."""
    sizes = np.diff(batch_bounds(n_rows, size))

    assert sizes.sum() == n_rows
    assert len(sizes) == -(-n_rows // size)
    assert sizes.max() <= size
    assert sizes.max() - sizes.min() <= 1


@pytest.mark.parametrize("room", [None, 0])
@pytest.mark.parametrize("bytes_at_once", [1, 2**20])
def test_batches_hold_the_rows_that_were_drawn(
    room: float | None, bytes_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inputs and codes of the chosen replicas, shared or of each its own."""
    monkeypatch.setattr(device_rows, "BYTES_AT_ONCE", bytes_at_once)
    codes = torch.tensor([0, 1, 0, 2, 1])
    inputs = torch.arange(5.0)[:, None] * torch.ones(5, 2)
    drawn = torch.tensor([[4, 4, 0, 2, 2], [3, 1, 2, 0, 4]])
    replicas = torch.tensor([0, 2])

    shared = DeviceRows(inputs, codes, CPU, room)
    own = DeviceRows(
        torch.stack([inputs, inputs + 10, inputs + 20]),
        torch.stack([codes, codes + 10, codes + 20]),
        CPU,
        room,
    )

    assert shared.streamed == own.streamed == (room == 0)
    for rows, offset in ((shared, torch.tensor([0, 0])), (own, torch.tensor([0, 20]))):
        batches = list(rows.batches(drawn, replicas, 2))
        x = torch.cat([x for x, _ in batches], dim=1)
        targets = torch.cat([targets for _, targets in batches], dim=1)
        assert x[..., 0].tolist() == (drawn + offset[:, None]).tolist()
        assert targets.tolist() == (codes[drawn] + offset[:, None]).tolist()
        assert x.shape == (2, 5, 2)
        assert [len(targets[0]) for _, targets in batches] == [1, 2, 2]


@pytest.mark.parametrize("own", [True, False])
def test_all_rows_come_in_order_a_few_at_once(own: bool) -> None:
    """Two replicas see every row once, in parts that stay small."""
    n_rows = ROWS_AT_ONCE + 10
    inputs = torch.arange(n_rows)[:, None].float()
    codes = torch.zeros(n_rows, dtype=torch.long)
    if own:
        inputs, codes = torch.stack([inputs] * 3), torch.stack([codes] * 3)

    parts = list(DeviceRows(inputs, codes, CPU).in_order(torch.tensor([0, 2])))

    assert max(part.shape[1] for part in parts) * 2 <= ROWS_AT_ONCE
    assert torch.cat(parts, dim=1)[1, :, 0].tolist() == list(range(n_rows))


def test_float32_is_not_copied() -> None:
    """Large tables that are in single precision already cost no memory."""
    X = np.zeros((3, 2), dtype=np.float32)
    X.flags.writeable = False

    assert as_inputs(X).data_ptr() == X.ctypes.data
    assert as_inputs(X.astype(float)).dtype == torch.float32


def test_auto_finds_a_device() -> None:
    """Whatever the machine has, a tensor can be put there."""
    assert torch.zeros(1, device=resolve_device("auto")).numel() == 1
    assert resolve_device("cpu") == CPU


def test_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A known device that this machine lacks, and one that does not exist."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    with pytest.raises(InputError, match=r"'cuda:1' is not available .* device='auto'"):
        resolve_device("cuda:1")
    with pytest.raises(InputError, match="device 'gpu' is unknown"):
        resolve_device("gpu")
