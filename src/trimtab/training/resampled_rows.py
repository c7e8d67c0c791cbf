"""Training rows that a sampler has changed ahead of the training."""

# SPDX-License-Identifier: BSD-3-Clause

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from trimtab.exceptions import InputError
from trimtab.fit_arguments import seed_parameters

__all__ = [
    "Resampling",
    "TrainingRows",
    "check_sampler",
    "resampled_rows",
    "train_together",
]

Inputs = NDArray[np.float32]
Codes = NDArray[np.int64]

_NOTHING_TO_MAKE = ("No samples will be generated", "Not any neigbours belong to")
"""What ADASYN says where no row of a class is near another class."""

_TOO_FEW_ROWS = ("n_neighbors", "n_samples_fit")


class Resampling(NamedTuple):
    """A sampler that is to change training rows, and the seed of what it draws.

    The sampler has ``fit_resample``, as imbalanced-learn has them. It is cloned, and
    every ``random_state`` in it replaced.
    """

    sampler: Any
    seed: int


class TrainingRows(NamedTuple):
    """Training rows (n_rows, ...), images are flattened for samplers, and their codes.

    The labels are there because a ``sampling_strategy`` may name them.
    """

    X: Inputs
    codes: Codes
    classes: NDArray[Any]


def resampled_rows(
    resamplings: Sequence[Resampling], tables: Sequence[TrainingRows]
) -> list[tuple[Inputs, Codes]]:
    """Return training rows as samplers leave them.

    Users of small classes want new rows even there, so that a class with fewer rows
    than the sampler looks at neighbours has all its rows looked at instead. It is the
    only class for which the number is lowered, and a warning says so.

    Samplers that are trained, and can be side by side, are: see `train_together`.

    Parameters
    ----------
    resamplings : sequence of Resampling
        What is done.
    tables : sequence of TrainingRows
        To which rows.

    Returns
    -------
    list of tuple (X, codes)
        As many float32 and int64 as there are tables. Every class that was there still
        is: where the sampler drops all rows of one, they stay.

    Raises
    ------
    InputError
        Where a sampler cannot work on its rows.

    Warns
    -----
    UserWarning
        Where fewer neighbours are looked at, or a class has to stay as it is.
    """
    plans = []
    for resampling, rows in zip(resamplings, tables, strict=True):
        with _explained(resampling.sampler, rows):
            plans.append(_Plan.of(resampling, rows))
    train_together(
        [sampler for plan in plans for sampler, _ in plan.steps],
        [(plan.X, plan.labels) for plan in plans for _ in plan.steps],
    )
    results = []
    for plan, rows in zip(plans, tables, strict=True):
        with _explained(plan.sampler, rows):
            flat, labels = plan.carried_out()
        codes = np.searchsorted(rows.classes, labels).astype(np.int64)
        dropped = np.flatnonzero(~np.isin(rows.codes, codes))
        made = np.asarray(flat, dtype=np.float32).reshape(-1, *rows.X.shape[1:])
        whole = np.concatenate([made, rows.X[dropped]])
        results.append((whole, np.concatenate([codes, rows.codes[dropped]])))
    return results


def check_sampler(sampler: Any) -> None:
    """Raise `InputError` where it is no sampler."""
    if isinstance(sampler, type) or not hasattr(sampler, "fit_resample"):
        raise InputError(
            f"sampler is {sampler!r}: give a sampler of imbalanced-learn such as "
            "SMOTE(), or None"
        )


def train_together(
    samplers: Sequence[Any], tables: Sequence[tuple[Any, NDArray[Any]]]
) -> None:
    """Let samplers that have something to learn learn it side by side.

    These are the classes with a static method ``train_together(samplers, tables)``, as
    `trimtab.synthesis.cwgan.CWGANOverSampler` has one. One alone learns when its rows
    are asked for, as all others do.

    Parameters
    ----------
    samplers : sequence of sampler
        Any, each with numbers as its seeds.
    tables : sequence of tuple (X, y)
        What each is going to resample.
    """
    kinds: dict[type, list[int]] = {}
    for position, sampler in enumerate(samplers):
        if hasattr(type(sampler), "train_together"):
            kinds.setdefault(type(sampler), []).append(position)
    for kind, positions in kinds.items():
        if len(positions) > 1:
            own = [samplers[position] for position in positions]
            kind.train_together(own, [tables[p] for p in positions])  # type: ignore[attr-defined]


@contextmanager
def _explained(sampler: Any, rows: TrainingRows) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except (ValueError, RuntimeError) as error:
        raise InputError(
            f"sampler {_name(sampler)} cannot work on the {len(rows.X)} training rows "
            f"({error}): change its parameters, or take another"
        ) from error


