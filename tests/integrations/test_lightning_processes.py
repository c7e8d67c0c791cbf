"""ART under DistributedDataParallel by Lightning is ART in one process."""

# SPDX-License-Identifier: BSD-3-Clause

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lightning", reason="needs: pip install trimtab[lightning]")

SCRIPT = Path(__file__).with_name("fit_in_processes.py")


def fitted(n_processes: int, folder: Path) -> list[dict[str, Any]]:
    """Return what each process noted."""
    folder.mkdir()
    of_launchers = ("LOCAL_RANK", "NODE_RANK", "WORLD_SIZE", "MASTER_ADDR", "SLURM")
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(of_launchers)
    }
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(n_processes), str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env=environment
        | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return [json.loads((folder / f"{r}.json").read_text()) for r in range(n_processes)]


def test_two_processes_learn_what_one_learns(tmp_path: Path) -> None:
    """The same global batches, the same counts of each class, the same network."""
    (alone,) = fitted(1, tmp_path / "one")
    both = fitted(2, tmp_path / "two")

    assert [process["n_processes"] for process in both] == [2, 2]
    assert len(alone["batches"]) == 40
    for step, rows in enumerate(alone["batches"]):
        shared = [process["batches"][step] for process in both]
        assert [len(part) for part in shared] == [16, 16]
        assert sorted(shared[0] + shared[1]) == sorted(rows)
    for process in both:
        assert process["scores"] == alone["scores"]
        assert process["drawn"] == alone["drawn"]
        np.testing.assert_allclose(process["weight"], alone["weight"], rtol=1e-4)
    assert len({tuple(drawn) for drawn in alone["drawn"]}) > 1
