"""Several settings of a network fitted at the price of a few.

A small network on a table spends its time between the operations, not in them: twenty
networks trained as one cost about three times what one costs. `fit_together` makes use
of that where settings are compared, in a search over hyper-parameters for instance.
"""

# SPDX-License-Identifier: BSD-3-Clause

import time
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from trimtab.exceptions import InputError
from trimtab.losses import get_loss
from trimtab.losses.stacked_loss import loss_structure
from trimtab.sampling.draw import MetaDraw, get_draw
from trimtab.training.classifier import NetworkClassifier
from trimtab.training.incremental import check_is_estimator
from trimtab.training.shared_run import (
    FitShare,
    resampled_shares,
    train_shares,
    value_digest,
)
from trimtab.whole_fits import all_or_nothing

__all__ = [
    "MAY_DIFFER",
    "fit_together",
    "fit_together_on",
    "groups_that_fit_together",
]

MAY_DIFFER = frozenset(
    {
        "correct_prior",
        "draw",
        "dropout",
        "learning_rate_init",
        "loss",
        "n_replicas",
        "random_state",
        "sampler",
        "validation_fraction",
        "weight_decay",
    }
)
"""Parameters of a `NetworkClassifier` that may differ within a training run."""

Started = list[tuple[int, Any, FitShare]]
"""Estimators with their positions, and what each is to train next."""

Seconds = list[float]

BYTES_AT_ONCE = 2**30
"""Rows that wait for their run, about, where each estimator has its own."""


def groups_that_fit_together(estimators: Sequence[Any]) -> list[list[int]]:
    """Tell which estimators can share a training run.

    They can where all parameters are equal but those of `MAY_DIFFER`, losses are of one
    kind (of `trimtab.losses`, with other numbers at most), and draws either all learn
    from the batches, as ``"meta"`` does, or none of them. An `ARTClassifier` goes by
    the network that it trains. An `ExplicitGradientClassifier` fits together with its
    like, where what both its networks and its rows go by is equal; rates, shares of
    the rows and `max_confidence` may differ.

    Parameters
    ----------
    estimators : sequence of estimator
        Not fitted, or fitted before. Other estimators than networks stand alone.

    Returns
    -------
    list of list of int
        Positions of the estimators of each group.

    Examples
    --------
    >>> from trimtab.training.classifier import NetworkClassifier
    >>> groups_that_fit_together([
    ...     NetworkClassifier(learning_rate_init=0.001),
    ...     NetworkClassifier(learning_rate_init=0.01, dropout=0.5),
    ...     NetworkClassifier(hidden_layer_sizes=(128,)),
    ... ])
    [[0, 1], [2]]
    """
    keys: list[Hashable] = []
    for position, estimator in enumerate(estimators):
        network = _network_to_fit(estimator)
        own: dict[str, Any] = getattr(estimator, "structure_to_fit", dict)()
        keys.append(position if network is None else _structure(network, own))
    return _grouped(keys)


def fit_together_on(
    estimators: Sequence[Any], tables: Sequence[tuple[Any, Any]]
) -> Seconds:
    """Fit estimators as `fit_together`, each on a table of its own.

    So the folds of a cross-validation become replicas of one training run. What two
    would train alike on the same rows, as a method and its control the same first
    network, is trained once.

    Parameters
    ----------
    estimators : sequence of estimator
        As for `fit_together`.
    tables : sequence of tuple (X, y)
        The rows and labels of each.

    Returns
    -------
    list of float
        The seconds of each; of a run that several share, its part.

    Raises
    ------
    InputError
        As their ``fit`` does, or where there is not one table for each.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.model_selection import StratifiedKFold
    >>> from trimtab.training.classifier import NetworkClassifier
    >>> X, y = make_classification(400, weights=[0.9], random_state=0)
    >>> folds = list(StratifiedKFold(4).split(X, y))
    >>> networks = [NetworkClassifier(max_iter=5, random_state=0) for _ in folds]
    >>> seconds = fit_together_on(networks, [(X[rows], y[rows]) for rows, _ in folds])
    >>> networks[0].predict(X[folds[0][1]]).shape
    (100,)
    """
    if len(tables) != len(estimators):
        raise InputError(
            f"{len(tables)} tables for {len(estimators)} estimators: give one for each"
        )
    return _fit_groups(estimators, tables, {})


def fit_together(
    estimators: Sequence[Any],
    X: Any,
    y: Any,
    eval_set: tuple[Any, Any] | None = None,
    eval_weight: Any = None,
) -> None:
    """Fit estimators, in as few training runs as can be.

    Each is fitted as if by its own ``fit``: the same rows, draws and initial weights,
    and the same result but for rounding.

    Parameters
    ----------
    estimators : sequence of estimator
        `NetworkClassifier`, `trimtab.art.ARTClassifier`,
        `trimtab.explicit_gradient.ExplicitGradientClassifier` or any other classifier.
        Those of a group, see `groups_that_fit_together`, share a run, as long as they
        have equally many training rows, held-out rows and rows in an epoch. All others
        are fitted one after another.
    X, y : table and labels
        As for their ``fit``.
    eval_set : tuple of X and y, default=None
        Held-out rows of one's own, for all estimators.
    eval_weight : array-like of shape (n_held_out_rows,), default=None
        How many rows each row of `eval_set` stands for.

    Raises
    ------
    InputError
        As their ``fit`` does. The estimators of that group then stay as they were, and
        later groups are not fitted.

    See Also
    --------
    trimtab.training.classifier.NetworkClassifier.replica_probabilities : Each
        replica's own probabilities, so that repetitions of a setting need no run of
        their own.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from trimtab.training.classifier import NetworkClassifier
    >>> X, y = make_classification(400, weights=[0.9], random_state=0)
    >>> settings = [
    ...     NetworkClassifier(learning_rate_init=rate, max_iter=20, random_state=0)
    ...     for rate in (0.0001, 0.001, 0.01)
    ... ]
    >>> fit_together(settings, X, y)
    >>> losses = [min(r["held_out_loss"] for r in m.history_) for m in settings]
    >>> settings[losses.index(min(losses))].learning_rate_init
    0.01
    """
    options: dict[str, Any] = {"eval_set": eval_set, "eval_weight": eval_weight}
    options = {name: value for name, value in options.items() if value is not None}
    _fit_groups(estimators, [(X, y)] * len(estimators), options)


