"""Loading a data set by its name."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np

from trimtab.datasets.catalogue import Card, find
from trimtab.datasets.data_files import Table, locate, read
from trimtab.datasets.imbalance import make_imbalanced, make_long_tail
from trimtab.datasets.openml import has_openml, load_openml
from trimtab.datasets.origins import fetch, load_bundled
from trimtab.tables import take_rows

__all__ = ["is_available", "load"]


def load(name: str) -> Table:
    """Load a data set by its name.

    It is looked for in the folder named by the environment variable ``TRIMTAB_DATA``,
    then in the cache (``TRIMTAB_CACHE``, else the platform's folder for caches), then
    downloaded from its public origin to the cache. Checksums are verified each time.
    A derived data set is drawn from its parent, the same rows each time.

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
    if card.origin.kind == "derived":
        return _derive(card)
    if card.file is None:
        return load_openml(card)
    return read(locate(card) or fetch(card), card)


def _derive(card: Card) -> Table:
    """Draw a data set from its parent."""
    X, y, _ = load(str(card.origin.key))
    recipe = card.origin.recipe
    first = int(recipe.get("first", len(y)))
    X, y, seed = X[:first], y[:first], int(recipe.get("seed", 0))
    if "complete" in recipe:
        whole = ~X.isna().any(axis=1).to_numpy()
        X, y = take_rows(X, whole.nonzero()[0]), y[whole]
    if "at_least" in recipe:
        names, counts = np.unique(y, return_counts=True)
        stays = np.isin(y, names[counts >= recipe["at_least"]])
        X, y = take_rows(X, stays.nonzero()[0]), y[stays]
    elif "ratio" in recipe:
        X, y = make_imbalanced(
            X, y, recipe["ratio"], positive=card.positive, random_state=seed
        )
    elif "balanced" in recipe:
        common = next(label for label in card.classes if label != card.positive)
        X, y = make_imbalanced(X, y, 1, positive=common, random_state=seed)
    else:
        X, y = make_long_tail(
            X, y, recipe["factor"], int(recipe["largest"]), random_state=seed
        )
    if hasattr(X, "columns"):
        return Table(X, y, card)
    X = X / np.float32(recipe.get("scale", 1))
    return Table(X.reshape(len(X), *(card.shape or X.shape[1:])), y, card)


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
    if card.origin.kind == "derived":
        return is_available(str(card.origin.key))
    return has_openml(card) if card.file is None else locate(card) is not None
