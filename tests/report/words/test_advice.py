"""Tests of the advice: every answer that a leaderboard can ask for."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.report.words.made_boards import BASE, EVIDENCE, NAN, advice, row
from trimtab.benchmark.protocol import Protocol
from trimtab.report.words.advice import advise


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


def test_rebalancing_does_not_help_where_the_best_surely_gain_nothing() -> None:
    """How many are worse beyond chance is told; a hopeless one may vary as it likes."""
    sentences = advice(
        BASE,
        row("smote", 0.79, -0.01, reach=0.015),
        row("adasyn", 0.78, -0.02, p_holm=0.03),
        row("tomek-links", 0.78, -0.02, reach=0.029),
        row("near-miss-1", 0.30, -0.50, p_holm=0.001, reach=0.6),
    )

    assert sentences[0].startswith(
        "Rebalancing does not help here: the best of 4 rebalancing methods, smote, is "
        "behind plain LightGBM by 0.010"
    )
    assert sentences[0].endswith("; 2 of them are worse than it beyond chance.")


def test_one_method_behind_by_chance_settles_nothing() -> None:
    """It may be ahead in truth: its interval reaches beyond what matters."""
    sentences = advice(BASE, row("smote", 0.79, -0.01))

    assert sentences[0].startswith("Rebalancing is not shown to help here")


def test_several_behind_on_wide_intervals_settle_nothing() -> None:
    """Of 200 rows the intervals reach from ruin to triumph."""
    sentences = advice(
        BASE,
        row("smote", 0.783, -0.017, reach=0.383),
        row("adasyn", 0.78, -0.02, reach=0.3),
        row("tomek-links", 0.78, -0.02, reach=0.3),
    )

    assert sentences[0].startswith("Rebalancing is not shown to help here: the best")


@pytest.mark.parametrize("place", [0, 1, 2])
def test_any_of_the_best_three_may_leave_hope(place: int) -> None:
    """Two surely gain nothing; the interval of the other reaches far above 0.01."""
    names = ("smote", "adasyn", "tomek-links")
    rows = [
        row(name, 0.79, -0.01, reach=0.3 if i == place else 0.015)
        for i, name in enumerate(names)
    ]

    assert advice(BASE, *rows)[0].startswith("Rebalancing is not shown to help here")


def test_what_is_negligible_depends_on_the_size_of_an_error() -> None:
    """A Brier score of 0.010 can sink by 0.005: that would be half of it."""
    rows = [
        row("lightgbm", NAN, brier_mean=0.010),
        row("smote", NAN, -0.001, reach=0.006, brier_mean=0.011),
    ]

    sentences = advice(*rows, metric="brier")

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
        *(row(name, 0.77, -0.03) for name in ("smote", "adasyn", "tomek-links")),
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


def test_rebalancing_must_be_really_ahead_of_the_best_control() -> None:
    """What helped was the forest: its balanced kin is level with it."""
    sentences = advice(
        row("balanced-random-forest", 0.8510, 0.0510, p_holm=0.01),
        row("random-forest", 0.8508, 0.0508, family="control", p_holm=0.01),
        BASE,
    )

    assert sentences[0].startswith(
        "Rebalancing beats plain LightGBM here, but so does a control: balanced-"
    )
    assert sentences[1] == "Use random-forest: it resamples nothing and scores 0.851."


def test_rebalancing_that_is_really_ahead_of_a_winning_control_helps() -> None:
    """Both are better than plain LightGBM, and every split is for the one."""
    sentences = advice(
        row("smote", 0.90, 0.10, p_holm=0.01),
        row("random-forest", 0.85, 0.05, family="control", p_holm=0.01),
        BASE,
    )

    assert sentences[0].startswith("Rebalancing helps here: smote")
    assert sentences[1] == "Use smote."


def test_the_lead_over_a_control_may_be_chance_on_splits_that_vary() -> None:
    """The same means, with splits that differ far more than the methods."""
    sentences = advice(
        row("smote", 0.90, 0.10, p_holm=0.01, wobble=0.2),
        row("random-forest", 0.85, 0.05, family="control", p_holm=0.08, wobble=0.2),
        BASE,
    )

    assert sentences[0].startswith(
        "Rebalancing beats plain LightGBM here, but is not shown to beat a control"
    )
    assert sentences[1].startswith("Use smote; but random-forest")


def test_an_own_classifier_that_wins_is_no_win_for_rebalancing() -> None:
    """It is recommended in neutral words, and what rebalances is judged apart."""
    own = row("my-logreg", 0.85, 0.05, family="own", p_holm=0.01)

    alone = advice(own, BASE)
    beside = advice(own, BASE, row("smote", 0.77, -0.03))

    use = (
        "my-logreg is ahead of plain LightGBM by 0.050 in average precision: use it "
        "(95 % interval +0.030 to +0.070, Holm-corrected p = 0.010)."
    )
    assert alone[0] == use
    assert alone[1].startswith("Whether rebalancing helps is not answered here")
    assert beside[0].startswith("Rebalancing does not help here: the one")
    assert beside[1] == use


def test_an_own_copy_of_lightgbm_is_no_rebalancing_method() -> None:
    """It is level with what it copies, and there is nothing to say of it."""
    copy = row("my-copy", 0.80, 0.0, family="own", p_holm=NAN, reach=0.0)

    sentences = advice(BASE, copy)

    assert sentences[0].startswith("Stay with plain LightGBM: nothing that ran is")
    assert "rebalancing method, my-copy" not in " ".join(sentences)


def test_an_own_classifier_ahead_on_one_split_is_not_recommended() -> None:
    """One split cannot tell, and that is said."""
    own = row("my-logreg", 0.85, 0.05, family="own", p_holm=NAN, reach=NAN)

    sentences = advice(own, BASE, protocol=Protocol(1, 1, test_size=0.3))

    assert sentences[0] == (
        "Stay with plain LightGBM: my-logreg is ahead of it by 0.050, which may be "
        "chance. This run is too small to tell: one split alone says nothing about "
        "chance."
    )


def test_a_better_rebalancing_method_is_used_before_an_own_classifier() -> None:
    """Both are ahead beyond chance; the score decides."""
    sentences = advice(
        row("smote", 0.90, 0.10, p_holm=0.01),
        row("my-logreg", 0.85, 0.05, family="own", p_holm=0.01),
        BASE,
    )

    assert sentences[:2] == [sentences[0], "Use smote."]
    assert sentences[0].startswith("Rebalancing helps here: smote")


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


def test_a_high_price_is_told() -> None:
    """Twenty times the time to fit is worth a word."""
    sentences = advice(
        row("smote", 0.85, 0.05, p_holm=0.01, fit_seconds_mean=10.0), BASE
    )

    assert sentences[1] == (
        "Use smote; it takes 20 times as long to fit (10 s against 0.50 s)."
    )


def test_a_price_of_up_to_three_times_is_not_told() -> None:
    """Three times 0.5 s go without a word, a little more does not."""
    told = []
    for took in (0.75, 1.5, 1.51):
        smote = row("smote", 0.85, 0.05, p_holm=0.01, fit_seconds_mean=took)
        told.append(advice(smote, BASE)[1])

    assert told[:2] == ["Use smote.", "Use smote."]
    assert told[2].startswith("Use smote; it takes 3 times as long to fit")


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


PARTLY = {"splits": 4, "failed": 1}


def test_a_method_that_failed_on_a_split_is_not_chosen() -> None:
    """The split that it failed on may be the hard one: the next one is recommended."""
    flaky = row("adasyn", 0.95, 0.15, p_holm=0.001, **PARTLY)
    own = row("mine", 0.96, 0.16, family="own", p_holm=0.001, **PARTLY)

    helps = advice(row("smote", 0.85, 0.05, p_holm=0.01), BASE, own, flaky)
    does_not = advice(BASE, row("smote", 0.79, -0.01), own, flaky)

    assert helps[0].startswith("Rebalancing helps here: smote reaches")
    assert helps[1] == "Use smote."
    assert "the one rebalancing method that finished all splits, smote" in does_not[0]
    assert does_not[1] == (
        "Stay with plain LightGBM: nothing that finished all splits is ahead of it "
        "beyond chance."
    )


def test_a_method_is_chosen_with_a_word_where_all_failed_on_some_split() -> None:
    """How many splits it finished stands in the sentence."""
    sentences = advice(
        row("smote", 0.85, 0.05, p_holm=0.01, **PARTLY),
        row("lightgbm", 0.80, **PARTLY),
    )

    assert sentences[0].startswith(
        "Rebalancing helps here: smote (finished 4 of 5 splits) reaches"
    )
    assert sentences[1] == "Use smote (finished 4 of 5 splits)."


def test_rebalancing_that_always_failed_somewhere_gives_no_answer() -> None:
    """What the first of them reached where it finished is told."""
    sentences = advice(BASE, row("smote", 0.95, 0.15, p_holm=0.001, **PARTLY))

    assert sentences[0] == (
        "Whether rebalancing helps is not answered here: no rebalancing method "
        "finished all splits; smote finished 4 of 5 splits, and is ahead of plain "
        "LightGBM by 0.150 in average precision on those."
    )
    assert sentences[1].startswith("The best of what finished all splits is plain")


def test_scores_are_compared_on_the_splits_that_both_finished() -> None:
    """On the four of plain LightGBM the other's mean is lower than on its five."""
    sentences = advice(
        row("smote", 0.85, 0.045, p_holm=0.01, wobble=0.02),
        row("lightgbm", 0.80, wobble=0.0, **PARTLY),
    )

    assert "smote reaches an average precision of 0.845 against 0.800" in sentences[0]
    assert sentences[2] == (
        "Plain LightGBM finished 4 of 5 splits: others are compared with it on those "
        "alone."
    )


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
