"""Rows in any container: drawn for a round of training, held out, and measured on."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trimtab.sampling.draw import Draw, draw_epoch
from trimtab.sampling.epochs import RowsByClass
from trimtab.tables import held_out_split, take_rows
from trimtab.training.class_scores import class_f1, score_classes
from trimtab.training.held_out import ClassMetric, bounded_sample

__all__ = ["ClassRows", "Measurement", "bounded_rows", "hold_out", "measure"]

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ClassRows:
    """A table with class codes and, perhaps, weights.

    Attributes
    ----------
    X : table of shape (n_rows, n_columns)
        Whatever can be indexed by rows.
    codes : ndarray of int64 of shape (n_rows,)
        Class codes.
    n_classes : int
        Number of classes.
    weight : ndarray of float of shape (n_rows,) or None, default=None
        How much each row counts; None for all alike.
    """

    X: Any
    codes: Codes
    n_classes: int
    weight: Floats | None = None

    @cached_property
    def counts(self) -> Codes:
        """Rows of each class."""
        return np.bincount(self.codes, minlength=self.n_classes)

    def take(self, rows: Codes) -> "ClassRows":
        """Return the rows at these positions."""
        weight = None if self.weight is None else self.weight[rows]
        return ClassRows(
            take_rows(self.X, rows), self.codes[rows], self.n_classes, weight
        )

    def draw(self, draw: Draw, generator: torch.Generator) -> "ClassRows":
        """Draw an epoch in which every class occurs.

        Parameters
        ----------
        draw : Draw
            Started, for one replica.
        generator : torch.Generator
            Decides which rows, on the CPU.
        """
        drawn = draw_epoch(draw, self._by_class, [generator])[0].numpy()
        return self.take(self._with_every_class(drawn, generator))

    @cached_property
    def _by_class(self) -> RowsByClass:
        return RowsByClass.of(torch.from_numpy(self.codes), self.n_classes)

    def _with_every_class(self, drawn: Codes, generator: torch.Generator) -> Codes:
        """Put one row of each class that was not drawn in the place of another row.

        Ensembles take the classes of a round for all there are.
        """
        seen = np.bincount(self.codes[drawn], minlength=self.n_classes)
        for code in np.flatnonzero((self.counts > 0) & (seen == 0)):
            of_drawn = self.codes[drawn]
            most_frequent = np.bincount(of_drawn).argmax()
            rows = np.flatnonzero(self.codes == code)
            one = torch.randint(len(rows), (1,), generator=generator).item()
            drawn[np.flatnonzero(of_drawn == most_frequent)[0]] = rows[int(one)]
        return drawn


def hold_out(
    rows: ClassRows, fraction: float, max_rows: int | None, rng: np.random.RandomState
) -> tuple[ClassRows, ClassRows]:
    """Split rows into a training and a held-out part, class by class.

    Parameters
    ----------
    rows : ClassRows
        At least two of each class.
    fraction : float in (0, 1)
        The share of each class that is held out.
    max_rows : int or None
        Hold out at most so many, see `bounded_sample`; the others are trained on.
    rng : RandomState
        Decides which.

    Returns
    -------
    training, held_out : ClassRows
    """
    _, held = held_out_split(rows.codes, fraction, random_state=rng)
    held_out = rows.take(held)
    if max_rows is not None and max_rows < len(held):
        chosen, stands_for = bounded_sample(held_out.codes, max_rows, rng)
        held, held_out = held[chosen], _reweighted(held_out, chosen, stands_for)
    training = np.setdiff1d(np.arange(len(rows.codes)), held, assume_unique=True)
    return rows.take(training), held_out


def bounded_rows(
    rows: ClassRows, max_rows: int | None, rng: np.random.RandomState
) -> ClassRows:
    """Return a `bounded_sample` of held-out rows, or all if they are few enough."""
    if max_rows is None or len(rows.codes) <= max_rows:
        return rows
    return _reweighted(rows, *bounded_sample(rows.codes, max_rows, rng))


def _reweighted(rows: ClassRows, chosen: Codes, stands_for: Floats) -> ClassRows:
    sample = rows.take(chosen)
    weight = stands_for if sample.weight is None else sample.weight * stands_for
    return ClassRows(sample.X, sample.codes, sample.n_classes, weight)


@dataclass(frozen=True)
class Measurement:
    """What was measured on held-out rows.

    Attributes
    ----------
    class_scores : ndarray of float of shape (n_classes,)
        The chosen metric of each class.
    class_f1 : ndarray of float of shape (n_classes,)
        F1 of each class.
    loss : float
        Mean cross-entropy.
    """

    class_scores: Floats
    class_f1: Floats
    loss: float


def measure(model: Any, held_out: ClassRows, metric: ClassMetric) -> Measurement:
    """Measure a fitted model on held-out rows.

    Parameters
    ----------
    model : estimator
        Its ``predict_proba`` has a column for each class.
    held_out : ClassRows
        What it has not seen.
    metric : {"f1", "precision", "recall"} or callable
        See `trimtab.training.class_scores.score_classes`.

    Returns
    -------
    Measurement
    """
    codes, n_classes = held_out.codes, held_out.n_classes
    probabilities = np.asarray(model.predict_proba(held_out.X), dtype=float)
    predicted = probabilities.argmax(axis=1)
    cells = codes * n_classes + predicted
    confusion: Any = np.bincount(cells, held_out.weight, minlength=n_classes**2)
    confusion = confusion.reshape(1, n_classes, n_classes)
    scores = score_classes(metric, confusion, codes[np.newaxis], predicted[np.newaxis])
    of_truth = probabilities[np.arange(len(codes)), codes]
    losses = -np.log(np.maximum(of_truth, np.finfo(float).eps))
    # Sums of weights are rounded: a share of them may be a little above 1.
    return Measurement(
        class_scores=np.minimum(scores[0], 1.0),
        class_f1=np.minimum(class_f1(confusion)[0], 1.0),
        loss=float(np.average(losses, weights=held_out.weight)),
    )
