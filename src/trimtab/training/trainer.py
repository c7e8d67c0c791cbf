"""The loop that trains R replicas of a network under a draw and a loss.

Whole epochs of row numbers are drawn on the device, batches are gathered from them,
one optimiser steps all replicas at once. After an epoch the held-out rows are
measured; that guides the next draw, and tells each replica when to stop.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trimtab.exceptions import InputError
from trimtab.losses import Loss, RowLoss, get_loss
from trimtab.sampling.draw import Draw, RowsByClass, epoch_rows, get_draw
from trimtab.training.class_scores import class_f1, confusion_matrices, score_classes
from trimtab.training.device_rows import DeviceRows, as_inputs, resolve_device
from trimtab.training.early_stopping import EarlyStopping
from trimtab.training.held_out import ClassMetric
from trimtab.training.input_checks import check_count, check_number
from trimtab.training.replica_network import DRAWS, ReplicaNetwork, generator_for

__all__ = ["Record", "Trainer"]

Record = dict[str, Any]
"""What is known of one epoch of one replica."""


class Trainer:
    """Trains a network of R replicas.

    Parameters
    ----------
    network : ReplicaNetwork
        Trained in place.
    draw : str or Draw, default="prior"
        Which rows an epoch shows, see `trimtab.sampling.draw`.
    loss : str or Loss, default="cross-entropy"
        What is minimised, see `trimtab.losses`. It is measured on the held-out rows
        too, over all of them even where the loss picks rows of a batch.
    metric : {"f1", "precision", "recall"} or callable, default="f1"
        What the draw is told of each class. A callable is given the true codes, the
        predicted codes and the number of classes, and returns one number in [0, 1] for
        each class.
    learning_rate_init : float, default=0.001
        Of AdamW, in the first epoch.
    weight_decay : float, default=0.01
        Of AdamW, on all parameters.
    schedule : {"cosine", "constant"}, default="cosine"
        Whether the learning rate falls to 0 along half a cosine over `max_epochs`.
    max_epochs : int, default=200
        The largest number of epochs.
    batch_size : int, default=64
        Rows of each replica in a step, at most: an epoch is cut into equal batches.
    n_iter_no_change : int or None, default=10
        A replica stops after so many epochs without a lower held-out loss, and no
        longer changes. None: never. In either case it ends with the weights of its
        lowest held-out loss.
    device : str or torch.device, default="auto"
        ``"auto"`` takes CUDA, then MPS, then the CPU.
    amp : bool, default=False
        On CUDA, compute in bfloat16 where PyTorch's autocast does. It pays for wide
        networks and convolutions.
    device_room : float, default=None
        Bytes of inputs that may be kept on the device; larger ones stay on the host
        and are streamed in batches. By default half of what is free.
    callback : callable, default=None
        Called after each epoch with its list of records; returning True ends the
        training.

    Attributes
    ----------
    history_ : list of dict
        One record per epoch and replica, see `fit`.
    best_epochs_ : ndarray of int of shape (R,)
        The epoch whose weights each replica has, counted from 1.
    seen_ : ndarray of float of shape (R, n_classes)
        Rows of each class that those weights were trained on.
    """

    def __init__(
        self,
        network: ReplicaNetwork,
        *,
        draw: str | Draw = "prior",
        loss: str | Loss = "cross-entropy",
        metric: ClassMetric = "f1",
        learning_rate_init: float = 0.001,
        weight_decay: float = 0.01,
        schedule: str = "cosine",
        max_epochs: int = 200,
        batch_size: int = 64,
        n_iter_no_change: int | None = 10,
        device: str | torch.device = "auto",
        amp: bool = False,
        device_room: float | None = None,
        callback: Callable[[list[Record]], Any] | None = None,
    ) -> None:
        check_number("learning_rate_init", learning_rate_init, above=0)
        check_number("weight_decay", weight_decay, at_least=0)
        check_count("max_epochs", max_epochs)
        check_count("batch_size", batch_size)
        if n_iter_no_change is not None:
            check_count("n_iter_no_change", n_iter_no_change)
        if schedule not in {"cosine", "constant"}:
            raise InputError(f"schedule is {schedule!r}: give 'cosine' or 'constant'")
        self.network = network
        self.draw = get_draw(draw)
        self.loss = get_loss(loss)
        self.metric = metric
        self.learning_rate_init = learning_rate_init
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.n_iter_no_change = n_iter_no_change
        self.device = resolve_device(device)
        self.amp = amp
        self.device_room = device_room
        self.callback = callback

    def fit(
        self,
        X: Any,
        codes: Any,
        X_held: Any = None,
        codes_held: Any = None,
        *,
        seeds: Sequence[int],
        n_classes: int | None = None,
        weight_held: Any = None,
    ) -> list[Record]:
        """Train all replicas.

        Parameters
        ----------
        X : array-like of shape (n_rows, ...) or (R, n_rows, ...)
            Inputs as the network takes them, of all replicas or of each its own.
        codes : array-like of int of shape (n_rows,) or (R, n_rows)
            Class codes 0, 1, ...; a replica axis here means one in `X`.
        X_held, codes_held : array-like, default=None
            Held-out rows in the same form. Without them nothing is measured, no
            replica stops early, and all keep their last weights.
        seeds : sequence of int of length R
            A replica's draws depend on its own seed alone.
        n_classes : int, default=None
            Number of classes; by default one more than the largest code.
        weight_held : array-like of shape (n_held_out_rows,), default=None
            How many rows each held-out row stands for.

        Returns
        -------
        list of dict
            One record per epoch and replica that was still running, with ``epoch``
            (from 1), ``replica``, ``learning_rate``, ``class_probabilities`` (drawn),
            ``rows_per_class`` (seen), ``train_loss`` and, with held-out rows,
            ``held_out_loss``, ``class_f1`` and ``class_scores`` (of `metric`).

        Raises
        ------
        InputError
            Where seeds and replicas differ in number, or the loss of a replica was
            never finite.
        """
        if len(seeds) != self.network.n_replicas:
            raise InputError(
                f"{len(seeds)} seeds for {self.network.n_replicas} replicas: give one "
                "seed for each"
            )
        rows = self._on_device(X, codes)
        held = None if X_held is None else self._on_device(X_held, codes_held)
        if n_classes is None:
            n_classes = 1 + max(int(p.codes.max()) for p in (rows, held) if p)
        run = _Run(self, rows, held, seeds, n_classes, weight_held)
        self.history_: list[Record] = []
        for epoch in range(1, self.max_epochs + 1):
            records = run.epoch(epoch)
            self.history_ += records
            told_to_end = self.callback is not None and self.callback(records)
            if told_to_end or not run.stopping.running.any():
                break
        self.best_epochs_ = run.finish(epoch)
        self.seen_ = self._rows_seen(n_classes)
        return self.history_

    def _on_device(self, X: Any, codes: Any) -> DeviceRows:
        return DeviceRows(as_inputs(X), codes, self.device, self.device_room)

    def _rows_seen(self, n_classes: int) -> NDArray[np.float64]:
        seen = np.zeros((len(self.best_epochs_), n_classes))
        for record in self.history_:
            if record["epoch"] <= self.best_epochs_[record["replica"]]:
                seen[record["replica"]] += record["rows_per_class"]
        return seen


class _Run:
    """One call of `Trainer.fit`: what changes from epoch to epoch."""

    def __init__(
        self,
        trainer: Trainer,
        rows: DeviceRows,
        held: DeviceRows | None,
        seeds: Sequence[int],
        n_classes: int,
        weight_held: Any,
    ) -> None:
        self.trainer, self.rows, self.held = trainer, rows, held
        self.n_classes = n_classes
        self.network = trainer.network.to(trainer.device)
        self.stopping = EarlyStopping(len(seeds), trainer.n_iter_no_change)
        self.present = np.arange(len(seeds))
        self.scores = np.zeros((len(seeds), n_classes))
        # The draw works in double precision, which MPS has not.
        where = torch.device("cpu") if rows.device.type == "mps" else rows.device
        self.by_class = RowsByClass.of(rows.codes.to(where), n_classes)
        self.generators = [generator_for(seed, DRAWS, where) for seed in seeds]
        self.weight_held: Tensor | None = None
        if weight_held is not None:
            weights = np.asarray(weight_held, dtype=np.float32)
            self.weight_held = torch.from_numpy(weights).to(trainer.device)
        self._start_draw_and_loss()
        self._start_optimizer()

    def _start_draw_and_loss(self) -> None:
        counts = self.by_class.counts
        # A loss that was told each replica's own counts cannot let replicas go.
        self.lets_go = bool((counts == counts[0]).all())
        if self.lets_go:
            counts = counts[0]
        self.trainer.draw.start(counts.cpu().numpy(), len(self.present))
        self.trainer.loss.start(counts.to(self.rows.device), self.trainer.max_epochs)

    def _start_optimizer(self) -> None:
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(),
            lr=self.trainer.learning_rate_init,
            weight_decay=self.trainer.weight_decay,
            fused=True,
        )
        self.scheduler: torch.optim.lr_scheduler.LRScheduler | None = None
        if self.trainer.schedule == "cosine":
            self.scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(
                self.optimizer, self.trainer.max_epochs
            )

    def epoch(self, number: int) -> list[Record]:
        """Draw, train, measure, adapt; return one record per running replica."""
        draw, present = self.trainer.draw, self.present
        running = self.stopping.running[present]
        probabilities = draw.probabilities()[present]
        drawn = self._draw(probabilities)
        columns: dict[str, NDArray[Any]] = {
            "class_probabilities": probabilities,
            "rows_per_class": self._rows_per_class(drawn),
        }
        learning_rate = self.optimizer.param_groups[0]["lr"]
        self.trainer.loss.epoch(number - 1)
        columns["train_loss"] = self._train(drawn)
        if self.scheduler is not None:
            self.scheduler.step()
        if self.held is not None:
            columns |= self._measure(self.held)
            losses = columns["held_out_loss"]
            self.stopping.update(number, self.network, present, losses)
            self.scores[present] = columns["class_scores"]
            draw.update(self.scores, self._support(self.held))
            self._let_go()
        return [
            {
                "epoch": number,
                "replica": int(present[position]),
                "learning_rate": learning_rate,
                **{name: values[position] for name, values in columns.items()},
            }
            for position in np.flatnonzero(running).tolist()
        ]

    def _draw(self, probabilities: NDArray[np.float64]) -> Tensor:
        draw = self.trainer.draw
        drawn = epoch_rows(
            self.by_class,
            probabilities,
            self.rows.n_rows if draw.n_rows is None else draw.n_rows,
            self.generators,
            without_replacement_share=draw.without_replacement_share,
            replacement=draw.replacement,
        )
        return drawn.to(self.rows.device)

    def _positions(self, of: DeviceRows) -> Tensor:
        return torch.from_numpy(self.present).to(of.device)

    def _rows_per_class(self, drawn: Tensor) -> NDArray[np.int64]:
        codes = self.rows.own_codes(self._positions(self.rows))
        seen = codes.expand(len(drawn), -1).gather(1, drawn)
        first = torch.arange(len(seen), device=seen.device)[:, None] * self.n_classes
        cells = torch.bincount(
            (seen + first).flatten(), None, first.numel() * self.n_classes
        )
        counts: NDArray[np.int64] = cells.view(len(seen), -1).cpu().numpy()
        return counts

    def _autocast(self) -> torch.autocast:
        kind = self.rows.device.type
        on = self.trainer.amp and kind == "cuda"
        return torch.autocast(kind, dtype=torch.bfloat16, enabled=on)

    def _train(self, drawn: Tensor) -> NDArray[np.float64]:
        """Train one epoch; return each replica's mean loss on the rows it saw."""
        self.network.train()
        total = torch.zeros(len(drawn), device=self.rows.device)
        replicas = self._positions(self.rows)
        batches = self.rows.batches(drawn, replicas, self.trainer.batch_size)
        for inputs, targets in batches:
            self.optimizer.zero_grad(set_to_none=True)
            with self._autocast():
                logits = self.network(inputs)
            losses = self.trainer.loss(logits, targets)
            losses.sum().backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
            total += losses.detach() * targets.shape[1]
        return _numbers(total / drawn.shape[1])

    @torch.no_grad()
    def _measure(self, held: DeviceRows) -> dict[str, NDArray[np.float64]]:
        """Measure every replica on the held-out rows."""
        self.network.eval()
        replicas = self._positions(held)
        with self._autocast():
            parts = [self.network(inputs).float() for inputs in held.in_order(replicas)]
        logits = torch.cat(parts, dim=1)
        codes, predicted = held.own_codes(replicas), logits.argmax(dim=2)
        weight = self.weight_held
        if weight is not None:
            weight = weight.expand(predicted.shape)
        losses = _over_all_rows(
            self.trainer.loss, logits, codes.expand(predicted.shape), weight
        )
        matrices = confusion_matrices(codes, predicted, self.n_classes, weight)
        confusion = matrices.cpu().numpy()
        return {
            "held_out_loss": _numbers(losses),
            "class_f1": class_f1(confusion),
            "class_scores": score_classes(
                self.trainer.metric,
                confusion,
                codes.cpu().numpy(),
                predicted.cpu().numpy(),
            ),
        }

    def _support(self, held: DeviceRows) -> NDArray[np.int64]:
        """Count held-out rows of each class, (1 or R, n_classes)."""
        return RowsByClass.of(held.codes, self.n_classes).counts.cpu().numpy()

    def _let_go(self) -> None:
        """Spend no more time on replicas that have stopped."""
        running = self.stopping.running[self.present]
        if not self.lets_go or running.all() or not running.any():
            return
        positions = torch.from_numpy(np.flatnonzero(running))
        self.network.keep(positions, self.optimizer)
        self.generators = [self.generators[i] for i in positions.tolist()]
        if len(self.by_class.order) > 1:
            order, counts = self.by_class.order, self.by_class.counts
            self.by_class = RowsByClass(order[positions], counts[positions])
        self.present = self.present[running]

    def finish(self, last_epoch: int) -> NDArray[np.int64]:
        """Leave every replica with its best weights; return the epochs of those."""
        if self.held is None:
            best = np.full(len(self.present), last_epoch)
        else:
            self.stopping.restore(self.network)
            best = self.stopping.best_epochs
        self.network.zero_grad(set_to_none=True)
        self.network.eval()
        return best


def _over_all_rows(
    loss: Loss, logits: Tensor, codes: Tensor, weight: Tensor | None
) -> Tensor:
    """Return a loss over all rows, even where it picks rows of a batch."""
    if isinstance(loss, RowLoss):
        return RowLoss.__call__(loss, logits, codes, weight)
    return loss(logits, codes, weight)


def _numbers(values: Tensor) -> NDArray[np.float64]:
    # Double precision on the CPU: MPS has none.
    as_floats: NDArray[np.float64] = values.cpu().double().numpy()
    return as_floats
