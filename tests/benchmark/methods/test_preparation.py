"""Column kinds, and tables made ready for learners."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from trimtab.benchmark.methods import TableInfo
from trimtab.benchmark.methods.preparation import (
    FlatImages,
    FrameEncoder,
    chain,
    dense,
    native,
    with_categories,
)
from trimtab.benchmark.methods.table_description import most_categories, table_info
from trimtab.exceptions import InputError
from trimtab.tables import encode_labels

N = 120
LABELS = encode_labels(np.repeat(["no", "yes"], [N - 20, 20]))
ARRAY = TableInfo((100, 20), "yes")
FRAME = TableInfo((100, 20), "yes", kinds=("number",))


def _columns() -> dict[str, tuple[str, object]]:
    """Return columns as a file might hold them, with the kind of each."""
    i = np.arange(N)
    return {
        "float": ("number", i / 7),
        "count": ("number", i),
        "price": ("number", [f"{x}.50" for x in i]),
        "flag": ("boolean", i % 2 == 0),
        "day": ("date", pd.date_range("2024-01-01", periods=N)),
        "day as text": ("date", [f"2024-{x % 12 + 1:02d}-17" for x in i]),
        "few": ("category", [f"colour {x % 3}" for x in i]),
        "forty": ("category", [f"town {x % 40}" for x in i]),
        "forty-one": ("text", [f"town {x % 41}" for x in i]),
        "free": ("text", [f"claim {x} of many" for x in i]),
        "nothing": ("category", [None] * N),
    }


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_kinds_of_columns(make):
    """Strings are read for what they say, in pandas and in polars."""
    columns = _columns()

    info = table_info(make({name: c for name, (_, c) in columns.items()}), LABELS)

    assert dict(zip(columns, info.kinds, strict=True)) == {
        name: kind for name, (kind, _) in columns.items()
    }
    assert info.has_missing


def test_kinds_of_pandas_types():
    """Categorical, nullable and object columns are recognised."""
    frame = pd.DataFrame(
        {
            "category": pd.Categorical(["a", "b"] * (N // 2)),
            "Int64": pd.array([1, None] * (N // 2), dtype="Int64"),
            "flags": pd.Series([True, False, None] * (N // 3), dtype=object),
            "delay": pd.to_timedelta(np.arange(N), "h"),
            "codes": pd.Categorical(np.arange(N) % 5),
            "zip codes": pd.Categorical(np.arange(N).astype(str)),
        }
    )

    info = table_info(frame, LABELS)

    found = "category", "number", "boolean", "number", "category", "text"
    assert info.kinds == found


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_times_of_arrow_are_encoded_as_those_of_pandas(zone):
    """Moments, days and spans, as a Parquet file that pandas reads may hold them."""
    moments = pd.Series(pd.date_range("2020", periods=N, freq="31h", tz=zone))
    days = pd.Series(pd.date_range("2020", periods=N))
    plain = pd.DataFrame({"at": moments, "day": days, "for": moments.diff()})
    arrow = plain.convert_dtypes(dtype_backend="pyarrow")
    arrow["day"] = arrow["day"].astype("date32[pyarrow]")
    assert all(isinstance(dtype, pd.ArrowDtype) for dtype in arrow.dtypes)

    expected = FrameEncoder().fit_transform(plain, LABELS.codes)
    found = FrameEncoder().fit_transform(arrow, LABELS.codes)
    np.testing.assert_array_equal(found.to_numpy(), expected.to_numpy())


def test_more_categories_in_larger_tables():
    """40 in a small table, one for each 20 rows in a larger one, 255 at most."""
    assert [most_categories(n) for n in (100, 800, 2000, 10**6)] == [40, 40, 100, 255]


@pytest.mark.parametrize("wrap", [np.asarray, sparse.csr_matrix, sparse.coo_array])
def test_info_of_numbers(wrap):
    """Arrays and sparse matrices have no kinds; missing values are seen."""
    values = np.eye(N, 3)
    whole = table_info(wrap(values), LABELS)
    values[1, 1] = np.nan
    holed = table_info(wrap(values), LABELS)

    assert whole.class_counts == (100, 20)
    assert whole.positive == "yes"
    assert whole.kinds is None
    assert (whole.has_missing, holed.has_missing) == (False, True)
    assert whole.is_sparse == (wrap is not np.asarray)
    assert table_info(wrap(values), LABELS, positive="no").positive == "no"


def test_array_of_objects_is_refused():
    """An array of strings would need guesses: a DataFrame says what it holds."""
    X = np.array([["a", 1.0]] * N, dtype=object)

    with pytest.raises(InputError, match="array of type object: give a DataFrame"):
        table_info(X, LABELS)


def test_array_is_left_alone_for_learners_that_take_it():
    """There is no pipeline where there is nothing to prepare."""
    learner = LogisticRegression()

    assert native(ARRAY) == []
    assert chain(native(ARRAY), learner) is learner


def test_dense_array_is_complete_and_scaled():
    """Holes get the median, a column tells where they were, all have one scale."""
    X = np.array([[0.0, 5.0], [2.0, 5.0], [np.nan, 5.0], [4.0, 5.0]])

    out = make_pipeline(*dense(ARRAY)).fit_transform(X)

    # Filled: 0, 2, 2, 4 with mean 2 and standard deviation sqrt(2).
    np.testing.assert_allclose(out[:, 0], np.array([-2, 0, 0, 2]) / np.sqrt(2))
    np.testing.assert_allclose(out[:, 1], 0)
    np.testing.assert_allclose(out[:, 2], np.array([-1, -1, 3, -1]) / np.sqrt(3))


def test_dense_takes_holes_that_come_later():
    """Missing values at predict, in a column that had none, do no harm."""
    steps = make_pipeline(*dense(ARRAY)).fit(np.array([[0.0], [2.0], [4.0]]))

    np.testing.assert_allclose(steps.transform([[np.nan]]), [[0.0]])


def test_sparse_stays_sparse():
    """A sparse matrix is scaled without filling it."""
    X = sparse.csr_matrix([[0.0, 4.0], [2.0, 0.0], [0.0, -8.0]])
    info = TableInfo((2, 1), 1, is_sparse=True)

    out = make_pipeline(*dense(info)).fit_transform(X)

    assert sparse.issparse(out)
    np.testing.assert_allclose(out.toarray(), [[0, 0.5], [1, 0], [0, -1]])


def _frame() -> pd.DataFrame:
    return pd.DataFrame({name: column for name, (_, column) in _columns().items()})


@pytest.mark.parametrize("convert", [lambda frame: frame, pl.from_pandas])
@pytest.mark.parametrize("categories", ["keep", "one-hot"])
def test_encoded_frame_has_the_same_columns_at_predict(categories, convert):
    """What was not there at fit, in any column, changes no column's type."""
    frame = _frame()
    later = frame[:4].assign(
        few=["never", None, "seen", "colour 1"], price="cheap", count=None, free=None
    )
    encoder = FrameEncoder(categories)

    fitted = encoder.fit_transform(convert(frame))
    out = encoder.transform(convert(later))

    pd.testing.assert_series_equal(out.dtypes, fitted.dtypes)
    if categories == "keep":
        assert out["c6"].tolist()[3] == "colour 1"
        assert out["c6"].isna().tolist() == [True, True, True, False]


