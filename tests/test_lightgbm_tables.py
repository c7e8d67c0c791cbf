"""Tables that LightGBM would refuse, or die of, and what is made of them."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from lightgbm import LGBMClassifier
from scipy.sparse import csr_array
from sklearn.datasets import make_classification
from sklearn.tree import DecisionTreeClassifier

from trimtab import ARTClassifier, InputError, MESAClassifier
from trimtab.lightgbm_tables import as_lightgbm_likes, is_lightgbm

X, Y = make_classification(200, 4, weights=[0.85], random_state=0)
PLAIN = pd.DataFrame(X, columns=list("abcd"))
BOOSTER = LGBMClassifier(n_estimators=4, verbose=-1, n_jobs=1)
MODELS = [
    MESAClassifier(n_estimators=2, random_state=0),
    ARTClassifier(BOOSTER, max_iter=4, random_state=0),
]


@pytest.fixture(params=MODELS, ids=lambda model: type(model).__name__)
def model(request: pytest.FixtureRequest) -> Any:
    """Give a model of LightGBMs, the default ones of an ensemble among them."""
    return request.param


@pytest.mark.parametrize(
    "names",
    [
        ["income [EUR]", "age, in years", "{}", 'a "quoted" one'],
        pd.MultiIndex.from_product([["spring", "autumn"], ["low", "high"]]),
        [0, 1, 2, 3],
        ["a b", "a_b", "c", "d"],
    ],
    ids=["punctuation", "levels", "numbers", "one name to LightGBM"],
)
def test_columns_may_have_any_name(model: Any, names: Any) -> None:
    """LightGBM refuses some; what is learned does not depend on them."""
    frame = PLAIN.set_axis(names, axis=1)
    expected = model.fit(PLAIN, Y).predict_proba(PLAIN)

    named = model.fit(frame, Y)
    np.testing.assert_array_equal(named.predict_proba(frame), expected)


def test_names_of_a_polars_frame_are_the_models(model: Any) -> None:
    """The model knows the user's names, and asks for them."""
    frame = pl.DataFrame(X, schema=["income [EUR]", "b", "c", "d"])

    assert model.fit(frame, Y).feature_names_in_[0] == "income [EUR]"
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame.rename({"income [EUR]": "income"}))


def test_numbers_of_arrow_are_read(model: Any) -> None:
    """With their gaps, categories too; LightGBM takes none of them."""
    gaps = PLAIN.assign(e=(X[:, 0] * 3).astype(int), f=X[:, 1] > 0)
    gaps.loc[::7, "a"] = np.nan
    gaps["g"] = pd.Categorical(np.where(X[:, 2] > 0, "high", "low"))
    frame = gaps.convert_dtypes(dtype_backend="pyarrow")
    frame["g"] = frame["g"].astype(pd.ArrowDtype(pa.dictionary(pa.int8(), pa.string())))
    expected = model.fit(gaps, Y).predict_proba(gaps)

    assert "pyarrow" in str(frame.dtypes["a"])
    np.testing.assert_array_equal(model.fit(frame, Y).predict_proba(frame), expected)


def test_text_in_a_polars_frame_is_refused(model: Any) -> None:
    """LightGBM would end the process."""
    frame = pl.DataFrame({"number": X[:, 0], "city": ["x", "y"] * 100})

    with pytest.raises(InputError, match="column 'city' of X is of type String"):
        model.fit(frame, Y)


@pytest.mark.parametrize("dtype", [np.int64, np.bool_])
def test_sparse_counts_are_read(model: Any, dtype: Any) -> None:
    """Of whole numbers and truth values, which LightGBM reads in arrays alone."""
    counts = np.abs(X * 3).astype(dtype)
    sparse = model.fit(csr_array(counts), Y).predict_proba(csr_array(counts))

    dense = model.fit(counts, Y).predict_proba(counts)
    np.testing.assert_allclose(sparse, dense)


def test_what_is_fine_is_handed_on_as_it_is() -> None:
    """No copy of a table without need."""
    assert as_lightgbm_likes(PLAIN) is PLAIN
    assert as_lightgbm_likes(X) is X
    assert is_lightgbm(BOOSTER)
    assert not is_lightgbm(DecisionTreeClassifier())
