"""A table as text, and as Markdown."""

# SPDX-License-Identifier: BSD-3-Clause

import re
from dataclasses import dataclass

import pandas as pd

__all__ = ["TextTable", "as_markdown"]


@dataclass(frozen=True)
class TextTable:
    """A table ready to be shown.

    Attributes
    ----------
    title : str
        What stands above it.
    cells : DataFrame
        Texts alone; the headings are the names of the columns.
    note : str
        How to read it; empty where that is plain.
    """

    title: str
    cells: pd.DataFrame
    note: str = ""


def _escape(text: str) -> str:
    """Return text that Markdown takes for nothing else."""
    return re.sub(r"([|*<\[\]_])", r"\\\1", text)


def as_markdown(table: TextTable) -> str:
    r"""Return a table as Markdown, under a heading of the third level.

    Examples
    --------
    >>> cells = pd.DataFrame({"method": ["a|b"], "mean": ["0.500"]})
    >>> print(as_markdown(TextTable("Scores", cells, "More is better.")))
    ### Scores
    <BLANKLINE>
    | method | mean |
    | --- | --- |
    | a\|b | 0.500 |
    <BLANKLINE>
    More is better.
    """
    rows = [[*table.cells], ["---"] * table.cells.shape[1]]
    rows += [[_escape(text) for text in row] for row in table.cells.values]
    lines = [
        f"### {_escape(table.title)}",
        "",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
    return "\n".join([*lines, "", _escape(table.note)] if table.note else lines)
