"""A draw that learns from the batches: the meta-sampler of Balanced Meta-Softmax.

Ren, Yu, Sheng, Ma, Zhao, Yi and Li, "Balanced Meta-Softmax for Long-Tailed Visual
Recognition", NeurIPS 2020, section 3.3.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from trimtab.exceptions import check_number
from trimtab.sampling.epochs import RowsByClass

__all__ = ["BatchView", "LastLayer", "MetaDraw", "Slots", "meta_gradient"]

Floats = NDArray[np.float64]


class LastLayer(NamedTuple):
    """A network's last layer, and what comes into it.

    Attributes
    ----------
    inputs : Tensor of shape (n_replicas, n_rows, width)
        Of the rows that were asked for.
    weight : Tensor of shape (n_replicas, width, n_classes)
        Logits are ``inputs @ weight + bias``.
    bias : Tensor of shape (n_replicas, 1, n_classes)
    """

    inputs: Tensor
    weight: Tensor
    bias: Tensor


class BatchView(Protocol):
    """What a draw that learns may see of a training run, after each of its steps.

    Attributes
    ----------
    present : ndarray of int of shape (n_present,)
        The replicas that are still trained.
    by_class : RowsByClass
        Their training rows.
    generators : sequence of torch.Generator
        Their random streams.
    batch_size : int
        Rows of each replica in the step.
    """

    @property
    def present(self) -> NDArray[np.int64]: ...  # noqa: D102

    @property
    def by_class(self) -> RowsByClass: ...  # noqa: D102

    @property
    def generators(self) -> Sequence[torch.Generator]: ...  # noqa: D102

    @property
    def batch_size(self) -> int: ...  # noqa: D102

    def last_layer(self, rows: Tensor) -> tuple[LastLayer, Tensor]:
        """Return the last layer, what comes into it for some rows, and their classes.

        Parameters
        ----------
        rows : LongTensor of shape (n_present, n_rows)
            Numbers of training rows of each replica.
        """


class Slots(NamedTuple):
    """A batch that was drawn slot by slot.

    Attributes
    ----------
    classes : LongTensor of shape (n_replicas, n_slots)
        The class of each slot.
    soft : Tensor of shape (n_replicas, n_slots, n_classes)
        The softmax of which that class has the maximum: its gradient stands for that
        of the choice.
    """

    classes: Tensor
    soft: Tensor


def meta_gradient(
    drawn: LastLayer,
    slots: Slots,
    log_rates: Tensor,
    log_counts: Tensor,
    inputs: Tensor,
    targets: Tensor,
    step: float | Tensor,
    temperature: float | Tensor = 1.0,
) -> Tensor:
    """Return how the loss after a step goes with the log odds of the sampling rates.

    One step of gradient descent changes the last layer, on the slots under the balanced
    softmax. Each slot's loss is multiplied by its class's entry of the slot's choice:
    one, with the gradient of the softmax (straight-through). What is differentiated is
    the cross-entropy of the changed layer on other rows.

    For a linear layer no gradient of a gradient is needed: each slot contributes the
    product of its own gradient and that of the outer loss.

    Parameters
    ----------
    drawn : LastLayer
        The layer, and its inputs for the slots' rows.
    slots : Slots
        What was drawn.
    log_rates : Tensor of shape (n_replicas, n_classes)
        Log of each class's sampling rate, the sigmoid of its log odds.
    log_counts : Tensor of shape (n_replicas, n_classes)
        Log of each class's training rows.
    inputs : Tensor of shape (n_replicas, n_meta_rows, width)
        The layer's inputs for the rows of the outer loss.
    targets : LongTensor of shape (n_replicas, n_meta_rows)
        Their classes.
    step : float or Tensor of shape (n_replicas, 1)
        How far the layer is changed.
    temperature : float or Tensor of shape (n_replicas, 1), default=1.0
        Of the slots' softmax.

    Returns
    -------
    Tensor of shape (n_replicas, n_classes)
    """
    rows, weight, bias = drawn
    like: Any = {"device": weight.device, "dtype": weight.dtype}
    step = torch.as_tensor(step, **like) / slots.classes.shape[1]
    raised = torch.baddbmm(bias, rows, weight) + log_counts[:, None]
    inner = _surplus(raised, slots.classes)
    moved = weight - step[..., None] * (rows.mT @ inner)
    moved_bias = bias - step[..., None] * inner.sum(dim=1, keepdim=True)
    outer = _surplus(torch.baddbmm(moved_bias, inputs, moved), targets)
    outer = outer / targets.shape[1]
    by_weight, by_bias = inputs.mT @ outer, outer.sum(dim=1, keepdim=True)
    # How much the outer loss falls where a slot counts more.
    gain = ((rows @ by_weight + by_bias) * inner).sum(dim=2, keepdim=True)
    chosen = slots.classes[..., None]
    own = slots.soft.gather(2, chosen)
    one_hot = torch.zeros_like(slots.soft).scatter_(2, chosen, 1.0)
    by_logit = (gain * own * (one_hot - slots.soft)).sum(dim=1)
    by_logit = by_logit / torch.as_tensor(temperature, **like)
    return step * by_logit * torch.expm1(log_rates)


def _surplus(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the gradient of each row's cross-entropy by its logits."""
    probabilities = logits.softmax(dim=2)
    one = torch.ones_like(probabilities[..., :1])
    return probabilities.scatter_add(2, targets[..., None], -one)


