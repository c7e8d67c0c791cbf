"""The leaderboard as the page shows it, and what its columns mean."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Hashable
from typing import Any

import pandas as pd

from trimtab.benchmark.evidence import Evidence
from trimtab.benchmark.leaderboard import BASELINE
from trimtab.metrics import MEASURES
from trimtab.report.page.cells import Cell, Column, Interval
from trimtab.report.words.standing import is_real
from trimtab.report.words.wording import (
    MEANINGS,
    count,
    number,
    p_value,
    seconds,
    signed,
)

__all__ = ["glossary", "leaderboard_section"]

_TRIALS = (
    "Trials",
    "Settings of the method that were tried inside each training part before it was "
    "fitted with the best of them; a dash for a method that runs as it comes.",
)
CORE = {"average_precision", "macro_f1", "tuned_macro_f1", "calibration_error"}
"""Measures that are shown beside the ranking one without being asked for."""


def leaderboard_section(evidence: Evidence) -> dict[str, Any]:
    """Return the leaderboard's columns and rows."""
    board = evidence.leaderboard
    measures = _measures(board, evidence.metric)
    scale = _interval_scale(board)
    reasons = _first_reasons(evidence.results)
    rows = [
        {
            "method": str(row["method"]),
            "description": str(row.get("description", "") or ""),
            "failure": "" if row["splits"] else reasons.get(row["method"], ""),
            "is_baseline": row["method"] == BASELINE,
            "cells": _cells(row, measures, scale, _is_tuned(board)),
        }
        for _, row in board.iterrows()
    ]
    return {"columns": _columns(board, measures), "rows": rows}


def _columns(board: pd.DataFrame, measures: list[str]) -> list[Column]:
    ranking, *others = (_measure_column(m, measures[0]) for m in measures)
    is_complete = not board["failed"].any()
    tuning = [
        Column("Trials", falls=False, hint="settings that were tried"),
        Column("Tuning (s)", falls=False, is_extra=True, hint="mean of one split"),
    ]
    return [
        Column("Method", is_text=True, falls=False),
        Column("Family", is_text=True, falls=False),
        ranking,
        Column("Lead over plain LightGBM", hint="with its 95 % interval"),
        Column("p", falls=False, hint="corrected paired t-test"),
        Column("p, Holm", falls=False, hint="corrected for the number of methods"),
        *others,
        *(tuning if _is_tuned(board) else ()),
        Column("Fit (s)", falls=False, hint="mean seconds to fit one split"),
        Column("Predict (s)", falls=False, is_extra=True),
        Column("Memory (MiB)", falls=False, is_extra=True, hint="at its peak"),
        Column("Rows trained on", hint="after resampling"),
        Column("Splits", is_extra=is_complete, hint="that were finished"),
    ]


def _cells(
    row: pd.Series, measures: list[str], scale: tuple[float, float], is_tuned: bool
) -> list[Cell]:
    """Return a row's cells for every column but the first."""
    ranking, *others = (_measure_cell(row, m) for m in measures)
    tuning = [
        _number_cell(row, "n_trials_mean", count),
        _number_cell(row, "tuning_seconds_mean", seconds),
    ]
    return [
        Cell(str(row["family"]).capitalize(), str(row["family"])),
        ranking,
        _lead_cell(row, scale),
        _number_cell(row, "p_value", p_value),
        _number_cell(row, "p_holm", p_value, mark="real" if is_real(row) else ""),
        *others,
        *(tuning if is_tuned else ()),
        _number_cell(row, "fit_seconds_mean", seconds),
        _number_cell(row, "predict_seconds_mean", seconds),
        _number_cell(row, "peak_memory_mb_mean", count),
        _number_cell(row, "n_train_rows_mean", count),
        _splits_cell(row),
    ]


def _is_tuned(board: pd.DataFrame) -> bool:
    return "n_trials_mean" in board


def _measures(board: pd.DataFrame, metric: str) -> list[str]:
    known = [m for m in MEASURES if f"{m}_mean" in board]
    return [metric, *(m for m in known if m != metric)]


def _measure_column(measure: str, metric: str) -> Column:
    return Column(
        MEASURES[measure].title,
        falls=MEASURES[measure].greater_is_better,
        is_extra=measure != metric and measure not in CORE,
        hint=MEANINGS.get(measure, ""),
    )


