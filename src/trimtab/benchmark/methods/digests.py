"""Digests of a user's own code: edited code is another method."""

# SPDX-License-Identifier: BSD-3-Clause

import functools
import hashlib
import inspect
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType
from typing import Any
from uuid import uuid4

import joblib

from trimtab.benchmark.methods.user_files import (
    file_of_module,
    is_library,
    text_with_imports,
)

__all__ = ["code_digest"]

_LENGTH = 12
_CONTAINERS = (list, tuple, set, frozenset, dict)
_PLAIN = (str, bytes, int, float, complex, type(None))

Seen = dict[int, tuple[int, Any]]
"""What was met so far, by its identity: its turn, and itself, so that it lives on."""


def code_digest(value: Any) -> str:
    """Return a digest of a user's factory or estimator: its parameters and its code.

    What libraries bring counts by its name. For functions and classes of the user's
    own files the whole file counts, with those of the user's files that it imports,
    so that no helper can change unseen; a comment that changes does no harm but that
    results are computed again. What a function holds, in default arguments or from the
    function around it, counts by its value. A value that cannot be pickled nor taken
    apart, a lock for one, has another digest each time: its results are never taken
    for another's.

    Parameters
    ----------
    value : callable or estimator
        A factory, or an estimator with its parameters.

    Returns
    -------
    str of 12 hexadecimal digits
    """
    sources = sorted({_source(part) for part in _parts(value, {})})
    content = "\0".join([_state(value, {}), *sources])
    return hashlib.sha256(content.encode()).hexdigest()[:_LENGTH]


def _parts(value: Any, seen: Seen) -> Iterator[Any]:
    """Yield the functions, classes and modules that a value is made of."""
    if _was_seen(value, seen):
        return
    inside: Iterable[Any] = ()
    if isinstance(value, functools.partial):
        inside = (value.func, *value.args, *value.keywords.values())
    elif _has_name(value):
        yield value
        bases = value.__mro__ if inspect.isclass(value) else ()
        inside = (*bases, *_held(value))
    elif isinstance(value, CodeType):
        inside = _held(value)
    else:
        parameters = value.get_params(deep=True) if _is_estimator(value) else {}
        inside = (type(value), *parameters.values(), *_elements(value, seen))
    for inner in inside:
        yield from _parts(inner, seen)


def _elements(value: Any, seen: Seen) -> Iterator[Any]:
    """Yield what containers in each other hold, without numbers and text."""
    if not isinstance(value, _CONTAINERS):
        return
    for element in value.values() if isinstance(value, dict) else value:
        if not isinstance(element, _CONTAINERS):
            if not isinstance(element, _PLAIN):
                yield element
        elif not _was_seen(element, seen):
            yield from _elements(element, seen)


def _state(value: Any, seen: Seen) -> str:
    """Return a value's name, and what it holds, as text."""
    if id(value) in seen:  # a function may hold itself
        return f"#{seen[id(value)][0]}"
    is_partial = isinstance(value, functools.partial)
    if not (_has_name(value) or (is_partial and [*_held(value.func)])):
        try:
            return str(joblib.hash(value))
        except Exception:  # it holds what cannot be pickled: a look inside may help
            pass
    _was_seen(value, seen)
    name = _name(value if _has_name(value) else type(value))
    try:
        held = [*_held(value)]
    except Exception:
        return f"{name} {uuid4()}"
    inside = ",".join([_state(inner, seen) for inner in held])
    return f"{name}({inside})" if held else name


def _held(value: Any) -> Iterator[Any]:
    """Yield what a value is made of beside its name; an error where none can say."""
    if isinstance(value, CodeType):
        yield from (value.co_code, value.co_names, *value.co_consts)
    elif inspect.isclass(value):
        yield from _held_by_class(value)
    elif _is_function(value):
        yield from _held_by_function(value)
    elif type(value) is tuple:
        yield from value
    elif not inspect.ismodule(value):
        # What pickle would write of the value, one level deep.
        for part in value.__reduce_ex__(4):
            yield tuple(part) if isinstance(part, Iterator) else part


def _held_by_function(function: Any) -> Iterator[Any]:
    owner = getattr(function, "__self__", None)
    if owner is not None and not inspect.ismodule(owner):  # as of what C brings
        yield owner
    is_made_inside = "<" in getattr(function, "__qualname__", "")
    if not is_made_inside and is_library(_file(function)):
        return
    for name in ("__wrapped__", "__defaults__", "__kwdefaults__"):
        if getattr(function, name, None) is not None:
            yield from (name, getattr(function, name))
    for cell in getattr(function, "__closure__", None) or ():
        try:
            yield cell.cell_contents
        except ValueError:  # nothing has been put into it yet
            yield "empty"
    # One file can have many functions that are called <lambda>.
    if is_made_inside and hasattr(function, "__code__"):
        yield function.__code__


def _held_by_class(value: type) -> Iterator[Any]:
    """Yield the content of a class made by a function: each call makes another one."""
    if "<locals>" not in value.__qualname__:
        return
    yield from value.__bases__
    for name, entry in vars(value).items():
        # Neither kind of property can be pickled.
        if isinstance(entry, property):
            yield from (name, entry.fget, entry.fset, entry.fdel)
        elif isinstance(entry, functools.cached_property):
            yield from (name, entry.func)
        elif _is_function(entry) or not name.startswith(("__", "_abc_")):
            yield from (name, entry)


def _was_seen(value: Any, seen: Seen) -> bool:
    """Return whether a value was met before; from now on it was."""
    if id(value) in seen:
        return True
    seen[id(value)] = len(seen), value
    return False


def _source(part: Any) -> str:
    """Return the text of the user's file that defines a part; else the part's name."""
    file = _file(part)
    if file is None:  # built in, or typed into a notebook
        try:
            return inspect.getsource(part)
        except (OSError, TypeError):
            return _name(part)
    if is_library(file) or not file.is_file():
        return _name(part)
    name = part.__name__ if inspect.ismodule(part) else part.__module__
    return text_with_imports(name, file)


def _file(part: Any) -> Path | None:
    """Return the file of the module that a part is of, or is."""
    if inspect.ismodule(part):
        return file_of_module(part)
    return file_of_module(sys.modules.get(getattr(part, "__module__", None) or ""))


def _name(part: Any) -> str:
    if inspect.ismodule(part):
        return part.__name__
    module = getattr(part, "__module__", None) or ""
    return f"{module}.{getattr(part, '__qualname__', part)}"


def _has_name(value: Any) -> bool:
    return inspect.ismodule(value) or inspect.isclass(value) or _is_function(value)


def _is_function(value: Any) -> bool:
    # Objects of a user's descriptors are routines to inspect, and have no name.
    return inspect.isroutine(value) and hasattr(value, "__qualname__")


def _is_estimator(value: Any) -> bool:
    return hasattr(value, "get_params") and not inspect.isclass(value)
