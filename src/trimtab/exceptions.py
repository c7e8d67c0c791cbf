"""The errors that trimtab raises on purpose, and checks of numbers that users set."""

# SPDX-License-Identifier: BSD-3-Clause

import difflib
import math
import numbers
from collections.abc import Iterable
from typing import Any

__all__ = [
    "InputError",
    "MissingExtraError",
    "check_count",
    "check_flag",
    "check_number",
    "nearest_names",
]


class InputError(ValueError):
    """What the caller gave cannot be used.

    The message is one line that names the offending value and says what to do. The
    command line prints it as it is and exits with code 2.

    Parameters
    ----------
    message : str
        What is wrong. Line breaks in it, of a column's name perhaps, become spaces.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.splitlines()))


class MissingExtraError(ImportError):
    """A library of one of trimtab's extras is not installed.

    Parameters
    ----------
    library : str
        The library that could not be imported.
    extra : str
        The extra of trimtab that brings it.
    """

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(
            f"{library} is not installed; it comes with: pip install 'trimtab[{extra}]'"
        )


def nearest_names(name: str, known: Iterable[str], n: int = 3) -> str:
    """Return a hint such as ``did you mean 'smote' or 'smotenc'?``.

    Parameters
    ----------
    name : str
        What was asked for.
    known : iterable of str
        What there is.
    n : int, default=3
        The largest number of names in the hint.

    Returns
    -------
    str
        The hint; where nothing is near, the first few of the known names.

    Examples
    --------
    >>> nearest_names("smoot", ["smote", "adasyn"])
    "did you mean 'smote'?"
    >>> nearest_names("qqq", ["smote", "adasyn"])
    "known are 'adasyn', 'smote'"
    """
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=n, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(map(repr, near))}?"
    listed = ", ".join(map(repr, known[:10]))
    return f"known are {listed}{', ...' if len(known) > 10 else ''}"


def check_count(name: str, value: Any, at_least: int = 1) -> None:
    """Raise an `InputError` unless `value` is a whole number, large enough.

    Parameters
    ----------
    name : str
        What the parameter is called.
    value : object
        What it was set to.
    at_least : int, default=1
        The smallest allowed.
    """
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or value < at_least:
        raise InputError(
            f"{name} is {value!r}: give a whole number, {at_least} or more"
        )


def check_flag(name: str, value: Any, others: str = "") -> None:
    """Raise an `InputError` unless `value` is True or False.

    Parameters
    ----------
    name : str
        What the parameter is called.
    value : object
        What it was set to.
    others : str, default=""
        What else it may be, which `value` is not.
    """
    if type(value).__name__ not in {"bool", "bool_"}:  # NumPy's too, not imported here
        allowed = f"True, False or {others}" if others else "True or False"
        raise InputError(f"{name} is {value!r}: give {allowed}")


def check_number(
    name: str,
    value: Any,
    *,
    above: float = -math.inf,
    at_least: float = -math.inf,
    at_most: float = math.inf,
    below: float = math.inf,
) -> None:
    """Raise an `InputError` unless `value` is a finite number within bounds.

    Parameters
    ----------
    name : str
        What the parameter is called.
    value : object
        What it was set to.
    above, at_least, at_most, below : float
        The bounds; `above` and `below` are not allowed themselves.
    """
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if is_number and above < value < below and at_least <= value <= at_most:
        return
    words = {"above": above, "from": at_least, "up to": at_most, "below": below}
    bounds = [f"{word} {x:g}" for word, x in words.items() if math.isfinite(x)]
    wanted = ", ".join(bounds) or "that is finite"
    raise InputError(f"{name} is {value!r}: give a number {wanted}")
