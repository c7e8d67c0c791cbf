"""A suite's reference against its other methods."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from trimtab.benchmark.protocol import Protocol
from trimtab.benchmark.statistics import corrected_t_test
from trimtab.benchmark.suites.reference import (
    compare_with_reference,
    difference_matrix,
    mean_differences,
    over_datasets,
)
from trimtab.benchmark.suites.suite import Entry, PaperValue, Suite

SUITE = Suite(
    name="toy",
    title="A toy",
    description="For tests.",
    datasets=("g/one", "g/two"),
    entries=(
        Entry("base", "logit"),
        Entry("ours", "forest"),
        Entry("rival", "boosting"),
    ),
    protocol=Protocol(1, test_size=0.15),
    metric="macro_f1",
    seeds=tuple(range(5)),
    paper=(
        PaperValue("g/one", "base", "macro_f1", 0.7, 0.05, 0.0001, 0.0003),
        PaperValue("g/one", "ours", "macro_f1", 0.8, 0.05),
    ),
    reference="ours",
)

OURS = [0.70, 0.72, 0.74, 0.76, 0.78]
BASE = [0.65, 0.70, 0.71, 0.72, 0.79]
RIVAL = [0.70, 0.73, 0.76, 0.79, 0.82]


def frame(
    scores: dict[str, list[float]], dataset: str = "g/one", metric: str = "macro_f1"
) -> pd.DataFrame:
    """Return results of one data set, a column of scores by seed for each method."""
    rows = [
        {
            "dataset": dataset,
            "method": method,
            "repeat": 0,
            "fold": 0,
            "seed": seed,
            "status": "done",
            metric: value,
        }
        for method, values in scores.items()
        for seed, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def results() -> pd.DataFrame:
    """Give three methods on one data set, five seeds, in no order."""
    rows = frame({"rival": RIVAL, "ours": OURS, "base": BASE})
    return rows.sample(frac=1, random_state=0)


def test_tests_are_paired_by_seed(results: pd.DataFrame) -> None:
    """Beside scipy's on the columns of scores, whatever the order of the rows."""
    table = compare_with_reference(results, SUITE, "macro_f1").set_index("method")

    assert [*table.index] == ["base", "ours", "rival"]
    base = table.loc["base"]
    assert base["difference"] == pytest.approx(0.026)
    assert base["p_t"] == pytest.approx(stats.ttest_rel(OURS, BASE).pvalue)
    # The differences are 5, 2, 3, 4 and -1: two of 32 signs are as far, on each side.
    assert base["p_wilcoxon"] == pytest.approx(4 / 32)
    peer = corrected_t_test(np.subtract(OURS, BASE), test_fraction=0.15)
    assert base["p_corrected"] == pytest.approx(peer.p_value)
    assert (base["low"], base["high"]) == pytest.approx((peer.low, peer.high))
    assert table["n"].tolist() == [5, 5, 5]


def test_holm_corrects_over_the_methods_of_a_data_set(results: pd.DataFrame) -> None:
    """Of two tests the smaller p-value doubles; the reference has none."""
    table = compare_with_reference(results, SUITE, "macro_f1").set_index("method")

    for test in ("p_t", "p_wilcoxon", "p_corrected"):
        low, high = sorted(table[test].dropna())
        corrected = sorted(table[f"{test}_holm"].dropna())
        assert corrected == pytest.approx([2 * low, max(2 * low, high)])
    assert table.loc["ours"].drop(["dataset", "n", "mean_rank"]).isna().all()


def test_mean_rank_over_the_runs_by_hand(results: pd.DataFrame) -> None:
    """Seed by seed; those that tie share a rank."""
    table = compare_with_reference(results, SUITE, "macro_f1").set_index("method")

    # Seed 0: ours and rival tie. Seed 4: rival, base, ours.
    expected = {"base": 2.8, "ours": (1.5 + 2 + 2 + 2 + 3) / 5, "rival": 5.5 / 5}
    assert table["mean_rank"].to_dict() == pytest.approx(expected)


