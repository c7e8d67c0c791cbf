"""Files are written whole or not at all, and folders are tried beforehand."""

# SPDX-License-Identifier: BSD-3-Clause

import os
import stat
import tempfile
from pathlib import Path
from typing import Any, NoReturn

import pytest

from trimtab.exceptions import InputError
from trimtab.files import check_writable, nearest_files, write_whole


def fail(*_: Any, **__: Any) -> NoReturn:
    """Fail like a full disk."""
    raise OSError(28, "No space left on device")


def test_text_and_bytes_are_written(tmp_path: Path) -> None:
    """Text goes out as UTF-8, bytes as they are; the path comes back."""
    path = tmp_path / "a.txt"

    assert write_whole(path, "ü\n") == path
    assert path.read_bytes() == "ü\n".encode()
    write_whole(path, b"\x00\xff")
    assert path.read_bytes() == b"\x00\xff"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_near_file_names_are_told(tmp_path: Path) -> None:
    """Those of the folder, and of the kind that is wanted; no folder has none."""
    for name in ("mine.toml", "mine.csv"):
        (tmp_path / name).touch()

    assert (
        nearest_files(tmp_path / "mime.toml", "*.toml") == "did you mean 'mine.toml'?"
    )
    assert nearest_files(tmp_path / "other.xyz") == ""
    assert nearest_files(tmp_path / "no" / "mine.toml") == ""


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX systems")
@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_new_file_has_the_usual_mode(tmp_path: Path, mask: int) -> None:
    """Others may read it as they may read any new file of the user's."""
    before = os.umask(mask)
    try:
        path = write_whole(tmp_path / "a.txt", "x")
    finally:
        seen = os.umask(before)

    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask
    assert seen == mask


@pytest.mark.parametrize("step", ["fdopen", "chmod", "replace"])
def test_failing_write_leaves_the_old_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Wherever it fails, the old content stays and no temporary file is left."""
    path = tmp_path / "a.txt"
    path.write_text("old")

    with monkeypatch.context() as patch:
        patch.setattr(os, step, fail)
        with pytest.raises(InputError, match=r"cannot write .*No space left"):
            write_whole(path, "new")

    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_interrupted_write_leaves_the_old_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C is no exception of the usual kind."""

    def interrupt(*_: Any) -> NoReturn:
        raise KeyboardInterrupt

    path = tmp_path / "a.txt"
    path.write_text("old")
    monkeypatch.setattr(os, "replace", interrupt)

    with pytest.raises(KeyboardInterrupt):
        write_whole(path, "new")

    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_writable_folders_pass_and_stay_as_they_are(tmp_path: Path) -> None:
    """Neither the folder nor anything in it is made."""
    check_writable(tmp_path)
    check_writable(tmp_path / "new" / "deeper")

    assert os.listdir(tmp_path) == []


def test_relative_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is to be made below the current one."""
    monkeypatch.chdir(tmp_path)

    check_writable(Path("new"))
    check_writable(Path())

    assert os.listdir(tmp_path) == []


def test_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    """A file is in the way; the line names what was asked for."""
    (tmp_path / "taken").write_text("")

    for folder in (tmp_path / "taken", tmp_path / "taken" / "out"):
        with pytest.raises(InputError) as caught:
            check_writable(folder)
        assert str(caught.value) == (
            f"cannot write to {str(folder)!r} (Not a directory): give another folder "
            "or change its permissions"
        )


def test_unwritable_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's own reason is told (root may write anywhere, so it is feigned)."""
    monkeypatch.setattr(tempfile, "TemporaryFile", fail)

    with pytest.raises(InputError, match=r"\(No space left on device\): give another"):
        check_writable(tmp_path)
