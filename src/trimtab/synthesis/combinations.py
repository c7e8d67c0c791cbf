"""From options that were chosen to rows: all combinations, and the one that holds."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from trimtab.synthesis.decisions import Decision, Draft, outcomes

__all__ = ["combined", "outcomes_of_families"]


def outcomes_of_families(
    shaping: Sequence[Decision],
    family: Tensor,
    counts: Tensor,
    noise: Tensor,
    sizes: Sequence[int],
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

    Returns
    -------
    Tensor of shape (n, n_combinations, n_columns)
        See `trimtab.synthesis.decisions.outcomes`.
    """
    n_combinations = int(np.prod([len(one.options) for one in shaping]))
    made = family.new_empty((len(family), n_combinations, family.shape[2]))
    for size in sizes:
        some = slice(None) if len(sizes) == 1 else counts == size
        rows, near = family[some, 0], family[some, 1 : 1 + size]
        if size:
            draft = Draft(rows, near, noise[some], rows)
            made[some] = outcomes(shaping, draft)
        else:
            made[some] = rows[:, None]
    return made


def combined(
    decisions: Sequence[Decision], options: Sequence[Tensor]
) -> tuple[Tensor, Tensor]:
    """Return what drawn options mean for a row that is made.

    Parameters
    ----------
    decisions : sequence of Decision
        What was decided.
    options : sequence of Tensor of shape (n, n_options)
        1 for the option that was drawn, of each decision.

    Returns
    -------
    shares : Tensor of shape (n, n_combinations)
        1 for the combination of options that shape the row, as
        `trimtab.synthesis.decisions.outcomes` orders them.
    weights : Tensor of shape (n,)
        What the row counts for.
    """
    shares = options[0].new_ones((len(options[0]), 1))
    weights = options[0].new_ones(len(options[0]))
    for decision, chosen in zip(decisions, options, strict=True):
        if decision.shapes:
            shares = (shares[:, :, None] * chosen[:, None]).flatten(1)
        values = [decision.weight(option) for option in decision.options]
        if set(values) != {1.0}:
            weights = weights * (chosen @ chosen.new_tensor(values))
    return shares, weights
