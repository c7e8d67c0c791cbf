"""What to do, in a few plain sentences.

A difference counts as real only where its Holm-corrected p-value is below 0.05.
Controls do not rebalance: plain learners, class weights, bagging, a tuned threshold.
A control that wins is therefore no win for rebalancing.
"""

# SPDX-License-Identifier: BSD-3-Clause

import math
from dataclasses import dataclass

import pandas as pd

from trimtab.benchmark.evidence import Evidence
from trimtab.benchmark.leaderboard import BASELINE
from trimtab.metrics import MEASURES
from trimtab.report.wording import inside_sentence, number, p_value, seconds, signed

__all__ = ["LEVEL", "advise", "is_real"]

LEVEL = 0.05
"""A Holm-corrected p-value below this makes a difference real."""

FEW_SPLITS = 3
FEW_POSITIVES = 10
SEVERAL = 3
NEGLIGIBLE = 0.01
"""A lead that is surely smaller than this is not worth a method."""


def is_real(row: pd.Series) -> bool:
    """Return whether a leaderboard row differs from plain LightGBM beyond chance."""
    return bool(row.get("p_holm", math.nan) < LEVEL)


def advise(evidence: Evidence) -> list[str]:
    """Return what the comparison says, most important first.

    Parameters
    ----------
    evidence : Evidence
        What the comparison has found out.

    Returns
    -------
    list of str
        Two to four sentences of plain text. The first answers whether rebalancing
        helps, the second says what to use; the others, where there is reason to, are
        about the decision threshold, the probabilities, and what the data are too
        small to tell.
    """
    ranking = _Ranking.of(evidence)
    if ranking.best is None:
        return ["No method finished, so nothing can be said."]
    if ranking.base is None or ranking.rebalancer is None:
        return _without_comparison(ranking)
    verdict, chosen = _verdict(ranking)
    sentences = [verdict, chosen.sentence]
    sentences += _about_threshold(ranking)
    sentences += _about_probabilities(ranking, chosen.row)
    return sentences[:4]


@dataclass(frozen=True)
class _Ranking:
    """The leaderboard's rows that matter; None where there is no such row."""

    metric: str
    best: pd.Series | None
    base: pd.Series | None
    control: pd.Series | None
    rebalancer: pd.Series | None
    rebalancers: pd.DataFrame
    doubt: str

    @classmethod
    def of(cls, evidence: Evidence) -> "_Ranking":
        board = evidence.leaderboard
        done = board[board["splits"] > 0]
        is_control = done["family"] == "control"
        is_base = done["method"] == BASELINE
        return cls(
            metric=evidence.metric,
            best=_first(done),
            base=_first(done[is_base]),
            control=_first(done[is_control & ~is_base]),
            rebalancer=_first(done[~is_control]),
            rebalancers=done[~is_control],
            doubt=_doubt(evidence),
        )

    @property
    def title(self) -> str:
        """The measure's name inside a sentence."""
        return inside_sentence(self.metric)

    def score(self, row: pd.Series) -> float:
        """Return the row's mean of the ranking measure."""
        return float(row[f"{self.metric}_mean"])

    def is_as_good(self, row: pd.Series, other: pd.Series) -> bool:
        """Return whether `row` ranks at least as high as `other`."""
        sign = 1 if MEASURES[self.metric].greater_is_better else -1
        return sign * self.score(row) >= sign * self.score(other)


@dataclass(frozen=True)
class _Choice:
    row: pd.Series
    sentence: str


def _first(rows: pd.DataFrame) -> pd.Series | None:
    return None if rows.empty else rows.iloc[0]


def _name(row: pd.Series) -> str:
    return "plain LightGBM" if row["method"] == BASELINE else str(row["method"])