def _key(value: Any) -> str:
    return "" if value is None or pd.isna(value) else repr(float(value))


def _number_cell(row: pd.Series, column: str, write: Any, mark: str = "") -> Cell:
    value = row.get(column)
    if value is None or pd.isna(value):
        return Cell(number(None))
    return Cell(write(value), _key(value), mark=mark)


def _measure_cell(row: pd.Series, measure: str) -> Cell:
    mean, sd = row.get(f"{measure}_mean"), row.get(f"{measure}_sd")
    if mean is None or pd.isna(mean):
        return Cell(number(None))
    detail = "" if sd is None or pd.isna(sd) else f"± {number(sd)}"
    return Cell(number(mean), _key(mean), detail)


def _lead_cell(row: pd.Series, scale: tuple[float, float]) -> Cell:
    if row["method"] == BASELINE:
        return Cell("reference", "0", mark="quiet")
    lead = row.get("difference")
    if lead is None or pd.isna(lead):
        return Cell(number(None))
    low, high = row.get("difference_low"), row.get("difference_high")
    if low is None or high is None or pd.isna(low) or pd.isna(high):
        return Cell(signed(lead), _key(lead))
    mark = "" if not is_real(row) else "better" if lead > 0 else "worse"
    places = [_place(value, *scale) for value in (low, lead, high, 0.0)]
    return Cell(
        signed(lead),
        _key(lead),
        f"{signed(low)} to {signed(high)}",
        mark,
        Interval(*places),
    )


def _place(value: float, start: float, end: float) -> float:
    """Return where a value lies between `start` and `end`, in per cent."""
    return round(100 * (min(max(value, start), end) - start) / (end - start), 2)


def _interval_scale(board: pd.DataFrame) -> tuple[float, float]:
    """Return the ends of the scale of the small intervals; zero is between them.

    They reach no further than twice the median of the intervals' far ends: a hopeless
    method does not shrink all others to a dot.
    """
    ends = board[["difference_low", "difference_high"]].dropna()
    limit = 2 * float(ends.abs().max(axis=1).median()) if len(ends) else 0.0
    low = max(min(float(ends.min().min()), 0.0), -limit) if limit else -1.0
    high = min(max(float(ends.max().max()), 0.0), limit) if limit else 1.0
    return 1.05 * low, 1.05 * high


def _splits_cell(row: pd.Series) -> Cell:
    done, failed = int(row["splits"]), int(row.get("failed", 0) or 0)
    if not failed:
        return Cell(str(done), str(done))
    return Cell(f"{done} of {done + failed}", str(done), mark="worse")


def _first_reasons(results: pd.DataFrame) -> dict[Hashable, str]:
    failed = results[results["status"] != "done"]
    return failed.groupby("method")["reason"].first().astype(str).to_dict()


def glossary(evidence: Evidence) -> list[tuple[str, str]]:
    """Return what the leaderboard's columns mean."""
    board = evidence.leaderboard
    terms = [
        (MEASURES[m].title, MEANINGS.get(m, ""))
        for m in _measures(board, evidence.metric)
    ]
    return [
        *terms,
        (
            "Mean ± deviation",
            "Mean and standard deviation over the splits. The deviation says how much "
            "splits differ, not how sure the mean is.",
        ),
        (
            "Lead over plain LightGBM",
            "Mean difference, split by split, in the measure that ranks; positive is "
            "better, whichever way the measure points.",
        ),
        ("p", "How likely so large a lead or lag is if there is none in truth."),
        ("p, Holm", "The same, corrected for the number of methods."),
        (
            "Family",
            "A control does not rebalance by resampling or learning: plain learners, "
            "class weights, bagging, a tuned threshold. Own are the classifiers that "
            "you brought, whatever they do. All others rebalance.",
        ),
        (
            "Memory (MiB)",
            "The highest resident memory of the process while it fitted, its libraries "
            "included; 1 MiB is 1,048,576 bytes.",
        ),
        ("Rows trained on", "Rows that the learners saw, after resampling."),
        *([_TRIALS] if _is_tuned(board) else ()),
    ]
