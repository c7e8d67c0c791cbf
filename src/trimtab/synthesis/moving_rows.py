"""Rows that move while a network is trained: Explicit Gradient Learning.

Yasinnik, Salhov, Lindenbaum and Averbuch, "Imbalanced Classification via Explicit
Gradient Learning From Augmented Data", arXiv 2202.10550, Algorithm 1.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trimtab.synthesis.in_loop import DrawnEpoch, MadeBatch, RowSource
from trimtab.synthesis.meta_step import (
    MetaStep,
    Weights,
    meta_step,
    perceptron_meta_step,
)
from trimtab.synthesis.row_limits import RowLimits

__all__ = [
    "MovingRows",
    "MovingSet",
    "StepView",
    "TakesSteps",
    "moving_counts",
    "moving_set",
]


class StepView(Protocol):
    """What a synthesis that takes the steps may see and do in a training run.

    Attributes
    ----------
    replicas : LongTensor of shape (n_present,)
        The replicas that are still trained.
    generators : sequence of torch.Generator
        Their random streams.
    learning_rate : float
        Of the step to come.
    perceptron : list of pair of str or None
        Names of weights and bias of each layer, where the network is a multi-layer
        perceptron with ReLU and nothing else.
    """

    @property
    def replicas(self) -> Tensor: ...  # noqa: D102

    @property
    def generators(self) -> Sequence[torch.Generator]: ...  # noqa: D102

    @property
    def learning_rate(self) -> float: ...  # noqa: D102

    @property
    def perceptron(self) -> list[tuple[str, str]] | None: ...  # noqa: D102

    def weights(self) -> Weights:
        """Return the network's weights, which require gradients."""

    def logits(self, weights: Weights, inputs: Tensor) -> Tensor:
        """Return the network's logits under other weights."""

    def loss(self, logits: Tensor, codes: Tensor, weights: Tensor | None) -> Tensor:
        """Return what the training minimises, of shape (n_present,)."""

    def evaluating(self) -> AbstractContextManager[None]:
        """Switch dropout off within a ``with`` block."""

    def set_slopes(self, slopes: Mapping[str, Tensor]) -> None:
        """Say along which gradient the optimiser is to go."""


