"""Where moving rows may go: the range of the data, and the simplex of a category."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

__all__ = ["RowLimits", "onto_simplex"]


def onto_simplex(values: Tensor) -> Tensor:
    """Return the nearest points whose numbers are not negative and add up to 1.

    Parameters
    ----------
    values : Tensor of shape (..., width)
        Any numbers.

    Returns
    -------
    Tensor of the same shape

    Examples
    --------
    >>> onto_simplex(torch.tensor([[0.5, 0.9], [2.0, 0.0]]))
    tensor([[0.3000, 0.7000],
            [1.0000, 0.0000]])
    """
    ordered = values.sort(dim=-1, descending=True).values
    count = torch.arange(1, values.shape[-1] + 1, device=values.device)
    excess = (ordered.cumsum(dim=-1) - 1) / count
    # As many of the largest stay above 0 as lie above the excess they then share.
    last = (ordered > excess).sum(dim=-1, keepdim=True).clamp(min=1) - 1
    return (values - excess.gather(-1, last)).clamp(min=0)


@dataclass(frozen=True, eq=False)
class RowLimits:
    """What moved rows keep to.

    Attributes
    ----------
    lowest, highest : Tensor of shape (1 or n_replicas, 1, ...) or None
        Each column's range, of all replicas or of each its own; None for no bounds.
    fixed : LongTensor of shape (n_fixed,)
        Columns that do not move.
    simplices : tuple of LongTensor
        Groups of columns that stay on the simplex: not negative, the sum 1.
    """

    lowest: Tensor | None = None
    highest: Tensor | None = None
    fixed: Tensor | None = None
    simplices: Sequence[Tensor] = ()

    def to(self, device: torch.device) -> "RowLimits":
        """Return the same on a device."""

        def there(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else tensor.to(device)

        groups = tuple(group.to(device) for group in self.simplices)
        return RowLimits(
            there(self.lowest), there(self.highest), there(self.fixed), groups
        )

    @classmethod
    def joined(cls, parts: Sequence[Self], sizes: Sequence[int]) -> Self:
        """Return the limits of several trainings as those of one.

        Parameters
        ----------
        parts : sequence of RowLimits
            Alike but for their ranges.
        sizes : sequence of int
            Replicas of each.
        """

        def of_each(name: str) -> Tensor | None:
            own = [getattr(part, name) for part in parts]
            if own[0] is None:
                return None
            return torch.cat(
                [b.expand(n, *b.shape[1:]) for b, n in zip(own, sizes, strict=True)]
            )

        return replace(parts[0], lowest=of_each("lowest"), highest=of_each("highest"))

    def of_replicas(self, replicas: Tensor) -> Self:
        """Return the limits of some replicas alone."""
        if self.lowest is None or len(self.lowest) == 1:
            return self
        assert self.highest is not None
        lowest, highest = self.lowest[replicas], self.highest[replicas]
        return replace(self, lowest=lowest, highest=highest)

    def apply(self, rows: Tensor, before: Tensor) -> Tensor:
        """Return moved rows where they may be.

        Parameters
        ----------
        rows : Tensor of shape (n_replicas, n_rows, ...)
            Where they went; changed in place.
        before : Tensor of the same shape
            Where they were. A row that went nowhere finite goes back.
        """
        if not rows.sum().isfinite():  # one look where, as ever, all is well
            lost = ~rows.isfinite().flatten(2).all(dim=2)
            rows[lost] = before[lost]
        if self.fixed is not None:
            rows[..., self.fixed] = before[..., self.fixed]
        if self.lowest is not None:
            rows = torch.maximum(rows, self.lowest)
        if self.highest is not None:
            rows = torch.minimum(rows, self.highest)
        for group in self.simplices:
            rows[..., group] = onto_simplex(rows[..., group])
        return rows
