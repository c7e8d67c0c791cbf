"""Training rows that a sampler has changed ahead of the training."""

# SPDX-License-Identifier: BSD-3-Clause

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from trimtab.exceptions import InputError
from trimtab.fit_arguments import seed_parameters

__all__ = ["resampled_rows"]

Inputs = NDArray[np.float32]
Codes = NDArray[np.int64]

_NOTHING_TO_MAKE = ("No samples will be generated", "Not any neigbours belong to")
"""What ADASYN says where no row of a class is near another class."""

_TOO_FEW_ROWS = ("n_neighbors", "n_samples_fit")


def resampled_rows(
    sampler: Any, X: Inputs, codes: Codes, classes: NDArray[Any], seed: int
) -> tuple[Inputs, Codes]:
    """Return training rows as a sampler leaves them.

    Users of small classes want new rows even there, so that a class with fewer rows
    than the sampler looks at neighbours has all its rows looked at instead. It is the
    only class for which the number is lowered, and a warning says so.

    Parameters
    ----------
    sampler : sampler
        With ``fit_resample``, as imbalanced-learn has them. It is cloned, and every
        ``random_state`` in it replaced.
    X : ndarray of shape (n_rows, ...)
        Training rows. Images are flattened for the sampler.
    codes : ndarray of int of shape (n_rows,)
        Their class codes.
    classes : ndarray of shape (n_classes,)
        The labels: a ``sampling_strategy`` may name them.
    seed : int
        Decides what the sampler draws.

    Returns
    -------
    X : ndarray of float32 of shape (n_resampled, ...)
    codes : ndarray of int64 of shape (n_resampled,)
        Every class that was there still is: where the sampler drops all rows of one,
        they stay.

    Raises
    ------
    InputError
        Where `sampler` is none, or cannot work on these rows.

    Warns
    -----
    UserWarning
        Where fewer neighbours are looked at, or a class has to stay as it is.
    """
    if isinstance(sampler, type) or not hasattr(sampler, "fit_resample"):
        raise InputError(
            f"sampler is {sampler!r}: give a sampler of imbalanced-learn such as "
            "SMOTE(), or None"
        )
    flat = X.reshape(len(X), -1)
    random = np.random.RandomState(seed)
    labels = classes[codes]
    try:
        if _is_over_sampler(sampler):
            flat, labels = _over_sampled(sampler, flat, labels, random)
        else:
            flat, labels = _sampled(sampler, flat, labels, random)
    except (ValueError, RuntimeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"sampler {_name(sampler)} cannot work on the {len(X)} training rows "
            f"({error}): change its parameters, or take another"
        ) from error
    new_codes = np.searchsorted(classes, labels).astype(np.int64)
    dropped = np.flatnonzero(~np.isin(codes, new_codes))
    resampled = np.asarray(flat, dtype=np.float32).reshape(-1, *X.shape[1:])
    return (
        np.concatenate([resampled, X[dropped]]),
        np.concatenate([new_codes, codes[dropped]]),
    )


def _name(sampler: Any) -> str:
    return type(sampler).__name__


def _is_over_sampler(sampler: Any) -> bool:
    from imblearn.over_sampling.base import BaseOverSampler

    return isinstance(sampler, BaseOverSampler)


def _seeded(sampler: Any, random: np.random.RandomState) -> Any:
    copy = clone(sampler)
    seeds = {name: int(random.randint(2**31 - 1)) for name in seed_parameters(copy)}
    return copy.set_params(**seeds)


def _sampled(
    sampler: Any, X: Any, labels: NDArray[Any], random: np.random.RandomState
) -> tuple[Any, NDArray[Any]]:
    """Run a sampler that selects rows, with fewer neighbours where there are few."""
    seeded = _seeded(sampler, random)
    try:
        resampled: tuple[Any, NDArray[Any]] = seeded.fit_resample(X, labels)
    except ValueError as error:
        smallest = int(np.unique(labels, return_counts=True)[1].min())
        fewer = max(smallest - (0 if _only_selects(sampler) else 1), 1)
        lowered = {
            name: fewer
            for name, value in seeded.get_params(deep=True).items()
            if "n_neighbors" in name or "k_neighbors" in name
            if isinstance(value, int) and value > fewer
        }
        if not lowered or not any(word in str(error) for word in _TOO_FEW_ROWS):
            raise
        _warn(
            f"{_name(sampler)} looks at {fewer} neighbours: the smallest class has "
            f"{smallest} training rows"
        )
        resampled = seeded.set_params(**lowered).fit_resample(X, labels)
    return resampled


def _only_selects(sampler: Any) -> bool:
    return bool(getattr(sampler, "_sampling_type", "") != "bypass")


def _over_sampled(
    sampler: Any, X: Any, labels: NDArray[Any], random: np.random.RandomState
) -> tuple[Any, NDArray[Any]]:
    """Run an over-sampler, in turn for classes that need fewer neighbours."""
    from imblearn.utils import check_sampling_strategy

    strategy = check_sampling_strategy(
        sampler.sampling_strategy, labels, sampler._sampling_type
    )
    counts = dict(zip(*np.unique(labels, return_counts=True), strict=True))
    wanted = {label: counts[label] + n for label, n in strategy.items() if n}
    groups: dict[int | None, list[Any]] = {}
    for label in wanted:
        groups.setdefault(_fewer_neighbours(sampler, counts[label]), []).append(label)
    all_X, all_labels = [X], [labels]
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
        for new_X, new_labels in _made(
            seeded, X, labels, {label: wanted[label] for label in members}
        ):
            all_X.append(new_X)
            all_labels.append(new_labels)
    return np.concatenate(all_X), np.concatenate(all_labels)


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
