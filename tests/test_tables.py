"""Tables come in: labels, rows, the held-out part, and what is refused."""

# SPDX-License-Identifier: BSD-3-Clause

import datetime
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from trimtab.exceptions import InputError
from trimtab.infinities import check_finite
from trimtab.tables import (
    Labels,
    check_same_length,
    check_table,
    encode_labels,
    held_out_split,
    n_rows,
    take_rows,
)

SPARSE = ("csr", "csc", "coo", "lil", "dok", "dia", "bsr")


def refusal(function: Callable[..., Any], *arguments: Any, **options: Any) -> str:
    """Return the message of the InputError that a call raises: one line."""
    with pytest.raises(InputError) as caught:
        function(*arguments, **options)
    message = str(caught.value)
    assert message
    assert "\n" not in message
    return message


LABELS: dict[str, tuple[Any, list[Any]]] = {
    "list of int": ([3, 1, 3], [1, 3]),
    "list of str": (["b", "a", "b"], ["a", "b"]),
    "list of bool": ([True, False, True], [False, True]),
    "list of float": ([1.0, 0.0, 1.0], [0.0, 1.0]),
    "int and float": ([1, 0.0, True], [0.0, 1.0]),
    "array of text": (np.array(["b", "a", "b"]), ["a", "b"]),
    "array of objects": (np.array(["b", "a", "b"], dtype=object), ["a", "b"]),
    "array of int objects": (np.array([7, 5, 7], dtype=object), [5, 7]),
    "array of int8": (np.array([1, 0, 1], dtype=np.int8), [0, 1]),
    "column": (np.array([[1], [0], [1]]), [0, 1]),
    "numpy strings": (np.array(["b", "a", "b"], dtype="T"), ["a", "b"]),
    "dates": (np.array(["2025", "2024", "2025"], dtype="M8[Y]"), ["2024", "2025"]),
    "pandas str": (pd.Series(["b", "a", "b"]), ["a", "b"]),
    "pandas string": (pd.Series(["b", "a", "b"], dtype="string"), ["a", "b"]),
    "pandas object": (pd.Series(["b", "a", "b"], dtype=object), ["a", "b"]),
    "pandas category": (pd.Series(["b", "a", "b"], dtype="category"), ["a", "b"]),
    "pandas unused category": (
        pd.Series(pd.Categorical(["b", "a", "b"], categories=["z", "b", "a"])),
        ["a", "b"],
    ),
    "pandas category of int": (pd.Series([3, 1, 3], dtype="category"), [1, 3]),
    "pandas Int64": (pd.Series([3, 1, 3], dtype="Int64"), [1, 3]),
    "pandas boolean": (pd.Series([True, False, True], dtype="boolean"), [False, True]),
    "pandas arrow": (pd.Series([3, 1, 3], dtype="int64[pyarrow]"), [1, 3]),
    "pandas index": (pd.Index(["b", "a", "b"]), ["a", "b"]),
    "pandas frame": (pd.DataFrame({"y": ["b", "a", "b"]}), ["a", "b"]),
    "polars str": (pl.Series(["b", "a", "b"]), ["a", "b"]),
    "polars int": (pl.Series([3, 1, 3]), [1, 3]),
    "polars bool": (pl.Series([True, False, True]), [False, True]),
    "polars categorical": (
        pl.Series(["b", "a", "b"], dtype=pl.Categorical),
        ["a", "b"],
    ),
    "polars enum": (pl.Series(["b", "a", "b"], dtype=pl.Enum(["b", "a"])), ["a", "b"]),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_any_kind_are_encoded_and_decoded(kind: str) -> None:
    """Codes follow the sorted labels, and decode to what was given."""
    y, classes = LABELS[kind]

    labels = encode_labels(y)

    assert [str(label) for label in labels.classes] == [str(c) for c in classes]
    assert labels.codes.tolist() == [1, 0, 1]
    assert labels.codes.dtype == np.int64
    decoded = labels.decode(labels.codes)
    assert [*map(str, decoded)] == [str(classes[code]) for code in (1, 0, 1)]


def test_decoded_labels_have_the_type_that_was_given() -> None:
    """Integers come back as integers, booleans as booleans, text as text."""
    for y in ([2, 1, 2], [True, False, True], ["x", "y", "x"], [0.0, 1.0, 1.0]):
        labels = encode_labels(y)

        assert labels.decode(labels.codes).tolist() == y


def test_counts_and_imbalance_by_hand() -> None:
    """Six rows of one class, two of another, three of the third."""
    labels = encode_labels(list("aaaaaabbccc"))

    assert labels.counts.tolist() == [6, 2, 3]
    assert labels.imbalance == 3.0
    assert labels.names == ["a", "b", "c"]
    assert labels.names[labels.positive] == "b"


def test_counts_know_of_classes_without_rows() -> None:
    """A part of the rows keeps the classes of the whole."""
    labels = Labels(np.array(["a", "b", "c"]), np.array([0, 0, 1]), 1)

    assert labels.counts.tolist() == [2, 1, 0]


MISSING: dict[str, Any] = {
    "list with None": ["a", None, "b"],
    "list with NaN": ["a", float("nan"), "b"],
    "list with NA": ["a", pd.NA, "b"],
    "list with NaT": [pd.NaT, 1, 2],
    "list of numbers with NaN": [0, 1, float("nan")],
    "list of numbers with None": [0, 1, None],
    "array with NaN": np.array([0, 1, np.nan]),
    "array of objects with None": np.array(["a", None, "b"], dtype=object),
    "array of objects with NA": np.array(["a", pd.NA, "b"], dtype=object),
    "column with None": np.array([["a"], [None], ["b"]], dtype=object),
    "array with NaT": np.array(["2024", "NaT", "2025"], dtype="M8[Y]"),
    "pandas str": pd.Series(["a", None, "b"]),
    "pandas string": pd.Series(["a", None, "b"], dtype="string"),
    "pandas object with NA": pd.Series(["a", pd.NA, "b"], dtype=object),
    "pandas category": pd.Series(["a", None, "b"], dtype="category"),
    "pandas Int64": pd.Series([1, None, 2], dtype="Int64"),
    "pandas float": pd.Series([1.0, None, 0.0]),
    "pandas boolean": pd.Series([True, None, False], dtype="boolean"),
    "pandas frame of Int64": pd.DataFrame({"y": pd.array([1, None, 2], dtype="Int64")}),
    "polars str": pl.Series(["a", None, "b"]),
    "polars int": pl.Series([1, None, 2]),
    "polars NaN": pl.Series([1.0, float("nan"), 0.0]),
    "polars categorical": pl.Series(["a", None, "b"], dtype=pl.Categorical),
}


@pytest.mark.parametrize("kind", MISSING)
def test_missing_labels_are_counted_and_refused(kind: str) -> None:
    """Whatever stands for a missing label, the line says in how many rows it is."""
    message = refusal(encode_labels, MISSING[kind], name="fraud")

    assert message == ("fraud is missing in 1 of 3 rows: drop those rows or label them")


REFUSED: dict[str, tuple[Any, str]] = {
    "one class": (["a", "a"], "y has one class only, 'a'"),
    "one class of int": (np.array([1, 1]), "y has one class only, 1:"),
    "continuous": ([0.1, 0.2, 0.7], "y is continuous (3 distinct values"),
    "continuous objects": (np.array([1.5, 2.5], dtype=object), "y is continuous"),
    "large": ([0.0, 1e300], "y is continuous"),
    "infinite": ([0.0, 1.0, np.inf, -np.inf], "y is infinite in 2 of 4 rows"),
    "mixed list": (["a", 1, "b"], "y mixes types (int, str)"),
    "mixed array": (np.array(["a", 1], dtype=object), "y mixes types (int, str)"),
    "mixed series": (pd.Series(["a", True]), "y mixes types (bool, str)"),
    "several targets": (np.eye(2), "y is a ndarray of shape (2, 2)"),
    "scalar": (3, "y is a int of shape ()"),
    "text": ("spam", "y is a str of shape ()"),
    "nothing": (None, "y is a NoneType of shape ()"),
    "set": ({"a", "b"}, "y is a set of shape ()"),
    "sparse": (sparse.csr_array(np.eye(2)), "y is a csr_array of shape ()"),
    "no rows": ([], "y has no rows"),
    "no rows in a series": (pd.Series([], dtype=object), "y has no rows"),
    "no rows in a column": (np.empty((0, 1)), "y has no rows"),
    "bytes": ([b"a", b"b"], "y holds labels of type bytes"),
    "complex": ([1j, 2j], "y holds labels of type complex"),
    "ragged": ([[1], [1, 2]], "y holds labels of type list"),
    "dicts": (np.array([{}, {}], dtype=object), "y holds labels of type dict"),
    "date objects": (
        [datetime.date(2024, 1, 1), datetime.date(2025, 1, 1)],
        "y holds labels of type date",
    ),
    "huge": ([2**70, 2**71], "y holds labels of type int"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_labels_that_are_no_classes_are_refused_in_one_line(kind: str) -> None:
    """The line names the target, what it is, and after a colon the cure."""
    y, beginning = REFUSED[kind]

    message = refusal(encode_labels, y)

    assert message.startswith(beginning)
    assert len(message.rpartition(": ")[2]) > len("give")


def test_more_classes_than_wanted_are_refused() -> None:
    """500 classes are an identifier unless nobody minds; 100 of 100 are fine."""
    for y in (np.arange(500), np.arange(500.0), [f"id{i}" for i in range(500)]):
        message = refusal(encode_labels, y, max_classes=100, name="customer")
        assert message.startswith("customer has 500 classes, more than 100:")

    assert len(encode_labels(np.arange(500)).classes) == 500
    assert len(encode_labels(np.arange(100), max_classes=100).classes) == 100


def test_a_name_with_a_line_break_stays_one_line() -> None:
    """Column names of a file may hold anything."""
    assert refusal(encode_labels, ["a"], name="is\nfraud").startswith("is fraud has")


@pytest.mark.parametrize(
    ("y", "positive", "found"),
    [
        (["no", "yes", "yes"], "yes", 1),
        ([0, 1, 1], 1, 1),
        ([0, 1, 1], "1", 1),
        ([0, 1, 1], 1.0, 1),
        ([0.0, 1.0, 0.0], "1", 1),
        ([0.0, 1.0, 0.0], 0, 0),
        ([True, False, False], True, 1),
        ([True, False, False], "False", 0),
        ([True, False, False], 1, 1),
        ([True, False, False], "0", 0),
        (["1", "2", "2"], 2, 1),
        (["01", "1", "1"], "1", 1),
        ([0, 1, 1], np.int64(1), 1),
        ([2**60, 2**60 + 1], 2**60 + 1, 1),
    ],
)
def test_positive_class_is_found_by_value_or_text(
    y: list[Any], positive: Any, found: int
) -> None:
    """What the command line gives as text names a number or a boolean too."""
    assert encode_labels(y, positive=positive).positive == found


SETOSA = "did you mean 'setosa'? There are 'setosa', 'virginica'"


@pytest.mark.parametrize(
    ("y", "positive", "hint"),
    [
        (["setosa", "virginica"], "setosas", SETOSA),
        ([True, False], "true", "did you mean 'True'? There are 'False', 'True'"),
        ([0, 1], 7, "known are '0', '1'"),
        ([0.0, 1.0], "nan", "known are '0.0', '1.0'"),
        (["a", "b"], [1], "known are 'a', 'b'"),
        (["a\nb", "c"], "?", "known are 'a\\nb', 'c'"),
    ],
)
def test_unknown_positive_class_is_told_with_the_nearest(
    y: list[Any], positive: Any, hint: str
) -> None:
    """The line quotes what was asked for and what there is."""
    message = refusal(encode_labels, y, positive=positive, name="species")

    assert message == f"species has no class {positive!r}: {hint}"


def test_of_equally_small_classes_the_last_is_positive() -> None:
    """Among 0 and 1 it is 1, whatever comes first in the rows."""
    assert encode_labels([1, 0]).positive == 1
    assert encode_labels([0, 0, 2, 1]).positive == 2
    assert encode_labels(["b", "a", "a", "b", "c", "c", "c"]).positive == 1


def test_take_rows_keeps_a_pandas_frame_as_it_is() -> None:
    """Types, categories and the index of the rows stay."""
    frame = pd.DataFrame(
        {
            "n": [1.5, 2.5, 3.5],
            "c": pd.Categorical(["x", "y", "x"], categories=["y", "x", "z"]),
            "i": pd.array([1, None, 3], dtype="Int64"),
            "d": pd.to_datetime(["2024-01-01", None, "2024-01-03"]),
            "s": ["u", None, "w"],
        },
        index=["p", "q", "r"],
    )

    taken = take_rows(frame, np.array([2, 0, 2]))

    pd.testing.assert_frame_equal(taken, frame.iloc[[2, 0, 2]])


def test_take_rows_of_other_containers() -> None:
    """Polars, Arrow, arrays and lists give the rows asked for, in their order."""
    rows = np.array([2, 0, 2])
    frame = pl.DataFrame({"a": [1, 2, 3], "s": ["x", None, "z"]})
    array = np.arange(6, dtype=np.float32).reshape(3, 2)

    assert take_rows(frame, rows).equals(frame[[2, 0, 2]])
    assert take_rows(frame.to_arrow(), rows)["a"].to_pylist() == [3, 1, 3]
    assert take_rows(array, rows).tolist() == [[4, 5], [0, 1], [4, 5]]
    assert take_rows(array, rows).dtype == np.float32
    assert take_rows(array.tolist(), rows).tolist() == [[4, 5], [0, 1], [4, 5]]
    assert take_rows(array, np.array([], dtype=int)).shape == (0, 2)


@pytest.mark.parametrize("kind", ["array", "matrix"])
@pytest.mark.parametrize("layout", SPARSE)
def test_take_rows_of_a_sparse_matrix(layout: str, kind: str) -> None:
    """Every layout gives its rows, still sparse, in its own layout where it can."""
    dense = np.array([[0.0, 1.0], [2.0, 0.0], [0.0, 3.0], [4.0, 5.0]])
    X = getattr(sparse, f"{layout}_{kind}")(dense)

    taken = take_rows(X, np.array([2, 0, 2]))

    assert taken.toarray().tolist() == [[0, 3], [0, 1], [0, 3]]
    assert taken.format == (layout if layout in {"csr", "csc", "lil", "dok"} else "csr")
    assert isinstance(taken, sparse.sparray) == (kind == "array")


def test_n_rows_of_any_table() -> None:
    """Lists, arrays, frames and sparse matrices know how long they are."""
    frame = pd.DataFrame({"a": [1, 2, 3]})

    for X in ([[1], [2], [3]], np.ones((3, 2)), frame, pl.from_pandas(frame)):
        assert n_rows(X) == 3
    assert n_rows(sparse.csr_array(np.ones((3, 2)))) == 3


def test_different_lengths_are_refused() -> None:
    """The line tells both lengths."""
    check_same_length(np.ones((2, 1)), ["a", "b"])

    message = refusal(check_same_length, np.ones((3, 1)), ["a", "b"])
    assert message == "X has 3 rows and y has 2: give one label for each row"


def test_what_is_no_table_is_refused() -> None:
    """One dimension, three, a column name twice, no columns, a frame not collected."""
    twice = pd.DataFrame(np.ones((2, 3)), columns=["a", "b", "a"])
    not_tables = ([1, 2], np.ones(2), pd.Series([1]), np.ones((2, 2, 2)), None)

    for X in not_tables:
        assert f"X is a {type(X).__name__} of shape" in refusal(check_table, X)
    assert "of shape (3, 0)" in refusal(check_table, np.ones((3, 0)))
    assert "of shape (2,)" in refusal(check_table, [[1], [1, 2]])
    assert "LazyFrame" in refusal(check_table, pl.LazyFrame({"a": [1]}))
    assert "the column 'a' 2 times" in refusal(check_table, twice)


@pytest.mark.parametrize(
    "X",
    [
        [[1, 2], [3, 4]],
        np.ones((2, 2)),
        pd.DataFrame({"a": [1]}),
        pd.DataFrame(np.ones((1, 2))),
        pl.DataFrame({"a": [1]}),
        pl.DataFrame({"a": [1]}).to_arrow(),
        sparse.csr_array(np.eye(2)),
    ],
    ids=["list", "array", "pandas", "unnamed", "polars", "arrow", "sparse"],
)
def test_tables_pass(X: Any) -> None:
    """Every kind of table passes, and none of these holds an infinity."""
    check_table(X)
    check_finite(X)


def test_images_pass_where_they_are_expected() -> None:
    """An array of images is a table for those who say that they take images."""
    images = np.zeros((4, 3, 3))

    check_table(images, images=True)
    for wrong in (images[None, None], images[0, 0], images[:, :0]):
        with pytest.raises(InputError, match="or an array of images"):
            check_table(wrong, images=True)
    with pytest.raises(InputError, match="give a table"):
        check_table(images)


class_counts = st.lists(st.integers(2, 40), min_size=1, max_size=6)
fractions = st.floats(0.01, 0.99)


def codes_of(counts: list[int]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return shuffled codes with so many rows of each class."""
    codes = np.repeat(np.arange(len(counts)), counts)
    return np.random.default_rng(0).permutation(codes)


@settings(deadline=None, max_examples=150)
@given(class_counts, fractions, st.integers(0, 2**31))
def test_held_out_split_keeps_its_promises(
    counts: list[int], fraction: float, seed: int
) -> None:
    """The parts are disjoint and whole, have every class, and the share to one row."""
    codes = codes_of(counts)

    training, held_out = held_out_split(codes, fraction, random_state=seed)

    assert np.array_equal(
        np.sort(np.concatenate([training, held_out])), np.arange(len(codes))
    )
    assert (np.diff(training) > 0).all()
    assert (np.diff(held_out) > 0).all()
    n_held = np.bincount(codes[held_out], minlength=len(counts))
    assert (n_held >= 1).all()
    assert (np.bincount(codes[training], minlength=len(counts)) >= 1).all()
    assert (np.abs(n_held - fraction * np.array(counts)) <= 1).all()
    again = held_out_split(codes, fraction, random_state=seed)
    assert np.array_equal(training, again[0])
    assert np.array_equal(held_out, again[1])


def test_held_out_split_draws_every_row_equally_often() -> None:
    """Over many seeds each row of a class is held out in a fifth of the splits."""
    codes = codes_of([40, 10])
    held = [held_out_split(codes, 0.2, random_state=seed)[1] for seed in range(2000)]

    times = np.bincount(np.concatenate(held), minlength=50) / 2000

    # Five standard errors of a share of 0.2 in 2000 draws.
    assert np.abs(times - 0.2).max() < 5 * np.sqrt(0.2 * 0.8 / 2000)


def test_held_out_split_takes_a_random_state() -> None:
    """A RandomState moves on; the global one is used for None."""
    codes = codes_of([40, 10])
    state = np.random.RandomState(0)

    first, second = (held_out_split(codes, 0.5, random_state=state) for _ in range(2))

    assert not np.array_equal(first[1], second[1])
    assert len(held_out_split(codes, 0.5)[1]) == 25


def test_held_out_split_with_a_code_that_no_row_has() -> None:
    """A class without rows asks for none."""
    training, held_out = held_out_split(np.array([0, 0, 2, 2]), 0.5, random_state=0)

    assert len(training) == len(held_out) == 2


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_held_out_fraction_outside_0_and_1_is_refused(fraction: float) -> None:
    """Nothing held out, or nothing left, is no split."""
    message = refusal(held_out_split, np.array([0, 0, 1, 1]), fraction)

    assert message.startswith(f"the held-out fraction is {fraction}: ")


def test_a_class_of_one_row_cannot_be_held_out() -> None:
    """The class is named."""
    message = refusal(held_out_split, np.array([0, 0, 1, 2, 2]), 0.5)

    assert message.startswith("class 1 has one row only: ")
