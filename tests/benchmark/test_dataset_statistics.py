"""Methods over data sets, beside the worked examples of Demsar and others."""

# SPDX-License-Identifier: BSD-3-Clause

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from trimtab.benchmark.dataset_statistics import (
    compare_over_datasets,
    critical_difference,
    friedman_test,
    groups_not_told_apart,
    mean_ranks,
    nemenyi_p_values,
)
from trimtab.exceptions import InputError

DEMSAR = pd.DataFrame(
    [
        [0.763, 0.768, 0.771, 0.798],
        [0.599, 0.591, 0.590, 0.569],
        [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657],
        [0.882, 0.888, 0.886, 0.898],
        [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685],
        [0.583, 0.583, 0.563, 0.625],
        [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000],
        [0.940, 0.962, 0.965, 0.962],
        [0.619, 0.666, 0.614, 0.669],
        # The paper ranks the last two 2 and 3: they differ in a digit not printed.
        [0.972, 0.981, 0.9751, 0.975],
        [0.957, 0.978, 0.946, 0.970],
    ],
    columns=["C4.5", "+m", "+cf", "+m+cf"],
)
"""Journal of Machine Learning Research 7 (2006), Table 6."""


def test_friedman_test_is_that_of_demsar() -> None:
    """Ranks of 3.143, 2.000, 2.893 and 1.964; a statistic of 9.28, and F of 3.69.

    He leaves the ties uncorrected. Two sets have one pair of ties each, one has a pair
    more, and one four equal scores: 3 * (8 - 2) + (64 - 4) of 14 * (64 - 4) are lost.
    """
    test = friedman_test(DEMSAR)

    ranks = mean_ranks(DEMSAR)[[*DEMSAR]]
    assert ranks.tolist() == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    uncorrected = test.chi_square * (1 - (3 * 6 + 60) / (14 * 60))
    assert uncorrected == pytest.approx(9.28, abs=0.005)
    assert 13 * uncorrected / (14 * 3 - uncorrected) == pytest.approx(3.69, abs=0.005)
    # Corrected: as R and MATLAB have it, 10.2283 with p = 0.0167.
    assert test.chi_square == pytest.approx(10.2283464566929)
    assert test.chi_square_p == pytest.approx(0.0167215803284414)
    assert test.f == pytest.approx(13 * 10.2283464566929 / (42 - 10.2283464566929))
    assert test.f_p == pytest.approx(stats.f.sf(test.f, 3, 39))


def test_critical_difference_is_that_of_demsar() -> None:
    """1.25 at 0.05 and 1.12 at 0.10; and his Table 5 of quantiles."""
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)
    assert critical_difference(4, 14, 0.1) == pytest.approx(1.12, abs=0.005)
    table = [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164]
    for k, quantile in enumerate(table, start=2):
        error = math.sqrt(k * (k + 1) / (6 * 10))
        assert critical_difference(k, 10) / error == pytest.approx(quantile, abs=1.1e-3)


def test_nemenyi_p_values_agree_with_the_critical_difference() -> None:
    """Beside the Studentized range by hand; below 0.05 where the ranks differ more."""
    found = nemenyi_p_values(DEMSAR)
    ranks = mean_ranks(DEMSAR)
    error = math.sqrt(4 * 5 / (6 * 14))

    for one in DEMSAR:
        for other in DEMSAR.columns.drop(one):
            apart = abs(ranks[one] - ranks[other])
            p_value = stats.studentized_range.sf(
                apart / error * math.sqrt(2), 4, np.inf
            )
            assert found.loc[one, other] == pytest.approx(p_value, abs=1e-6)
            assert (p_value < 0.05) == (apart > critical_difference(4, 14))


def test_groups_are_the_largest_within_the_difference() -> None:
    """Of Demsar's learners none is told apart; a gap parts; singles are no group."""
    ranks = pd.Series({"d": 5.0, "a": 1.0, "c": 2.5, "b": 1.8, "e": 9.0})

    assert groups_not_told_apart(mean_ranks(DEMSAR), 1.25) == [
        ["+m+cf", "+m", "+cf", "C4.5"]
    ]
    assert groups_not_told_apart(ranks, 1.0) == [["a", "b"], ["b", "c"]]
    assert groups_not_told_apart(ranks, 1.6) == [["a", "b", "c"]]
    assert groups_not_told_apart(ranks, 0.1) == []


def test_order_of_columns_does_not_matter() -> None:
    """Nor does the sign, where less is better."""
    turned = -DEMSAR[[*reversed(DEMSAR.columns)]]

    one, other = friedman_test(DEMSAR), friedman_test(turned, greater_is_better=False)
    assert one.f == pytest.approx(other.f)
    assert one.f_p == pytest.approx(other.f_p)


def test_agreement_of_all_data_sets() -> None:
    """F has no value then: its p-value is that all orders but one occur by chance."""
    test = friedman_test(pd.DataFrame({"a": [3, 3, 3], "b": [2, 2, 2], "c": [1, 1, 1]}))

    assert test.f == np.inf
    assert test.f_p == pytest.approx(1 / 6**2)


