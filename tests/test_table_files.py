"""Tables come from files, and every bad file gets one line."""

# SPDX-License-Identifier: BSD-3-Clause

import gzip
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trimtab.exceptions import InputError
from trimtab.table_files import doubts, read_table, split_target


def write(folder: Path, content: bytes | str, name: str = "t.csv") -> Path:
    """Write a file and return its path."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(path: Path) -> str:
    """Return the one line that a bad file gets; it names the file first."""
    with pytest.raises(InputError) as caught:
        read_table(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message.replace(f"{path} ", "", 1)


@pytest.fixture
def parquet(tmp_path: Path) -> bytes:
    """Give the bytes of a small Parquet file."""
    path = tmp_path / "made.parquet"
    pd.DataFrame({"a": [1, 2], "y": ["u", "v"]}).to_parquet(path)
    content = path.read_bytes()
    path.unlink()
    return content


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(
    tmp_path: Path, delimiter: str, line_end: str
) -> None:
    """The header tells the delimiter; lines may end as on any system."""
    text = "a,b,y\n1,x,0\n2,,1\n".replace(",", delimiter).replace("\n", line_end)

    frame = read_table(write(tmp_path, text))

    assert list(frame) == ["a", "b", "y"]
    assert frame["a"].tolist() == [1, 2]
    assert frame["b"].isna().tolist() == [False, True]
    assert frame["y"].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ('"a,b;c;d;e",x\n1,2\n', ["a,b;c;d;e", "x"]),
        ('"a;b;c;d",x\n1,2\n', ["a;b;c;d", "x"]),
        ('"a\nb",x\n1,2\n', ["a\nb", "x"]),
        ('"a\r\nb,c";x\n1;2\n', ["a\r\nb,c", "x"]),
        ('"a ""q, r, s"" b";x\n1;2\n', ['a "q, r, s" b', "x"]),
        ('x;"last, but, not, least"\n1;2\n', ["x", "last, but, not, least"]),
        ("\n\na;b\n1;2\n", ["a", "b"]),
        ("a,b", ["a", "b"]),
    ],
)
def test_header_may_hold_anything_in_quotes(
    tmp_path: Path, text: str, columns: list[str]
) -> None:
    """Delimiters, line breaks and quotes inside a quoted name do not mislead."""
    text = text if "\n" in text else f"{text}\n1,2\n"

    frame = read_table(write(tmp_path, text))

    assert list(frame) == columns
    assert frame.to_numpy().tolist() == [[1, 2]]


def test_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    """Spreadsheets write one."""
    assert list(read_table(write(tmp_path, b"\xef\xbb\xbfa,b\n1,2\n"))) == ["a", "b"]


@pytest.mark.parametrize("name", ["t.csv.gz", "t.CSV.GZ", "unnamed.csv"])
def test_compressed_file_is_read(tmp_path: Path, name: str) -> None:
    """A gzip file is known by its content too."""
    path = write(tmp_path, gzip.compress("a,b\n1,ü\n".encode()), name)

    assert read_table(path).to_numpy().tolist() == [[1, "ü"]]


def test_columns_get_the_types_that_they_hold(tmp_path: Path) -> None:
    """Numbers, flags and text are told apart; infinities are kept for the check."""
    frame = read_table(write(tmp_path, "n,f,b,s,i\n1,1.5,True,x,inf\n2,,False,,1\n"))

    assert [frame[name].dtype.kind for name in "nfbi"] == ["i", "f", "b", "f"]
    assert frame["s"].dropna().tolist() == ["x"]
    assert np.isinf(frame["i"]).tolist() == [True, False]


@pytest.mark.parametrize("name", ["t.parquet", "T.PARQUET", "t.pq", "unnamed.bin"])
def test_parquet_file_is_read(tmp_path: Path, parquet: bytes, name: str) -> None:
    """A Parquet file is known by its content too."""
    frame = read_table(write(tmp_path, parquet, name))

    assert frame.to_dict("list") == {"a": [1, 2], "y": ["u", "v"]}


def test_parquet_in_the_middle_of_a_name_says_nothing(tmp_path: Path) -> None:
    """The last suffix counts."""
    assert len(read_table(write(tmp_path, "a,b\n1,2\n", "was.parquet.csv"))) == 1


@pytest.mark.parametrize(
    "content", [b"", b"\n \n", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)]
)
def test_empty_file(tmp_path: Path, content: bytes) -> None:
    """No bytes, blank lines, a mark alone, an empty archive."""
    message = refusal(write(tmp_path, content))

    assert message == "is empty: give a table with a header line and rows"


def test_empty_parquet_file(tmp_path: Path) -> None:
    """It is empty before it is no Parquet file."""
    assert refusal(write(tmp_path, b"", "t.parquet")).startswith("is empty: ")


def test_no_rows(tmp_path: Path) -> None:
    """A header alone is no table, in either format."""
    path = tmp_path / "t.parquet"
    pd.DataFrame({"a": [1]}).iloc[:0].to_parquet(path)

    for one in (path, write(tmp_path, "a,b\n")):
        assert refusal(one) == "has a header but no rows: give a table with rows"


def test_no_such_file(tmp_path: Path) -> None:
    """The names nearest to it are told, where there are any."""
    write(tmp_path, "a,b\n1,2\n", "claims.csv")

    near, far, nowhere = (
        refusal(tmp_path / name) for name in ("claim.csv", "zzzz.qqqqq", "x/y.csv")
    )

    assert near.startswith("no such file: ")
    assert near.endswith("did you mean 'claims.csv'?")
    assert far.endswith("give a CSV or Parquet file")
    assert nowhere.endswith("give a CSV or Parquet file")


def test_folder(tmp_path: Path) -> None:
    """A folder is told from a file that is missing."""
    message = refusal(tmp_path)

    assert message == "is a folder: give a CSV or Parquet file in it"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipe(tmp_path: Path) -> None:
    """A pipe cannot be read twice; waiting for it for ever helps nobody."""
    os.mkfifo(tmp_path / "pipe")

    assert refusal(tmp_path / "pipe").startswith("is not a plain file: ")


def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Permissions are told as such."""

    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    path = write(tmp_path, "a,b\n1,2\n")
    monkeypatch.setattr(Path, "read_bytes", refuse)

    assert refusal(path).startswith("cannot be read (Permission denied): change")


