"""A paper's claims beside results that are made up."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trimtab.benchmark.protocol import Protocol
from trimtab.benchmark.statistics import corrected_t_test
from trimtab.benchmark.suites.claim_standing import Standing, claim_standings
from trimtab.benchmark.suites.export_files import read_export
from trimtab.benchmark.suites.paper_claims import PAPERS, PaperClaim, parse_claims
from trimtab.benchmark.suites.suite import (
    Entry,
    PaperValue,
    Suite,
    list_suites,
    load_suite,
)
from trimtab.exceptions import InputError

ROOT = Path(__file__).parents[3]
LABELS = ["ours", "smote", "adasyn", "plain"]
SETS = ("g/one", "g/two")

LEAD = PaperClaim("MESA", "Table 1", "Ours leads.", "ours", ("*smote", "adasyn"), SETS)
SCORE = PaperClaim("MESA", "Table 1", "Ours is as good.", "ours", (), SETS)
LOSS = PaperClaim("MESA", "Table 2", "Plain is near.", "plain", ("ours",), SETS)

SUITE = Suite(
    name="toy",
    title="A toy",
    description="For tests.",
    datasets=SETS,
    entries=tuple(Entry(label, label) for label in LABELS),
    protocol=Protocol(1, test_size=0.2),
    metric="macro_f1",
    paper=(
        PaperValue("g/one", "ours", "macro_f1", 0.80, 0.04),
        PaperValue("g/one", "smote", "macro_f1", 0.70),
        PaperValue("g/one", "adasyn", "macro_f1", 0.75),
        PaperValue("g/one", "plain", "macro_f1", 0.78, 0.02),
        PaperValue("g/two", "ours", "macro_f1", 0.60),
    ),
)


def frame(one: dict[str, float], two: dict[str, float] | None = None) -> pd.DataFrame:
    """Return results of five seeds: these means, two hundredths up and down."""
    rows = [
        {
            "dataset": dataset,
            "method": method,
            "repeat": 0,
            "fold": 0,
            "seed": seed,
            "status": "done",
            "macro_f1": mean + 0.01 * (seed - 2) * (1 + LABELS.index(method)),
        }
        for dataset, means in zip(SETS, (one, two or {}), strict=True)
        for method, mean in means.items()
        for seed in range(5)
    ]
    return pd.DataFrame(rows)


def standing(
    claim: PaperClaim, results: pd.DataFrame, metric: str = "macro_f1"
) -> Standing:
    """Return where one claim stands."""
    claim = replace(claim, metrics=(metric,))
    return claim_standings(results, replace(SUITE, claims=(claim,)))[0]


def test_a_lead_is_over_the_best_rival() -> None:
    """The paper's best and ours may be others; the distance is of the leads."""
    found = standing(LEAD, frame({"ours": 0.7, "smote": 0.68, "adasyn": 0.5}))

    case = found.cases.iloc[0]
    assert (case["rival"], case["n"]) == ("smote", 5)
    assert (case["paper"], case["ours"]) == (pytest.approx(0.05), pytest.approx(0.02))
    assert case["distance"] == pytest.approx((0.02 - 0.05) / 0.04)
    differences = [0.02 - 0.01 * (seed - 2) for seed in range(5)]
    p_value = corrected_t_test(differences, 0.2).p_value
    assert case["p"] == pytest.approx(p_value)
    assert (found.verdict, found.n_held, found.n_planned) == ("held", 1, 2)


def test_some_cases_hold() -> None:
    """Ahead on one set, behind on the other, of which the paper says nothing."""
    two = {"ours": 0.5, "smote": 0.6, "adasyn": 0.4}
    found = standing(LEAD, frame({"ours": 0.7, "smote": 0.6, "adasyn": 0.5}, two))

    assert found.cases["ours"].tolist() == pytest.approx([0.1, -0.1])
    assert found.verdict == "held in part"
    # The number beside the paper's is of the paper's cases.
    assert (found.paper, found.ours) == (pytest.approx(0.05), pytest.approx(0.1))


@pytest.mark.parametrize(("mean", "held"), [(0.9, True), (0.765, True), (0.755, False)])
def test_a_score_may_be_a_deviation_below(mean: float, held: bool) -> None:
    """The paper's deviation, 0.04 below its 0.80; above it is as good."""
    found = standing(SCORE, frame({"ours": mean}))

    assert found.cases["held"].tolist() == [held]
    assert found.distance == pytest.approx((mean - 0.8) / 0.04)
    assert found.verdict == ("held" if held else "not held")


def test_where_the_paper_gives_no_deviation() -> None:
    """That of our own runs stands in, for the verdict alone: 0.0158 here."""
    near = standing(SCORE, frame({}, {"ours": 0.585}))
    far = standing(SCORE, frame({}, {"ours": 0.583}))

    assert (near.verdict, far.verdict) == ("held", "not held")
    assert np.isnan(near.distance)