def test_agreement_of_data_sets_with_ties() -> None:
    """Which of three leads alone has three outcomes; two pairs of four have six."""
    three = pd.DataFrame({"a": [3, 3], "b": [1, 1], "c": [1, 1]})
    four = pd.DataFrame({"a": [3] * 3, "b": [3] * 3, "c": [1] * 3, "d": [1] * 3})

    assert friedman_test(three).f_p == pytest.approx(1 / 3)
    assert friedman_test(four).f_p == pytest.approx(1 / 6**2)


def test_methods_that_are_equal_everywhere() -> None:
    """No difference and no warning."""
    test = friedman_test(pd.DataFrame({name: [0.5] * 4 for name in "abc"}))

    assert (test.chi_square, test.chi_square_p, test.f, test.f_p) == (0, 1, 0, 1)


def test_it_errs_as_rarely_as_it_says() -> None:
    """Five equal methods on twelve data sets, 500 times."""
    rng = np.random.default_rng(0)
    draws = [pd.DataFrame(rng.normal(size=(12, 5))) for _ in range(500)]
    found = np.mean([friedman_test(draw).f_p < 0.05 for draw in draws])

    assert abs(found - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 500)


def test_pairs_by_hand() -> None:
    """One row a pair; Holm's correction over all of them."""
    table = compare_over_datasets(DEMSAR, "+m").set_index("other")

    row = table.loc["C4.5"]
    differences = DEMSAR["+m"] - DEMSAR["C4.5"]
    assert row[["datasets", "ahead", "level", "behind"]].tolist() == [14, 10, 2, 2]
    assert row["difference"] == pytest.approx(differences.mean())
    assert row["low"] < row["difference"] < row["high"]
    assert row["p_t"] == pytest.approx(stats.ttest_1samp(differences, 0).pvalue)
    assert row["rank_biserial"] == pytest.approx(81 / 105)
    for test in ("p_t", "p_wilcoxon"):
        least = table[test].idxmin()
        assert table.loc[least, f"{test}_holm"] == pytest.approx(
            3 * table.loc[least, test]
        )
    assert len(compare_over_datasets(DEMSAR)) == 6


def test_less_is_better_turns_the_sign() -> None:
    """Positive is always to the first method's advantage."""
    one = compare_over_datasets(DEMSAR, "C4.5")
    other = compare_over_datasets(DEMSAR, "C4.5", greater_is_better=False)

    assert other["difference"].tolist() == pytest.approx((-one["difference"]).tolist())
    assert other["ahead"].tolist() == one["behind"].tolist()


def test_pairs_on_what_both_have() -> None:
    """A set that one of them did not finish is left out of their comparison."""
    scores = DEMSAR.copy()
    scores.loc[[0, 1], "+cf"] = np.nan
    table = compare_over_datasets(scores, "C4.5").set_index("other")

    assert table["datasets"].to_dict() == {"+m": 14, "+cf": 12, "+m+cf": 14}


def test_folds_are_no_data_sets() -> None:
    """Rows of the same data set are refused, with the cure."""
    folds = pd.concat([DEMSAR.rename({0: "pima"})] * 5)

    for ask in (friedman_test, compare_over_datasets, nemenyi_p_values):
        with pytest.raises(InputError, match="has 5 rows: average its folds and seeds"):
            ask(folds)


def test_too_little_to_compare() -> None:
    """Two methods, one data set, or a reference that is not there."""
    with pytest.raises(InputError, match="2 methods on 14 data sets"):
        friedman_test(DEMSAR[["C4.5", "+m"]])
    with pytest.raises(InputError, match="4 methods on 1 data sets"):
        friedman_test(DEMSAR[:1])
    with pytest.raises(InputError, match="no method 'c4': known are"):
        compare_over_datasets(DEMSAR, "c4")


def test_mean_ranks_by_hand() -> None:
    """Ties share a rank; a failure takes the last; two failures share the last two."""
    scores = pd.DataFrame(
        {
            "a": [0.9, 0.8, np.nan, np.nan],
            "b": [0.8, 0.8, 0.7, np.nan],
            "c": [0.7, 0.6, 0.9, 0.1],
        },
        index=["d1", "d2", "d3", "d4"],
    )

    ranks = mean_ranks(scores)

    assert ranks.to_dict() == {
        "a": (1 + 1.5 + 3 + 2.5) / 4,
        "b": (2 + 1.5 + 2 + 2.5) / 4,
        "c": (3 + 3 + 1 + 1) / 4,
    }
    assert ranks.is_monotonic_increasing


def test_mean_ranks_where_less_is_better() -> None:
    """The smallest is first, and a failure is still last."""
    scores = pd.DataFrame({"a": [0.3, 0.1], "b": [0.2, np.nan]})

    ranks = mean_ranks(scores, greater_is_better=False)

    assert ranks.to_dict() == {"a": 1.5, "b": 1.5}