@dataclass(frozen=True, eq=False)
class _Plan:
    """The samplers that will be run on rows, each for some classes.

    Those of an over-sampler come with how many rows the classes are to have then.
    """

    sampler: Any
    X: Inputs
    labels: NDArray[Any]
    steps: list[tuple[Any, dict[Any, int]]]

    @classmethod
    def of(cls, resampling: Resampling, rows: TrainingRows) -> "_Plan":
        sampler, random = resampling.sampler, np.random.RandomState(resampling.seed)
        flat = rows.X.reshape(len(rows.X), -1)
        labels = rows.classes[rows.codes]
        if _is_over_sampler(sampler):
            steps = list(_over_sampling(sampler, labels, random))
        else:
            steps = [(_seeded(sampler, random), {})]
        return cls(sampler, flat, labels, steps)

    def carried_out(self) -> tuple[Any, NDArray[Any]]:
        """Return the rows and labels that come of it."""
        if not _is_over_sampler(self.sampler):
            return _sampled(self.steps[0][0], self.X, self.labels)
        all_X, all_labels = [self.X], [self.labels]
        for sampler, wanted in self.steps:
            for new_X, new_labels in _made(sampler, self.X, self.labels, wanted):
                all_X.append(new_X)
                all_labels.append(new_labels)
        return np.concatenate(all_X), np.concatenate(all_labels)


def _name(sampler: Any) -> str:
    return type(sampler).__name__


def _is_over_sampler(sampler: Any) -> bool:
    from imblearn.over_sampling.base import BaseOverSampler

    return isinstance(sampler, BaseOverSampler)


def _seeded(sampler: Any, random: np.random.RandomState) -> Any:
    copy = clone(sampler)
    seeds = {name: int(random.randint(2**31 - 1)) for name in seed_parameters(copy)}
    return copy.set_params(**seeds)


def _sampled(seeded: Any, X: Any, labels: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
    """Run a sampler that selects rows, with fewer neighbours where there are few."""
    try:
        resampled: tuple[Any, NDArray[Any]] = seeded.fit_resample(X, labels)
    except ValueError as error:
        smallest = int(np.unique(labels, return_counts=True)[1].min())
        fewer = max(smallest - (0 if _only_selects(seeded) else 1), 1)
        lowered = {
            name: fewer
            for name, value in seeded.get_params(deep=True).items()
            if "n_neighbors" in name or "k_neighbors" in name
            if isinstance(value, int) and value > fewer
        }
        if not lowered or not any(word in str(error) for word in _TOO_FEW_ROWS):
            raise
        _warn(
            f"{_name(seeded)} looks at {fewer} neighbours: the smallest class has "
            f"{smallest} training rows"
        )
        resampled = seeded.set_params(**lowered).fit_resample(X, labels)
    return resampled


def _only_selects(sampler: Any) -> bool:
    return bool(getattr(sampler, "_sampling_type", "") != "bypass")


def _over_sampling(
    sampler: Any, labels: NDArray[Any], random: np.random.RandomState
) -> Iterator[tuple[Any, dict[Any, int]]]:
    """Yield an over-sampler, once for all classes that need equally many neighbours."""
    from imblearn.utils import check_sampling_strategy

    strategy = check_sampling_strategy(
        sampler.sampling_strategy, labels, sampler._sampling_type
    )
    counts = dict(zip(*np.unique(labels, return_counts=True), strict=True))
    wanted = {label: counts[label] + n for label, n in strategy.items() if n}
    groups: dict[int | None, list[Any]] = {}
    for label in wanted:
        groups.setdefault(_fewer_neighbours(sampler, counts[label]), []).append(label)
    for fewer, members in groups.items():
        if fewer == 0:
            _warn(
                f"{_name(sampler)} leaves class {members[0]!s} as it is: it has one "
                "training row, and no neighbour to make rows from"
            )
            continue
        seeded = _seeded(sampler, random)
        if fewer is not None:
            seeded.set_params(**dict.fromkeys(_neighbour_parameters(sampler), fewer))
            _warn(
                f"{_name(sampler)} looks at {fewer} neighbours in class "
                f"{members[0]!s}: it has {fewer + 1} training rows"
            )
        yield seeded, {label: wanted[label] for label in members}


def _made(
    sampler: Any, X: Any, labels: NDArray[Any], wanted: dict[Any, int]
) -> list[tuple[Any, NDArray[Any]]]:
    """Return the new rows of some classes, and leave out what cannot be made."""
    sampler.set_params(sampling_strategy=wanted)
    try:
        X_new, labels_new = sampler.fit_resample(X, labels)
    except (ValueError, RuntimeError) as error:
        if not any(phrase in str(error) for phrase in _NOTHING_TO_MAKE):
            raise
        if len(wanted) > 1:
            one_by_one = [{label: n} for label, n in wanted.items()]
            return [m for one in one_by_one for m in _made(sampler, X, labels, one)]
        _warn(
            f"{_name(sampler)} leaves class {next(iter(wanted))!s} as it is: it finds "
            "nothing to make rows from"
        )
        return []
    return [(X_new[len(X) :], labels_new[len(X) :])]


def _neighbour_parameters(sampler: Any) -> list[str]:
    """Return the parameters that count neighbours within a row's own class."""
    from trimtab.synthesis.msmote import MSMOTE

    if isinstance(sampler, MSMOTE):  # it looks among all rows
        return []
    known = sampler.get_params(deep=False)
    names = ("k_neighbors", "n_neighbors")
    return [name for name in names if isinstance(known.get(name), int)]


def _fewer_neighbours(sampler: Any, n_rows: int) -> int | None:
    """Return how many neighbours a class of so many rows has, None if enough."""
    names = _neighbour_parameters(sampler)
    looked_at = max((sampler.get_params()[name] for name in names), default=0)
    return n_rows - 1 if looked_at > n_rows - 1 else None


def _warn(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=2)