def _doubt(evidence: Evidence) -> str:
    """Return why the run is too small to tell a difference; empty where it is not."""
    protocol, labels = evidence.protocol, evidence.labels
    n_splits = protocol.n_splits * protocol.n_repeats
    share = protocol.test_size or 1 / protocol.n_splits
    per_test = share * labels.counts[labels.positive]
    name = labels.names[labels.positive]
    if n_splits == 1:
        return "one split alone says nothing about chance"
    if per_test < FEW_POSITIVES:
        return f"each test part holds only about {per_test:.0f} rows of “{name}”"
    if n_splits < FEW_SPLITS:
        return f"{n_splits} splits are too few to tell a difference from chance"
    return ""


def _without_comparison(ranking: _Ranking) -> list[str]:
    """Answer where there is nothing to compare with, or nothing to be compared."""
    best = ranking.best
    assert best is not None
    if ranking.base is None:
        reason = "plain LightGBM, which all others are measured against, has no score"
    else:
        reason = "no rebalancing method has a score"
    return [
        f"Whether rebalancing helps is not answered here: {reason}.",
        f"The best of what ran is {_name(best)}, with {_a(ranking.title)} of "
        f"{number(ranking.score(best))}.",
    ]


def _a(noun: str) -> str:
    return f"{'an' if noun[0].lower() in 'aeiou' else 'a'} {noun}"


def _lead(row: pd.Series, title: str) -> str:
    """Return a row's difference to plain LightGBM in words."""
    difference = float(row["difference"])
    text = (
        f"{'ahead of' if difference >= 0 else 'behind'} plain LightGBM by "
        f"{number(abs(difference))} in {title}"
    )
    low, high, p = (
        row.get(name, math.nan)
        for name in ("difference_low", "difference_high", "p_holm")
    )
    if pd.isna(low) or pd.isna(high) or pd.isna(p):
        return text
    interval = f"95 % interval {signed(low)} to {signed(high)}"
    return f"{text} ({interval}, Holm-corrected p {_equals(p)})"


def _equals(p: float) -> str:
    text = p_value(p)
    return text if text[0] == "<" else f"= {text}"


def _verdict(ranking: _Ranking) -> tuple[str, _Choice]:
    """Return whether rebalancing helps, and what to use."""
    winners = [
        row
        for _, row in ranking.rebalancers.iterrows()
        if is_real(row) and row["difference"] > 0
    ]
    if winners:
        return _it_helps(ranking, winners[0])
    return _it_does_not(ranking)


def _it_helps(ranking: _Ranking, winner: pd.Series) -> tuple[str, _Choice]:
    base, control = ranking.base, ranking.control
    assert base is not None
    facts = (
        f"{_name(winner)} reaches {_a(ranking.title)} of "
        f"{number(ranking.score(winner))} against {number(ranking.score(base))}; it is "
        f"{_lead(winner, ranking.title)}."
    )
    if control is not None and is_real(control) and ranking.is_as_good(control, winner):
        return (
            f"Rebalancing beats plain LightGBM here, but so does a control: {facts}",
            _Choice(
                control,
                f"Use {_name(control)}: it resamples nothing and scores "
                f"{number(ranking.score(control))}{_cost(control, base)}.",
            ),
        )
    return (
        f"Rebalancing helps here: {facts}",
        _Choice(winner, f"Use {_name(winner)}{_cost(winner, base)}."),
    )


def _it_does_not(ranking: _Ranking) -> tuple[str, _Choice]:
    base, best, control = ranking.base, ranking.rebalancer, ranking.control
    assert base is not None
    assert best is not None
    facts = _no_gain(ranking, best)
    if ranking.doubt:
        verdict = (
            "This run is too small to tell whether rebalancing helps: "
            f"{ranking.doubt}. {facts}"
        )
    elif _is_out_of_the_question(ranking.rebalancers):
        verdict = f"Rebalancing does not help here: {_lower_first(facts)}"
    else:
        verdict = f"Rebalancing is not shown to help here: {_lower_first(facts)}"
    if control is not None and is_real(control) and control["difference"] > 0:
        return verdict, _Choice(
            control,
            f"What does help is {_name(control)}, a control that resamples nothing: it "
            f"is {_lead(control, ranking.title)}{_cost(control, base)}.",
        )
    return verdict, _Choice(base, _stay(ranking, control))