@runtime_checkable
class TakesSteps(Protocol):
    """A synthesis that works out the network's gradient itself, in place of a loss."""

    def step(self, view: StepView, batch: MadeBatch) -> Tensor:
        """Give the optimiser the gradient of a batch; return the replicas' losses."""

    def epoch_columns(self, present: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Return what is to be recorded of an epoch, a row for each present replica.

        ``rows_per_class`` are rows that were shown beside those that were drawn.
        """


@dataclass(frozen=True, eq=False)
class MovingSet:
    """Where the moving rows of all replicas start.

    Attributes
    ----------
    parents : ndarray of int of shape (n_replicas, n_moving)
        The training row that each is a copy of.
    taken : ndarray of bool of shape (n_replicas, n_moving)
        False for places that a replica with fewer moving rows does not use.
    """

    parents: NDArray[np.int64]
    taken: NDArray[np.bool_]


def moving_counts(
    counts: NDArray[np.int64], difficulty: NDArray[np.float64] | None = None
) -> NDArray[np.int64]:
    """Return how many rows of each class move: those of all but the largest class.

    Parameters
    ----------
    counts : ndarray of int of shape (n_classes,)
        Training rows of each class.
    difficulty : ndarray of float of shape (n_replicas, n_classes), default=None
        By default as many rows move as a class has. With it, the same number in all is
        shared by difficulty.

    Returns
    -------
    ndarray of int of shape (n_classes,) or (n_replicas, n_classes)
        Where all classes are equally large, all but the first.

    Examples
    --------
    >>> moving_counts(np.array([100, 20, 10])).tolist()
    [0, 20, 10]
    >>> moving_counts(np.array([100, 20, 10]), np.array([[0.1, 0.4, 0.8]])).tolist()
    [[0, 10, 20]]
    """
    largest = int(np.argmax(counts))
    own = np.where(counts < counts[largest], counts, 0)
    if not own.any():
        own = counts.copy()
        own[largest] = 0
    if difficulty is None:
        return own
    hard = np.where(own > 0, np.asarray(difficulty, dtype=float), 0.0)
    total = hard.sum(axis=-1, keepdims=True)
    shares = np.where(total > 0, hard / np.where(total > 0, total, 1), own / own.sum())
    wanted: NDArray[np.int64] = np.rint(shares * own.sum()).astype(np.int64)
    return np.where(own > 0, np.maximum(wanted, 1), 0)


def moving_set(
    codes: NDArray[np.int64],
    counts: NDArray[np.int64],
    certainty: NDArray[np.float64],
    max_confidence: float = 1.0,
) -> MovingSet:
    """Choose the training rows that are copied to become moving rows.

    Parameters
    ----------
    codes : ndarray of int of shape (n_rows,)
        Class codes of the training rows.
    counts : ndarray of int of shape (n_classes,) or (n_replicas, n_classes)
        How many of each class are wanted.
    certainty : ndarray of float of shape (n_replicas, n_rows)
        The probability that a first network gives to each row's own class.
    max_confidence : float in [0, 1], default=1.0
        Only rows of at most this certainty are copied, c in the paper; of each class
        the least certain one in any case.

    Returns
    -------
    MovingSet
        Of each class the least certain rows, each as often as the others or once
        more. Without fewer than all eligible rows wanted, all of them.
    """
    n_replicas, n_classes = len(certainty), counts.shape[-1]
    of_each = np.broadcast_to(counts, (n_replicas, n_classes))
    chosen: list[NDArray[np.int64]] = []
    for wanted, sure in zip(of_each, certainty, strict=True):
        parts = [np.empty(0, dtype=np.int64)]
        for code in np.flatnonzero(wanted):
            own = np.flatnonzero(codes == code)
            own = own[np.argsort(sure[own], kind="stable")]
            unsure = own[: max(int((sure[own] <= max_confidence).sum()), 1)]
            n_wanted = int(wanted[code])
            if n_wanted == len(own):  # a copy of each: no row twice
                n_wanted = len(unsure)
            parts.append(np.resize(unsure, n_wanted))
        chosen.append(np.concatenate(parts))
    width = max(map(len, chosen))
    parents = np.stack([np.resize(one, width) for one in chosen])
    taken = np.arange(width) < np.array([[len(one)] for one in chosen])
    return MovingSet(parents, taken)


class MovingRows:
    """Moving rows as a synthesis of a training run.

    Each batch of drawn rows is joined by moving rows. The network takes a step on both
    (equation 1); then the loss of other rows under the stepped network is
    differentiated by the moving rows, which go down that slope (equation 2).

    Parameters
    ----------
    start : Tensor of shape (n_replicas, n_moving, ...)
        Where they start.
    codes : LongTensor of shape (n_replicas, n_moving)
        Their classes, which stay.
    taken : BoolTensor of shape (n_replicas, n_moving)
        Which of them there are, see `MovingSet`.
    meta_rows : Tensor of shape (n_meta, ...) or (n_replicas, n_meta, ...)
        The rows whose loss says where to go.
    meta_codes : LongTensor of shape (n_meta,) or (n_replicas, n_meta)
        Their classes.
    n_classes : int
        Number of classes.
    row_learning_rate : float, default=10.0
        Length of the moving rows' step, η2. At 0 they stay: plain over-sampling.
    n_inner_steps : int, default=1
        Steps of the network through which is differentiated.
    balanced_meta : bool, default=False
        Whether all classes weigh the same in the loss of the meta rows.
    limits : RowLimits, default=None
        Where rows may go.
    keep_positions : bool, default=False
        Whether each epoch's record has the positions, ``moving_rows``.
    trial_rate : float or None, default=None
        Length of the network's plain step through which rows are moved, where the
        optimiser takes another step than that. None: the training's learning rate.

    Attributes
    ----------
    rows : Tensor of shape (n_replicas, n_moving, ...)
        Where they are.
    """

    def __init__(
        self,
        start: Tensor,
        codes: Tensor,
        taken: Tensor,
        meta_rows: Tensor,
        meta_codes: Tensor,
        n_classes: int,
        *,
        row_learning_rate: float = 10.0,
        n_inner_steps: int = 1,
        balanced_meta: bool = False,
        limits: RowLimits | None = None,
        keep_positions: bool = False,
        trial_rate: float | None = None,
    ) -> None:
        self.rows, self.codes, self.taken = start.clone(), codes, taken
        self.first_rows = start
        shared = meta_codes.ndim == 1
        self.meta_rows = meta_rows[None] if shared else meta_rows
        self.meta_codes = meta_codes[None] if shared else meta_codes
        self.n_classes = n_classes
        self.row_learning_rate = row_learning_rate
        self.n_inner_steps = n_inner_steps
        self.limits = RowLimits() if limits is None else limits
        self.keep_positions = keep_positions
        self.trial_rate = trial_rate
        self.meta_weights = self._meta_weights() if balanced_meta else None
        self._all_taken = bool(taken.all())

    def _meta_weights(self) -> Tensor:
        counts = torch.nn.functional.one_hot(self.meta_codes, self.n_classes).sum(dim=1)
        return 1 / counts.gather(1, self.meta_codes).float()

    def start(self, source: RowSource) -> None:
        """Begin a training run; see `trimtab.synthesis.in_loop.Synthesis.start`."""
        self._shown = torch.zeros(self.codes.shape, dtype=torch.long)

    def _to(self, device: torch.device) -> None:
        """Go where the training is."""
        if self.rows.device == device and self._shown.device == device:
            return
        for name in ("rows", "first_rows", "codes", "taken", "meta_rows", "meta_codes"):
            setattr(self, name, getattr(self, name).to(device))
        if self.meta_weights is not None:
            self.meta_weights = self.meta_weights.to(device)
        self.limits = self.limits.to(device)
        self._shown = self._shown.to(device)

    def batches(self, epoch: DrawnEpoch) -> Iterator[MadeBatch]:
        """Yield drawn rows, moving rows behind them; see `Synthesis.batches`."""
        self._to(epoch.rows.device)
        self._shown.zero_()
        self._batch_size = epoch.batch_size
        replicas = epoch.replicas[:, None]
        for inputs, codes in epoch.source.batches(
            epoch.rows, epoch.replicas, epoch.batch_size
        ):
            n_rows = self.rows.shape[1]
            self._chosen = _some(
                self.taken[epoch.replicas], min(n_rows, epoch.batch_size), epoch
            )
            self._moving = self.rows[replicas, self._chosen].to(inputs.dtype)
            self._shown[replicas, self._chosen] += 1
            weights = None
            if not self._all_taken:
                own = self.taken[replicas, self._chosen].to(inputs.dtype)
                weights = torch.cat([torch.ones_like(codes, dtype=own.dtype), own], 1)
            yield MadeBatch(
                torch.cat([inputs, self._moving], dim=1),
                torch.cat([codes, self.codes[replicas, self._chosen]], dim=1),
                weights,
            )

    def step(self, view: StepView, batch: MadeBatch) -> Tensor:
        """Work out the step of the network, and move the rows through it."""
        meta = self._meta_batch(view)
        moves = self.row_learning_rate > 0
        if view.perceptron is not None and self.n_inner_steps == 1:
            slope, losses = self._by_hand(view, batch, meta, moves)
        else:
            slope, losses = self._by_autograd(view, batch, meta, moves)
        if slope is not None:
            self._move(view.replicas, slope)
        return losses

    def _by_hand(
        self, view: StepView, batch: MadeBatch, meta: MadeBatch, moves: bool
    ) -> tuple[Tensor | None, Tensor]:
        names, weights = view.perceptron or [], view.weights()
        slope, slopes, losses = perceptron_meta_step(
            [(weights[weight], weights[bias]) for weight, bias in names],
            batch.inputs,
            self._moving.shape[1],
            lambda logits: view.loss(logits, batch.codes, batch.weights),
            meta.inputs,
            (lambda logits: view.loss(logits, meta.codes, meta.weights))
            if moves
            else None,
            self._rate(view),
        )
        pairs = zip(names, slopes, strict=True)
        view.set_slopes(
            {n: s for both, own in pairs for n, s in zip(both, own, strict=True)}
        )
        return slope, losses

    def _by_autograd(
        self, view: StepView, batch: MadeBatch, meta: MadeBatch, moves: bool
    ) -> tuple[Tensor | None, Tensor]:
        moving = self._moving.detach().requires_grad_()
        drawn = batch.inputs[:, : -moving.shape[1]]

        def inner(weights: Weights) -> Tensor:
            logits = view.logits(weights, torch.cat([drawn, moving], dim=1))
            return view.loss(logits, batch.codes, batch.weights)

        def outer(weights: Weights) -> Tensor:
            with view.evaluating():
                logits = view.logits(weights, meta.inputs)
            return view.loss(logits, meta.codes, meta.weights)

        rate, weights = self._rate(view), view.weights()
        result: MetaStep = meta_step(
            inner, outer if moves else None, weights, moving, rate, self.n_inner_steps
        )
        view.set_slopes(
            {n: (weights[n].detach() - new) / rate for n, new in result.weights.items()}
        )
        return result.slope, result.losses

    def _rate(self, view: StepView) -> float:
        return view.learning_rate if self.trial_rate is None else self.trial_rate

    def _meta_batch(self, view: StepView) -> MadeBatch:
        """Return meta rows of each present replica, at most a batch."""
        n_meta, replicas = self.meta_codes.shape[1], view.replicas
        sets = replicas if len(self.meta_codes) > 1 else torch.zeros_like(replicas)
        if n_meta <= self._batch_size:
            weights = None if self.meta_weights is None else self.meta_weights[sets]
            return MadeBatch(self.meta_rows[sets], self.meta_codes[sets], weights)
        everything = torch.ones((len(replicas), n_meta), dtype=torch.bool)
        chosen = _some(everything.to(replicas.device), self._batch_size, view)
        place = sets[:, None], chosen
        weights = None if self.meta_weights is None else self.meta_weights[place]
        return MadeBatch(self.meta_rows[place], self.meta_codes[place], weights)

    @torch.no_grad()
    def _move(self, replicas: Tensor, slope: Tensor) -> None:
        moved = self._moving - self.row_learning_rate * slope
        moved = self.limits.apply(moved, self._moving)
        self.rows[replicas[:, None], self._chosen] = moved.to(self.rows.dtype)

    def shifts(self) -> Tensor:
        """Return how far each replica's rows are from their start, on average."""
        way = (self.rows - self.first_rows).flatten(2).norm(dim=2)
        mean: Tensor = (way * self.taken).sum(dim=1) / self.taken.sum(dim=1)
        return mean

    def epoch_columns(self, present: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Return shift, rows shown and, where asked for, positions of an epoch."""
        shown = self._shown * self.taken
        counts = torch.zeros(
            (len(shown), self.n_classes), dtype=torch.long, device=shown.device
        )
        counts.scatter_add_(1, self.codes, shown)
        columns = {"rows_per_class": counts, "row_shift": self.shifts()}
        if self.keep_positions:
            columns["moving_rows"] = self.rows.clone()
        return {name: value.cpu().numpy()[present] for name, value in columns.items()}


def _some(taken: Tensor, size: int, streams: StepView | DrawnEpoch) -> Tensor:
    """Choose rows of each replica at random, those that are there first."""
    n_rows = taken.shape[1]
    if size >= n_rows:
        return torch.arange(n_rows, device=taken.device).expand(len(taken), -1)
    where = streams.generators[0].device
    keys = torch.stack(
        [torch.rand(n_rows, generator=g, device=where) for g in streams.generators]
    ).to(taken.device)
    return (keys + taken).topk(size, dim=1).indices
