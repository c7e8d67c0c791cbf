"""The pictures that a suite's file asks for."""

# SPDX-License-Identifier: BSD-3-Clause

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

from trimtab.exceptions import InputError, nearest_names
from trimtab.metrics import MEASURES, find_measure

__all__ = [
    "ALONG_DATASETS",
    "COSTS",
    "CURVE",
    "DIFFERENCES",
    "FRONTIER",
    "PROFILE",
    "RECALL",
    "STAGES",
    "Plot",
    "parse_plots",
]

DIFFERENCES = "differences"
"""Kind of a plot: how far the reference is ahead, methods by data sets."""

CURVE = "curve"
"""Kind of a plot: a score over a number, one line for each of a few settings."""

STAGES = "stages"
"""Kind of a plot: a score over the rows trained on as ensembles grow, a line each."""

PROFILE = "profile"
"""Kind of a plot: on how many data sets a method reaches a fraction of the best."""

RECALL = "recall"
"""Kind of a plot: precision over recall, a line each."""

FRONTIER = "frontier"
"""Kind of a plot: a mean score over a cost, a point for each method."""

ALONG_DATASETS = "dataset"
"""What a curve has along its axis where data sets stand for numbers."""

COSTS = ("n_train_rows", "fit_seconds", "predict_seconds", "peak_memory_mb")
"""What a frontier can have along its axis."""

_KINDS = (DIFFERENCES, CURVE, STAGES, FRONTIER, PROFILE, RECALL)


@dataclass(frozen=True)
class Plot:
    """A picture of a suite.

    Attributes
    ----------
    name : str
        What it is called, and its file.
    kind : {"differences", "curve", "stages", "frontier", "profile", "recall"}
        A heat map of the differences from the suite's reference, curves over a
        parameter, curves over the rows trained on at the protocol's stages, each
        method's mean score over its cost, the share of the data sets over fractions
        of the best score there, or precision over recall.
    title : str
        What stands above it.
    metric : str
        A measure; empty for the suite's.
    methods : tuple of str
        Entries by label or pattern; empty for all.
    datasets : tuple of str
        Data sets; empty for all of the suite.
    x : str
        For curves, the parameter that runs along the axis; or ``"dataset"``, where
        `x_values` say what each of `datasets` stands for. Of a list the first number
        counts. For a frontier the cost, such as ``"n_train_rows"``.
    x_values : tuple of float
        Only these; empty for all.
    x_label : str
        The axis's title; by default `x`.
    log : bool
        Whether the axis is logarithmic.
    lines : str
        The parameter whose values have a line each, or ``"method"``.
    line_values : tuple
        Only these; empty for all.
    line_names : tuple of (str, str)
        What lines are called, where not by their value.
    """

    name: str
    kind: str
    title: str = ""
    metric: str = ""
    methods: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    x: str = ""
    x_values: tuple[float, ...] = ()
    x_label: str = ""
    log: bool = False
    lines: str = "method"
    line_values: tuple[Any, ...] = ()
    line_names: tuple[tuple[str, str], ...] = ()

    def takes(self, label: str) -> bool:
        """Return whether the entry of this label is shown."""
        return not self.methods or any(fnmatch(label, name) for name in self.methods)


def parse_plots(
    values: Iterable[dict[str, Any]], labels: Iterable[str]
) -> tuple[Plot, ...]:
    """Return the plots that a suite's file describes.

    Parameters
    ----------
    values : iterable of dict
        Its tables ``[[plot]]``.
    labels : iterable of str
        The suite's entries.

    Raises
    ------
    InputError
        Where a kind, a measure or a method is unknown, a curve has no `x`, or
        two plots have one name.
    """
    labels = [*labels]
    plots = tuple(_parse(value) for value in values)
    for plot in plots:
        _check(plot, labels)
    for name, times in Counter(plot.name for plot in plots).items():
        if times > 1:
            raise InputError(f"{times} plots are called {name!r}: give each its own")
    return plots


def _parse(value: dict[str, Any]) -> Plot:
    from trimtab import datasets

    given: dict[str, Any] = {
        key: tuple(content) if isinstance(content, list) else content
        for key, content in value.items()
    }
    names = [datasets.describe(name).name for name in value.get("datasets", ())]
    named = tuple(value.get("line_names", {}).items())
    return Plot(**given | {"datasets": tuple(names), "line_names": named})


def _check(plot: Plot, labels: list[str]) -> None:
    where = f"plot {plot.name}"
    if not re.fullmatch(r"[\w-]+", plot.name):
        raise InputError(f"{where}: a name has letters, digits, - and _ alone")
    if plot.kind not in _KINDS:
        raise InputError(f"{where}: kind is {plot.kind!r}: {' or '.join(_KINDS)}")
    if plot.metric and find_measure(plot.metric) is None:
        raise InputError(
            f"{where}: no metric {plot.metric!r}: "
            f"{nearest_names(plot.metric, MEASURES)}"
        )
    for pattern in plot.methods:
        if not any(fnmatch(label, pattern) for label in labels):
            raise InputError(
                f"{where}: no method {pattern!r}: {nearest_names(pattern, labels)}"
            )
    if plot.kind == CURVE and not plot.x:
        raise InputError(f'{where}: x is missing: name a parameter, or "dataset"')
    if plot.kind == FRONTIER and plot.x not in COSTS:
        raise InputError(f"{where}: x is {plot.x!r}: give one of {', '.join(COSTS)}")
    numbers = len(plot.x_values)
    if plot.x == ALONG_DATASETS and not 0 < numbers == len(plot.datasets):
        raise InputError(
            f"{where}: {numbers} x_values for {len(plot.datasets)} datasets:"
            " give one number for each"
        )
