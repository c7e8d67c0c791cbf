"""Where a worker process gets its table from."""

# SPDX-License-Identifier: BSD-3-Clause

import io
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import narwhals as nw
import numpy as np

from trimtab.exceptions import InputError
from trimtab.tables import Labels, encode_labels

__all__ = [
    "SENT_TABLES",
    "CatalogueSource",
    "SentSource",
    "StagedSource",
    "TableSource",
    "catalogue_sources",
    "stage",
    "table_bytes",
    "table_digest",
]


@dataclass(frozen=True)
class CatalogueSource:
    """A data set that every machine can find by its name."""

    name: str

    def load(self) -> tuple[Any, Labels]:
        """Return the table and its labels."""
        from trimtab import datasets

        X, y, _ = datasets.load(self.name)
        positive = datasets.describe(self.name).positive
        return X, encode_labels(y, positive=positive, name=self.name)


@dataclass(frozen=True)
class StagedSource:
    """A table of the user's, put into a file for the workers of this run."""

    name: str
    path: Path

    def load(self) -> tuple[Any, Labels]:
        """Return the table and its labels."""
        X, labels = joblib.load(self.path, mmap_mode="r")
        return X, labels


SENT_TABLES = "TRIMTAB_SENT_TABLES"
"""Tells a worker process on a cluster the folder of the tables that came there."""


@dataclass(frozen=True)
class SentSource:
    """A table that was sent to the machine of the worker that loads it."""

    name: str
    digest: str

    def load(self) -> tuple[Any, Labels]:
        """Return the table and its labels."""
        path = Path(os.environ[SENT_TABLES]) / self.digest
        X, labels = joblib.load(path, mmap_mode="r")
        return X, labels


TableSource = CatalogueSource | StagedSource | SentSource


def table_bytes(source: TableSource) -> bytes:
    """Return a table as it is sent: the content of a staged file."""
    if isinstance(source, StagedSource):
        return source.path.read_bytes()
    buffer = io.BytesIO()
    joblib.dump(source.load(), buffer)
    return buffer.getvalue()


def stage(X: Any, labels: Labels, name: str, folder: Path) -> StagedSource:
    """Write a table once, for every worker of this run to read.

    Parameters
    ----------
    X : array-like, DataFrame or sparse matrix
        The table.
    labels : Labels
        Its labels.
    name : str
        What it is called in experiments.
    folder : Path
        A temporary folder that outlives the run.

    Returns
    -------
    StagedSource

    Raises
    ------
    InputError
        Where there is no room for it.
    """
    handle, path = tempfile.mkstemp(suffix=".joblib", dir=folder)
    os.close(handle)
    try:
        joblib.dump((X, labels), path)
    except OSError as error:
        raise InputError(
            f"cannot write the table to {folder}, for the processes that fit "
            f"({error.strerror or error}): make room there, or name another folder for "
            "temporary files, TMPDIR"
        ) from error
    return StagedSource(name, Path(path))


def table_digest(X: Any, labels: Labels) -> str:
    """Return a short digest of a table's content.

    A changed table is another data set: results of the old one are not taken for it.
    How it lies in memory does not matter.
    """
    named = np.asarray(labels.names)
    digest: str = joblib.hash((_content(X), named, labels.codes, labels.positive))
    return digest[:12]


def _content(X: Any) -> Any:
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        return [
            (column.name, str(column.dtype), np.ascontiguousarray(column.to_numpy()))
            for column in frame.iter_columns()
        ]
    from scipy import sparse

    is_sparse = bool(sparse.issparse(X))
    if is_sparse:
        rows = X.tocsr(copy=True)
        rows.sum_duplicates()
        return rows.shape, rows.indptr, rows.indices, rows.data
    return np.ascontiguousarray(X)


def catalogue_sources(names: Iterable[str]) -> dict[str, TableSource]:
    """Return the source of each data set by name; fetch what is not here yet."""
    from trimtab import datasets

    sources: dict[str, TableSource] = {}
    for name in names:
        if not datasets.is_available(name):
            datasets.load(name)
        sources[name] = CatalogueSource(name)
    return sources