@pytest.mark.parametrize(
    ("header", "name", "times"),
    [
        ("a,b,a", "a", 2),
        ("a,a,a", "a", 3),
        ('x,"a\nb",x', "x", 2),
        ('"a",a', "a", 2),
        ("a,a.1,a", "a", 2),
        (",,a", "", 2),
    ],
)
def test_duplicate_columns(tmp_path: Path, header: str, name: str, times: int) -> None:
    """The column is named; nothing is renamed behind the user's back."""
    path = write(tmp_path, f"{header}\n1,2,3\n")

    expected = f"has the column {name!r} {times} times: rename all but one"
    assert refusal(path) == expected


def test_duplicate_columns_of_parquet(tmp_path: Path) -> None:
    """Other programs write such files."""
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(pa.table([[1], [2]], names=["a", "a"]), tmp_path / "t.parquet")

    message = refusal(tmp_path / "t.parquet")
    assert message == "has the column 'a' 2 times: rename all but one"


@pytest.mark.parametrize(
    ("content", "begins", "cure"),
    [
        (
            "a,b\nx,é\n".encode("latin-1"),
            "is not UTF-8 (byte 0xe9 in line 2): ",
            "iconv -f latin1 -t utf-8 t.csv",
        ),
        (
            "é,b\nx,1\n".encode("latin-1"),
            "is not UTF-8 (byte 0xe9 in line 1): ",
            "iconv -f latin1 -t utf-8 t.csv",
        ),
        (
            gzip.compress("a\né\n".encode("latin-1")),
            "is not UTF-8 (byte 0xe9 in line 2): ",
            "gzip -dc t.csv | iconv -f latin1 -t utf-8",
        ),
        (
            "a,b\n1,2\n".encode("utf-16"),
            "is UTF-16, not UTF-8: ",
            "iconv -f utf-16 -t utf-8 t.csv",
        ),
        (
            b"PK\x03\x04 a\n\x00",
            "is not text (byte 0x00 in line 2): ",
            "give a CSV or Parquet file",
        ),
    ],
    ids=["latin-1", "latin-1 header", "compressed", "utf-16", "binary"],
)
def test_not_utf_8(tmp_path: Path, content: bytes, begins: str, cure: str) -> None:
    """The line tells the first bad byte, where it is, and the command that mends it."""
    message = refusal(write(tmp_path, content))

    assert message.startswith(begins)
    assert message.endswith(cure)


def test_command_that_mends_quotes_the_name(tmp_path: Path) -> None:
    """It can be copied into a shell."""
    message = refusal(write(tmp_path, b"a,b\n\xe9,1\n", "my data.csv"))

    assert message.endswith("utf-8 'my data.csv'")


def test_damaged_archive(tmp_path: Path) -> None:
    """Cut short, changed inside, or no archive at all."""
    rng = np.random.default_rng(0)
    whole = gzip.compress(b"a,b\n" + rng.integers(48, 57, 5000, np.uint8).tobytes())
    changed = bytearray(whole)
    changed[200] ^= 0xFF

    for content in (whole[:-9], bytes(changed), b"a,b\n1,2\n"):
        message = refusal(write(tmp_path, content, "t.csv.gz"))
        assert message.startswith("is not a whole gzip file (")
        assert message.endswith("): copy or compress it again")


