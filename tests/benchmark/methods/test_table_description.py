"""A column whose cells have parts is refused by its name."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pandas as pd
import polars as pl
import pytest

from trimtab.benchmark.methods.table_description import table_info
from trimtab.exceptions import InputError
from trimtab.table_files import read_table
from trimtab.tables import encode_labels

LABELS = encode_labels(["no", "yes", "no"])


def refusal(X) -> str:
    """Return what the refused table is told."""
    with pytest.raises(InputError) as caught:
        table_info(X, LABELS)
    return str(caught.value)


@pytest.mark.parametrize(
    ("cells", "held"),
    [
        ([[1], [2, 3], [4]], "lists"),
        ([None, "x", ["y"]], "lists"),
        ([np.ones(2)] * 3, "lists"),
        ([{"k": 1}] * 3, "dictionaries"),
        ([{1}] * 3, "sets"),
        ([(1, 2)] * 3, "tuples"),
    ],
)
def test_objects_with_parts_are_refused(cells, held):
    """The line names the column, what it holds and the cure."""
    frame = pd.DataFrame({"a": [1, 2, 3], "tags": pd.Series(cells, dtype=object)})
    assert refusal(frame) == (
        f"column 'tags' holds {held}: make columns of them, or drop it"
    )


def test_lists_of_a_parquet_file_are_refused(tmp_path):
    """As they come from the file, not as pandas holds them."""
    frame = pd.DataFrame({"a": [1, 2, 3], "tags": [[1], [2, 3], [4]]})
    frame.to_parquet(tmp_path / "t.parquet")
    assert "'tags' holds lists" in refusal(read_table(tmp_path / "t.parquet"))


@pytest.mark.parametrize(
    ("column", "held"),
    [
        (pl.Series([[1], [2, 3], None]), "lists"),
        (pl.Series([[1, 2]] * 3, dtype=pl.Array(pl.Int64, 2)), "lists"),
        (pl.Series([{"k": 1}] * 3), "structs"),
        (pl.Series([{1}] * 3, dtype=pl.Object), "sets"),
    ],
)
def test_nested_types_of_polars_are_refused(column, held):
    """The type tells, or the cells where it is any object."""
    X = pl.DataFrame({"a": [1, 2, 3], "tags": column})
    assert f"'tags' holds {held}" in refusal(X)


def test_bytes_are_text_or_refused():
    """Columns of Parquet files may hold either."""
    labels = encode_labels([0, 1, 0, 1])
    readable = pd.DataFrame({"a": np.array([b"x", b"y"] * 2, dtype=object)})
    assert len(table_info(readable, labels).kinds) == 1
    strange = pd.DataFrame({"a": np.array([b"x", b"\xff"] * 2, dtype=object)})
    with pytest.raises(InputError, match="column 'a' holds bytes that are no text"):
        table_info(strange, labels)
