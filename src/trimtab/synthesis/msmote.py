"""MSMOTE: SMOTE that tells safe rows from border rows and noise."""

# SPDX-License-Identifier: BSD-3-Clause

import numbers
import warnings
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from imblearn.utils import check_neighbors_object
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from trimtab.exceptions import InputError
from trimtab.synthesis.nearest_rows import nearest_others, without_itself
from trimtab.synthesis.row_making_sampler import RowMakingSampler
from trimtab.tables import is_sparse

__all__ = ["MSMOTE"]

Rows = NDArray[np.int64]


class MSMOTE(RowMakingSampler):
    """Over-sample by interpolation where neighbours say that it is safe.

    Each row of a class is judged by its nearest neighbours of all classes (Hu, Liang,
    Ma and He, WCSE 2009). If all are of its class the row is *safe* and interpolated
    with any of them, as SMOTE does; if some are it is on the *border* and interpolated
    with the nearest alone; if none is it is *noise* and has no part.

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default="auto"
        Which classes get how many rows, as everywhere in imbalanced-learn. By default
        all classes get as many as the largest.
    random_state : int, RandomState or None, default=None
        Decides which rows are interpolated, with whom and where.
    k_neighbors : int or nearest-neighbours object, default=5
        Neighbours that judge a row and that a safe row is interpolated with. An object
        has scikit-learn's ``kneighbors`` and finds one more, the row itself.
    neighbor_pool : {"minority", "all"}, default="minority"
        Which neighbour of a border row counts as its nearest: of its own class, or of
        any. The paper leaves it open; with ``"all"`` new rows may lie half way to
        another class.

    Attributes
    ----------
    sampling_strategy_ : dict
        How many rows each class is to get.
    sample_indices_ : ndarray of int of shape (n_rows,)
        The rows that were kept, which are all; the new ones follow them.
    parent_indices_ : ndarray of int of shape (n_new_rows, 2)
        The two rows that each new row lies between, the one to start from first.
    row_kinds_ : ndarray of str of shape (n_rows,)
        ``"safe"``, ``"border"`` or ``"noise"``; empty for classes that get no rows.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of str of shape (n_columns,)
        Names of the columns, where they are strings.

    Raises
    ------
    InputError
        Where there are not more rows than neighbours.

    Warns
    -----
    UserWarning
        Where all rows of a class are noise. The class is left as it is.

    See Also
    --------
    imblearn.over_sampling.SMOTE : Treats all rows as safe.
    imblearn.over_sampling.BorderlineSMOTE : Interpolates border rows only.

    Examples
    --------
    >>> X = [[0.0], [0.1], [0.2], [5.0], [5.1], [5.2], [5.3], [5.4]]
    >>> sampler = MSMOTE(k_neighbors=2, random_state=0)
    >>> X_new, y_new = sampler.fit_resample(X, [1, 1, 1, 0, 0, 0, 0, 0])
    >>> y_new.count(1), bool(max(X_new[8:])[0] <= 0.2)
    (5, True)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **RowMakingSampler._parameter_constraints,
        "k_neighbors": [
            Interval(numbers.Integral, 1, None, closed="left"),
            HasMethods(["kneighbors", "kneighbors_graph"]),
        ],
        "neighbor_pool": [StrOptions({"minority", "all"})],
    }

    def __init__(
        self,
        *,
        sampling_strategy: float
        | str
        | Mapping[Any, int]
        | Callable[..., Any] = "auto",
        random_state: int | np.random.RandomState | None = None,
        k_neighbors: Any = 5,
        neighbor_pool: str = "minority",
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.random_state = random_state
        self.k_neighbors = k_neighbors
        self.neighbor_pool = neighbor_pool

    def _new_rows(
        self, X: Any, y: NDArray[Any], wanted: Mapping[Any, int]
    ) -> tuple[Any, NDArray[Any]]:
        rng = check_random_state(self.random_state)
        self.row_kinds_ = np.full(X.shape[0], "", dtype="<U6")
        parents = [np.empty((0, 2), dtype=np.int64)]
        labels = [y[:0]]
        shares = [np.empty(0)]
        finder = self._checked_finder(X) if wanted else None
        for label, n_new in wanted.items():
            own = np.flatnonzero(y == label)
            neighbours = _neighbours(finder, X, own)
            pairs = self._pairs(own, neighbours, y == label, n_new, rng)
            parents.append(pairs)
            shares.append(rng.uniform(size=len(pairs)))
            labels.append(np.full(len(pairs), label, dtype=y.dtype))
        self.parent_indices_ = np.concatenate(parents)
        new = _between(X, self.parent_indices_, np.concatenate(shares))
        return new, np.concatenate(labels)

    def _checked_finder(self, X: Any) -> Any:
        """Return how many neighbours are looked for, or what looks for them, fitted."""
        given = self.k_neighbors
        is_number = isinstance(given, numbers.Integral)
        k = int(given) if is_number else given.n_neighbors - 1
        if k >= X.shape[0]:
            raise InputError(
                f"k_neighbors is {k} and X has {X.shape[0]} rows: "
                f"give at most {X.shape[0] - 1}"
            )
        if is_number and not is_sparse(X):
            return k
        finder = check_neighbors_object("k_neighbors", given, additional_neighbor=1)
        return finder.fit(X)

    def _pairs(
        self,
        own: Rows,
        neighbours: Rows,
        is_own: NDArray[np.bool_],
        n_new: int,
        rng: np.random.RandomState,
    ) -> Rows:
        """Choose the two parents of each new row of a class."""
        alike = is_own[neighbours]
        n_alike = alike.sum(axis=1)
        is_safe, is_noise = n_alike == alike.shape[1], n_alike == 0
        self.row_kinds_[own] = np.select(
            [is_safe, is_noise], ["safe", "noise"], default="border"
        )
        usable = np.flatnonzero(~is_noise)
        if not len(usable):
            warnings.warn(
                f"all {len(own)} rows of a class are noise to MSMOTE, since none has a "
                "neighbour of its class: the class is left as it is",
                UserWarning,
                stacklevel=2,
            )
            return np.empty((0, 2), dtype=np.int64)
        # One draw for row and neighbour: where all rows are safe, these are the pairs
        # that imbalanced-learn's SMOTE draws.
        n_neighbours = neighbours.shape[1]
        drawn = rng.randint(0, len(usable) * n_neighbours, size=n_new)
        base, place = usable[drawn // n_neighbours], drawn % n_neighbours
        nearest = alike.argmax(axis=1)
        if self.neighbor_pool == "all":
            nearest = np.zeros_like(nearest)
        place = np.where(is_safe[base], place, nearest[base])
        return np.column_stack([own[base], neighbours[base, place]])


def _neighbours(finder: Any, X: Any, rows: Rows) -> Rows:
    """Return each row's neighbours, nearest first, itself left out."""
    if isinstance(finder, int):
        return nearest_others(X, finder, rows=rows)
    return without_itself(finder.kneighbors(X[rows], return_distance=False), rows)


def _between(X: Any, parents: Rows, shares: NDArray[np.float64]) -> Any:
    """Return rows that lie a share of the way from first to second parent."""
    first, second = X[parents[:, 0]], X[parents[:, 1]]
    if X.dtype.kind != "f":  # a difference may be below 0, or too large for the type
        first, second = first.astype(np.float64), second.astype(np.float64)
    way = second - first
    if is_sparse(X):
        return first + way.multiply(shares[:, None])
    return first + shares[:, None] * way
