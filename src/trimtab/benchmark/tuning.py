"""How a method's parameters are tuned: how many trials, on what, by which measure.

The search itself is in `trimtab.benchmark.running.search`.
"""

# SPDX-License-Identifier: BSD-3-Clause

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from trimtab.benchmark.methods import Method
from trimtab.benchmark.methods.search_spaces import count_parameters
from trimtab.exceptions import InputError, nearest_names
from trimtab.metrics import MEASURES

__all__ = [
    "Tuning",
    "entry_tunings",
    "merge_tables",
    "read_tuning",
    "tuning_tables",
]

TuningTables = dict[str, Mapping[str, Any] | None]
"""What a suite says of tuning on each data set, None for no tuning."""


_MOST_AT_ONCE = 20
_ROUNDS = 5
_BY_PARAMETER = ("trials_per_parameter", "max_parameters")


@dataclass(frozen=True)
class Tuning:
    """How parameters are searched inside the training part of an experiment.

    Attributes
    ----------
    n_trials : int
        Settings that are tried. The first is the method as it comes.
    metric : str, default="macro_f1"
        What is better, by a name of `trimtab.metrics.MEASURES`; not a ``tuned_`` one.
    n_splits : int, default=1
        Hold-outs of the training part on which each setting is scored.
    validation_fraction : float in (0, 1), default=0.15
        The share of each class of the training part that a hold-out takes.
    n_seeds : int, default=1
        How often each setting is fitted on each hold-out; the score is the mean. For
        networks the seeds are replicas of one run.
    batch : int or None, default=None
        Settings that are proposed at once, before the scores of any of them are known.
        None is a fifth of the trials, at most 20.
    time_limit : float or None, default=None
        Seconds after which no further batch is begun: the best so far is taken. What
        is found then depends on the speed of the machine.

    Raises
    ------
    InputError
        Where a value is out of its range.
    """

    n_trials: int
    metric: str = "macro_f1"
    n_splits: int = 1
    validation_fraction: float = 0.15
    n_seeds: int = 1
    batch: int | None = None
    time_limit: float | None = None

    def __post_init__(self) -> None:
        for name in ("n_trials", "n_splits", "n_seeds"):
            _check_count(name, getattr(self, name))
        if self.batch is not None:
            _check_count("batch", self.batch)
        if self.metric not in MEASURES:
            raise InputError(
                f"tuning: no metric {self.metric!r}: "
                f"{nearest_names(self.metric, MEASURES)}"
            )
        if self.metric.startswith("tuned_"):
            raise InputError(
                f"tuning: {self.metric} needs a threshold that is chosen after the "
                f"parameters: use {self.metric.removeprefix('tuned_')}"
            )
        fraction = self.validation_fraction
        if not _is_number(fraction) or not 0 < fraction < 1:
            raise InputError(
                f"tuning: validation_fraction is {fraction!r}: give a share inside "
                "(0, 1)"
            )
        limit = self.time_limit
        if limit is not None and not (_is_number(limit) and limit > 0):
            raise InputError(
                f"tuning: time_limit is {limit!r}: give seconds above 0, or leave it "
                "out for no limit"
            )

    @property
    def batch_size(self) -> int:
        """How many settings are proposed at once."""
        by_default = min(_MOST_AT_ONCE, math.ceil(self.n_trials / _ROUNDS))
        return min(self.batch or by_default, self.n_trials)

    @property
    def greater_is_better(self) -> bool:
        """The direction of the metric."""
        return MEASURES[self.metric].greater_is_better

    def as_dict(self) -> dict[str, Any]:
        """Return the fields, for an experiment's key: all decide the result."""
        return asdict(self)

    def as_json(self) -> str:
        """Return the fields as JSON with sorted keys."""
        return json.dumps(self.as_dict(), sort_keys=True)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_count(name: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InputError(f"tuning: {name} is {value!r}: give a whole number, 1 or more")


def merge_tables(
    general: Mapping[str, Any], special: Mapping[str, Any]
) -> dict[str, Any]:
    """Return one table of a suite with what a special one says in its place.

    Parameters
    ----------
    general, special : mapping
        As `read_tuning` takes them. The number of trials is one thing, whether it is
        given as such or for each parameter.

    Raises
    ------
    InputError
        Where a key is not known, or the number of trials is given twice.
    """
    _check_keys(general)
    _check_keys(special)
    replaced: set[str] = set()
    if "n_trials" in special:
        replaced |= {*_BY_PARAMETER}
    if "trials_per_parameter" in special:
        replaced |= {"n_trials", "max_parameters"}
    kept = {key: value for key, value in general.items() if key not in replaced}
    return kept | dict(special)


def read_tuning(
    table: Mapping[str, Any], method: Method, fixed: Mapping[str, Any]
) -> Tuning | None:
    """Return the tuning of a method that a suite's table says.

    Parameters
    ----------
    table : mapping
        Fields of `Tuning`, or in place of ``n_trials`` a number of
        ``trials_per_parameter`` and, if wanted, ``max_parameters``: with more
        parameters there are not more trials.
    method : Method
        Decides how many parameters there are.
    fixed : mapping of str to object
        Parameters that the suite gives: they are not searched.

    Returns
    -------
    Tuning or None
        None where nothing is to be searched.

    Raises
    ------
    InputError
        Where a key is not known, a value out of range, or the number of trials is not
        given or given twice.
    """
    _check_keys(table)
    options = dict(table)
    n_parameters = count_parameters(method, fixed)
    each = options.pop("trials_per_parameter", None)
    most = options.pop("max_parameters", None)
    if each is not None:
        _check_count("trials_per_parameter", each)
        if most is not None:
            _check_count("max_parameters", most)
        options["n_trials"] = each * max(1, min(n_parameters, most or n_parameters))
    elif "n_trials" not in options:
        raise InputError(
            "tuning: it does not say how many trials: give n_trials, or "
            "trials_per_parameter"
        )
    tuning = Tuning(**options)
    return tuning if n_parameters else None


def _check_keys(table: Mapping[str, Any]) -> None:
    known = [*(field.name for field in fields(Tuning)), *_BY_PARAMETER]
    for key in table:
        if key not in known:
            raise InputError(f"tuning: no key {key!r}: {nearest_names(key, known)}")
    if "n_trials" in table and "trials_per_parameter" in table:
        raise InputError(
            "tuning: it has both n_trials and trials_per_parameter: leave one out"
        )


def tuning_tables(given: Any, names: Sequence[str]) -> TuningTables:
    """Return what a suite says of tuning, data set by data set.

    Parameters
    ----------
    given : mapping or None
        The suite's ``[tuning]``: as `read_tuning` takes it, and ``datasets`` with a
        table, or false, for each data set that differs.
    names : sequence of str
        The suite's data sets.

    Returns
    -------
    dict
        The table of each data set, None where nothing is tuned.

    Raises
    ------
    InputError
        Where it is something else.
    """
    from trimtab import datasets

    if given is None:
        return dict.fromkeys(names)
    if not isinstance(given, dict):
        raise InputError(f"tuning is {given!r}: give a table, [tuning]")
    general = {key: value for key, value in given.items() if key != "datasets"}
    tables: TuningTables = dict.fromkeys(names, general)
    own = given.get("datasets", {})
    if not isinstance(own, dict):
        raise InputError(
            f"datasets of the tuning are {own!r}: give a table for each, "
            "[tuning.datasets.NAME]"
        )
    _check_keys(general)
    for short, special in own.items():
        name = datasets.describe(short).name
        if name not in tables:
            raise InputError(
                f"tuning: no data set {short!r} in the suite: "
                f"{nearest_names(short, names)}"
            )
        if special is not False and not isinstance(special, dict):
            raise InputError(f"tuning on {name} is {special!r}: give a table, or false")
        tables[name] = None if special is False else merge_tables(general, special)
    return tables


def entry_tunings(
    given: Any, tables: TuningTables, method: Method, fixed: Mapping[str, Any]
) -> dict[str, Tuning]:
    """Return how a method of a suite is tuned, data set by data set.

    Parameters
    ----------
    given : bool or mapping
        What the method's entry says: a table goes before the suite's, false is no
        tuning, true as the suite says.
    tables : mapping
        As from `tuning_tables`.
    method : Method
        What is tuned, if it has a search space.
    fixed : mapping of str to object
        Parameters that the suite gives: they are not searched.

    Returns
    -------
    dict of str to Tuning
        Without the data sets on which it is not tuned.

    Raises
    ------
    InputError
        Where the entry or a table cannot be used.
    """
    own = _own_table(given, method)
    if own is None or method.search_space is None:
        return {}
    tunings = {
        dataset: read_tuning(merge_tables(table or {}, own), method, fixed)
        for dataset, table in tables.items()
        if table is not None or own
    }
    return {dataset: tuning for dataset, tuning in tunings.items() if tuning}


def _own_table(given: Any, method: Method) -> Mapping[str, Any] | None:
    """Return what an entry says of its tuning, None where it is not tuned."""
    if isinstance(given, bool):
        return {} if given else None
    if not isinstance(given, dict):
        raise InputError(
            f"{method.name}: its tuning is {given!r}: give a table, or false"
        )
    if method.search_space is None:
        raise InputError(
            f"{method.name} has no search space: leave its tuning out, or name another "
            "method"
        )
    return given
