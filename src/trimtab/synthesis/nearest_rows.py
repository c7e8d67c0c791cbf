"""The nearest rows of each row, exactly, by blocks of matrix products."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import clone
from torch import Tensor

from trimtab.exceptions import InputError

__all__ = ["nearest_others"]

QUERIES = 128
"""Rows whose neighbours are looked for at once."""

AMONG_AT_ONCE = 16_384
"""Rows that are looked through at once: with `QUERIES`, 8 MiB of distances."""

SPARE = 4
"""Candidates beyond k that rounding may have put in the wrong order."""

GROUP = 32
"""Distances of which the smallest is looked at first."""

Rows = NDArray[np.int64]


def nearest_others(X: NDArray[Any], k: int, finder: Any = None) -> Rows:
    """Return each row's nearest other rows.

    Parameters
    ----------
    X : ndarray of float of shape (n_rows, n_columns)
        Finite numbers.
    k : int
        How many are wanted, 1 or more; of fewer other rows all.
    finder : object, default=None
        Looks for them in place of this function, by ``fit`` and ``kneighbors`` as
        scikit-learn's ``NearestNeighbors`` has them: an approximate index, another
        metric. It is copied, not changed.

    Returns
    -------
    ndarray of int64 of shape (n_rows, k)
        Row numbers, nearest first, never the row itself. Fewer columns where there are
        fewer other rows.

    Raises
    ------
    InputError
        Where `finder` has no ``kneighbors``.

    Notes
    -----
    Candidates are found in single precision, by products of matrices, and ordered in
    double. Where single precision cannot tell that no other row is nearer, all
    differences are taken in double.

    Examples
    --------
    >>> nearest_others(np.array([[0.0], [1.0], [3.0]]), 2).tolist()
    [[1, 2], [0, 2], [1, 0]]
    """
    k = min(k, len(X) - 1)
    if k < 1:
        return np.empty((len(X), 0), dtype=np.int64)
    if finder is not None:
        return _by_finder(finder, X, k)
    exact = torch.from_numpy(np.ascontiguousarray(X, dtype=np.float64))
    exact = exact - exact.mean(dim=0)  # the closer to 0, the less is rounded away
    single = exact.float()
    norms = (single * single).sum(dim=1)
    found = np.empty((len(X), k), dtype=np.int64)
    for queries in torch.split(torch.arange(len(X)), QUERIES):
        candidates, last = _candidates(single, norms, queries, k + SPARE)
        near, distances = _ordered(exact, queries, candidates, k)
        if candidates.shape[1] < len(X) - 1:
            # What is no candidate was at least as far as the last of them, but for
            # rounding.
            slack = 8 * torch.finfo(torch.float).eps * (norms[queries] + norms.max())
            unsure = torch.nonzero(distances >= (last - slack).double()).squeeze(1)
            again = queries[unsure]
            if len(again):
                near[unsure] = _directly(exact, again, k)
        found[queries.numpy()] = near.numpy()
    return found


def _by_finder(finder: Any, X: NDArray[Any], k: int) -> Rows:
    if isinstance(finder, type) or not hasattr(finder, "kneighbors"):
        raise InputError(
            f"the neighbours' finder is {finder!r}: give an object with fit and "
            "kneighbors, such as NearestNeighbors()"
        )
    fitted = clone(finder, safe=False).fit(X)
    found = np.asarray(
        fitted.kneighbors(X, n_neighbors=k + 1, return_distance=False), dtype=np.int64
    )
    is_itself = found == np.arange(len(X))[:, None]
    # Among many equal rows it may not have found itself: then the last goes.
    is_itself[~is_itself.any(axis=1), -1] = True
    others: Rows = found[~is_itself].reshape(len(X), k)
    return others


def _directly(X: Tensor, queries: Tensor, k: int) -> Tensor:
    """Return neighbours by the differences to all rows, a few queries at once."""
    found = []
    for some in torch.split(queries, max(QUERIES * AMONG_AT_ONCE // len(X), 1)):
        away = torch.cdist(X[some], X, compute_mode="donot_use_mm_for_euclid_dist")
        away[torch.arange(len(some)), some] = torch.inf
        found.append(away.topk(k, dim=1, largest=False).indices)
    return torch.cat(found)


def _candidates(
    X: Tensor, norms: Tensor, queries: Tensor, n: int
) -> tuple[Tensor, Tensor]:
    """Return likely neighbours, sorted by number, and the last one's squared distance.

    Every row that is no candidate is at least that far, as far as `X` is precise.
    """
    n = min(n, len(X) - 1)
    values = X.new_empty((len(queries), 0))
    numbers = queries.new_empty((len(queries), 0))
    for first in range(0, len(X), AMONG_AT_ONCE):
        some = slice(first, first + AMONG_AT_ONCE)
        distances = torch.addmm(norms[some], X[queries], X[some].T, alpha=-2)
        own = queries - first
        inside = torch.nonzero((own >= 0) & (own < distances.shape[1])).squeeze(1)
        distances[inside, own[inside]] = torch.inf
        near, positions = _smallest(distances, n)
        values = torch.cat([values, near], dim=1)
        numbers = torch.cat([numbers, positions + first], dim=1)
        values, order = values.topk(min(n, values.shape[1]), dim=1, largest=False)
        numbers = numbers.gather(1, order)
    return numbers.sort(dim=1).values, values.amax(dim=1) + norms[queries]


def _smallest(distances: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """Return the n smallest numbers of each row, in any order, and where they are.

    They lie in the n groups whose own smallest numbers are smallest, so that only
    these groups need to be sorted.
    """
    n_queries, width = distances.shape
    n_groups = width // GROUP
    if n_groups < 4 * n:
        return distances.topk(min(n, width), dim=1, largest=False, sorted=False)
    grouped = distances[:, : n_groups * GROUP].reshape(n_queries, n_groups, GROUP)
    chosen = grouped.amin(dim=2).topk(n, dim=1, largest=False, sorted=False).indices
    places = chosen[:, :, None] * GROUP + torch.arange(GROUP)
    rest = torch.arange(n_groups * GROUP, width).expand(n_queries, -1)
    places = torch.cat([places.flatten(1), rest], dim=1)
    values, order = distances.gather(1, places).topk(
        n, dim=1, largest=False, sorted=False
    )
    return values, places.gather(1, order)


def _ordered(
    X: Tensor, queries: Tensor, candidates: Tensor, k: int
) -> tuple[Tensor, Tensor]:
    """Return the k nearest candidates, and the squared distance of the last of them."""
    ways = X[candidates] - X[queries][:, None]
    squares = torch.linalg.vecdot(ways, ways)
    ordered, order = squares.sort(dim=1, stable=True)
    return candidates.gather(1, order[:, :k]), ordered[:, k - 1]
