"""What to do, in a few plain sentences.

A lead over plain LightGBM counts as real where its Holm-corrected p-value is below
0.05. Controls do not rebalance: plain learners, class weights, bagging, a tuned
threshold. Rebalancing helps only where it is really ahead of the best control too.
Whether a classifier that the user brings rebalances is not known: it may win, and
says nothing about rebalancing. A method that failed on some splits is not recommended,
unless they all did; then it is said, and two are compared on the splits of both.
"""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import dataclass

import pandas as pd

from trimtab.benchmark.evidence import Evidence
from trimtab.report.words.remarks import (
    about_data,
    about_probabilities,
    about_threshold,
)
from trimtab.report.words.standing import (
    Standing,
    is_better,
    is_real,
    name_of,
    shortfall,
)
from trimtab.report.words.wording import number, seconds

__all__ = ["advise"]

SEVERAL = 3
"""Rebalancing does not help where so many of its best methods surely gain nothing."""


def advise(evidence: Evidence) -> list[str]:
    """Return what the comparison says, most important first.

    Parameters
    ----------
    evidence : Evidence
        What the comparison has found out.

    Returns
    -------
    list of str
        Sentences of plain text. The first answers whether rebalancing helps, the second
        says what to use; where only the user's own classifiers were compared, it is
        the other way round. Up to five more follow where there is reason to: splits
        that plain LightGBM failed on, scores that are too good, repeated rows, the
        decision threshold, the probabilities.
    """
    standing = Standing.of(evidence)
    if standing.done.empty:
        return ["No method finished, so nothing can be said."]
    if standing.base is None:
        return [*_without_base(standing), *about_data(standing)]
    if standing.rebalancers.empty:
        sentences, chosen = _without_rebalancing(standing, standing.base)
    else:
        verdict, choice = _verdict(standing, standing.base)
        sentences, chosen = [verdict, choice.sentence], choice.row
    return [
        *sentences,
        *_about_base(standing.base),
        *about_data(standing),
        *about_threshold(standing),
        *about_probabilities(standing, chosen),
    ]


@dataclass(frozen=True)
class _Choice:
    row: pd.Series
    sentence: str


def _named(row: pd.Series) -> str:
    """Return what a method is called, with the splits it finished where some failed."""
    short = shortfall(row)
    return name_of(row) + (f" ({short})" if short else "")


def _about_base(base: pd.Series) -> list[str]:
    short = shortfall(base)
    if not short:
        return []
    return [f"Plain LightGBM {short}: others are compared with it on those alone."]


def _first(rows: pd.DataFrame) -> pd.Series | None:
    return None if rows.empty else rows.iloc[0]


def _first_better(rows: pd.DataFrame) -> pd.Series | None:
    """Return the best of the rows that are ahead of plain LightGBM beyond chance."""
    return next((row for _, row in rows.iterrows() if is_better(row)), None)


def _best_of_all(standing: Standing) -> str:
    best = standing.done.iloc[0]
    return (
        f"The best of what {standing.what_ran} is {_named(best)}, with "
        f"{_a(standing.title)} of {number(standing.score(best))}."
    )


def _without_base(standing: Standing) -> list[str]:
    """Answer where there is nothing to compare with."""
    return [
        "Whether rebalancing helps is not answered here: plain LightGBM, which all "
        "others are measured against, has no score.",
        _best_of_all(standing),
    ]


def _without_rebalancing(
    standing: Standing, base: pd.Series
) -> tuple[list[str], pd.Series]:
    """Answer where plain LightGBM ran beside controls or own classifiers alone."""
    why = _why_unanswered(standing)
    unanswered = f"Whether rebalancing helps is not answered here: {why}."
    if standing.judged.empty:
        return [unanswered, _best_of_all(standing)], base
    winner = _first_better(standing.judged)
    if winner is not None:
        choice = _use_it(standing, winner, base)
    else:
        reason = f" This run is too small to tell: {standing.doubt}."
        stay = _stay(standing, _first(standing.judged))
        choice = _Choice(base, stay + (reason if standing.doubt else ""))
    sentences = [unanswered, choice.sentence]
    return sentences if standing.owns.empty else sentences[::-1], choice.row


def _why_unanswered(standing: Standing) -> str:
    """Return why no rebalancing method is judged."""
    best = _first(standing.partial)
    if best is None:
        return "no rebalancing method has a score"
    text = (
        f"no rebalancing method finished all splits; {name_of(best)} {shortfall(best)}"
    )
    if pd.isna(best["difference"]):
        return text
    return f"{text}, and is {standing.plain_lead(best)} on those"


def _a(noun: str) -> str:
    return f"{'an' if noun[0].lower() in 'aeiou' else 'a'} {noun}"


def _use_it(standing: Standing, winner: pd.Series, base: pd.Series) -> _Choice:
    """Recommend what wins without a word about why it does."""
    figures = standing.figures(winner)
    return _Choice(
        winner,
        f"{_named(winner)} is {standing.plain_lead(winner)}: use it"
        f"{f' ({figures})' if figures else ''}{_cost(winner, base)}.",
    )


