"""Where a table comes in: labels, row selection, the held-out split, clear errors.

Nothing here converts ``X``: rows are selected from whatever container the user has.
"""

# SPDX-License-Identifier: BSD-3-Clause

import warnings
from collections import Counter
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.exceptions import InputError, nearest_names
from trimtab.lazy_tables import refuse_dask

__all__ = [
    "Labels",
    "check_same_length",
    "check_table",
    "encode_labels",
    "held_out_split",
    "is_sparse",
    "label_values",
    "n_rows",
    "smallest_class",
    "take_rows",
]


@dataclass(frozen=True)
class Labels:
    """Class labels and their integer codes.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        The labels as the user wrote them, sorted; the label of code 0, 1, ...
    codes : ndarray of int64 of shape (n_rows,)
        The code of each row.
    positive : int
        The code of the class of interest: the named one, else the smallest.
    """

    classes: NDArray[Any]
    codes: NDArray[np.int64]
    positive: int

    @property
    def counts(self) -> NDArray[np.int64]:
        """Rows per class, in the order of ``classes``."""
        return np.bincount(self.codes, minlength=len(self.classes))

    @property
    def imbalance(self) -> float:
        """Rows of the largest class for each row of the smallest."""
        return float(self.counts.max() / self.counts.min())

    @property
    def names(self) -> list[str]:
        """The labels as text, for tables and plots."""
        return [str(label) for label in self.classes.tolist()]

    def decode(self, codes: NDArray[np.integer[Any]]) -> NDArray[Any]:
        """Return the labels of ``codes``."""
        decoded: NDArray[Any] = self.classes[codes]
        return decoded


def encode_labels(
    y: Any,
    *,
    positive: Any = None,
    max_classes: int | None = None,
    name: str = "y",
) -> Labels:
    """Encode class labels of any type as integers.

    Parameters
    ----------
    y : array-like, or pandas or polars Series, of shape (n_rows,)
        Labels: text, whole numbers or booleans. Not missing, not continuous.
    positive : label, default=None
        The class of interest. It is found by value, or by its text. By default the
        smallest class; of two equally small ones, the one that sorts last.
    max_classes : int, default=None
        More classes than this are an error. No limit by default.
    name : str, default="y"
        What the target is called in error messages.

    Returns
    -------
    Labels
        The classes, the codes and the positive class.

    Raises
    ------
    InputError
        Where labels are missing, continuous, of mixed types, of one class only, of
        more than `max_classes` classes, or where `positive` is none of them.

    Examples
    --------
    >>> labels = encode_labels(["ok", "fraud", "ok"])
    >>> labels.names, labels.codes.tolist(), labels.positive
    (['fraud', 'ok'], [1, 0, 1], 0)
    """
    values = label_values(y, name)
    classes, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    if len(classes) < 2:
        raise InputError(
            f"{name} has one class only, {classes[0].item()!r}: a classifier needs "
            "rows of at least two classes"
        )
    if max_classes is not None and len(classes) > max_classes:
        raise InputError(
            f"{name} has {len(classes)} classes, more than {max_classes}: it looks "
            "like an identifier or a number; name a column of classes, or group the "
            "rare ones"
        )
    smallest = smallest_class(counts)
    code = smallest if positive is None else _find_class(classes, positive, name)
    return Labels(classes, codes.reshape(-1).astype(np.int64), code)


def smallest_class(sizes: NDArray[Any]) -> int:
    """Return the code of the smallest class, the last of several.

    Parameters
    ----------
    sizes : ndarray of shape (n_classes,)
        Their rows, or shares of the rows.
    """
    return len(sizes) - 1 - int(np.argmin(sizes[::-1]))


