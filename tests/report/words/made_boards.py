"""Leaderboards made up row by row, and the advice on them."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from tests.report.sample_evidence import make_evidence
from trimtab.report.words.advice import advise

NAN = float("nan")


def row(
    method: str,
    score: float,
    difference: float = NAN,
    *,
    family: str = "classic",
    p_holm: float = 0.5,
    reach: float = 0.02,
    **values: float,
) -> dict[str, Any]:
    """Return one row of a leaderboard; `reach` is half its interval.

    Its splits differ by ``wobble``, which no other row's splits share.
    """
    is_base = method == "lightgbm"
    return {
        "method": method,
        "family": "control" if is_base else family,
        "splits": 5,
        "failed": 0,
        "average_precision_mean": score,
        "difference": difference,
        "difference_low": difference - reach,
        "difference_high": difference + reach,
        "p_holm": NAN if is_base else p_holm,
        "fit_seconds_mean": 0.5,
        "calibration_error_mean": 0.02,
        "macro_f1_mean": 0.8,
        "tuned_macro_f1_mean": 0.8,
        "wobble": 0.001,
    } | values


def splits_of(board: pd.DataFrame, n_splits: int) -> pd.DataFrame:
    """Return results of `n_splits` folds whose means are those of the leaderboard.

    A method with fewer splits failed on the last of them.
    """
    pattern = np.linspace(-1, 1, n_splits) if n_splits > 1 else np.zeros(1)
    measures = [c.removesuffix("_mean") for c in board if c.endswith("_mean")]
    return pd.DataFrame(
        {
            "method": row["method"],
            "repeat": 0,
            "fold": fold,
            "status": "done" if fold < row["splits"] else "error",
        }
        | {m: row[f"{m}_mean"] + row["wobble"] * pattern[fold - i] for m in measures}
        for i, (_, row) in enumerate(board.iterrows())
        for fold in range(n_splits)
    )


EVIDENCE = cache(make_evidence)


def advice(
    *rows: dict[str, Any], metric: str = "average_precision", **fields: Any
) -> list[str]:
    """Return the advice for a leaderboard of these rows."""
    board, evidence = pd.DataFrame(rows), EVIDENCE(**fields)
    results = splits_of(board, evidence.protocol.n_splits)
    return advise(replace(evidence, leaderboard=board, results=results, metric=metric))


BASE = row("lightgbm", 0.80)
