"""Tests of the numbers behind the curves."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from tests.report.sample_evidence import make_evidence
from trimtab.benchmark.evidence import Prediction
from trimtab.metrics import expected_calibration_error
from trimtab.report.charts.curves import (
    by_method,
    class_shares,
    confusion,
    mean_precision,
    precision_at,
    reliability,
)


def prediction(
    codes: list[int], positive: list[float], threshold: float | None = None
) -> Prediction:
    """Return a prediction for two classes from the second one's probabilities."""
    score = np.array(positive, dtype=np.float32)
    return Prediction(
        "made-up",
        0,
        0,
        np.array(codes),
        np.column_stack([1 - score, score]),
        threshold,
    )


def test_precision_at_a_recall_is_that_of_the_highest_threshold_that_reaches_it() -> (
    None
):
    """Ranked right, wrong, right, right: precision 1 up to a third, then 2/3, 3/4."""
    truth = np.array([True, False, True, True])
    score = np.array([0.9, 0.8, 0.7, 0.6])

    found = precision_at(truth, score, np.array([0, 0.1, 1 / 3, 0.34, 2 / 3, 1]))

    assert found == pytest.approx([1, 1, 1, 2 / 3, 2 / 3, 3 / 4])


def test_precision_where_the_first_rows_are_wrong() -> None:
    """Rows that are ranked first and wrong count at every recall."""
    truth = np.array([False, False, True])

    found = precision_at(truth, np.array([0.9, 0.8, 0.1]), np.array([0.0, 1.0]))

    assert found == pytest.approx([1 / 3, 1 / 3])


def test_the_area_under_the_curve_is_the_average_precision() -> None:
    """The curve that is drawn and the measure that ranks tell the same story."""
    random = np.random.default_rng(0)
    truth = random.random(300) < 0.2
    score = np.round(truth + random.normal(size=300), 1)
    middles = (np.arange(20000) + 0.5) / 20000

    area = precision_at(truth, score, middles).mean()

    assert area == pytest.approx(average_precision_score(truth, score), abs=1e-3)


def test_mean_precision_averages_over_splits() -> None:
    """A perfect and a reversed ranking of one row in two: 1 and 1/2, mean 3/4."""
    splits = [prediction([0, 1], [0.1, 0.9]), prediction([1, 0], [0.1, 0.9])]

    assert mean_precision(splits, 1, np.array([1.0])) == pytest.approx([0.75])


def test_reliability_counts_the_rows_of_all_splits_in_ten_bins() -> None:
    """Five rows in two splits fall into the bins 0.1, 0.4 and 0.9."""
    splits = [
        prediction([0, 1, 1], [0.125, 0.1875, 1.0]),
        prediction([0, 1], [0.40625, 0.96875]),
    ]

    table = reliability(splits, 1)

    assert table["bin"].tolist()[:2] == ["0.0–0.1", "0.1–0.2"]
    assert table["rows"].tolist() == [0, 2, 0, 0, 1, 0, 0, 0, 0, 2]
    assert table["observed"].tolist()[1] == 0.5
    assert table["predicted"].tolist()[1] == pytest.approx(0.15625)
    assert np.isnan(table["observed"][0])


def test_reliability_adds_up_to_the_calibration_error() -> None:
    """The gaps of the diagram, weighed by rows, are the leaderboard's measure."""
    splits = by_method(make_evidence().predictions)["smote"]
    codes = np.concatenate([p.codes for p in splits])
    scores = np.concatenate([p.scores for p in splits])

    table = reliability(splits, 1)

    gaps = (table["rows"] * (table["observed"] - table["predicted"])).abs().sum()
    assert gaps / len(codes) == pytest.approx(
        expected_calibration_error(codes, scores, 1), abs=1e-6
    )


def test_class_shares_add_up_to_one_in_and_outside_the_class() -> None:
    """A probability of exactly 1 is in the last bin."""
    inside, outside = class_shares([prediction([1, 1, 0], [1.0, 0.3, 0.3])], 1, 4)

    assert inside.tolist() == [0, 0.5, 0, 0.5]
    assert outside.tolist() == [0, 1, 0, 0]


def test_confusion_sums_over_splits_at_either_threshold() -> None:
    """Rows are the truth, columns the call; each split has its own threshold."""
    splits = [
        prediction([0, 1], [0.4, 0.45], threshold=0.42),
        prediction([0, 1], [0.6, 0.7], threshold=0.65),
    ]

    default = confusion(splits, 2, 1, tuned=False)
    tuned = confusion(splits, 2, 1, tuned=True)

    assert default is not None
    assert default.tolist() == [[1, 1], [1, 1]]
    assert tuned is not None
    assert tuned.tolist() == [[2, 0], [0, 2]]


def test_there_is_no_tuned_confusion_without_a_threshold() -> None:
    """One split without a threshold is enough."""
    splits = [prediction([0, 1], [0.1, 0.9], 0.5), prediction([0, 1], [0.1, 0.9])]

    assert confusion(splits, 2, 1, tuned=True) is None