@pytest.mark.parametrize(("mean", "held"), [(0.5, True), (0.465, True), (0.455, False)])
def test_a_loss_may_be_as_large_as_the_papers(mean: float, held: bool) -> None:
    """It reports 0.02 less with a deviation of 0.02."""
    found = standing(LOSS, frame({"ours": 0.5, "plain": mean}))

    assert found.paper == pytest.approx(-0.02)
    assert found.cases["held"].tolist() == [held]


def made_cases(*cases: tuple[float, float, bool, float], over: bool = True) -> Standing:
    """Return a claim by its cases: the paper's lead, ours, whether it held, and p."""
    columns = ["paper", "ours", "held", "p"]
    claim = LEAD if over else SCORE
    return Standing(claim, pd.DataFrame(cases, columns=columns), len(cases))


def test_the_p_values_of_a_claim_are_corrected_for_their_number() -> None:
    """0.03 and 0.04 are 0.06 each after Holm; 0.02 and 0.04 are 0.04 each."""
    both = (0.1, 0.1, True)

    assert made_cases((*both, 0.03), (*both, 0.04)).n_beyond_chance == 0
    assert made_cases((*both, 0.02), (*both, 0.04)).n_beyond_chance == 2
    assert made_cases((*both, 0.04)).n_beyond_chance == 1


def test_a_loss_is_no_lead_however_sure_it_is() -> None:
    """One that the paper reports too has held, and is not ahead beyond chance."""
    loss, lead = (-0.1, -0.05, True, 0.001), (0.1, 0.05, True, 0.001)
    alone, beside = made_cases(loss), made_cases(loss, lead)

    assert (alone.n_held, alone.n_ahead, alone.n_beyond_chance) == (1, 0, 0)
    assert (beside.n_held, beside.n_ahead, beside.n_beyond_chance) == (2, 1, 1)
    assert (alone.is_lead, beside.is_lead) == (False, True)
    assert made_cases((np.nan, 0.05, True, 0.001)).is_lead
    score = made_cases((0.8, 0.9, True, np.nan), over=False)
    assert (score.is_lead, score.n_ahead) == (False, 0)


def test_less_is_better_turns_leads_and_scores() -> None:
    """A lead is positive, and a score of the paper's is reached from above."""
    losses = frame({"ours": 0.3, "smote": 0.4, "adasyn": 0.5}).rename(
        columns={"macro_f1": "log_loss"}
    )

    assert standing(LEAD, losses, "log_loss").cases["ours"].tolist() == [
        pytest.approx(0.1)
    ]


def test_what_has_not_been_run_is_not_judged() -> None:
    """Neither with a rival half-way, nor without the method, nor the measure."""
    some = frame({"ours": 0.7, "smote": 0.6, "adasyn": 0.5})
    half = some[(some["method"] != "smote") | (some["seed"] < 2)]

    for results in (half, some[some["method"] != "ours"], some.iloc[:0]):
        found = standing(LEAD, results)
        assert (found.verdict, found.n_planned) == ("not run", 2)
        assert np.isnan(found.ours)
    assert standing(LEAD, some, "accuracy").verdict == "not run"


def test_art_gains_less_than_its_paper_says() -> None:
    """The committed table: 1.2 points over no rebalancing, where the paper has 2.6."""
    suite = load_suite("art-table1")
    results = read_export(ROOT / "docs" / "results" / "art-table1.csv.gz")
    first, gain, _, level = claim_standings(results, suite)

    assert (first.verdict, gain.verdict, level.verdict) == (
        "not held",
        "held in part",
        "held",
    )
    assert gain.paper == pytest.approx(0.0264, abs=1e-4)
    assert gain.ours == pytest.approx(0.012, abs=5e-4)


def test_claims_of_the_suites_name_a_paper() -> None:
    """Each is one of the four, and says where it is found."""
    claims = [claim for name in list_suites() for claim in load_suite(name).claims]

    assert len(claims) > 10
    assert {claim.paper for claim in claims} <= set(PAPERS)
    assert all(claim.where and claim.text.endswith(".") for claim in claims)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "our"}, "claim: no method 'our' in the suite: did you mean 'ours'"),
        ({"over": ["*x"]}, "claim: no method '\\*x' in the suite"),
        ({"metrics": ["macro_f2"]}, "claim: no metric 'macro_f2': did you mean"),
        ({"datasets": ["digits8"]}, "claim: the suite has no data set"),
    ],
)
def test_claims_that_make_no_sense(change: dict[str, object], message: str) -> None:
    """One line says what of it."""
    value = {"paper": "ART", "where": "1", "text": "So.", "method": "ours"} | change

    with pytest.raises(InputError, match=message):
        parse_claims([value], LABELS, ["sklearn/wine"], "macro_f1")
