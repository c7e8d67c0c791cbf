"""Several experiments on one data set, as few training runs.

A small network on a table spends its time between the operations, not in them: folds,
repeats and variants of a method that are trained as replicas of one network cost less
than one after another (`trimtab.training.side_by_side`). And methods that begin with
the same steps, a sampler that is learned say, have them fitted once. Each experiment
keeps its own rows, its key and its outcome. Results are those of single fits but for
rounding, which training multiplies.
"""

# SPDX-License-Identifier: BSD-3-Clause

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from trimtab.benchmark.experiment import Experiment
from trimtab.benchmark.messages import Announce, FinishedExperiment, Phase
from trimtab.benchmark.methods import Method
from trimtab.benchmark.protocol import Rows
from trimtab.benchmark.running.costs import measure_cost
from trimtab.benchmark.running.evaluation import (
    chosen_threshold,
    measure_fitted,
    threshold_rows,
)
from trimtab.benchmark.running.fitting import FittedRows, MethodOnTable
from trimtab.benchmark.running.pipeline_fits import fit_pipelines
from trimtab.tables import Labels

__all__ = ["evaluate_together", "grouped"]

SPLITS_AT_ONCE = 8
"""More replicas side by side gain little."""

BYTES_AT_ONCE = 2**30
"""Of training rows, about, each experiment with a copy of its own."""

Tables = Mapping[str, MethodOnTable]
"""The table with each method, by the method's name."""


def grouped(
    experiments: Sequence[Experiment],
    methods: Mapping[str, Method],
    *,
    pilot: bool = False,
) -> list[list[Experiment]]:
    """Sort experiments into those that may be run together.

    Parameters
    ----------
    experiments : sequence of Experiment
        Any.
    methods : mapping of str to Method
        Each method, by the name in the experiments.
    pilot : bool, default=False
        Whether the first split of each method is a group of its own: where fits may
        take too long, one tells of all.

    Returns
    -------
    list of list of Experiment
        By data set, method and protocol; split by split, all of a split in one group.
        Methods that share steps are together split for split. Alone where the method
        does neither, or where settings or stages take fits of their own. Of each data
        set the first group of every method comes before the later ones.
    """
    groups: dict[Any, list[Experiment]] = {}
    for one in experiments:
        groups.setdefault(_group_of(one, methods[one.method]), []).append(one)
    first: dict[str, list[list[Experiment]]] = {}
    later: dict[str, list[list[Experiment]]] = {}
    for group in groups.values():
        splits = list(_by_split(group).values())
        bounds = {0, *range(int(pilot), len(splits), SPLITS_AT_ONCE), len(splits)}
        for start, end in pairwise(sorted(bounds)):
            some = [experiment for split in splits[start:end] for experiment in split]
            (later if start else first).setdefault(some[0].dataset, []).append(some)
    return [
        group for name, ones in first.items() for group in [*ones, *later.get(name, [])]
    ]


def _group_of(one: Experiment, method: Method) -> Any:
    """Return what is equal for experiments that may be run together."""
    if one.tuning or one.protocol.stages:
        return one.key
    if method.shared_steps:
        # What is fitted ahead of trees, side by side where it can be.
        split = None if method.fits_together else (one.seed, one.repeat, one.fold)
        return one.dataset, method.shared_steps, one.protocol, split
    if method.fits_together:
        return one.dataset, one.method, one.code, one.protocol
    return one.key


def _by_split(
    experiments: Sequence[Experiment],
) -> dict[tuple[int, int, int], list[Experiment]]:
    splits: dict[tuple[int, int, int], list[Experiment]] = {}
    for one in experiments:
        splits.setdefault((one.seed, one.repeat, one.fold), []).append(one)
    return splits


def evaluate_together(
    experiments: Sequence[Experiment],
    methods: Mapping[str, Method],
    X: Any,
    labels: Labels,
    announce: Announce = lambda message: None,
) -> Iterator[FinishedExperiment]:
    """Run experiments on a table, as many at once as memory allows.

    Parameters
    ----------
    experiments : sequence of Experiment
        A group of `grouped`.
    methods : mapping of str to Method
        What is fitted, by the name in the experiments.
    X : array-like, DataFrame or sparse matrix of shape (n_rows, n_columns)
        The table.
    labels : Labels
        The classes of its rows.
    announce : callable, default does nothing
        Called with a `Phase` as each begins; that of several fits says how many.

    Yields
    ------
    FinishedExperiment
        With status ``"done"``; beside the costs of `evaluate` its outcome has
        ``n_fitted_together``, how many fits shared the time and the memory. What goes
        wrong is raised, and spoils what was to come.
    """
    position = {experiment.key: i for i, experiment in enumerate(experiments)}
    tables = {name: MethodOnTable(one, X, labels) for name, one in methods.items()}
    for some in _chunks(list(_by_split(experiments).values()), X):
        for experiment, outcome in _evaluate_at_once(some, tables, announce):
            yield FinishedExperiment(position[experiment.key], outcome)


