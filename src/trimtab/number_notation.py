"""Numbers that a file writes in another way than 1234.5: read them, or name them."""

# SPDX-License-Identifier: BSD-3-Clause

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["foreign_numbers", "read_decimal_commas"]

_SIGN, _EXPONENT = "[+-]?", r"(?:[eE][+-]?\d+)?"
_INFINITY = "(?:inf|Inf|INF|infinity|Infinity)"
_GROUPED = r"[1-9]\d{0,2}(?:\.\d{3})+"
_WHOLE = re.compile(rf"{_SIGN}(?:\d+|{_GROUPED})", re.ASCII)
_NUMBER = re.compile(
    rf"{_SIGN}(?:(?:(?:\d+|{_GROUPED})(?:,\d+)?|,\d+){_EXPONENT}|{_INFINITY})",
    re.ASCII,
)
"""A number with a comma before its decimals and points, if any, at its thousands."""
_EITHER = re.compile(
    rf"{_SIGN}(?:\d+{_EXPONENT}|[1-9]\d{{0,2}}[.,]\d{{3}}|{_INFINITY})", re.ASCII
)
"""A number without a mark, or whose one mark may as well stand at its thousands."""

_CURRENCY = r"(?:(?:US|CA|AU)?\$|[€£¥₹₩₽₺₪]|EUR|USD|GBP|CHF|JPY)"
_SPACE = "[ \u00a0\u202f]?"
_FOREIGN = re.compile(
    rf"\(?{_SIGN}{_CURRENCY}?{_SPACE}{_SIGN}"
    "(?:\\d+|[1-9]\\d{0,2}(?:[.,'\u2019 \u00a0\u202f]\\d{3})+)?"
    rf"(?:[.,]\d+)?{_EXPONENT}{_SPACE}(?:%|{_CURRENCY})?-?\)?",
    re.ASCII,
)
"""A number with signs of thousands, a currency, a percent sign or brackets."""
_NEARLY_ALL, _LOOKED_AT = 0.9, 1000


def read_decimal_commas(
    frame: "pd.DataFrame",
    as_written: "Callable[[list[int]], pd.DataFrame]",
    *,
    is_usual: bool,
) -> "pd.DataFrame":
    """Read columns whose numbers have decimal commas, where that is beyond doubt.

    Parameters
    ----------
    frame : DataFrame
        A table that was read with decimal points.
    as_written : callable
        Returns the columns at some positions as the file's text.
    is_usual : bool
        Whether such files usually have decimal commas. Then 1,234 is read so though it
        might be a thousand and some.

    Returns
    -------
    DataFrame
        Numbers in place of the text ``2,5`` and ``1.234,56``. The table as it was where
        a comma may stand at the thousands, or another column has decimal points.
    """
    texts = {name: text for name in frame if (text := _text(frame[name])) is not None}
    found = {name: text for name, text in texts.items() if _are_all(_NUMBER, text)}
    commas = {n: text for n, text in found.items() if _any_has(",", text)}
    certain = any(not _are_all(_EITHER, text) for text in commas.values())
    if not commas:
        return frame
    pointed = _pointed(frame, as_written)
    # Beside decimal commas a point can only part thousands.
    only_thousands = all(_are_all(_WHOLE, text) for text in pointed.values())
    if not (only_thousands if certain else is_usual and not pointed):
        return frame
    for name, text in (found | pointed if certain else commas).items():
        frame[name] = text.map(_number, na_action="ignore").astype(float)
    return frame


def _pointed(
    frame: "pd.DataFrame", as_written: "Callable[[list[int]], pd.DataFrame]"
) -> "dict[Any, pd.Series[Any]]":
    """Return the text of those columns of numbers that are written with points."""
    places = [i for i, kind in enumerate(frame.dtypes) if kind.kind == "f"]
    if not places:
        return {}
    written = as_written(places).set_axis(frame.columns[places], axis=1)
    texts = {
        name: text for name in written if (text := _text(written[name])) is not None
    }
    return {name: text for name, text in texts.items() if _any_has(".", text)}


def _number(text: str) -> float:
    return float(text.replace(".", "").replace(",", "."))


def foreign_numbers(frame: "pd.DataFrame") -> dict[str, str]:
    """Find columns of text that seem to hold numbers.

    Parameters
    ----------
    frame : DataFrame
        The table.

    Returns
    -------
    dict of str to str
        For each column of which nearly all values look like numbers, and some like
        none that are read as such (``$1,000.00``, ``5%``), an example of the latter.
    """
    examples = {}
    for name in frame:
        if (text := _text(frame[name])) is None:
            continue
        values = text.dropna()
        drawn = values.sample(min(len(values), _LOOKED_AT), random_state=0)
        some = drawn.sort_index().tolist()
        plain = [value for value in some if _is_plain(value)]
        foreign = [
            value for value in some if not _is_plain(value) and _is_foreign(value)
        ]
        if foreign and len(plain) + len(foreign) >= _NEARLY_ALL * len(some):
            examples[str(name)] = foreign[0]
    return examples


def _is_plain(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _is_foreign(value: str) -> bool:
    return bool(_FOREIGN.fullmatch(value)) and any(map(str.isdigit, value))


def _text(column: "pd.Series[Any]") -> "pd.Series[Any] | None":
    """Return a column of strings without the blanks around them, None for others."""
    from pandas.api.types import infer_dtype

    is_text = infer_dtype(column, skipna=True) == "string"
    return column.str.strip().astype(object) if is_text else None


def _are_all(pattern: re.Pattern[str], text: Iterable[Any]) -> bool:
    known = (value for value in text if isinstance(value, str))
    return all(map(pattern.fullmatch, known))


def _any_has(mark: str, text: Iterable[Any]) -> bool:
    return any(mark in value for value in text if isinstance(value, str))
