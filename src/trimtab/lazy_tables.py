"""Tables that are not in memory: which these are, and who cannot take them.

Nothing here imports Dask: whoever has a collection has imported it.
"""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

from trimtab.exceptions import InputError

__all__ = ["is_dask", "refuse_dask"]


def is_dask(X: Any) -> bool:
    """Return whether a table or a column is one of Dask's.

    Parameters
    ----------
    X : object
        Anything.

    Examples
    --------
    >>> is_dask([[0.0]])
    False
    """
    return type(X).__module__.partition(".")[0] == "dask"


def refuse_dask(X: Any, name: str = "X") -> None:
    """Raise an `InputError` where a table or a column is one of Dask's.

    Parameters
    ----------
    X : object
        The table.
    name : str, default="X"
        What it is called.
    """
    if is_dask(X):
        raise InputError(
            f"{name} is a dask {type(X).__name__}, and is needed in memory here: give "
            f"{name}.compute(), or a sample of it; under-sampling ensembles and "
            "MESAClassifier fit on it as it is"
        )
