"""Which rows a learner is fitted on: samplers as pipeline steps, and their count."""

# SPDX-License-Identifier: BSD-3-Clause

import time
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline

from trimtab.tables import take_rows

__all__ = [
    "MadeRows",
    "SelectedRows",
    "down_to",
    "fitted_rows",
    "resample_seconds",
    "up_to",
]

NOTHING_TO_MAKE = (
    "No samples will be generated",
    "Not any neigbours belong to the majority class",
    "are considered as noise",
)
"""What ADASYN and SVM-SMOTE say where no row of a rare class is at a border."""


def up_to(
    y: Any, ratio: float = 1.0, fewest: int = 1, least: float = 0.0
) -> dict[Any, int]:
    """Return how many rows an over-sampler leaves of each class.

    Parameters
    ----------
    y : array-like of shape (n_rows,)
        Labels.
    ratio : float in (0, 1], default=1.0
        Each class grows to this share of the largest.
    fewest : int, default=1
        A class of fewer rows stays.
    least : float, default=0.0
        A class that would grow by less than this share of its rows stays.

    Returns
    -------
    dict
        Rows by label, as imbalanced-learn's ``sampling_strategy`` takes them.

    Examples
    --------
    >>> up_to(["a"] * 8 + ["b"] * 2 + ["c"], ratio=0.5, fewest=2)
    {'a': 8, 'b': 4, 'c': 1}
    """
    counts = Counter(np.asarray(y).tolist())
    wanted = round(ratio * max(counts.values()))
    return {
        label: wanted if n >= fewest and wanted - n >= max(1, least * n) else n
        for label, n in counts.items()
    }


def down_to(y: Any, ratio: float = 1.0) -> dict[Any, int]:
    """Return how many rows an under-sampler leaves of each class.

    Parameters
    ----------
    y : array-like of shape (n_rows,)
        Labels.
    ratio : float >= 1, default=1.0
        Each class shrinks to so many rows for each of the smallest.

    Returns
    -------
    dict
        Rows by label, as imbalanced-learn's ``sampling_strategy`` takes them.

    Examples
    --------
    >>> down_to(["a"] * 8 + ["b"] * 2, ratio=3)
    {'a': 6, 'b': 2}
    """
    counts = Counter(np.asarray(y).tolist())
    wanted = round(ratio * min(counts.values()))
    return {label: min(n, wanted) for label, n in counts.items()}


class _Resampled(BaseEstimator):  # type: ignore[misc]
    """What both steps share: running the sampler on labels and classes of any size."""

    sampler: Any

    def _run(
        self, X: Any, y: NDArray[Any], neighbours: int
    ) -> tuple[Any, Any, NDArray[Any]]:
        """Return the fitted sampler, and what it made of `X` and `y`.

        It looks at not more than so many `neighbours`.
        """
        labels, codes = np.unique(y, return_inverse=True)
        sampler = clone(self.sampler)
        for name, value in sampler.get_params(deep=True).items():
            if name.endswith(("k_neighbors", "n_neighbors")) and isinstance(value, int):
                sampler.set_params(**{name: min(value, neighbours)})
        start = time.perf_counter()
        with warnings.catch_warnings():
            # Samplers warn where they find fewer rows to take than they look for.
            warnings.simplefilter("ignore")
            X, codes = sampler.fit_resample(X, codes)
        self.seconds_ = time.perf_counter() - start
        return sampler, X, labels[codes]


class SelectedRows(_Resampled):
    """Pipeline step: fit what follows on the rows that a sampler selects.

    The sampler judges rows through `view`, where all columns are complete numbers on
    one scale; what follows gets the selected rows as they were. So it is the rows
    alone that differ between a learner with and without the sampler.

    Parameters
    ----------
    sampler : sampler
        One of imbalanced-learn with ``sample_indices_``. Where the smallest class has
        too few rows for its number of neighbours, fewer are looked at.
    view : transformer, default=None
        What the sampler sees of the rows. None: their numbers only.

    Attributes
    ----------
    n_rows_ : int
        How many rows are left. A class that the sampler dropped altogether is kept.
    seconds_ : float
        How long the sampler took.
    """

    def __init__(self, sampler: Any, view: Any = None) -> None:
        self.sampler = sampler
        self.view = view

    def fit_resample(self, X: Any, y: Any) -> tuple[Any, NDArray[Any]]:
        """Return the selected rows and their labels."""
        y = np.asarray(y)
        if self.view is None:
            seen = np.arange(len(y)).reshape(-1, 1)
        else:
            seen = clone(self.view).fit_transform(X, y)
        smallest = int(np.unique(y, return_counts=True)[1].min())
        rows = self._run(seen, y, smallest)[0].sample_indices_
        dropped = np.flatnonzero(~np.isin(y, y[rows]))
        rows = np.concatenate([rows, dropped])
        self.n_rows_ = len(rows)
        return take_rows(X, rows), y[rows]


