"""Counts of held-out rows by true and predicted class, batch by batch."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trimtab.exceptions import InputError, nearest_names
from trimtab.metrics import ClassScores, confusion_matrix
from trimtab.sampling.torch_sampler import AdaptiveClassSampler

__all__ = ["ClassCounts"]

METRICS = ("f1", "precision", "recall")


class ClassCounts:
    """What a validation pass says of each class, for an adaptive sampler.

    Parameters
    ----------
    sampler : AdaptiveClassSampler
        Its labels are the codes 0 to ``n_classes - 1``.
    metric : {"f1", "precision", "recall"}, default="f1"
        How well a class is recognised.

    Attributes
    ----------
    confusion : ndarray of int of shape (n_classes, n_classes)
        Rows by true and predicted class since the last `follow`.

    Raises
    ------
    InputError
        Where there is no such metric, or labels are not such codes.
    """

    def __init__(self, sampler: AdaptiveClassSampler, metric: str = "f1") -> None:
        if metric not in METRICS:
            raise InputError(f"metric is {metric!r}: {nearest_names(metric, METRICS)}")
        self.sampler = sampler
        self.metric = metric
        self.n_classes = len(sampler.classes)
        if not np.array_equal(sampler.classes, np.arange(self.n_classes)):
            raise InputError(
                f"the sampler's labels are {sampler.classes.tolist()[:5]}: give the "
                "codes that the network predicts, 0, 1, ..., and n_classes where one "
                "of them has no training row"
            )
        self.confusion = self._nothing()

    def _nothing(self) -> NDArray[np.int64]:
        return np.zeros((self.n_classes, self.n_classes), dtype=np.int64)

    def add(self, codes: Tensor, outputs: Tensor, threshold: float = 0.0) -> None:
        """Count a batch.

        Parameters
        ----------
        codes : Tensor of shape (n_rows,) or (n_rows, 1)
            True classes.
        outputs : Tensor of shape (n_rows, n_classes), (n_rows, 1) or (n_rows,)
            Scores of the classes; a single one is the score of class 1.
        threshold : float, default=0.0
            From where on a single score means class 1: 0 for a logit, 0.5 for a
            probability.
        """
        outputs = outputs.detach()
        if outputs.ndim == 1 or outputs.shape[1] == 1:
            predicted = (outputs.reshape(-1) > threshold).long()
            n_known = 2
        else:
            predicted, n_known = outputs.argmax(dim=1), outputs.shape[1]
        truth = codes.detach().reshape(-1).long().cpu().numpy()
        n_known = max(n_known, int(truth.max(initial=0)) + 1)
        if n_known != self.n_classes:
            raise InputError(
                f"the network tells {n_known} classes apart and the sampler knows "
                f"{self.n_classes}: give n_classes={n_known} to the sampler"
            )
        self.confusion += confusion_matrix(
            truth, predicted.cpu().numpy(), self.n_classes
        )

    def follow(self) -> dict[str, Any]:
        """Let the sampler follow what was counted, and begin anew.

        Returns
        -------
        dict
            ``class_scores``, and ``class_probabilities`` of the draw from now on.
        """
        scores = getattr(ClassScores.of(self.confusion), self.metric)
        self.sampler.update(scores, support=self.confusion.sum(axis=1))
        self.confusion = self._nothing()
        return {
            "class_scores": scores,
            "class_probabilities": self.sampler.probabilities,
        }

    def sum_over(self, reduce: Any) -> None:
        """Add up the counts of all processes.

        Parameters
        ----------
        reduce : callable
            From a tensor to the sum of the processes' tensors.
        """
        total = reduce(torch.from_numpy(self.confusion))
        self.confusion = total.cpu().numpy().astype(np.int64)
