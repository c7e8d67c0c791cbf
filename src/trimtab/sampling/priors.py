"""Class distributions: what the data say, what the errors say, and their blend.

Section 3 of the ART paper (Basandrai, Jain and Kandasamy, arXiv 2509.00955), one
function an equation, and the fixed targets that it is compared with. Classes lie on
the last axis; any leading axes are independent runs.
"""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from trimtab.exceptions import InputError, check_number

__all__ = [
    "adaptive_weights",
    "balanced_rows",
    "blend",
    "corrected",
    "difficulty",
    "effective_number_rows",
    "empirical_prior",
    "over_sampled_rows",
    "score_upper_bound",
    "under_sampled_rows",
]

Floats = NDArray[np.float64]


def empirical_prior(counts: ArrayLike) -> Floats:
    """Return each class's share of the rows (Π, section 3, first equation).

    Parameters
    ----------
    counts : array-like of shape (..., n_classes)
        Rows of each class.

    Returns
    -------
    ndarray of float of shape (..., n_classes)
        Sums to 1.

    Raises
    ------
    InputError
        Where a count is negative or not finite, or there is no row at all.

    Examples
    --------
    >>> empirical_prior([9, 3]).tolist()
    [0.75, 0.25]
    """
    rows = _counts(counts)
    prior: Floats = rows / rows.sum(axis=-1, keepdims=True)
    return prior


def difficulty(scores: ArrayLike) -> Floats:
    """Return how hard each class is (s = 1 - f, section 3.3, first equation).

    Parameters
    ----------
    scores : array-like of shape (..., n_classes)
        Each class's score on held-out rows in [0, 1], F1 in the paper.

    Returns
    -------
    ndarray of float of shape (..., n_classes)
        In [0, 1].

    Raises
    ------
    InputError
        Where a score is not in [0, 1].

    Examples
    --------
    >>> difficulty([0.75, 0.5]).tolist()
    [0.25, 0.5]
    """
    values = np.asarray(scores, dtype=float)
    outside = ~((values >= 0) & (values <= 1))
    if outside.any():
        raise InputError(
            f"a class has the score {values[outside].flat[0]}: give scores in [0, 1]"
        )
    return 1 - values


def adaptive_weights(difficulties: ArrayLike, present: ArrayLike = True) -> Floats:
    """Return difficulties that sum to 1 (w, section 3.3, second equation).

    Parameters
    ----------
    difficulties : array-like of shape (..., n_classes)
        How hard each class is, see `difficulty`; not negative.
    present : array-like of bool, broadcast to the same shape, default=True
        Which classes have rows to draw; the others get no weight. At least one.

    Returns
    -------
    ndarray of float of shape (..., n_classes)
        Uniform over the present classes where none of them is hard.

    Examples
    --------
    >>> adaptive_weights([0.25, 0.75]).tolist()
    [0.25, 0.75]
    >>> adaptive_weights([0.0, 0.0]).tolist()
    [0.5, 0.5]
    """
    hard = np.asarray(difficulties, dtype=float)
    there = np.broadcast_to(np.asarray(present, dtype=bool), hard.shape)
    hard = np.where(there, hard, 0.0)
    # By the largest first: a sum of subnormal numbers has no usable inverse.
    largest = hard.max(axis=-1, keepdims=True)
    hard = np.where(
        largest > 0, hard / np.where(largest > 0, largest, 1), there.astype(float)
    )
    weights: Floats = hard / hard.sum(axis=-1, keepdims=True)
    return weights


def blend(prior: ArrayLike, weights: ArrayLike, prior_blend: float) -> Floats:
    """Return the distribution to draw from (p = cΠ + (1 - c)w, section 3.4).

    Parameters
    ----------
    prior : array-like of shape (..., n_classes)
        The empirical prior, Π.
    weights : array-like of shape (..., n_classes)
        The adaptive weights, w.
    prior_blend : float in [0, 1]
        The prior's part, c: 1 leaves the data as they are.

    Returns
    -------
    ndarray of float of shape (..., n_classes)
        Sums to 1.

    Raises
    ------
    InputError
        Where `prior_blend` is not in [0, 1].

    Examples
    --------
    >>> blend([0.75, 0.25], [0.25, 0.75], 0.5).tolist()
    [0.5, 0.5]
    """
    check_number("prior_blend", prior_blend, at_least=0, at_most=1)
    mixed: Floats = prior_blend * np.asarray(prior, dtype=float) + (
        1 - prior_blend
    ) * np.asarray(weights, dtype=float)
    return mixed


def score_upper_bound(
    scores: ArrayLike, support: ArrayLike, confidence: float
) -> Floats:
    """Return the highest score that a few held-out rows do not rule out.

    The upper end of Wilson's interval for a share of `support` rows. It is exact in
    that sense for recall and on the safe side for F1, which rests on more rows than
    the class has.

    Parameters
    ----------
    scores : array-like of shape (..., n_classes)
        Measured scores in [0, 1].
    support : array-like, broadcast to the same shape
        Held-out rows of each class; with none, anything is possible and the bound 1.
    confidence : float in (0, 1)
        Level of the two-sided interval, such as 0.95.

    Returns
    -------
    ndarray of float of shape (..., n_classes)
        In [score, 1].

    Raises
    ------
    InputError
        Where `confidence` is not inside (0, 1).

    Examples
    --------
    >>> score_upper_bound([0.5, 0.5], [10, 1000], 0.95).round(3).tolist()
    [0.763, 0.531]
    """
    check_number("confidence", confidence, above=0, below=1)
    share = np.asarray(scores, dtype=float)
    rows = np.broadcast_to(np.asarray(support, dtype=float), share.shape)
    z2 = float(norm.ppf((1 + confidence) / 2)) ** 2
    spread = np.sqrt(z2 * (rows * share * (1 - share) + z2 / 4))
    bound: Floats = np.clip((rows * share + z2 / 2 + spread) / (rows + z2), share, 1)
    return bound


