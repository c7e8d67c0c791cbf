"""Suites: what is run on what, in one TOML file.

A suite names data sets, methods, the protocol, seeds, and the numbers of the paper that
it reruns, where there is one.
"""

# SPDX-License-Identifier: BSD-3-Clause

import json
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

from trimtab.benchmark.experiment import Experiment
from trimtab.benchmark.methods import Method, get_method
from trimtab.benchmark.protocol import Protocol
from trimtab.benchmark.suites.paper_claims import (
    PaperClaim,
    PaperValue,
    parse_claims,
    parse_values,
)
from trimtab.benchmark.suites.plot_plan import Plot, parse_plots
from trimtab.benchmark.suites.suite_expansion import expand_methods, with_paper
from trimtab.benchmark.suites.suite_keys import check_suite
from trimtab.benchmark.tuning import Tuning, TuningTables, entry_tunings, tuning_tables
from trimtab.exceptions import InputError, nearest_names
from trimtab.files import nearest_files
from trimtab.metrics import MEASURES, find_measure

__all__ = [
    "Entry",
    "PaperValue",
    "Suite",
    "list_suites",
    "load_suite",
    "methods_of",
]

_FOLDER = files("trimtab.benchmark.suites")
T = TypeVar("T")


@dataclass(frozen=True)
class Entry:
    """A method of a suite, with its parameters there.

    Attributes
    ----------
    label : str
        Its name in the suite's tables; the method's own unless the file says
        otherwise.
    method : str
        The registered method.
    parameters : str
        Parameters for its factory, as JSON with sorted keys.
    tunings : tuple of (str, Tuning)
        Data sets on which its other parameters are tuned, and how.
    datasets : tuple of str
        The only data sets it is run on; empty for all.
    """

    label: str
    method: str
    parameters: str = "{}"
    tunings: tuple[tuple[str, Tuning], ...] = ()
    datasets: tuple[str, ...] = ()

    def runs_on(self, dataset: str) -> bool:
        """Return whether the suite has it on a data set."""
        return not self.datasets or dataset in self.datasets

    def tuning_on(self, dataset: str) -> Tuning | None:
        """Return how parameters are tuned on a data set, None where they are not."""
        return dict(self.tunings).get(dataset)


@dataclass(frozen=True)
class Suite:
    """A plan of experiments.

    Attributes
    ----------
    name : str
        The file's name without ``.toml``.
    title, description : str
        For people.
    datasets : tuple of str
        Names of the catalogue.
    entries : tuple of Entry
        The methods.
    protocol : Protocol
        How rows are split.
    metric : str
        The measure that its tables show unless another is asked for.
    seeds : tuple of int
        Each seed runs the whole protocol.
    paper : tuple of PaperValue
        The paper's numbers.
    reference : str or None
        The label of the entry that all others are tested against.
    plots : tuple of Plot
        Its pictures.
    claims : tuple of PaperClaim
        What the paper says that these experiments can bear out.
    further_metrics : tuple of str
        Measures that its report shows beside `metric`.
    time_limit : float or None
        Seconds for each fit, unless another limit is asked for.
    together : bool
        Whether networks of several experiments may be trained as one.
    """

    name: str
    title: str
    description: str
    datasets: tuple[str, ...]
    entries: tuple[Entry, ...]
    protocol: Protocol
    metric: str
    seeds: tuple[int, ...] = (0,)
    paper: tuple[PaperValue, ...] = field(default=())
    reference: str | None = None
    plots: tuple[Plot, ...] = field(default=())
    claims: tuple[PaperClaim, ...] = field(default=())
    further_metrics: tuple[str, ...] = ()
    time_limit: float | None = None
    together: bool = False

    def select(
        self,
        datasets: Sequence[str] | None = None,
        methods: Sequence[str] | None = None,
        seeds: Sequence[int] | None = None,
    ) -> "Suite":
        """Return a part of the suite.

        Parameters
        ----------
        datasets : sequence of str, default=None
            Data sets by name, by the end of a name (``mammography``), or by pattern
            (``imblearn27/*``). None keeps all.
        methods : sequence of str, default=None
            Entries by label or pattern. None keeps all.
        seeds : sequence of int, default=None
            Other seeds than the suite's.

        Raises
        ------
        InputError
            Where a name fits nothing in the suite, or nothing is left to run.
        """
        labels = [entry.label for entry in self.entries]
        kept = labels if methods is None else _matching(labels, methods, "method")
        chosen = self.datasets
        if datasets is not None:
            chosen = tuple(_matching(self.datasets, datasets, "data set"))
        entries = tuple(entry for entry in self.entries if entry.label in kept)
        if not any(entry.runs_on(name) for entry in entries for name in chosen):
            raise InputError(
                f"suite {self.name}: it runs {', '.join(kept)} on other data sets "
                "alone: choose more of them"
            )
        return replace(
            self,
            datasets=chosen,
            entries=entries,
            seeds=self.seeds if seeds is None else _once(seeds),
        )

    def experiments(self) -> list[Experiment]:
        """Return every experiment of the suite, data set by data set."""
        return [
            Experiment(
                dataset,
                entry.method,
                self.protocol,
                repeat,
                fold,
                seed,
                entry.parameters,
                get_method(entry.method).code,
                entry.tuning_on(dataset),
            )
            for dataset in self.datasets
            for seed in self.seeds
            for repeat, fold in self.protocol.splits()
            for entry in self.entries
            if entry.runs_on(dataset)
        ]

    def label_of(self, method: str, parameters: str, tuning: str = "") -> str:
        """Return the label of the entry with this method, parameters and tuning.

        The tuning is JSON as `Tuning.as_json` gives it; empty is none.
        """
        alike = [
            entry
            for entry in self.entries
            if (entry.method, entry.parameters) == (method, parameters)
        ]
        for entry in alike:
            known = {found.as_json() for _, found in entry.tunings}
            if tuning in known or not (tuning or known):
                return entry.label
        return alike[0].label if alike else method

    def with_trials(self, n_trials: int) -> "Suite":
        """Return the suite with another number of trials for what it tunes.

        Parameters
        ----------
        n_trials : int
            For every method that is tuned; 0 is no tuning.

        Raises
        ------
        InputError
            Where the suite tunes nothing.
        """
        if not any(entry.tunings for entry in self.entries):
            raise InputError(
                f"suite {self.name}: it tunes nothing: leave the number of trials out"
            )
        entries = (
            replace(
                entry,
                tunings=tuple(
                    (dataset, replace(tuning, n_trials=n_trials))
                    for dataset, tuning in entry.tunings
                    if n_trials
                ),
            )
            for entry in self.entries
        )
        return replace(self, entries=tuple(entries))


