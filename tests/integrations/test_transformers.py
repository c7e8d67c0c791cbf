"""A Transformers model under ART: the draw follows the evaluations of a real training.

A BERT of one layer on made-up sentences; nothing is downloaded.
"""

# SPDX-License-Identifier: BSD-3-Clause

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score

from trimtab.exceptions import InputError

transformers = pytest.importorskip(
    "transformers", reason="needs: pip install trimtab[transformers]"
)

from trimtab.integrations.transformers import AdaptiveSampling  # noqa: E402


class Sentences(torch.utils.data.Dataset[Any]):
    """Sentences of 6 words out of 40; the rare class prefers the upper words."""

    def __init__(self, n_rows: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.codes = (rng.random(n_rows) < 0.2).astype(int)
        words = rng.integers(2, 40, size=(n_rows, 6))
        rare = rng.integers(25, 40, size=(n_rows, 6))
        self.words = np.where(self.codes[:, None] == 1, rare, words)
        self.seen: list[int] = []

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.codes)

    def __getitem__(self, row: int) -> dict[str, Any]:
        """Return one, and note its class."""
        self.seen.append(int(self.codes[row]))
        return {"input_ids": self.words[row], "labels": int(self.codes[row])}


def trainer_of(folder: Path, **options: Any) -> Any:
    """Give a trainer of a tiny model on the CPU."""
    transformers.set_seed(0)
    config = transformers.BertConfig(
        vocab_size=40,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=8,
        num_labels=2,
    )
    arguments = {
        "num_train_epochs": 3,
        "eval_strategy": "epoch",
        "learning_rate": 5e-3,
        **options.pop("arguments", {}),
    }
    return transformers.Trainer(
        model=transformers.BertForSequenceClassification(config),
        args=transformers.TrainingArguments(
            output_dir=str(folder),
            per_device_train_batch_size=16,
            per_device_eval_batch_size=32,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            use_cpu=True,
            dataloader_pin_memory=False,
            **arguments,
        ),
        train_dataset=options.pop("train_dataset", Sentences(160, 0)),
        eval_dataset=Sentences(100, 1),
        **options,
    )


def test_draw_follows_the_evaluations(tmp_path: Path) -> None:
    """After the last epoch the sampler draws by what the final model scores."""
    trainer = trainer_of(tmp_path)
    callback = AdaptiveSampling(trainer, prior_blend=0.3)
    trainer.add_callback(callback)
    trainer.train()
    output = trainer.predict(trainer.eval_dataset)
    measured = f1_score(
        output.label_ids, output.predictions.argmax(axis=1), average=None
    )
    prior = np.bincount(trainer.train_dataset.codes) / 160

    assert len(callback.history_) == 3
    np.testing.assert_allclose(callback.history_[-1]["class_scores"], measured)
    np.testing.assert_allclose(
        callback.sampler.probabilities,
        0.3 * prior + 0.7 * (1 - measured) / (1 - measured).sum(),
    )


def test_training_rows_are_those_that_were_drawn(tmp_path: Path) -> None:
    """The first epoch has half the prior's and half a balanced share of each class."""
    trainer = trainer_of(tmp_path, arguments={"num_train_epochs": 1})
    callback = AdaptiveSampling(trainer)
    trainer.add_callback(callback)
    wanted = callback.sampler.probabilities
    trainer.train_dataset.seen.clear()
    trainer.train()

    assert len(trainer.train_dataset.seen) == 160
    assert np.mean(trainer.train_dataset.seen) == pytest.approx(wanted[1], abs=0.06)


def test_class_without_a_training_row_is_announced(tmp_path: Path) -> None:
    """The error says where n_classes is given, and there it helps."""
    rows = Sentences(40, 0)
    rows.codes[:] = 0
    trainer = trainer_of(
        tmp_path, arguments={"num_train_epochs": 1}, train_dataset=rows
    )
    trainer.add_callback(AdaptiveSampling(trainer))
    with pytest.raises(InputError, match="give n_classes=2 to AdaptiveSampling"):
        trainer.train()
    trainer = trainer_of(
        tmp_path, arguments={"num_train_epochs": 1}, train_dataset=rows
    )
    callback = AdaptiveSampling(trainer, n_classes=2)
    trainer.add_callback(callback)
    trainer.train()

    assert callback.sampler.probabilities.tolist() == [1, 0]


def test_own_metrics_are_computed_as_before(tmp_path: Path) -> None:
    """The user's compute_metrics is called, and a later evaluation moves nothing."""
    trainer = trainer_of(
        tmp_path,
        arguments={"num_train_epochs": 1},
        compute_metrics=lambda prediction: {
            "accuracy": accuracy_score(
                prediction.label_ids, prediction.predictions.argmax(axis=1)
            )
        },
    )
    callback = AdaptiveSampling(trainer)
    trainer.add_callback(callback)
    trainer.train()

    assert 0.5 < trainer.evaluate()["eval_accuracy"] <= 1
    assert len(callback.history_) == 1


def test_training_without_evaluation_is_refused(tmp_path: Path) -> None:
    """Without an evaluation strategy there is nothing to follow."""
    trainer = trainer_of(tmp_path, arguments={"eval_strategy": "no"})
    trainer.add_callback(AdaptiveSampling(trainer))

    with pytest.raises(InputError, match="give eval_strategy='epoch'"):
        trainer.train()


def test_metrics_batch_by_batch_are_refused(tmp_path: Path) -> None:
    """An option that would hide the rows of an evaluation is named."""
    trainer = trainer_of(tmp_path, arguments={"batch_eval_metrics": True})

    with pytest.raises(InputError, match="batch_eval_metrics is True"):
        AdaptiveSampling(trainer)


def test_data_set_without_labels_asks_for_them(tmp_path: Path) -> None:
    """Rows whose label has another name need the labels by hand."""
    rows = [{"input_ids": [1, 2], "target": 0}, {"input_ids": [3, 4], "target": 1}]
    trainer = trainer_of(tmp_path, train_dataset=rows)

    with pytest.raises(InputError, match=r"AdaptiveSampling\(trainer, labels=...\)"):
        AdaptiveSampling(trainer)
    assert len(AdaptiveSampling(trainer, labels=[0, 1]).sampler.classes) == 2
