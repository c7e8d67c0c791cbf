"""Results as a CSV file: one row an experiment, written and read again."""

# SPDX-License-Identifier: BSD-3-Clause

import gzip
import io
import json
import zlib
from pathlib import Path
from typing import get_args

import pandas as pd

from trimtab.benchmark.experiment import Status
from trimtab.exceptions import InputError
from trimtab.files import check_writable, write_whole

__all__ = ["read_export", "write_export"]

_TEXTS = ("dataset", "method", "parameters", "status", "reason")
"""Columns that hold text, whatever it looks like."""

_TEXTS_OF_TUNING = ["tuning", "tuned_parameters"]
"""Those that are there where parameters were tuned."""

_JSON = ("parameters", *_TEXTS_OF_TUNING)
_GZIP = b"\x1f\x8b"


def write_export(results: pd.DataFrame, path: Path) -> Path:
    """Write results as CSV: the same results make the same bytes.

    Parameters
    ----------
    results : DataFrame
        One row an experiment.
    path : Path
        The file; it is compressed where its name ends in ``.gz``.

    Raises
    ------
    InputError
        Where it cannot be written.
    """
    check_writable(path.parent)
    text = results.to_csv(index=False, float_format="%.9g").encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    is_packed = path.suffix.lower() == ".gz"
    return write_whole(path, gzip.compress(text, mtime=0) if is_packed else text)


def read_export(path: Path) -> pd.DataFrame:
    """Read what `write_export` wrote, compressed or not.

    Raises
    ------
    InputError
        Where there is no such file, it has no results, or it is damaged or something
        else.
    """
    if not path.is_file():
        raise InputError(f"no such file: {path}; trimtab bench export writes one")
    try:
        frame = _read(path.read_bytes())
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise InputError(
            f"{path} is not an export of results ({error}): write it again, trimtab "
            "bench export"
        ) from None
    missing = set(_TEXTS) - set(frame.columns)
    if missing:
        raise InputError(
            f"{path} is not an export of results: it has no column {min(missing)!r}"
        )
    if frame.empty:
        raise InputError(
            f"{path} has no results, only a header: name another export, or run the "
            "suite and write it again, trimtab bench export"
        )
    _check_cells(frame, path)
    return frame


def _read(content: bytes) -> pd.DataFrame:
    packed = content.startswith(_GZIP)
    text = (gzip.decompress(content) if packed else content).decode()
    names = pd.read_csv(io.StringIO(text), nrows=0).columns
    texts = [*_TEXTS, *names.intersection(_TEXTS_OF_TUNING)]
    return pd.read_csv(
        io.StringIO(text),
        dtype=dict.fromkeys(texts, str),
        keep_default_na=False,
        na_values={name: [""] for name in names.difference(texts)},
        low_memory=False,  # a column has one type
    )


def _check_cells(frame: pd.DataFrame, path: Path) -> None:
    """Raise an `InputError` for the first cell that no export has."""
    known = get_args(Status)
    is_known = frame["status"].isin(known)
    _refuse(path, frame["status"], ~is_known, f"one of {', '.join(known)}")
    for name in frame.columns.intersection([*_JSON]):
        _refuse(path, frame[name], ~frame[name].map(_is_table), "a table as JSON")
    for name in frame.columns.difference([*_TEXTS, *_TEXTS_OF_TUNING]):
        column = frame[name]
        if column.dtype.kind not in "iuf":
            numbers = pd.to_numeric(column.astype(str), errors="coerce")
            _refuse(path, column, numbers.isna() & column.notna(), "a number")


def _is_table(text: str) -> bool:
    """Return whether a cell is empty, or a table as JSON."""
    try:
        return not text or isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _refuse(path: Path, column: pd.Series, is_wrong: pd.Series, wanted: str) -> None:
    if is_wrong.any():
        row = int(is_wrong.to_numpy().argmax())
        raise InputError(
            f"{path} is damaged: line {row + 2}, column {column.name!r} holds "
            f"{str(column.iloc[row])!r}, which is not {wanted}: take another copy of "
            "it, or write it again, trimtab bench export"
        )
