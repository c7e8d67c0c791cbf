"""Imbalance made on purpose: a thinned minority class, a long tail."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.exceptions import InputError, check_count, check_number

__all__ = ["make_imbalanced", "make_long_tail"]


def make_imbalanced(
    X: Any,
    y: Any,
    ratio: float,
    *,
    positive: Any = None,
    random_state: int | np.random.RandomState | None,
    return_indices: bool = False,
) -> tuple[Any, ...]:
    """Thin out the minority class of a table of two classes.

    All rows of the other class stay. Rows of the minority class are drawn without
    replacement. What stays keeps its order.

    Parameters
    ----------
    X : ndarray, pandas or polars DataFrame, or sparse matrix
        The table, of shape (n_rows, n_columns).
    y : array-like of shape (n_rows,)
        Labels of two classes.
    ratio : float, at least 1
        Majority rows for each minority row afterwards; the number of minority rows is
        rounded.
    positive : label, default=None
        The class to thin out. By default the smaller one.
    random_state : int, RandomState or None
        Decides which rows stay.
    return_indices : bool, default=False
        Whether to return the positions of the rows too.

    Returns
    -------
    X, y : same type as X, and ndarray
        The rows that stay.
    indices : ndarray of int64
        Their positions, ascending; only if `return_indices`.

    Raises
    ------
    InputError
        Where there are not two classes, the table is more imbalanced already, or no
        minority row would be left.

    Examples
    --------
    >>> X, y = np.arange(16).reshape(8, 2), np.array([0, 0, 0, 0, 1, 1, 1, 1])
    >>> make_imbalanced(X, y, 2, random_state=0)[1]
    array([0, 0, 0, 0, 1, 1])
    """
    from trimtab.tables import check_same_length, encode_labels

    check_same_length(X, y)
    labels = encode_labels(y, positive=positive)
    if len(labels.classes) != 2:
        raise InputError(
            f"y has {len(labels.classes)} classes: make_imbalanced thins out one of "
            "two; for more see make_long_tail"
        )
    check_number("ratio", ratio, at_least=1)
    n_minority = int(labels.counts[labels.positive])
    n_majority = len(labels.codes) - n_minority
    wanted = round(n_majority / ratio)
    if wanted < 1:
        raise InputError(
            f"ratio {ratio:g} leaves no row of class {labels.names[labels.positive]!r} "
            f"beside {n_majority} others: give at most {n_majority}"
        )
    if wanted > n_minority:
        raise InputError(
            f"class {labels.names[labels.positive]!r} has {n_minority} rows beside "
            f"{n_majority} others: the ratio is {n_majority / n_minority:.4g} already; "
            f"give more than that, not {ratio:g}"
        )
    wanted_rows = labels.counts.copy()
    wanted_rows[labels.positive] = wanted
    return _drawn(X, y, labels.codes, wanted_rows, random_state, return_indices)


def make_long_tail(
    X: Any,
    y: Any,
    factor: float,
    largest: int,
    *,
    random_state: int | np.random.RandomState | None,
    return_indices: bool = False,
) -> tuple[Any, ...]:
    """Draw a long tail: each class is smaller than the one before by the same factor.

    Class k of K, in the order of the sorted labels, gets
    ``round(largest * factor ** (k / (K - 1)))`` rows, drawn without replacement. What
    stays keeps its order. This is how long-tailed versions of balanced benchmarks are
    made; ART's MNIST-LT is ``factor=0.01, largest=1500`` on MNIST's training part.

    Parameters
    ----------
    X : ndarray, pandas or polars DataFrame, or sparse matrix
        The table, of shape (n_rows, n_columns).
    y : array-like of shape (n_rows,)
        Labels.
    factor : float in (0, 1]
        Rows of the last class for each row of the first.
    largest : int
        Rows of the first class.
    random_state : int, RandomState or None
        Decides which rows stay.
    return_indices : bool, default=False
        Whether to return the positions of the rows too.

    Returns
    -------
    X, y : same type as X, and ndarray
        The rows that stay.
    indices : ndarray of int64
        Their positions, ascending; only if `return_indices`.

    Raises
    ------
    InputError
        Where a class has fewer rows than it should get, or would get none.

    References
    ----------
    Y. Cui, M. Jia, T.-Y. Lin, Y. Song and S. Belongie, "Class-balanced loss based on
    effective number of samples", CVPR 2019, section 5.1.

    Examples
    --------
    >>> y = np.repeat([0, 1, 2], 100)
    >>> X_tail, y_tail = make_long_tail(y[:, None], y, 0.01, 100, random_state=0)
    >>> np.bincount(y_tail).tolist()
    [100, 10, 1]
    """
    from trimtab.tables import check_same_length, encode_labels

    check_same_length(X, y)
    labels = encode_labels(y)
    check_number("factor", factor, above=0, at_most=1)
    check_count("largest", largest)
    share = np.arange(len(labels.classes)) / (len(labels.classes) - 1)
    wanted = np.rint(largest * factor**share).astype(np.int64)
    if not wanted[-1]:
        raise InputError(
            f"factor {factor:g} leaves no row of class {labels.names[-1]!r} beside "
            f"{largest} of {labels.names[0]!r}: give a larger factor"
        )
    short = np.flatnonzero(labels.counts < wanted)
    if len(short):
        k = int(short[0])
        raise InputError(
            f"class {labels.names[k]!r} has {labels.counts[k]} rows and should get "
            f"{wanted[k]}: give largest below {largest}, or a smaller factor"
        )
    return _drawn(X, y, labels.codes, wanted, random_state, return_indices)


def _drawn(
    X: Any,
    y: Any,
    codes: NDArray[np.int64],
    wanted: NDArray[np.int64],
    random_state: int | np.random.RandomState | None,
    return_indices: bool,
) -> tuple[Any, ...]:
    """Draw so many rows of each class, and return them in their old order."""
    from sklearn.utils import check_random_state

    from trimtab.tables import take_rows

    random = check_random_state(random_state)
    drawn = [
        random.permutation(np.flatnonzero(codes == code))[:n]
        for code, n in enumerate(wanted)
    ]
    rows = np.sort(np.concatenate(drawn))
    taken = take_rows(X, rows), take_rows(y, rows)
    return (*taken, rows) if return_indices else taken
