"""The files that data sets are kept in: finding, checking, reading, writing.

A file is used only if its checksum is right, and reading one executes nothing.
"""

# SPDX-License-Identifier: BSD-3-Clause

import gzip
import hashlib
import io
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trimtab.datasets.catalogue import Card
from trimtab.exceptions import InputError, MissingExtraError
from trimtab.files import write_whole

__all__ = [
    "Table",
    "cache_folder",
    "content_digest",
    "data_folder",
    "frame_digest",
    "import_pandas",
    "locate",
    "read",
    "store",
]


class Table(NamedTuple):
    """A data set in memory: ``X, y, description = load(name)``.

    Attributes
    ----------
    X : ndarray of float32 of shape (n_rows, n_columns), or DataFrame
        The table. A DataFrame where columns are not all numbers; an array of shape
        (n_rows, height, width) where rows are images.
    y : ndarray of shape (n_rows,)
        The labels: 0 and 1 for most sets of two classes, else names.
    description : Card
        What the data set is.
    """

    X: Any
    y: NDArray[Any]
    description: Card


def data_folder() -> Path | None:
    """Return the folder that ``TRIMTAB_DATA`` names, or None."""
    named = os.environ.get("TRIMTAB_DATA")
    return Path(named).expanduser() if named else None


def cache_folder() -> Path:
    """Return ``TRIMTAB_CACHE``, or else the platform's folder for caches."""
    named = os.environ.get("TRIMTAB_CACHE")
    if named:
        return Path(named).expanduser()
    import pooch

    return Path(pooch.os_cache("trimtab"))


def locate(card: Card) -> Path | None:
    """Return the data set's file in the data folder or in the cache.

    Returns
    -------
    Path or None
        None where it is in neither.

    Raises
    ------
    InputError
        Where a file is there and its checksum is wrong.
    """
    if card.file is None:
        return None
    for folder in filter(None, (data_folder(), cache_folder())):
        path = folder / card.file
        if path.is_file():
            _check_file(path, card)
            return path
    return None


def _check_file(path: Path, card: Card) -> None:
    """Raise unless the file is the catalogue's, or one that `store` wrote."""
    note = _note(path)
    noted = note.read_text().partition(" ")[0] if note.is_file() else None
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found not in (card.sha256, noted):
        wanted = card.sha256 or "one that trimtab made, with its .sha256 file beside it"
        raise InputError(
            f"{path} is not the file of {card.name}: its SHA-256 is {found}, wanted is "
            f"{wanted}; remove it or copy it again"
        )


def _note(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def read(path: Path, card: Card) -> Table:
    """Read a data set's file.

    Parameters
    ----------
    path : Path
        An ``.npz`` or ``.csv.gz`` file in the layout of the data folder.
    card : Card
        What it holds.
    """
    if path.suffix == ".npz":
        return _read_arrays(path, card)
    pandas = import_pandas()
    frame = pandas.read_csv(
        path, keep_default_na=False, na_values=[card.missing] if card.missing else []
    )
    y = np.array(frame[card.target].tolist())
    return Table(frame[[*card.columns]], y, card)


def _read_arrays(path: Path, card: Card) -> Table:
    with np.load(path, allow_pickle=False) as arrays:
        X, codes = _joined(arrays, "X"), _joined(arrays, "y")
    # Small integers would wrap around when rows are subtracted from each other.
    X = X.reshape(len(X), -1).astype(np.float32)
    return Table(X, np.array(card.classes)[codes], card)


def _joined(arrays: Any, name: str) -> NDArray[Any]:
    """Return an array; of a file with two parts, training and test rows together."""
    if name in arrays:
        return np.asarray(arrays[name])
    parts = [arrays[f"{name.lower()}_{part}"] for part in ("train", "test")]
    return np.concatenate(parts)


def store(card: Card, content: Any) -> Path:
    """Write a data set to the cache in the layout of the data folder.

    Parameters
    ----------
    card : Card
        Which data set.
    content : (X, codes) or DataFrame
        Arrays for an ``.npz`` file, a DataFrame for a ``.csv.gz`` file.

    Returns
    -------
    Path
        The file. Its checksum is written beside it.
    """
    if card.file is None:
        raise ValueError(f"{card.name} is not kept in a file")
    if card.file.endswith(".npz"):
        X, codes = content
        buffer = io.BytesIO()
        np.savez_compressed(buffer, X=_compact(X), y=codes.astype(np.int8))
        data = buffer.getvalue()
    else:
        data = gzip.compress(content.to_csv(index=False).encode(), mtime=0)
    path = cache_folder() / card.file
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(_note(path), f"{hashlib.sha256(data).hexdigest()}  {path.name}\n")
    return write_whole(path, data)


def _compact(X: NDArray[Any]) -> NDArray[Any]:
    """Return the values as small integers where that is exact, else as float32."""
    for kind in (np.uint8, np.int16):
        low, high = np.iinfo(kind).min, np.iinfo(kind).max
        if X.min() >= low and X.max() <= high and (np.rint(X) == X).all():
            return X.astype(kind)
    return X.astype(np.float32)


def content_digest(
    X: NDArray[Any], codes: NDArray[Any], *, in_order: bool = True
) -> str:
    """Return the SHA-256 of a table's values, however they are stored.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_columns)
        Numbers; they count as rounded to float32.
    codes : ndarray of int of shape (n_rows,)
        Class codes.
    in_order : bool, default=True
        Whether the order of the rows counts.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    rows = np.empty((len(X), X.shape[1] + 1), dtype="<f4")
    rows[:, :-1], rows[:, -1] = X, codes
    rows += 0  # makes a negative zero a plain one
    if not in_order:
        rows = np.sort(rows.view(f"V{rows.strides[0]}"), axis=0)
    return hashlib.sha256(rows.tobytes()).hexdigest()


def frame_digest(frame: Any, *, in_order: bool = True) -> str:
    """Return the SHA-256 of a DataFrame's rows as lines of CSV.

    Parameters
    ----------
    frame : pandas DataFrame
        The table, target included.
    in_order : bool, default=True
        Whether the order of the rows counts.
    """
    lines = frame.to_csv(index=False, header=False).splitlines()
    text = "\n".join(lines if in_order else sorted(lines))
    return hashlib.sha256(text.encode()).hexdigest()


def import_pandas() -> Any:
    """Return pandas, or say how to install it."""
    try:
        import pandas
    except ModuleNotFoundError:
        raise MissingExtraError("pandas", "compare") from None
    return pandas
