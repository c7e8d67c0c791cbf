"""What all over-samplers that make rows have in common."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import make_classification

from trimtab import (
    AutoSMOTE,
    AutoSMOTEClassifier,
    ExplicitGradientClassifier,
    ExplicitGradientSampler,
)
from trimtab.exceptions import InputError
from trimtab.synthesis.cwgan import CWGANOverSampler
from trimtab.synthesis.msmote import MSMOTE
from trimtab.synthesis.row_making_sampler import RowMakingSampler

SAMPLERS = [
    MSMOTE(random_state=0),
    CWGANOverSampler(random_state=0, max_iter=2),
    AutoSMOTE(estimator=AutoSMOTEClassifier(max_iter=2), random_state=0),
    ExplicitGradientSampler(ExplicitGradientClassifier(max_iter=2), random_state=0),
]


@pytest.fixture(params=SAMPLERS, ids=lambda sampler: type(sampler).__name__)
def sampler(request) -> Any:
    """Give each of them."""
    return request.param


@pytest.fixture(scope="module")
def table() -> tuple[Any, Any]:
    """Give 120 rows of whole numbers with one positive in six."""
    X, y = make_classification(120, 5, weights=[0.83], random_state=0)
    return np.rint(X * 4).astype(np.int64), y


def test_a_dask_collection_is_refused(sampler, table):
    """It is not loaded behind the user's back, and the error tells the cure."""
    array = pytest.importorskip("dask.array")
    X, y = table
    with pytest.raises(InputError, match=r"X is a dask Array.*X\.compute\(\)"):
        sampler.fit_resample(array.from_array(X), y)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix, sparse.csc_array])
def test_made_rows_are_of_the_tables_kind(sampler, table, kind):
    """Format and numbers stay, the given rows come first, and classes are level."""
    X, y = kind(table[0]), table[1]
    rows, labels = sampler.fit_resample(X, y)
    assert type(rows) is type(X)
    assert rows.dtype == X.dtype
    given = rows[: len(y)]
    assert ((given.toarray() if sparse.issparse(X) else given) == table[0]).all()
    assert len(set(np.bincount(labels).tolist())) == 1
    assert (sampler.sample_indices_ == np.arange(len(y))).all()


def test_a_balanced_table_stays_as_it_is(sampler, table):
    """Where there is nothing to make, what comes back is what was given."""
    X, labels = table[0], np.arange(120) % 2
    rows, same = sampler.fit_resample(X, labels)
    assert (rows == X).all()
    assert (same == labels).all()


class OneRow(RowMakingSampler):
    """Makes the row that it is told to."""

    def __init__(self, row: Any = None) -> None:
        super().__init__()
        self.row = row

    def _new_rows(self, X, y, wanted):
        return np.array([self.row], dtype=float), np.array(list(wanted))


def mixed_frame() -> pd.DataFrame:
    """Give five rows of columns of several types, two of them rare."""
    return pd.DataFrame(
        {
            "amount": [0.25, 1.5, -3.0, 8.0, 0.0],
            "is_new": [False, False, True, True, False],
            "level": np.array([200, 255, 0, 7, 9], dtype=np.uint8),
            "key": [2**60 + 1, 2**60 + 3, 5, 6, 7],
        },
        index=[7, 8, 9, 10, 11],
    )


@pytest.mark.parametrize("backend", [None, "numpy_nullable", "pyarrow"])
def test_made_rows_fit_each_columns_type(backend):
    """Beside floats, whole numbers are the nearest ones that there are."""
    X, y = mixed_frame(), pd.Series([1, 1, 0, 0, 0], index=range(7, 12))
    if backend == "pyarrow":
        pytest.importorskip("pyarrow")
    if backend:
        X = X.convert_dtypes(dtype_backend=backend)
    rows, labels = OneRow([0.4, 1e-17, 266.0, 3.9999]).fit_resample(X, y)
    assert rows.iloc[-1].tolist() == [0.4, False, 255, 4]
    pd.testing.assert_frame_equal(rows[:5], X.reset_index(drop=True))
    assert rows.index.equals(labels.index)
    rows, _ = OneRow([0.4, 0.7, -10.0, 1e30]).fit_resample(X, y)
    assert rows.iloc[-1, :3].tolist() == [0.4, True, 0]
    assert rows["key"].iloc[-1] > 2**62


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix, sparse.csc_array])
@pytest.mark.parametrize(
    ("dtype", "expected"),
    [(np.uint8, [255, 0, 4]), (np.int8, [127, -10, 4]), (bool, [True, False, True])],
)
def test_numbers_beyond_the_type_become_its_ends(kind, dtype, expected):
    """In one array, dense or sparse, none is wrapped around."""
    X = np.array([[1, 0, 1], [0, 1, 1], [1, 1, 0]]).astype(dtype)
    rows, _ = OneRow([266.0, -10.0, 3.9999]).fit_resample(kind(X), [0, 0, 1])
    dense = rows.toarray() if sparse.issparse(rows) else rows
    assert dense.dtype == dtype
    assert dense.tolist() == [*X.tolist(), expected]


