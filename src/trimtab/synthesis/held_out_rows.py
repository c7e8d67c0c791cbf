"""Held-out rows, a batch at a time, all classes alike."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Sequence

import torch
from torch import Tensor

from trimtab.random_streams import uniform
from trimtab.synthesis.made_batches import MadeBatch, RowSource

__all__ = ["HeldOutRows"]


class HeldOutRows:
    """Batches of held-out rows in which all classes weigh the same.

    Up to a batch of them, all are shown each time, and weigh less the more there are of
    their class. Of more, some are drawn: first a class, then a row of it.

    Parameters
    ----------
    source : RowSource
        The rows.
    """

    def __init__(self, source: RowSource) -> None:
        self._source = source
        codes = source.codes
        counts = torch.nn.functional.one_hot(codes).sum(dim=1)
        self._shares = 1 / counts.gather(1, codes).float()
        upto = self._shares.double().cumsum(dim=1)
        self._upto = (upto / upto[:, -1:]).float()
        self._all: MadeBatch | None = None
        self._of: Tensor | None = None

    def batch(
        self, replicas: Tensor, generators: Sequence[torch.Generator], size: int
    ) -> MadeBatch:
        """Return held-out rows of some replicas.

        Parameters
        ----------
        replicas : LongTensor of shape (n_present,)
            Which.
        generators : sequence of torch.Generator
            Their random streams, used where there are more than `size` rows.
        size : int
            How many rows at most.
        """
        n_rows = self._source.n_rows
        if n_rows > size:
            return self._some(replicas, generators, size)
        if self._of is None or not torch.equal(self._of, replicas):
            numbers = torch.arange(n_rows, device=replicas.device)
            numbers = numbers.expand(len(replicas), -1)
            in_all = self._source.numbers_in_all(numbers, replicas)
            weights = self._shares.flatten()[in_all]
            self._all = self._taken(numbers, replicas, weights)
            self._of = replicas
        assert self._all is not None
        return self._all

    def _some(
        self, replicas: Tensor, generators: Sequence[torch.Generator], size: int
    ) -> MadeBatch:
        drawn = uniform((size,), generators).to(replicas.device)
        first = torch.zeros_like(replicas)[:, None]
        sets = self._source.numbers_in_all(first, replicas)[:, 0]
        upto = self._upto[sets // self._source.n_rows]
        numbers = torch.searchsorted(upto, drawn).clamp_(max=self._source.n_rows - 1)
        return self._taken(numbers, replicas, None)

    def _taken(
        self, numbers: Tensor, replicas: Tensor, weights: Tensor | None
    ) -> MadeBatch:
        batches = self._source.batches(numbers, replicas, numbers.shape[1])
        inputs, codes = next(iter(batches))
        return MadeBatch(inputs, codes, weights)
