"""Read a user's table from a file, and say plainly what is wrong with it."""

# SPDX-License-Identifier: BSD-3-Clause

import codecs
import gzip
import io
import re
import shlex
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trimtab.exceptions import InputError, nearest_names
from trimtab.files import nearest_files
from trimtab.number_notation import foreign_numbers, read_decimal_commas

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["doubts", "read_table", "split_target"]

_DELIMITERS = ",;\t|"
_QUOTED = '"[^"]*"'
_HEADER_LINE = re.compile(rf'[\r\n]*((?:{_QUOTED}|[^"\r\n]+)*)')
"""The first line that is not empty; line breaks in quotes do not end it."""
_INDEX_NAME = re.compile(r"(?:Unnamed: 0.*|__index_level_0__)?")
_WORDS_FOR_MISSING = {"na", "n/a", "nan", "null", "none"}


def read_table(path: Path, target: str | None = None) -> "pd.DataFrame":
    """Read a CSV or Parquet file.

    Parameters
    ----------
    path : Path
        A Parquet file, or text in UTF-8 with a header line, whose fields are parted by
        commas, semicolons, tabs or bars; it may be compressed by gzip.
    target : str, default=None
        The column of classes. ``None``, ``NA`` and the like are classes in it, unless
        all others are numbers or booleans; in other columns they are missing values.

    Returns
    -------
    DataFrame

    Raises
    ------
    InputError
        Where there is no such file, or it cannot be read, is empty, not UTF-8, damaged,
        without rows, or has a column name twice.
    """
    if not path.is_file():
        raise InputError(_missing(path))
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror}): change its permissions, or "
            "give another file"
        ) from None
    is_parquet = path.suffix.lower() in {".parquet", ".pq"} or data[:4] == b"PAR1"
    if not data:
        raise InputError(_empty(path))
    frame = _read_parquet(data, path) if is_parquet else _read_text(data, path, target)
    frame = _without_index(frame)
    if len(frame) == 0:
        raise InputError(f"{path} has a header but no rows: give a table with rows")
    return frame


def _empty(path: Path) -> str:
    return f"{path} is empty: give a table with a header line and rows"


def _missing(path: Path) -> str:
    if path.is_dir():
        return f"{path} is a folder: give a CSV or Parquet file in it"
    if path.exists():
        return f"{path} is not a plain file: write the table to a file first"
    hint = nearest_files(path) or "give a CSV or Parquet file"
    return f"no such file: {path}; {hint}"


def _read_parquet(data: bytes, path: Path) -> "pd.DataFrame":
    import pandas as pd
    from pyarrow import ArrowException, parquet

    try:
        names = parquet.read_schema(io.BytesIO(data)).names
        _refuse_twice(names, path)
        return pd.read_parquet(io.BytesIO(data))
    except InputError:
        raise
    except (ValueError, OSError, ArrowException) as error:
        raise InputError(
            f"{path} is not a readable Parquet file ({str(error).strip()}): write it "
            "again, or give a CSV file"
        ) from None


def _refuse_twice(names: Iterable[str], path: Path) -> None:
    for name, times in Counter(names).items():
        if times > 1:
            raise InputError(
                f"{path} has the column {name!r} {times} times: rename all but one"
            )


def _read_text(data: bytes, path: Path, target: str | None) -> "pd.DataFrame":
    import pandas as pd

    text = _decode(data, path)
    if not text.strip():
        raise InputError(_empty(path))
    delimiter = _delimiter(text)
    read = partial(_parse, text, delimiter)
    try:
        with warnings.catch_warnings():
            # pandas warns where it leaves out the fields that have no name.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            header = read(header=None, nrows=1, dtype=str, keep_default_na=False)
            _refuse_twice(header.iloc[0], path)
            frame = read()
            if delimiter != ",":
                frame = read_decimal_commas(
                    frame,
                    lambda places: read(usecols=places, dtype=str),
                    is_usual=delimiter == ";",
                )
            return _with_named_classes(frame, target, read)
    except pd.errors.ParserWarning:
        detail = "rows have more fields than the header has names"
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        detail = str(error).strip()
    raise InputError(
        f"{path} cannot be read as a table ({detail}): mend the file; every row needs "
        "as many fields as the header"
    )


def _parse(text: str, delimiter: str, **options: Any) -> "pd.DataFrame":
    import pandas as pd

    lines = io.StringIO(text)
    frame: pd.DataFrame = pd.read_csv(
        lines, sep=delimiter, index_col=False, low_memory=False, **options
    )
    return frame


def _with_named_classes(
    frame: "pd.DataFrame", target: str | None, read: "Callable[..., pd.DataFrame]"
) -> "pd.DataFrame":
    """Read the target again where words such as None may be the names of classes."""
    from pandas.api.types import infer_dtype

    if target not in frame or not frame[target].isna().any():
        return frame
    known = frame[target].dropna()
    if len(known) and infer_dtype(known) != "string":  # numbers or booleans
        return frame
    place = list(frame).index(target)
    labels = read(usecols=[place], dtype=str, keep_default_na=False, na_values=[""])
    frame[target] = labels.iloc[:, 0]
    return frame


