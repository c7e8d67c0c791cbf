"""What can be decided about a row to be made, and what each choice does.

A decision has options; a small network chooses among them, row by row or cohort by
cohort, see `trimtab.synthesis.learned_rows`. What an option does is said here, and has
nothing to learn: another criterion is one more class, another way to combine a row with
its neighbours one more function.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from numbers import Integral
from typing import Any, ClassVar

import torch
from torch import Tensor

from trimtab.exceptions import InputError, nearest_names

__all__ = [
    "AGGREGATIONS",
    "DECISIONS",
    "PAPER_AGGREGATIONS",
    "USUAL_DECISIONS",
    "Aggregation",
    "Decision",
    "Draft",
    "NeighbourCount",
    "Participation",
    "aggregation",
    "get_decisions",
    "outcomes",
]

N_NOISE = 8
"""Uniform random numbers that come with each row to be made."""


@dataclass(frozen=True)
class Draft:
    """Rows on their way to be made.

    Attributes
    ----------
    rows : Tensor of shape (n, n_columns)
        The rows that they are made of.
    neighbours : Tensor of shape (n, k, n_columns)
        Neighbours of their class, nearest first, 1 or more.
    noise : Tensor of shape (n, 8)
        Uniform random numbers in [0, 1), for options that leave something to chance:
        what does not look at them is taken to be the same in every epoch.
    made : Tensor of shape (n, n_columns)
        What has become of the rows so far.
    """

    rows: Tensor
    neighbours: Tensor
    noise: Tensor
    made: Tensor

    @property
    def family(self) -> Tensor:
        """The rows and their neighbours, (n, 1 + k, n_columns)."""
        return torch.cat([self.rows[:, None], self.neighbours], dim=1)


class Decision:
    """Something to be decided; subclasses say what.

    Attributes
    ----------
    name : str
        What the column of ``decisions_`` is called.
    options : tuple
        What there is to choose among: text, numbers or truth values.
    shapes : bool
        Whether options change the row that is made, by `take`; otherwise what it
        counts for, by `weight`.
    n_neighbours : int
        How many neighbours the options look at, at most.
    n_hidden : int
        Units of the hidden layer of the network that decides.
    """

    name: ClassVar[str]
    shapes: ClassVar[bool] = True
    n_hidden: ClassVar[int] = 16
    options: tuple[Any, ...]

    @property
    def n_neighbours(self) -> int:
        """How many neighbours the options look at; 0 for as many as there are."""
        return 0

    def take(self, option: Any, draft: Draft) -> Draft:
        """Return what becomes of rows under an option."""
        return draft

    def weight(self, option: Any) -> float:
        """Return what a made row counts for in the loss under an option."""
        return 1.0

    def check(self) -> None:
        """Raise an `InputError` where an option is none."""
        if not self.options:
            raise InputError(f"{self.name} has no options: give one or more")


@dataclass(frozen=True)
class Participation(Decision):
    """Whether a row is made at all; one that is not weighs nothing.

    Parameters
    ----------
    options : tuple of bool, default=(False, True)
        With one option it is decided beforehand.
    """

    name: ClassVar[str] = "participation"
    shapes: ClassVar[bool] = False
    options: tuple[Any, ...] = (False, True)

    def weight(self, option: Any) -> float:
        """Return 1 for a row that takes part, else 0."""
        return float(option)


@dataclass(frozen=True)
class NeighbourCount(Decision):
    """How many of the nearest neighbours a row is combined with.

    Parameters
    ----------
    options : tuple of int, default=(1, 2, 3, 4, 5, 6)
        In a class of fewer rows, all others of the class.
    """

    name: ClassVar[str] = "neighbours"
    options: tuple[Any, ...] = (1, 2, 3, 4, 5, 6)

    @property
    def n_neighbours(self) -> int:
        """The largest option."""
        return int(max(self.options))

    def take(self, option: Any, draft: Draft) -> Draft:
        """Leave the nearest neighbours only."""
        return replace(draft, neighbours=draft.neighbours[:, :option])

    def check(self) -> None:
        """Raise an `InputError` where an option is no whole number, 1 or more."""
        super().check()
        for option in self.options:
            if not isinstance(option, Integral) or option < 1:
                raise InputError(
                    f"neighbours has the option {option!r}: give whole numbers, 1 or "
                    "more"
                )


Combine = Callable[[Draft], Tensor]

AGGREGATIONS: dict[str, Combine] = {}
"""The ways, by name, to combine rows with their neighbours."""


def aggregation(name: str) -> Callable[[Combine], Combine]:
    """Register a way to combine rows with their neighbours.

    Parameters
    ----------
    name : str
        For the options of `Aggregation`.

    Returns
    -------
    callable
        Decorates a function that is given a `Draft` and returns the rows that are
        made, of shape (n, n_columns). It must not change the draft.

    Examples
    --------
    >>> @aggregation("median")
    ... def median(draft):
    ...     return draft.family.median(dim=1).values
    >>> "median" in Aggregation(("linear", "median")).options
    True
    >>> del AGGREGATIONS["median"]
    """

    def register(combine: Combine) -> Combine:
        AGGREGATIONS[name] = combine
        return combine

    return register


@aggregation("linear")
def _linear(draft: Draft) -> Tensor:
    """Go any part of the way from the row to one of its neighbours: SMOTE."""
    k = draft.neighbours.shape[1]
    chosen = (draft.noise[:, 0] * k).long().clamp(max=k - 1)
    there = draft.neighbours[torch.arange(len(chosen), device=chosen.device), chosen]
    return torch.lerp(draft.rows, there, draft.noise[:, 1:2])


@aggregation("minimum")
def _minimum(draft: Draft) -> Tensor:
    """Take the smallest of each column."""
    return draft.family.amin(dim=1)


@aggregation("maximum")
def _maximum(draft: Draft) -> Tensor:
    """Take the largest of each column."""
    return draft.family.amax(dim=1)


@aggregation("sum")
def _sum(draft: Draft) -> Tensor:
    """Take the sum of each column."""
    return draft.rows + draft.neighbours.sum(dim=1)


@aggregation("sum of offsets")
def _sum_of_offsets(draft: Draft) -> Tensor:
    """Go from the row all the ways to its neighbours, one after another."""
    away = draft.neighbours - draft.rows[:, None]
    return draft.rows + away.sum(dim=1)


@aggregation("average")
def _average(draft: Draft) -> Tensor:
    """Take the mean of each column."""
    return draft.family.mean(dim=1)


@aggregation("weighted average")
def _weighted_average(draft: Draft) -> Tensor:
    """Take the mean, where what is nearer counts more.

    What is as far as the neighbours are on average counts half of the row itself.
    """
    away = (draft.family - draft.rows[:, None]).norm(dim=2)
    usual = away[:, 1:].mean(dim=1, keepdim=True)
    weights = 1 / (1 + away / torch.where(usual > 0, usual, 1))
    weights = weights / weights.sum(dim=1, keepdim=True)
    mean: Tensor = (weights[:, None] @ draft.family).squeeze(1)
    return mean


@dataclass(frozen=True)
class Aggregation(Decision):
    """How a row is combined with its neighbours.

    Parameters
    ----------
    options : tuple of str, default=six of them
        Names of `AGGREGATIONS`: ``"linear"`` lies anywhere between the row and one of
        the neighbours, as in SMOTE; ``"minimum"``, ``"maximum"`` and ``"average"`` are
        taken column by column over the row and its neighbours; ``"weighted average"``
        counts what is nearer more. ``"sum of offsets"`` adds to the row the
        differences between it and its neighbours, so that it does not matter where
        the columns have their zero. The paper's ``"sum"``, see `PAPER_AGGREGATIONS`,
        adds the rows themselves: on scaled columns that leads far out of all data.
    """

    name: ClassVar[str] = "aggregation"
    options: tuple[Any, ...] = (
        "linear",
        "minimum",
        "maximum",
        "sum of offsets",
        "average",
        "weighted average",
    )

    def take(self, option: Any, draft: Draft) -> Draft:
        """Combine."""
        return replace(draft, made=AGGREGATIONS[option](draft))

    def check(self) -> None:
        """Raise an `InputError` where an option is not registered."""
        super().check()
        for option in self.options:
            if option not in AGGREGATIONS:
                hint = nearest_names(str(option), AGGREGATIONS)
                raise InputError(f"there is no aggregation {option!r}: {hint}")


PAPER_AGGREGATIONS = (
    "linear", "minimum", "maximum", "sum", "average", "weighted average",
)  # fmt: skip
"""The six ways of the paper."""


def _paper_aggregation() -> Decision:
    return Aggregation(PAPER_AGGREGATIONS)


DECISIONS: dict[str, Callable[[], Decision]] = {
    "participation": Participation,
    "neighbours": NeighbourCount,
    "aggregation": Aggregation,
    "paper-aggregation": _paper_aggregation,
}
"""The decisions that have a name."""

USUAL_DECISIONS = ("participation", "neighbours", "aggregation")
"""What is decided by default, in this order."""


def get_decisions(decisions: Sequence[str | Decision] | None) -> tuple[Decision, ...]:
    """Return the decisions to be taken, checked.

    Parameters
    ----------
    decisions : sequence of str or Decision, or None
        Names of `DECISIONS` or objects, in the order in which they are taken; None for
        `USUAL_DECISIONS`.

    Returns
    -------
    tuple of Decision

    Raises
    ------
    InputError
        Where one is none of these, two have one name, or none makes rows.
    """
    given = USUAL_DECISIONS if decisions is None else decisions
    if isinstance(given, (str, Decision)):
        raise InputError(f"decisions is {given!r}: give a list of them")
    found: list[Decision] = []
    for one in given:
        if isinstance(one, str) and one not in DECISIONS:
            hint = nearest_names(one, DECISIONS)
            raise InputError(f"there is no decision {one!r}: {hint}")
        decision = DECISIONS[one]() if isinstance(one, str) else one
        if not isinstance(decision, Decision):
            raise InputError(
                f"decisions holds {one!r}: give names ({', '.join(DECISIONS)}) or "
                "objects such as Participation()"
            )
        decision.check()
        found.append(decision)
    names = [decision.name for decision in found]
    if len(set(names)) < len(names):
        raise InputError(f"decisions holds {', '.join(names)}: give each name once")
    if not any(decision.shapes for decision in found):
        raise InputError(
            "no decision says how rows are made: add 'aggregation' to decisions"
        )
    return tuple(found)


def outcomes(
    decisions: Sequence[Decision], draft: Draft, only: Sequence[int] | None = None
) -> Tensor:
    """Return what rows become under every combination of options.

    Parameters
    ----------
    decisions : sequence of Decision
        Those that shape the row, in the order in which they are taken.
    draft : Draft
        The rows.
    only : sequence of int or None, default=None
        Numbers of the combinations that are wanted; None for all.

    Returns
    -------
    Tensor of shape (n, n_combinations, n_columns)
        The options of the last decision change fastest.

    Examples
    --------
    >>> draft = Draft(
    ...     torch.tensor([[0.0]]),
    ...     torch.tensor([[[1.0], [5.0]]]),
    ...     torch.full((1, 8), 0.5),
    ...     torch.tensor([[0.0]]),
    ... )
    >>> choices = [NeighbourCount((1, 2)), Aggregation(("maximum", "average"))]
    >>> outcomes(choices, draft).flatten().tolist()
    [1.0, 0.5, 5.0, 2.0]
    """
    made = []
    combinations = list(product(*(decision.options for decision in decisions)))
    for number in range(len(combinations)) if only is None else only:
        options = combinations[number]
        here = draft
        for decision, option in zip(decisions, options, strict=True):
            here = decision.take(option, here)
        made.append(here.made)
    return torch.stack(made, dim=1)
