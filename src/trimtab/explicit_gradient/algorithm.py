"""Algorithm 1 of Explicit Gradient Learning, as two trainings one after the other.

Yasinnik, Salhov, Lindenbaum and Averbuch, "Imbalanced Classification via Explicit
Gradient Learning From Augmented Data", arXiv 2202.10550.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trimtab.explicit_gradient.first_positions import (
    limits_of,
    own_class_certainty,
    wanted_rows,
)
from trimtab.explicit_gradient.three_parts import ThreeParts
from trimtab.synthesis.moving_rows import MovingRows
from trimtab.synthesis.moving_set import MovingSet, moving_set
from trimtab.synthesis.row_limits import RowLimits
from trimtab.tables import Labels
from trimtab.training.classifier import NetworkClassifier
from trimtab.training.fit_rows import FitRows
from trimtab.training.shared_run import FitOutcome, FitShare

__all__ = ["Algorithm1"]


@dataclass
class Algorithm1:
    """What is trained, and what is known in between.

    Step 1 of the algorithm, the split, is done: there are `parts`.

    Attributes
    ----------
    settings : ExplicitGradientClassifier
        For its parameters.
    network : NetworkClassifier
        What is trained, with its random state.
    labels : Labels
        The classes.
    parts : ThreeParts
        The rows.
    copies : mapping of label to int, or None
        How many rows of each class move, where that is not up to the settings.
    first : FitOutcome or None
        The first network, once it is trained.
    start : MovingSet or None
        Where moving rows start, from then on.
    limits : RowLimits
        Where rows may move to.
    """

    settings: Any
    network: NetworkClassifier
    labels: Labels
    parts: ThreeParts
    copies: Mapping[Any, int] | None
    first: FitOutcome | None = None
    start: MovingSet | None = None
    limits: RowLimits = field(init=False)
    _rows: FitRows = field(init=False)

    def __post_init__(self) -> None:
        settings = self.settings
        self.limits = limits_of(
            self.parts.training.X,
            settings.keep_in_range,
            settings.one_hot_columns,
            settings.one_hot,
        )

    def first_training(self) -> FitShare:
        """Return the training of C_θ0 on the training rows alone: step 2."""
        training, held = self.parts.training, self.parts.held
        share = self.network.begin_fit(
            training.X,
            self.labels.decode(training.codes),
            eval_set=(held.X, self.labels.decode(held.codes)),
        )
        self._rows = share.rows
        return share

    def moving_training(self, first: FitOutcome) -> FitShare:
        """Return the training beside moving rows: step 3, and the loop.

        Parameters
        ----------
        first : FitOutcome
            Of the first training.
        """
        self.first = first
        training, settings = self.parts.training, self.settings
        options: dict[str, Any] = {
            "optimizer": settings.optimizer,
            "schedule": "constant",
            "selection": settings.selection,
        }
        if settings.optimizer == "sgd":
            options["learning_rate_init"] = settings.learning_rate
            options["weight_decay"] = 0.0
        return FitShare(
            self.network,
            replace(self._rows, X=training.X, codes=training.codes),
            network=first.network,
            moving=self._copied_rows(first),
            options=options,
        )

    def _copied_rows(self, first: FitOutcome) -> MovingRows:
        """Copy the rare rows that the first network is least sure of."""
        training, meta, settings = self.parts.training, self.parts.meta, self.settings
        self.start = moving_set(
            training.codes,
            wanted_rows(
                first,
                training.codes,
                self.labels.classes,
                settings.class_shares == "difficulty",
                self.copies,
            ),
            own_class_certainty(first, training),
            settings.max_confidence,
            in_full=self.copies is not None,
        )
        return MovingRows(
            torch.from_numpy(training.X[self.start.parents]),
            torch.from_numpy(training.codes[self.start.parents]),
            torch.from_numpy(self.start.taken),
            torch.from_numpy(meta.X),
            torch.from_numpy(meta.codes),
            len(self.labels.classes),
            row_learning_rate=settings.row_learning_rate,
            n_inner_steps=settings.n_inner_steps,
            balanced_meta=settings.balanced_meta,
            limits=self.limits,
            keep_positions=settings.keep_positions,
            trial_rate=None if settings.optimizer == "sgd" else settings.learning_rate,
        )

    def whole(self, last: FitOutcome) -> FitOutcome:
        """Return the outcome of the second training with the rows of both seen."""
        assert self.first is not None
        return replace(last, seen=self.first.seen + last.seen)

    def moved_codes(self) -> NDArray[np.int64]:
        """Return the classes of the moving rows of each replica."""
        assert self.start is not None
        return self.parts.training.codes[self.start.parents]

    def parents(self) -> NDArray[np.int64]:
        """Return the row that each is a copy of; -1 where there is none."""
        assert self.start is not None
        return np.where(self.start.taken, self.parts.numbers[self.start.parents], -1)