def _chunks(splits: list[list[Experiment]], X: Any) -> Iterator[list[list[Experiment]]]:
    """Yield splits that there is room for at once, one at least."""
    n_bytes = getattr(X, "nbytes", None)
    if n_bytes is None:
        n_bytes = 8 * X.shape[0] * X.shape[1]
    bytes_of_split = n_bytes * max(map(len, splits))
    n_at_once = max(1, int(BYTES_AT_ONCE // max(1, bytes_of_split)))
    for start in range(0, len(splits), n_at_once):
        yield splits[start : start + n_at_once]


def _evaluate_at_once(
    splits: list[list[Experiment]], tables: Tables, announce: Announce
) -> Iterator[tuple[Experiment, Any]]:
    labels = next(iter(tables.values())).labels
    experiments, parts = [], []
    for split in splits:
        first = split[0]
        rows = first.protocol.rows(labels.codes, first.repeat, first.fold, first.seed)
        experiments += split
        parts += [rows] * len(split)
    # Shared steps are one fit, and the learners behind them cost little.
    n_fits = len(experiments)
    if any(table.method.shared_steps for table in tables.values()):
        n_fits = len(splits)
    thresholds: list[tuple[float | None, float]] = [(None, 0.0)] * len(experiments)
    if experiments[0].protocol.tune_threshold and len(labels.classes) == 2:
        announce(Phase("threshold", n_fits))
        thresholds = list(_thresholds(experiments, [one for one, _ in parts], tables))
    estimators, fitted_on = _built(experiments, [one for one, _ in parts], tables)
    announce(Phase("fit", n_fits))
    with measure_cost() as cost:
        seconds = fit_pipelines(estimators, fitted_on)
    announce(Phase("predict", len(experiments)))
    for number, experiment in enumerate(experiments):
        threshold, threshold_seconds = thresholds[number]
        outcome = measure_fitted(
            experiment,
            tables[experiment.method],
            estimators[number],
            parts[number],
            threshold,
        )
        costs = {
            "fit_seconds": seconds[number],
            "threshold_seconds": threshold_seconds,
            "peak_memory_mb": cost.memory_mb,
            "n_fitted_together": float(len(experiments)),
        }
        estimators[number] = None
        yield experiment, replace(outcome, measures=outcome.measures | costs)


def _built(
    experiments: Sequence[Experiment], rows: Sequence[Rows], tables: Tables
) -> tuple[list[Any], list[tuple[Any, Any]]]:
    """Return unfitted estimators and their rows; of equal rows, the same ones."""
    fitted: dict[int, FittedRows] = {}
    estimators, fitted_on = [], []
    for experiment, own in zip(experiments, rows, strict=True):
        table = tables[experiment.method]
        if id(own) in fitted:
            table.check(fitted[id(own)].info)
        else:
            fitted[id(own)] = table.fitted_rows(own)
        one = fitted[id(own)]
        parameters = json.loads(experiment.parameters)
        estimators.append(
            table.method.build(one.info, experiment.random_state, **parameters)
        )
        fitted_on.append((one.X, one.y))
    return estimators, fitted_on


def _thresholds(
    experiments: Sequence[Experiment], training: Sequence[Rows], tables: Tables
) -> Iterator[tuple[float, float]]:
    """Yield each experiment's decision threshold, and the seconds that it took."""
    labels = next(iter(tables.values())).labels
    split: dict[tuple[int, int], tuple[Rows, Rows]] = {}
    parts = []
    for experiment, rows in zip(experiments, training, strict=True):
        key = id(rows), experiment.random_state
        if key not in split:
            split[key] = threshold_rows(labels, rows, experiment.random_state)
        parts.append(split[key])
    estimators, fitted_on = _built(experiments, [kept for kept, _ in parts], tables)
    seconds = fit_pipelines(estimators, fitted_on)
    for experiment, estimator, (_, held), fit_seconds in zip(
        experiments, estimators, parts, seconds, strict=True
    ):
        start = time.perf_counter()
        threshold = chosen_threshold(tables[experiment.method], estimator, held)
        yield threshold, fit_seconds + time.perf_counter() - start
