"""Where the papers' claims stand, in words and tables."""

# SPDX-License-Identifier: BSD-3-Clause

import math
import shlex
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pandas as pd

from trimtab.benchmark.suites.claim_standing import Standing, claim_standings
from trimtab.benchmark.suites.paper_claims import PAPERS
from trimtab.benchmark.suites.suite_results import SuiteResults
from trimtab.report.words.wording import (
    enumerate_words,
    inside_sentence,
    number,
    p_value,
    signed,
)

__all__ = ["claims_section"]

_MARKS = {"held": "better", "held in part": "", "not held": "worse", "not run": "quiet"}


def claims_section(found: Sequence[SuiteResults]) -> dict[str, Any]:
    """Return what the page says of the papers' claims.

    Parameters
    ----------
    found : sequence of SuiteResults
        The suites and their results.

    Returns
    -------
    dict
        ``headline`` and ``sentence``, ``rows`` (one a claim), and ``unheard``: the
        papers of which no claim is among these suites.
    """
    standings = [
        (one, standing)
        for one in found
        for standing in claim_standings(one.results, one.suite)
    ]
    order = {paper: place for place, paper in enumerate(PAPERS)}
    standings.sort(key=lambda pair: order.get(pair[1].claim.paper, len(order)))
    papers = {standing.claim.paper for _, standing in standings}
    headline, sentence = _headline([standing for _, standing in standings])
    return {
        "headline": headline,
        "sentence": sentence,
        "rows": [_row(one, standing) for one, standing in standings],
        "unheard": enumerate_words([name for name in PAPERS if name not in papers]),
    }


def _headline(standings: list[Standing]) -> tuple[str, str]:
    """Return how many claims have held, and what came of the others."""
    counts = Counter(standing.verdict for standing in standings)
    tried = len(standings) - counts["not run"]
    if not standings:
        return "No claim of a paper is in these suites", ""
    if not tried:
        return f"None of {len(standings)} claims has been run", ""
    counted = [
        (counts["held in part"], "held in part"),
        (counts["not held"], "did not hold"),
        (counts["not run"], f"{_have(counts['not run'])} not been run"),
    ]
    parts = [f"{n} {what}" for n, what in counted if n]
    others = f"Of the others {enumerate_words(parts)}. " if parts else ""
    return f"{counts['held']} of {tried} claims have held", others + _surely(standings)


def _have(n: int) -> str:
    return "has" if n == 1 else "have"


def _surely(standings: list[Standing]) -> str:
    """Return how many leads are more than chance."""
    leads = [one for one in standings if one.is_lead and len(one.cases)]
    if not leads:
        return ""
    sure = sum(one.n_beyond_chance > 0 for one in leads)
    are = "is a lead" if len(leads) == 1 else "are leads"
    return (
        f"{len(leads)} of these claims {are}; {sure or 'none'} of them "
        f"{'is' if sure < 2 else 'are'} beyond chance on any data set."
    )


def _row(found: SuiteResults, standing: Standing) -> dict[str, Any]:
    """Return one claim as the page shows it."""
    claim = standing.claim
    write = signed if claim.over else number
    verdict = standing.verdict
    return {
        "paper": claim.paper,
        "where": claim.where,
        "text": claim.text,
        "paper_value": write(standing.paper),
        "our_value": write(standing.ours),
        "distance": signed(standing.distance, 2),
        "verdict": verdict[:1].upper() + verdict[1:],
        "detail": _detail(standing),
        "mark": _MARKS[verdict],
        "suite": found.suite.name,
        "command": _command(found, standing),
        "cases": _cases(standing),
    }


def _detail(standing: Standing) -> str:
    """Return in how many cases a claim has held, and how surely."""
    n, missing = len(standing.cases), standing.n_planned - len(standing.cases)
    if not n:
        return ""
    parts = [f"{standing.n_held} of {n} cases"] if n > 1 else []
    if standing.n_ahead:
        parts.append(_chance(standing.n_beyond_chance, n))
    if missing:
        parts.append(f"{missing} not run")
    return ", ".join(parts)


def _chance(sure: int, n: int) -> str:
    """Return how many of the leads among `n` cases are more than chance."""
    if n == 1:
        return "beyond chance" if sure else "not beyond chance"
    return f"{sure or 'no'} lead{'s' if sure > 1 else ''} beyond chance"


def _command(found: SuiteResults, standing: Standing) -> str:
    """Return how the experiments of one claim alone are run again."""
    claim, suite = standing.claim, found.suite
    labels = [entry.label for entry in suite.entries]
    methods = [claim.method, *claim.rivals(labels)]
    command = found.command
    if set(claim.datasets) != set(suite.datasets):
        command += f" --datasets {shlex.quote(','.join(claim.datasets))}"
    return f"{command} --methods {shlex.quote(','.join(methods))}"


def _cases(standing: Standing) -> pd.DataFrame:
    """Return the cases of one claim as texts."""
    cases, is_lead = standing.cases, bool(standing.claim.over)
    write = signed if is_lead else number
    table = pd.DataFrame(
        {
            "Data set": cases["dataset"],
            "Measure": [inside_sentence(metric) for metric in cases["metric"]],
            "Runs": [str(n) for n in cases["n"]],
            "Paper": [write(value) for value in cases["paper"]],
            "Ours": [write(value) for value in cases["ours"]],
            "In the paper's sd": [signed(value, 2) for value in cases["distance"]],
        }
    )
    if is_lead:
        table["Best rival"] = cases["rival"]
        table["p"] = [
            "–" if math.isnan(value) else p_value(value) for value in cases["p"]
        ]
    table["Held"] = ["yes" if held else "no" for held in cases["held"]]
    return table
