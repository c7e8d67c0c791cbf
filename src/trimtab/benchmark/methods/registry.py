"""The registry of methods: what can be compared.

A method is a name, a one-line description, a family and a factory. Adding one takes a
decorated function::

    from trimtab.benchmark.methods import TableInfo, method

    @method("my-forest", family="own", description="A forest of 500 trees.")
    def my_forest(info: TableInfo, random_state: int, n_estimators: int = 500):
        return make_my_forest(n_estimators, random_state)

Packages can bring theirs through the entry-point group ``trimtab.methods``.
"""

# SPDX-License-Identifier: BSD-3-Clause

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from importlib.metadata import entry_points
from inspect import isroutine
from typing import Any, TypeVar

from trimtab.benchmark.methods.digests import code_digest
from trimtab.exceptions import InputError, nearest_names

__all__ = ["Method", "TableInfo", "get_method", "list_methods", "method", "register"]


@dataclass(frozen=True)
class TableInfo:
    """What a method's factory is told of the table.

    Attributes
    ----------
    class_counts : tuple of int
        Rows of each class, in the order of the sorted labels.
    positive : object
        The label of the class of interest, as it stands in the ``y`` that is fitted.
    kinds : tuple of str or None
        For a DataFrame each column's kind: ``"number"``, ``"category"``, ``"date"``,
        ``"boolean"`` or ``"text"``. None for an array or a sparse matrix of numbers.
    has_missing : bool
        Whether a cell is missing.
    is_sparse : bool
        Whether the table is a sparse matrix.
    image_shape : tuple of int or None
        Where rows are images, ``(height, width)`` or ``(channels, height, width)``.
    """

    class_counts: tuple[int, ...]
    positive: Any
    kinds: tuple[str, ...] | None = None
    has_missing: bool = False
    is_sparse: bool = False
    image_shape: tuple[int, ...] | None = None

    @property
    def is_binary(self) -> bool:
        """Whether there are two classes."""
        return len(self.class_counts) == 2

    @property
    def is_frame(self) -> bool:
        """Whether the table is a DataFrame."""
        return self.kinds is not None

    @property
    def has_categories(self) -> bool:
        """Whether a column is neither number, boolean nor date."""
        return bool({"category", "text"} & set(self.kinds or ()))


Factory = Callable[..., Any]
F = TypeVar("F", bound=Factory)


@dataclass(frozen=True)
class Method:
    """Something that can be compared.

    Attributes
    ----------
    name : str
        Lower case with hyphens: what users type.
    description : str
        One line for the leaderboard.
    family : str
        ``"control"`` for what rebalances nothing, ``"classic"`` and ``"network"`` for
        fixed rebalancing, ``"learned"`` for what adapts; ``"own"`` for a user's.
    build : callable
        ``build(info, random_state, **parameters)`` returns an unfitted classifier
        with ``predict_proba``. It uses one thread: experiments run side by side.
    search_space : callable or None
        ``search_space(trial)`` takes an Optuna trial and returns parameters for
        `build`.
    applies : callable or None
        ``applies(info)`` returns why the method cannot be used on such a table, or
        None where it can.
    quick : bool
        Whether it is one of the quick portfolio.
    for_suites : bool
        Whether it is there for suites, which give it parameters: it can be got by its
        name, and is not listed.
    fits_together : bool
        Whether fits of several experiments may be one training run, which costs less:
        see `trimtab.benchmark.running.together`.
    shared_steps : str
        A name that methods have in common which begin with the same steps, where these
        are costly: in a suite they are fitted once for all of them, split by split.
        Those that also fit together have steps that can be trained side by side, see
        `trimtab.benchmark.running.pipeline_fits`.
    """

    name: str
    description: str
    family: str
    build: Factory
    search_space: Callable[[Any], dict[str, Any]] | None = None
    applies: Callable[[TableInfo], str | None] | None = None
    quick: bool = False
    for_suites: bool = False
    fits_together: bool = False
    shared_steps: str = ""

    @cached_property
    def code(self) -> str:
        """Digest of a method's code, for the keys of its experiments.

        Empty for what comes with trimtab: there the version tells.
        """
        build, factory = self.build, self.build
        if isinstance(build, partial):
            factory = build.func
            if id(build) not in _our_partials:  # a user's, of a factory of ours perhaps
                return code_digest(build)
        if getattr(factory, "__module__", "").startswith(_OURS):
            return "" if isroutine(factory) else code_digest(factory)
        return code_digest(build)

    def reason_to_skip(self, info: TableInfo) -> str | None:
        """Return why the method does not apply to the table, or None."""
        return self.applies(info) if self.applies else None


_OURS = "trimtab.benchmark."
_registry: dict[str, Method] = {}
_our_partials: dict[int, Any] = {}
"""Factories that trimtab's own modules registered, by identity; kept, so that it stays
theirs."""

_BUILT_IN = (
    "trimtab.benchmark.methods.controls",
    "trimtab.benchmark.methods.classics",
    "trimtab.benchmark.methods.balanced_ensembles",
    "trimtab.benchmark.methods.ensembles_methods",
    "trimtab.benchmark.methods.mesa_methods",
    "trimtab.benchmark.methods.neural",
    "trimtab.benchmark.methods.learned_oversampling",
    "trimtab.benchmark.methods.explicit_gradient_methods",
)
_loaded = False


def register(new: Method) -> Method:
    """Add a method to the registry, in place of one of the same name."""
    caller = sys._getframe(1).f_globals["__name__"]
    # The decorator below registers for whoever uses it.
    if caller.startswith(_OURS) and caller != __name__:
        _our_partials[id(new.build)] = new.build
    _registry[new.name] = new
    return new


def method(name: str, **fields: Any) -> Callable[[F], F]:
    """Register the decorated factory as a method.

    Parameters
    ----------
    name : str
        The method's name.
    **fields
        The other attributes of `Method`: ``family``, ``description``, and if wanted
        ``search_space``, ``applies``, ``quick``, ``for_suites``, ``fits_together``,
        ``shared_steps``.

    Returns
    -------
    callable
        A decorator that returns the factory as it was.
    """

    def add(build: F) -> F:
        register(Method(name=name, build=build, **fields))
        return build

    return add


def _load() -> None:
    global _loaded  # noqa: PLW0603
    if _loaded:
        return
    _loaded = True
    for module in _BUILT_IN:
        importlib.import_module(module)
    for entry in entry_points(group="trimtab.methods"):
        entry.load()


def list_methods(family: str | None = None) -> list[Method]:
    """Return the methods for everybody, in the order of their registration.

    Parameters
    ----------
    family : str, default=None
        Only those of this family.

    Returns
    -------
    list of Method

    Raises
    ------
    InputError
        Where there is no such family.
    """
    _load()
    families = {method.family for method in _registry.values() if not method.for_suites}
    if family is not None and family not in families:
        raise InputError(f"no family {family!r}: {nearest_names(family, families)}")
    found = (m for m in _registry.values() if not m.for_suites)
    return [m for m in found if family in (None, m.family)]


def get_method(name: str) -> Method:
    """Return the method called `name`.

    Raises
    ------
    InputError
        Where there is none; the message names the nearest.
    """
    _load()
    if name not in _registry:
        raise InputError(f"no method {name!r}: {nearest_names(name, _registry)}")
    return _registry[name]
