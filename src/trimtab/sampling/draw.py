"""Draws: which rows a training run sees in its next epoch.

A draw says how often each class is wanted; `draw_epoch` turns that into row numbers.
"""

# SPDX-License-Identifier: BSD-3-Clause

import copy
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from trimtab.exceptions import InputError, nearest_names
from trimtab.sampling import priors
from trimtab.sampling.epochs import RowsByClass, epoch_rows
from trimtab.sampling.meta_draw import MetaDraw

__all__ = [
    "DRAWS",
    "AdaptiveDraw",
    "Draw",
    "FixedDraw",
    "MetaDraw",
    "PriorDraw",
    "RowsByClass",
    "draw_epoch",
    "epoch_rows",
    "get_draw",
]

Floats = NDArray[np.float64]


@runtime_checkable
class Draw(Protocol):
    """Decides how often each class is drawn.

    A training run calls `start` once, then `draw_epoch` before and `update` after each
    epoch.
    """

    @property
    def n_rows(self) -> int | None:
        """Rows of an epoch; None for as many as there are."""

    @property
    def without_replacement_share(self) -> float | Floats:
        """The part of an epoch, in [0, 1], drawn from all rows alike, none twice.

        One number, or one for each replica.
        """

    @property
    def replacement(self) -> bool | NDArray[np.bool_]:
        """Whether the other part's rows are drawn independently.

        If not, a class's rows come in shuffled rounds, so that none is drawn twice
        before all were. One answer, or one for each replica.
        """

    def start(self, counts: ArrayLike, n_replicas: int) -> None:
        """Begin a training run.

        Parameters
        ----------
        counts : array-like of shape (n_classes,) or (n_replicas, n_classes)
            Training rows of each class.
        n_replicas : int
            How many networks are trained side by side.
        """

    def probabilities(self) -> Floats:
        """Return how often each class is wanted, (n_replicas, n_classes)."""

    def update(self, scores: ArrayLike, support: ArrayLike | None = None) -> None:
        """Take notice of what was measured after an epoch.

        Parameters
        ----------
        scores : array-like of shape (n_replicas, n_classes)
            Each class's score on held-out rows in [0, 1].
        support : array-like of shape (n_classes,) or like `scores`, default=None
            Held-out rows of each class.
        """


@dataclass(eq=False)
class PriorDraw:
    """All rows as they are, in a new order each epoch: no resampling."""

    n_rows: int | None = field(default=None, init=False, repr=False)
    without_replacement_share: float = field(default=1.0, init=False, repr=False)
    replacement: bool = field(default=False, init=False, repr=False)
    _probabilities: Floats = field(init=False, repr=False)

    def start(self, counts: ArrayLike, n_replicas: int) -> None:
        """Begin a training run; see `Draw.start`."""
        self._probabilities = _of_replicas(priors.empirical_prior(counts), n_replicas)

    def probabilities(self) -> Floats:
        """Return the prior of each replica."""
        return self._probabilities

    def update(self, scores: ArrayLike, support: ArrayLike | None = None) -> None:
        """Ignore what was measured."""


WANTED_ROWS: dict[str, Callable[[ArrayLike], Floats]] = {
    "balanced": priors.balanced_rows,
    "over": priors.over_sampled_rows,
    "under": priors.under_sampled_rows,
    "effective-number": priors.effective_number_rows,
}
"""The fixed distributions that have a name."""


_FEW_ROWS = 10
"""So few rows of a class on average, and one of so many of the table, are more likely
meant as proportions."""


