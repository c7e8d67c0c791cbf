"""Loading a data set by its name."""

# SPDX-License-Identifier: BSD-3-Clause

from trimtab.datasets.catalogue import find
from trimtab.datasets.data_files import Table, locate, read
from trimtab.datasets.openml import has_openml, load_openml
from trimtab.datasets.origins import fetch, load_bundled

__all__ = ["is_available", "load"]


def load(name: str) -> Table:
    """Load a data set by its name.

    It is looked for in the folder named by the environment variable ``TRIMTAB_DATA``,
    then in the cache (``TRIMTAB_CACHE``, else the platform's folder for caches), then
    downloaded from its public origin to the cache. Checksums are verified each time.

    Parameters
    ----------
    name : str
        See `list`; ``"openml/ID"`` is any data set of OpenML.

    Returns
    -------
    Table
        ``X, y, description``.

    Raises
    ------
    InputError
        Where the name is unknown or ambiguous, a file has the wrong checksum, or the
        data set is not here and its origin cannot be reached.
    MissingExtraError
        Where the table needs a DataFrame and pandas is not installed.

    Examples
    --------
    >>> X, y, description = load("digits8")
    >>> X.shape, int(y.sum())
    ((1797, 64), 174)
    """
    card = find(name)
    if card.origin.kind == "scikit-learn":
        return load_bundled(card)
    if card.file is None:
        return load_openml(card)
    return read(locate(card) or fetch(card), card)


def is_available(name: str) -> bool:
    """Tell whether a data set can be loaded without a download.

    Parameters
    ----------
    name : str
        As in `load`.

    Raises
    ------
    InputError
        Where the name is unknown or ambiguous, or a file has the wrong checksum.
    """
    card = find(name)
    if card.origin.kind == "scikit-learn":
        return True
    return has_openml(card) if card.file is None else locate(card) is not None