def label_values(y: Any, name: str) -> NDArray[Any]:
    """Return labels as one array of a sortable type, or raise an `InputError`."""
    series = nw.from_native(y, series_only=True, pass_through=True)
    if isinstance(series, nw.Series):
        missing = int(series.is_null().sum())
        values = np.asarray(y) if not missing else np.empty(len(series), dtype=object)
    else:
        # As an array of its own choice, a list of text and numbers would become text.
        own_type = None if hasattr(y, "__array__") else object
        values, missing = np.asarray(y, dtype=own_type), 0
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise InputError(
            f"{name} is a {type(y).__name__} of shape {values.shape}: give one label "
            "per row (several targets at once are not supported)"
        )
    if len(values) == 0:
        raise InputError(f"{name} has no rows: give one label per row")
    missing = missing or _count_missing(values)
    if missing:
        raise InputError(
            f"{name} is missing in {missing} of {len(values)} rows: drop those rows or "
            "label them"
        )
    if values.dtype.kind in "OT":
        values = _of_one_type(values, name)
    _refuse_continuous(values, name)
    return values


def _count_missing(values: NDArray[Any]) -> int:
    if values.dtype.kind in "OT":
        return sum(map(_is_missing, values))
    return int(np.sum(values != values)) if values.dtype.kind in "fcmM" else 0


def _is_missing(label: Any) -> bool:
    try:
        return label is None or bool(label != label)  # NaN and NaT
    except TypeError:  # pandas' NA is neither equal nor unequal to itself
        return True


def _of_one_type(values: NDArray[Any], name: str) -> NDArray[Any]:
    """Return an object array as text or numbers; refuse a mixture of the two."""
    kinds = set(map(type, values))
    is_text = {issubclass(kind, str) for kind in kinds}
    if len(is_text) > 1:
        names = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise InputError(
            f"{name} mixes types ({names}): make all labels text, for instance with "
            "y.astype(str)"
        )
    plain = all(issubclass(kind, (str, int, float, np.generic)) for kind in kinds)
    return np.array(values.tolist()) if plain else values


def _refuse_continuous(values: NDArray[Any], name: str) -> None:
    if values.dtype.kind not in "biufUmM":
        raise InputError(
            f"{name} holds labels of type {type(values[0]).__name__}: give text, whole "
            "numbers or booleans, for instance y.astype(str)"
        )
    if values.dtype.kind == "f" and np.isinf(values).any():
        raise InputError(
            f"{name} is infinite in {int(np.isinf(values).sum())} of {len(values)} "
            "rows: give class labels"
        )
    from sklearn.utils.multiclass import type_of_target

    with warnings.catch_warnings():
        # scikit-learn warns of many classes (whoever minds sets max_classes), and of
        # numbers too large to be whole ones.
        warnings.simplefilter("ignore")
        kind = type_of_target(values, input_name=name)
    if kind not in {"binary", "multiclass"}:
        raise InputError(
            f"{name} is {kind} ({len(np.unique(values))} distinct values, for example "
            f"{values[0]}): trimtab classifies; give class labels, for instance y > "
            "threshold"
        )


def _find_class(classes: NDArray[Any], wanted: Any, name: str) -> int:
    texts = [str(label) for label in classes.tolist()]
    if str(wanted) in texts:
        return texts.index(str(wanted))
    try:  # "1" names the class 1.0, and 1 the class True
        return [float(label) for label in classes.tolist()].index(float(wanted))
    except (TypeError, ValueError):
        hint = nearest_names(str(wanted), texts)
        if hint.startswith("did") and len(texts) <= 10:
            hint += f" There are {', '.join(map(repr, texts))}"
        raise InputError(f"{name} has no class {wanted!r}: {hint}") from None


def n_rows(X: Any) -> int:
    """Return the number of rows of a table of any kind."""
    return int(X.shape[0]) if hasattr(X, "shape") else len(X)


def check_same_length(X: Any, y: ArrayLike) -> None:
    """Raise an `InputError` unless ``X`` and ``y`` have equally many rows."""
    rows, labels = n_rows(X), n_rows(y)
    if rows != labels:
        raise InputError(
            f"X has {rows} rows and y has {labels}: give one label for each row"
        )


