"""Results of suites, from a store or from exports."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from trimtab.benchmark.store import Store
from trimtab.benchmark.suites.export_files import read_export
from trimtab.benchmark.suites.suite import Suite, list_suites, load_suite
from trimtab.benchmark.suites.summary import flatten_per_class, with_labels
from trimtab.exceptions import InputError

__all__ = ["SuiteResults", "read_results", "read_suites"]


@dataclass(frozen=True)
class SuiteResults:
    """A suite and what came of it.

    Attributes
    ----------
    suite : Suite
        The plan.
    results : DataFrame
        One row an experiment, methods by their labels.
    argument : str, default=""
        How the suite is named on the command line: its name, or its file.
    """

    suite: Suite
    results: pd.DataFrame
    argument: str = ""

    @property
    def command(self) -> str:
        """How its experiments are run again."""
        return f"trimtab bench run {self.argument or self.suite.name}"


def read_results(
    plan: Suite,
    store: str,
    source: Path | None = None,
    argument: str | None = None,
    *,
    only_seeds: bool = False,
) -> pd.DataFrame:
    """Return a suite's results.

    Parameters
    ----------
    plan : Suite
        Which experiments.
    store : str
        The URL of the store that they are read from.
    source : Path, default=None
        An export instead, or a folder with one called ``SUITE.csv.gz``.
    argument : str, default=None
        How the suite is named on the command line; by default its name.
    only_seeds : bool, default=False
        Whether of an export, too, only the plan's seeds are taken. By default all
        that it has are, which may be others.

    Returns
    -------
    DataFrame
        One row an experiment, methods by their labels.

    Raises
    ------
    InputError
        Where there are none.
    """
    if source is not None:
        file = source / f"{plan.name}.csv.gz" if source.is_dir() else source
        exported = read_export(file)
        return _of_seeds(exported, plan.seeds, file) if only_seeds else exported
    results = _stored(plan, store)
    if results.empty:
        raise InputError(
            f"the store {store} has no result of the suite {plan.name}: run it first, "
            f"trimtab bench run {argument or plan.name}, or name another --store"
        )
    return results


def _of_seeds(results: pd.DataFrame, seeds: Sequence[int], file: Path) -> pd.DataFrame:
    """Return the results of these seeds."""
    if "seed" not in results:
        raise InputError(f"{file} does not say its seeds: leave the seeds out")
    found = results[results["seed"].isin(seeds)]
    if found.empty:
        asked = ", ".join(map(str, seeds))
        there = ", ".join(map(str, sorted(results["seed"].unique())))
        raise InputError(
            f"{file} has no result of the seeds {asked}: it has {there}; choose among "
            "these, or leave the seeds out"
        )
    return found.reset_index(drop=True)


def _stored(plan: Suite, store: str) -> pd.DataFrame:
    with Store(store, must_exist=True) as opened:
        results = opened.results(plan.experiments())
    if results.empty:
        return results
    flat = flatten_per_class(results.drop(columns=["key", "versions"]))
    return with_labels(flat, plan)


def read_suites(
    names: Sequence[str], store: str, source: Path | None = None
) -> list[SuiteResults]:
    """Return the results of several suites.

    Parameters
    ----------
    names : sequence of str
        Suites by name or file; none are all that ship with trimtab and have results.
    store, source
        As for `read_results`. A file of `source` is of one suite.

    Returns
    -------
    list of SuiteResults

    Raises
    ------
    InputError
        Where a suite that is named has no results, or no suite has any.
    """
    if source is not None and source.is_file() and len(names) != 1:
        raise InputError(
            f"{source} holds one suite: name that suite alone, or give a folder of "
            "exports"
        )
    if names:
        plans = {name: load_suite(name) for name in names}
        return [
            SuiteResults(plan, read_results(plan, store, source, name), name)
            for name, plan in plans.items()
        ]
    found = []
    for name in list_suites():
        plan = load_suite(name)
        if source is None:
            results = _stored(plan, store)
        elif (source / f"{name}.csv.gz").is_file():
            results = read_results(plan, store, source)
        else:
            continue
        if len(results):
            found.append(SuiteResults(plan, results, name))
    if not found:
        raise InputError(
            f"{source or store} has no results of a suite that comes with trimtab: "
            "name the file of your own, run one first, trimtab bench run, or name "
            "another --store or --from"
        )
    return found
