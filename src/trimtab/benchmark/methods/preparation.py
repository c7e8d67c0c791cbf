"""How tables are made ready for learners.

There are two preparations. `native` is for learners that take categories and missing
values as they come; an array of numbers is not touched at all. `dense` is for learners
and samplers that need complete numbers on one scale. Both are fitted inside the
training part, as the first steps of a method's pipeline. Images become rows of pixels
in both; pixels are divided by one number alone.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Literal, Self

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, StandardScaler

from trimtab.benchmark.methods.registry import TableInfo
from trimtab.benchmark.methods.table_description import (
    FEW_CATEGORIES,
    most_categories,
    quietly,
)
from trimtab.exceptions import InputError

__all__ = [
    "DropEmpty",
    "FlatImages",
    "FrameEncoder",
    "chain",
    "dense",
    "native",
    "with_categories",
]


class FrameEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turn a DataFrame of any kind into one of numbers and categories.

    Numbers stay as they are. skrub's TableVectorizer encodes the rest: strings of
    numbers and dates are read, dates become several numbers, text becomes 30 numbers
    that reflect its substrings. Added here is what keeps learners from failing or
    warning: columns get plain names, one without any value is dropped, and a category
    that was not there at fit counts as missing.

    Parameters
    ----------
    categories : {"keep", "one-hot"}, default="keep"
        ``"keep"``: they stay categories, as many of a column as `most_categories`
        allows. ``"one-hot"``: a column of zeros and ones for each, up to 40. A column
        with more is encoded as text.

    Attributes
    ----------
    column_names_ : list of str
        The names of the columns at fit.
    vectorizer_ : TableVectorizer or None
        What encodes the columns that are not of numbers, if there are any.
    """

    def __init__(self, categories: Literal["keep", "one-hot"] = "keep") -> None:
        self.categories = categories

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the encoding of each column."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> pd.DataFrame:
        """Learn the encoding of each column, and return the encoded table."""
        frame = _plain_frame(X)
        self.column_names_ = list(map(str, X.columns))
        numeric = [name for name in frame if frame[name].dtype.kind in "biuf"]
        self.numbers_ = [name for name in numeric if not frame[name].isna().all()]
        self.others_ = [name for name in frame if name not in numeric]
        self.vectorizer_ = self._vectorizer(len(frame)) if self.others_ else None
        numbers: pd.DataFrame = frame[self.numbers_].astype(float)
        if self.vectorizer_ is None:
            self.categories_: dict[str, Any] = {}
            return numbers
        with quietly():
            encoded: pd.DataFrame = self.vectorizer_.fit_transform(
                frame[self.others_], y
            )
        kept = encoded.select_dtypes("category")
        self.categories_ = {str(name): kept[name].cat.categories for name in kept}
        return pd.concat([numbers, encoded], axis=1)

    def transform(self, X: Any) -> pd.DataFrame:
        """Return the encoded table.

        Raises
        ------
        InputError
            Where its columns are not those of the table that was fitted.
        """
        self._check_columns(list(map(str, X.columns)))
        frame = _plain_frame(X)
        numbers: pd.DataFrame = frame[self.numbers_].astype(float)
        if self.vectorizer_ is None:
            return numbers
        with quietly():
            encoded: pd.DataFrame = self.vectorizer_.transform(frame[self.others_])
        known = {
            name: encoded[name].cat.set_categories(values)
            for name, values in self.categories_.items()
        }
        return pd.concat([numbers, encoded.assign(**known)], axis=1)

    def _check_columns(self, names: list[str]) -> None:
        if names != self.column_names_:
            odd = sorted(set(names) ^ set(self.column_names_)) or names
            raise InputError(
                f"X has not the columns that were fitted (look at {odd[0]!r}): give "
                "the same columns in the same order"
            )

    def _vectorizer(self, n_rows: int) -> Any:
        from skrub import StringEncoder, TableVectorizer, ToCategorical

        text = StringEncoder(random_state=0)
        if self.categories == "one-hot":
            return TableVectorizer(
                cardinality_threshold=FEW_CATEGORIES + 1, high_cardinality=text
            )
        return TableVectorizer(
            cardinality_threshold=most_categories(n_rows) + 1,
            low_cardinality=ToCategorical(),
            high_cardinality=text,
        )


