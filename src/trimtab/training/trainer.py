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

from trimtab.denormals import denormals_as_zero
from trimtab.exceptions import InputError, check_count, check_number
from trimtab.losses import Loss, get_loss
from trimtab.sampling.draw import Draw, get_draw
from trimtab.synthesis.in_loop import get_synthesis
from trimtab.synthesis.made_batches import Synthesis
from trimtab.training.device_rows import DeviceRows, as_inputs, resolve_device
from trimtab.training.held_out import SELECTIONS, ClassMetric
from trimtab.training.replica_network import ReplicaNetwork, StackedNetwork
from trimtab.training.training_run import Record, TrainingRun

__all__ = ["Trainer"]


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
    synthesis : str, Synthesis or None, default=None
        What takes the place of rows that an epoch repeats, see
        `trimtab.synthesis.in_loop`.
    metric : {"f1", "precision", "recall"} or callable, default="f1"
        What the draw is told of each class. A callable is given the true codes, the
        predicted codes and the number of classes, and returns one number in [0, 1] for
        each class.
    learning_rate_init : float or sequence of one for each replica, default=0.001
        In the first epoch. Replicas whose learning rate or weight decay
        differs must be stacked, see `trimtab.training.replica_network.StackedNetwork`.
    beta_1 : float in [0, 1), default=0.9
        How much of the mean slope of earlier steps ``"adamw"`` keeps.
    weight_decay : float or sequence of one for each replica, default=0.01
        On all parameters.
    optimizer : {"adamw", "sgd"}, default="adamw"
        ``"sgd"`` is plain gradient descent, without momentum.
    selection : str, default="loss"
        What tells the best epoch on the held-out rows: ``"loss"``, the lowest;
        ``"average-precision"``, the highest, the mean over all classes but the largest;
        ``"macro-f1"``, the highest mean of all classes' F1, and of equal ones the
        lowest loss; or nothing does and it is the ``"last"``.
    schedule : {"cosine", "constant"}, default="cosine"
        Whether the learning rate falls to 0 along half a cosine over `max_epochs`.
    max_epochs : int, default=200
        The largest number of epochs.
    batch_size : int, default=64
        Rows of each replica in a step, at most: an epoch is cut into equal batches.
    n_iter_no_change : int or None, default=10
        A replica stops after so many epochs without a better one, see `selection`, and
        no longer changes. None: never. In either case it ends with the weights of its
        best epoch.
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
        synthesis: str | Synthesis | None = None,
        metric: ClassMetric = "f1",
        learning_rate_init: float | Sequence[float] = 0.001,
        beta_1: float = 0.9,
        weight_decay: float | Sequence[float] = 0.01,
        optimizer: str = "adamw",
        selection: str = "loss",
        schedule: str = "cosine",
        max_epochs: int = 200,
        batch_size: int = 64,
        n_iter_no_change: int | None = 10,
        device: str | torch.device = "auto",
        amp: bool = False,
        device_room: float | None = None,
        callback: Callable[[list[Record]], Any] | None = None,
    ) -> None:
        for rate in _of_replicas("learning_rate_init", learning_rate_init, network):
            check_number("learning_rate_init", rate, above=0)
        for decay in _of_replicas("weight_decay", weight_decay, network):
            check_number("weight_decay", decay, at_least=0)
        check_number("beta_1", beta_1, at_least=0, below=1)
        check_count("max_epochs", max_epochs)
        check_count("batch_size", batch_size)
        if n_iter_no_change is not None:
            check_count("n_iter_no_change", n_iter_no_change)
        _check_choice("schedule", schedule, "cosine", "constant")
        _check_choice("optimizer", optimizer, "adamw", "sgd")
        _check_choice("selection", selection, *SELECTIONS)
        self.network = network
        self.draw = get_draw(draw)
        self.loss = get_loss(loss)
        self.synthesis = get_synthesis(synthesis)
        self.metric = metric
        self.learning_rate_init = learning_rate_init
        self.beta_1 = beta_1
        self.weight_decay = weight_decay
        self.optimizer = optimizer
        self.selection = selection
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
        set_of: Sequence[int] | None = None,
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
            How many rows each held-out row stands for. With a replica axis, of each
            replica's own held-out rows.
        set_of : sequence of int of length R, default=None
            Which of the sets of rows along the first axis of `X` and of `X_held` is
            each replica's, where several replicas share one.

        Returns
        -------
        list of dict
            One record per epoch and replica that was still running, with ``epoch``
            (from 1), ``replica``, ``learning_rate``, ``class_probabilities`` (drawn),
            ``rows_per_class`` (seen), ``train_loss`` and, with held-out rows,
            ``held_out_loss``, ``class_f1`` and ``class_scores`` (of `metric`), by
            `selection` ``held_out_average_precision``.

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
        rows = self._on_device(X, codes, set_of)
        held = None
        if X_held is not None:
            held = self._on_device(X_held, codes_held, set_of)
        if n_classes is None:
            n_classes = 1 + max(int(p.codes.max()) for p in (rows, held) if p)
        run = TrainingRun(self, rows, held, seeds, n_classes, weight_held)
        self.history_: list[Record] = []
        with denormals_as_zero():
            for epoch in range(1, self.max_epochs + 1):
                records = run.epoch(epoch)
                self.history_ += records
                told_to_end = self.callback is not None and self.callback(records)
                if told_to_end or not run.stopping.running.any():
                    break
        self.best_epochs_ = run.finish(epoch)
        self.seen_ = self._rows_seen(n_classes)
        return self.history_

    def _on_device(
        self, X: Any, codes: Any, set_of: Sequence[int] | None
    ) -> DeviceRows:
        return DeviceRows(as_inputs(X), codes, self.device, self.device_room, set_of)

    def _rows_seen(self, n_classes: int) -> NDArray[np.float64]:
        seen = np.zeros((len(self.best_epochs_), n_classes))
        for record in self.history_:
            if record["epoch"] <= self.best_epochs_[record["replica"]]:
                seen[record["replica"]] += record["rows_per_class"]
        return seen


def _check_choice(name: str, value: Any, *choices: str) -> None:
    if value not in choices:
        *others, last = map(repr, choices)
        given = ", ".join(others)
        raise InputError(f"{name} is {value!r}: give {given} or {last}")


def _of_replicas(name: str, value: Any, network: ReplicaNetwork) -> list[Any]:
    """Return one number for all replicas, or one for each, as a list."""
    if not isinstance(value, (list, tuple, np.ndarray)):
        return [value]
    if len(value) != network.n_replicas:
        raise InputError(
            f"{name} has {len(value)} numbers for {network.n_replicas} replicas: give "
            "one for each, or one for all"
        )
    if len(set(value)) > 1 and not isinstance(network, StackedNetwork):
        raise InputError(
            f"{name} differs between replicas, which takes a stacked network: give "
            f"{type(network).__name__} one number for all"
        )
    return list(value)