def _fit_groups(
    estimators: Sequence[Any],
    tables: Sequence[tuple[Any, Any]],
    options: dict[str, Any],
) -> Seconds:
    seconds = [0.0] * len(estimators)
    for group in groups_that_fit_together(estimators):
        if len(group) == 1:
            (position,) = group
            start = time.perf_counter()
            check_is_estimator(estimators[position])
            estimators[position].fit(*tables[position], **options)
            seconds[position] = time.perf_counter() - start
        else:
            members = [(position, estimators[position]) for position in group]
            with all_or_nothing(*(estimator for _, estimator in members)):
                _fit_group(members, tables, options, seconds)
    return seconds


def _fit_group(
    members: Sequence[tuple[int, Any]],
    tables: Sequence[tuple[Any, Any]],
    options: dict[str, Any],
    seconds: Seconds,
) -> None:
    """Fit the estimators of a group, together those whose numbers of rows allow it.

    Rows are made ready for one after another; where they become too many, what waits
    is trained before more are.
    """
    waiting: Started = []
    for position, estimator in members:
        start = time.perf_counter()
        ready = [share for *_, share in waiting]
        share = estimator.begin_fit(*tables[position], **options).sharing_rows(ready)
        has_own = all(share.rows.X is not other.rows.X for other in ready)
        seconds[position] += time.perf_counter() - start
        if ready and has_own and _n_bytes([*ready, share]) > BYTES_AT_ONCE:
            _train_by_size(waiting, seconds)
        waiting.append((position, estimator, share))
    _train_by_size(waiting, seconds)


def _train_by_size(started: Started, seconds: Seconds) -> None:
    """Resample all, then train those together whose numbers of rows allow it.

    The list is empty then: rows that were resampled are let go.
    """
    start = time.perf_counter()
    shares = resampled_shares([share for *_, share in started])
    each = (time.perf_counter() - start) / len(started)
    by_size: dict[Hashable, Started] = {}
    for (position, estimator, _), share in zip(started, shares, strict=True):
        seconds[position] += each
        by_size.setdefault(_sizes(share), []).append((position, estimator, share))
    del shares
    started.clear()
    for ready in by_size.values():
        _train(ready, seconds)


def _train(started: Started, seconds: Seconds) -> None:
    start = time.perf_counter()
    outcomes = train_shares([share for *_, share in started])
    next_ones: dict[Hashable, Started] = {}
    for (position, estimator, _), outcome in zip(started, outcomes, strict=True):
        share = estimator.end_fit(outcome)
        if share is not None:
            own = next_ones.setdefault(_sizes(share), [])
            own.append((position, estimator, share))
    each = (time.perf_counter() - start) / len(started)
    for position, *_ in started:
        seconds[position] += each
    for ready in next_ones.values():
        _train(ready, seconds)


def _network_to_fit(estimator: Any) -> NetworkClassifier | None:
    """Return the network that an estimator trains, None where there is none."""
    if isinstance(estimator, NetworkClassifier):
        return estimator
    to_fit = getattr(estimator, "network_to_fit", None)
    network: NetworkClassifier | None = None if to_fit is None else to_fit()
    return network


def _structure(network: NetworkClassifier, own: dict[str, Any]) -> Hashable:
    """Return what must be equal for networks to be trained as one."""
    parameters = network.get_params(deep=False)
    fixed = {name: parameters[name] for name in parameters.keys() - MAY_DIFFER}
    fixed |= {f"own {name}": value for name, value in own.items()}
    try:
        content: Hashable = value_digest(sorted(fixed.items()))
    except Exception:  # what cannot be pickled is equal to itself only
        content = tuple(sorted((name, id(value)) for name, value in fixed.items()))
    loss: Any = network.loss
    loss = get_loss(loss) if isinstance(loss, str) else loss
    learns = isinstance(get_draw(network.draw), MetaDraw)
    return content, loss_structure(loss), learns


def _n_bytes(shares: Iterable[FitShare]) -> int:
    """Return the size of the shares' rows, of those in one place once, about."""
    places = {id(share.rows.X): share.rows for share in shares}
    total = sum(rows.X.nbytes + rows.X_held.nbytes for rows in places.values())
    # A sampler may make as many more, for each that shares the rows so far.
    to_come = [share.rows.X.nbytes for share in shares if share.rows.resampling]
    return total + sum(to_come)


def _sizes(share: FitShare) -> Hashable:
    rows = share.rows
    weighted = share.weight_held is not None
    moving = None if share.moving is None else share.moving.shape
    return rows.X.shape, rows.X_held.shape, share.epoch_rows(), weighted, moving


def _grouped(keys: Sequence[Hashable]) -> list[list[int]]:
    """Return the positions of equal keys, in the order of their first."""
    groups: dict[Hashable, list[int]] = {}
    for position, key in enumerate(keys):
        groups.setdefault(key, []).append(position)
    return list(groups.values())
