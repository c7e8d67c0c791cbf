"""A learner that is fitted in rounds, under a draw that follows its scores."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import torch

from trimtab.sampling.draw import Draw
from trimtab.training.drawn_rows import ClassRows, measure
from trimtab.training.held_out import ClassMetric
from trimtab.training.incremental import incremental_learner

__all__ = ["fit_in_rounds"]

Record = dict[str, Any]


def fit_in_rounds(
    estimator: Any,
    draw: Draw,
    rows: ClassRows,
    held_out: ClassRows,
    *,
    metric: ClassMetric,
    max_rounds: int,
    n_iter_no_change: int | None,
    seed: int,
) -> tuple[Any, int, list[Record]]:
    """Draw, train, measure, adapt, until the learner no longer improves.

    Parameters
    ----------
    estimator : classifier
        Of a kind that `trimtab.training.incremental.incremental_learner` knows; it is
        cloned.
    draw : Draw
        Started here, for one replica.
    rows, held_out : ClassRows
        What is drawn from, and what is measured on.
    metric : {"f1", "precision", "recall"} or callable
        What the draw is told of each class.
    max_rounds : int
        Rounds at most.
    n_iter_no_change : int or None
        Stop after so many rounds without a lower loss on the held-out rows.
    seed : int
        Decides which rows are drawn, and what the estimator draws.

    Returns
    -------
    model : estimator
        As it was after its best round.
    best_epoch : int
        The round that was best, from 1.
    records : list of dict
        One a round: ``epoch``, ``class_probabilities``, ``rows_per_class``,
        ``held_out_loss``, ``class_f1`` and ``class_scores``.
    """
    learner = incremental_learner(
        estimator, n_classes=rows.n_classes, max_rounds=max_rounds, seed=seed
    )
    draw.start(rows.counts, n_replicas=1)
    generator = torch.Generator().manual_seed(seed)
    records: list[Record] = []
    best_epoch, least_loss = 0, np.inf
    for epoch in range(1, learner.n_rounds + 1):
        probabilities = draw.probabilities()[0]
        drawn = rows.draw(draw, generator)
        learner.learn(drawn.X, drawn.codes, drawn.weight)
        counts = drawn.counts
        del drawn  # or two epochs of rows would be there at once
        measured = measure(learner.model, held_out, metric)
        draw.update(measured.class_scores[np.newaxis], held_out.counts)
        records.append(
            {
                "epoch": epoch,
                "class_probabilities": probabilities,
                "rows_per_class": counts,
                "held_out_loss": measured.loss,
                "class_f1": measured.class_f1,
                "class_scores": measured.class_scores,
            }
        )
        if measured.loss < least_loss or epoch == 1 or not learner.can_overfit:
            best_epoch, least_loss = epoch, measured.loss
            learner.keep()
        elif epoch - best_epoch == n_iter_no_change:
            break
    learner.restore()
    return learner.model, best_epoch, records
