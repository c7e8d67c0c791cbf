"""Read a user's table from a file, and say plainly what is wrong with it."""

# SPDX-License-Identifier: BSD-3-Clause

import csv
import gzip
import io
import zlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trimtab.exceptions import InputError, nearest_names

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_table", "split_target"]

_DELIMITERS = ",;\t|"


def read_table(path: Path) -> "pd.DataFrame":
    """Read a CSV or Parquet file.

    Parameters
    ----------
    path : Path
        A ``.parquet`` file, or text in UTF-8 with a header line, whose fields are
        parted by commas, semicolons, tabs or bars; it may be compressed (``.gz``).

    Returns
    -------
    DataFrame

    Raises
    ------
    InputError
        Where there is no such file, or it is empty, not UTF-8, damaged, without rows,
        or has a column name twice.
    """
    if not path.is_file():
        raise InputError(_missing(path))
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty: give a table with a header line and rows")
    parquet = ".parquet" in path.suffixes or ".pq" in path.suffixes
    frame = _read_parquet(path) if parquet else _read_text(path)
    if len(frame) == 0:
        raise InputError(f"{path} has a header but no rows")
    return frame


def _missing(path: Path) -> str:
    if path.is_dir():
        return f"{path} is a folder: give a CSV or Parquet file in it"
    here = [p.name for p in path.parent.glob("*")] if path.parent.is_dir() else []
    near = nearest_names(path.name, here) if here else ""
    hint = near if near.startswith("did") else "give a CSV or Parquet file"
    return f"no such file: {path}; {hint}"


def _read_parquet(path: Path) -> "pd.DataFrame":
    import pandas as pd

    try:
        return pd.read_parquet(path)
    except (ValueError, OSError) as error:
        text = " ".join(str(error).split())
        raise InputError(f"{path} is not a readable Parquet file: {text}") from None


def _read_text(path: Path) -> "pd.DataFrame":
    import pandas as pd

    text = _decode(path)
    header_line = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=header_line.count)
    header = next(csv.reader([header_line.rstrip("\r")], delimiter=delimiter), [])
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        raise InputError(
            f"{path} has the column {twice[0]!r} {Counter(header)[twice[0]]} times: "
            "rename all but one"
        )
    try:
        return pd.read_csv(io.StringIO(text), sep=delimiter, low_memory=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        detail = " ".join(str(error).split())
        raise InputError(f"{path} cannot be read as a table: {detail}") from None


def _decode(path: Path) -> str:
    """Return the file's text, decompressed."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"{path} is not a whole gzip file: {error}") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(
            f"{path} is not UTF-8 (byte 0x{data[error.start]:02x} in line {line}): "
            f"convert it, for example with: iconv -f latin1 -t utf-8 {path.name}"
        ) from None


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
