"""What a method is told of a table, and how tables are made ready for learners.

There are two preparations. `native` is for learners that take categories and missing
values as they come; an array of numbers is not touched at all. `dense` is for learners
and samplers that need complete numbers on one scale. Both are fitted inside the
training part, as the first steps of a method's pipeline. Images become rows of pixels
in both; pixels are divided by one number alone.
"""

# SPDX-License-Identifier: BSD-3-Clause

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal, Self

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, StandardScaler

from trimtab.benchmark.methods import TableInfo
from trimtab.exceptions import InputError
from trimtab.tables import Labels

__all__ = [
    "DropEmpty",
    "FlatImages",
    "FrameEncoder",
    "chain",
    "dense",
    "most_categories",
    "native",
    "table_info",
    "with_categories",
]

FEW_CATEGORIES, MOST_CATEGORIES = 40, 255
ROWS_PER_CATEGORY = 20


def most_categories(n_rows: int) -> int:
    """Return how many different strings of a column still are categories.

    40 in a table of any size; more where each stands on 20 rows on average, but not
    more than the 255 that every learner takes.
    """
    return min(max(FEW_CATEGORIES, n_rows // ROWS_PER_CATEGORY), MOST_CATEGORIES)


def table_info(X: Any, labels: Labels, positive: Any = None) -> TableInfo:
    """Describe a table for the factories of methods.

    Strings are taken for what they say: ``"3.5"`` is a number and ``"2024-05-01"`` a
    date. Other strings, and values of a categorical type, are categories where there
    are at most 40 different ones, or at most 255 that come on 20 rows each on average;
    else they are text.

    Parameters
    ----------
    X : array-like, DataFrame or sparse matrix of shape (n_rows, n_columns)
        The table; or images, an array of shape (n_rows, height, width) or
        (n_rows, channels, height, width).
    labels : Labels
        The classes of its rows.
    positive : label, default=None
        The label of the class of interest. By default that of `labels`.

    Returns
    -------
    TableInfo

    Raises
    ------
    InputError
        Where an array holds anything but numbers, or a pixel is missing.
    """
    if positive is None:
        positive = labels.classes[labels.positive]
    counts = tuple(labels.counts.tolist())
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        columns = list(frame.iter_columns())
        missing = any(_has_missing(column) for column in columns)
        return TableInfo(counts, positive, _kinds(columns), missing)
    is_sparse = bool(sparse.issparse(X))
    values = X.tocsr().data if is_sparse else np.asarray(X)
    if values.dtype.kind not in "biuf":
        raise InputError(
            f"X is an array of type {values.dtype}: give a DataFrame, or an array of "
            "numbers"
        )
    missing = values.dtype.kind == "f" and bool(np.isnan(values).any())
    if values.ndim > 2 and missing:
        raise InputError(
            f"X has {int(np.isnan(values).sum())} missing pixels: fill them, or drop "
            "those images"
        )
    return TableInfo(
        counts,
        positive,
        has_missing=missing,
        is_sparse=is_sparse,
        image_shape=values.shape[1:] if values.ndim > 2 else None,
    )


def _has_missing(column: "nw.Series[Any]") -> bool:
    is_missing = column.is_null()
    if column.dtype.is_float():
        is_missing = is_missing | column.is_nan()
    return bool(is_missing.any())


def _kinds(columns: "list[nw.Series[Any]]") -> tuple[str, ...]:
    """Return the kind of each column, as `TableInfo` names them."""
    kinds = {i: _kind_of_type(column.dtype) for i, column in enumerate(columns)}
    different = {
        i: pd.Series(columns[i].drop_nulls().unique().to_list(), dtype=object)
        for i, kind in kinds.items()
        if kind is None
    }
    read = _read_strings(different) if different else {}
    for i, values in different.items():
        few = len(values) <= most_categories(len(columns[i]))
        kinds[i] = read.get(i, "category" if few else "text")
    return tuple(str(kind) for kind in kinds.values())


def _kind_of_type(dtype: Any) -> str | None:
    """Return the kind that a column's type tells, None for strings and the like."""
    if dtype == nw.Boolean:
        return "boolean"
    if dtype.is_numeric() or dtype == nw.Duration:
        return "number"
    return "date" if dtype in (nw.Date, nw.Datetime) else None


def _read_strings(different: "dict[int, pd.Series[Any]]") -> dict[int, str]:
    """Return which columns of strings or objects hold something else, and what."""
    from skrub import TableVectorizer

    vectorizer = TableVectorizer(
        low_cardinality="passthrough",
        high_cardinality="passthrough",
        datetime="passthrough",
    )
    some = {
        str(i): values[:1000].astype(str).reset_index(drop=True)
        for i, values in different.items()
    }
    with _quiet():
        found = vectorizer.fit(pd.DataFrame(some)).column_to_kind_
    read = {
        i: {"numeric": "number", "datetime": "date"}[found[str(i)]]
        for i in different
        if found.get(str(i)) in {"numeric", "datetime"}
    }
    flags = {i: "boolean" for i, values in different.items() if _are_flags(values)}
    return read | flags


def _are_flags(values: "pd.Series[Any]") -> bool:
    return len(values) > 0 and all(isinstance(value, bool) for value in values[:3])


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
        with _quiet():
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
        with _quiet():
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
    return frame.reset_index(drop=True).set_axis(names, axis=1)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence what libraries say of columns that they handle well."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


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
