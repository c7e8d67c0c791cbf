"""What a method's search space asks for, and the method's own values of it."""

# SPDX-License-Identifier: BSD-3-Clause

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from trimtab.benchmark.methods.registry import Method, TableInfo
from trimtab.exceptions import MissingExtraError

__all__ = ["count_parameters", "own_values", "quiet_optuna", "searched"]


class _Free:
    """An Optuna trial that is asked only for what is not fixed."""

    def __init__(self, trial: Any, fixed: Mapping[str, Any]) -> None:
        self._trial, self._fixed = trial, fixed

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(self._trial, attribute)
        if not attribute.startswith("suggest_"):
            return found

        def suggest(name: str, *arguments: Any, **options: Any) -> Any:
            if name in self._fixed:
                return self._fixed[name]
            return found(name, *arguments, **options)

        return suggest


class _DryRun:
    """Takes down what a search space asks for, and answers with the first value."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def suggest_float(self, name: str, low: float, high: float, **_: Any) -> float:
        self.names.add(name)
        return low

    def suggest_int(self, name: str, low: int, high: int, **_: Any) -> int:
        self.names.add(name)
        return low

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        self.names.add(name)
        return choices[0]


def searched(method: Method, trial: Any, fixed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that an Optuna trial stands for.

    Parameters
    ----------
    method : Method
        One with a search space.
    trial : optuna.trial.BaseTrial
        Suggests values.
    fixed : mapping of str to object
        Parameters that are given: they are not searched.

    Returns
    -------
    dict
        For `Method.build`, the fixed ones among them.
    """
    assert method.search_space is not None
    return {**method.search_space(_Free(trial, fixed)), **fixed}


def count_parameters(method: Method, fixed: Mapping[str, Any]) -> int:
    """Return how many parameters of a method are searched.

    Parameters
    ----------
    method : Method
        Any; without a search space it has none.
    fixed : mapping of str to object
        Parameters that are given: they are not counted.

    Returns
    -------
    int
        Where a search space has branches, those that its first values lead to.
    """
    return len(_asked(method, fixed))


def _asked(method: Method, fixed: Mapping[str, Any]) -> set[str]:
    if method.search_space is None:
        return set()
    trial = _DryRun()
    searched(method, trial, fixed)
    return trial.names


def own_values(
    method: Method, info: TableInfo, fixed: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the values that a method has where nobody searches.

    Parameters
    ----------
    method : Method
        One with a search space.
    info : TableInfo
        A table that it applies to.
    fixed : mapping of str to object
        Parameters that are given: they are left out.

    Returns
    -------
    dict
        Of the parameters that its search space asks for, those whose value its
        factory's signature or the learner that it builds tells.
    """
    names = _asked(method, fixed)
    known: dict[str, Any] = {}
    learner = method.build(info, 0, **fixed)
    if hasattr(learner, "steps"):
        learner = learner.steps[-1][1]
    if hasattr(learner, "get_params"):
        known |= learner.get_params(deep=False)
    for name, parameter in inspect.signature(method.build).parameters.items():
        if parameter.default is not parameter.empty:
            known[name] = parameter.default
    return {
        name: known[name]
        for name in sorted(names)
        if isinstance(known.get(name), bool | int | float | str)
    }


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Silence what Optuna says of every study.

    Raises
    ------
    MissingExtraError
        Where Optuna is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise MissingExtraError("optuna", "bench") from None
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(verbosity)
