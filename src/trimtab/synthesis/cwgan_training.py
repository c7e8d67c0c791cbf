"""Trains the generators of conditional Wasserstein GANs, several side by side.

A step of networks as small as these costs by the call as much as by the row: eight GANs
that are trained as one cost what two to four cost in turn, the more the wider the table
(``benchmarks/bench_gans.py``).
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from trimtab.denormals import denormals_as_zero
from trimtab.random_streams import (
    DRAWS,
    FIRST_NOISE,
    INITIAL_WEIGHTS,
    generator_for,
    uniform,
)
from trimtab.synthesis.cwgan_networks import (
    Critic,
    auxiliary_classifier,
    class_penalty,
    generator,
    gradient_penalty,
)

__all__ = ["GANSettings", "GANTask", "rows_of_classes", "trained_generators"]

AUXILIARY_SHARE = 0.1
"""What the auxiliary classifier's verdict weighs, of the critic's."""

AUXILIARY_RATE, AUXILIARY_EPOCHS = 5e-4, 30


@dataclass(frozen=True)
class GANSettings:
    """How a GAN is trained: see `trimtab.synthesis.cwgan.CWGANOverSampler`."""

    max_iter: int
    batch_size: int
    n_critic: int
    learning_rate_init: float
    penalty: float
    n_noise: int


@dataclass(frozen=True, eq=False)
class GANTask:
    """What one generator is trained on.

    Attributes
    ----------
    rows : FloatTensor of shape (n_rows, n_columns)
        In [0, 1].
    codes : LongTensor of shape (n_rows,)
        Their classes.
    n_classes : int
        How many there are.
    settings : GANSettings
        How it is trained.
    seed : int
        Decides everything.
    """

    rows: Tensor
    codes: Tensor
    n_classes: int
    settings: GANSettings
    seed: int

    @property
    def structure(self) -> tuple[object, ...]:
        """What is equal for generators that can be trained side by side."""
        return self.rows.shape, self.n_classes, self.settings

    def equals(self, other: "GANTask") -> bool:
        """Tell whether both train the same generator."""
        return (
            (self.structure, self.seed) == (other.structure, other.seed)
            and torch.equal(self.codes, other.codes)
            and torch.equal(self.rows, other.rows)
        )


def trained_generators(tasks: Sequence[GANTask]) -> list[nn.Module]:
    """Train a generator for each task, those of one structure in one run.

    Parameters
    ----------
    tasks : sequence of GANTask
        Each is trained by its own random streams, with or without others beside it:
        the same result but for rounding.

    Returns
    -------
    list of module
        Each maps noise and classes, ``(1, n, n_noise + n_classes)``, to rows
        ``(1, n, n_columns)``.
    """
    groups: dict[object, list[int]] = {}
    for position, task in enumerate(tasks):
        groups.setdefault(task.structure, []).append(position)
    trained: dict[int, nn.Module] = {}
    for group in groups.values():
        with denormals_as_zero():
            makers = _Training([tasks[position] for position in group]).run()
        for replica, position in enumerate(group):
            trained[position] = _one_of(makers, replica)
    return [trained[position] for position in range(len(tasks))]


def _one_of(makers: nn.Module, replica: int) -> nn.Module:
    """Return a network of one replica's weights."""
    own = {id(p): nn.Parameter(p.data[[replica]]) for p in makers.parameters()}
    return deepcopy(makers, own).eval().requires_grad_(False)


@torch.no_grad()
def rows_of_classes(maker: nn.Module, codes: Tensor, task: GANTask) -> Tensor:
    """Make rows of the classes that are wanted.

    Parameters
    ----------
    maker : module
        A generator of `trained_generators`.
    codes : LongTensor of shape (n,)
        The classes.
    task : GANTask
        What it was trained on.

    Returns
    -------
    Tensor of shape (n, n_columns)
        In [0, 1].
    """
    noise = uniform(
        (len(codes), task.settings.n_noise), [generator_for(task.seed, FIRST_NOISE)]
    )
    wanted = one_hot(codes, task.n_classes).float()[None]
    made: Tensor = maker(torch.cat([noise, wanted], dim=2))[0]
    return made.clamp_(0, 1)