def test_a_frame_of_several_types(sampler):
    """Its types and given rows come back, and all classes are level."""
    rng = np.random.default_rng(0)
    y = np.repeat([1, 0], [15, 45])
    X = pd.DataFrame(
        {
            "a": rng.normal(size=60) + y,
            "b": rng.random(60) < 0.5,
            "c": rng.integers(0, 3, 60).astype(np.uint8),
            "d": pd.array(rng.integers(-2, 3, 60), dtype="Int64"),
        }
    )
    rows, labels = sampler.fit_resample(X, y)
    pd.testing.assert_frame_equal(rows[:60], X)
    assert (rows.dtypes == X.dtypes).all()
    assert np.bincount(labels).tolist() == [45, 45]


def test_a_polars_frame_comes_back_as_one(sampler, table):
    """With its columns' types, the labels too where they are a column of polars."""
    X, y = table
    frame = pl.DataFrame(X, schema=list("abcde")).with_columns(
        pl.col("a").cast(pl.Int16), b=pl.col("b") > 0, c=pl.col("c") / 2
    )
    rows, labels = clone(sampler).fit_resample(frame, pl.Series("fraud", y))
    assert rows.schema == frame.schema
    assert rows.head(120).equals(frame)
    assert labels.name == "fraud"
    counts = np.bincount(labels.to_numpy())
    assert counts[0] == counts[1]
    expected, _ = clone(sampler).fit_resample(frame.to_pandas(), y)
    np.testing.assert_array_equal(rows.to_numpy(), expected.to_numpy(dtype=float))


@pytest.mark.parametrize("as_frame", [False, True])
def test_polars_labels_keep_their_type(sampler, table, as_frame):
    """A column of an Enum, or a frame that holds nothing else."""
    X, y = table
    kind = pl.Enum(["yes", "no"])
    labels = pl.Series("fraud", np.where(y, "yes", "no")).cast(kind)
    labels = labels.to_frame() if as_frame else labels
    frame = pl.DataFrame(X, schema=list("abcde"))

    resampled = clone(sampler).fit_resample(frame, labels)[1]
    assert type(resampled) is type(labels)
    assert (resampled["fraud"] if as_frame else resampled).dtype == kind
    with pytest.raises(InputError, match="y has 5 columns"):
        sampler.fit_resample(frame, frame)


@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_the_output_of_transformers_changes_nothing(sampler, table, output):
    """A sampler scales rows by a transformer of scikit-learn's, inside."""
    expected = clone(sampler).fit_resample(*table)
    with config_context(transform_output=output):
        found = clone(sampler).fit_resample(*table)

    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


@pytest.mark.parametrize(
    "column",
    [
        pd.Categorical([1, 2, 3, 4] * 30),
        pd.Categorical(["low", "high"] * 60),
        pl.Series(["low", "high"] * 60),
        pl.Series(["low", "high"] * 60, dtype=pl.Categorical),
    ],
    ids=["numbers", "words", "text", "polars"],
)
def test_a_column_of_categories_is_refused(sampler, table, column):
    """There are no rows between them, and a new one would have none of them."""
    frame = pl.DataFrame if isinstance(column, pl.Series) else pd.DataFrame
    with pytest.raises(InputError, match="column 'grade' of X is of type"):
        sampler.fit_resample(frame({"a": table[0][:, 0], "grade": column}), table[1])


def test_a_name_that_occurs_twice_is_refused(sampler, table):
    """In one line; what reads frames here would say so in its own words."""
    frame = pd.DataFrame(table[0], columns=list("abcda"))
    with pytest.raises(InputError, match="X has the column 'a' 2 times: rename all"):
        sampler.fit_resample(frame, table[1])
