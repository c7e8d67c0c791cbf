"""What a policy decided and what came of it, member by member, as arrays."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.exceptions import InputError
from trimtab.sampling.draw_history import innermost
from trimtab.tables import smallest_class

__all__ = ["EnsembleHistory"]

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

KEPT = ("round", "rows_per_class", "held_out_score", "train_histogram")
"""What the records of an ensemble on drawn rows have; other learners' have not."""


@dataclass(frozen=True, eq=False)
class EnsembleHistory:
    """How an ensemble on drawn rows grew.

    Attributes
    ----------
    members : ndarray of int of shape (n_members,)
        Counted from 1.
    mu : ndarray of float of shape (n_members,)
        The error around which each member's rows were drawn, in [0, 1]. NaN where the
        policy draws otherwise, and for the first member: there are no errors yet, so
        that its draw is at random.
    ratio : ndarray of float of shape (n_members,)
        Rows of each larger class for one of the smallest; NaN where it is not noted.
    rows : ndarray of int of shape (n_members, n_classes)
        Rows drawn.
    score : ndarray of float of shape (n_members,)
        Of the ensemble with this member on the held-out rows; NaN without any.
    train : ndarray of float of shape (n_members, n_classes, n_bins)
        The shares of each class's training rows by their error under the ensemble with
        this member, in bins of equal width over [0, 1].
    held_out : ndarray of float of shape (n_members, n_classes, n_bins) or None
        The same of the held-out rows; None where there are none.
    classes : ndarray of shape (n_classes,)
        The labels.
    prior : ndarray of float of shape (n_classes,)
        Each class's share of the training rows.
    metric : str
        What the score is.
    """

    members: Codes
    mu: Floats
    ratio: Floats
    rows: Codes
    score: Floats
    train: Floats
    held_out: Floats | None
    classes: NDArray[Any]
    prior: Floats
    metric: str

    @classmethod
    def of(cls, estimator: Any) -> "EnsembleHistory":
        """Read the history of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            A `MESAClassifier` or an under-sampling ensemble, or a pipeline or a search
            around one.

        Raises
        ------
        InputError
            Where it has no such history.
        """
        fitted = innermost(estimator)
        records: Any = getattr(fitted, "history_", None)
        if not _tells_of_members(records):
            raise InputError(
                f"{type(fitted).__name__} has no history of members: give a fitted "
                "MESAClassifier or under-sampling ensemble, or a pipeline that ends in "
                "one"
            )
        held_out = _column(records, "held_out_histogram")
        mu = _column(records, "mu")
        mu[0] = np.nan
        metric = fitted.metric
        return cls(
            np.array([record["round"] for record in records], dtype=np.int64),
            mu,
            _column(records, "ratio"),
            np.array([record["rows_per_class"] for record in records], dtype=np.int64),
            _column(records, "held_out_score"),
            _column(records, "train_histogram"),
            held_out if held_out.any() else None,
            np.asarray(fitted.classes_),
            np.asarray(fitted.class_prior_, dtype=float),
            metric if isinstance(metric, str) else _name_of(metric),
        )

    @property
    def smallest(self) -> int:
        """The code of the smallest class, whose rows are in every balanced draw."""
        return smallest_class(self.prior)

    @property
    def bins(self) -> Floats:
        """The edges of the histograms' bins, ascending from 0 to 1."""
        return np.linspace(0.0, 1.0, self.train.shape[2] + 1)


def _name_of(metric: Any) -> str:
    return str(getattr(metric, "__name__", type(metric).__name__))


def _column(records: list[dict[str, Any]], name: str) -> Floats:
    """Return one entry of all records, NaN where it is missing."""
    return np.array([record.get(name, np.nan) for record in records], dtype=np.float64)


def _tells_of_members(records: Any) -> bool:
    """Whether these are the records that an ensemble on drawn rows keeps."""
    return (
        isinstance(records, list)
        and len(records) > 0
        and all(
            isinstance(record, Mapping) and all(name in record for name in KEPT)
            for record in records
        )
    )
