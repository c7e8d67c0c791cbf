"""Rows by their errors: histograms, Gaussian weights, self-paced shares, and draws.

An error is what an ensemble leaves open about a row, 1 - the probability of its class;
for two classes that is the ``|F(x) - y|`` of Liu et al., "MESA: Boost Ensemble
Imbalanced Learning with MEta-Sampler", NeurIPS 2020. One function an equation.
"""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.exceptions import InputError

__all__ = [
    "arrival_times",
    "class_error_counts",
    "class_error_histograms",
    "draw_without_replacement",
    "error_histogram",
    "gaussian_exponents",
    "gaussian_weights",
    "hardness_bins",
    "self_paced_shares",
    "share_out",
    "shares_of_bins",
]

Codes = NDArray[np.integer[Any]]
Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

LEAST_WEIGHT = 1e-280  # of a row that is drawn only where all others have been

ROUNDING = 1e-9  # a part that is so near to all that a bin has is all of it


def _bins(errors: Floats, n_bins: int) -> Rows:
    """Return each error's bin; the last is closed, and rounding stays inside."""
    bins = (errors * n_bins).astype(np.int64)
    return np.clip(bins, 0, n_bins - 1, out=bins)


def error_histogram(errors: Floats, n_bins: int) -> Floats:
    """Return the share of rows whose error is in each bin (equation 1).

    Parameters
    ----------
    errors : ndarray of float of shape (n_rows,)
        In [0, 1].
    n_bins : int
        Bins of equal width (the paper's b). They span [0, 1] whatever the errors are,
        so that histograms of different rounds and tasks can be compared.

    Returns
    -------
    ndarray of float of shape (n_bins,)
        Sums to 1. Bin i holds errors in [i / n_bins, (i + 1) / n_bins), the last one
        1 too.

    Examples
    --------
    >>> error_histogram(np.array([0.0, 0.1, 0.5, 1.0]), 2).tolist()
    [0.5, 0.5]
    """
    counts = np.bincount(_bins(errors, n_bins), minlength=n_bins)
    shares: Floats = counts / max(len(errors), 1)
    return shares


def class_error_counts(
    errors: Floats, codes: Codes, n_classes: int, n_bins: int
) -> Rows:
    """Return how many rows of each class have an error in each bin.

    Counts of rows in several places can be added.

    Parameters
    ----------
    errors, codes, n_classes, n_bins
        As for `class_error_histograms`.

    Returns
    -------
    ndarray of int of shape (n_classes, n_bins)
    """
    cells = codes * n_bins + _bins(errors, n_bins)
    counts = np.bincount(cells, minlength=n_classes * n_bins)
    return counts.reshape(n_classes, n_bins)


def class_error_histograms(
    errors: Floats, codes: Codes, n_classes: int, n_bins: int
) -> Floats:
    """Return the `error_histogram` of each class.

    Parameters
    ----------
    errors : ndarray of float of shape (n_rows,)
        In [0, 1].
    codes : ndarray of int of shape (n_rows,)
        Class codes.
    n_classes : int
        Number of classes.
    n_bins : int
        Bins of equal width over [0, 1].

    Returns
    -------
    ndarray of float of shape (n_classes, n_bins)
        Each row sums to 1, or is 0 where a class has no rows.

    Examples
    --------
    >>> class_error_histograms(np.array([0.1, 0.2, 0.9]), np.array([0, 0, 1]), 2, 2)
    array([[1., 0.],
           [0., 1.]])
    """
    counts = class_error_counts(errors, codes, n_classes, n_bins)
    shares: Floats = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return shares


