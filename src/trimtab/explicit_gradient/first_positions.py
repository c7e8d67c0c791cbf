"""Where moving rows start, how far they may go, and whether they went too far."""

# SPDX-License-Identifier: BSD-3-Clause

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trimtab.exceptions import InputError
from trimtab.explicit_gradient.three_parts import Part
from trimtab.synthesis.moving_set import moving_counts
from trimtab.synthesis.row_limits import RowLimits
from trimtab.training.classifier import network_probabilities
from trimtab.training.shared_run import FitOutcome

__all__ = ["limits_of", "own_class_certainty", "wanted_rows", "warn_of_far"]

FAR_SHARE = 0.1
"""From this share of rows far outside the data's range on, a step was too long."""


@torch.no_grad()
def own_class_certainty(first: FitOutcome, training: Part) -> NDArray[np.float64]:
    """Return the probability that each replica gives to each row's own class.

    Parameters
    ----------
    first : FitOutcome
        Of the first network, C_θ0 in the paper.
    training : Part
        The rows.

    Returns
    -------
    ndarray of float of shape (n_replicas, n_rows)
    """
    parts = list(network_probabilities(first.network, training.X))
    probabilities = np.concatenate(parts, axis=1)
    rows = np.arange(len(training.codes))
    own: NDArray[np.float64] = probabilities[:, rows, training.codes]
    return own


def wanted_rows(
    first: FitOutcome,
    codes: NDArray[np.int64],
    classes: NDArray[Any],
    by_difficulty: bool,
    copies: Mapping[Any, int] | None,
) -> NDArray[np.int64]:
    """Return how many rows of each class are to move.

    Parameters
    ----------
    first : FitOutcome
        Of the first network: its F1 on the held-out rows is the difficulty.
    codes : ndarray of int of shape (n_rows,)
        Classes of the training rows.
    classes : ndarray of shape (n_classes,)
        The labels.
    by_difficulty : bool
        Whether classes share by 1 - F1 in place of their rows.
    copies : mapping of label to int, or None
        What the user wants instead.

    Returns
    -------
    ndarray of int of shape (n_classes,) or (n_replicas, n_classes)
    """
    if copies is not None:
        return np.array([copies.get(label, 0) for label in classes.tolist()])
    counts = np.bincount(codes, minlength=len(classes))
    if not by_difficulty:
        return moving_counts(counts)
    f1 = np.zeros((len(first.best_epochs), len(classes)))
    for record in first.history:
        if record["epoch"] == first.best_epochs[record["replica"]]:
            f1[record["replica"]] = record["class_f1"]
    return moving_counts(counts, 1 - f1)


def limits_of(
    X: NDArray[np.float32],
    keep_in_range: bool,
    one_hot_columns: Sequence[Sequence[int]] | None,
    one_hot: str,
) -> RowLimits:
    """Return how far the moving rows of a table may go.

    Parameters
    ----------
    X : ndarray of shape (n_rows, ...)
        Training rows.
    keep_in_range : bool
        Whether they stay in each column's range.
    one_hot_columns : sequence of sequence of int, or None
        Columns that are the categories of one variable each.
    one_hot : {"fixed", "simplex"}
        Whether those stay, or move on the simplex.

    Returns
    -------
    RowLimits

    Raises
    ------
    InputError
        Where a number is that of no column.
    """
    lowest = highest = None
    if keep_in_range:
        lowest = torch.from_numpy(X.min(axis=0))[None, None]
        highest = torch.from_numpy(X.max(axis=0))[None, None]
    given = () if one_hot_columns is None else one_hot_columns
    groups = [torch.tensor(list(group)) for group in given]
    n_columns = X.shape[1] if X.ndim == 2 else 0
    for group in groups:
        if not len(group) or not 0 <= group.min() <= group.max() < n_columns:
            raise InputError(
                f"one_hot_columns has the group {group.tolist()} and X "
                f"{X.shape[1]} columns: give numbers of columns, from 0"
            )
    if groups and one_hot == "fixed":
        return RowLimits(lowest, highest, torch.cat(groups))
    return RowLimits(lowest, highest, None, tuple(groups))


def warn_of_far(
    X: NDArray[np.float32],
    moved: NDArray[np.float32],
    there: NDArray[np.bool_],
    row_learning_rate: float,
) -> None:
    """Warn where many rows have left the range of the data by far.

    Parameters
    ----------
    X : ndarray of shape (n_rows, ...)
        Training rows.
    moved : ndarray of shape (n_replicas, n_moving, ...)
        Where rows have moved.
    there : ndarray of bool of shape (n_replicas, n_moving)
        Which of them there are.
    row_learning_rate : float
        What is to blame.
    """
    flat = X.reshape(len(X), -1)
    lowest, highest = flat.min(axis=0), flat.max(axis=0)
    room = highest - lowest
    places = moved.reshape(*moved.shape[:2], -1)
    outside = (places < lowest - room) | (places > highest + room)
    far = (outside & (room > 0)).any(axis=2)  # a constant column has no measure
    share = far[there].mean()
    if share > FAR_SHARE:
        warnings.warn(
            f"{share:.0%} of the moving rows lie more than a column's range "
            f"outside it: lower row_learning_rate, which is {row_learning_rate:g}, or "
            "set keep_in_range=True",
            UserWarning,
            stacklevel=4,
        )
