"""Workers get the table that was given, and a changed table is another."""

# SPDX-License-Identifier: BSD-3-Clause

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from trimtab.benchmark.sources import (
    SENT_TABLES,
    CatalogueSource,
    SentSource,
    stage,
    table_bytes,
    table_digest,
)
from trimtab.exceptions import InputError
from trimtab.tables import Labels, encode_labels

LABELS = encode_labels(["no", "yes", "no", "no"], positive="yes")

CSV = "n,c,s\n1.5,x,long text\n,y,\n3.5,x,u\n4.5,z,ü\n"


def frame() -> pd.DataFrame:
    """Return a table with numbers, categories, text and missing values."""
    read = pd.read_csv(io.StringIO(CSV))
    return read.astype({"c": "category"})


def digest(X: Any, labels: Labels = LABELS) -> str:
    """Return the digest; twelve hexadecimal digits."""
    found = table_digest(X, labels)
    assert len(found) == 12
    assert int(found, 16) >= 0
    return found


TABLES = {
    "array": np.arange(8.0).reshape(4, 2),
    "integers": np.arange(8).reshape(4, 2),
    "pandas": frame(),
    "polars": pl.from_pandas(frame()),
    "sparse": sparse.csr_array(np.eye(4)),
    "matrix": sparse.csc_matrix(np.eye(4)),
    "list": [[1, 2], [3, 4], [5, 6], [7, 8]],
}


@pytest.mark.parametrize("kind", TABLES)
def test_staged_table_comes_back_as_it_was(tmp_path: Path, kind: str) -> None:
    """Container, types and labels; nobody can write to it by mistake."""
    X = TABLES[kind]

    source = stage(X, LABELS, "claims", tmp_path)
    loaded, labels = source.load()

    assert source.name == "claims"
    if kind == "pandas":
        assert loaded.equals(X)
        assert (loaded.dtypes == X.dtypes).all()
    elif kind == "polars":
        assert loaded.equals(X)
        assert loaded.schema == X.schema
    elif kind in {"sparse", "matrix"}:
        assert type(loaded) is type(X)
        assert (loaded != X).nnz == 0
    else:
        assert np.array_equal(loaded, X)
        assert np.asarray(loaded).dtype == np.asarray(X).dtype
    assert labels.classes.tolist() == ["no", "yes"]
    assert labels.codes.tolist() == [0, 1, 0, 0]
    assert labels.positive == 1


