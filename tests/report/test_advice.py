"""Tests of the advice: every answer that a leaderboard can ask for."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from tests.report.sample_evidence import make_evidence
from trimtab.benchmark.protocol import Protocol
from trimtab.report.advice import advise

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
    """Return one row of a leaderboard; `reach` is half its interval."""
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
    } | values


EVIDENCE = cache(make_evidence)


def advice(
    *rows: dict[str, Any], metric: str = "average_precision", **fields: Any
) -> list[str]:
    """Return the advice for a leaderboard of these rows."""
    board = pd.DataFrame(rows)
    return advise(replace(EVIDENCE(**fields), leaderboard=board, metric=metric))


BASE = row("lightgbm", 0.80)


def test_rebalancing_helps_where_a_method_is_really_better() -> None:
    """The answer names the method, both scores, the interval and the p-value."""
    sentences = advice(row("smote", 0.85, 0.05, p_holm=0.01), BASE)

    assert sentences == [
        "Rebalancing helps here: smote reaches an average precision of 0.850 against "
        "0.800; it is ahead of plain LightGBM by 0.050 in average precision (95 % "
        "interval +0.030 to +0.070, Holm-corrected p = 0.010).",
        "Use smote.",
    ]


def test_a_lead_that_may_be_chance_is_no_help() -> None:
    """The same lead with a Holm-corrected p-value of 0.05 does not count."""
    sentences = advice(row("smote", 0.85, 0.05, p_holm=0.05), BASE)

    assert sentences[0].startswith("Rebalancing is not shown to help here: the one")
    assert sentences[1].startswith("Stay with plain LightGBM")


def test_rebalancing_does_not_help_where_several_methods_are_behind() -> None:
    """How many are worse beyond chance is told."""
    sentences = advice(
        BASE,
        row("smote", 0.79, -0.01),
        row("adasyn", 0.78, -0.02, p_holm=0.03),
        row("near-miss-1", 0.30, -0.50, p_holm=0.001),
    )

    assert sentences[0].startswith(
        "Rebalancing does not help here: the best of 3 rebalancing methods, smote, is "
        "behind plain LightGBM by 0.010"
    )
    assert sentences[0].endswith("; 2 of them are worse than it beyond chance.")


def test_one_method_behind_by_chance_settles_nothing() -> None:
    """It may be ahead in truth: its interval reaches beyond what matters."""
    sentences = advice(BASE, row("smote", 0.79, -0.01))

    assert sentences[0].startswith("Rebalancing is not shown to help here")


def test_a_lead_that_is_surely_negligible_is_no_help() -> None:
    """An interval that ends below 0.01 leaves nothing to hope for."""
    sentences = advice(row("smote", 0.801, 0.001, reach=0.005), BASE)

    assert sentences[0].startswith("Rebalancing does not help here")


def test_a_control_that_wins_is_no_win_for_rebalancing() -> None:
    """The control is recommended, and the answer stays no."""
    sentences = advice(
        row("bagged-lightgbm", 0.86, 0.06, family="control", p_holm=0.01),
        BASE,
        *(row(name, 0.79, -0.01) for name in ("smote", "adasyn", "tomek-links")),
    )

    assert sentences[0].startswith("Rebalancing does not help here")
    assert sentences[1].startswith(
        "What does help is bagged-lightgbm, a control that resamples nothing"
    )


def test_a_control_that_does_as_well_is_preferred() -> None:
    """Where both are really better, whoever rebalances nothing is recommended."""
    sentences = advice(
        row("bagged-lightgbm", 0.86, 0.06, family="control", p_holm=0.01),
        row("smote", 0.85, 0.05, p_holm=0.01),
        BASE,
    )

    assert sentences[0].startswith(
        "Rebalancing beats plain LightGBM here, but so does a control: smote"
    )
    assert sentences[1].startswith("Use bagged-lightgbm")


def test_a_control_ahead_by_chance_is_said_to_be_so() -> None:
    """It is named, with its lead, and not recommended."""
    sentences = advice(
        row("xgboost", 0.81, 0.01, family="control"), BASE, row("smote", 0.79, -0.01)
    )

    assert sentences[1] == (
        "Stay with plain LightGBM: xgboost is ahead of it by 0.010, which may be "
        "chance."
    )


def test_less_is_better_for_some_measures() -> None:
    """For the Brier score a control with a larger error is not as good."""
    rows = [
        row("smote", NAN, 0.05, p_holm=0.01, brier_mean=0.10),
        row("xgboost", NAN, 0.04, family="control", p_holm=0.01, brier_mean=0.11),
        row("lightgbm", NAN, brier_mean=0.15),
    ]

    sentences = advice(*rows, metric="brier")

    assert sentences[0].startswith("Rebalancing helps here: smote reaches a Brier")
    assert sentences[1] == "Use smote."


def test_a_tuned_threshold_is_said_to_be_enough() -> None:
    """Plain LightGBM with a threshold beats the best that rebalances without one."""
    sentences = advice(
        row("lightgbm", 0.80, macro_f1_mean=0.70, tuned_macro_f1_mean=0.78),
        row("smote", 0.79, -0.01, macro_f1_mean=0.77),
        row("adasyn", 0.78, -0.02, macro_f1_mean=0.75),
    )

    assert sentences[2] == (
        "For yes-or-no decisions a tuned threshold is enough: it takes plain "
        "LightGBM's macro F1 from 0.700 to 0.780, and the best rebalancing method "
        "there, smote, has 0.770 at the default threshold."
    )


def test_a_tuned_threshold_may_not_be_enough() -> None:
    """Where rebalancing does more, both figures are told and nothing is claimed."""
    sentences = advice(
        row("lightgbm", 0.80, macro_f1_mean=0.70, tuned_macro_f1_mean=0.74),
        row("smote", 0.79, -0.01, macro_f1_mean=0.77),
    )

    assert sentences[2].startswith(
        "For yes-or-no decisions a tuned threshold takes plain LightGBM's macro F1 "
        "from 0.700 to 0.740"
    )
    assert "enough" not in sentences[2]


def test_bad_probabilities_of_the_recommended_method_are_warned_of() -> None:
    """Calibration is told with both errors."""
    sentences = advice(
        row("smote", 0.85, 0.05, p_holm=0.01, calibration_error_mean=0.15), BASE
    )

    assert sentences[-1].startswith(
        "The probabilities of smote are off by 0.150 on average, against 0.020"
    )


def test_a_high_price_is_told() -> None:
    """Twenty times the time to fit is worth a word."""
    sentences = advice(
        row("smote", 0.85, 0.05, p_holm=0.01, fit_seconds_mean=10.0), BASE
    )

    assert sentences[1] == (
        "Use smote; it takes 20 times as long to fit (10 s against 0.50 s)."
    )


def test_one_split_cannot_tell() -> None:
    """There is no p-value, and that is said first."""
    single = row("smote", 0.85, 0.05, p_holm=NAN, reach=NAN)

    sentences = advice(single, BASE, protocol=Protocol(1, 1, test_size=0.3))

    assert sentences[0] == (
        "This run is too small to tell whether rebalancing helps: one split alone "
        "says nothing about chance. The one rebalancing method, smote, is ahead of "
        "plain LightGBM by 0.050 in average precision."
    )


def test_a_handful_of_rare_rows_cannot_tell() -> None:
    """Twenty rare rows in five folds are four in each test part."""
    sentences = advice(row("smote", 0.85, 0.05), BASE, class_rows=(500, 20))

    assert "each test part holds only about 4 rows of “yes”" in sentences[0]


def test_without_plain_lightgbm_there_is_no_answer() -> None:
    """It was left out or failed; the best of the rest is still named."""
    failed = BASE | {"splits": 0, "failed": 5, "average_precision_mean": np.nan}

    sentences = advice(row("smote", 0.85), failed)

    assert sentences[0].startswith("Whether rebalancing helps is not answered here")
    assert sentences[1] == (
        "The best of what ran is smote, with an average precision of 0.850."
    )


def test_without_a_rebalancing_method_there_is_no_answer() -> None:
    """Controls alone cannot say."""
    sentences = advice(BASE, row("xgboost", 0.79, -0.01, family="control"))

    assert "no rebalancing method has a score" in sentences[0]


def test_nothing_finished_nothing_said() -> None:
    """A board without a single score is not a crash."""
    board = pd.DataFrame(
        [{"method": "lightgbm", "family": "control", "splits": 0, "failed": 5}]
    )

    sentences = advise(replace(EVIDENCE(), leaderboard=board))

    assert sentences == ["No method finished, so nothing can be said."]


def test_the_advice_on_whole_evidence_is_two_to_four_sentences() -> None:
    """Nothing is missing or wordy on a leaderboard as the harness makes it."""
    assert 2 <= len(advise(EVIDENCE())) <= 4
