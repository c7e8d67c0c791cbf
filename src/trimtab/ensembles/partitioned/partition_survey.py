"""One look at all partitions: how many rows of which class lie where."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.ensembles.partitioned import partition_tasks as tasks
from trimtab.ensembles.partitioned.dask_table import DaskTable, Errands
from trimtab.ensembles.partitioned.partition_tasks import Survey
from trimtab.exceptions import InputError
from trimtab.tables import encode_labels

__all__ = ["SurveyedTable"]


@dataclass(frozen=True)
class SurveyedTable:
    """Partitions, and what was seen of them.

    Attributes
    ----------
    parts : DaskTable
        The partitions.
    classes : ndarray of shape (n_classes,)
        The labels of all, sorted.
    counts : ndarray of int of shape (n_partitions, n_classes)
        Rows of each class in each.
    n_bytes : int
        Memory that all would take.
    """

    parts: DaskTable
    classes: NDArray[Any]
    counts: NDArray[np.int64]
    n_bytes: int

    @classmethod
    def of(cls, parts: DaskTable, errands: Errands) -> "SurveyedTable":
        """Look at all partitions once.

        Parameters
        ----------
        parts : DaskTable
            The partitions.
        errands : Errands
            Looks where they lie.

        Raises
        ------
        InputError
            Where a partition has not as many labels as rows, or labels or weights
            cannot be used, as those of a table in memory could not.
        """
        columns = zip(parts.X, parts.y, parts.weight, strict=True)
        looks = [
            errands.errand(tasks.look_at, X, y, weight, f"partition {number}")
            for number, (X, y, weight) in enumerate(columns)
        ]
        seen: list[Survey] = errands.done(looks)
        for number, one in enumerate(seen):
            _check_lengths(one, f"partition {number}")
        classes = _classes(seen)
        counts = np.zeros((len(seen), len(classes)), dtype=np.int64)
        weights = np.zeros(len(classes))
        for number, one in enumerate(seen):
            if one.n_rows:
                codes = np.searchsorted(classes, one.labels.astype(classes.dtype))
                counts[number, codes] = one.counts
                weights[codes] += one.weights
        if not weights.all():
            raise InputError(
                f"all rows of class {classes[weights == 0][0].item()!r} have a "
                "sample_weight of 0: give some of them weight, or leave the class out"
            )
        weightless = sum(one.n_weightless for one in seen)
        if weightless:
            raise InputError(
                f"{weightless} rows of X have a sample_weight of 0 and would be drawn "
                "as others are: leave them out of the collection"
            )
        return cls(parts, classes, counts, sum(one.n_bytes for one in seen))


def _check_lengths(one: Survey, name: str) -> None:
    for what, number in (("y", one.n_labels), ("sample_weight", one.n_weights)):
        if number != one.n_rows:
            raise InputError(
                f"{name} of X has {one.n_rows} rows and that of {what} has {number}: "
                "take both from one collection, or repartition one like the other"
            )


def _classes(seen: list[Survey]) -> NDArray[Any]:
    """Return the labels of all partitions, as `encode_labels` would find them."""
    found = [one.labels for one in seen if one.n_rows]
    if not found:
        raise InputError("X has no rows: give a collection that has some")
    kinds = {labels.dtype.kind == "U" for labels in found}
    if len(kinds) > 1:  # told of as in memory
        return encode_labels([y for labels in found for y in labels.tolist()]).classes
    return encode_labels(np.unique(np.concatenate(found))).classes