def test_no_room_for_a_staged_table(tmp_path, monkeypatch) -> None:
    """The folder is named, and how to choose another."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("joblib.dump", full)
    with pytest.raises(InputError, match=r"No space left.*TMPDIR"):
        stage(np.eye(2), encode_labels([0, 1]), "small", tmp_path)


def test_tables_of_one_run_do_not_overwrite_each_other(tmp_path: Path) -> None:
    """Even under one name."""
    one = stage(np.zeros((4, 1)), LABELS, "same", tmp_path)
    other = stage(np.ones((4, 1)), LABELS, "same", tmp_path)

    assert one.load()[0].sum() == 0
    assert other.load()[0].sum() == 4


def test_source_of_the_catalogue() -> None:
    """The data set by its name, with its own class of interest."""
    X, labels = CatalogueSource("sklearn/digits8").load()

    assert X.shape == (1797, 64)
    assert labels.classes.tolist() == [0, 1]
    assert labels.positive == 1
    assert labels.counts.tolist() == [1623, 174]


@pytest.mark.parametrize("kind", TABLES)
def test_digest_of_the_same_content_is_the_same(kind: str) -> None:
    """A copy of a table is the same table."""
    X = TABLES[kind]

    copy = X.clone() if kind == "polars" else X.copy()

    assert digest(X) == digest(copy)


def test_digest_does_not_hang_on_how_a_table_lies_in_memory() -> None:
    """Built column by column, read from a file, cut from a larger one, transposed."""
    built = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0]})
    built["b"] = [5.0, 6.0, 7.0, 8.0]
    built["s"] = ["p", "q", "r", "s"]
    text = built.to_csv(index=False)
    array = built[["a", "b"]].to_numpy()

    read = pd.read_csv(io.StringIO(text))
    cut = pd.concat([read, read]).iloc[:4]
    assert digest(built) == digest(built.copy()) == digest(read) == digest(cut)
    assert digest(np.ascontiguousarray(array)) == digest(np.asfortranarray(array))
    assert digest(array) == digest(np.vstack([array, array])[:4])


def test_digest_is_the_same_after_a_matrix_was_used() -> None:
    """Sparse matrices note what they have learned of themselves."""
    X = sparse.csr_array((np.ones(4), [1, 0, 1, 0], [0, 2, 4, 4, 4]), shape=(4, 2))
    before = digest(X)

    assert not X.has_sorted_indices
    X.sum_duplicates()

    assert digest(X) == before
    assert digest(X.tocsc()) == before


def test_digest_is_the_same_in_another_process(tmp_path: Path) -> None:
    """A run that is started again finds its results."""
    path = tmp_path / "t.csv"
    path.write_text(CSV, encoding="utf-8")
    code = (
        "import sys; from pathlib import Path;"
        "from trimtab.benchmark.sources import table_digest;"
        "from trimtab.table_files import read_table;"
        "from trimtab.tables import encode_labels;"
        "labels = encode_labels(['no', 'yes', 'no', 'no'], positive='yes');"
        "print(table_digest(read_table(Path(sys.argv[1])), labels))"
    )

    printed = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip

    assert printed.strip() == digest(pd.read_csv(path))


def test_every_change_of_the_table_changes_the_digest() -> None:
    """A value, a name, a type, the order of rows or columns, a category."""
    X = frame()
    changed = [
        X.assign(n=[1.5, None, 3.5, 4.6]),
        X.assign(n=[1.5, 2.5, 3.5, 4.5]),
        X.assign(n=X["n"].astype("float32")),
        X.assign(s=["long text", None, "v", "ü"]),
        X.assign(c=X["c"].astype(object)),
        X.rename(columns={"s": "t"}),
        X[["c", "n", "s"]],
        X.iloc[[1, 0, 2, 3]],
        X.iloc[:3],
        X.drop(columns="n"),
    ]

    digests = {digest(one) for one in [X, *changed]}

    assert len(digests) == len(changed) + 1


def test_order_of_polars_columns_counts() -> None:
    """It can decide ties in a tree."""
    X = pl.DataFrame({"a": [1, 2, 3, 4], "b": [1, 2, 3, 4]})

    assert (
        len({digest(X), digest(X.select("b", "a")), digest(X.rename({"a": "q"}))}) == 3
    )


def test_every_change_of_the_labels_changes_the_digest() -> None:
    """Codes, names, and which class is of interest."""
    X = np.zeros((4, 1))
    labels = [
        LABELS,
        encode_labels(["no", "no", "yes", "no"], positive="yes"),
        encode_labels(["no", "yes", "no", "no"], positive="no"),
        encode_labels(["non", "oui", "non", "non"], positive="oui"),
    ]

    assert len({digest(X, one) for one in labels}) == 4


@pytest.mark.parametrize("kind", ["catalogue", "pandas"])
def test_a_table_that_is_sent_arrives_as_it_was(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A data set by name and a staged table need nothing but their bytes."""
    source = CatalogueSource("sklearn/breast_cancer")
    if kind == "pandas":
        source = stage(TABLES[kind], LABELS, "claims", tmp_path)
    monkeypatch.setenv(SENT_TABLES, str(tmp_path))
    (tmp_path / "abc").write_bytes(table_bytes(source))

    X, labels = source.load()
    arrived, its_labels = SentSource(source.name, "abc").load()

    pd.testing.assert_frame_equal(pd.DataFrame(arrived), pd.DataFrame(X))
    np.testing.assert_array_equal(its_labels.codes, labels.codes)
    assert its_labels.names == labels.names
    assert its_labels.positive == labels.positive
