"""What `AutoSMOTERows` may be given."""

# SPDX-License-Identifier: BSD-3-Clause

from numbers import Integral
from typing import Any

from trimtab.exceptions import InputError, check_number

__all__ = ["check_learned_rows"]

_CHOICES = {"variant": ("cohort", "self"), "learn_from": ("held-out", "training")}


def check_learned_rows(rows: Any) -> None:
    """Raise an `InputError` where a parameter is out of its range.

    Parameters
    ----------
    rows : AutoSMOTERows
        Whose parameters; its decisions are checked elsewhere.
    """
    for name, (one, other) in _CHOICES.items():
        value: Any = getattr(rows, name)
        if value not in {one, other}:
            raise InputError(f"{name} is {value!r}: give {one!r} or {other!r}")
    cohorts: Any = rows.n_cohorts
    fits = isinstance(cohorts, Integral) and int(cohorts) >= 1
    if cohorts != "auto" and not fits:
        raise InputError(
            f"n_cohorts is {cohorts!r}: give a whole number, 1 or more, or 'auto'"
        )
    for name in ("temperature", "final_temperature"):
        check_number(name, getattr(rows, name), above=0)
    for name in ("learning_rate", "cohort_cost"):
        check_number(name, getattr(rows, name), at_least=0)
