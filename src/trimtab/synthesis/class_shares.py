"""Weights of rows that leave every class what it would weigh with all of them."""

# SPDX-License-Identifier: BSD-3-Clause

import torch
from torch import Tensor

__all__ = ["ClassShares"]


class ClassShares:
    """The weight of each class, shared by those of its rows that count.

    Where some rows of a class do not count, the others count the more for it: all
    classes weigh as much as if every row counted once.

    Parameters
    ----------
    counting : Tensor of shape (n_replicas, n_rows)
        What rows count for within their class, 0 or more.
    codes : LongTensor of shape (n_replicas, n_rows)
        Their classes.
    n_classes : int
        How many there are.

    Attributes
    ----------
    weights : Tensor of shape (n_replicas, n_rows)
        What rows count for then.

    Examples
    --------
    >>> counting = torch.tensor([[1.0, 1.0, 1.0, 0.0, 0.0]])
    >>> ClassShares(counting, torch.tensor([[0, 0, 1, 1, 1]]), 2).weights
    tensor([[1., 1., 3., 0., 0.]])
    """

    def __init__(self, counting: Tensor, codes: Tensor, n_classes: int) -> None:
        self._codes = codes
        self._nothing = counting.new_zeros((len(codes), n_classes))
        self._n_rows = self._sums(torch.ones_like(counting))
        sums = self._sums(counting)
        by_class = torch.where(sums > 0, self._n_rows / sums, 0.0)
        self._factors = by_class.gather(1, codes)
        self.weights = counting * self._factors

    def _sums(self, values: Tensor) -> Tensor:
        """Return the sum over the rows of each class."""
        return self._nothing.scatter_add(1, self._codes, values)

    def by_counting(self, by_weights: Tensor) -> Tensor:
        """Return the slope by what rows count for, given that by their weights.

        A row counts more at the expense of the others of its class: what matters is how
        it compares with their mean.

        Parameters
        ----------
        by_weights : Tensor of shape (n_replicas, n_rows)
            Slope of the loss.
        """
        means = self._sums(by_weights * self.weights) / self._n_rows.clamp(min=1)
        return (by_weights - means.gather(1, self._codes)) * self._factors
