"""ART in Transformers: ``trainer.add_callback(AdaptiveSampling(trainer))``."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from trimtab.exceptions import InputError, MissingExtraError
from trimtab.integrations.class_counts import ClassCounts
from trimtab.sampling.torch_sampler import AdaptiveClassSampler

try:
    from transformers import TrainerCallback
except ImportError as error:
    raise MissingExtraError("transformers", "transformers") from error

__all__ = ["AdaptiveSampling"]


class AdaptiveSampling(TrainerCallback):
    """Draw training rows as ART does, guided by the trainer's evaluations.

    The trainer's training loader is given an adaptive sampler. After each evaluation
    during training, ``eval_strategy="epoch"`` or ``"steps"``, the sampler is told how
    well each class is recognised; from the next epoch on the draw follows. Your own
    ``compute_metrics`` is called as before.

    Every process of a distributed run draws the same epoch, and Accelerate deals its
    batches out. A resumed run begins with equal weights again.

    Parameters
    ----------
    trainer : transformers.Trainer
        The trainer that this callback is added to. It classifies sequences, images or
        the like: one label a row, one logit a class.
    prior_blend : float in [0, 1], default=0.5
        The prior's part of the draw, c in the paper.
    boost_frequency : int, default=1
        Every how many evaluations the draw follows the scores, bf in the paper.
    metric : {"f1", "precision", "recall"}, default="f1"
        How well a class is recognised.
    confidence : float in (0, 1) or None, default=None
        See `trimtab.sampling.draw.AdaptiveDraw`.
    labels : array-like of shape (n_rows,) or None, default=None
        Class codes of the training rows. By default they are read from the training
        data set, from its column ``labels`` or ``label``.
    n_classes : int or None, default=None
        Number of classes; by default as many as the labels have.

    Attributes
    ----------
    sampler : AdaptiveClassSampler
        The sampler of the training loader.
    history_ : list of dict
        A record for each evaluation: ``epoch``, ``class_scores`` that were measured
        and ``class_probabilities`` of the draw that followed.
    """

    def __init__(
        self,
        trainer: Any,
        *,
        prior_blend: float = 0.5,
        boost_frequency: int = 1,
        metric: str = "f1",
        confidence: float | None = None,
        labels: ArrayLike | None = None,
        n_classes: int | None = None,
    ) -> None:
        if trainer.args.batch_eval_metrics:
            raise InputError(
                "batch_eval_metrics is True: AdaptiveSampling measures whole "
                "evaluations; leave it out of the training arguments"
            )
        given = _labels_of(trainer.train_dataset) if labels is None else labels
        # One process draws for all: Accelerate deals the batches out.
        self.sampler = AdaptiveClassSampler(
            given,
            prior_blend=prior_blend,
            boost_frequency=boost_frequency,
            confidence=confidence,
            n_classes=n_classes,
            seed=trainer.args.seed,
            num_replicas=1,
            rank=0,
        )
        self.history_: list[dict[str, Any]] = []
        self._counts = ClassCounts(self.sampler, metric, "AdaptiveSampling")
        self._is_training = False
        self._compute_metrics = trainer.compute_metrics
        trainer.compute_metrics = self._count_and_compute

    def on_train_begin(
        self, args: Any, state: Any, control: Any, **kwargs: Any
    ) -> None:
        """Put the sampler into the training loader."""
        if str(args.eval_strategy) in {"no", "IntervalStrategy.NO"}:
            raise InputError(
                "AdaptiveSampling measures at evaluations but eval_strategy is 'no': "
                "give eval_strategy='epoch' and an eval_dataset"
            )
        loader = kwargs["train_dataloader"]
        batches = loader.batch_sampler
        for holder in (batches, getattr(batches, "batch_sampler", None)):
            if holder is not None:
                holder.sampler = self.sampler
        self._is_training = True

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Leave the draw alone in later evaluations."""
        self._is_training = False

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Let the next epoch's draw follow."""
        if self._is_training and self._counts.confusion.any():
            self.history_.append({"epoch": state.epoch, **self._counts.follow()})

    def _count_and_compute(self, prediction: Any) -> dict[str, float]:
        """Count an evaluation's rows on the way to the user's metrics."""
        if self._is_training:
            outputs, codes = (
                _first(prediction.predictions),
                _first(prediction.label_ids),
            )
            self._counts.add(torch.as_tensor(codes), torch.as_tensor(outputs))
        own = self._compute_metrics
        metrics: dict[str, float] = {} if own is None else own(prediction)
        return metrics


def _first(values: Any) -> NDArray[Any]:
    """Return the logits of models that return more, or the labels."""
    return np.asarray(values[0] if isinstance(values, tuple) else values)


def _labels_of(dataset: Any) -> Any:
    names = getattr(dataset, "column_names", None)
    for name in ("labels", "label"):
        if names is not None and name in names:
            return np.asarray(dataset[name])
        if names is None and name in dataset[0]:
            return [int(dataset[row][name]) for row in range(len(dataset))]
    raise InputError(
        "the training data set has no column 'labels' or 'label': give "
        "AdaptiveSampling(trainer, labels=...)"
    )
