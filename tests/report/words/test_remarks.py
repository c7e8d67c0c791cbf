"""Tests of what is told beside the answer: data, threshold and probabilities."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import replace

import pandas as pd
import pytest

from tests.report.sample_evidence import with_repeated_rows
from tests.report.words.made_boards import BASE, EVIDENCE, advice, row, splits_of
from trimtab.report.words.advice import advise


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


def test_a_tuned_threshold_is_not_called_enough_on_a_plain_look_at_means() -> None:
    """On splits that vary, a higher mean settles nothing: both figures are told."""
    sentences = advice(
        row("lightgbm", 0.80, macro_f1_mean=0.70, tuned_macro_f1_mean=0.78, wobble=0.2),
        row("smote", 0.79, -0.01, macro_f1_mean=0.77, wobble=0.2),
    )

    assert sentences[2].startswith(
        "For yes-or-no decisions a tuned threshold takes plain LightGBM's macro F1 "
        "from 0.700 to 0.780"
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


def test_scores_that_are_almost_perfect_are_warned_of() -> None:
    """0.995 is more than a table usually gives; 0.994 is not remarked on."""
    found = advice(row("lightgbm", 0.995), row("smote", 0.98, -0.015))
    spared = advice(row("lightgbm", 0.994), row("smote", 0.98, -0.014))

    assert found[2] == (
        "With 0.995 in average precision, plain LightGBM is almost perfect: look for "
        "a column that gives the answer away."
    )
    assert not [s for s in spared if "perfect" in s]


def test_accuracy_that_is_almost_perfect_is_nothing_to_warn_of() -> None:
    """With a rare class everybody is right nearly always; precision is looked at."""
    rows = [row("lightgbm", 0.5, accuracy_mean=0.999)]

    assert "perfect" not in " ".join(advice(*rows, metric="accuracy"))


@pytest.mark.parametrize(("auc", "warns"), [(0.6, False), (0.996, True)])
def test_of_a_common_class_the_order_is_judged(auc: float, warns: bool) -> None:
    """Nine rows in ten are of it, and who always calls it is mostly right."""
    evidence = EVIDENCE()
    board = pd.DataFrame([row("lightgbm", 0.999, roc_auc_mean=auc)])
    common = replace(
        evidence,
        labels=replace(evidence.labels, positive=0),
        leaderboard=board,
        results=splits_of(board, evidence.protocol.n_splits),
    )
    remark = "With 0.996 in ROC AUC, plain LightGBM is almost perfect"

    assert (remark in " ".join(advise(common))) == warns
    assert ("perfect" in " ".join(advise(common))) == warns


def test_many_repeated_rows_are_pointed_out() -> None:
    """Nine of 800 rows are more than one in a hundred; eight are not."""
    found, spared = (
        advise(replace(EVIDENCE(), profile=with_repeated_rows(EVIDENCE(), n)))
        for n in (9, 8)
    )

    assert found[2].startswith("9 of the 800 rows (1.1 %) repeat an earlier one.")
    assert not [s for s in spared if "repeat" in s]
