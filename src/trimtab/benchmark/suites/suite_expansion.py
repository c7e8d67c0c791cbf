"""Short forms in a suite's file, written out: grids, shared parameters, CSV tables."""

# SPDX-License-Identifier: BSD-3-Clause

import csv
import itertools
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from importlib.resources.abc import Traversable
from typing import Any

from trimtab.exceptions import InputError, nearest_names

__all__ = ["expand_methods", "read_paper_table", "with_paper"]

_ENTRY_KEYS = {"method", "label", "parameters", "grid", "datasets", "tuning"}
_SHARED_KEYS = {"methods", "parameters"}


def expand_methods(
    values: Iterable[str | dict[str, Any]], shared: Iterable[dict[str, Any]] = ()
) -> list[dict[str, Any]]:
    """Return the methods of a suite's file, each as a table of its own.

    Parameters
    ----------
    values : iterable of str or dict
        A name; or a table with ``method``, and if wanted ``label``, ``parameters``,
        ``datasets``, ``tuning``, and ``grid``: lists of values by parameter, every
        combination of which becomes a method. Its label may name parameters in
        braces. Combinations that two grids have in common, under one label, are there
        once.
    shared : iterable of dict
        Tables with ``methods``, names or patterns, and ``parameters`` that all of
        those have unless they say otherwise.

    Returns
    -------
    list of dict
        Without ``grid``, with ``label`` and all ``parameters``.

    Raises
    ------
    InputError
        Where a key or a name in braces is unknown, or a pattern fits no method.
    """
    shared = list(shared)
    for table in shared:
        _check_keys("shared", table, _SHARED_KEYS)
    expanded: list[dict[str, Any]] = []
    for value in values:
        entry = {"method": value} if isinstance(value, str) else value
        _check_keys(f"method {entry['method']}", entry, _ENTRY_KEYS)
        for one in _combinations(entry):
            one["parameters"] = _shared_by(one["method"], shared) | one["parameters"]
            if one not in expanded:
                expanded.append(one)
    names = [one["method"] for one in expanded]
    for pattern in (pattern for table in shared for pattern in table["methods"]):
        if not any(fnmatch(name, pattern) for name in names):
            raise InputError(
                f"shared: no method {pattern!r} in the suite: "
                f"{nearest_names(pattern, names)}"
            )
    return expanded


def _check_keys(where: str, table: Mapping[str, Any], known: Iterable[str]) -> None:
    for key in table:
        if key not in known:
            raise InputError(f"{where}: no key {key!r}: {nearest_names(key, known)}")


def _combinations(entry: dict[str, Any]) -> Iterable[dict[str, Any]]:
    """Yield an entry for each combination of its grid."""
    grid = entry.get("grid", {})
    rest = {key: value for key, value in entry.items() if key != "grid"}
    by_default = ", ".join(f"{name}={{{name}}}" for name in grid)
    label = entry.get("label", f"{entry['method']} {by_default}".strip())
    for values in itertools.product(*grid.values()):
        parameters = entry.get("parameters", {}) | dict(zip(grid, values, strict=True))
        named = _filled(label, parameters) if grid else label
        yield rest | {"label": named, "parameters": parameters}


def _filled(label: str, parameters: Mapping[str, Any]) -> str:
    try:
        return label.format(**parameters)
    except (KeyError, IndexError, ValueError):
        raise InputError(
            f"label {label!r} names a parameter that is not there: known are "
            + ", ".join(parameters)
        ) from None


def _shared_by(method: str, shared: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the parameters that a method shares with others; later tables win."""
    found: dict[str, Any] = {}
    for table in shared:
        if any(fnmatch(method, pattern) for pattern in table["methods"]):
            found |= table["parameters"]
    return found


def read_paper_table(name: str, text: str) -> list[dict[str, Any]]:
    """Return the numbers of a paper from a CSV table.

    Parameters
    ----------
    name : str
        The file's name, for messages.
    text : str
        Its content. Columns as `trimtab.benchmark.suites.suite.PaperValue` has
        attributes; an empty cell is a number that the paper does not give.

    Returns
    -------
    list of dict
        As a suite's file has them under ``[[paper]]``.

    Raises
    ------
    InputError
        Where a cell that should be a number is none.
    """
    texts = {"dataset", "method", "metric"}
    rows: list[dict[str, Any]] = []
    for number, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        try:
            rows.append(
                {
                    key: cell if key in texts else float(cell)
                    for key, cell in row.items()
                    if cell
                }
            )
        except (TypeError, ValueError):
            raise InputError(
                f"{name}, line {number}: {', '.join(map(str, row.values()))} holds "
                "something that is no number: correct it"
            ) from None
    return rows


def with_paper(content: dict[str, Any], folder: Traversable) -> dict[str, Any]:
    """Put the paper's numbers in the place of the name of their CSV file.

    Parameters
    ----------
    content : dict
        A suite's file.
    folder : path
        Where that is, and the CSV file beside it.

    Raises
    ------
    InputError
        Where there is none, or it cannot be read.
    """
    name = content.get("paper")
    if not isinstance(name, str):
        return content
    file = folder / name
    if not file.is_file():
        raise InputError(f"paper: no file {name!r} beside the suite's file")
    table = read_paper_table(name, file.read_text(encoding="utf-8"))
    return content | {"paper": table}
