"""Digests of a user's own code: edited code is another method."""

# SPDX-License-Identifier: BSD-3-Clause

import functools
import hashlib
import inspect
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib

__all__ = ["code_digest"]

_LENGTH = 12


def code_digest(value: Any) -> str:
    """Return a digest of a user's factory or estimator: its parameters and its code.

    What libraries bring counts by its name. For functions and classes of the user's
    own files the whole file counts, so that no helper in it can change unseen; a
    comment that changes does no harm but that results are computed again.

    Parameters
    ----------
    value : callable or estimator
        A factory, or an estimator with its parameters.

    Returns
    -------
    str of 12 hexadecimal digits
    """
    sources = sorted({_source(part) for part in _parts(value)})
    content = "\0".join([_state(value), *sources])
    return hashlib.sha256(content.encode()).hexdigest()[:_LENGTH]


def _parts(value: Any) -> Iterator[Any]:
    """Yield the functions and classes that a value is made of."""
    if isinstance(value, functools.partial):
        for inner in (value.func, *value.args, *value.keywords.values()):
            yield from _parts(inner)
    elif inspect.isroutine(value):
        yield value
    else:
        yield from (value if inspect.isclass(value) else type(value)).__mro__
        if hasattr(value, "get_params") and not inspect.isclass(value):
            for inner in value.get_params(deep=True).values():
                yield from _parts(inner)


def _state(value: Any) -> str:
    """Return a value's name and parameters as text."""
    if inspect.isroutine(value) or inspect.isclass(value):
        return f"{value.__module__}.{value.__qualname__}"
    try:
        return str(joblib.hash(value))
    except Exception:
        parameters = value.get_params() if hasattr(value, "get_params") else vars(value)
        return f"{type(value).__qualname__} {parameters!r}"


def _source(part: Any) -> str:
    """Return the text of the user's file that defines a part; else the part's name."""
    name = getattr(part, "__module__", None) or ""
    file = getattr(sys.modules.get(name), "__file__", None)
    if file is None:  # built in, or typed into a notebook
        try:
            return inspect.getsource(part)
        except (OSError, TypeError):
            return f"{name}.{getattr(part, '__qualname__', part)}"
    path = Path(file).resolve()
    if _is_library(path) or not path.is_file():
        return f"{name}.{getattr(part, '__qualname__', part)}"
    return path.read_text(encoding="utf-8", errors="replace")


@functools.cache
def _library_folders() -> tuple[Path, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    installed = [Path(sysconfig.get_path(name)).resolve() for name in names]
    return (*installed, Path(__file__).resolve().parents[1])


def _is_library(path: Path) -> bool:
    return any(folder in path.parents for folder in _library_folders())