@dataclass(eq=False)
class MetaDraw:
    """A sampling rate for each class, learned so that a step helps all classes alike.

    After each step of the training a batch is drawn at the present rates, the last
    layer takes a trial step on it under the balanced softmax, and the cross-entropy of
    a class-balanced batch of training rows says how the rates should change. With the
    loss ``"balanced-softmax"`` this is Balanced Meta-Softmax (BALMS).

    The paper trains in two stages: features on all rows as they are, then, with these
    kept, the last layer under the meta-sampler. Here both are trained at once, and the
    rates decide the rows of the next epoch, not of the next batch. The paper's choice
    among all rows by Gumbel-softmax is made class by class, then row by row: the same
    draw, but with a softmax over the classes.

    Parameters
    ----------
    learning_rate : float, default=0.01
        Of Adam, on the log odds of the rates.
    power : float, default=0.0
        At the start the rates go with the classes' rows to the power of minus this: 0
        draws them as they are, 1 balances them.
    head_step : float, default=0.1
        The size of the trial step.
    temperature : float, default=1.0
        Of the Gumbel-softmax: the lower, the more a slot's gradient is that of a hard
        choice.
    """

    learning_rate: float = 0.01
    power: float = 0.0
    head_step: float = 0.1
    temperature: float = 1.0
    n_rows: int | None = field(default=None, init=False, repr=False)
    without_replacement_share: float = field(default=0.0, init=False, repr=False)
    replacement: bool = field(default=True, init=False, repr=False)
    learns: bool = field(default=True, init=False, repr=False)
    _counts: Tensor = field(init=False, repr=False)
    _log_odds: Tensor = field(init=False, repr=False)
    _averages: tuple[Tensor, Tensor] = field(init=False, repr=False)
    _numbers: Tensor = field(init=False, repr=False)
    _n_steps: int = field(default=0, init=False, repr=False)

    def start(self, counts: ArrayLike, n_replicas: int) -> None:
        """Begin a training run; see `trimtab.sampling.draw.Draw.start`."""
        for name in ("learning_rate", "head_step", "temperature"):
            check_number(name, getattr(self, name), above=0)
        check_number("power", self.power, at_least=0)
        shape = n_replicas, np.asarray(counts).shape[-1]
        of_each = np.array(np.broadcast_to(counts, shape), dtype=np.float64)
        self._counts = torch.from_numpy(of_each)
        rows = self._counts.clamp(min=1)
        fewest = torch.where(self._counts > 0, rows, torch.inf).amin(1, keepdim=True)
        rates = 0.5 * (fewest / rows).clamp(max=1).pow(self.power)
        self._log_odds = rates.logit()
        self._averages = torch.zeros_like(rates), torch.zeros_like(rates)
        numbers = [self.learning_rate, self.head_step, self.temperature]
        self._numbers = torch.tensor(numbers).double().expand(n_replicas, 3)
        self._n_steps = 0

    @classmethod
    def side_by_side(cls, draws: Sequence["MetaDraw"]) -> "MetaDraw":
        """Return one draw for the replicas of all.

        Parameters
        ----------
        draws : sequence of MetaDraw
            Started. From now on they have what the returned draw learns.
        """
        whole = cls()
        for name in ("_counts", "_log_odds", "_numbers"):
            setattr(whole, name, torch.cat([getattr(draw, name) for draw in draws]))
        zeros = torch.zeros_like(whole._log_odds)
        whole._averages = zeros, zeros.clone()
        first = 0
        for draw in draws:
            last = first + len(draw._counts)
            draw._log_odds = whole._log_odds[first:last]
            first = last
        return whole

    def rates(self) -> Floats:
        """Return the sampling rate of each class, (n_replicas, n_classes)."""
        rates: Floats = self._log_odds.sigmoid().numpy()
        return rates

    def probabilities(self) -> Floats:
        """Return how often each class is drawn, (n_replicas, n_classes)."""
        wanted = self._counts * self._log_odds.sigmoid()
        probabilities: Floats = (wanted / wanted.sum(dim=1, keepdim=True)).numpy()
        return probabilities

    def update(self, scores: ArrayLike, support: ArrayLike | None = None) -> None:
        """Ignore what was measured on held-out rows."""

    @torch.no_grad()
    def learn(self, view: BatchView) -> None:
        """Change the rates after a step of the training.

        Parameters
        ----------
        view : BatchView
            What can be seen of the training.
        """
        present = torch.from_numpy(view.present)
        counts, log_odds = self._counts[present], self._log_odds[present]
        numbers = self._numbers[present]
        steps, temperatures = numbers[:, 1:2], numbers[:, 2:]
        log_rates = torch.nn.functional.logsigmoid(log_odds)
        where = view.by_class.order.device
        logits = (counts.log() + log_rates).to(where)
        slots, rows = _drawn(view, logits, temperatures.to(where))
        layer, classes = view.last_layer(rows)
        like: Any = {"device": layer.weight.device, "dtype": layer.weight.dtype}
        gradient = meta_gradient(
            layer._replace(inputs=layer.inputs[:, : view.batch_size]),
            Slots(slots.classes.to(layer.weight.device), slots.soft.to(**like)),
            log_rates.to(**like),
            counts.clamp(min=1).log().to(**like),
            layer.inputs[:, view.batch_size :],
            classes[:, view.batch_size :],
            steps,
            temperatures,
        )
        self._follow(gradient.cpu().double(), present)

    def _follow(self, gradient: Tensor, present: Tensor) -> None:
        """Take a step of Adam on the log odds of the present replicas."""
        self._n_steps += 1
        mean, square = self._averages
        mean[present] = torch.lerp(mean[present], gradient, 0.1)
        square[present] = torch.lerp(square[present], gradient**2, 0.001)
        unbiased = mean[present] / (1 - 0.9**self._n_steps)
        size = (square[present] / (1 - 0.999**self._n_steps)).sqrt() + 1e-8
        rate = self._numbers[present, :1]
        self._log_odds[present] -= rate * unbiased / size


