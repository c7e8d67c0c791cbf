"""What changes from epoch to epoch while replicas are trained."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trimtab.exceptions import InputError
from trimtab.losses import Loss, RowLoss
from trimtab.losses.stacked_loss import StackedLoss
from trimtab.random_streams import DRAWS, generator_for
from trimtab.sampling.draw import RowsByClass, epoch_rows
from trimtab.synthesis.made_batches import (
    DrawnEpoch,
    LearnedSynthesis,
    MadeBatch,
    Remembers,
    SeesHeldOut,
    repeated_rows,
)
from trimtab.synthesis.step_taking import TakesSteps
from trimtab.training.batch_view import RunView
from trimtab.training.class_scores import (
    class_f1,
    confusion_matrices,
    rare_average_precision,
    score_classes,
)
from trimtab.training.device_rows import DeviceRows
from trimtab.training.early_stopping import EarlyStopping
from trimtab.training.replica_optimizer import PER_REPLICA, ReplicaAdamW, ReplicaSGD
from trimtab.training.step_view import RunStepView

if TYPE_CHECKING:
    from trimtab.training.trainer import Trainer

__all__ = ["Record", "TrainingRun"]

Record = dict[str, Any]
"""What is known of one epoch of one replica."""


class TrainingRun:
    """One call of `Trainer.fit`.

    Parameters
    ----------
    trainer : Trainer
        Its settings, network, draw and loss.
    rows : DeviceRows
        Training rows.
    held : DeviceRows or None
        Held-out rows.
    seeds : sequence of int
        One seed per replica.
    n_classes : int
        Number of classes.
    weight_held : array-like of shape (n_held_out_rows,) or (R, that), or None
        How many rows each held-out row stands for.

    Attributes
    ----------
    stopping : EarlyStopping
        Which replicas are still running, and the best weights of each.
    present : ndarray of int
        The replicas that the network holds at this moment, in its order.
    """

    def __init__(
        self,
        trainer: "Trainer",
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
        self.n_replicas = len(seeds)
        self.present = np.arange(len(seeds))
        self.scores = np.zeros((len(seeds), n_classes))
        # The draw works in double precision, which MPS has not.
        where = torch.device("cpu") if rows.device.type == "mps" else rows.device
        codes = rows.own_codes(self._positions(rows))
        self.by_class = RowsByClass.of(codes.to(where), n_classes)
        self.generators = [generator_for(seed, DRAWS, where) for seed in seeds]
        self.weight_held = _weights(weight_held, held, len(seeds))
        self.support: NDArray[np.int64] | None = None
        if held is not None:
            codes = held.own_codes(self._positions(held))
            counted = RowsByClass.of(codes, n_classes).counts
            self.support = counted.cpu().numpy()
        self._start_draw_and_loss()
        if trainer.synthesis is not None:
            trainer.synthesis.start(rows)
        if isinstance(trainer.synthesis, SeesHeldOut):
            trainer.synthesis.see_held_out(held)
        self._start_optimizer()

    def _start_draw_and_loss(self) -> None:
        counts = self.by_class.counts
        alike = bool((counts == counts[0]).all())
        if alike:
            counts = counts[0]
        # Other losses that were told each replica's own counts cannot let it go.
        self.lets_go = alike or isinstance(self.trainer.loss, StackedLoss)
        self.trainer.draw.start(counts.cpu().numpy(), len(self.present))
        self.trainer.loss.start(counts.to(self.rows.device), self.trainer.max_epochs)
        changes = getattr(self.trainer.loss, "changes_at", 0)
        self.stopping.first_epochs[:] = 1 + np.asarray(changes)

    def _start_optimizer(self) -> None:
        rate, decay = self.trainer.learning_rate_init, self.trainer.weight_decay
        self.rates = np.broadcast_to(rate, len(self.present))
        decays = np.broadcast_to(decay, len(self.present))
        parameters = self.network.parameters()
        own: dict[str, Any] = {}
        if is_adam := self.trainer.optimizer == "adamw":
            own["betas"] = (self.trainer.beta_1, 0.999)
        self.optimizer: torch.optim.Optimizer
        if len(set(self.rates)) == len(set(decays)) == 1:
            own |= {"lr": float(self.rates[0]), "weight_decay": float(decays[0])}
            kind: Any = torch.optim.AdamW if is_adam else torch.optim.SGD
            self.optimizer = kind(parameters, **own, fused=True)
        else:
            kind = ReplicaAdamW if is_adam else ReplicaSGD
            self.optimizer = kind(parameters, self.rates, decays, **own)
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
        learning_rates = self._learning_rates()
        self.trainer.loss.epoch(number - 1)
        columns["train_loss"] = self._train(drawn)
        synthesis: Any = self.trainer.synthesis
        if isinstance(synthesis, TakesSteps):
            own = synthesis.epoch_columns(present)
            columns["rows_per_class"] += own.pop("rows_per_class")
            columns |= own
        if self.scheduler is not None:
            self.scheduler.step()
        if self.held is not None:
            columns |= self._measure(self.held)
            losses = self._to_be_low(number, columns)
            self.stopping.update(number, self.network, present, losses)
            if isinstance(synthesis, Remembers):
                synthesis.remember(np.flatnonzero(self.stopping.best_epochs == number))
            self.scores[present] = columns["class_scores"]
            draw.update(self.scores.copy(), self.support)
            self._let_go()
        return [
            {
                "epoch": number,
                "replica": int(present[position]),
                "learning_rate": float(learning_rates[position]),
                **{name: values[position] for name, values in columns.items()},
            }
            for position in np.flatnonzero(running).tolist()
        ]

    def _to_be_low(
        self, number: int, columns: dict[str, NDArray[Any]]
    ) -> NDArray[np.float64]:
        """Return the present replicas' numbers of which the lowest is kept."""
        losses: NDArray[np.float64] = columns["held_out_loss"]
        if self.trainer.selection == "loss":
            return losses
        to_be_high: Any = number
        if self.trainer.selection == "macro-f1":
            to_be_high = columns["class_f1"].mean(axis=1)
            # On few rows scores are often equal: then the loss tells.
            to_be_high -= 1e-6 * losses / (1 + losses)
        elif self.trainer.selection == "average-precision":
            to_be_high = columns["held_out_average_precision"]
        return np.where(np.isfinite(losses), -to_be_high, np.inf)

    def _learning_rates(self) -> NDArray[np.float64]:
        """Return the present replicas' learning rates in this epoch."""
        rate: float = self.optimizer.param_groups[0]["lr"]
        if isinstance(self.optimizer, PER_REPLICA):
            return rate * self.rates[self.present]
        return np.full(len(self.present), rate)

    def _draw(self, probabilities: NDArray[np.float64]) -> Tensor:
        draw, present = self.trainer.draw, self.present
        drawn = epoch_rows(
            self.by_class,
            probabilities,
            self.rows.n_rows if draw.n_rows is None else draw.n_rows,
            self.generators,
            without_replacement_share=_of_present(
                draw.without_replacement_share, present
            ),
            replacement=_of_present(draw.replacement, present),
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

    def _logits(self, inputs: Tensor) -> Tensor:
        logits: Tensor
        if not (self.trainer.amp and inputs.is_cuda):
            logits = self.network(inputs)
            return logits
        with torch.autocast("cuda", dtype=torch.bfloat16):
            logits = self.network(inputs)
        return logits.float()

    def _train(self, drawn: Tensor) -> NDArray[np.float64]:
        """Train one epoch; return each replica's mean loss on the rows it saw."""
        self.network.train()
        total = torch.zeros(len(drawn), dtype=torch.float, device=self.rows.device)
        n_seen = 0
        parameters = list(self.network.parameters())
        learner: Any = self.trainer.draw
        view = RunView(self) if getattr(learner, "learns", False) else None
        synthesis: Any = self.trainer.synthesis
        stepper = synthesis if isinstance(synthesis, TakesSteps) else None
        steps = RunStepView(self) if stepper else None
        for batch in self._batches(drawn):
            inputs, targets, weights = batch
            for parameter in parameters:
                parameter.grad = None
            if stepper is None or steps is None:
                losses = self.trainer.loss(self._logits(inputs), targets, weights)
                losses.sum().backward()  # type: ignore[no-untyped-call]
            else:
                losses = stepper.step(steps, batch)
            self.optimizer.step()
            total += losses.detach() * targets.shape[1]
            n_seen += targets.shape[1]
            if view is not None:
                view.batch_size = targets.shape[1]
                learner.learn(view)
        return _numbers(total / n_seen)

    def _batches(self, drawn: Tensor) -> Iterator[MadeBatch]:
        """Yield the drawn rows; with a synthesis, the repeated ones made anew."""
        synthesis, size = self.trainer.synthesis, self.trainer.batch_size
        replicas = self._positions(self.rows)
        if synthesis is None:
            for inputs, targets in self.rows.batches(drawn, replicas, size):
                yield MadeBatch(inputs, targets)
            return
        yield from synthesis.batches(
            DrawnEpoch(
                self.rows, drawn, repeated_rows(drawn), replicas, self.generators, size
            )
        )

    @torch.no_grad()
    def _measure(self, held: DeviceRows) -> dict[str, NDArray[np.float64]]:
        """Measure every replica on the held-out rows."""
        self.network.eval()
        replicas = self._positions(held)
        parts = [self._logits(inputs) for inputs in held.in_order(replicas)]
        logits = torch.cat(parts, dim=1)
        codes, predicted = held.own_codes(replicas), logits.argmax(dim=2)
        weight = self.weight_held
        if weight is not None:
            weight = weight.expand(self.n_replicas, -1)[replicas]
        losses = _over_all_rows(
            self.trainer.loss, logits, codes.expand(predicted.shape), weight
        )
        matrices = confusion_matrices(codes, predicted, self.n_classes, weight)
        confusion = matrices.cpu().numpy()
        measured = {}
        if self.trainer.selection == "average-precision":
            measured["held_out_average_precision"] = rare_average_precision(
                codes.cpu().numpy(),
                logits.float().softmax(dim=2).cpu().numpy(),
                None if weight is None else weight.cpu().numpy(),
            )
        return {
            "held_out_loss": _numbers(losses),
            "class_f1": class_f1(confusion),
            "class_scores": score_classes(
                self.trainer.metric, confusion, codes, predicted
            ),
            **measured,
        }

    def _let_go(self) -> None:
        """Spend no more time on replicas that have stopped."""
        running = self.stopping.running[self.present]
        if not self.lets_go or running.all() or not running.any():
            return
        positions = torch.from_numpy(np.flatnonzero(running))
        self.network.keep(positions, self.optimizer)
        for part in (self.optimizer, self.trainer.loss):
            if isinstance(part, (*PER_REPLICA, StackedLoss)):
                part.keep(positions)
        self.generators = [self.generators[i] for i in positions.tolist()]
        self.by_class = self.by_class.of_replicas(positions.numpy())
        self.present = self.present[running]

    def finish(self, last_epoch: int) -> NDArray[np.int64]:
        """Leave every replica with its best weights; return the epochs of those."""
        if self.held is None:
            best = np.full(len(self.present), last_epoch)
        else:
            self.stopping.restore(self.network)
            best = self.stopping.best_epochs
        if isinstance(self.trainer.synthesis, LearnedSynthesis):
            self.trainer.synthesis.finish()
        self.network.zero_grad(set_to_none=True)
        self.network.eval()
        return best


def _weights(
    weight_held: Any, held: DeviceRows | None, n_replicas: int
) -> Tensor | None:
    if weight_held is None:
        return None
    weights = np.asarray(weight_held, dtype=np.float32)
    n_rows = 0 if held is None else held.n_rows
    if held is None or weights.shape not in {(n_rows,), (n_replicas, n_rows)}:
        raise InputError(
            f"the held-out weights have the shape {weights.shape}: give one for each "
            f"of the {n_rows} held-out rows"
        )
    bad = ~(np.isfinite(weights) & (weights >= 0))
    if bad.any():
        raise InputError(
            f"the held-out weights hold {weights[bad][0]}: give finite numbers, not "
            "negative"
        )
    return torch.from_numpy(weights).to(held.device)


def _of_present(value: Any, present: NDArray[np.int64]) -> Any:
    """Return the present replicas' values of what may be one number for all."""
    return value if np.ndim(value) == 0 else value[present]


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
