"""Short forms in a suite's file, written out: grids, shared parameters, CSV tables."""

# SPDX-License-Identifier: BSD-3-Clause

import csv
import itertools
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from importlib.resources.abc import Traversable
from typing import Any

from trimtab.benchmark.suites.suite_keys import PAPER, check_table
from trimtab.exceptions import InputError, nearest_names

__all__ = ["expand_methods", "read_paper_table", "with_paper"]

_TEXT_COLUMNS = {"dataset", "method", "metric"}


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
        Where a name in braces is unknown, or a pattern fits no method.
    """
    shared = list(shared)
    expanded: list[dict[str, Any]] = []
    for value in values:
        entry = {"method": value} if isinstance(value, str) else value
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
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
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
        Where a column is unknown, or a cell that should be a number is none.
    """
    rows: list[dict[str, Any]] = []
    for number, cells in enumerate(csv.DictReader(text.splitlines()), start=2):
        where = f"{name}, line {number}"
        if None in cells:
            raise InputError(f"{where}: it has more cells than columns: correct it")
        row = {key: _value(key, cell) for key, cell in cells.items() if cell}
        check_table(where, row, PAPER)
        rows.append(row)
    return rows


def _value(column: str, cell: str) -> str | float:
    """Return a cell of a paper's table as a number, where it should and can be one."""
    try:
        return cell if column in _TEXT_COLUMNS else float(cell)
    except ValueError:
        return cell


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
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"paper: {name!r} is not UTF-8; convert it") from None
    table = read_paper_table(name, text)
    return content | {"paper": table}
