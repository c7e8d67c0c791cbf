"""Results in a file and back, and what a file must not hold."""

# SPDX-License-Identifier: BSD-3-Clause

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.benchmark.suites.test_summary import results
from trimtab.benchmark.suites.export_files import read_export, write_export
from trimtab.exceptions import InputError


def test_export_comes_back_as_it_was(tmp_path: Path) -> None:
    """Text stays text, whatever it looks like, and empty stays empty."""
    frame = results()
    frame.loc[0, "method"] = "NA"
    frame.loc[1, "dataset"] = "007"

    path = write_export(frame, tmp_path / "new" / "toy.csv.gz")

    assert path == tmp_path / "new" / "toy.csv.gz"
    pd.testing.assert_frame_equal(read_export(path), frame)


def test_numbers_in_an_export_keep_nine_digits(tmp_path: Path) -> None:
    """More than any table shows."""
    frame = results().assign(average_precision=np.pi * 10.0 ** np.arange(-9, 9))

    back = read_export(write_export(frame, tmp_path / "toy.csv.gz"))

    np.testing.assert_allclose(
        back["average_precision"], frame["average_precision"], rtol=5e-9
    )


def test_same_results_make_the_same_bytes(tmp_path: Path) -> None:
    """An export in version control changes only when results do."""
    one = write_export(results(), tmp_path / "one.csv.gz").read_bytes()
    other = write_export(results(), tmp_path / "other.csv.gz").read_bytes()

    assert one == other


def test_a_name_without_gz_is_that_of_a_plain_file(tmp_path: Path) -> None:
    """Any program reads it, and so does trimtab."""
    path = write_export(results(), tmp_path / "toy.csv")

    assert path.read_text().startswith("dataset,method")
    pd.testing.assert_frame_equal(read_export(path), results())


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """The line says so, not how the system puts it."""
    with pytest.raises(InputError, match="is a folder: name a file in it"):
        write_export(results(), tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"dataset,method\n", "it has no column 'parameters'"),
        (
            gzip.compress(b"dataset,method\n" * 99, mtime=0)[:-9],
            "is not an export of results (",
        ),
        (gzip.compress(b"", mtime=0), "is not an export of results ("),
        (gzip.compress(b"a,b\n\xff,1\n", mtime=0), "is not an export of results ("),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), "it has no column 'dataset'"),
    ],
    ids=["plain", "cut", "empty", "binary", "other"],
)
def test_what_is_no_export_is_refused(
    tmp_path: Path, content: bytes, message: str
) -> None:
    """One line that names the file."""
    path = tmp_path / "toy.csv.gz"
    path.write_bytes(content)

    with pytest.raises(InputError) as caught:
        read_export(path)

    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


def test_missing_export(tmp_path: Path) -> None:
    """The line names the command that writes one."""
    with pytest.raises(InputError, match=r"no such file: .*trimtab bench export"):
        read_export(tmp_path / "none.csv.gz")


@pytest.mark.parametrize(
    ("column", "cell", "wanted"),
    [
        ("status", "junk", "one of done, error, timeout"),
        ("status", "", "one of done, error, timeout"),
        ("average_precision", "abc", "a number"),
        ("average_precision", "True", "a number"),
        ("seed", "one", "a number"),
        ("parameters", "{", "a table as JSON"),
        ("parameters", "[1]", "a table as JSON"),
    ],
)
def test_a_damaged_cell_is_named(
    tmp_path: Path, column: str, cell: str, wanted: str
) -> None:
    """By its line and column, before anything is made of any other."""
    frame = results().astype(object)
    frame.loc[1, column] = cell
    path = write_export(frame, tmp_path / "toy.csv.gz")

    with pytest.raises(InputError) as caught:
        read_export(path)

    words = f"line 3, column '{column}' holds '{cell}', which is not {wanted}: take"
    assert words in str(caught.value)


def test_a_header_alone_has_no_results(tmp_path: Path) -> None:
    """It is no export of a suite that failed everywhere, but of nothing."""
    path = write_export(results().head(0), tmp_path / "toy.csv.gz")
    with pytest.raises(InputError, match="has no results, only a header: name another"):
        read_export(path)
