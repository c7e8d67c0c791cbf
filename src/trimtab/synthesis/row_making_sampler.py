"""What over-samplers that make rows share: what is asked of them, what they return."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Mapping
from typing import Any

import numpy as np
from imblearn.over_sampling.base import BaseOverSampler
from numpy.typing import NDArray
from scipy import sparse

from trimtab.lazy_tables import refuse_dask
from trimtab.tables import is_sparse

__all__ = ["RowMakingSampler", "dense_rows"]


class RowMakingSampler(BaseOverSampler):  # type: ignore[misc]
    """An over-sampler in imbalanced-learn's sense; who inherits says how to make rows.

    That is ``_new_rows(X, y, wanted)``, which returns rows and their labels; `wanted`
    has the number of rows by label, and none where all classes are of one size already.

    Attributes
    ----------
    sample_indices_ : ndarray of int of shape (n_rows,)
        The rows of X that are at the beginning of what was returned: all.
    """

    def fit_resample(self, X: Any, y: Any, **params: Any) -> Any:
        """Return the rows, and the made ones after them.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_rows, n_columns)
            The rows.
        y : array-like of shape (n_rows,)
            Their classes.
        **params : dict
            What imbalanced-learn passes on.

        Returns
        -------
        X_resampled : {array-like, dataframe, sparse matrix}
            Of the kind of X.
        y_resampled : array-like
            Their classes.

        Raises
        ------
        InputError
            Where X or y is a collection of Dask's: all rows are looked at together.
        """
        refuse_dask(X)
        refuse_dask(y, "y")
        return super().fit_resample(X, y, **params)

    def _new_rows(
        self, X: Any, y: NDArray[Any], wanted: Mapping[Any, int]
    ) -> tuple[Any, NDArray[Any]]:
        raise NotImplementedError

    def _fit_resample(self, X: Any, y: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        self.sample_indices_ = np.arange(X.shape[0])
        wanted = {label: n for label, n in self.sampling_strategy_.items() if n}
        rows, labels = self._new_rows(X, y, wanted)
        if not len(labels):
            return X, y
        if X.dtype.kind in "iu":
            rows = rows.rint() if is_sparse(rows) else np.rint(rows)
        labels = np.concatenate([y, labels])
        if is_sparse(X):
            rows = type(X)(rows).astype(X.dtype)
            return sparse.vstack([X, rows], format=X.format), labels
        return np.concatenate([X, rows.astype(X.dtype)]), labels

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.sampler_tags.sample_indices = True
        return tags


def dense_rows(X: Any) -> NDArray[Any]:
    """Return rows as an array, sparse ones too."""
    rows: NDArray[Any] = X.toarray() if is_sparse(X) else X
    return rows
