"""Files that are written whole or not at all."""

# SPDX-License-Identifier: BSD-3-Clause

import os
import tempfile
from pathlib import Path

from trimtab.exceptions import InputError, nearest_names

__all__ = ["check_writable", "nearest_files", "write_whole"]


def nearest_files(path: Path, pattern: str = "*") -> str:
    """Return a hint such as ``did you mean 'claims.csv'?``, empty where none is near.

    Parameters
    ----------
    path : Path
        A file that is not there.
    pattern : str, default="*"
        Which files of its folder may be meant.
    """
    folder = path.parent
    here = [p.name for p in folder.glob(pattern)] if folder.is_dir() else []
    hint = nearest_names(path.name, here)
    return hint if hint.startswith("did") else ""


def write_whole(path: Path, content: bytes | str) -> Path:
    """Write a file so that no reader ever sees a part of it.

    The content goes to a temporary file in the same folder, which then takes the name.

    Parameters
    ----------
    path : Path
        The file; one that is there is replaced.
    content : bytes or str
        What it shall hold; text is written as UTF-8.

    Returns
    -------
    Path
        The same path.

    Raises
    ------
    InputError
        Where it cannot be written; what was there is there still.
    """
    data = content.encode() if isinstance(content, str) else content
    if path.is_dir():
        raise InputError(
            f"{str(path)!r} is a folder: name a file in it, or move it away"
        )
    try:
        return _replace(path, data)
    except OSError as error:
        raise InputError(
            f"cannot write {str(path)!r} ({error.strerror}): close what has it open, "
            "move what is in its place, or give another folder"
        ) from error


def _replace(path: Path, data: bytes) -> Path:
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path


def _umask() -> int:
    # The system tells the mask only in exchange for another.
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def check_writable(folder: Path) -> None:
    """Make sure that files can be written to a folder, and leave nothing behind.

    Parameters
    ----------
    folder : Path
        The folder; where it does not exist, it must be possible to make it.

    Raises
    ------
    InputError
        Where files cannot be written there.
    """
    there = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise InputError(
            f"cannot write to {str(folder)!r} ({error.strerror}): give another folder "
            "or change its permissions"
        ) from None