def gaussian_exponents(errors: Floats, mu: float, sigma: float) -> Floats:
    """Return the exponents of the normal density: logarithms of weights (equation 3).

    Each row's is its own affair, whatever other rows there are; so rows in several
    places can be weighed there.

    Parameters
    ----------
    errors : ndarray of float of shape (n_rows,)
        In [0, 1].
    mu : float
        The error that is wanted most.
    sigma : float
        How far around it, above 0. Infinity weighs all alike.

    Returns
    -------
    ndarray of float of shape (n_rows,)
        0 at `mu`, and less the farther from it.

    Examples
    --------
    >>> gaussian_exponents(np.array([0.0, 0.2]), mu=0.0, sigma=0.2).tolist()
    [-0.0, -0.5]
    """
    exponents = (errors - mu) / sigma
    exponents *= exponents
    exponents *= -0.5
    return exponents


def gaussian_weights(errors: Floats, mu: float, sigma: float) -> Floats:
    """Return the weights with which rows are drawn (equation 3, Algorithm 1 line 2).

    Parameters
    ----------
    errors : ndarray of float of shape (n_rows,)
        In [0, 1].
    mu : float
        The error that is wanted most.
    sigma : float
        How far around it, above 0. Infinity weighs all alike.

    Returns
    -------
    ndarray of float of shape (n_rows,)
        The normal density at each error, over their sum.

    Examples
    --------
    >>> gaussian_weights(np.array([0.0, 0.2]), mu=0.0, sigma=0.2).round(3).tolist()
    [0.622, 0.378]
    """
    exponents = gaussian_exponents(errors, mu, sigma)
    # The density's constant factor cancels; without the shift all could be 0.
    exponents -= exponents.max(initial=-np.inf)
    weights: Floats = np.exp(exponents, out=exponents)
    weights /= weights.sum()
    return weights


def draw_without_replacement(
    weights: Floats | None, n: int, rng: np.random.Generator, n_rows: int | None = None
) -> Rows:
    """Draw rows one after the other, each with a chance in proportion to its weight.

    One exponential variate over its weight is each row's time of arrival; the first n
    are drawn (Efraimidis and Spirakis, 2006; the Gumbel trick on another scale).

    Parameters
    ----------
    weights : ndarray of float of shape (n_rows,) or None
        Not negative. None for all alike. Rows of weight 0 come after all others.
    n : int
        Rows to draw; at most all.
    rng : numpy.random.Generator
        Decides which.
    n_rows : int, default=None
        How many rows there are, where `weights` is None.

    Returns
    -------
    ndarray of int64 of shape (n,)
        Positions, each at most once, in no particular order.

    Examples
    --------
    >>> weights = np.array([0.0, 0.5, 0.5])
    >>> sorted(draw_without_replacement(weights, 2, np.random.default_rng(0)).tolist())
    [1, 2]
    """
    total = len(weights) if weights is not None else int(n_rows or 0)
    if not 0 <= n <= total:
        raise InputError(f"{n} rows cannot be drawn from {total}: draw fewer")
    if weights is None:
        return rng.choice(total, n, replace=False, shuffle=False).astype(np.int64)
    if n == total:
        return np.arange(total)
    return np.argpartition(arrival_times(weights, rng), n)[:n]


def arrival_times(weights: Floats, rng: np.random.Generator) -> Floats:
    """Return when each row arrives, where those that weigh more tend to come earlier.

    Rows in several places can be given theirs one place after the other, from one
    generator: then the first n of all are those of one draw.

    Parameters
    ----------
    weights : ndarray of float of shape (n_rows,)
        Not negative, of one scale in all places.
    rng : numpy.random.Generator
        Gives one standard exponential variate for each row.

    Returns
    -------
    ndarray of float of shape (n_rows,)
    """
    arrivals = rng.standard_exponential(len(weights))
    arrivals /= np.maximum(weights, LEAST_WEIGHT)
    return arrivals


