"""Members of an ensemble: made from one learner, seeded, fitted, asked."""

# SPDX-License-Identifier: BSD-3-Clause

import copy
from collections.abc import Callable, Iterator
from inspect import signature
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import get_config
from sklearn.base import clone

from trimtab.exceptions import InputError
from trimtab.fit_arguments import seed_parameters
from trimtab.tables import n_rows, take_rows

__all__ = [
    "BLOCK_ROWS",
    "Learner",
    "MemberMaker",
    "check_learner",
    "in_order",
    "predicted",
]

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

Learner = Any | Callable[[int], Any]
"""A classifier, or a function of the number of rows drawn that returns one."""

ROUNDING = 1e-4
"""How far outside [0, 1] a probability may be for rounding, in single precision too."""

BLOCK_ROWS = 100_000
"""Rows predicted at once, so that no learner copies all of a large table."""


class MemberMaker:
    """Makes the members of one ensemble.

    Parameters
    ----------
    learner : classifier or callable
        What the members are clones of. A callable is given the number of rows drawn
        and returns an unfitted classifier.
    weighted : bool
        Whether rows have weights.

    Raises
    ------
    InputError
        Where the learner is no classifier that predicts probabilities, or takes no
        weights although there are some.
    """

    def __init__(self, learner: Learner, weighted: bool) -> None:
        self._learner = learner
        self._is_function = callable(learner) and not hasattr(learner, "fit")
        example: Any = learner(1) if self._is_function else learner
        check_learner(example)
        self._unfitted = None if self._is_function else clone(learner)
        self._weight_name = _weight_name(example)
        if weighted and self._weight_name is None:
            raise InputError(
                f"{type(example).__name__} takes no sample_weight: leave sample_weight "
                "out, or take another learner"
            )
        self._seeds = seed_parameters(example)

    @property
    def takes_weights(self) -> bool:
        """Whether members can be fitted on weighted rows."""
        return self._weight_name is not None

    def unfitted(self, n_drawn: int, seed: int) -> Any:
        """Return a member for so many rows, whose chance is decided by `seed`."""
        if self._is_function:
            member = self._learner(n_drawn)
        else:  # a clone of a clone, without asking for its parameters again
            member = copy.deepcopy(self._unfitted)
        if self._seeds == ["random_state"] and "random_state" in vars(member):
            member.random_state = seed
        elif self._seeds:
            member.set_params(**dict.fromkeys(self._seeds, seed))
        return member

    def fit(self, member: Any, X: Any, codes: Codes, weight: Floats | None) -> None:
        """Fit a member on rows and, if they have any, their weights."""
        if weight is None:
            member.fit(X, codes)
        else:
            member.fit(X, codes, **{str(self._weight_name): weight})


def check_learner(learner: Any) -> None:
    """Raise an `InputError` unless members can be clones of `learner`.

    Parameters
    ----------
    learner : object
        An unfitted classifier that predicts probabilities.
    """
    if isinstance(learner, type) or not hasattr(learner, "get_params"):
        raise InputError(
            f"estimator is {learner!r}: give an unfitted classifier, for instance "
            "DecisionTreeClassifier()"
        )
    if not hasattr(learner, "predict_proba"):
        raise InputError(
            f"{type(learner).__name__} predicts no probabilities: take a classifier "
            "with predict_proba, or wrap it, CalibratedClassifierCV(...)"
        )


def _weight_name(learner: Any) -> str | None:
    """Return what the learner's ``fit`` calls the rows' weights, if it takes any."""
    steps = getattr(learner, "steps", None)
    if steps:
        last_name, last = steps[-1]
        inner = _weight_name(last)
        if inner is None or get_config()["enable_metadata_routing"]:
            return inner and "sample_weight"
        return f"{last_name}__{inner}"
    arguments = signature(learner.fit).parameters
    # What is handed on to others may be weights; who takes none says so itself.
    hands_on = any(one.kind is one.VAR_KEYWORD for one in arguments.values())
    return "sample_weight" if hands_on or "sample_weight" in arguments else None


def in_order(
    function: Callable[..., Floats],
    arguments: list[tuple[Any, ...]],
    n_jobs: int | None,
) -> Iterator[Floats]:
    """Call a function with each tuple of arguments, some at the same time.

    Parameters
    ----------
    function : callable
        What is called.
    arguments : list of tuple
        Its arguments, call after call.
    n_jobs : int or None
        Threads, as joblib counts them.

    Yields
    ------
    ndarray
        The results in the order of the calls, so that sums of them do not depend on
        `n_jobs`.
    """
    if n_jobs in {None, 1} or len(arguments) == 1:
        yield from (function(*one) for one in arguments)
        return
    from sklearn.utils.parallel import Parallel, delayed  # with its configuration

    threads = Parallel(n_jobs, require="sharedmem", return_as="generator")
    yield from threads(delayed(function)(*one) for one in arguments)


def predicted(member: Any, X: Any, n_classes: int, n_jobs: int | None = None) -> Floats:
    """Return a member's probabilities of all classes.

    Parameters
    ----------
    member : classifier
        Fitted on class codes, perhaps not of all classes.
    X : table of shape (n_rows, n_columns)
        Predicted in blocks where it is large.
    n_classes : int
        Number of classes.
    n_jobs : int or None, default=None
        Threads that share the blocks. The blocks are the same for any number.

    Returns
    -------
    ndarray of float of shape (n_rows, n_classes)
        0 for a class that the member has not seen.

    Raises
    ------
    InputError
        Where a probability is NaN or outside [0, 1], or their number is wrong.
    """
    rows = n_rows(X)
    if rows <= BLOCK_ROWS:
        return _of_all_classes(member, X, n_classes)
    starts = range(0, rows, BLOCK_ROWS)

    def of_block(start: int) -> Floats:
        part = _slice(X, start, min(start + BLOCK_ROWS, rows))
        return _of_all_classes(member, part, n_classes)

    probabilities = np.empty((rows, n_classes))
    blocks = in_order(of_block, [(start,) for start in starts], n_jobs)
    for start, block in zip(starts, blocks, strict=True):
        probabilities[start : start + len(block)] = block
    return probabilities


def _slice(X: Any, start: int, stop: int) -> Any:
    if type(X) is np.ndarray:
        return X[start:stop]
    return take_rows(X, np.arange(start, stop))


def _of_all_classes(member: Any, X: Any, n_classes: int) -> Floats:
    probabilities: Floats = np.asarray(member.predict_proba(X), dtype=float)
    rows, name = n_rows(X), type(member).__name__
    if probabilities.shape != (rows, n_classes):
        seen = np.asarray(getattr(member, "classes_", range(n_classes)), dtype=int)
        if probabilities.shape != (rows, len(seen)):
            raise InputError(
                f"{name} predicts probabilities of shape {probabilities.shape} where "
                f"{(rows, len(seen))} is wanted, a row for each row and a column for "
                "each class: take another learner"
            )
        complete = np.zeros((rows, n_classes))
        complete[:, seen] = probabilities
        probabilities = complete
    least, greatest = probabilities.min(), probabilities.max()
    if np.isnan(least):
        raise InputError(
            f"{name} predicts probabilities that are NaN: prepare its input, for "
            "instance by a Pipeline that scales, or take another learner"
        )
    if least < -ROUNDING or greatest > 1 + ROUNDING:
        raise InputError(
            f"{name} predicts probabilities from {least:.3g} to {greatest:.3g}: wrap "
            "it, CalibratedClassifierCV(...), or take another learner"
        )
    return probabilities
