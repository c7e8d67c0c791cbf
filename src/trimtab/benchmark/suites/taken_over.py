"""Results that others have published, taken into a store: a run goes on from there."""

# SPDX-License-Identifier: BSD-3-Clause

import json
from dataclasses import dataclass
from typing import Any

import pandas as pd

from trimtab.benchmark.experiment import Experiment, Outcome
from trimtab.benchmark.store import Store
from trimtab.benchmark.suites.suite import Suite
from trimtab.exceptions import InputError

__all__ = ["TakenOver", "take_over"]

_OF_EXPERIMENT = ("dataset", "method", "parameters", "repeat", "fold", "seed")
_OF_OUTCOME = ("status", "reason", "threshold", "tuning", "tuned_parameters")
_OF_CLASSES = ("precision[", "recall[", "f1[")


@dataclass(frozen=True)
class TakenOver:
    """What became of an export's experiments.

    Attributes
    ----------
    added : int
        Are in the store now.
    there : int
        Had a result there, which stays.
    others : int
        Are none of the suite, as they have other seeds, splits, parameters or trials;
        or are of a user's own method, whose code may have changed.
    """

    added: int
    there: int
    others: int


def take_over(plan: Suite, exported: pd.DataFrame, store: Store) -> TakenOver:
    """Put the experiments of an export into a store.

    An export does not hold everything: neither probabilities nor histories, nor how
    many rows each class has, nor which versions the libraries had. Its numbers have
    nine digits. Of methods of a user's own it does not say by which code they were; and
    of none how rows were split, so that it must be one of this very suite.

    Parameters
    ----------
    plan : Suite
        The suite; only its experiments are taken.
    exported : DataFrame
        As from `trimtab.benchmark.suites.export_files.read_export`.
    store : Store
        Where they go. What it has stays.

    Returns
    -------
    TakenOver

    Raises
    ------
    InputError
        Where none of the experiments is one of the suite, or one is there twice.
    """
    wanted = {_identity(plan, one): one for one in plan.experiments() if not one.code}
    columns = [*_OF_EXPERIMENT, *(["tuning"] if "tuning" in exported else [])]
    missing = set(columns) - set(exported.columns)
    if missing:
        raise InputError(f"the export has no column {min(missing)!r}: write it again")
    names = zip(*(exported[name].tolist() for name in columns), strict=True)
    found = [(row, wanted.get(_padded(name))) for row, name in enumerate(names)]
    own = [(row, experiment) for row, experiment in found if experiment is not None]
    if not own:
        raise InputError(
            f"none of the export's {len(found)} experiments is one of the suite "
            f"{plan.name}: name the suite that it is of, and its seeds with --seeds"
        )
    if len({one.key for _, one in own}) < len(own):
        raise InputError("an experiment is twice in the export: write it again")
    known = store.statuses(experiment.key for _, experiment in own)
    new = [(row, one) for row, one in own if one.key not in known]
    records = exported.iloc[[row for row, _ in new]].to_dict("records")
    store.add(
        (
            (one, _outcome(record))
            for (_, one), record in zip(new, records, strict=True)
        ),
        "{}",
    )
    return TakenOver(len(new), len(own) - len(new), len(found) - len(own))


def _identity(plan: Suite, one: Experiment) -> tuple[Any, ...]:
    tuning = "" if one.tuning is None else one.tuning.as_json()
    label = plan.label_of(one.method, one.parameters, tuning)
    split = one.repeat, one.fold, one.seed
    return one.dataset, label, one.parameters, *split, tuning


def _padded(name: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a row's name with a tuning: none where the export has no such column."""
    return name if len(name) > len(_OF_EXPERIMENT) else (*name, "")


def _outcome(record: dict[Any, Any]) -> Outcome:
    """Return the outcome that a row of an export tells of."""
    said = {name: value for name, value in record.items() if not pd.isna(value)}
    tuned = said.get("tuned_parameters")
    return Outcome(
        said["status"],
        said.get("reason", ""),
        measures={n: v for n, v in said.items() if not _is_no_measure(n)},
        per_class=_per_class(record),
        threshold=said.get("threshold"),
        tuned_parameters=json.loads(tuned) if tuned else None,
    )


def _is_no_measure(name: str) -> bool:
    return name in (*_OF_EXPERIMENT, *_OF_OUTCOME) or name.startswith(_OF_CLASSES)


def _per_class(record: dict[Any, Any]) -> list[dict[str, Any]]:
    """Return the scores of each class, from columns such as ``f1[LABEL]``."""
    labels = [
        name[3:-1]
        for name, value in record.items()
        if name.startswith("f1[") and not pd.isna(value)
    ]
    return [
        {"label": label}
        | {score[:-1]: record[f"{score}{label}]"] for score in _OF_CLASSES}
        for label in labels
    ]
