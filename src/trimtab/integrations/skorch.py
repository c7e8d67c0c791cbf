"""ART in skorch: ``NeuralNetClassifier(module, callbacks=[AdaptiveSampling()])``."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import torch

from trimtab.exceptions import InputError, MissingExtraError
from trimtab.integrations.class_counts import ClassCounts
from trimtab.sampling.torch_sampler import AdaptiveClassSampler

try:
    from skorch.callbacks import Callback
    from skorch.utils import data_from_dataset
except ImportError as error:
    raise MissingExtraError("skorch", "skorch") from error

__all__ = ["AdaptiveSampling"]


class AdaptiveSampling(Callback):  # type: ignore[misc]
    """Draw training rows as ART does, guided by skorch's validation split.

    The rows that ``train_split`` keeps back are measured after each epoch, from the
    predictions that skorch makes anyway; the next epoch is drawn accordingly. The net's
    other settings stay as they are; a shuffling training iterator draws instead. A
    class without a row in the split is not judged, and a warning names it.

    Parameters
    ----------
    prior_blend : float in [0, 1], default=0.5
        The prior's part of the draw, c in the paper.
    boost_frequency : int, default=1
        Every how many epochs the draw follows the scores, bf in the paper.
    metric : {"f1", "precision", "recall"}, default="f1"
        How well a class is recognised.
    confidence : float in (0, 1) or None, default=None
        See `trimtab.sampling.draw.AdaptiveDraw`.
    seed : int, default=0
        Decides, with the epoch's number, what is drawn.
    n_classes : int or None, default=None
        Number of classes; by default as many as the training rows have. Needed where
        the network knows a class that has no training row.

    Attributes
    ----------
    sampler_ : AdaptiveClassSampler
        The sampler of the training iterator, once training has begun.
    history_ : list of dict
        A record an epoch: ``class_scores`` that were measured and
        ``class_probabilities`` of the draw that followed. The scores are in the net's
        own history too, as ``class_scores``.

    Examples
    --------
    >>> from skorch import NeuralNetClassifier
    >>> net = NeuralNetClassifier(
    ...     torch.nn.Linear, module__in_features=8, module__out_features=3,
    ...     criterion=torch.nn.CrossEntropyLoss, callbacks=[AdaptiveSampling()],
    ... )
    """

    def __init__(
        self,
        prior_blend: float = 0.5,
        boost_frequency: int = 1,
        metric: str = "f1",
        confidence: float | None = None,
        seed: int = 0,
        n_classes: int | None = None,
    ) -> None:
        self.prior_blend = prior_blend
        self.boost_frequency = boost_frequency
        self.metric = metric
        self.confidence = confidence
        self.seed = seed
        self.n_classes = n_classes

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **_: Any) -> None:
        """Put a sampler into the training iterator that skorch is about to make."""
        if not net.train_split:
            raise InputError(
                "AdaptiveSampling measures on held-out rows but train_split is None: "
                "give one, for instance skorch.dataset.ValidSplit(5, stratified=True)"
            )
        self.history_: list[dict[str, Any]] = []
        self.on_train_end(net)  # a failed training may have left its loader
        net.iterator_train = _LoaderOfDraws(net, self, net.iterator_train)

    def on_train_end(self, net: Any, X: Any = None, y: Any = None, **_: Any) -> None:
        """Give the net its own training iterator back, if it has not got it yet."""
        if isinstance(net.iterator_train, _LoaderOfDraws):
            net.iterator_train = net.iterator_train.make

    def make_sampler(self, dataset: Any) -> AdaptiveClassSampler:
        """Return a new sampler over a training data set.

        Parameters
        ----------
        dataset : torch Dataset
            Its rows are pairs of input and class code.
        """
        self.sampler_ = AdaptiveClassSampler(
            _labels_of(dataset),
            prior_blend=self.prior_blend,
            boost_frequency=self.boost_frequency,
            confidence=self.confidence,
            n_classes=self.n_classes,
            seed=self.seed,
        )
        self.counts_ = ClassCounts(self.sampler_, self.metric, "AdaptiveSampling")
        return self.sampler_

    def on_batch_end(
        self,
        net: Any,
        batch: Any = None,
        training: bool | None = None,
        y_pred: Any = None,
        **_: Any,
    ) -> None:
        """Count a batch of held-out rows."""
        if training:
            return
        outputs = y_pred[0] if isinstance(y_pred, tuple) else y_pred
        is_logit = isinstance(net.criterion_, torch.nn.BCEWithLogitsLoss)
        self.counts_.add(batch[1], outputs, 0.0 if is_logit else 0.5)

    def on_epoch_end(self, net: Any, *_: Any, **__: Any) -> None:
        """Let the next epoch's draw follow."""
        record = self.counts_.follow()
        self.history_.append({"epoch": len(net.history), **record})
        net.history.record("class_scores", record["class_scores"].tolist())


class _LoaderOfDraws:
    """Makes one training iterator as the net would, with a sampler in it.

    It gives the net its own maker back as soon as it is called, since skorch calls no
    ``on_train_end`` after an exception. Where a training fails before it is called, a
    later one may find it: then it samples only for a callback that the net still has.
    """

    def __init__(self, net: Any, callback: AdaptiveSampling, make: Any) -> None:
        self.net = net
        self.callback = callback
        self.make = make

    def __call__(self, dataset: Any, **options: Any) -> Any:
        self.net.iterator_train = self.make
        if all(callback is not self.callback for _, callback in self.net.callbacks_):
            return self.make(dataset, **options)
        options.pop("shuffle", None)
        return self.make(
            dataset, sampler=self.callback.make_sampler(dataset), **options
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Be copied and pickled as the net's own maker: a copy is not in training."""
        return _itself, (self.make,)


def _itself(make: Any) -> Any:
    return make


def _labels_of(dataset: Any) -> Any:
    try:
        _, labels = data_from_dataset(dataset)
    except AttributeError:
        labels = None
    if labels is None:
        labels = [int(dataset[row][1]) for row in range(len(dataset))]
    return np.asarray(labels).reshape(-1).astype(np.int64)
