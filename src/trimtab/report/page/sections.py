"""The parts of the page that are plain facts: data, failures, decisions, protocol."""

# SPDX-License-Identifier: BSD-3-Clause

import math
from typing import Any

import numpy as np
import pandas as pd

from trimtab.benchmark.evidence import Evidence, Prediction
from trimtab.benchmark.tuning import Tuning
from trimtab.report.charts.chart import finished, standouts
from trimtab.report.charts.curves import by_method, confusion
from trimtab.report.page.cells import plain_table
from trimtab.report.words.wording import (
    count,
    enumerate_words,
    inside_sentence,
    number,
    percent,
    seconds,
)
from trimtab.tables import Labels

__all__ = ["confusion_section", "data_section", "failures", "protocol_facts"]

MANY_COLUMNS = 500
"""Of a wider table only so many columns are listed."""

CONFUSION_NOTE = (
    "A row is what the rows truly are, a column what they are called; counts are "
    "summed over the test parts of all splits, and the shares add up to 100 % in each "
    "row."
)
THRESHOLD_NOTE = (
    " The default threshold is a probability of one half, unless the method chooses "
    "its own. The tuned one was chosen for each split inside its training part, so the "
    "test rows had no say in it."
)

FEW_CLASSES = 10
"""With more classes than this, the class of interest comes first."""

PLURALS = {"category": "categories", "text": "texts", "boolean": "booleans"}


def data_section(evidence: Evidence) -> dict[str, Any]:
    """Return what the data are: key figures, classes, kinds of columns, columns."""
    profile, labels = evidence.profile, evidence.labels
    n_rows, columns = profile.n_rows, profile.columns
    kinds = columns["kind"].value_counts(sort=False)
    words = [f"{n:,} {_plural(str(kind), int(n))}" for kind, n in kinds.items()]
    cells = n_rows * len(columns)
    order = np.argsort(-labels.counts, kind="stable").tolist()
    if len(order) > FEW_CLASSES:
        # The list is folded to a few lines; the class of interest must be in sight.
        order.remove(labels.positive)
        order.insert(0, labels.positive)
    return {
        "figures": [
            (count(n_rows), "rows"),
            (count(len(columns)), "columns"),
            (count(len(labels.classes)), "classes"),
            (f"{number(labels.imbalance, 1)} : 1", "imbalance"),
            (percent(profile.n_missing / max(cells, 1)), "cells missing"),
            *_repeated_rows(evidence),
        ],
        "kinds": enumerate_words(words),
        "classes": [
            {
                "name": labels.names[code],
                "rows": count(int(labels.counts[code])),
                "share": percent(labels.counts[code] / n_rows),
                "width": f"{100 * labels.counts[code] / labels.counts.max():.2f}",
                "is_positive": code == labels.positive,
            }
            for code in order
        ],
        "columns": plain_table(_column_table(columns.head(MANY_COLUMNS), n_rows)),
        "unlisted": max(len(columns) - MANY_COLUMNS, 0),
    }


def _repeated_rows(evidence: Evidence) -> list[tuple[str, str]]:
    n_repeated = evidence.profile.n_duplicates
    if not n_repeated:
        return []
    share = percent(n_repeated / evidence.profile.n_rows)
    return [(f"{count(n_repeated)} ({share})", "repeated rows")]


def _plural(noun: str, n: int) -> str:
    return noun if n == 1 else PLURALS.get(noun, f"{noun}s")


def _column_table(columns: pd.DataFrame, n_rows: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Column": columns["column"].astype(str),
            "Kind": columns["kind"],
            # Where they were not counted, the number is negative.
            "Distinct values": columns["distinct"].mask(columns["distinct"] < 0),
            "Missing rows": columns["missing"],
            "Missing (%)": 100 * columns["missing"] / n_rows,
        }
    )


def failures(evidence: Evidence) -> list[dict[str, str]]:
    """Return what did not run to its end, like reasons of a method together."""
    failed = evidence.results[evidence.results["status"] != "done"]
    failed = failed.sort_values("method", kind="stable")
    listed = []
    for (method, status, reason), rows in failed.groupby(
        ["method", "status", "reason"], sort=False, dropna=False
    ):
        splits = [
            f"{repeat + 1}.{fold + 1}"
            for repeat, fold in zip(rows["repeat"], rows["fold"], strict=True)
        ]
        listed.append(
            {
                "method": str(method),
                "status": "over the time limit" if status == "timeout" else str(status),
                "splits": count(len(rows)),
                "which": ", ".join(splits[:12]) + (", …" if len(splits) > 12 else ""),
                "reason": reason if isinstance(reason, str) else "",
            }
        )
    return listed