def _is_out_of_the_question(rebalancers: pd.DataFrame) -> bool:
    """Return whether no rebalancing method is ahead, or none by what matters."""
    if (rebalancers["difference_high"] < NEGLIGIBLE).all():
        return True
    # One method behind by chance is no answer; all of several are.
    return len(rebalancers) >= SEVERAL and bool((rebalancers["difference"] <= 0).all())


def _lower_first(text: str) -> str:
    return text[0].lower() + text[1:]


def _no_gain(ranking: _Ranking, best: pd.Series) -> str:
    """Return what the best of the rebalancing methods comes to."""
    many = len(ranking.rebalancers)
    which = (
        f"The best of {many} rebalancing methods"
        if many > 1
        else "The one rebalancing method"
    )
    worse = sum(
        is_real(row) and row["difference"] < 0
        for _, row in ranking.rebalancers.iterrows()
    )
    text = f"{which}, {_name(best)}, is {_lead(best, ranking.title)}"
    if worse and many > 1:
        which = "one of them is" if worse == 1 else f"{worse} of them are"
        return f"{text}; {which} worse than it beyond chance."
    return f"{text}."


def _stay(ranking: _Ranking, control: pd.Series | None) -> str:
    if control is not None and control["difference"] > 0:
        return (
            f"Stay with plain LightGBM: {_name(control)} is ahead of it by "
            f"{number(control['difference'])}, which may be chance."
        )
    return "Stay with plain LightGBM: nothing that ran is ahead of it beyond chance."


def _cost(row: pd.Series, base: pd.Series) -> str:
    """Return what a method costs beside plain LightGBM, where it is much."""
    took, plain = row.get("fit_seconds_mean"), base.get("fit_seconds_mean")
    if took is None or plain is None or not took > 3 * plain or took < 0.1:
        return ""
    return (
        f"; it takes {took / plain:,.0f} times as long to fit ({seconds(took)} s "
        f"against {seconds(plain)} s)"
    )


def _about_threshold(ranking: _Ranking) -> list[str]:
    """Say whether a decision threshold does what rebalancing does."""
    base = ranking.base
    assert base is not None
    plain, tuned = base.get("macro_f1_mean"), base.get("tuned_macro_f1_mean")
    if plain is None or tuned is None or pd.isna(plain) or pd.isna(tuned):
        return []
    best = ranking.rebalancers.nlargest(1, "macro_f1_mean").iloc[0]
    rival = float(best["macro_f1_mean"])
    change = (
        f"takes plain LightGBM's macro F1 from {number(plain)} to {number(tuned)}, and "
        f"the best rebalancing method there, {_name(best)}, has {number(rival)} at the "
        "default threshold."
    )
    if tuned >= rival and tuned > plain and not ranking.doubt:
        return [f"For yes-or-no decisions a tuned threshold is enough: it {change}"]
    if tuned > plain + NEGLIGIBLE:
        return [f"For yes-or-no decisions a tuned threshold {change}"]
    return []


def _about_probabilities(ranking: _Ranking, chosen: pd.Series) -> list[str]:
    """Warn of probabilities that are much worse than plain LightGBM's."""
    base = ranking.base
    assert base is not None
    error = chosen.get("calibration_error_mean", math.nan)
    plain = base.get("calibration_error_mean", math.nan)
    if not (error > 2 * plain and error > plain + 0.02):
        return []
    return [
        f"The probabilities of {_name(chosen)} are off by {number(error)} on average, "
        f"against {number(plain)} for plain LightGBM: calibrate them before you use "
        "them as probabilities."
    ]
