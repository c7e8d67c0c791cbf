"""From options that were drawn to rows: all combinations, and the one that holds."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from trimtab.synthesis.decisions import Decision, Draft, outcomes

__all__ = ["Combinations", "outcomes_of_families"]


def outcomes_of_families(
    shaping: Sequence[Decision],
    family: Tensor,
    counts: Tensor,
    noise: Tensor,
    sizes: Sequence[int],
    only: Sequence[int] | None = None,
) -> Tensor:
    """Return outcomes of rows that have different numbers of neighbours.

    Parameters
    ----------
    shaping : sequence of Decision
        Those that shape a row.
    family : Tensor of shape (n, 1 + k, n_columns)
        Rows, and their neighbours.
    counts : LongTensor of shape (n,)
        How many neighbours count. A row without any stays what it is.
    noise : Tensor of shape (n, 8)
        Uniform numbers.
    sizes : sequence of int
        The numbers that `counts` may hold.
    only : sequence of int or None, default=None
        Numbers of the combinations that are wanted; None for all.

    Returns
    -------
    Tensor of shape (n, n_combinations, n_columns)
        See `trimtab.synthesis.decisions.outcomes`.
    """
    n_combinations = int(np.prod([len(one.options) for one in shaping]))
    n_wanted = n_combinations if only is None else len(only)
    made = family.new_empty((len(family), n_wanted, family.shape[2]))
    if not n_wanted:
        return made
    for size in sizes:
        some = slice(None) if len(sizes) == 1 else counts == size
        rows, near = family[some, 0], family[some, 1 : 1 + size]
        if size:
            draft = Draft(rows, near, noise[some], rows)
            made[some] = outcomes(shaping, draft, only)
        else:
            made[some] = rows[:, None]
    return made


class Combinations:
    """What options that were drawn mean, and what their change would mean.

    Parameters
    ----------
    decisions : sequence of Decision
        What is decided.

    Attributes
    ----------
    n : int
        How many combinations of options shape a row, ordered as by
        `trimtab.synthesis.decisions.outcomes`.
    weighs : bool
        Whether options change what a row counts for.
    """

    def __init__(self, decisions: Sequence[Decision]) -> None:
        most = max(len(one.options) for one in decisions)
        steps, self.n = [0] * len(decisions), 1
        for place in reversed(range(len(decisions))):
            if decisions[place].shapes:
                steps[place] = self.n
                self.n *= len(decisions[place].options)
        self._steps = torch.tensor(steps)
        self._numbers = torch.arange(most)
        self._values = torch.ones(len(decisions), most, dtype=torch.float)
        for place, decision in enumerate(decisions):
            weights = [decision.weight(option) for option in decision.options]
            self._values[place, : len(weights)] = torch.tensor(weights)
        self._shaping = [i for i, step in enumerate(steps) if step]
        self._weighing = torch.nonzero((self._values != 1).any(dim=1)).flatten()
        self.weighs = len(self._weighing) > 0

    def to(self, device: torch.device) -> "Combinations":
        """Keep the tables on a device."""
        for name in ("_steps", "_numbers", "_values", "_weighing"):
            setattr(self, name, getattr(self, name).to(device))
        return self

    def numbers(self, options: Tensor) -> Tensor:
        """Return the combination of each row.

        Parameters
        ----------
        options : LongTensor of shape (n, n_decisions)
            What was drawn.
        """
        return (options * self._steps).sum(dim=1)

    def _counts(self, options: Tensor) -> Tensor:
        """Return what each decision that weighs multiplies a row's weight by."""
        values = self._values[self._weighing]
        return values.T.gather(0, options[:, self._weighing])

    def weights(self, options: Tensor) -> Tensor:
        """Return what each row counts for; `options` as in `numbers`."""
        return self._counts(options).prod(dim=1)

    def slopes(
        self,
        options: Tensor,
        along: Callable[[Tensor, Tensor], Tensor],
        of_rows: Tensor,
        of_weights: Tensor | None,
    ) -> Tensor:
        """Return the slope of the loss by each option, all else as it was drawn.

        Parameters
        ----------
        options : LongTensor of shape (n, n_decisions)
            What was drawn.
        along : callable
            Told combinations of each row, (n, some), and `of_rows`, returns how far
            what the rows become leads along those slopes, (n, some): see
            `trimtab.synthesis.outcome_table.Outcomes.along`.
        of_rows : Tensor of shape (n, n_columns)
            Slope of the loss by the rows that were made.
        of_weights : Tensor of shape (n,) or None
            Slope of the loss by what they count for.

        Returns
        -------
        Tensor of shape (n, n_decisions, n_options)
            But for a constant for each row and decision, to which softmax is blind.
        """
        slopes = of_rows.new_zeros((*options.shape, len(self._numbers)))
        if self._shaping:
            drawn = options[:, self._shaping, None]
            away = (self._numbers - drawn) * self._steps[self._shaping, None]
            numbers = self.numbers(options)[:, None, None] + away
            # Beyond a decision's options there is nothing, and nothing is asked.
            led = along(numbers.clamp_(0, self.n - 1).flatten(1), of_rows)
            slopes[:, self._shaping] = led.view(away.shape)
        if of_weights is not None and self.weighs:
            counts = self._counts(options)
            for place, decision in enumerate(self._weighing.tolist()):
                others = counts.clone()
                others[:, place] = 1
                by_row = (of_weights * others.prod(dim=1))[:, None]
                slopes[:, decision] += by_row * self._values[decision]
        return slopes
