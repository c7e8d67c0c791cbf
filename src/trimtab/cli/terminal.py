"""What the command line prints."""

# SPDX-License-Identifier: BSD-3-Clause

from math import isnan, nan
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from trimtab.metrics import MEASURES
from trimtab.report.words.wording import (
    count,
    difference_in_interval,
    number,
    p_value,
    seconds,
)

if TYPE_CHECKING:
    import pandas as pd

    from trimtab.comparison import Comparison
    from trimtab.report.words.text_table import TextTable

__all__ = ["console", "show_comparison", "show_frame", "show_tables"]

_WIDE = 120  # columns, where output is no terminal


def console() -> Console:
    """Return a console on standard output, wide enough where that is a file."""
    out = Console()
    return out if out.is_terminal else Console(width=_WIDE)


def show_comparison(comparison: "Comparison") -> None:
    """Print the table's facts, the leaderboard and the advice."""
    from trimtab.report.words.advice import advise

    evidence, out = comparison.evidence, console()
    profile, labels = evidence.profile, evidence.labels
    share = labels.counts[labels.positive] / len(labels.codes)
    out.print(
        f"{escape(profile.name)}: {profile.n_rows:,} rows, {len(profile.columns)} "
        f"columns, {len(labels.classes)} classes; class of interest "
        f"{escape(repr(labels.names[labels.positive]))} ({share:.1%}), imbalance "
        f"{labels.imbalance:.1f} to 1",
        highlight=False,
        soft_wrap=True,
    )
    out.print(_leaderboard(comparison))
    for sentence in advise(evidence):
        out.print(escape(sentence), highlight=False, soft_wrap=not out.is_terminal)


def _leaderboard(comparison: "Comparison") -> Table:
    evidence = comparison.evidence
    metric = evidence.metric
    table = Table(
        title=f"{MEASURES[metric].title}, {evidence.protocol.describe()}",
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
    )
    table.add_column("method", no_wrap=True)
    for heading in ("mean ± sd", "vs LightGBM [95 %]", "p (Holm)", "fit", "rows"):
        table.add_column(heading, justify="right", no_wrap=True)
    for _, row in comparison.leaderboard.iterrows():
        table.add_row(*_cells(dict(row), metric))
    return table


def _cells(row: dict[str, Any], metric: str) -> list[str]:
    if not row["splits"]:
        return [escape(row["method"]), "failed", "", "", "", ""]
    partly = f" ({row['failed']} failed)" if row["failed"] else ""
    tuned = " (tuned)" if not isnan(row.get("n_trials_mean", nan)) else ""
    return [
        escape(row["method"]) + tuned + partly,
        _score(row[f"{metric}_mean"], row[f"{metric}_sd"]),
        difference_in_interval(
            row["difference"], row["difference_low"], row["difference_high"]
        ),
        "" if isnan(row["p_holm"]) else p_value(row["p_holm"]),
        f"{seconds(row['fit_seconds_mean'])} s",
        count(row["n_train_rows_mean"]),
    ]


def _score(mean: float, deviation: float) -> str:
    return number(mean) + ("" if isnan(deviation) else f" ± {number(deviation)}")


def show_frame(frame: "pd.DataFrame", title: str, digits: int = 3) -> None:
    """Print a DataFrame as a table."""
    out = console()
    table = Table(
        title=escape(title),
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
    )
    for column in frame.columns:
        numeric = frame[column].dtype.kind in "if"
        table.add_column(escape(str(column)), justify="right" if numeric else "left")
    for row in frame.itertuples(index=False):
        cells = zip(frame.columns, row, strict=True)
        table.add_row(*(escape(_text(*cell, digits)) for cell in cells))
    out.print(table)


def show_tables(tables: "list[TextTable]") -> None:
    """Print tables one below the other; a note that several share is said once."""
    out = console()
    for table, after in zip(tables, [*tables[1:], None], strict=True):
        out.print(_rich_table(table, out.width))
        if table.note and (after is None or after.note != table.note):
            out.print(escape(table.note), style="dim", highlight=False)
        if after is not None:
            out.print()


def _rich_table(table: "TextTable", width: int) -> Table:
    """Return a table that fits into a width: closer columns, then intervals below."""
    cells = table.cells
    needed = sum(
        max(map(len, [column, *cells[column].tolist()])) for column in [*cells]
    )
    gaps = len(cells.columns) - 1
    if needed + gaps > width:
        cells = cells.apply(lambda texts: texts.str.replace(" [", "\n[", regex=False))
    shown = Table(
        title=escape(table.title),
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        collapse_padding=needed + 2 * gaps > width,
    )
    for column in cells.columns:
        is_number = cells[column].str.fullmatch(r"[+−]?[\d.,]+|–?").all()
        shown.add_column(
            escape(column), justify="right" if is_number else "left", no_wrap=True
        )
    for row in cells.itertuples(index=False):
        shown.add_row(*map(escape, row))
    return shown


def _text(column: Any, value: Any, digits: int) -> str:
    if not isinstance(value, float):
        return str(value)
    if isnan(value):
        return ""
    is_p_value = str(column).startswith("p_")
    return p_value(value) if is_p_value else number(value, digits)