def balanced_rows(counts: ArrayLike) -> Floats:
    """Return equally many rows of each class that has any, as many as there are.

    Parameters
    ----------
    counts : array-like of shape (..., n_classes)
        Rows of each class.

    Returns
    -------
    ndarray of float of shape (..., n_classes)
        Rows wanted of each class; not rounded.

    Examples
    --------
    >>> balanced_rows([9, 0, 3]).tolist()
    [6.0, 0.0, 6.0]
    """
    rows = _counts(counts)
    present = rows > 0
    share = rows.sum(axis=-1, keepdims=True) / present.sum(axis=-1, keepdims=True)
    return np.where(present, share, 0.0)


def over_sampled_rows(counts: ArrayLike) -> Floats:
    """Return the largest class's rows for each class that has any.

    Parameters and result as in `balanced_rows`.

    Examples
    --------
    >>> over_sampled_rows([9, 0, 3]).tolist()
    [9.0, 0.0, 9.0]
    """
    rows = _counts(counts)
    return np.where(rows > 0, rows.max(axis=-1, keepdims=True), 0.0)


def under_sampled_rows(counts: ArrayLike) -> Floats:
    """Return the smallest class's rows for each class that has any.

    Parameters and result as in `balanced_rows`.

    Examples
    --------
    >>> under_sampled_rows([9, 0, 3]).tolist()
    [3.0, 0.0, 3.0]
    """
    rows = _counts(counts)
    present = rows > 0
    smallest = np.where(present, rows, np.inf).min(axis=-1, keepdims=True)
    return np.where(present, smallest, 0.0)


def effective_number_rows(counts: ArrayLike, beta: float = 0.9999) -> Floats:
    """Return rows in proportion to count over effective number.

    The effective number of n rows is (1 - β^n) / (1 - β) (Cui, Jia, Lin, Song and
    Belongie, Class-Balanced Loss, CVPR 2019). This draw counts each class as that
    loss does in expectation: between the prior and balance. As many rows as there are.

    Parameters
    ----------
    counts : array-like of shape (..., n_classes)
        Rows of each class.
    beta : float in [0, 1), default=0.9999
        β: 0 keeps the prior, near 1 is balance.

    Returns
    -------
    ndarray of float of shape (..., n_classes)
        Rows wanted of each class; not rounded.

    Raises
    ------
    InputError
        Where `beta` is not in [0, 1).

    Examples
    --------
    Three rows are worth 1 + 0.5 + 0.25 = 1.75, one is worth 1, so that
    they are wanted as 3 / 1.75 to 1.

    >>> wanted = effective_number_rows([3, 1], beta=0.5)
    >>> round(float(wanted[0] / wanted[1]), 4)
    1.7143
    """
    if not 0 <= beta < 1:
        raise InputError(f"beta is {beta}: give a number in [0, 1), such as 0.9999")
    rows = _counts(counts)
    # expm1 keeps the digits that 1 - beta**n loses near 1.
    decay = np.log(beta) if beta else -np.inf
    effective = -np.expm1(np.where(rows > 0, rows, 1.0) * decay)
    wanted = rows / effective
    share = rows.sum(axis=-1, keepdims=True) / wanted.sum(axis=-1, keepdims=True)
    scaled: Floats = wanted * share
    return scaled


def _counts(counts: ArrayLike) -> Floats:
    """Return the counts as floats, or raise where they count nothing."""
    rows: NDArray[Any] = np.asarray(counts, dtype=float)
    wrong = ~(np.isfinite(rows) & (rows >= 0))
    if wrong.any():
        raise InputError(
            f"a class has {rows[wrong].flat[0]} rows: give counts that are not negative"
        )
    if rows.ndim == 0 or not rows.any(axis=-1).all():
        raise InputError(f"the class counts are {rows.tolist()}: give at least one row")
    return rows


def corrected(probabilities: Floats, prior: ArrayLike, drawn: ArrayLike) -> Floats:
    """Return probabilities as they were if classes were drawn as often as they occur.

    Exact where rows are drawn by their class alone: odds change by the same factor for
    all rows (Elkan, IJCAI 2001, Theorem 2).

    Parameters
    ----------
    probabilities : ndarray of float of shape (..., n_rows, n_classes)
        Under the draws.
    prior : array-like of shape (n_classes,)
        Each class's share of the rows.
    drawn : array-like of shape (..., n_classes)
        Its share of what was drawn. A class that never was gets the probability 0.

    Returns
    -------
    ndarray of float of shape (..., n_rows, n_classes)

    Examples
    --------
    >>> corrected(np.array([[0.5, 0.5]]), prior=[0.9, 0.1], drawn=[0.5, 0.5]).tolist()
    [[0.9, 0.1]]
    """
    drawn = np.asarray(drawn, dtype=float)
    ratio = np.divide(prior, drawn, out=np.zeros(drawn.shape), where=drawn > 0)
    odds = probabilities * ratio[..., np.newaxis, :]
    shares: Floats = odds / odds.sum(axis=-1, keepdims=True)
    return shares