def test_damaged_parquet(tmp_path: Path, parquet: bytes) -> None:
    """Cut short, changed inside, or no Parquet at all."""
    changed = parquet[:60] + bytes(20) + parquet[80:]

    for content in (parquet[:-20], changed, b"a,b\n1,2\n"):
        message = refusal(write(tmp_path, content, "t.parquet"))
        assert message.startswith("is not a readable Parquet file (")
        assert message.endswith("): write it again, or give a CSV file")


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("a,b\n1,2,3\n4,5,6\n", "rows have more fields than the header has names"),
        ("a,b\n1,2\n4,5,6\n", "Expected 2 fields in line 3, saw 3"),
        ('a,b\n"1,2\n', "EOF inside string"),
    ],
)
def test_broken_rows(tmp_path: Path, text: str, detail: str) -> None:
    """No value is shifted into another column, and no row is dropped."""
    message = refusal(write(tmp_path, text))

    assert message.startswith("cannot be read as a table (")
    assert detail in message
    assert "): mend the file; every row needs as many fields" in message


def test_trailing_delimiters_shift_nothing(tmp_path: Path) -> None:
    """An empty last field without a name is left out."""
    frame = read_table(write(tmp_path, "a,b\n1,2,\n3,4,\n"))

    assert frame.to_dict("list") == {"a": [1, 3], "b": [2, 4]}


def test_target_is_split_off() -> None:
    """The other columns keep their order and types."""
    frame = pd.DataFrame({"a": [1, 2], "y": ["u", "v"], "b": [0.5, None]})

    X, y = split_target(frame, "y")

    pd.testing.assert_frame_equal(X, frame[["a", "b"]])
    pd.testing.assert_series_equal(y, frame["y"])


def test_columns_without_names_are_called_by_their_number() -> None:
    """A Parquet file or a DataFrame may have numbers for names."""
    X, y = split_target(pd.DataFrame([[1, 2, 3]]), "2")

    assert list(X) == ["0", "1"]
    assert y.tolist() == [3]


@pytest.mark.parametrize(
    ("columns", "target", "message"),
    [
        (["income", "age"], "incme", "no column 'incme': did you mean 'income'?"),
        (["income", "age"], "zzz", "no column 'zzz': known are 'age', 'income'"),
        (["a\nb", "c"], "zzz", "no column 'zzz': known are 'a\\nb', 'c'"),
        (
            ["income", "age"],
            None,
            "name the target column with --target: known are 'age', 'income'",
        ),
        (["y"], "y", "'y' is the only column: nothing to learn from"),
    ],
)
def test_bad_targets(columns: list[str], target: str | None, message: str) -> None:
    """The line names the nearest columns, or some that there are."""
    with pytest.raises(InputError) as caught:
        split_target(pd.DataFrame([range(len(columns))], columns=columns), target)

    assert str(caught.value) == message


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["1,5", "-2,25", ""], [1.5, -2.25, None]),
        (["1.5", "2"], [1.5, 2.0]),
        (['"1,5"', '"2"'], [1.5, 2.0]),
        (["0,586", "1,234"], [0.586, 1.234]),
        ([" 1,5E-3", "2,5e+2 ", "inf"], [0.0015, 250.0, np.inf]),
        (["1.586,34", "1.234.567", "-585,66"], [1586.34, 1234567.0, -585.66]),
    ],
)
def test_decimal_commas_are_numbers(tmp_path, delimiter, fields, expected):
    """A table as spreadsheets of much of Europe write it has numbers, not text."""
    rows = [f"{field}{delimiter}a\n" for field in fields]
    frame = read_table(write(tmp_path, "".join([f"x{delimiter}y\n", *rows])))
    assert frame["x"].astype(object).replace(np.nan, None).tolist() == expected


def test_a_point_beside_decimal_commas_parts_thousands(tmp_path):
    """1.234 is a thousand and some in a file with 0,5; dates stay what they are."""
    text = "n\tx\td\ty\n1.234\t0,5\t01.03.2024\tu\n585\t\t02.03.2024\tv\n"
    frame = read_table(write(tmp_path, text))
    assert frame["n"].tolist() == [1234, 585]
    assert frame["d"].tolist() == ["01.03.2024", "02.03.2024"]


