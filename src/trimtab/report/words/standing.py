"""Where the methods stand: the rows of the leaderboard that the advice is about."""

# SPDX-License-Identifier: BSD-3-Clause

import math
from dataclasses import dataclass

import pandas as pd

from trimtab.benchmark.evidence import Evidence
from trimtab.benchmark.leaderboard import BASELINE
from trimtab.benchmark.statistics import CorrectedT, corrected_t_test
from trimtab.metrics import MEASURES
from trimtab.report.words.wording import inside_sentence, number, p_value, signed

__all__ = [
    "LEVEL",
    "NEGLIGIBLE",
    "Standing",
    "is_better",
    "is_real",
    "name_of",
    "shortfall",
]

LEVEL = 0.05
"""A p-value below this makes a difference real."""

NEGLIGIBLE = 0.01
"""A gain that is surely smaller than this is not worth a method.

For measures of error it is a share of plain LightGBM's error.
"""

FEW_SPLITS = 3
FEW_POSITIVES = 10


def is_real(row: pd.Series) -> bool:
    """Return whether a leaderboard row differs from plain LightGBM beyond chance."""
    return bool(row.get("p_holm", math.nan) < LEVEL)


def is_better(row: pd.Series) -> bool:
    """Return whether a leaderboard row is ahead of plain LightGBM beyond chance."""
    return is_real(row) and bool(row["difference"] > 0)


def name_of(row: pd.Series) -> str:
    """Return what a sentence calls the method of a leaderboard row."""
    return "plain LightGBM" if row["method"] == BASELINE else str(row["method"])


def shortfall(row: pd.Series) -> str:
    """Return how many splits a method finished; empty where it finished them all.

    Examples
    --------
    >>> shortfall(pd.Series({"splits": 4, "failed": 1}))
    'finished 4 of 5 splits'
    """
    if not row["failed"]:
        return ""
    return f"finished {row['splits']:.0f} of {row['splits'] + row['failed']:.0f} splits"


