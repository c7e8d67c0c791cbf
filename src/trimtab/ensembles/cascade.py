"""The loop that grows an ensemble: draw, fit, predict once, add up, measure.

Algorithm 2 of Liu et al., "MESA: Boost Ensemble Imbalanced Learning with
MEta-Sampler", NeurIPS 2020, with the choice of rows left to a policy. Rows of ``X``
are selected and nothing else is done to them.
"""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.ensembles.held_out_score import HeldOutScore, Metric
from trimtab.ensembles.members import Learner, MemberMaker, predicted
from trimtab.ensembles.policies import Policy
from trimtab.ensembles.round import Round
from trimtab.exceptions import InputError
from trimtab.tables import n_rows, take_rows

__all__ = ["Cascade"]

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


class Cascade:
    """An ensemble that grows by one member at a time.

    Parameters
    ----------
    estimator : classifier or callable
        What the members are clones of. A callable is given the number of rows drawn
        and returns an unfitted classifier.
    X : table of shape (n_rows, n_columns)
        Whatever can be indexed by rows: array, DataFrame, sparse matrix.
    codes : ndarray of int of shape (n_rows,)
        Class codes from 0; every class has a row.
    X_held : table, default=None
        Held-out rows that the ensemble is measured on.
    codes_held : ndarray of int, default=None
        Their class codes.
    metric : str or callable, default="average_precision"
        See `trimtab.ensembles.held_out_score`.
    n_rounds : int, default=10
        Members that the ensemble will have.
    rng : numpy.random.Generator, int or None, default=None
        Decides the draws and the seeds of the members.
    sample_weight, weight_held : ndarray of float, default=None
        How much each row counts: in the member's fit if it is drawn, in the
        measurement if it is held out.
    held_rows : ndarray of int, default=None
        Instead of `X_held` and `codes_held`: the positions of held-out rows in `X`.
        They are not drawn. Nothing is copied.
    max_candidates : int, default=None
        Where there are more training rows than this, only so many are scored and may
        be drawn: all rows of the rare classes, and a sample of the others.
    n_jobs : int, default=None
        Threads that score a large table, as joblib counts them. Results do not depend
        on it.

    Attributes
    ----------
    members : list of estimator
        Those fitted so far. They predict class codes.
    records : list of dict
        One for each member, see `add`.
    round : Round
        What the policy sees before the next member.
    score : float
        The metric on the held-out rows, as it is now; NaN without members or held-out
        rows.
    candidates : ndarray of int or None
        The rows of `X` that may be drawn; None for all.

    Raises
    ------
    InputError
        Where the estimator predicts no probabilities, or takes no weights although
        there are some.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from trimtab.ensembles.policies import GaussianPolicy
    >>> X, y = make_classification(500, weights=[0.9], random_state=0)
    >>> tree = DecisionTreeClassifier()
    >>> cascade = Cascade(tree, X[:300], y[:300], X[300:], y[300:], n_rounds=3, rng=0)
    >>> cascade.grow(GaussianPolicy(mu=0.9))
    >>> len(cascade.members), cascade.records[1]["notes"]["mu"]
    (3, 0.9)
    """

    def __init__(
        self,
        estimator: Learner,
        X: Any,
        codes: Codes,
        X_held: Any = None,
        codes_held: Codes | None = None,
        *,
        metric: Metric = "average_precision",
        n_rounds: int = 10,
        rng: np.random.Generator | int | None = None,
        sample_weight: Floats | None = None,
        weight_held: Floats | None = None,
        held_rows: Codes | None = None,
        max_candidates: int | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self._rng = np.random.default_rng(rng)
        self._maker = MemberMaker(estimator, sample_weight is not None)
        self._X, self._weight, self.n_rounds = X, sample_weight, n_rounds
        if held_rows is not None:
            codes_held = codes[held_rows]
            weight_held = None if sample_weight is None else sample_weight[held_rows]
        elif codes_held is None:
            codes_held = np.zeros(0, dtype=np.int64)
        counts = np.bincount(codes)
        self.candidates = _candidates(codes, held_rows, max_candidates, self._rng)
        self._codes = codes if self.candidates is None else codes[self.candidates]
        self._shares = _class_shares(codes, held_rows, len(self._codes))
        self._codes_held = codes_held
        self._scored = _ScoredRows.of(
            X, self._codes, len(counts), self.candidates, held_rows, X_held, n_jobs
        )
        smallest = len(counts) - 1 - int(np.argmin(counts[::-1]))
        self._measure = HeldOutScore(
            metric, codes_held, len(counts), smallest, weight_held
        )
        self._rows_by_class = tuple(
            np.flatnonzero(self._codes == code) for code in range(len(counts))
        )
        self._held_index = np.arange(len(codes_held)), codes_held
        self._right = np.zeros(len(self._codes))
        self._held_sums = np.zeros((len(codes_held), len(counts)))
        self._memory: dict[str, Any] = {}
        self.score = float("nan")
        self.members: list[Any] = []
        self.records: list[dict[str, Any]] = []
        self.round = self._next_round()

    def _next_round(self) -> Round:
        n_members, n_classes = len(self.members), len(self._rows_by_class)
        if n_members:
            right = self._right / n_members
            held_right = self._held_sums[self._held_index] / n_members
        else:
            right = np.full(len(self._codes), 1 / n_classes)
            held_right = np.full(len(self._codes_held), 1 / n_classes)
        return Round(
            number=n_members,
            n_rounds=self.n_rounds,
            codes=self._codes,
            errors=1 - right,
            held_out_codes=self._codes_held,
            held_out_errors=1 - held_right,
            score=self.score,
            rows_by_class=self._rows_by_class,
            rng=self._rng,
            class_shares=self._shares,
            memory=self._memory,
        )

    def add(self, rows: NDArray[np.integer[Any]]) -> None:
        """Fit one member more, score all rows with it, and measure the ensemble.

        The record of it has ``round`` (from 1), ``rows_per_class`` (drawn),
        ``held_out_score`` (this member included) and ``notes`` (the policy's).

        Parameters
        ----------
        rows : ndarray of int of shape (n_drawn,)
            Positions in ``round.codes``, as a policy returns them.

        Raises
        ------
        InputError
            Where `rows` are no positions, or the member predicts no proper
            probabilities. An error of the member's own goes through, with a note that
            says which member it was; the ensemble is as it was before.
        """
        rows = _checked(rows, len(self._codes))
        number = len(self.members) + 1
        in_table = rows if self.candidates is None else self.candidates[rows]
        drawn = self._codes[rows]
        weight = None if self._weight is None else self._weight[in_table]
        seed = int(self._rng.integers(2**31 - 1))
        member = self._maker.unfitted(len(rows), seed)
        try:
            self._maker.fit(member, take_rows(self._X, in_table), drawn, weight)
            right, held_out = self._scored.predict(member, self._held_sums.shape[1])
        except Exception as error:
            name = type(member).__name__
            error.add_note(f"raised by member {number} of {self.n_rounds}, {name}")
            raise
        self.members.append(member)
        self._right += right
        self._held_sums += held_out
        if len(held_out):
            self.score = self._measure(self._held_sums / number)
        self.records.append(
            {
                "round": number,
                "rows_per_class": np.bincount(drawn, minlength=held_out.shape[1]),
                "held_out_score": self.score,
                "notes": self.round.notes,
            }
        )
        self.round = self._next_round()

    def grow(self, policy: Policy) -> None:
        """Add members until there are ``n_rounds``, on rows that the policy chooses.

        Parameters
        ----------
        policy : Policy
            Chooses the rows.
        """
        while len(self.members) < self.n_rounds:
            self.add(policy.select(self.round))


def _checked(rows: Any, n_candidates: int) -> Codes:
    """Return what a policy selected, if it is row positions."""
    rows = np.asarray(rows)
    if rows.ndim != 1 or rows.dtype.kind not in "iu" or not len(rows):
        raise InputError(
            f"the policy selected an array of {rows.dtype} of shape {rows.shape}: "
            "return at least one row position, whole numbers in one dimension"
        )
    if rows.min() < 0 or rows.max() >= n_candidates:
        strange = rows.max() if rows.max() >= n_candidates else rows.min()
        raise InputError(
            f"the policy selected row {strange} of {n_candidates}: return positions in "
            "round.codes"
        )
    positions: Codes = rows.astype(np.int64, copy=False)
    return positions


def _candidates(
    codes: Codes,
    held_rows: Codes | None,
    at_most: int | None,
    rng: np.random.Generator,
) -> Codes | None:
    """Return the rows that may be drawn, ascending, or None for all.

    Where there are too many, the rare classes keep all their rows and the others share
    what is left equally.
    """
    may_be_drawn = np.ones(len(codes), dtype=bool)
    if held_rows is not None:
        may_be_drawn[held_rows] = False
    counts = np.bincount(codes[may_be_drawn])
    left = int(counts.sum()) if at_most is None else at_most
    if left < counts.sum():
        for position, code in enumerate(np.argsort(counts, kind="stable").tolist()):
            share = min(int(counts[code]), max(left // (len(counts) - position), 1))
            left -= share
            if share < counts[code]:
                rows = np.flatnonzero(may_be_drawn & (codes == code))
                may_be_drawn[rng.permutation(rows)[share:]] = False
    return None if may_be_drawn.all() else np.flatnonzero(may_be_drawn)


def _class_shares(
    codes: Codes, held_rows: Codes | None, n_candidates: int
) -> Floats | None:
    """Return each class's share of the training rows, or None if all are candidates."""
    counts = np.bincount(codes)
    if held_rows is not None:
        counts = counts - np.bincount(codes[held_rows], minlength=len(counts))
    if counts.sum() == n_candidates:
        return None
    shares: Floats = counts / counts.sum()
    return shares


@dataclass
class _ScoredRows:
    """The rows that each member predicts, and where to find what in the predictions.

    Held-out rows that lie in the table itself are predicted with it, in one call.
    """

    table: Any
    right: Codes  # of each candidate, where its class's probability is, flattened
    held_out: Any  # rows of the table
    X_held: Any
    n_jobs: int | None

    @classmethod
    def of(
        cls,
        X: Any,
        codes: Codes,
        n_classes: int,
        candidates: Codes | None,
        held_rows: Codes | None,
        X_held: Any,
        n_jobs: int | None,
    ) -> "_ScoredRows":
        held = np.zeros(0, dtype=np.int64) if held_rows is None else held_rows
        if candidates is None:
            candidates = np.arange(len(codes))
        if len(candidates) + len(held) < n_rows(X):
            X = take_rows(X, np.concatenate([candidates, held]))
            held = np.arange(len(candidates), len(candidates) + len(held))
            candidates = np.arange(len(candidates))
        return cls(X, candidates * n_classes + codes, held, X_held, n_jobs)

    def predict(self, member: Any, n_classes: int) -> tuple[Floats, Floats]:
        """Return candidates' probabilities of their class, held-out rows' of all."""
        probabilities = predicted(member, self.table, n_classes, self.n_jobs)
        right = probabilities.ravel()[self.right]
        if self.X_held is not None:
            return right, predicted(member, self.X_held, n_classes, self.n_jobs)
        return right, probabilities[self.held_out]