@dataclass(eq=False)
class FixedDraw:
    """A distribution of the classes that stays as it is.

    Rows are drawn anew each epoch. None is drawn twice before all of its class were:
    over-sampling shows every row, under-sampling none twice.

    Parameters
    ----------
    distribution : str, callable or array-like of shape (n_classes,), \
default="balanced"
        ``"balanced"`` (as many rows as there are), ``"over"`` (each class as often as
        the largest), ``"under"`` (as often as the smallest), ``"effective-number"``
        (Cui et al. 2019), a function from class counts to the rows wanted of each
        class in an epoch, or those rows. Proportions that add up to 1 give as many
        rows as there are.
    """

    distribution: str | Callable[[ArrayLike], ArrayLike] | ArrayLike = "balanced"
    n_rows: int | None = field(default=None, init=False, repr=False)
    without_replacement_share: float = field(default=0.0, init=False, repr=False)
    replacement: bool = field(default=False, init=False, repr=False)
    _probabilities: Floats = field(init=False, repr=False)

    def start(self, counts: ArrayLike, n_replicas: int) -> None:
        """Begin a training run; see `Draw.start`."""
        of_class = np.asarray(counts, dtype=float)
        wanted = self._wanted(of_class)
        self._probabilities = _of_replicas(priors.empirical_prior(wanted), n_replicas)
        n_rows = round(float(wanted.sum(axis=-1).max()))
        self.n_rows = n_rows if n_rows > 1 else None
        named = isinstance(self.distribution, str) or callable(self.distribution)
        few = min(_FEW_ROWS * wanted.shape[-1], of_class.sum(axis=-1).min() / _FEW_ROWS)
        if not named and 1 < n_rows < few:
            warnings.warn(
                f"the distribution {self.distribution!r} asks for {n_rows} rows an "
                "epoch: give numbers of rows, or proportions that add up to 1",
                UserWarning,
                stacklevel=2,
            )

    def _wanted(self, counts: Floats) -> Floats:
        rule: Any = self.distribution
        if isinstance(rule, str):
            if rule not in WANTED_ROWS:
                hint = nearest_names(rule, WANTED_ROWS)
                raise InputError(f"there is no distribution {rule!r}: {hint}")
            rule = WANTED_ROWS[rule]
        wanted = np.asarray(rule(counts) if callable(rule) else rule, dtype=float)
        if wanted.shape[-1:] != counts.shape[-1:]:
            raise InputError(
                f"the distribution has the shape {wanted.shape}: give one number for "
                f"each of the {counts.shape[-1]} classes"
            )
        return wanted

    def probabilities(self) -> Floats:
        """Return the distribution of each replica."""
        return self._probabilities

    def update(self, scores: ArrayLike, support: ArrayLike | None = None) -> None:
        """Ignore what was measured."""


