"""Data sets of OpenML, as they are or turned into a catalogue entry."""

# SPDX-License-Identifier: BSD-3-Clause

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.datasets.catalogue import Card
from trimtab.datasets.data_files import Table, cache_folder, import_pandas
from trimtab.exceptions import InputError
from trimtab.files import check_writable

__all__ = ["as_arrays", "as_frame", "fetch_frame", "has_openml", "load_openml"]


def fetch_frame(data_id: int) -> Any:
    """Return a data set of OpenML as scikit-learn gives it, from its cache or the net.

    scikit-learn compares what it receives with OpenML's checksum.

    Raises
    ------
    OSError
        Where OpenML cannot be reached.
    InputError
        Where it has no such data set, or one that cannot be used.
    """
    import_pandas()
    from sklearn.datasets import fetch_openml

    check_writable(cache_folder())
    with warnings.catch_warnings():
        # Of retries and of old versions: the error or the id says it all.
        warnings.simplefilter("ignore")
        try:
            fetched = fetch_openml(
                data_id=data_id, data_home=cache_folder(), as_frame=True, n_retries=1
            )
        except ValueError as error:
            reason = str(error).partition("\n")[0]
            raise InputError(
                f"OpenML has no usable data set {data_id} ({reason}): see "
                "https://www.openml.org/search?type=data for their numbers"
            ) from error
    _complete(data_id).touch()
    return fetched


def _complete(data_id: int | str | None) -> Path:
    return cache_folder() / f"openml-{data_id}.complete"


def has_openml(card: Card) -> bool:
    """Tell whether a data set of OpenML is in the cache."""
    return _complete(card.origin.key).is_file()


def load_openml(card: Card) -> Table:
    """Load any data set of OpenML.

    Raises
    ------
    InputError
        Where OpenML cannot be reached, or the data set has not exactly one target.
    """
    data_id = int(card.origin.key or 0)
    try:
        fetched = fetch_frame(data_id)
    except OSError as error:
        raise InputError(
            f"{card.name} is not in the cache ({cache_folder()}), and {card.source} "
            f"could not be reached ({type(error).__name__}): connect to the net once"
        ) from error
    if getattr(fetched.target, "ndim", 0) != 1:
        raise InputError(
            f"{card.name} has {len(fetched.target_names)} targets: trimtab needs one; "
            "give the table as a file and name its target"
        )
    y = np.asarray(fetched.target)
    counts = fetched.target.value_counts()
    counts = counts[counts > 0]
    return Table(
        fetched.data,
        y,
        replace(
            card,
            summary=f"{fetched.details['name']}, version {fetched.details['version']}.",
            target=fetched.target_names[0],
            licence=fetched.details.get("licence", "see there"),
            features=fetched.data.shape[1],
            classes=tuple(counts.index.tolist()),
            counts=tuple(counts.tolist()),
        ),
    )


def as_arrays(card: Card, fetched: Any) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Turn what OpenML gave into the numbers and codes of the catalogue's data set.

    Rows of other classes than the catalogue's are left out, and rows with missing
    cells.
    """
    pandas = import_pandas()
    X, labels = fetched.data, fetched.target.astype(str)
    kept = (X.notna().all(axis=1) & labels.isin([*card.origin.labels])).to_numpy()
    X, labels = X[kept], labels[kept]
    if card.origin.levels:
        ranks = [
            pandas.Categorical(X[column].astype(str), categories=levels).codes
            for column, levels in zip(X.columns, card.origin.levels, strict=True)
        ]
        values = np.column_stack(ranks)
    else:
        values = X.to_numpy(dtype=np.float32)
    return values, _codes(card, labels)


def _codes(card: Card, labels: Any) -> NDArray[np.int64]:
    code = {
        theirs: card.classes.index(ours) for theirs, ours in card.origin.labels.items()
    }
    return np.array([code[label] for label in labels], dtype=np.int64)


def as_frame(card: Card, fetched: Any) -> Any:
    """Turn what OpenML gave into the DataFrame that the data folder's file holds."""
    pandas = import_pandas()
    frame = pandas.DataFrame()
    for name, theirs in zip(card.columns, fetched.data.columns, strict=True):
        column = fetched.data[theirs]
        if pandas.api.types.is_numeric_dtype(column):
            frame[name] = column.astype("int64")
        else:
            frame[name] = column.astype(object).where(column.notna(), card.missing)
    codes = _codes(card, fetched.target.astype(str))
    frame[card.target] = np.array(card.classes, dtype=object)[codes]
    return frame