def test_failed_run_ranks_last_and_is_not_paired(results: pd.DataFrame) -> None:
    """What failed is not rewarded, and does not count as a score of zero."""
    failed = (results["method"] == "rival") & (results["seed"] == 4)
    results.loc[failed, "status"] = "error"
    table = compare_with_reference(results, SUITE, "macro_f1").set_index("method")

    assert table.loc["rival", "n"] == 4
    assert table.loc["rival", "difference"] == pytest.approx(-0.015)
    assert table.loc["rival", "mean_rank"] == pytest.approx((1.5 + 1 + 1 + 1 + 3) / 5)


def test_runs_that_are_still_to_come_have_no_ranks(results: pd.DataFrame) -> None:
    """Half a suite: ranks over the seeds that all were tried on."""
    some = results[(results["method"] != "rival") | (results["seed"] == 0)]
    table = compare_with_reference(some, SUITE, "macro_f1").set_index("method")

    assert table["mean_rank"].to_dict() == {"base": 3.0, "ours": 1.5, "rival": 1.5}
    assert table.loc["rival", "n"] == 1
    assert np.isnan(table.loc["rival", "p_t"])


def test_less_may_be_better() -> None:
    """Positive is to the reference's advantage, whatever the measure."""
    losses = frame({"ours": [0.1, 0.2], "base": [0.3, 0.5]}, metric="log_loss")
    table = compare_with_reference(losses, SUITE, "log_loss").set_index("method")

    assert table.loc["base", "difference"] == pytest.approx(0.25)
    assert table["mean_rank"].to_dict() == {"base": 2.0, "ours": 1.0}


def test_p_values_of_the_paper_stand_beside(results: pd.DataFrame) -> None:
    """For the measure that they are of."""
    table = compare_with_reference(results, SUITE, "macro_f1").set_index("method")
    other = frame({"ours": OURS, "base": BASE}, metric="accuracy")

    assert table.loc["base", ["p_t_paper", "p_wilcoxon_paper"]].tolist() == [1e-4, 3e-4]
    assert table.loc["ours", ["p_t_paper", "p_wilcoxon_paper"]].isna().all()
    none = compare_with_reference(other, SUITE, "accuracy")
    assert none[["p_t_paper", "p_wilcoxon_paper"]].isna().all(axis=None)


def test_nothing_to_compare_with(results: pd.DataFrame) -> None:
    """A set without the reference has no rows; strangers are passed over."""
    without = results[results["method"] != "ours"]
    strangers = results.assign(method="stranger")

    assert compare_with_reference(without, SUITE, "macro_f1").empty
    assert compare_with_reference(strangers, SUITE, "macro_f1").empty
    both = pd.concat([results, frame({"base": BASE}, "g/two")])
    table = compare_with_reference(both, SUITE, "macro_f1")
    assert set(table["dataset"]) == {"g/one"}


def test_over_data_sets_and_as_a_matrix(results: pd.DataFrame) -> None:
    """Means over the sets, how often ahead, and methods by sets for the heat map."""
    second = frame({"ours": OURS, "base": [0.80] * 5}, "g/two")
    tests = compare_with_reference(pd.concat([results, second]), SUITE, "macro_f1")
    table = over_datasets(tests).set_index("method")

    base = table.loc["base"]
    assert base["difference"] == pytest.approx((0.026 - 0.06) / 2)
    assert base[["datasets", "ahead", "behind"]].tolist() == [2, 1, 1]
    # Over the first set alone: the rival was not run on the second.
    assert base["mean_rank"] == pytest.approx(2.8)
    assert table.loc["rival", "datasets"] == 1
    assert np.isnan(table.loc["ours", "difference"])
    matrix = difference_matrix(tests, SUITE)
    both = pd.concat([results, second])
    pd.testing.assert_frame_equal(
        mean_differences(both, SUITE, "macro_f1"), matrix, check_names=False
    )
    assert [*matrix.index], [*matrix] == (["base", "rival"], ["g/one", "g/two"])
    np.testing.assert_allclose(
        matrix.to_numpy(), [[0.026, -0.06], [-0.02, np.nan]], atol=1e-12
    )
