"""ART in Lightning: ``Trainer(callbacks=[AdaptiveSampling()])``."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from trimtab.exceptions import InputError, MissingExtraError
from trimtab.integrations.class_counts import ClassCounts
from trimtab.sampling.torch_sampler import AdaptiveClassSampler

try:
    from lightning.pytorch import Callback
except ImportError as error:
    raise MissingExtraError("lightning", "lightning") from error

__all__ = ["AdaptiveSampling"]


class AdaptiveSampling(Callback):
    """Let the sampler of the training loader follow each validation pass.

    The training loader is one with an adaptive sampler, ``DataLoader(rows,
    sampler=AdaptiveClassSampler(labels))``. After each validation pass it is told how
    well each class is recognised.

    On several devices make the loader in ``train_dataloader`` of your module or data
    module, where the processes are known, and give ``use_distributed_sampler=False`` to
    the trainer: the sampler shares out the rows itself. The counts of all processes are
    added up.

    Parameters
    ----------
    metric : {"f1", "precision", "recall"}, default="f1"
        How well a class is recognised.
    predict : callable or None, default=None
        ``predict(module, batch)`` returns true class codes and the network's scores,
        of shape (n_rows, n_classes). By default the batch is a pair of inputs and
        codes, and the scores are what ``validation_step`` returns under ``"logits"``,
        or else what the module returns for the inputs, a second forward pass.

    Attributes
    ----------
    history_ : list of dict
        A record for each validation pass: ``epoch``, ``class_scores`` that were
        measured and ``class_probabilities`` of the draw that followed.

    Examples
    --------
    >>> from lightning.pytorch import Trainer
    >>> trainer = Trainer(
    ...     callbacks=[AdaptiveSampling()], accelerator="cpu", logger=False,
    ...     enable_checkpointing=False, enable_model_summary=False,
    ... )
    """

    def __init__(
        self,
        metric: str = "f1",
        predict: Callable[[Any, Any], tuple[Tensor, Tensor]] | None = None,
    ) -> None:
        self.metric = metric
        self.predict = predict
        self.history_: list[dict[str, Any]] = []
        self._counts: ClassCounts | None = None
        self._loaded: dict[str, Any] | None = None

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Find the sampler of the training loader."""
        sampler = getattr(trainer.train_dataloader, "sampler", None)
        if not isinstance(sampler, AdaptiveClassSampler):
            raise InputError(
                f"the training loader has a {type(sampler).__name__}: give "
                "DataLoader(..., sampler=AdaptiveClassSampler(labels)) and, on several "
                "devices, Trainer(use_distributed_sampler=False)"
            )
        if sampler.num_replicas != trainer.world_size:
            raise InputError(
                f"the sampler knows of {sampler.num_replicas} of "
                f"{trainer.world_size} processes: make it in train_dataloader() of "
                "your module or data module"
            )
        if not trainer.enable_validation:
            raise InputError(
                "AdaptiveSampling measures on held-out rows but there is no "
                "validation: give a validation loader and a validation_step"
            )
        if self._loaded is not None:
            sampler.load_state_dict(self._loaded)
        self._counts = ClassCounts(sampler, self.metric)

    def on_validation_batch_end(
        self,
        trainer: Any,
        pl_module: Any,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Count a batch of held-out rows; of several loaders the first counts."""
        if self._is_counting(trainer) is not None and dataloader_idx == 0:
            codes, scores = self._predicted(pl_module, outputs, batch)
            self._is_counting(trainer).add(codes, scores)

    def on_validation_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Let the next epoch's draw follow."""
        counts = self._is_counting(trainer)
        if counts is None:
            return
        counts.sum_over(
            lambda mine: trainer.strategy.reduce(
                mine.to(pl_module.device), reduce_op="sum"
            )
        )
        self.history_.append({"epoch": trainer.current_epoch, **counts.follow()})

    def _is_counting(self, trainer: Any) -> Any:
        """Return the counts in a validation pass of ``fit``, else None."""
        in_fit = trainer.state.fn == "fit" and not trainer.sanity_checking
        return self._counts if in_fit else None

    def _predicted(
        self, module: Any, outputs: Any, batch: Any
    ) -> tuple[Tensor, Tensor]:
        if self.predict is not None:
            return self.predict(module, batch)
        inputs, codes = batch
        if isinstance(outputs, dict) and "logits" in outputs:
            return codes, outputs["logits"]
        with torch.no_grad():
            return codes, module(inputs)

    def state_dict(self) -> dict[str, Any]:
        """Return the sampler's state, for the checkpoint."""
        if self._counts is None:
            return {}
        return {"sampler": self._counts.sampler.state_dict(position=0)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Remember a checkpoint's state until the sampler is there."""
        self._loaded = state_dict.get("sampler")