def _drawn(
    view: BatchView, logits: Tensor, temperature: Tensor
) -> tuple[Slots, Tensor]:
    """Draw a batch at the present rates, and as many rows of all classes alike.

    Of the first, each slot's class by Gumbel-softmax; then a row of the class.
    """
    (n_replicas, n_classes), n_slots = logits.shape, view.batch_size
    noise = torch.empty(
        (n_replicas, n_slots, n_classes + 3), dtype=torch.double, device=logits.device
    )
    for own, generator in zip(noise, view.generators, strict=True):
        own.uniform_(generator=generator)
    gumbel = -(-noise[..., 3:].clamp(min=1e-300).log()).log()
    noisy = logits[:, None] + gumbel
    chosen = noisy.argmax(dim=2)
    counts = view.by_class.counts.expand(n_replicas, -1)
    n_present = (counts > 0).sum(dim=1, keepdim=True)
    places = torch.arange(n_slots, device=logits.device) + noise[:, :1, 0]
    turns = (places * n_present / n_slots).long().clamp(max=n_present - 1)
    present_first = (counts == 0).byte().argsort(dim=1, stable=True)
    classes = torch.cat([chosen, present_first.gather(1, turns)], dim=1)
    first = (counts.cumsum(dim=1) - counts).gather(1, classes)
    share = torch.cat([noise[..., 1], noise[..., 2]], dim=1)
    place = (share * counts.gather(1, classes)).long()
    rows = view.by_class.order.expand(n_replicas, -1).gather(1, first + place)
    return Slots(chosen, (noisy / temperature[..., None]).softmax(dim=2)), rows
