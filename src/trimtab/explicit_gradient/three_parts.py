"""The three parts of a table: what is trained on, what moves rows, what selects."""

# SPDX-License-Identifier: BSD-3-Clause

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trimtab.exceptions import InputError
from trimtab.fit_arguments import check_eval_set
from trimtab.synthesis.moving_set import moving_counts
from trimtab.tables import Labels, held_out_split

__all__ = ["Part", "ThreeParts", "three_parts", "warn_of_few"]

Codes = NDArray[np.int64]

FEW_META_ROWS = 3
"""Below so many meta rows of a rare class their loss says little of it."""


class Part(NamedTuple):
    """Rows, and their class codes."""

    X: NDArray[np.float32]
    codes: Codes


class ThreeParts(NamedTuple):
    """A table in three parts, which by default have no row in common.

    Attributes
    ----------
    training : Part
        What the network is trained on, and where moving rows start.
    meta : Part
        Whose loss moves them.
    held : Part
        What selects the epoch.
    numbers : ndarray of int of shape (n_training_rows,)
        Which rows of the table those of `training` are.
    """

    training: Part
    meta: Part
    held: Part
    numbers: Codes


def three_parts(
    X: NDArray[np.float32],
    labels: Labels,
    held: tuple[Any, float],
    meta: tuple[Any, float | None],
    checked: Callable[[Any], NDArray[np.float32]],
    random_state: np.random.RandomState,
) -> ThreeParts:
    """Split a table, class by class, where the user does not bring the parts.

    Parameters
    ----------
    X : ndarray of shape (n_rows, ...)
        The table.
    labels : Labels
        Its classes.
    held, meta : tuple of (X, y) or None, and float
        A part that the user brings, or the share of each class that it is to have. With
        None for both, the meta rows are the held-out ones.
    checked : callable
        Returns the rows of such a part as the network takes them.
    random_state : RandomState
        Decides the split.

    Returns
    -------
    ThreeParts

    Raises
    ------
    InputError
        Where a class has not a row for each part, or is missing from a part.
    """
    rest = np.arange(len(labels.codes))
    given: dict[str, tuple[Any, Any]] = {"eval_set": held}
    if meta[0] is not None or meta[1] is not None:
        given["meta_set"] = meta
    _check_room(labels, sum(pair is None for pair, _ in given.values()))
    parts: list[Part] = []
    for name, (pair, fraction) in given.items():
        if pair is not None:
            X_given, codes = check_eval_set(pair, labels, name=name)
            parts.append(Part(checked(X_given), codes))
            continue
        of_rest = min(fraction * len(labels.codes) / len(rest), 0.95)
        kept, out = held_out_split(
            labels.codes[rest], of_rest, random_state=random_state
        )
        parts.append(Part(X[rest[out]], labels.codes[rest[out]]))
        rest = rest[kept]
    return ThreeParts(Part(X[rest], labels.codes[rest]), parts[-1], parts[0], rest)


def _check_room(labels: Labels, n_parts: int) -> None:
    """Raise an `InputError` unless each class has a row for every part."""
    counts = labels.counts
    if n_parts and counts.min() <= n_parts:
        name, n = labels.names[int(counts.argmin())], counts.min()
        raise InputError(
            f"class {name} has {n} row{'s' if n > 1 else ' only'}: the split into "
            f"{n_parts + 1} parts needs a row of each class in every part; merge the "
            "class, drop it, or give eval_set and meta_set"
        )


def warn_of_few(codes: Codes, labels: Labels) -> None:
    """Warn where the meta rows of a rare class are too few to follow."""
    counts = np.bincount(codes, minlength=len(labels.classes))
    rare = moving_counts(counts) > 0
    if rare.any() and counts[rare].min() < FEW_META_ROWS:
        code = int(np.flatnonzero(rare)[counts[rare].argmin()])
        warnings.warn(
            f"the meta set has {counts[code]} rows of class {labels.names[code]}, "
            "too few to say where its rows should go: hold out more, by meta_fraction "
            "or validation_fraction, or give a meta_set",
            UserWarning,
            stacklevel=4,
        )