def _plain_frame(X: Any) -> pd.DataFrame:
    """Return the table as a pandas DataFrame with names that no learner refuses."""
    frame: pd.DataFrame = nw.from_native(X, eager_only=True).to_pandas()
    names = [f"c{i}" for i in range(frame.shape[1])]
    frame = frame.reset_index(drop=True).set_axis(names, axis=1)
    times = {
        str(name): frame[name].array.__arrow_array__().to_pandas(date_as_object=False)
        for name, dtype in frame.dtypes.items()
        if isinstance(dtype, pd.ArrowDtype) and _is_of_time(dtype)
    }
    return frame.assign(**times)  # what encodes dates knows pandas' own types alone


def _is_of_time(dtype: pd.ArrowDtype) -> bool:
    import pyarrow.types as kinds

    kind = dtype.pyarrow_dtype
    return bool(
        kinds.is_timestamp(kind) or kinds.is_date(kind) or kinds.is_duration(kind)
    )


class DropEmpty(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Drop the columns of an array that have no value in the rows of the fit."""

    def fit(self, X: Any, y: Any = None) -> Self:
        """Note which columns have a value."""
        self.kept_ = ~np.isnan(X).all(axis=0)
        return self

    def transform(self, X: Any) -> NDArray[Any]:
        """Return the columns that had a value."""
        return np.asarray(X)[:, self.kept_]


class FlatImages(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turn images into rows of pixels from 0 to 1.

    All pixels are divided by the largest absolute value in the images of the fit, so
    that their ratios stay as they were, and what is never ink stays 0.

    Attributes
    ----------
    largest_ : float
        What pixels are divided by.
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Note the largest absolute value."""
        pixels = np.asarray(X)
        self.largest_ = max(float(pixels.max()), -float(pixels.min())) or 1.0
        return self

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Return an array of shape (n_images, n_pixels)."""
        pixels = np.asarray(X, dtype=np.float32).reshape(len(X), -1)
        scaled: NDArray[np.float32] = pixels / np.float32(self.largest_)
        return scaled


def native(info: TableInfo) -> list[Any]:
    """Return the steps before a learner that takes categories and missing values.

    Parameters
    ----------
    info : TableInfo
        What is known of the table.

    Returns
    -------
    list of transformers
        Empty for arrays of numbers and sparse matrices.
    """
    if info.image_shape is not None:
        return [FlatImages()]
    return [FrameEncoder()] if info.is_frame else []


def dense(info: TableInfo) -> list[Any]:
    """Return the steps that make complete numbers on one scale.

    Missing numbers become the median of their column, and for a column with missing
    values another tells where. Sparse matrices stay sparse. Images become rows of
    pixels, which share one scale already.

    Parameters
    ----------
    info : TableInfo
        What is known of the table.

    Returns
    -------
    list of transformers
    """
    if info.image_shape is not None:
        return [FlatImages()]
    impute = SimpleImputer(
        strategy="median", add_indicator=True, keep_empty_features=True
    )
    if info.is_sparse:
        return [impute, MaxAbsScaler()] if info.has_missing else [MaxAbsScaler()]
    encode = [FrameEncoder("one-hot")] if info.is_frame else []
    return [*encode, impute, StandardScaler()]


def with_categories(info: TableInfo) -> list[Any]:
    """Return the steps that make complete scaled numbers but keep categories.

    A missing category becomes one of its own.

    Parameters
    ----------
    info : TableInfo
        What is known of the table: a DataFrame.

    Returns
    -------
    list of transformers
    """
    numbers = make_pipeline(*dense(replace(info, kinds=None)))
    complete = ColumnTransformer(
        [
            ("numbers", numbers, make_column_selector(dtype_include="number")),
            (
                "categories",
                FunctionTransformer(_name_missing, feature_names_out="one-to-one"),
                make_column_selector(dtype_include="category"),
            ),
        ],
        verbose_feature_names_out=False,
    )
    return [FrameEncoder(), complete.set_output(transform="pandas")]


def _name_missing(categories: pd.DataFrame) -> pd.DataFrame:
    """Make missing values a category."""
    complete = {
        name: column.cat.add_categories(["(missing)"]).fillna("(missing)")
        for name, column in categories.items()
    }
    return pd.DataFrame(complete, index=categories.index)


def chain(steps: Iterable[Any], learner: Any) -> Any:
    """Return the steps and the learner as one classifier.

    Parameters
    ----------
    steps : iterable of transformers
        What `native` or `dense` returned.
    learner : classifier
        What comes last.

    Returns
    -------
    classifier
        A pipeline, or the learner itself where there are no steps.
    """
    steps = list(steps)
    return make_pipeline(*steps, learner) if steps else learner