def confusion_section(evidence: Evidence) -> dict[str, Any] | None:
    """Return what is called what: matrices for ``page.js``, a table, and a note.

    Returns
    -------
    dict or None
        None where there are no predictions.
    """
    predictions = by_method(evidence.predictions)
    methods = [m for m in evidence.leaderboard["method"] if m in predictions]
    if not methods:
        return None
    labels = evidence.labels
    entries = [_matrices(labels, method, predictions[method]) for method in methods]
    wanted = [m for m in standouts(finished(evidence)) if m in methods]
    first = methods.index(wanted[min(1, len(wanted) - 1)]) if wanted else 0
    is_binary = len(labels.classes) == 2
    return {
        "data": {
            "classes": labels.names,
            "methods": entries,
            "shown": [first, methods.index(wanted[0]) if wanted else 0],
        },
        "table": plain_table(
            _decisions(entries, labels.positive)
            if is_binary
            else _class_scores(entries, labels.names, wanted)
        ),
        "note": CONFUSION_NOTE + (THRESHOLD_NOTE if is_binary else ""),
    }


def _matrices(labels: Labels, method: str, own: list[Prediction]) -> dict[str, Any]:
    n_classes, positive = len(labels.classes), labels.positive
    plain = confusion(own, n_classes, positive, tuned=False)
    tuned = confusion(own, n_classes, positive, tuned=True)
    return {
        "method": method,
        "default": None if plain is None else plain.tolist(),
        "tuned": None if tuned is None else tuned.tolist(),
        "thresholds": [p.threshold for p in own if p.threshold is not None],
        "own": [p.own_threshold for p in own if p.own_threshold is not None],
    }


def _decisions(entries: list[dict[str, Any]], positive: int) -> pd.DataFrame:
    """Return the decisions for two classes, one row a method and threshold."""
    other = 1 - positive
    rows = []
    for entry in entries:
        for kind in ("default", "tuned"):
            if entry[kind] is None:
                continue
            m = entry[kind]
            found, missed = m[positive][positive], m[positive][other]
            false, left = m[other][positive], m[other][other]
            precision = found / (found + false) if found + false else math.nan
            recall = found / (found + missed) if found + missed else math.nan
            name = "own" if kind == "default" and entry["own"] else kind
            rows.append(
                [entry["method"], name, found, missed, false, left, precision, recall]
            )
    titles = ["Method", "Threshold", "Found", "Missed", "False calls", "Rightly left"]
    return pd.DataFrame(rows, columns=[*titles, "Precision", "Recall"])


def _class_scores(
    entries: list[dict[str, Any]], names: list[str], wanted: list[str]
) -> pd.DataFrame:
    """Return each class's precision and recall for a few methods."""
    rows = []
    for entry in entries:
        if entry["method"] not in wanted:
            continue
        matrix = np.array(entry["default"])
        with np.errstate(invalid="ignore"):
            precision = matrix.diagonal() / matrix.sum(axis=0)
            recall = matrix.diagonal() / matrix.sum(axis=1)
        rows += [
            [entry["method"], name, int(n), p, r]
            for name, n, p, r in zip(
                names, matrix.sum(axis=1), precision, recall, strict=True
            )
        ]
    return pd.DataFrame(
        rows, columns=["Method", "Class", "Rows", "Precision", "Recall"]
    )


def protocol_facts(evidence: Evidence) -> list[tuple[str, str]]:
    """Return how the comparison was made, as terms and their explanation."""
    protocol = evidence.protocol
    facts = [
        (
            "Splits",
            f"{protocol.describe()}; the same rows for every method.",
        ),
        (
            "No leaks",
            "Everything that learns, resampling included, is fitted on the training "
            "part of a split alone. Test rows are never resampled.",
        ),
        (
            "Test",
            "The lead over plain LightGBM is tested by a paired t-test whose variance "
            "allows for splits that share training rows (Nadeau and Bengio, 2003). "
            "Holm's correction allows for the number of methods tested.",
        ),
    ]
    if any(p.threshold is not None for p in evidence.predictions):
        facts.insert(
            2,
            (
                "Tuned threshold",
                "For each split and method it is chosen on a part of the training "
                "rows, so that macro F1 is highest there; the test rows have no say.",
            ),
        )
    if evidence.tuning is not None:
        facts.insert(
            2, ("Tuning", _about_tuning(evidence.tuning, evidence.leaderboard))
        )
    return facts


def _about_tuning(tuning: Tuning, board: pd.DataFrame) -> str:
    """Return how parameters were tuned, and whose were."""
    trials = board.get("n_trials_mean", pd.Series(np.nan, index=board.index))
    names = board["method"].astype(str)
    tuned = enumerate_words(names[trials.notna()].tolist()) or "none"
    as_they_come = enumerate_words(names[trials.isna()].tolist()) or "none"
    limit = tuning.time_limit
    until = f"; after {seconds(limit)} s no more are begun" if limit else ""
    return (
        f"For each split and method {tuning.n_trials} settings are tried on parts of "
        f"the training rows, the first of them the method as it comes{until}. The best "
        f"there by {inside_sentence(tuning.metric)} is fitted on all training rows; "
        f"the test rows have no say. Tuned: {tuned}. As they come: {as_they_come}."
    )
