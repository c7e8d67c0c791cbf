"""From results to a ranking."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import pandas as pd
import pytest

from trimtab.benchmark.leaderboard import BASELINE, COSTS, rank_methods
from trimtab.benchmark.methods import Method
from trimtab.benchmark.statistics import corrected_t_test, holm

SCORES: dict[str, list[float | None]] = {
    "better": [0.62, 0.71, 0.66],
    "lightgbm": [0.60, 0.70, 0.65],
    "worse": [0.50, 0.65, 0.55],
    "half": [0.90, None, 0.90],
    "broken": [None, None, None],
}
"""Average precision of three folds; None is a fold that failed."""

FOURTH = {"lightgbm": 0.50, "better": 0.53, "worse": 0.40, "half": 0.71, "broken": None}
FOUR_FOLDS = {name: [*SCORES[name], score] for name, score in FOURTH.items()}
"""One fold more, so that three are left where one failed: enough for a test."""

METHODS = {
    name: Method(name, f"What {name} is.", f"{name[0]}-family", lambda *_: None)
    for name in SCORES
}


def results_of(scores: dict[str, list[float | None]]) -> pd.DataFrame:
    """Return results as a store gives them; what fails has no measure."""
    rows: list[dict[str, Any]] = []
    for method, values in scores.items():
        for fold, value in enumerate(values):
            row = {"method": method, "repeat": 0, "fold": fold, "status": "error"}
            if value is not None:
                row |= {"status": "done", "average_precision": value}
                row |= {"log_loss": 1 - value}
                row |= dict.fromkeys(COSTS, 10.0 * (fold + 1))
            rows.append(row)
    return pd.DataFrame(rows)


def board_of(
    scores: dict[str, list[float | None]] = SCORES, metric: str = "average_precision"
) -> pd.DataFrame:
    """Return the leaderboard of these scores, by method."""
    board = rank_methods(results_of(scores), METHODS, metric, test_fraction=1 / 3)
    return board.set_index("method", drop=False)


def test_best_comes_first_and_failures_last() -> None:
    """Who failed a split stands behind who did not; who finished none, at the end."""
    board = board_of()

    assert [*board["method"]] == ["better", "lightgbm", "worse", "half", "broken"]
    assert [*board["splits"]] == [3, 3, 3, 2, 0]
    assert [*board["failed"]] == [0, 0, 0, 1, 3]


def test_order_of_a_measure_where_less_is_better() -> None:
    """The smallest log loss is first."""
    board = board_of(metric="log_loss")

    assert [*board["method"]] == ["better", "lightgbm", "worse", "half", "broken"]


def test_equal_scores_are_ordered_by_name() -> None:
    """The order hangs on nothing else."""
    scores = {name: [0.5, 0.6, 0.7] for name in ("worse", "lightgbm", "better")}

    assert [*board_of(scores)["method"]] == ["better", "lightgbm", "worse"]


def test_means_by_hand() -> None:
    """Mean, standard deviation of a sample, and mean costs over the finished splits."""
    board = board_of()

    assert board.loc["better", "average_precision_mean"] == pytest.approx(1.99 / 3)
    squares = (0.62 - 1.99 / 3) ** 2 + (0.71 - 1.99 / 3) ** 2 + (0.66 - 1.99 / 3) ** 2
    assert board.loc["better", "average_precision_sd"] == pytest.approx(
        np.sqrt(squares / 2)
    )
    assert board.loc["better", "log_loss_mean"] == pytest.approx(1.01 / 3)
    for cost in COSTS:
        assert board.loc["better", f"{cost}_mean"] == 20
        assert board.loc["half", f"{cost}_mean"] == 20
        assert np.isnan(board.loc["broken", f"{cost}_mean"])
    assert board.loc["half", "average_precision_sd"] == 0


def test_what_a_method_is_comes_along() -> None:
    """Family and description."""
    board = board_of()

    assert board.loc["worse", "family"] == "w-family"
    assert board.loc["worse", "description"] == "What worse is."


def test_difference_to_the_baseline() -> None:
    """Its mean, interval and p-value are those of the corrected t-test."""
    board = board_of()
    wanted = corrected_t_test([0.02, 0.01, 0.01], 1 / 3)

    row = board.loc["better"]
    assert row["difference"] == pytest.approx(0.04 / 3)
    assert row["difference_low"] == pytest.approx(wanted.low)
    assert row["difference_high"] == pytest.approx(wanted.high)
    assert row["p_value"] == pytest.approx(wanted.p_value)
    assert board.loc["worse", "difference"] == pytest.approx(-0.25 / 3)


@pytest.mark.parametrize("metric", ["average_precision", "log_loss"])
def test_positive_difference_is_better_whatever_the_direction(metric: str) -> None:
    """A smaller log loss is a positive difference."""
    board = board_of(metric=metric)

    assert board.loc["better", "difference"] == pytest.approx(0.04 / 3)
    assert (
        board.loc["better", "difference_low"] < board.loc["better", "difference_high"]
    )
    assert board.loc["worse", "difference"] == pytest.approx(-0.25 / 3)


def test_difference_is_over_the_splits_that_both_finished() -> None:
    """The fold that one of them failed does not count."""
    row = board_of(FOUR_FOLDS).loc["half"]
    wanted = corrected_t_test([0.30, 0.25, 0.21], 1 / 3)

    assert row["difference"] == pytest.approx(0.76 / 3)
    assert row["p_value"] == pytest.approx(wanted.p_value)
    assert np.isnan(board_of().loc["half", "p_value"])  # of two splits


def test_splits_are_paired_by_repeat_and_fold_not_by_order() -> None:
    """The rows of the results may come in any order."""
    shuffled = results_of(SCORES).sample(frac=1, random_state=0)

    board = rank_methods(shuffled, METHODS, "average_precision", 1 / 3)

    pd.testing.assert_frame_equal(
        board.set_index("method").loc[[*SCORES]],
        board_of().drop(columns="method").loc[[*SCORES]],
        check_like=True,
    )


def test_baseline_has_no_difference_to_itself() -> None:
    """NaN where nothing can be said; Holm counts the others alone."""
    board = board_of(FOUR_FOLDS)
    columns = ["difference", "difference_low", "difference_high", "p_value", "p_holm"]

    assert board.loc[[BASELINE, "broken"], columns].isna().all(axis=None)
    known = ["better", "worse", "half"]
    assert board.loc[known, "p_holm"].tolist() == pytest.approx(
        holm(board.loc[known, "p_value"]).tolist()
    )
    assert (board.loc[known, "p_holm"] >= board.loc[known, "p_value"]).all()


@pytest.mark.parametrize("baseline", [{}, {BASELINE: [None, None, None]}])
def test_without_a_baseline_there_are_no_differences(
    baseline: dict[str, list[float | None]],
) -> None:
    """Whether it was not run or failed, the rest is ranked all the same."""
    board = board_of({"worse": SCORES["worse"], "better": SCORES["better"], **baseline})

    assert [*board["method"]][:2] == ["better", "worse"]
    assert board[["difference", "p_value", "p_holm"]].isna().all(axis=None)


def test_nothing_finished() -> None:
    """Every method stands there, by name, with its failures and empty scores."""
    board = board_of({name: [None, None] for name in ("worse", "lightgbm", "broken")})

    assert [*board["method"]] == ["broken", "lightgbm", "worse"]
    assert [*board["failed"]] == [2, 2, 2]
    empty = ["average_precision_mean", "average_precision_sd", "fit_seconds_mean"]
    assert board[[*empty, "difference", "p_holm"]].isna().all(axis=None)


def test_measures_that_nobody_has_are_left_out() -> None:
    """The tuned ones, where no threshold was tuned."""
    columns = set(board_of())

    assert "log_loss_mean" in columns
    assert not [name for name in columns if name.startswith("tuned_")]


def test_one_split_has_no_standard_deviation() -> None:
    """And no p-value."""
    board = board_of({"lightgbm": [0.5], "better": [0.6]})

    assert board.loc["better", "difference"] == pytest.approx(0.1)
    assert np.isnan(board.loc["better", "average_precision_sd"])
    assert np.isnan(board.loc["better", "p_value"])
