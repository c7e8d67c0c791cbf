"""Several draws as one, for replicas whose settings differ."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.exceptions import InputError
from trimtab.sampling.draw import Draw
from trimtab.sampling.meta_draw import BatchView, MetaDraw

__all__ = ["StackedDraw"]

Floats = NDArray[np.float64]


class StackedDraw:
    """Draws side by side, each for some of the replicas.

    Parameters
    ----------
    draws : sequence of Draw
        Of any kinds, as long as their epochs have equally many rows, and all of them
        learn from the batches or none does.
    sizes : sequence of int
        How many replicas each is for. The first replicas are the first draw's.

    Attributes
    ----------
    n_rows : int or None
        Rows of an epoch; None before the start.
    without_replacement_share : ndarray of float of shape (n_replicas,)
        See `trimtab.sampling.draw.Draw`.
    replacement : ndarray of bool of shape (n_replicas,)
        See `trimtab.sampling.draw.Draw`.

    Examples
    --------
    >>> from trimtab.sampling.draw import AdaptiveDraw
    >>> draw = StackedDraw([AdaptiveDraw(1.0), AdaptiveDraw(0.0)], sizes=[1, 2])
    >>> draw.start([90, 10], n_replicas=3)
    >>> draw.probabilities().tolist()
    [[0.9, 0.1], [0.5, 0.5], [0.5, 0.5]]
    """

    def __init__(self, draws: Sequence[Draw], sizes: Sequence[int]) -> None:
        self.draws = list(draws)
        self.sizes = list(sizes)
        self.n_rows: int | None = None

    @property
    def without_replacement_share(self) -> Floats:
        """Each replica's part of an epoch that is drawn from all rows alike."""
        return self._of_replicas([d.without_replacement_share for d in self.draws])

    @property
    def replacement(self) -> NDArray[np.bool_]:
        """Whether the rows of each replica's other part are drawn independently."""
        return self._of_replicas([draw.replacement for draw in self.draws])

    def start(self, counts: ArrayLike, n_replicas: int) -> None:
        """Begin a training run; see `trimtab.sampling.draw.Draw.start`.

        Raises
        ------
        InputError
            Where the draws' epochs differ in their number of rows, or some of the draws
            learn from the batches and others do not.
        """
        of_each = self._parts(np.asarray(counts), n_replicas)
        for draw, size, own in zip(self.draws, self.sizes, of_each, strict=True):
            draw.start(own, size)
        n_rows = {
            int(own[0].sum()) if draw.n_rows is None else draw.n_rows
            for draw, own in zip(self.draws, of_each, strict=True)
        }
        if len(n_rows) > 1:
            raise InputError(
                f"the draws' epochs have {sorted(n_rows)} rows: stack draws of equally "
                "long epochs"
            )
        self.n_rows = n_rows.pop()
        learners = [draw for draw in self.draws if isinstance(draw, MetaDraw)]
        if 0 < len(learners) < len(self.draws):
            # Learning takes from the random streams of all replicas.
            raise InputError(
                f"{len(learners)} of {len(self.draws)} draws learn from the batches: "
                "stack draws that all do, or none"
            )
        if learners:
            self._learner = MetaDraw.side_by_side(learners)

    @property
    def learns(self) -> bool:
        """Whether the draws learn after each step of the training."""
        return all(isinstance(draw, MetaDraw) for draw in self.draws)

    def learn(self, view: BatchView) -> None:
        """Let them do so; see `trimtab.sampling.meta_draw.MetaDraw`."""
        self._learner.learn(view)

    def probabilities(self) -> Floats:
        """Return how often each class is wanted, (n_replicas, n_classes)."""
        return np.concatenate([draw.probabilities() for draw in self.draws])

    def update(self, scores: ArrayLike, support: ArrayLike | None = None) -> None:
        """Hand each draw its replicas' scores; see `Draw.update`."""
        measured = np.asarray(scores)
        n_replicas = len(measured)
        supports: Sequence[ArrayLike | None] = [None] * len(self.draws)
        if support is not None:
            supports = self._parts(np.asarray(support), n_replicas)
        parts = self._parts(measured, n_replicas)
        for draw, own, of_rows in zip(self.draws, parts, supports, strict=True):
            draw.update(own, of_rows)

    def _of_replicas(self, values: Sequence[Any]) -> NDArray[Any]:
        own = [np.broadcast_to(v, n) for v, n in zip(values, self.sizes, strict=True)]
        return np.concatenate(own)

    def _parts(self, values: NDArray[Any], n_replicas: int) -> list[NDArray[Any]]:
        """Split what has a replica axis; give all the same where there is none."""
        whole = np.broadcast_to(values, (n_replicas, values.shape[-1]))
        return np.split(whole, np.cumsum(self.sizes)[:-1])