class MadeRows(_Resampled):
    """Pipeline step: fit what follows on the rows that a sampler makes.

    Parameters
    ----------
    sampler : sampler
        One of imbalanced-learn. Where the smallest class has too few rows for its
        number of neighbours, fewer are looked at; where the sampler finds nothing to
        make new rows from, or cleans a class away, the rows stay as they are.

    Attributes
    ----------
    n_rows_ : int
        How many rows there are afterwards.
    seconds_ : float
        How long the sampler took; not there where it found nothing to do.
    """

    def __init__(self, sampler: Any) -> None:
        self.sampler = sampler

    def fit_resample(self, X: Any, y: Any) -> tuple[Any, NDArray[Any]]:
        """Return the rows, old and new, and their labels."""
        y = np.asarray(y)
        classes, counts = np.unique(y, return_counts=True)
        # A class of one row has no neighbours, and samplers are told to leave it.
        smallest = int(counts[counts > 1].min())
        try:
            _, made, labels = self._run(X, y, smallest - 1)
            if len(np.unique(labels)) == len(classes):
                X, y = made, labels
        except (ValueError, RuntimeError) as error:
            if not any(phrase in str(error) for phrase in NOTHING_TO_MAKE):
                raise
        self.n_rows_ = len(y)
        return X, y


def fitted_rows(estimator: Any, n_train: int) -> int:
    """Return on how many rows the learners of a fitted estimator were fitted.

    Parameters
    ----------
    estimator : classifier
        Fitted: a learner, a pipeline with one of the steps above, or an ensemble of
        scikit-learn, imbalanced-learn or trimtab, whose members' rows are added up.
    n_train : int
        How many rows ``fit`` was given.

    Returns
    -------
    int
        `n_train` where nothing tells of another number.
    """
    try:
        return int(_counted_rows(estimator, n_train))
    except Exception:
        # A user's classifier may keep anything at all under the names that are looked
        # at: its scores are not given up for want of a count.
        return n_train


def _counted_rows(estimator: Any, n_train: int) -> int:
    steps = _steps(estimator)
    if steps:
        for _, step in steps[:-1]:
            n_train = _rows_after(step, n_train)
        return _counted_rows(steps[-1][1], n_train)
    samplers = getattr(estimator, "samplers_", None)
    if _all_with(samplers, lambda sampler: hasattr(sampler, "sample_indices_")):
        return sum(len(sampler.sample_indices_) for sampler in samplers)
    records = getattr(estimator, "history_", None)
    if _all_with(records, _tells_of_rows):
        return sum(int(record["rows_per_class"].sum()) for record in records)
    members = getattr(estimator, "estimators_", None)
    if isinstance(members, list) and members:
        return sum(_rows_of_member(m, estimator, n_train) for m in members)
    n_train = getattr(estimator, "n_rows_", n_train)
    inner = getattr(estimator, "estimator_", None)
    return n_train if inner is None else _counted_rows(inner, n_train)


def _rows_after(step: Any, n_rows: int) -> int:
    """Return how many rows a fitted step of a pipeline has left or made of some."""
    made = getattr(step, "sampling_strategy_", None)
    if hasattr(step, "n_rows_"):
        n_rows = step.n_rows_
    elif getattr(step, "_sampling_type", "") == "over-sampling" and made is not None:
        n_rows += sum(made.values())  # as imbalanced-learn tells, by label
    elif hasattr(step, "sample_indices_"):
        n_rows = len(step.sample_indices_)
    return n_rows


def _steps(estimator: Any) -> list[tuple[str, Any]]:
    """Return a pipeline's steps; elsewhere the name may mean a number of steps."""
    return estimator.steps if isinstance(estimator, Pipeline) else []


def _all_with(items: Any, is_known: Callable[[Any], bool]) -> TypeGuard[list[Any]]:
    """Return whether it is a list with something in it, all of a known kind."""
    return isinstance(items, list) and bool(items) and all(map(is_known, items))


def _tells_of_rows(record: Any) -> bool:
    """Return whether it is what trimtab's ensembles note of a member."""
    return isinstance(record, Mapping) and {"round", "rows_per_class"} <= record.keys()


def resample_seconds(estimator: Any) -> float | None:
    """Return how long the samplers of a fitted pipeline took; None without any.

    Parameters
    ----------
    estimator : classifier
        Fitted.

    Returns
    -------
    float or None
        Seconds of `SelectedRows` and `MadeRows`, without what prepares the rows.
    """
    ours = [step for _, step in _steps(estimator) if isinstance(step, _Resampled)]
    seconds = [step.seconds_ for step in ours if hasattr(step, "seconds_")]
    if seconds:
        return float(sum(seconds))
    inner = getattr(estimator, "estimator_", None)
    return None if inner is None else resample_seconds(inner)


def _rows_of_member(member: Any, ensemble: Any, n_train: int) -> int:
    """Return the rows of a member that draws its own, or gets a share of all."""
    if hasattr(member, "named_steps") and "sampler" in member.named_steps:
        return len(member.named_steps["sampler"].sample_indices_)
    share = getattr(ensemble, "max_samples", None)
    if isinstance(share, float):
        n_train = max(1, int(share * n_train))
    return _counted_rows(member, n_train if not isinstance(share, int) else share)