@dataclass(frozen=True)
class Standing:
    """The leaderboard by kinds of method, best first, and what is asked of it.

    Attributes
    ----------
    evidence : Evidence
        What the comparison has found out.
    done : DataFrame
        The leaderboard's rows of methods with a finished split.
    judged : DataFrame
        Those to choose among, plain LightGBM left out: methods that failed on no split,
        as the hard splits may be those that the others failed on. Where no method,
        plain LightGBM neither, finished all splits, everything that is done.
    base : Series or None
        The row of plain LightGBM, whatever it failed on.
    controls, owns, rebalancers : DataFrame
        Of `judged`, the rows of the other controls, of the user's own classifiers, and
        of all that rebalance.
    partial : DataFrame
        The rows of methods that rebalance and are not judged as they failed somewhere.
    doubt : str
        Why the run is too small to tell a difference; empty where it is not.
    """

    evidence: Evidence
    done: pd.DataFrame
    judged: pd.DataFrame
    base: pd.Series | None
    controls: pd.DataFrame
    owns: pd.DataFrame
    rebalancers: pd.DataFrame
    partial: pd.DataFrame
    doubt: str

    @classmethod
    def of(cls, evidence: Evidence) -> "Standing":
        """Sort the methods of a comparison."""
        board = evidence.leaderboard
        done = board[board["splits"] > 0]
        is_base = done["method"] == BASELINE
        is_control, is_own = done["family"] == "control", done["family"] == "own"
        rebalances = ~is_control & ~is_own & ~is_base
        is_whole = done["failed"] == 0
        is_judged = (is_whole | (not is_whole.any())) & ~is_base
        return cls(
            evidence=evidence,
            done=done,
            judged=done[is_judged],
            base=done[is_base].iloc[0] if is_base.any() else None,
            controls=done[is_judged & is_control],
            owns=done[is_judged & is_own],
            rebalancers=done[is_judged & rebalances],
            partial=done[~is_judged & rebalances],
            doubt=_doubt(evidence),
        )

    @property
    def metric(self) -> str:
        """The measure that ranks."""
        return self.evidence.metric

    @property
    def title(self) -> str:
        """The ranking measure's name inside a sentence."""
        return inside_sentence(self.metric)

    @property
    def what_ran(self) -> str:
        """What the methods that are spoken of did, after "what" or "nothing that"."""
        n_others = len(self.done) - (self.base is not None)
        return "ran" if len(self.judged) == n_others else "finished all splits"

    @property
    def _more_is_better(self) -> bool:
        return MEASURES[self.metric].greater_is_better

    @property
    def negligible(self) -> float:
        """The gain in the ranking measure below which there is nothing to gain."""
        if self._more_is_better or self.base is None:
            return NEGLIGIBLE
        return NEGLIGIBLE * self.score(self.base)

    def score(self, row: pd.Series) -> float:
        """Return the row's mean of the ranking measure."""
        return float(row[f"{self.metric}_mean"])

    def scores(self, row: pd.Series, other: pd.Series) -> tuple[float, float]:
        """Return the means of two rows on the splits that both finished."""
        splits = [self._by_split(one, self.metric) for one in (row, other)]
        both = pd.concat(splits, axis=1).dropna()
        return float(both.iloc[:, 0].mean()), float(both.iloc[:, 1].mean())

    def gap(self, row: pd.Series, other: pd.Series) -> float:
        """Return by how much `row` scores better on the splits that both finished."""
        first, second = self.scores(row, other)
        return first - second if self._more_is_better else second - first

    def is_ahead(self, row: pd.Series, other: pd.Series) -> bool:
        """Return whether `row` scores better than `other` beyond chance."""
        test = self.paired((row, self.metric), (other, self.metric))
        return test.difference > 0 and test.p_value < LEVEL

    def paired(
        self, one: tuple[pd.Series, str], other: tuple[pd.Series, str]
    ) -> CorrectedT:
        """Test two methods' scores against each other, split by split.

        Parameters
        ----------
        one, other : tuple of (Series, str)
            A row of the leaderboard, and a measure. Both measures point one way.

        Returns
        -------
        CorrectedT
            Of `one` over `other`; positive is better. On the splits that both finished.
        """
        first, second = (self._by_split(row, measure) for row, measure in (one, other))
        sign = 1 if MEASURES[one[1]].greater_is_better else -1
        gaps = (sign * (first - second)).dropna()
        return corrected_t_test(gaps, self.evidence.protocol.test_fraction)

    def _by_split(self, row: pd.Series, measure: str) -> "pd.Series[float]":
        results = self.evidence.results
        done = (results["status"] == "done") & (results["method"] == row["method"])
        scores: pd.Series[float]
        scores = results[done].set_index(["repeat", "fold"])[measure].astype(float)
        return scores

    def lead(self, row: pd.Series) -> str:
        """Return a row's difference to plain LightGBM in words."""
        figures = self.figures(row)
        return self.plain_lead(row) + (f" ({figures})" if figures else "")

    def plain_lead(self, row: pd.Series) -> str:
        """Return a row's difference to plain LightGBM without how sure it is."""
        difference = float(row["difference"])
        if difference == 0:
            return f"level with plain LightGBM in {self.title}"
        return (
            f"{'ahead of' if difference > 0 else 'behind'} plain LightGBM by "
            f"{number(abs(difference))} in {self.title}"
        )

    def figures(self, row: pd.Series) -> str:
        """Return the interval and p-value of a row's lead, where there are any."""
        low, high, p = (
            row.get(name, math.nan)
            for name in ("difference_low", "difference_high", "p_holm")
        )
        if pd.isna(low) or pd.isna(high) or pd.isna(p):
            return ""
        text = p_value(p)
        equals = text if text[0] == "<" else f"= {text}"
        interval = f"95 % interval {signed(low)} to {signed(high)}"
        return f"{interval}, Holm-corrected p {equals}"


def _doubt(evidence: Evidence) -> str:
    """Return why the run is too small to tell a difference; empty where it is not."""
    protocol, labels = evidence.protocol, evidence.labels
    n_splits = protocol.n_splits * protocol.n_repeats
    per_test = protocol.test_fraction * labels.counts[labels.positive]
    name = labels.names[labels.positive]
    if n_splits == 1:
        return "one split alone says nothing about chance"
    if per_test < FEW_POSITIVES:
        return f"each test part holds only about {per_test:.0f} rows of “{name}”"
    if n_splits < FEW_SPLITS:
        return f"{n_splits} splits are too few to tell a difference from chance"
    return ""
