"""Where moving rows may go: the range of the data, and the simplex of a category."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Sequence
from dataclasses import dataclass

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
    lowest, highest : Tensor of the shape of a row, or None
        Each column's range; None for no bounds.
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

    def apply(self, rows: Tensor, before: Tensor) -> Tensor:
        """Return moved rows where they may be.

        Parameters
        ----------
        rows : Tensor of shape (n_replicas, n_rows, ...)
            Where they went; changed in place.
        before : Tensor of the same shape
            Where they were. A row that went nowhere finite goes back.
        """
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
