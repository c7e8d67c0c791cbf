"""What stands in a suite's file: the keys of each of its tables, and what they take."""

# SPDX-License-Identifier: BSD-3-Clause

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from trimtab.benchmark.protocol import MAX_SEED
from trimtab.exceptions import InputError, nearest_names

__all__ = ["PAPER", "check_suite", "check_table"]

Test = Callable[[Any], bool]


@dataclass(frozen=True)
class _Kind:
    """What a key takes, in words that follow "give", and as a test."""

    words: str
    fits: Test


@dataclass(frozen=True)
class _Table:
    """A table's keys: those that it must have, and those that it may have."""

    needs: Mapping[str, _Kind] = field(default_factory=dict)
    takes: Mapping[str, _Kind] = field(default_factory=dict)

    @property
    def keys(self) -> dict[str, _Kind]:
        return {**self.needs, **self.takes}


def _is(*types: type) -> Test:
    return lambda value: isinstance(value, types)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return _is_whole(value) and value >= 1


def _is_number(value: Any) -> bool:
    is_real = isinstance(value, int | float) and not isinstance(value, bool)
    return is_real and math.isfinite(value)


def _is_seed(value: Any) -> bool:
    return _is_whole(value) and 0 <= value <= MAX_SEED


def _is_json(value: Any) -> bool:
    """Return whether TOML's value is more than text, numbers, lists and tables."""
    try:
        json.dumps(value)
    except TypeError:  # dates and times
        return False
    return True


def _list_of(fits: Test, at_least: int = 0) -> Test:
    return lambda value: (
        isinstance(value, list) and len(value) >= at_least and all(map(fits, value))
    )


def _table_of(fits: Test) -> Test:
    return lambda value: isinstance(value, dict) and all(map(fits, value.values()))


_TEXT = _Kind("text, in quotes", _is(str))
_TEXTS = _Kind('a list of texts, ["one", "two"]', _list_of(_is(str)))
_NAMES = _Kind('a list of one name or more, ["one", "two"]', _list_of(_is(str), 1))
_METHODS = _Kind(
    "a list of one method or more, each a name or a table", _list_of(_is(str, dict), 1)
)
_FLAG = _Kind("true or false", _is(bool))
_NUMBER = _Kind("a number", _is_number)
_NUMBERS = _Kind("a list of numbers", _list_of(_is_number))
_COUNT = _Kind("a whole number, 1 or more", _is_count)
_COUNTS = _Kind("a list of whole numbers, 1 or more each", _list_of(_is_count))
_SECONDS = _Kind(
    "seconds above 0, or leave it out", lambda value: _is_number(value) and value > 0
)
_SEEDS = _Kind(
    f"a list of one whole number or more, from 0 to {MAX_SEED}", _list_of(_is_seed, 1)
)
_VALUES = _Kind("a list", lambda value: isinstance(value, list) and _is_json(value))
_TABLE = _Kind("a table", _is(dict))
_TABLES = _Kind("tables", _list_of(_is(dict)))
_TABLES_OR_FILE = _Kind(
    "tables, or the name of a CSV file",
    lambda value: isinstance(value, str) or _TABLES.fits(value),
)
_PARAMETERS = _Kind(
    "a table of text, numbers, true, false and lists",
    lambda value: isinstance(value, dict) and _is_json(value),
)
_GRID = _Kind(
    "a table with a list of one value or more for each parameter",
    _table_of(lambda value: _is_json(value) and _list_of(_is(object), 1)(value)),
)
_TABLE_OR_FLAG = _Kind("a table, or false", _is(dict, bool))
_BY_DATASET = _Kind(
    "a table, or false, for each data set",
    _table_of(lambda value: isinstance(value, dict) or value is False),
)

