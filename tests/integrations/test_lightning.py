"""A Lightning module under ART: the draw follows the validation loop of a real fit."""

# SPDX-License-Identifier: BSD-3-Clause

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score
from torch.utils.data import DataLoader, TensorDataset

from trimtab.exceptions import InputError
from trimtab.sampling.torch_sampler import AdaptiveClassSampler

lightning = pytest.importorskip(
    "lightning.pytorch", reason="needs: pip install trimtab[lightning]"
)

from trimtab.integrations.lightning import AdaptiveSampling  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings("ignore:.*number of training batches"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:lightning"),
    pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec."),
    pytest.mark.filterwarnings("ignore:.*exists and is not empty"),
]


class Module(lightning.LightningModule):
    """A linear classifier as a user would write it."""

    def __init__(self, returns_logits: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = torch.nn.Linear(8, 3)
        self.returns_logits = returns_logits
        self.seen: list[torch.Tensor] = []

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return logits."""
        return self.layer(inputs)

    def training_step(self, batch: Any) -> torch.Tensor:
        """Note the classes of the batch; return the loss."""
        self.seen.append(batch[1])
        return torch.nn.functional.cross_entropy(self(batch[0]), batch[1])

    def validation_step(self, batch: Any) -> Any:
        """Return what the callback may use."""
        return {"logits": self(batch[0])} if self.returns_logits else None

    def configure_optimizers(self) -> Any:
        """Return the optimiser."""
        return torch.optim.Adam(self.parameters(), 0.02)


def loaders(rows: Any, sampler: Any = None, **options: Any) -> tuple[Any, Any]:
    """Give training and validation loaders."""
    training, held_out = (
        TensorDataset(torch.tensor(X), torch.tensor(codes))
        for X, codes in ((rows.X, rows.codes), (rows.X_held, rows.codes_held))
    )
    return (
        DataLoader(training, 32, sampler=sampler, **options),
        DataLoader(held_out, 64),
    )


def trainer_of(callback: Any, folder: Path, **options: Any) -> Any:
    """Give a quiet trainer on the CPU."""
    return lightning.Trainer(
        **{
            "max_epochs": 4,
            "accelerator": "cpu",
            "logger": False,
            "enable_progress_bar": False,
            "enable_model_summary": False,
            "enable_checkpointing": False,
            "default_root_dir": folder,
            "callbacks": [callback],
            **options,
        }
    )


@pytest.mark.parametrize("returns_logits", [False, True])
def test_draw_follows_the_validation_loop(
    rows: Any, tmp_path: Path, returns_logits: bool
) -> None:
    """After the last epoch the sampler draws by what the final network scores."""
    module, callback = Module(returns_logits), AdaptiveSampling()
    sampler = AdaptiveClassSampler(rows.codes, prior_blend=0.3)
    trainer_of(callback, tmp_path).fit(module, *loaders(rows, sampler))
    predicted = module(torch.tensor(rows.X_held)).argmax(dim=1)
    measured = f1_score(rows.codes_held, predicted, average=None)
    prior = np.bincount(rows.codes) / len(rows.codes)

    assert [record["epoch"] for record in callback.history_] == [0, 1, 2, 3]
    np.testing.assert_allclose(callback.history_[-1]["class_scores"], measured)
    np.testing.assert_allclose(
        sampler.probabilities,
        0.3 * prior + 0.7 * (1 - measured) / (1 - measured).sum(),
    )


def test_training_rows_are_those_that_were_drawn(rows: Any, tmp_path: Path) -> None:
    """The second epoch has the classes that the first validation pass asked for."""
    module, callback = Module(), AdaptiveSampling()
    sampler = AdaptiveClassSampler(rows.codes, prior_blend=0.0)
    trainer_of(callback, tmp_path, max_epochs=2).fit(module, *loaders(rows, sampler))
    second = torch.cat(module.seen)[len(rows.codes) :]

    np.testing.assert_allclose(
        np.bincount(second, minlength=3) / len(rows.codes),
        callback.history_[0]["class_probabilities"],
        atol=0.01,
    )


def test_checkpoint_brings_the_draw_back(rows: Any, tmp_path: Path) -> None:
    """A fit that is resumed draws as one that was never interrupted."""

    def fit(module: Module, epochs: int, checkpoint: Any = None) -> tuple[Any, Any]:
        callback = AdaptiveSampling()
        sampler = AdaptiveClassSampler(rows.codes)
        trainer = trainer_of(callback, tmp_path, max_epochs=epochs)
        trainer.fit(module, *loaders(rows, sampler), ckpt_path=checkpoint)
        return trainer, callback

    _, whole = fit(Module(), 4)
    first, _ = fit(Module(), 2)
    first.save_checkpoint(tmp_path / "half.ckpt")
    _, resumed = fit(Module(), 4, tmp_path / "half.ckpt")

    for one, other in zip(whole.history_[2:], resumed.history_, strict=True):
        np.testing.assert_allclose(one["class_scores"], other["class_scores"])


def test_own_prediction_is_used(rows: Any, tmp_path: Path) -> None:
    """A batch of any form is no obstacle with a function that reads it."""
    callback = AdaptiveSampling(
        metric="recall",
        predict=lambda module, batch: (batch[1], torch.eye(3)[batch[1]]),
    )
    sampler = AdaptiveClassSampler(rows.codes)
    trainer_of(callback, tmp_path, max_epochs=1).fit(Module(), *loaders(rows, sampler))

    assert callback.history_[0]["class_scores"].tolist() == [1, 1, 1]


def test_loader_without_the_sampler_is_refused(rows: Any, tmp_path: Path) -> None:
    """An ordinary loader is named, with the line that is missing."""
    trainer = trainer_of(AdaptiveSampling(), tmp_path)

    with pytest.raises(
        InputError, match=r"has a RandomSampler: give DataLoader\(..., sampler=Adapt"
    ):
        trainer.fit(Module(), *loaders(rows, shuffle=True))


def test_fit_without_validation_is_refused(rows: Any, tmp_path: Path) -> None:
    """Without a validation loop there is nothing to follow."""
    sampler = AdaptiveClassSampler(rows.codes)
    trainer = trainer_of(AdaptiveSampling(), tmp_path, limit_val_batches=0)

    with pytest.raises(InputError, match="there is no validation"):
        trainer.fit(Module(), *loaders(rows, sampler))


def test_class_without_a_training_row_is_named(rows: Any, tmp_path: Path) -> None:
    """A network of more outputs than the sampler has classes says how to go on."""
    sampler = AdaptiveClassSampler(np.minimum(rows.codes, 1))
    trainer = trainer_of(AdaptiveSampling(), tmp_path)

    with pytest.raises(InputError, match="give n_classes=3 to the sampler"):
        trainer.fit(Module(), *loaders(rows, sampler))