class _Training:
    """A critic, a generator and an auxiliary classifier for each of some tasks."""

    def __init__(self, tasks: Sequence[GANTask]) -> None:
        first = tasks[0]
        self.settings, self.n_classes = first.settings, first.n_classes
        self.rows = torch.stack([task.rows for task in tasks])
        self.codes = torch.stack([task.codes for task in tasks])
        self.streams = [generator_for(task.seed, DRAWS) for task in tasks]
        weights = [generator_for(task.seed, INITIAL_WEIGHTS) for task in tasks]
        n_columns = self.rows.shape[2]
        sizes = n_columns, self.n_classes
        self.judge = Critic(*sizes, weights, self.streams)
        self.maker = generator(
            self.settings.n_noise, self.n_classes, n_columns, weights
        )
        self.verdict = auxiliary_classifier(*sizes, weights)
        self._replicas = torch.arange(len(tasks))[:, None]

    def run(self) -> nn.Module:
        """Return the generators, trained."""
        self._train_verdict()
        of_judge, of_maker = (
            torch.optim.Adam(
                one.parameters(),
                self.settings.learning_rate_init,
                betas=(0.0, 0.9),
                fused=True,
            )
            for one in (self.judge, self.maker)
        )
        for n_steps, batch in enumerate(self._batches(self.settings.max_iter), start=1):
            _step(of_judge, self._critic_loss(*batch))
            if n_steps % self.settings.n_critic == 0:
                _step(of_maker, self._generator_loss())
        return self.maker

    def _batches(self, n_epochs: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield rows and classes, each replica's in an order of its own."""
        n_rows = self.rows.shape[1]
        for _ in range(n_epochs):
            orders = [torch.randperm(n_rows, generator=own) for own in self.streams]
            for some in torch.split(torch.stack(orders), self.settings.batch_size, 1):
                yield self.rows[self._replicas, some], self.codes[self._replicas, some]

    def _made(self, labels: Tensor) -> Tensor:
        noise = uniform((labels.shape[1], self.settings.n_noise), self.streams)
        made: Tensor = self.maker(torch.cat([noise, labels], dim=2))
        return made

    def _labels(self, codes: Tensor) -> Tensor:
        return one_hot(codes, self.n_classes).float()

    def _critic_loss(self, rows: Tensor, codes: Tensor) -> Tensor:
        labels = self._labels(codes)
        with torch.no_grad():
            made = self._made(labels)
        # So small a network costs by the call: both in one.
        twice = torch.cat([labels, labels], dim=1)
        scores = self.judge(torch.cat([rows, made], dim=1), twice)
        of_real, of_made = scores.chunk(2, dim=1)
        distance = of_real.mean(dim=1) - of_made.mean(dim=1)
        share = uniform((rows.shape[1], 1), self.streams)
        between = torch.lerp(made, rows, share)
        penalty = gradient_penalty(self.judge, between, labels)
        losses: Tensor = self.settings.penalty * penalty - distance
        return losses

    def _generator_loss(self) -> Tensor:
        n_rows, size = self.rows.shape[1], (self.settings.batch_size,)
        drawn = [torch.randint(n_rows, size, generator=own) for own in self.streams]
        codes = self.codes.gather(1, torch.stack(drawn))
        labels = self._labels(codes)
        made = self._made(labels)
        loss = -self.judge(made, labels).mean(dim=1)
        weight = AUXILIARY_SHARE * loss.detach().abs()
        losses: Tensor = loss + weight * class_penalty(self.verdict(made), codes)
        return losses

    def _train_verdict(self) -> None:
        """Train the auxiliary classifiers on the rows, and freeze them."""
        weights = self.verdict.parameters()
        optimizer = torch.optim.Adam(weights, AUXILIARY_RATE, fused=True)
        n_epochs = min(AUXILIARY_EPOCHS, self.settings.max_iter)
        for rows, codes in self._batches(n_epochs):
            logits = self.verdict(rows).transpose(1, 2)
            losses = cross_entropy(logits, codes, reduction="none").mean(dim=1)
            _step(optimizer, losses)
        self.verdict.requires_grad_(False)


def _step(optimizer: torch.optim.Optimizer, losses: Tensor) -> None:
    """Step each replica by its own loss: no weight is of two."""
    optimizer.zero_grad(set_to_none=True)
    losses.sum().backward()  # type: ignore[no-untyped-call]
    optimizer.step()
