"""A user's own files: those that a file imports, and those that they import."""

# SPDX-License-Identifier: BSD-3-Clause

import ast
import functools
import importlib.util
import sys
import sysconfig
from collections.abc import Iterator
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

__all__ = ["file_of_module", "is_library", "text_with_imports"]

_INSTALLED = {"site-packages", "dist-packages"}  # there are some for each user, too


def text_with_imports(module: str, file: Path) -> str:
    """Return the text of a user's file, and of the user's files that it imports.

    Parameters
    ----------
    module : str
        The name under which it was imported.
    file : Path
        The module's file.

    Returns
    -------
    str
        Each file once, in the order of their modules' names after the first. What is
        installed is left out, and so is what stands in no file of Python.
    """
    texts = {module: _text(file)}
    new = {module}
    while new:
        names = {name for one in new for name in _imported(one, texts[one])}
        new = set()
        for name in names - texts.keys():
            found = _own_file(name)
            if found is not None:
                texts[name] = _text(found)
                new.add(name)
    first = texts.pop(module)
    return "\0".join([first, *(texts[name] for name in sorted(texts))])


def is_library(file: Path | None) -> bool:
    """Return whether a file is trimtab's or installed; None is none."""
    if file is None:
        return False
    is_installed = not _INSTALLED.isdisjoint(file.parts)
    return is_installed or any(f in file.parents for f in _library_folders())


def file_of_module(module: ModuleType | None) -> Path | None:
    """Return the file of a module, or None."""
    file = getattr(module, "__file__", None)
    return None if file is None else Path(file).resolve()


def _imported(module: str, text: str) -> Iterator[str]:
    """Yield the names of all modules that a text may import, with their parents."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):  # a notebook, or compiled code
        return
    package = getattr(sys.modules.get(module), "__package__", None) or ""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _with_parents(alias.name)
        elif isinstance(node, ast.ImportFrom):
            name = "." * node.level + (node.module or "")
            try:
                base = importlib.util.resolve_name(name, package)
            except ImportError:  # a script is in no package
                continue
            yield from _with_parents(base)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    yield from (".".join(parts[: n + 1]) for n in range(len(parts)))


def _own_file(name: str) -> Path | None:
    """Return the file of a module of the user's own; None for any other name.

    Nothing is imported to find it, and so nothing is run.
    """
    top, *parts = name.split(".")
    if top in sys.stdlib_module_names:
        return None
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):  # the script that runs has no specification
        return None
    for part in parts:
        if spec is None or is_library(_origin(spec)):
            return None
        inside = spec.submodule_search_locations or []
        spec = PathFinder.find_spec(f"{spec.name}.{part}", inside)
    file = None if spec is None else _origin(spec)
    is_own = file is not None and file.is_file() and not is_library(file)
    return file if is_own else None


def _origin(spec: ModuleSpec) -> Path | None:
    return Path(spec.origin).resolve() if spec.origin and spec.has_location else None


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")


@functools.cache
def _library_folders() -> tuple[Path, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    installed = [Path(sysconfig.get_path(name)).resolve() for name in names]
    return (*installed, Path(__file__).resolve().parents[2])
