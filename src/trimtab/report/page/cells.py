"""Tables as the page shows them: columns, and cells with numbers written out."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from trimtab.report.words.wording import count, number

__all__ = ["Cell", "Column", "Interval", "plain_table"]


@dataclass(frozen=True)
class Interval:
    """Where an interval's ends, its middle and zero lie, in per cent of the width."""

    low: float
    middle: float
    high: float
    zero: float


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Attributes
    ----------
    text : str
        What is read.
    sort : str
        What the column is sorted by: a number, or text; empty sorts last.
    detail : str
        A second, quieter text: the deviation or the interval.
    mark : str
        A class of ``page.css``.
    interval : Interval or None
        Drawn in the cell.
    """

    text: str
    sort: str = ""
    detail: str = ""
    mark: str = ""
    interval: Interval | None = None


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    title : str
        Its heading, with the unit.
    is_text : bool
        Whether it is set and sorted as text.
    falls : bool
        Whether the first click puts the largest value on top.
    is_extra : bool
        Whether it is shown only when all columns are asked for.
    hint : str
        What it means.
    """

    title: str
    is_text: bool = False
    falls: bool = True
    is_extra: bool = False
    hint: str = ""


def plain_table(table: pd.DataFrame) -> dict[str, Any]:
    """Return a DataFrame as columns and rows of cells, numbers written out."""
    columns = [
        Column(str(title), is_text=not pd.api.types.is_numeric_dtype(table[title]))
        for title in table.columns
    ]
    texts = [[_plain(value) for value in table[title]] for title in table.columns]
    return {"columns": columns, "rows": list(zip(*texts, strict=True))}


def _plain(value: Any) -> Cell:
    if isinstance(value, str):
        return Cell(value)
    if pd.isna(value):
        return Cell(number(None))
    is_whole = isinstance(value, (int, np.integer))
    return Cell(count(value) if is_whole else number(value))
