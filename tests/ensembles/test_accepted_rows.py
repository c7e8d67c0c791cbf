"""What tables and labels ensembles accept, and how they refuse the others."""

# SPDX-License-Identifier: BSD-3-Clause

import datetime
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from lightgbm import LGBMClassifier
from scipy.sparse import csr_array, csr_matrix
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_classification
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

from trimtab import (
    InputError,
    MESAClassifier,
    SMOTEBoostClassifier,
    UnderBaggingClassifier,
)

X, Y = make_classification(200, 4, weights=[0.85], random_state=0)
WORDS = np.where(Y, "rare", "common")
TREE = DecisionTreeClassifier(max_depth=3)
BOTH = [UnderBaggingClassifier(TREE, 2), SMOTEBoostClassifier(TREE, 2)]


@pytest.mark.parametrize("kind", [csr_matrix, csr_array])
@pytest.mark.parametrize("dtype", [np.int64, np.bool_, np.float32])
def test_the_default_learner_reads_sparse_counts(kind: Any, dtype: Any) -> None:
    """LightGBM refuses whole numbers and booleans in a sparse matrix."""
    model = UnderBaggingClassifier(n_estimators=2, random_state=0)
    counts = np.abs(X * 3).astype(dtype)
    sparse = model.fit(kind(counts), Y).predict_proba(kind(counts))

    np.testing.assert_allclose(sparse, model.fit(counts, Y).predict_proba(counts))


@pytest.mark.parametrize(
    "values",
    [
        pl.Series(["a"] * 200),
        pl.Series(["a"] * 200, dtype=pl.Categorical),
        pl.Series([datetime.date(2020, 1, 1)] * 200),
        pl.Series([None] * 200),
    ],
)
@pytest.mark.parametrize("learner", [None, LGBMClassifier()])
def test_polars_columns_that_are_no_numbers_are_refused(
    values: pl.Series, learner: Any
) -> None:
    """LightGBM would end the whole process at such a column."""
    frame = pl.DataFrame({"number": X[:, 0], "strange": values})

    with pytest.raises(InputError, match="column 'strange' of X is of type"):
        UnderBaggingClassifier(learner, 2).fit(frame, Y)


def test_polars_numbers_with_gaps_reach_the_default_learner() -> None:
    """Whole numbers, truth values and nulls are fine."""
    whole = [None, *(X[1:, 1] * 9).astype(int).tolist()]
    frame = pl.DataFrame({"number": X[:, 0], "whole": whole, "truth": X[:, 2] > 0})

    assert len(MESAClassifier(n_estimators=2).fit(frame, Y).predict(frame)) == 200


def test_pandas_text_is_refused_and_categories_are_not() -> None:
    """By the name of the column, before any member is fitted."""
    frame = pd.DataFrame({"number": X[:, 0], "text": WORDS})

    with pytest.raises(InputError, match="column 'text' of X is of type String"):
        UnderBaggingClassifier(n_estimators=2).fit(frame, Y)
    frame["text"] = frame["text"].astype("category")
    assert len(UnderBaggingClassifier(n_estimators=2).fit(frame, Y).predict(frame))


def test_text_reaches_a_pipeline() -> None:
    """A learner that encodes is given polars and pandas text as it came."""
    frame = pl.DataFrame({"number": X[:, 0], "text": np.where(X[:, 1] > 0, "a", "b")})
    encoder = make_column_transformer((OneHotEncoder(), ["text"]))
    model = UnderBaggingClassifier(make_pipeline(encoder, TREE), 2)

    assert len(model.fit(frame, Y).predict(frame)) == 200


@pytest.mark.parametrize("model", BOTH)
def test_a_name_that_comes_twice_is_named(model: Any) -> None:
    """In one line, and not as another library's error."""
    frame = pd.DataFrame(X[:, :2], columns=["a", "a"])

    with pytest.raises(InputError, match="X has the column 'a' 2 times"):
        model.fit(frame, Y)


@pytest.mark.parametrize("model", BOTH)
@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([1 if one else "no" for one in Y], "y mixes types"),
        ([None, *WORDS[1:]], "y is missing in 1 of 200 rows"),
        (pd.Series([pd.NA, *WORDS[1:]], dtype="string"), "y is missing in 1 of 200"),
        (np.where(np.arange(200) == 3, np.nan, Y), "y is missing in 1 of 200 rows"),
    ],
)
def test_unusable_labels_are_refused(model: Any, y: Any, message: str) -> None:
    """A mixture does not become text on the way, and a gap is called one."""
    with pytest.raises(InputError, match=message):
        model.fit(X, y)


@pytest.mark.parametrize("model", BOTH)
@pytest.mark.parametrize(
    ("y", "kind"),
    [
        (pd.Series(Y, dtype="Int64"), "i"),
        (pd.Series(Y.astype(bool), dtype="boolean"), "b"),
        (pl.Series(WORDS, dtype=pl.Categorical), "U"),
        (WORDS.astype(object), "U"),
    ],
)
def test_labels_keep_their_type(model: Any, y: Any, kind: str) -> None:
    """Whole numbers of pandas stay whole, truth values stay truth values."""
    model.fit(X, y)

    assert model.classes_.dtype.kind == kind
    assert set(model.predict(X)) <= set(y)
