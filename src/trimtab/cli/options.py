"""Options that several commands share, and what they mean."""

# SPDX-License-Identifier: BSD-3-Clause

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trimtab.exceptions import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "NJobs",
    "RetryFailed",
    "StoreUrl",
    "check_limit",
    "load_table",
    "resumable",
    "split_names",
    "tell_failures",
]

NJobs = Annotated[
    int, typer.Option("--n-jobs", help="Worker processes; -1 is one for each core.")
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
    if not time_limit >= 0:
        raise InputError(f"--time-limit is {time_limit:g}: give seconds, or 0 for none")


def tell_failures(failures: "pd.DataFrame") -> None:
    """Print each method that failed, with its reason and on how many splits."""
    for (method, reason), rows in failures.groupby(["method", "reason"], sort=False):
        times = f"{len(rows)} splits" if len(rows) > 1 else "1 split"
        print(f"failed: {method} on {times}: {reason}", file=sys.stderr)


def load_table(table: str, target: str | None) -> tuple[Any, Any, str, str, Any]:
    """Return X, y, the table's name, the target's, and the class of interest."""
    from trimtab import datasets
    from trimtab.table_files import read_table, split_target

    path = Path(table)
    suffixes = {suffix.lower() for suffix in path.suffixes}
    looks_like_file = bool({".csv", ".tsv", ".parquet", ".pq", ".gz"} & suffixes)
    if path.exists() or looks_like_file:
        X, y = split_target(read_table(path), target)
        return X, y, path.name, str(target), None
    card = datasets.describe(table)
    if target not in (None, card.target):
        raise InputError(
            f"the target of the data set {table} is {card.target!r}: leave --target out"
        )
    loaded = datasets.load(table)
    return loaded.X, loaded.y, card.name, card.target, card.positive