@dataclass(eq=False)
class AdaptiveDraw:
    """ART's draw: the worse a class is recognised, the more often it is drawn.

    The class distribution is a blend of the prior and of normalised difficulties
    (Basandrai, Jain and Kandasamy, arXiv 2509.00955, Algorithm 1). The prior's part of
    an epoch is drawn from all rows alike without replacement, the other by class with
    replacement. It starts with equal difficulties.

    Parameters
    ----------
    prior_blend : float in [0, 1], default=0.5
        The prior's part, c in the paper: 1 never resamples.
    boost_frequency : int, default=1
        Every how many epochs the distribution follows the scores, bf in the paper.
    confidence : float in (0, 1) or None, default=None
        Ours: count only the difficulty that the held-out rows prove at this level, see
        `trimtab.sampling.priors.score_upper_bound`. `update` then needs `support`.
    """

    prior_blend: float = 0.5
    boost_frequency: int = 1
    confidence: float | None = None
    n_rows: int | None = field(default=None, init=False, repr=False)
    replacement: bool = field(default=True, init=False, repr=False)
    _prior: Floats = field(init=False, repr=False)
    _weights: Floats = field(init=False, repr=False)
    _n_updates: int = field(init=False, repr=False)

    @property
    def without_replacement_share(self) -> float:
        """The prior's part of an epoch."""
        return self.prior_blend

    def start(self, counts: ArrayLike, n_replicas: int) -> None:
        """Begin a training run with equal weights; see `Draw.start`."""
        frequency: Any = self.boost_frequency  # numpy's whole numbers too
        if not isinstance(frequency, Integral) or int(frequency) < 1:
            raise InputError(
                f"boost_frequency is {frequency!r}: give a number of epochs, 1 or more"
            )
        self._prior = _of_replicas(priors.empirical_prior(counts), n_replicas)
        equal = np.ones_like(self._prior)
        self._weights = priors.adaptive_weights(equal, self._prior > 0)
        self._n_updates = 0
        priors.blend(self._prior, self._weights, self.prior_blend)  # checks it

    def probabilities(self) -> Floats:
        """Return the blend of prior and weights of each replica."""
        return priors.blend(self._prior, self._weights, self.prior_blend)

    def update(self, scores: ArrayLike, support: ArrayLike | None = None) -> None:
        """Follow the scores, at every `boost_frequency`-th call; see `Draw.update`."""
        self._n_updates += 1
        if self._n_updates % self.boost_frequency:
            return
        measured = np.asarray(scores, dtype=float)
        if measured.shape != self._prior.shape:
            raise InputError(
                f"the scores have the shape {measured.shape}: give one for each "
                f"replica and class, {self._prior.shape}"
            )
        hard = priors.difficulty(measured)
        if self.confidence is not None:
            if support is None:
                raise InputError(
                    f"confidence is {self.confidence} but support is None: give the "
                    "held-out rows of each class, or confidence=None"
                )
            hard = 1 - priors.score_upper_bound(measured, support, self.confidence)
        self._weights = priors.adaptive_weights(hard, self._prior > 0)

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed run needs, as plain lists and numbers."""
        return {"weights": self._weights.tolist(), "n_updates": self._n_updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` returned; after `start`."""
        self._weights = np.asarray(state["weights"], dtype=float)
        self._n_updates = int(state["n_updates"])


def _of_replicas(distribution: Floats, n_replicas: int) -> Floats:
    shape = (n_replicas, distribution.shape[-1])
    return np.array(np.broadcast_to(distribution, shape))


DRAWS: dict[str, Callable[[], Draw]] = {
    "prior": PriorDraw,
    "balanced": lambda: FixedDraw("balanced"),
    "over": lambda: FixedDraw("over"),
    "under": lambda: FixedDraw("under"),
    "effective-number": lambda: FixedDraw("effective-number"),
    "adaptive": AdaptiveDraw,
    "meta": MetaDraw,
}
"""The draws that have a name."""


def get_draw(draw: str | Draw) -> Draw:
    """Return a draw for one training run.

    Parameters
    ----------
    draw : str or Draw
        A name of `DRAWS`, or a draw, which is copied and itself left as it is.

    Returns
    -------
    Draw

    Raises
    ------
    InputError
        Where it is neither.
    """
    if isinstance(draw, str):
        if draw not in DRAWS:
            hint = nearest_names(draw, DRAWS)
            raise InputError(f"there is no draw {draw!r}: {hint}")
        return DRAWS[draw]()
    if isinstance(draw, type) or not isinstance(draw, Draw):
        raise InputError(
            f"draw is {draw!r}: give a name ({', '.join(DRAWS)}) or an object such as "
            "AdaptiveDraw(prior_blend=0.3)"
        )
    return copy.deepcopy(draw)


def draw_epoch(
    draw: Draw, rows: RowsByClass, generators: Sequence[torch.Generator]
) -> Tensor:
    """Draw an epoch as `draw` wants it.

    Parameters
    ----------
    draw : Draw
        Started, for as many replicas as there are generators.
    rows : RowsByClass
        The training rows.
    generators : sequence of torch.Generator
        One for each replica, on the device of the rows.

    Returns
    -------
    LongTensor of shape (n_replicas, n_rows)
        Row numbers, in random order.
    """
    return epoch_rows(
        rows,
        draw.probabilities(),
        rows.n_rows if draw.n_rows is None else draw.n_rows,
        generators,
        without_replacement_share=draw.without_replacement_share,
        replacement=draw.replacement,
    )
