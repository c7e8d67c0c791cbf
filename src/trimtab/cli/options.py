"""Options that several commands share, and what they mean."""

# SPDX-License-Identifier: BSD-3-Clause

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trimtab.exceptions import InputError

if TYPE_CHECKING:
    import pandas as pd

    from trimtab.datasets import Card

__all__ = [
    "EngineChoice",
    "EngineName",
    "NJobs",
    "RetryFailed",
    "Scheduler",
    "StoreUrl",
    "check_limit",
    "load_table",
    "printable",
    "resumable",
    "split_names",
    "tell_failures",
]

NJobs = Annotated[
    int, typer.Option("--n-jobs", help="Worker processes; -1 is one for each core.")
]


class EngineName(StrEnum):
    """Where work runs."""

    local = "local"
    dask = "dask"
    ray = "ray"


EngineChoice = Annotated[
    EngineName,
    typer.Option("--engine", help="Where it runs: here, or on a cluster."),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        help="The cluster's address: tcp://host:8786 (Dask), host:6379 (Ray)."
    ),
]
RetryFailed = Annotated[
    bool, typer.Option(help="Run again what the store holds as failed.")
]
StoreUrl = Annotated[
    str | None,
    typer.Option("--store", help="Where results are kept: an SQLAlchemy URL."),
]


@contextmanager
def resumable() -> Iterator[None]:
    """Say after Ctrl-C how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        raise typer.Exit(130) from None


def split_names(names: str | None) -> list[str] | None:
    """Return names parted by commas as a list."""
    if names is None:
        return None
    found = [name.strip() for name in names.split(",") if name.strip()]
    if not found:
        raise InputError(f"{names!r} names nothing: give names parted by commas")
    return found


def check_limit(time_limit: float) -> None:
    """Raise an `InputError` unless the time limit makes sense."""
    if not 0 <= time_limit < math.inf:
        raise InputError(f"--time-limit is {time_limit:g}: give seconds, or 0 for none")


def tell_failures(failures: "pd.DataFrame") -> None:
    """Print each method that failed, with its reasons and on how many splits.

    Those on which it was not tried count with the time-out that is to blame.
    """
    from trimtab.benchmark.running.too_slow import NOT_TRIED

    for method, rows in failures.groupby("method", sort=False):
        is_tried = ~rows["reason"].str.startswith(NOT_TRIED)
        # Where none timed out, another run of the store's did.
        to_blame = is_tried & (rows["status"] == "timeout")
        reasons = rows["reason"]
        if to_blame.any():
            reasons = reasons.where(is_tried, reasons[to_blame].iloc[0])
        for reason, n in reasons.value_counts(sort=False).items():
            untried = int((~is_tried & (reasons == reason)).sum())
            times = f"{n} splits" if n > 1 else "1 split"
            more = f", {untried} of them not tried" if 0 < untried < n else ""
            print(f"failed: {method} on {times}: {reason}{more}", file=sys.stderr)


def printable(name: str) -> str:
    """Return a file's name, or a command with one, in letters that can be written.

    A name that is not UTF-8 holds stand-ins for its bytes, which files and stores
    refuse.
    """
    return name.encode("utf-8", "replace").decode()


def is_file(table: str) -> bool:
    """Return whether a table is given as a file, not by a data set's name."""
    path = Path(table)
    suffixes = {suffix.lower() for suffix in path.suffixes}
    is_named_so = bool({".csv", ".tsv", ".parquet", ".pq", ".gz"} & suffixes)
    return is_named_so or path.exists()


def _card(table: str) -> "Card":
    """Return the data set of this name; where it may be a file's, say so."""
    from trimtab import datasets
    from trimtab.files import nearest_files

    try:
        return datasets.describe(table)
    except InputError as error:
        groups = {"openml", *(name.partition("/")[0] for name in datasets.list())}
        is_path = "/" in table and table.partition("/")[0] not in groups
        near = nearest_files(Path(table)) if is_path or Path(table).suffix else ""
        if near or is_path:
            hint = near or "give a CSV or Parquet file"
            raise InputError(
                f"{table} is neither a file nor a data set: {hint}"
            ) from None
        raise error


def load_table(table: str, target: str | None) -> tuple[Any, Any, str, str, Any]:
    """Return X, y, the table's name, the target's, and the class of interest."""
    from trimtab import datasets
    from trimtab.table_files import doubts, read_table, split_target

    if is_file(table):
        path = Path(table)
        X, y = split_target(read_table(path, target), target)
        for doubt in doubts(X, y):
            print(f"note: {doubt}", file=sys.stderr)
        return X, y, printable(path.name), str(target), None
    card = _card(table)
    if target not in (None, card.target):
        raise InputError(
            f"the target of the data set {table} is {card.target!r}: leave --target out"
        )
    loaded = datasets.load(table)
    return loaded.X, loaded.y, card.name, card.target, card.positive
