"""Counts of held-out rows by true and predicted class, batch by batch."""

# SPDX-License-Identifier: BSD-3-Clause

import warnings
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
    n_classes_taker : str, default="the sampler"
        What users give ``n_classes`` to, as error messages say it.

    Attributes
    ----------
    confusion : ndarray of int of shape (n_classes, n_classes)
        Rows by true and predicted class since the last `follow`.

    Raises
    ------
    InputError
        Where there is no such metric, or labels are not such codes.
    """

    def __init__(
        self,
        sampler: AdaptiveClassSampler,
        metric: str = "f1",
        n_classes_taker: str = "the sampler",
    ) -> None:
        if metric not in METRICS:
            raise InputError(f"metric is {metric!r}: {nearest_names(metric, METRICS)}")
        self.sampler = sampler
        self.metric = metric
        self.n_classes = len(sampler.classes)
        if not np.array_equal(sampler.classes, np.arange(self.n_classes)):
            raise InputError(
                f"the sampler's labels are {sampler.classes.tolist()[:5]}: give the "
                "codes that the network predicts, 0, 1, ..., and n_classes to "
                f"{n_classes_taker} where one of them has no training row"
            )
        self._taker = n_classes_taker
        self._has_rows = sampler.class_counts > 0
        self.confusion = self._nothing()
        # What the last validation pass with a row of the class said of it.
        self._scores = np.full(self.n_classes, np.nan)
        self._support = np.zeros(self.n_classes, dtype=np.int64)
        self._has_warned = False

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
                f"{self.n_classes}: {self._cure(n_known)}"
            )
        self.confusion += confusion_matrix(
            truth, predicted.cpu().numpy(), self.n_classes
        )

    def _cure(self, n_known: int) -> str:
        if self._has_rows[n_known:].any():  # the sampler is right
            return f"give the network {self.n_classes} outputs, one for each class"
        return f"give n_classes={n_known} to {self._taker}"

    def follow(self) -> dict[str, Any]:
        """Let the sampler follow what was counted, and begin anew.

        A class without a held-out row is not judged. It keeps the score that it had
        or, where it never had one, is given the mean of the others'. Where no class
        that can be drawn has a held-out row, the draw stays as it is.

        Returns
        -------
        dict
            ``class_scores`` that the sampler was told, NaN where nothing is known,
            and ``class_probabilities`` of the draw from now on.
        """
        measured = ClassScores.of(self.confusion)
        is_measured = measured.support > 0
        self._warn_of(np.flatnonzero(self._has_rows & ~is_measured))
        self._scores[is_measured] = getattr(measured, self.metric)[is_measured]
        self._support[is_measured] = measured.support[is_measured]
        self.confusion = self._nothing()
        scores = self._scores_of_all()
        if (self._has_rows & is_measured).any():
            # With the sampler's `confidence` a class that was never measured has no
            # support: no rows prove no difficulty.
            self.sampler.update(scores, support=self._support.copy())
        return {
            "class_scores": scores,
            "class_probabilities": self.sampler.probabilities,
        }

    def _scores_of_all(self) -> NDArray[np.float64]:
        """Return the last scores, and in place of unknown ones their mean.

        A class without a training row is not in the mean: nobody could learn it.
        """
        is_known = np.isfinite(self._scores)
        others = self._scores[is_known & self._has_rows]
        mean = others.mean() if len(others) else np.nan
        return np.where(is_known, self._scores, mean)

    def _warn_of(self, missing: NDArray[np.int64]) -> None:
        """Name, once, the classes that are trained on and were not measured."""
        if self._has_warned or not len(missing):
            return
        self._has_warned = True
        names = ", ".join(map(str, missing.tolist()[:5]))
        names += ", ..." if len(missing) > 5 else ""
        warnings.warn(
            f"{'class' if len(missing) == 1 else 'classes'} {names} had no row in the "
            "validation data, so that the draw has no score to follow there: put rows "
            "of each class into the validation data, for instance by a stratified "
            "split",
            UserWarning,
            stacklevel=3,
        )

    def sum_over(self, reduce: Any) -> None:
        """Add up the counts of all processes.

        Parameters
        ----------
        reduce : callable
            From a tensor to the sum of the processes' tensors.
        """
        total = reduce(torch.from_numpy(self.confusion))
        self.confusion = total.cpu().numpy().astype(np.int64)
