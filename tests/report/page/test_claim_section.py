"""The papers' claims in words."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import replace

from tests.report.sample_suites import make_found
from trimtab.report.page.claim_section import claims_section


def test_headline_counts_what_has_held() -> None:
    """A lead on four sets, and a score that is too far below."""
    claims = claims_section([make_found()])

    assert claims["headline"] == "1 of 2 claims have held"
    assert claims["sentence"].startswith("Of the others 1 did not hold. ")
    assert claims["unheard"] == "MESA, Explicit Gradient and AutoSMOTE"
    lead, score = claims["rows"]
    assert (lead["verdict"], lead["mark"]) == ("Held", "better")
    assert lead["detail"] == "4 of 4 cases, no lead beyond chance"
    assert lead["paper_value"] == "+0.250"
    assert (score["verdict"], score["detail"]) == ("Not held", "3 not run")
    assert (
        score["distance"] == "−1.00" or float(score["distance"].replace("−", "-")) < -1
    )


def test_a_loss_that_the_paper_reports_is_not_called_a_lead() -> None:
    """Plain is behind here as there, beyond chance: it has held, and leads nothing."""
    found = make_found()
    lead, _ = found.suite.claims
    costs = replace(lead, text="Plain is near.", method="base", over=("ours",))
    one = replace(costs, datasets=("g/one",))
    suite = replace(found.suite, claims=(lead, one))
    results = found.results.copy()
    results["macro_f1"] += 0.001 * results["seed"] * (results["method"] == "ours")
    claims = claims_section([replace(found, suite=suite, results=results)])

    assert claims["headline"] == "2 of 2 claims have held"
    assert claims["sentence"].startswith("1 of these claims is a lead; 1 of them is")
    first, second = claims["rows"]
    assert first["detail"] == "4 of 4 cases, 4 leads beyond chance"
    assert second["our_value"].startswith("−")
    assert float(second["cases"]["p"][0].lstrip("<")) < 0.05
    assert (second["verdict"], second["detail"]) == ("Held", "")


def test_each_claim_says_how_it_is_run_again() -> None:
    """Only what it takes, quoted for a shell."""
    found = make_found()
    claims = tuple(replace(claim, datasets=("g/one",)) for claim in found.suite.claims)
    rows = claims_section([replace(found, suite=replace(found.suite, claims=claims))])

    assert rows["rows"][0]["command"] == (
        "trimtab bench run toy --datasets g/one --methods ours,base"
    )


def test_nothing_was_run_or_nothing_is_claimed() -> None:
    """The headline says so, without a division by nothing."""
    found = make_found()
    empty = replace(found, results=found.results.iloc[:0])
    silent = replace(found, suite=replace(found.suite, claims=()))

    assert claims_section([empty])["headline"] == "None of 2 claims has been run"
    assert claims_section([silent])["headline"].startswith("No claim of a paper")
    assert claims_section([empty])["rows"][0]["detail"] == ""
