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
    files = {module: file}
    seen, new = {module}, {module}
    while new:
        names = {name for one in new for name in _imported(one, files[one])} - seen
        found = {name: _own_file(name) for name in names}
        own = {name: each for name, each in found.items() if each is not None}
        files |= own
        seen, new = seen | names, set(own)
    del files[module]
    ordered = [file, *(files[name] for name in sorted(files))]
    return "\0".join(map(_text, ordered))


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


def _imported(module: str, file: Path) -> Iterator[str]:
    """Yield the names of all modules that a file may import, with their parents."""
    try:
        tree = ast.parse(_text(file))
    except (SyntaxError, ValueError):  # a notebook, or compiled code
        return
    package = _package(module, file)
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


def _package(module: str, file: Path) -> str:
    """Return the package that a file's relative imports start from."""
    if module in sys.modules:  # python -m package.script calls it __main__
        return getattr(sys.modules[module], "__package__", None) or ""
    return module if file.name == "__init__.py" else module.rpartition(".")[0]


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