def _without_index(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Leave out first columns without a name that number the rows.

    Such a column is the index of a DataFrame that was written with it, perhaps after
    its rows were drawn or sorted, and there are two where this was done twice. Where
    rows once were sorted by class it would give the answer away.
    """
    while frame.shape[1] > 1 and _numbers_rows(frame.iloc[:, 0]):
        frame = frame.iloc[:, 1:]
    return frame


def _numbers_rows(column: "pd.Series[Any]") -> bool:
    return _is_unnamed(column) and _is_whole(column) and column.is_unique


def _is_unnamed(column: "pd.Series[Any]") -> bool:
    return bool(_INDEX_NAME.fullmatch(str(column.name)))


def _is_whole(column: "pd.Series[Any]") -> bool:
    kind = column.dtype.kind
    return kind in "iu" or (kind == "f" and bool((column % 1 == 0).all()))


def _delimiter(text: str) -> str:
    """Return the delimiter that comes most often in the header, outside quotes."""
    found = _HEADER_LINE.match(text)
    header = re.sub(_QUOTED, "", found[1]) if found else ""
    return max(_DELIMITERS, key=header.count)


def _decode(data: bytes, path: Path) -> str:
    """Return the file's text, decompressed."""
    shown = shlex.quote(path.name)
    convert = f"iconv -f {{}} -t utf-8 {shown}"
    if path.suffix.lower() == ".gz" or data[:2] == b"\x1f\x8b":
        convert = f"gzip -dc {shown} | iconv -f {{}} -t utf-8"
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(
                f"{path} is not a whole gzip file ({error}): copy or compress it again"
            ) from None
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InputError(
            f"{path} is UTF-16, not UTF-8: convert it, for example with: "
            + convert.format("utf-16")
        )
    if b"\0" in data:
        raise InputError(
            f"{path} is not text (byte 0x00 in line {_line(data, data.index(0))}): "
            "give a CSV or Parquet file"
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        start = error.start
        raise InputError(
            f"{path} is not UTF-8 (byte 0x{data[start]:02x} in line "
            f"{_line(data, start)}): convert it, for example with: "
            + convert.format("latin1")
        ) from None


def _line(data: bytes, position: int) -> int:
    return data.count(b"\n", 0, position) + 1


def split_target(
    frame: "pd.DataFrame", target: str | None
) -> tuple["pd.DataFrame", "pd.Series[Any]"]:
    """Split a table into features and target.

    Parameters
    ----------
    frame : DataFrame
        The table.
    target : str or None
        The target column's name.

    Returns
    -------
    X : DataFrame
        All other columns.
    y : Series
        The target.

    Raises
    ------
    InputError
        Where there is no such column (the nearest names are told), none was named, or
        no other column is left.
    """
    columns = [str(column) for column in frame.columns]
    if target is None:
        raise InputError(
            f"name the target column with --target: {nearest_names('', columns)}"
        )
    if target not in columns:
        raise InputError(f"no column {target!r}: {nearest_names(target, columns)}")
    if len(columns) == 1:
        raise InputError(f"{target!r} is the only column: nothing to learn from")
    frame = frame.set_axis(columns, axis=1)
    return frame.drop(columns=target), frame[target]


def doubts(X: "pd.DataFrame", y: "pd.Series[Any]") -> list[str]:
    """Return what may have been read in another way than the user meant.

    Parameters
    ----------
    X : DataFrame
        The features.
    y : Series
        The target.

    Returns
    -------
    list of str
        One line for each doubt; it says what to do.
    """
    lines = []
    first = X.iloc[:, 0]
    if _is_unnamed(first) and _is_whole(first):
        lines.append(
            "the first column has no name and is taken for a feature: drop it if it "
            "only numbers the rows"
        )
    examples = foreign_numbers(X)
    if examples:
        some = [f"{name!r} ({value!r})" for name, value in examples.items()]
        shown = ", ".join(some[:10]) + (", ..." if len(some) > 10 else "")
        lines.append(
            f"taken for text, though they look like numbers: {shown}; write them as "
            "1234.5"
        )
    labels = [label for label in y.unique() if isinstance(label, str)]
    twins = Counter(label.strip() for label in labels)
    twice = [label for label in labels if twins[label.strip()] > 1]
    if twice:
        lines.append(
            f"{y.name} has classes that differ in blanks alone: "
            f"{', '.join(map(repr, sorted(twice)))}; take the blanks out if they are "
            "the same"
        )
    words = [word for word in labels if word.strip().lower() in _WORDS_FOR_MISSING]
    if words:
        lines.append(
            f"{y.name} has a class called {' and one called '.join(map(repr, words))}: "
            "drop its rows if the word stands for a missing value"
        )
    return lines
