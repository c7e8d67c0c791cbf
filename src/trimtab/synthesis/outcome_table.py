"""What rows become under each combination of options, worked out once where it can be.

Most combinations leave nothing to chance: the average of a row and its neighbours is
the same in every epoch. These are kept for all rows, where that does not take too much
memory; only what depends on chance is made anew.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from trimtab.synthesis.combinations import outcomes_of_families
from trimtab.synthesis.decisions import N_NOISE, Decision, Draft, outcomes
from trimtab.synthesis.made_batches import DrawnEpoch

__all__ = ["OutcomeTable", "Outcomes", "families", "left_to_chance"]

ROWS_AT_ONCE = 4096


def _watched(numbers: Tensor) -> tuple[Tensor, list[Any]]:
    """Return the same numbers, and a list of who has looked at them so far."""
    looks: list[Any] = []

    class Watched(Tensor):
        """Numbers that tell on who looks at them."""

        @classmethod
        def __torch_function__(
            cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            looks.append(func)
            return super().__torch_function__(  # type: ignore[no-untyped-call]
                func, types, args, kwargs
            )

    return numbers.clone().as_subclass(Watched), looks


def left_to_chance(shaping: Sequence[Decision], draft: Draft) -> list[bool]:
    """Tell which combinations of options look at the draft's random numbers.

    Parameters
    ----------
    shaping : sequence of Decision
        Those that shape a row.
    draft : Draft
        A few rows.

    Returns
    -------
    list of bool
        One for each combination, ordered as by `trimtab.synthesis.decisions.outcomes`.
    """
    found = []
    n = 1
    for decision in shaping:
        n *= len(decision.options)
    for number in range(n):
        noise, looks = _watched(draft.noise)
        outcomes(
            shaping, Draft(draft.rows, draft.neighbours, noise, draft.made), [number]
        )
        found.append(bool(looks))
    return found


class Outcomes:
    """What some rows may become.

    Parameters
    ----------
    made : Tensor of shape (n_rows, n_made, n_columns)
        Under each combination; with a `table`, under those that depend on chance.
    table : OutcomeTable or None, default=None
        Has the others.
    rows : LongTensor of shape (n_rows,), default=None
        The rows' numbers in it.
    """

    def __init__(
        self,
        made: Tensor,
        table: "OutcomeTable | None" = None,
        rows: Tensor | None = None,
    ) -> None:
        self._made, self._table, self._rows = made, table, rows

    def of(self, numbers: Tensor) -> Tensor:
        """Return what rows become.

        Parameters
        ----------
        numbers : LongTensor of shape (n_rows, n)
            Combinations of each row.

        Returns
        -------
        Tensor of shape (n_rows, n, n_columns)
        """
        if self._table is None or self._rows is None:
            return _picked(self._made, numbers)
        at = self._table.place[numbers]
        n_constant = self._table.constant.shape[1]
        if not n_constant:
            return _picked(self._made, at)
        found = _picked(self._table.constant, at.clamp(max=n_constant - 1), self._rows)
        if not self._made.shape[1]:
            return found
        by_chance = self._table.by_chance[numbers]
        last = self._made.shape[1] - 1
        made = _picked(self._made, at.clamp(max=last))
        return torch.where(by_chance[..., None], made, found)

    def along(self, numbers: Tensor, slopes: Tensor) -> Tensor:
        """Return how far what rows become leads along a slope of each.

        Parameters
        ----------
        numbers : LongTensor of shape (n_rows, n)
            Combinations of each row.
        slopes : Tensor of shape (n_rows, n_columns)
            Slopes.

        Returns
        -------
        Tensor of shape (n_rows, n)
            Products of the rows of `of` and the slopes, which are not put together.
        """
        slopes = slopes[:, :, None]
        if self._table is None or self._rows is None:
            return (_picked(self._made, numbers) @ slopes).squeeze(2)
        at = self._table.place[numbers]
        by_chance = (self._made @ slopes).squeeze(2)
        n_constant = self._table.constant.shape[1]
        if not n_constant:
            return by_chance.gather(1, at)
        kept = _picked(self._table.constant, at.clamp(max=n_constant - 1), self._rows)
        found = (kept @ slopes).squeeze(2)
        if not self._made.shape[1]:
            return found
        last = self._made.shape[1] - 1
        made = by_chance.gather(1, at.clamp(max=last))
        return torch.where(self._table.by_chance[numbers], made, found)


def _picked(made: Tensor, numbers: Tensor, rows: Tensor | None = None) -> Tensor:
    """Return ``made[rows, numbers]``; each row its own where `rows` is None."""
    if rows is None:
        rows = torch.arange(len(numbers), device=numbers.device)
    flat = numbers + rows[:, None] * made.shape[1]
    chosen = made.flatten(0, 1).index_select(0, flat.flatten())
    return chosen.view(*numbers.shape, made.shape[2])


class OutcomeTable:
    """Outcomes of all training rows that do not depend on chance.

    Parameters
    ----------
    shaping : sequence of Decision
        Those that shape a row.
    X : Tensor of shape (n_sets, n_rows, n_columns)
        The rows of each set; in what follows they are counted through.
    partners : LongTensor of shape (n_sets * n_rows, k)
        Numbers of their neighbours, in their own set.
    counts : LongTensor of shape (n_sets * n_rows,)
        How many of these count.

    Attributes
    ----------
    constant : Tensor of shape (n_rows, n_constant, n_columns)
        The outcomes.
    by_chance : BoolTensor of shape (n_combinations,)
        Which combinations depend on chance.
    place : LongTensor of shape (n_combinations,)
        Where each is among those of its kind.
    """

    def __init__(
        self, shaping: Sequence[Decision], X: Tensor, partners: Tensor, counts: Tensor
    ) -> None:
        numbers = torch.arange(len(partners), device=X.device)
        of_set = numbers // X.shape[1] * X.shape[1]
        partners = partners + of_set[:, None]
        X = X.flatten(0, 1)
        self._shaping, self._X = shaping, X
        self._partners, self._counts = partners, counts
        self._sizes = sorted(set(counts.tolist()))
        noise = torch.zeros((2, N_NOISE), dtype=X.dtype, device=X.device)
        first = X[:1].expand(2, -1)
        near = X[partners[:1]].expand(2, -1, -1)
        chance = left_to_chance(shaping, Draft(first, near, noise, first))
        self.by_chance = torch.tensor(chance, device=X.device)
        self.place = torch.where(
            self.by_chance, self.by_chance.cumsum(0), (~self.by_chance).cumsum(0)
        ).sub_(1)
        self._of_chance = self.by_chance.nonzero().flatten().tolist()
        constant = (~self.by_chance).nonzero().flatten().tolist()
        self.constant = X.new_empty((len(X), len(constant), X.shape[1]))
        everyone = torch.arange(len(X), device=X.device)
        for first_row in range(0, len(X), ROWS_AT_ONCE):
            some = everyone[first_row : first_row + ROWS_AT_ONCE]
            noise = X.new_zeros((len(some), N_NOISE))
            self.constant[some] = self._made(some, noise, constant)

    def _made(self, rows: Tensor, noise: Tensor, only: Sequence[int]) -> Tensor:
        family = self._X[torch.cat([rows[:, None], self._partners[rows]], dim=1)]
        counts = self._counts[rows]
        return outcomes_of_families(
            self._shaping, family, counts, noise, self._sizes, only
        )

    def outcomes(self, rows: Tensor, noise: Tensor) -> Outcomes:
        """Return what some rows may become.

        Parameters
        ----------
        rows : LongTensor of shape (n,)
            Their numbers.
        noise : Tensor of shape (n, 8)
            Uniform numbers.
        """
        return Outcomes(self._made(rows, noise, self._of_chance), self, rows)


def families(
    epoch: DrawnEpoch, rows: Tensor, where: tuple[Tensor, ...], partners: Tensor
) -> tuple[Tensor, Tensor]:
    """Return rows and their neighbours, as they come from their source.

    Parameters
    ----------
    epoch : DrawnEpoch
        Where they are.
    rows : LongTensor of shape (n_present, n_drawn)
        Row numbers.
    where : pair of LongTensor of shape (n,)
        Replicas and columns of those that are wanted, one after another.
    partners : LongTensor of shape (n_in_all, k)
        Numbers of the neighbours of all rows.

    Returns
    -------
    family : Tensor of shape (n, 1 + k, n_columns)
    in_all : LongTensor of shape (n,)
        The rows' numbers where all sets are counted through.
    """
    replica, n_replicas = where[0], len(rows)
    n_made = torch.bincount(replica, minlength=n_replicas)
    first = n_made.cumsum(dim=0) - n_made
    place = torch.arange(len(replica), device=rows.device) - first[replica]
    width, k = max(int(n_made.max()), 1), partners.shape[1]
    chosen = rows.new_zeros((n_replicas, width))
    chosen[replica, place] = rows[where]
    in_all = epoch.source.numbers_in_all(chosen, epoch.replicas)
    family = torch.cat([chosen[..., None], partners[in_all]], dim=2)
    inputs, _ = next(
        iter(
            epoch.source.batches(family.flatten(1), epoch.replicas, width * (1 + k)),
        )
    )
    inputs = inputs.reshape(n_replicas, width, 1 + k, -1)
    return inputs[replica, place], in_all[replica, place]
