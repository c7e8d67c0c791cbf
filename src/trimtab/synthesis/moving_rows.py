"""Rows that move while a network is trained: Explicit Gradient Learning.

Yasinnik, Salhov, Lindenbaum and Averbuch, "Imbalanced Classification via Explicit
Gradient Learning From Augmented Data", arXiv 2202.10550, the loop of Algorithm 1.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trimtab.random_streams import uniform
from trimtab.synthesis.made_batches import DrawnEpoch, MadeBatch, RowSource
from trimtab.synthesis.meta_step import Rate, Weights, meta_step, scaled, stepped_down
from trimtab.synthesis.perceptron_step import Layers, perceptron_meta_step
from trimtab.synthesis.row_limits import RowLimits
from trimtab.synthesis.step_taking import StepView

__all__ = ["MovingRows"]


@dataclass(eq=False)
class MovingRows:
    """Moving rows as a synthesis of a training run.

    Each batch of drawn rows is joined by moving rows. The network takes a step on both
    (equation 1); then the loss of other rows under the stepped network is
    differentiated by the moving rows, which go down that slope (equation 2).

    Parameters
    ----------
    rows : Tensor of shape (n_replicas, n_moving, ...)
        Where they start; then where they are.
    codes : LongTensor of shape (n_replicas, n_moving)
        Their classes, which stay.
    taken : BoolTensor of shape (n_replicas, n_moving)
        Which of them there are, see `trimtab.synthesis.moving_set.MovingSet`.
    meta_rows : Tensor of shape (n_meta, ...) or (n_replicas, n_meta, ...)
        The rows whose loss says where to go.
    meta_codes : LongTensor of shape (n_meta,) or (n_replicas, n_meta)
        Their classes.
    n_classes : int
        Number of classes.
    row_learning_rate : float or Tensor of shape (n_replicas,), default=10.0
        Length of the moving rows' step, η2. At 0 they stay: plain over-sampling.
    n_inner_steps : int, default=1
        Steps of the network through which is differentiated.
    balanced_meta : bool, default=False
        Whether all classes weigh the same in the loss of the meta rows.
    limits : RowLimits, default=RowLimits()
        Where rows may go.
    keep_positions : bool, default=False
        Whether each epoch's record has the positions, ``moving_rows``.
    trial_rate : float, Tensor of shape (n_replicas,) or None, default=None
        Length of the network's plain step through which rows are moved, where the
        optimiser takes another step than that. None: the training's learning rate.

    Attributes
    ----------
    first_rows : Tensor of shape (n_replicas, n_moving, ...)
        Where they started.
    best_rows : Tensor of shape (n_replicas, n_moving, ...)
        Where they were in each replica's best epoch.
    """

    rows: Tensor
    codes: Tensor
    taken: Tensor
    meta_rows: Tensor
    meta_codes: Tensor
    n_classes: int
    row_learning_rate: Rate = 10.0
    n_inner_steps: int = 1
    balanced_meta: bool = False
    limits: RowLimits = field(default_factory=RowLimits)
    keep_positions: bool = False
    trial_rate: Rate | None = None

    def __post_init__(self) -> None:
        self.first_rows, self.rows = self.rows, self.rows.clone()
        self.best_rows = self.rows.clone()
        if self.meta_codes.ndim == 1:
            self.meta_rows, self.meta_codes = (
                self.meta_rows[None],
                self.meta_codes[None],
            )
        self._meta_weights = self._weights_of_meta() if self.balanced_meta else None

    def _weights_of_meta(self) -> Tensor:
        counts = torch.nn.functional.one_hot(self.meta_codes, self.n_classes).sum(dim=1)
        return 1 / counts.gather(1, self.meta_codes).float()

    @property
    def shape(self) -> tuple[int, ...]:
        """Moving rows and meta rows of a replica, what a row looks like, if it moves.

        Rows that stay cost less: they are not trained beside others that move.
        """
        n_moving, n_meta = self.codes.shape[1], self.meta_codes.shape[1]
        return n_moving, n_meta, *self.rows.shape[2:], self._any_moves()

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return the moving rows of several trainings as those of one.

        Parameters
        ----------
        parts : sequence of MovingRows
            Of one `shape`, alike but for rows, rates and the numbers of their limits.
        """
        sizes = [len(part.codes) for part in parts]

        def rate_of_each(name: str) -> Any:
            rates = [getattr(part, name) for part in parts]
            if all(rate is rates[0] or rate == rates[0] for rate in rates):
                return rates[0]
            return torch.tensor(np.repeat(rates, sizes), dtype=torch.float32)

        every = {one.name: getattr(parts[0], one.name) for one in fields(cls)}
        for name in ("first_rows", "codes", "taken", "meta_rows", "meta_codes"):
            own = [getattr(part, name) for part in parts]
            whole = [
                values.expand(size, *values.shape[1:])
                for values, size in zip(own, sizes, strict=True)
            ]
            every["rows" if name == "first_rows" else name] = torch.cat(whole)
        every["row_learning_rate"] = rate_of_each("row_learning_rate")
        every["trial_rate"] = rate_of_each("trial_rate")
        every["limits"] = RowLimits.joined([part.limits for part in parts], sizes)
        return cls(**every)

    def start(self, source: RowSource) -> None:
        """Begin a training run; see `Synthesis.start`."""
        self._all_taken = bool(self.taken.all())
        self._shown = torch.zeros_like(self.codes)

    def _to(self, device: torch.device) -> None:
        """Go where the training is."""
        if self.rows.device == device:
            return
        for name, value in vars(self).items():
            if isinstance(value, (Tensor, RowLimits)):
                setattr(self, name, value.to(device))

    def batches(self, epoch: DrawnEpoch) -> Iterator[MadeBatch]:
        """Yield drawn rows, moving rows behind them; see `Synthesis.batches`."""
        self._to(epoch.rows.device)
        self._shown.zero_()
        self._begin_epoch(epoch)
        for inputs, codes in epoch.source.batches(
            epoch.rows, epoch.replicas, epoch.batch_size
        ):
            if not self._shows_all:
                self._choose(epoch)
            self._moving = self.rows[self._place].to(inputs.dtype)
            self._shown[self._place] += 1
            weights = None
            if not self._all_taken:
                own = self.taken[self._place].to(inputs.dtype)
                weights = torch.cat([torch.ones_like(codes, dtype=own.dtype), own], 1)
            yield MadeBatch(
                torch.cat([inputs, self._moving], dim=1),
                torch.cat([codes, self._own_codes], dim=1),
                weights,
            )

    def _any_moves(self) -> bool:
        return bool((torch.as_tensor(self.row_learning_rate) > 0).any())

    def _begin_epoch(self, epoch: DrawnEpoch) -> None:
        """Do once what is the same for all batches."""
        replicas, n_meta = epoch.replicas, self.meta_codes.shape[1]
        self._batch_size = epoch.batch_size
        self._moves = self._any_moves()
        self._rates = _of_present(self.row_learning_rate, replicas)
        self._own_limits = self.limits.of_replicas(replicas)
        self._shows_all = self.rows.shape[1] <= epoch.batch_size
        if self._shows_all:
            self._choose(epoch)
        several = len(self.meta_codes) > 1
        self._meta_sets = replicas if several else torch.zeros_like(replicas)
        self._all_meta: MadeBatch | None = None
        if n_meta <= epoch.batch_size:
            self._all_meta = self._meta_at(self._meta_sets)

    def _choose(self, epoch: DrawnEpoch) -> None:
        """Choose the moving rows of a batch."""
        replicas, n_shown = epoch.replicas, min(self.rows.shape[1], epoch.batch_size)
        chosen = _some(self.taken[replicas], n_shown, epoch)
        self._place = replicas[:, None], chosen
        self._own_codes = self.codes[self._place]

    def step(self, view: StepView, batch: MadeBatch) -> Tensor:
        """Work out the step of the network, and move the rows through it."""
        meta = self._meta_batch(view)
        layers = view.layers if self.n_inner_steps == 1 else None
        if layers is None:
            slope, losses = self._by_autograd(view, batch, meta)
        else:
            slope, losses = self._by_hand(layers, view, batch, meta)
        if slope is not None:
            self._move(slope)
        return losses

    def _by_hand(
        self, layers: Layers, view: StepView, batch: MadeBatch, meta: MadeBatch
    ) -> tuple[Tensor | None, Tensor]:
        slope, slopes, losses = perceptron_meta_step(
            layers,
            batch.inputs,
            self._moving.shape[1],
            lambda logits: view.loss_slopes(logits, batch.codes, batch.weights),
            meta.inputs,
            (lambda logits: view.loss_slopes(logits, meta.codes, meta.weights))
            if self._moves
            else None,
            self._rate(view),
        )
        view.set_layer_slopes(slopes)
        return slope, losses

    def _by_autograd(
        self, view: StepView, batch: MadeBatch, meta: MadeBatch
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
        result = meta_step(
            inner,
            outer if self._moves else None,
            weights,
            moving,
            rate,
            self.n_inner_steps,
        )
        view.set_slopes(
            {
                name: scaled(weights[name].detach() - new, 1 / rate)
                for name, new in result.weights.items()
            }
        )
        return result.slope, result.losses

    def _rate(self, view: StepView) -> Rate:
        if self.trial_rate is None:
            return view.learning_rate
        return _of_present(self.trial_rate, view.replicas)

    def _meta_batch(self, view: StepView) -> MadeBatch:
        """Return meta rows of each present replica, at most a batch."""
        if self._all_meta is not None:
            return self._all_meta
        n_meta, sets = self.meta_codes.shape[1], self._meta_sets
        everything = torch.ones((len(sets), n_meta), dtype=torch.bool)
        chosen = _some(everything.to(sets.device), self._batch_size, view)
        return self._meta_at((sets[:, None], chosen))

    def _meta_at(self, place: Any) -> MadeBatch:
        weights = None if self._meta_weights is None else self._meta_weights[place]
        return MadeBatch(self.meta_rows[place], self.meta_codes[place], weights)

    @torch.no_grad()
    def _move(self, slope: Tensor) -> None:
        moved = stepped_down(self._moving, slope, self._rates)
        moved = self._own_limits.apply(moved, self._moving)
        self.rows[self._place] = moved.to(self.rows.dtype)

    def remember(self, replicas: NDArray[np.int64]) -> None:
        """Keep where the rows of some replicas are, see `Remembers.remember`."""
        self.best_rows[replicas] = self.rows[replicas]

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


def _of_present(rate: Rate, replicas: Tensor) -> Rate:
    return rate[replicas] if isinstance(rate, Tensor) else rate


def _some(taken: Tensor, size: int, streams: StepView | DrawnEpoch) -> Tensor:
    """Choose rows of each replica at random, those that are there first."""
    n_rows = taken.shape[1]
    if size >= n_rows:
        return torch.arange(n_rows, device=taken.device).expand(len(taken), -1)
    keys = uniform((n_rows,), streams.generators).to(taken.device)
    return (keys + taken).topk(size, dim=1).indices
