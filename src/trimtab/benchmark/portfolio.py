"""Which methods a comparison runs."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sklearn.base import clone

from trimtab.benchmark.leaderboard import BASELINE
from trimtab.benchmark.methods import Method, TableInfo, get_method, list_methods
from trimtab.exceptions import InputError, nearest_names

__all__ = ["PORTFOLIOS", "Methods", "choose_methods"]

PORTFOLIOS = ("quick", "full")

Methods = Sequence[str | Method] | Mapping[str, Any]
"""Names, methods, or a user's own classifiers by name, names of methods among them."""


def choose_methods(
    methods: Methods | None, portfolio: str, info: TableInfo, fitted: float = 1.0
) -> tuple[dict[str, Method], dict[str, str]]:
    """Return the methods to run, and why others are left out.

    Parameters
    ----------
    methods : sequence of str or Method, or mapping of str to estimator, or None
        As in `compare`; a name alone is one method.
    portfolio : {"quick", "full"}
        Where `methods` is None.
    info : TableInfo
        The table.
    fitted : float, default=1.0
        The share of its rows that is in the smallest part that is fitted, in (0, 1].
        A method must apply to that too.

    Returns
    -------
    chosen : dict of str to Method
        By name; plain LightGBM first.
    skipped : dict of str to str
        Methods that do not apply to the table, and why.

    Raises
    ------
    InputError
        Where a method or portfolio is not known.
    """
    if portfolio not in PORTFOLIOS:
        raise InputError(
            f"no portfolio {portfolio!r}: {nearest_names(portfolio, PORTFOLIOS)}"
        )
    if methods is None:
        wanted: Sequence[str | Method] = [
            m for m in list_methods() if m.quick or portfolio == "full"
        ]
    elif isinstance(methods, Mapping):
        wanted = [_own_method(name, value) for name, value in methods.items()]
    else:
        wanted = [methods] if isinstance(methods, str) else methods
    counts = tuple(max(int(n * fitted), 1) for n in info.class_counts)
    part = replace(info, class_counts=counts)
    chosen: dict[str, Method] = {}
    skipped: dict[str, str] = {}
    for one in (BASELINE, *wanted):
        method = get_method(one) if isinstance(one, str) else one
        if not isinstance(method, Method):
            raise InputError(
                f"methods holds a {type(one).__name__} without a name: give a mapping, "
                'such as {"mine": estimator, "smote": "smote"}'
            )
        reason = method.reason_to_skip(info) or method.reason_to_skip(part)
        if reason:
            skipped[method.name] = reason
        else:
            chosen[method.name] = method
    return chosen, skipped


def _own_method(name: str, value: Any) -> Method:
    """Return a user's estimator as a method."""
    if not isinstance(name, str):
        raise InputError(f"methods has the name {name!r}: give a text as its name")
    if isinstance(value, str):
        if value != name:
            raise InputError(
                f"methods[{name!r}] names the method {value!r}: call it by its name, "
                f"{{{value!r}: {value!r}}}"
            )
        return get_method(value)
    if isinstance(value, Method):
        return value
    if name == BASELINE:
        raise InputError(
            f"methods[{name!r}] would take the place of the method that all are "
            "compared with: give yours another name"
        )
    if isinstance(value, type):
        raise InputError(
            f"methods[{name!r}] is a class: give an instance, {value.__name__}()"
        )
    if not hasattr(value, "predict_proba"):
        raise InputError(
            f"methods[{name!r}] has no predict_proba: wrap it, for instance in "
            "sklearn.calibration.CalibratedClassifierCV"
        )
    return Method(name, type(value).__name__, "own", _OwnFactory(value))


@dataclass(frozen=True)
class _OwnFactory:
    """Builds clones of a user's estimator."""

    estimator: Any

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return what decides the result, for its digest."""
        return {"estimator": self.estimator, **self.estimator.get_params(deep=deep)}

    def __call__(self, info: TableInfo, random_state: int) -> Any:
        estimator = clone(self.estimator)
        unset = {
            name: random_state
            for name, value in estimator.get_params().items()
            if name.rpartition("__")[2] == "random_state" and value is None
        }
        return estimator.set_params(**unset)