@pytest.mark.parametrize(
    ("text", "example"),
    [
        ("x\ty\n1,234\ta\n2,345\tb\n", "1,234"),
        ("x;n;y\n0,5;2.5;a\n;1.5;b\n", "0,5"),
        ('x,y\n"1,5",a\n2,b\n', "1,5"),
        ('x,y\n"$1,000.00",a\n', "$1,000.00"),
        ("x,y\n5 %,a\n7,b\n", "5 %"),
        ("x,y\n12.50 EUR,a\n", "12.50 EUR"),
        ("x,y\n1\u00a0234,a\n", "1\\xa0234"),
        ("x,y\n" + "1'000,a\n" * 19 + "unknown,b\n", "1'000"),
    ],
)
def test_numbers_that_cannot_be_read_are_told(tmp_path, text, example):
    """They stay text, and the line names the column, an example and the cure."""
    X, y = split_target(read_table(write(tmp_path, text)), "y")
    (line,) = doubts(X, y)
    assert X["x"].dtype.kind == "O"
    assert "'x' (" in line
    assert example in line
    assert line.endswith("; write them as 1234.5")


@pytest.mark.parametrize(
    "value", ["north", "2024-05-01", "01.03.2024", "A12", "1,2,3", "10:30", "-", "a 1"]
)
def test_other_text_is_nothing_to_tell(tmp_path, value):
    """Words, dates, codes and lists of choices are no numbers."""
    X, y = split_target(read_table(write(tmp_path, f'x,y\n"{value}",a\n')), "y")
    assert doubts(X, y) == []


def test_classes_called_none_or_na(tmp_path):
    """Beside words they are classes, and told; in features they are missing values."""
    path = write(tmp_path, "x,y\n1,Fire\nNA,None\nnull,NA\n4,\n")
    X, y = split_target(read_table(path, "y"), "y")
    assert X["x"].isna().tolist() == [False, True, True, False]
    assert y.tolist()[:3] == ["Fire", "None", "NA"]
    assert y.isna().tolist() == [False] * 3 + [True]
    assert doubts(X, y) == [
        "y has a class called 'None' and one called 'NA': drop its rows if the word "
        "stands for a missing value"
    ]


@pytest.mark.parametrize("values", [["1", "0"], ["True", "False"]])
def test_words_for_missing_beside_numbers_are_missing_labels(tmp_path, values):
    """Numbers with NA among them have missing values, not another class."""
    rows = "".join(f"1,{value}\n" for value in [*values, "NA"])
    y = read_table(write(tmp_path, f"x,y\n{rows}"), "y")["y"]
    assert y.isna().tolist() == [False, False, True]


def test_columns_called_na_or_null(tmp_path):
    """Such names are names."""
    frame = read_table(write(tmp_path, "NA,null,y\n1,2,3\n"))
    assert list(frame) == ["NA", "null", "y"]


@pytest.mark.parametrize(
    "index", [[0, 1, 2], [1, 2, 3], [7, 3, 9], [0.0, 5.0, 2.0], [-1, 10**12, 4]]
)
def test_an_index_without_a_name_is_left_out(tmp_path, index):
    """`to_csv` with its index would give sorted classes away, once or twice written."""
    frame = pd.DataFrame({"a": [1.5, 2.5, 3.5], "y": ["u", "v", "v"]}, index=index)
    frame.to_csv(tmp_path / "t.csv")
    assert list(read_table(tmp_path / "t.csv")) == ["a", "y"]
    pd.read_csv(tmp_path / "t.csv").to_csv(tmp_path / "twice.csv")
    assert list(read_table(tmp_path / "twice.csv")) == ["a", "y"]


def test_an_index_in_a_parquet_file_is_left_out(tmp_path):
    """Programs other than pandas write it as a column."""
    frame = pd.DataFrame({"__index_level_0__": [5, 2], "a": [1, 1], "y": ["u", "v"]})
    frame.to_parquet(tmp_path / "t.parquet")
    assert list(read_table(tmp_path / "t.parquet")) == ["a", "y"]


@pytest.mark.parametrize(
    ("name", "values", "told"),
    [("", [0, 1, 0], True), ("", [0.5, 1, 2], False), ("id", [3, 1, 2], False)],
)
def test_other_first_columns_stay(tmp_path, name, values, told):
    """One with a name or fractions is a feature; with repeated numbers that is told."""
    frame = pd.DataFrame({name: values, "a": [1, 1, 1], "y": ["u", "v", "v"]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    X, y = split_target(read_table(tmp_path / "t.csv"), "y")
    assert X.shape[1] == 2
    assert [line[:35] for line in doubts(X, y)] == [
        "the first column has no name and is"
    ] * told


def test_labels_that_differ_in_blanks_are_told(tmp_path):
    """A stray blank makes a class of its own."""
    frame = pd.DataFrame({"a": range(6), "y": ["no", "no ", "yes", "no", " no", "yes"]})
    frame.to_csv(tmp_path / "t.csv", index=False)

    (line,) = doubts(*split_target(read_table(tmp_path / "t.csv"), "y"))
    assert line.startswith("y has classes that differ in blanks alone: ' no', 'no',")