def test_numbers_of_a_frame_keep_their_precision():
    """A frame of numbers gives the very values of the array."""
    X = np.random.default_rng(0).normal(size=(9, 2)) * 1e9

    out = FrameEncoder().fit_transform(pd.DataFrame(X))

    np.testing.assert_array_equal(out.to_numpy(), X)


@pytest.mark.parametrize("names", [["a", "c"], ["b", "a"], ["a"]])
def test_other_columns_at_predict_are_refused(names):
    """Columns that are missing, new or in another order are named."""
    encoder = FrameEncoder().fit(pd.DataFrame({"a": [1.0, 2.0], "b": [1.0, 3.0]}))
    wrong = pd.DataFrame([[0.0] * len(names)], columns=names)

    with pytest.raises(InputError, match="X has not the columns that were fitted"):
        encoder.transform(wrong)


def test_frame_is_dense_numbers_for_those_who_need_them():
    """A mixed frame becomes complete numbers with unit variance."""
    out = make_pipeline(*dense(FRAME)).fit_transform(_frame())

    assert np.isfinite(out).all()
    spread = out.std(axis=0)
    np.testing.assert_allclose(spread[spread > 1e-6], 1, rtol=1e-3)


def test_categories_kept_beside_complete_numbers():
    """For SMOTENC numbers are filled, and a missing category is one of its own."""
    frame = pd.DataFrame({"x": [1.0, np.nan, 3.0], "colour": ["red", None, "blue"]})

    out = make_pipeline(*with_categories(FRAME)).fit_transform(frame)

    colours = out.select_dtypes("category").iloc[:, 0]
    assert colours.tolist() == ["red", "(missing)", "blue"]
    assert not out.isna().any(axis=None)


@pytest.mark.parametrize("shape", [(4, 5), (3, 4, 5)])
@pytest.mark.parametrize("steps", [dense, native])
def test_images_become_rows_of_pixels(steps, shape):
    """Pixels share one scale, and what was 0 stays 0."""
    images = np.random.default_rng(0).integers(0, 200, (N, *shape), dtype=np.uint8)
    images[:, 0] = 0

    info = table_info(images, LABELS)
    rows = make_pipeline(*steps(info)).fit_transform(images)

    assert info.image_shape == shape
    assert rows.dtype == np.float32
    expected = images.reshape(N, -1) / images.max()
    np.testing.assert_allclose(rows, expected, rtol=1e-6)


def test_images_from_zero_to_one_stay_as_they_are():
    """Nothing is scaled that was scaled; black images do not divide by zero."""
    images = np.random.default_rng(0).random((N, 3, 3), dtype=np.float32)
    images[0, 0, 0] = 1

    for pixels in (images, 0 * images):
        rows = FlatImages().fit_transform(pixels)
        np.testing.assert_array_equal(rows, pixels.reshape(N, -1))
    assert table_info(images[:, 0], LABELS).image_shape is None


def test_missing_pixels_are_refused():
    """Learners of images know no missing values."""
    images = np.zeros((N, 3, 3))
    images[0, 1, 1] = np.nan

    with pytest.raises(InputError, match="1 missing pixels: fill them"):
        table_info(images, LABELS)