def check_table(X: Any, *, images: bool = False) -> None:
    """Raise an `InputError` unless ``X`` has rows and columns, no name twice.

    Parameters
    ----------
    X : array-like, DataFrame or sparse matrix
        The table.
    images : bool, default=False
        Whether rows may be images, of two axes or three.
    """
    refuse_dask(X)
    shape = X.shape if hasattr(X, "shape") else np.asarray(X, dtype=object).shape
    if len(shape) not in ((2, 3, 4) if images else (2,)) or not all(shape):
        raise InputError(
            f"X is a {type(X).__name__} of shape {shape}: give a table of rows and "
            "columns, an array, a DataFrame or a sparse matrix"
            + (", or an array of images" if images else "")
        )
    names = getattr(X, "column_names", getattr(X, "columns", ()))
    for name, times in Counter(names).items():
        if times > 1:
            raise InputError(
                f"X has the column {name!r} {times} times: rename all but one"
            )


def is_sparse(X: Any) -> bool:
    """Return whether a table is of scipy's sparse kinds."""
    from scipy import sparse

    return bool(sparse.issparse(X))


def take_rows(X: Any, rows: NDArray[np.integer[Any]]) -> Any:
    """Select rows of a table of any kind, by position, without converting it.

    Parameters
    ----------
    X : ndarray, pandas or polars DataFrame, sparse matrix or sequence
        The table, of shape (n_rows, n_columns).
    rows : ndarray of int of shape (n_selected,)
        Positions of the rows, in the order wanted; a row may come twice.

    Returns
    -------
    same type as X, of shape (n_selected, n_columns)
        An array for a sequence; CSR for a sparse matrix whose rows cannot be selected.
    """
    if type(X) is np.ndarray:  # asked for thousands of times while a policy is learned
        return X[rows]
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        return frame[rows, :].to_native()
    if is_sparse(X):
        return (X.tocsr() if X.format in {"bsr", "coo", "dia"} else X)[rows]
    return np.asarray(X)[rows]


def held_out_split(
    codes: NDArray[np.integer[Any]],
    fraction: float,
    *,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split rows into a training and a held-out part, class by class.

    Every class has at least one row in either part, however rare it is.

    Parameters
    ----------
    codes : ndarray of int of shape (n_rows,)
        Class codes 0, 1, ...
    fraction : float in (0, 1)
        The share of each class that is held out, rounded to whole rows.
    random_state : int, RandomState or None, default=None
        Decides which rows.

    Returns
    -------
    training, held_out : ndarray of int64
        Row positions, ascending.

    Raises
    ------
    InputError
        Where a class has a single row, or `fraction` is not inside (0, 1).

    Examples
    --------
    >>> training, held_out = held_out_split(np.array([0, 0, 0, 0, 1, 1]), 0.25,
    ...                                     random_state=0)
    >>> len(training), len(held_out)
    (4, 2)
    """
    if not 0 < fraction < 1:
        raise InputError(f"the held-out fraction is {fraction}: give one inside (0, 1)")
    from sklearn.utils import check_random_state

    counts = np.bincount(codes)
    if (counts == 1).any():
        raise InputError(
            f"class {int(np.argmax(counts == 1))} has one row only: a held-out part "
            "needs at least two rows of each class; merge the class or drop it"
        )
    n_held = np.clip(np.rint(fraction * counts), 1, np.maximum(counts - 1, 1))
    shuffled = check_random_state(random_state).permutation(len(codes))
    by_class = shuffled[np.argsort(codes[shuffled], kind="stable")]
    first = np.cumsum(counts) - counts
    rank_in_class = np.arange(len(codes)) - first[codes[by_class]]
    is_held = rank_in_class < n_held[codes[by_class]]
    return np.sort(by_class[~is_held]), np.sort(by_class[is_held])
