"""Where a paper's claims stand, measured against our own results."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from trimtab.benchmark.statistics import holm
from trimtab.benchmark.suites.paper_claims import PaperClaim
from trimtab.benchmark.suites.reference import compare_with_reference
from trimtab.benchmark.suites.suite import Suite
from trimtab.benchmark.suites.summary import is_greater_better, summarise

__all__ = ["Standing", "claim_standings"]

_CASE_COLUMNS = [
    "dataset", "metric", "n", "rival", "paper", "ours", "sd", "distance", "held", "p",
]  # fmt: skip


@dataclass(frozen=True)
class Standing:
    """A claim, and what our results say of it.

    Attributes
    ----------
    claim : PaperClaim
        The claim.
    cases : DataFrame
        One row for each data set and measure of the claim on which we have results:
        ``dataset``, ``metric``, ``n`` (runs), ``rival`` (the best of those that are
        led, in ours; empty where the claim is a score), ``paper`` and ``ours`` (the
        score, or the lead over the best rival; positive is good for the method),
        ``sd`` (the paper's standard deviation of the method's score), ``distance``
        (ours minus the paper's, in that unit), ``held``, and of leads ``p`` (the
        corrected t-test's against that rival).
    n_planned : int
        How many cases the claim has.
    """

    claim: PaperClaim
    cases: pd.DataFrame
    n_planned: int

    @property
    def n_held(self) -> int:
        """In how many cases it held."""
        return int(self.cases["held"].sum())

    @property
    def is_lead(self) -> bool:
        """Whether it is a lead anywhere, not a loss that the paper itself reports."""
        is_loss = self.cases["paper"].to_numpy(dtype=float) <= 0
        return bool(self.claim.over) and not bool(is_loss.all())

    @property
    def n_ahead(self) -> int:
        """In how many cases our method is ahead of all that it is said to lead."""
        return int(self._ahead.sum())

    @property
    def n_beyond_chance(self) -> int:
        """In how many of these it is ahead by more than chance."""
        small = holm(self.cases["p"].to_numpy(dtype=float)) < 0.05
        return int((small & self._ahead).sum())

    @property
    def _ahead(self) -> NDArray[np.bool_]:
        ahead: NDArray[np.bool_] = self.cases["ours"].to_numpy(dtype=float) > 0
        return ahead & bool(self.claim.over)

    @property
    def verdict(self) -> str:
        """Held, held in part, not held, or not run."""
        if self.cases.empty:
            return "not run"
        if self.n_held == len(self.cases):
            return "held"
        return "held in part" if self.n_held else "not held"

    @property
    def paper(self) -> float:
        """The paper's number, a mean over the cases for which it has one."""
        return float(self.cases["paper"].mean())

    @property
    def ours(self) -> float:
        """Ours, over the cases for which the paper has a number; over all if none."""
        ours = self.cases["ours"]
        known = self.cases["paper"].notna()
        return float(ours[known].mean() if known.any() else ours.mean())

    @property
    def distance(self) -> float:
        """The mean distance in the paper's standard deviations, where it gives any."""
        return float(self.cases["distance"].mean())


def claim_standings(results: pd.DataFrame, suite: Suite) -> list[Standing]:
    """Return where each claim of a suite stands.

    A lead has held where our method is ahead of every rival in the mean. Where the
    paper itself reports a loss, it has held where ours is no greater by more than one
    of the paper's standard deviations. A score has held where ours is at most one
    standard deviation below the paper's: the paper's own, or that of our runs where
    the paper gives none.

    Parameters
    ----------
    results : DataFrame
        One row an experiment, methods by their labels.
    suite : Suite
        With its claims, and the paper's numbers.

    Returns
    -------
    list of Standing
        In the order of the suite's file.
    """
    return [_standing(claim, results, suite) for claim in suite.claims]


def _standing(claim: PaperClaim, results: pd.DataFrame, suite: Suite) -> Standing:
    labels = [entry.label for entry in suite.entries]
    rivals = claim.rivals(labels)
    wanted = [claim.method, *rivals]
    shown = results[
        results["method"].isin(wanted) & results["dataset"].isin(claim.datasets)
    ]
    rows = []
    for metric in claim.metrics:
        if shown.empty or metric not in shown:
            continue
        summary = summarise(shown, suite, metric)
        for dataset, scores in summary.groupby("dataset", sort=False):
            case = _case(scores.set_index("method"), claim, metric)
            if case is not None:
                pair = shown[shown["dataset"] == dataset]
                p_value = _p_value(pair, suite, claim, metric, case["rival"])
                rows.append(
                    {"dataset": dataset, "metric": metric, **case, "p": p_value}
                )
    cases = pd.DataFrame(rows, columns=_CASE_COLUMNS)
    return Standing(claim, cases, len(claim.datasets) * len(claim.metrics))


def _case(
    scores: pd.DataFrame, claim: PaperClaim, metric: str
) -> dict[str, object] | None:
    """Return one case; None where not all that it takes has been run."""
    tried = scores["n"] + scores["failed"]
    if claim.method not in scores.index or tried.nunique() > 1 or not scores["n"].all():
        return None
    sign = 1 if is_greater_better(metric) else -1
    own, unit = scores["mean"][claim.method], float(scores["paper_sd"][claim.method])
    paper = scores["paper_mean"][claim.method]
    rival = ""
    if claim.over:
        leads = (sign * (own - scores["mean"])).drop(claim.method)
        theirs = (sign * (paper - scores["paper_mean"])).drop(claim.method)
        if leads.empty:
            return None
        own, paper, rival = leads.min(), theirs.min(), str(leads.idxmin())
        # Where the paper reports a loss, ours may be as large, and a deviation more.
        least = paper - float(np.nan_to_num(unit)) if paper <= 0 else 0.0
        held = own >= least if paper <= 0 else own > 0
    elif np.isnan(paper):
        return None
    else:
        reach = unit if unit > 0 else float(np.nan_to_num(scores["sd"][claim.method]))
        held = sign * (own - paper) >= -reach
    distance = (own - paper) / unit if unit > 0 else np.nan
    return {
        "n": int(scores["n"][claim.method]),
        "rival": rival,
        "paper": paper,
        "ours": own,
        "sd": unit,
        "distance": distance,
        "held": bool(held),
    }


def _p_value(
    results: pd.DataFrame,
    suite: Suite,
    claim: PaperClaim,
    metric: str,
    rival: object,
) -> float:
    """Return the corrected test's p-value of the method against its best rival."""
    if not rival:
        return np.nan
    pair = results[results["method"].isin([claim.method, rival])]
    tests = compare_with_reference(pair, replace(suite, reference=claim.method), metric)
    found = tests.loc[tests["method"] == rival, "p_corrected"]
    return float(found.iloc[0]) if len(found) else np.nan
