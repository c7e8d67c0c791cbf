"""The arithmetic of AdaBoost.M2: what a member's mistakes weigh.

Freund and Schapire, "Experiments with a New Boosting Algorithm", ICML 1996. A mistake
is a pair of a row and a class that it is *not*. The weights of all pairs sum to 1, and
a member is as bad as the weight of the pairs that it holds for true.
"""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEAST_LOSS", "first_mistakes", "parent_weights", "pseudo_loss", "reweighed"]

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

LEAST_LOSS = 1e-10
"""What a member without any loss is held to have: its vote stays finite."""


def first_mistakes(codes: Codes, n_classes: int) -> Floats:
    """Return D_1: all mistakes weigh the same.

    Parameters
    ----------
    codes : ndarray of int of shape (n_rows,)
        Class codes.
    n_classes : int
        Number of classes.

    Returns
    -------
    ndarray of float of shape (n_rows, n_classes)
        Weights of (row, class), 0 where the row is of the class; they sum to 1.

    Examples
    --------
    >>> first_mistakes(np.array([0, 1]), 3)
    array([[0.  , 0.25, 0.25],
           [0.25, 0.  , 0.25]])
    """
    weights = np.full((len(codes), n_classes), 1 / (len(codes) * (n_classes - 1)))
    weights[np.arange(len(codes)), codes] = 0
    return weights


def pseudo_loss(weights: Floats, probabilities: Floats, codes: Codes) -> float:
    """Return a member's pseudo-loss.

    Half the weighted sum of 1 - h(x, its class) + h(x, the other class) over all
    mistakes; the half, which the paper on SMOTEBoost leaves out, keeps it in [0, 1].

    Parameters
    ----------
    weights : ndarray of float of shape (n_rows, n_classes)
        D_t, the weights of the mistakes.
    probabilities : ndarray of float of shape (n_rows, n_classes)
        The member's h(x, y).
    codes : ndarray of int of shape (n_rows,)
        Class codes.

    Returns
    -------
    float in [0, 1]
        0.5 for one that guesses, 0 for one that is right and sure everywhere.
    """
    right = probabilities[np.arange(len(codes)), codes]
    of_rows = weights.sum(axis=1) @ (1 - right)
    return float(of_rows + np.vdot(weights, probabilities)) / 2


def reweighed(
    weights: Floats, probabilities: Floats, codes: Codes, beta: float
) -> Floats:
    """Return D_{t+1}: mistakes that the member does not make weigh less.

    Parameters
    ----------
    weights : ndarray of float of shape (n_rows, n_classes)
        D_t, the weights of the mistakes.
    probabilities : ndarray of float of shape (n_rows, n_classes)
        The member's h(x, y).
    codes : ndarray of int of shape (n_rows,)
        Class codes.
    beta : float in (0, 1)
        Pseudo-loss / (1 - pseudo-loss).

    Returns
    -------
    ndarray of float of shape (n_rows, n_classes)
        D_t times beta^((1 + h(x, its class) - h(x, the other class)) / 2), made to sum
        to 1.
    """
    right = probabilities[np.arange(len(codes)), codes]
    new = weights * beta ** ((1 + right[:, None] - probabilities) / 2)
    scaled: Floats = new / new.sum()
    return scaled


def parent_weights(row_weights: Floats, foreign: Codes, alpha: float) -> Floats:
    """Return how likely RAMOBoost is to make a new row from each rare row.

    Parameters
    ----------
    row_weights : ndarray of float of shape (n_rare,)
        D_t summed over the mistakes of each row.
    foreign : ndarray of int of shape (n_rare,)
        delta, the number of neighbours of another class.
    alpha : float
        How fast chance rises with them.

    Returns
    -------
    ndarray of float of shape (n_rare,)
        In proportion to D_t(i) / (1 + exp(-alpha delta_i)), summing to 1. Where no
        row has any weight left, by delta alone.

    Examples
    --------
    >>> parent_weights(np.array([0.3, 0.1]), np.array([0, 0]), 0.3)
    array([0.75, 0.25])
    """
    chances = 1 / (1 + np.exp(-alpha * foreign))
    weighted = row_weights * chances
    total = weighted.sum()
    normalised: Floats = weighted / total if total > 0 else chances / chances.sum()
    return normalised
