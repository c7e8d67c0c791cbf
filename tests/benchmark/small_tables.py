"""Small imbalanced tables of each make, on which every method can be tried."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from trimtab.benchmark.methods import Method, TableInfo
from trimtab.benchmark.methods.table_description import table_info
from trimtab.tables import encode_labels, take_rows

USUAL_AND_RARE = (168, 24)


@dataclass(frozen=True)
class SmallTable:
    """A training and a test part, their labels, and what methods are told."""

    X: Any
    y: NDArray[Any]
    X_test: Any
    y_test: NDArray[Any]

    @property
    def info(self) -> TableInfo:
        """Describe the training part."""
        return table_info(self.X, encode_labels(self.y))

    def fit(self, method: Method, random_state: int = 0, **parameters: Any) -> Any:
        """Return the method fitted on the training part."""
        return method.build(self.info, random_state, **parameters).fit(self.X, self.y)

    def lift(self, estimator: Any) -> float:
        """Average precision of the rarest class over its share of rows."""
        from sklearn.metrics import average_precision_score

        rarest = self.info.positive
        column = estimator.classes_.tolist().index(rarest)
        scores = estimator.predict_proba(self.X_test)[:, column]
        is_rare = self.y_test == rarest
        return float(average_precision_score(is_rare, scores) / is_rare.mean())


def _split(X: Any, y: NDArray[Any]) -> SmallTable:
    is_test = np.arange(len(y)) % 3 == 0
    training, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
    return SmallTable(take_rows(X, training), y[training], take_rows(X, test), y[test])


def _blobs(
    counts: tuple[int, ...], distance: float = 3.0
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return one cloud of points in four dimensions for each class, shuffled."""
    rng = np.random.default_rng(0)
    codes = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    corners = distance * np.eye(4)[: len(counts)]
    return rng.normal(size=(len(codes), 4)) + corners[codes], codes


def numbers(
    counts: tuple[int, ...] = USUAL_AND_RARE, distance: float = 3.0
) -> SmallTable:
    """Return an array of numbers with labels 0, 1, ..., at a distance."""
    return _split(*_blobs(counts, distance))


def with_holes() -> SmallTable:
    """Return an array with holes, an empty column, and strings for labels."""
    X, codes = _blobs(USUAL_AND_RARE)
    X[np.random.default_rng(1).random(X.shape) < 0.1] = np.nan
    X = np.column_stack([X, np.full(len(X), np.nan)])
    return _split(X, np.array(["usual", "odd"])[codes])


def sparse_numbers() -> SmallTable:
    """Return a sparse matrix."""
    X, codes = _blobs(USUAL_AND_RARE)
    return _split(sparse.csr_matrix(np.where(X > 0, X, 0)), codes)


def mixed(make: str = "pandas") -> SmallTable:
    """Return a DataFrame with columns of every kind, holes, and rude names.

    The test part has a category that the training part has not.
    """
    X, codes = _blobs(USUAL_AND_RARE)
    rng = np.random.default_rng(1)
    words = np.where(X[:, 3] > 1, "hot", "cold")
    days = np.datetime64("2024-02-28") + (10 * X[:, 1]).astype("timedelta64[D]")
    frame = pd.DataFrame(
        {
            '<b>"a"[0]</b>': np.where(rng.random(len(X)) < 0.1, np.nan, X[:, 0]),
            "colour": np.where(X[:, 2] > 1, "red", "blue").astype(object),
            "day": pd.Series(days).astype("datetime64[s]"),
            "note": [f"row {i} is {word}" for i, word in enumerate(words)],
            "on": X[:, 1] > 1,
            "empty": np.nan,
        }
    )
    frame.loc[rng.random(len(X)) < 0.1, "colour"] = None
    frame.loc[:5, "colour"] = np.where(np.arange(6) % 3 == 0, "never seen", "red")
    return _split(pl.from_pandas(frame) if make == "polars" else frame, codes)