def _verdict(standing: Standing, base: pd.Series) -> tuple[str, _Choice]:
    """Return whether rebalancing helps, and what to use."""
    winner = _first_better(standing.rebalancers)
    if winner is not None:
        verdict, choice = _it_helps(standing, winner, base)
    else:
        verdict, choice = _it_does_not(standing, base)
    own = _first_better(standing.owns)
    if own is not None and standing.gap(own, choice.row) >= 0:
        return verdict, _use_it(standing, own, base)
    return verdict, choice


def _it_helps(
    standing: Standing, winner: pd.Series, base: pd.Series
) -> tuple[str, _Choice]:
    control = _first(standing.controls)
    score, plain = standing.scores(winner, base)
    facts = (
        f"{_named(winner)} reaches {_a(standing.title)} of {number(score)} against "
        f"{number(plain)}; it is {standing.lead(winner)}."
    )
    if (
        control is None
        # Then LightGBM itself is the best control.
        or not standing.gap(control, base) > 0
        or standing.is_ahead(winner, control)
    ):
        return (
            f"Rebalancing helps here: {facts}",
            _Choice(winner, f"Use {_named(winner)}{_cost(winner, base)}."),
        )
    if is_better(control):
        return (
            f"Rebalancing beats plain LightGBM here, but so does a control: {facts}",
            _Choice(
                control,
                f"Use {_named(control)}: it resamples nothing and scores "
                f"{number(standing.score(control))}{_cost(control, base)}.",
            ),
        )
    return (
        "Rebalancing beats plain LightGBM here, but is not shown to beat a control: "
        f"{facts}",
        _Choice(
            winner,
            f"Use {_named(winner)}{_cost(winner, base)}; but "
            f"{_named(control)}, which resamples nothing, scores "
            f"{number(standing.score(control))}, and their gap may be chance.",
        ),
    )


def _it_does_not(standing: Standing, base: pd.Series) -> tuple[str, _Choice]:
    control = _first(standing.controls)
    facts = _no_gain(standing)
    if standing.doubt:
        verdict = (
            "This run is too small to tell whether rebalancing helps: "
            f"{standing.doubt}. {facts}"
        )
    elif _is_out_of_the_question(standing):
        verdict = f"Rebalancing does not help here: {_lower_first(facts)}"
    else:
        verdict = f"Rebalancing is not shown to help here: {_lower_first(facts)}"
    if control is not None and is_better(control):
        return verdict, _Choice(
            control,
            f"What does help is {_named(control)}, a control that resamples nothing: "
            f"it is {standing.lead(control)}{_cost(control, base)}.",
        )
    others = standing.judged.drop(index=standing.rebalancers.index)
    return verdict, _Choice(base, _stay(standing, _first(others)))


def _is_out_of_the_question(standing: Standing) -> bool:
    """Return whether the best that rebalance surely gain nothing that matters."""
    highs = standing.rebalancers["difference_high"].head(SEVERAL)
    return bool((highs < standing.negligible).all())


def _lower_first(text: str) -> str:
    return text[0].lower() + text[1:]


def _no_gain(standing: Standing) -> str:
    """Return what the best of the rebalancing methods comes to."""
    rebalancers = standing.rebalancers
    best, many = rebalancers.iloc[0], len(rebalancers)
    which = (
        f"The best of {many} rebalancing methods"
        if many > 1
        else "The one rebalancing method"
    )
    which += "" if standing.partial.empty else " that finished all splits"
    worse = sum(
        is_real(row) and row["difference"] < 0 for _, row in rebalancers.iterrows()
    )
    text = f"{which}, {_named(best)}, is {standing.lead(best)}"
    if worse and many > 1:
        which = "one of them is" if worse == 1 else f"{worse} of them are"
        return f"{text}; {which} worse than it beyond chance."
    return f"{text}."


def _stay(standing: Standing, other: pd.Series | None) -> str:
    """Return that plain LightGBM will do, beside the best that does not rebalance."""
    if other is not None and other["difference"] > 0:
        return (
            f"Stay with plain LightGBM: {_named(other)} is ahead of it by "
            f"{number(other['difference'])}, which may be chance."
        )
    return (
        f"Stay with plain LightGBM: nothing that {standing.what_ran} is ahead of it "
        "beyond chance."
    )


def _cost(row: pd.Series, base: pd.Series) -> str:
    """Return what a method costs beside plain LightGBM, where it is much."""
    took, plain = row.get("fit_seconds_mean"), base.get("fit_seconds_mean")
    if took is None or plain is None or not took > 3 * plain or took < 0.1:
        return ""
    return (
        f"; it takes {took / plain:,.0f} times as long to fit ({seconds(took)} s "
        f"against {seconds(plain)} s)"
    )
