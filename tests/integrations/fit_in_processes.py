"""Fits a Lightning module under ART in one process or several: a script for a test.

``python fit_in_processes.py N FOLDER``: Lightning starts it again for each further
process. Process r writes ``r.json``.
"""

# SPDX-License-Identifier: BSD-3-Clause

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import LightningDataModule, LightningModule, Trainer
from lightning.pytorch.strategies import DDPStrategy
from sklearn.datasets import make_classification
from torch.utils.data import DataLoader, Subset, TensorDataset

from trimtab.integrations.lightning import AdaptiveSampling
from trimtab.sampling.torch_sampler import AdaptiveClassSampler

GLOBAL_BATCH = 32
N_TRAINING = 320


class Module(LightningModule):
    """A linear classifier that notes which rows it was trained on."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = torch.nn.Linear(8, 3)
        self.batches: list[list[int]] = []

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return logits."""
        return self.layer(inputs)

    def training_step(self, batch: Any) -> torch.Tensor:
        """Return the loss."""
        inputs, codes, numbers = batch
        self.batches.append(numbers.tolist())
        return torch.nn.functional.cross_entropy(self(inputs), codes)

    def validation_step(self, batch: Any) -> dict[str, torch.Tensor]:
        """Return the logits."""
        return {"logits": self(batch[0])}

    def configure_optimizers(self) -> Any:
        """Return the optimiser."""
        return torch.optim.SGD(self.parameters(), 0.5)


class Rows(LightningDataModule):
    """Loaders made where the processes are known; held-out rows are shared out too."""

    def __init__(self) -> None:
        super().__init__()
        X, codes = make_classification(
            N_TRAINING + 151, 8, n_informative=6, n_classes=3, weights=[0.7, 0.2],
            random_state=0,
        )  # fmt: skip
        self.codes = codes
        self.rows = TensorDataset(
            torch.tensor(X, dtype=torch.float32),
            torch.tensor(codes),
            torch.arange(len(codes)),
        )

    def train_dataloader(self) -> Any:
        """Give this process's part of each batch."""
        sampler = AdaptiveClassSampler(self.codes[:N_TRAINING], prior_blend=0.3)
        n_processes = self.trainer.world_size
        training = Subset(self.rows, range(N_TRAINING))
        return DataLoader(training, GLOBAL_BATCH // n_processes, sampler=sampler)

    def val_dataloader(self) -> Any:
        """Give this process's part of the held-out rows, uneven as they are."""
        first, n_processes = self.trainer.global_rank, self.trainer.world_size
        held = range(N_TRAINING + first, len(self.rows), n_processes)
        return DataLoader(Subset(self.rows, held), 64)


def _read(module: Any, batch: Any) -> tuple[torch.Tensor, torch.Tensor]:
    return batch[1], module(batch[0])


def main(n_processes: int, folder: Path) -> None:
    torch.set_num_threads(1)
    module, callback = Module(), AdaptiveSampling(predict=_read)
    several = DDPStrategy(process_group_backend="gloo")
    trainer = Trainer(
        max_epochs=4,
        accelerator="cpu",
        devices=n_processes,
        strategy=several if n_processes > 1 else "auto",
        use_distributed_sampler=False,
        callbacks=[callback],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        default_root_dir=folder,
    )
    trainer.fit(module, Rows())
    found = {
        "n_processes": trainer.world_size,
        "batches": module.batches,
        "weight": module.layer.weight.tolist(),
        "scores": [list(record["class_scores"]) for record in callback.history_],
        "drawn": [list(record["class_probabilities"]) for record in callback.history_],
    }
    as_text = json.dumps(found, default=np.ndarray.tolist)
    (folder / f"{trainer.global_rank}.json").write_text(as_text)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