def self_paced_shares(errors: Floats, n_bins: int, alpha: float) -> tuple[Floats, Rows]:
    """Return how much of a draw comes from each bin of hardness.

    Liu et al., "Self-paced Ensemble for Highly Imbalanced Massive Data
    Classification", ICDE 2020, Algorithm 1: bins of equal width from the least error
    to the greatest, each weighed by 1 / (its mean error + alpha).

    Parameters
    ----------
    errors : ndarray of float of shape (n_rows,)
        Of the rows to draw from.
    n_bins : int
        Number of bins.
    alpha : float
        The self-paced factor: at 0 easy bins weigh most, in inverse proportion to
        their mean error; the larger it is, the more alike all bins are.

    Returns
    -------
    shares : ndarray of float of shape (n_bins,)
        Sums to 1; 0 for empty bins.
    bins : ndarray of int of shape (n_rows,)
        The bin of each row.

    Examples
    --------
    >>> shares, bins = self_paced_shares(np.array([0.0, 0.2, 0.8, 1.0]), 2, alpha=0.1)
    >>> shares.round(3).tolist(), bins.tolist()
    ([0.833, 0.167], [0, 0, 1, 1])
    """
    bins = hardness_bins(errors, n_bins, errors.min(), errors.max())
    rows = np.bincount(bins, minlength=n_bins)
    sums: Any = np.bincount(bins, weights=errors, minlength=n_bins)
    return shares_of_bins(rows, sums, alpha), bins


def hardness_bins(errors: Floats, n_bins: int, least: float, greatest: float) -> Rows:
    """Return the bin of each row, of equal width from the least error to the greatest.

    Parameters
    ----------
    errors : ndarray of float of shape (n_rows,)
        Of the rows, or of some of them.
    n_bins : int
        Number of bins.
    least, greatest : float
        Of all rows.

    Returns
    -------
    ndarray of int of shape (n_rows,)
    """
    span = greatest - least
    return _bins((errors - least) / span if span > 0 else np.zeros(len(errors)), n_bins)


def shares_of_bins(rows: Codes, sums: Floats, alpha: float) -> Floats:
    """Return how much of a draw comes from each bin; see `self_paced_shares`.

    Parameters
    ----------
    rows : ndarray of int of shape (n_bins,)
        How many rows each bin has.
    sums : ndarray of float of shape (n_bins,)
        Their errors together.
    alpha : float
        The self-paced factor.

    Returns
    -------
    ndarray of float of shape (n_bins,)
        Sums to 1; 0 for empty bins.
    """
    n_bins = len(rows)
    hardness = np.divide(sums, rows, out=np.zeros(n_bins), where=rows > 0)
    floor = np.finfo(float).eps  # where the easiest bin has no error at all
    weights: Floats = (rows > 0) / (np.maximum(hardness, 0) + alpha + floor)
    weights /= weights.sum()
    return weights


def share_out(
    shares: Floats, n: int, available: Codes, rng: np.random.Generator
) -> Rows:
    """Share a number of rows among bins, none getting more than it has.

    A bin whose part is no whole number gets the one below it or the one above, by
    chance, such that each gets its part in the mean (systematic sampling).

    Parameters
    ----------
    shares : ndarray of float of shape (n_bins,)
        What each bin should get of the whole. Not negative.
    n : int
        Rows to share out; at most all that are available.
    available : ndarray of int of shape (n_bins,)
        Rows in each bin.
    rng : numpy.random.Generator
        Decides which parts are rounded up.

    Returns
    -------
    ndarray of int64 of shape (n_bins,)
        Sums to `n`. What a bin cannot give goes to the others, in proportion to their
        shares; bins without a share come last.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> share_out(np.array([0.5, 0.3, 0.2]), 12, np.array([2, 100, 100]), rng).tolist()
    [2, 6, 4]
    """
    weights = np.maximum(shares, LEAST_WEIGHT)
    given = np.zeros(len(shares), dtype=np.int64)
    while left := n - int(given.sum()):
        parts = np.where(given < available, weights, 0.0)
        parts *= left / parts.sum()
        emptied = (parts > 0) & (parts >= available - ROUNDING)
        if not emptied.any():
            steps = np.cumsum(parts)
            steps = np.floor(steps / steps[-1] * left + rng.random())
            given += np.diff(steps, prepend=0).astype(np.int64)
            break
        given[emptied] = available[emptied]
    return given