def _once(values: Iterable[T]) -> tuple[T, ...]:
    """Return values in their order, each once: a run that counts twice is no run."""
    return tuple(dict.fromkeys(values))


def _matching(known: Iterable[str], wanted: Sequence[str], what: str) -> list[str]:
    """Return the known names that fit one of the wanted."""
    known = list(known)
    kept: list[str] = []
    for name in wanted:
        fits = [k for k in known if fnmatch(k, name) or k.rpartition("/")[2] == name]
        if not fits:
            raise InputError(f"no {what} {name!r}: {nearest_names(name, known)}")
        kept += fits
    return [name for name in known if name in kept]


def list_suites() -> list[str]:
    """Return the names of the suites that ship with trimtab."""
    return sorted(f.name[:-5] for f in _FOLDER.iterdir() if f.name.endswith(".toml"))


def load_suite(name: str) -> Suite:
    """Return a suite.

    Parameters
    ----------
    name : str
        The name of one that ships with trimtab, or the path of a TOML file.

    Returns
    -------
    Suite

    Raises
    ------
    InputError
        Where there is none of that name, or the file does not say what a suite needs.
    """
    if name.endswith(".toml"):
        path = Path(name)
        if not path.is_file():
            hint = nearest_files(path, "*.toml") or "give the path of a TOML file"
            raise InputError(f"no such suite file: {name}; {hint}")
        folder: Traversable = path.parent
        try:
            text, stem = path.read_text(encoding="utf-8"), path.stem
        except UnicodeDecodeError:
            raise InputError(f"suite {name}: it is not UTF-8; convert it") from None
    elif name in list_suites():
        text, stem = (_FOLDER / f"{name}.toml").read_text(encoding="utf-8"), name
        folder = _FOLDER
    elif "/" in name or Path(name).suffix:
        hint = nearest_files(Path(name), "*.toml") or "give the path of a TOML file"
        raise InputError(f"{name} is no suite, whose file ends in .toml: {hint}")
    else:
        raise InputError(
            f"no suite {name!r}: {nearest_names(name, list_suites())}; or give the "
            "path of a TOML file"
        )
    try:
        content = tomllib.loads(text)
        check_suite(content)
        return _parse(stem, with_paper(content, folder))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"suite {name}: not TOML: {error}") from None
    except InputError as error:
        raise InputError(f"suite {name}: {error}") from None


def _parse(name: str, content: dict[str, Any]) -> Suite:
    from trimtab import datasets

    metric = content.get("metric", "average_precision")
    further = _once(content.get("further_metrics", ()))
    for one in (metric, *further):
        if find_measure(one) is None:
            raise InputError(f"no metric {one!r}: {nearest_names(one, MEASURES)}")
    names = _once(datasets.describe(d).name for d in content["datasets"])
    tuning = tuning_tables(content.get("tuning"), names)
    methods = expand_methods(content["methods"], content.get("shared", ()))
    entries = tuple(_entry(value, tuning) for value in methods)
    labels = Counter(entry.label for entry in entries)
    for label, times in labels.items():
        if times > 1:
            raise InputError(
                f"{times} methods are called {label!r}: give each a label of its own"
            )
    reference = content.get("reference")
    if reference is not None and reference not in labels:
        raise InputError(
            f"no method is called {reference!r}, its reference: "
            f"{nearest_names(reference, labels)}"
        )
    return Suite(
        name=name,
        title=content["title"],
        description=content.get("description", "").strip(),
        datasets=names,
        entries=entries,
        protocol=Protocol(**content.get("protocol", {})),
        metric=metric,
        seeds=_once(content.get("seeds", (0,))),
        paper=parse_values(content.get("paper", ()), labels),
        reference=reference,
        plots=parse_plots(content.get("plot", ()), labels),
        claims=parse_claims(content.get("claim", ()), labels, names, metric),
        further_metrics=further,
        time_limit=content.get("time_limit"),
        together=content.get("together", False),
    )


def _entry(value: dict[str, Any], tuning: TuningTables) -> Entry:
    method, parameters = get_method(value["method"]), value["parameters"]
    chosen = value.get("datasets")
    kept = tuple(tuning if chosen is None else _matching(tuning, chosen, "data set"))
    tunings = entry_tunings(
        value.get("tuning", True),
        {dataset: table for dataset, table in tuning.items() if dataset in kept},
        method,
        parameters,
    )
    return Entry(
        value["label"],
        method.name,
        json.dumps(parameters, sort_keys=True),
        tuple(tunings.items()),
        () if chosen is None else kept,
    )


def methods_of(suite: Suite) -> dict[str, Method]:
    """Return the methods of a suite by name."""
    return {entry.method: get_method(entry.method) for entry in suite.entries}