_SUITE = _Table(
    needs={"title": _TEXT, "datasets": _NAMES, "methods": _METHODS},
    takes={
        "description": _TEXT,
        "metric": _TEXT,
        "further_metrics": _TEXTS,
        "seeds": _SEEDS,
        "protocol": _TABLE,
        "tuning": _TABLE,
        "shared": _TABLES,
        "paper": _TABLES_OR_FILE,
        "claim": _TABLES,
        "reference": _TEXT,
        "plot": _TABLES,
        "time_limit": _SECONDS,
        "together": _FLAG,
    },
)
_METHOD = _Table(
    needs={"method": _TEXT},
    takes={
        "label": _TEXT,
        "parameters": _PARAMETERS,
        "grid": _GRID,
        "datasets": _NAMES,
        "tuning": _TABLE_OR_FLAG,
    },
)
_SHARED = _Table(needs={"methods": _NAMES, "parameters": _PARAMETERS})
_PROTOCOL = _Table(
    takes={
        "n_splits": _COUNT,
        "n_repeats": _COUNT,
        "test_size": _NUMBER,
        "tune_threshold": _FLAG,
        "n_tested": _COUNT,
        "stages": _COUNTS,
        "on_training_rows": _FLAG,
    }
)
_TUNING_HERE = {
    "n_trials": _COUNT,
    "trials_per_parameter": _COUNT,
    "max_parameters": _COUNT,
    "metric": _TEXT,
    "n_splits": _COUNT,
    "validation_fraction": _NUMBER,
    "n_seeds": _COUNT,
    "batch": _COUNT,
    "time_limit": _SECONDS,
}
_TUNING = _Table(takes=_TUNING_HERE)
_TUNING_OF_ALL = _Table(takes={**_TUNING_HERE, "datasets": _BY_DATASET})
PAPER = _Table(
    needs={"dataset": _TEXT, "method": _TEXT, "metric": _TEXT, "mean": _NUMBER},
    takes={"sd": _NUMBER, "p_t": _NUMBER, "p_wilcoxon": _NUMBER},
)
"""The keys of a number that a paper reports, and the columns of a table of them."""
_CLAIM = _Table(
    needs={"paper": _TEXT, "where": _TEXT, "text": _TEXT, "method": _TEXT},
    takes={"over": _TEXTS, "datasets": _TEXTS, "metrics": _TEXTS},
)
_PLOT = _Table(
    needs={"name": _TEXT, "kind": _TEXT},
    takes={
        "title": _TEXT,
        "metric": _TEXT,
        "methods": _TEXTS,
        "datasets": _TEXTS,
        "x": _TEXT,
        "x_values": _NUMBERS,
        "x_label": _TEXT,
        "log": _FLAG,
        "lines": _TEXT,
        "line_values": _VALUES,
        "line_names": _Kind("a table of texts", _table_of(_is(str))),
    },
)


def check_suite(content: Mapping[str, Any]) -> None:
    """Check what stands in a suite's file, before any of it is understood.

    Parameters
    ----------
    content : mapping
        The file, as TOML has it.

    Raises
    ------
    InputError
        Where a key is unknown or missing, or does not take its value. The line names
        the table, the key and the value.
    """
    check_table("", content, _SUITE)
    check_table("[protocol]", content.get("protocol", {}), _PROTOCOL)
    tuning = content.get("tuning", {})
    check_table("[tuning]", tuning, _TUNING_OF_ALL)
    for name, special in tuning.get("datasets", {}).items():
        check_table(f"[tuning.datasets.{name}]", special or {}, _TUNING)
    for number, method in enumerate(content["methods"], start=1):
        if isinstance(method, dict):
            _check_method(f"[[methods]] {number}", method)
    paper = content.get("paper", ())
    _check_tables("shared", content.get("shared", ()), _SHARED)
    _check_tables("paper", () if isinstance(paper, str) else paper, PAPER)
    _check_tables("claim", content.get("claim", ()), _CLAIM)
    _check_tables("plot", content.get("plot", ()), _PLOT)


def _check_method(where: str, method: Mapping[str, Any]) -> None:
    check_table(where, method, _METHOD)
    tuning = method.get("tuning")
    if isinstance(tuning, dict):
        check_table(f"{where}, its tuning", tuning, _TUNING)


def _check_tables(name: str, tables: Any, known: _Table) -> None:
    for number, table in enumerate(tables, start=1):
        check_table(f"[[{name}]] {number}", table, known)


def check_table(where: str, table: Mapping[str, Any], known: _Table) -> None:
    """Check the keys of one table and their values.

    Parameters
    ----------
    where : str
        How the table is called in messages; empty for the file itself.
    table : mapping
        What the file has there.
    known : table of this module
        Which keys it may have.

    Raises
    ------
    InputError
        As for `check_suite`.
    """
    place = f"{where}: " if where else ""
    for key in table:
        if key not in known.keys:
            hint = nearest_names(key, known.keys)
            raise InputError(f"{place}no key {key!r}: {hint}")
    missing = [key for key in known.needs if key not in table]
    if missing:
        it, them = ("is", "it") if len(missing) == 1 else ("are", "them")
        raise InputError(f"{place}{', '.join(missing)} {it} missing: add {them}")
    for key, value in table.items():
        kind = known.keys[key]
        if not kind.fits(value):
            raise InputError(f"{place}{key} is {_shown(value)}: give {kind.words}")


def _shown(value: Any) -> str:
    """Return a value about as TOML writes it, shortened."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
