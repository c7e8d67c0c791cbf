"""The loop that grows an ensemble: draw, fit, predict once, add up, measure.

Algorithm 2 of Liu et al., "MESA: Boost Ensemble Imbalanced Learning with
MEta-Sampler", NeurIPS 2020, with the choice of rows left to a policy. Rows of ``X``
are selected and nothing else is done to them.
"""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from trimtab.ensembles.held_out_score import HeldOutScore, Metric
from trimtab.ensembles.members import Learner, MemberMaker
from trimtab.ensembles.policies import Policy
from trimtab.ensembles.round import Round
from trimtab.ensembles.row_pool import MemoryPool, RowPool
from trimtab.exceptions import InputError

__all__ = ["Cascade", "grow_with_history"]

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
        rng = np.random.default_rng(rng)
        pool = MemoryPool(
            X,
            codes,
            X_held,
            codes_held,
            rng=rng,
            sample_weight=sample_weight,
            weight_held=weight_held,
            held_rows=held_rows,
            max_candidates=max_candidates,
            n_jobs=n_jobs,
        )
        self._begin(pool, estimator, metric, n_rounds, rng)

    @classmethod
    def over(
        cls,
        pool: RowPool,
        estimator: Learner,
        *,
        metric: Metric = "average_precision",
        n_rounds: int = 10,
        rng: np.random.Generator | int | None = None,
    ) -> Self:
        """Return a cascade over rows that lie elsewhere than in one table.

        Parameters
        ----------
        pool : RowPool
            The rows.
        estimator, metric, n_rounds, rng
            As for the class.

        Returns
        -------
        Cascade
        """
        cascade = cls.__new__(cls)
        rng = np.random.default_rng(rng)
        cascade._begin(pool, estimator, metric, n_rounds, rng)
        return cascade

    def _begin(
        self,
        pool: RowPool,
        estimator: Learner,
        metric: Metric,
        n_rounds: int,
        rng: np.random.Generator,
    ) -> None:
        self._pool, self._rng, self.n_rounds = pool, rng, n_rounds
        self._maker = MemberMaker(estimator, pool.is_weighted)
        self._codes_held = codes_held = pool.held_out_codes
        self._measure = HeldOutScore(
            metric, codes_held, pool.n_classes, pool.smallest, pool.held_out_weight
        )
        self._held_index = np.arange(len(codes_held)), codes_held
        self._held_sums = np.zeros((len(codes_held), pool.n_classes))
        self._memory: dict[str, Any] = {}
        self.score = float("nan")
        self.members: list[Any] = []
        self.records: list[dict[str, Any]] = []
        self.round = self._next_round()

    @property
    def candidates(self) -> Codes | None:
        """The rows of `X` that may be drawn; None for all."""
        return self._pool.candidates

    def _next_round(self) -> Round:
        n_members, n_classes = len(self.members), self._pool.n_classes
        if n_members:
            held_right = self._held_sums[self._held_index] / n_members
        else:
            held_right = np.full(len(self._codes_held), 1 / n_classes)
        return self._pool.round(
            number=n_members,
            n_rounds=self.n_rounds,
            held_out_codes=self._codes_held,
            held_out_errors=1 - held_right,
            score=self.score,
            rng=self._rng,
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
        rows = _checked(rows, self._pool.n_rows)
        number = len(self.members) + 1
        seed = int(self._rng.integers(2**31 - 1))
        member = self._maker.unfitted(len(rows), seed)
        try:
            X, drawn, weight = self._pool.take(rows)
            _check_classes(drawn)
            self._maker.fit(member, X, drawn, weight)
            held_out = self._pool.score(member)
        except Exception as error:
            name = type(member).__name__
            error.add_note(f"raised by member {number} of {self.n_rounds}, {name}")
            raise
        self.members.append(member)
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


def grow_with_history(
    cascade: Cascade, policy: Policy, n_bins: int
) -> list[dict[str, Any]]:
    """Grow a cascade to its full size; return what is remembered of each round.

    Parameters
    ----------
    cascade : Cascade
        The ensemble.
    policy : Policy
        Chooses the rows.
    n_bins : int
        Bins of the histograms of each class's errors.

    Returns
    -------
    list of dict
        The cascade's records, the policy's notes among their entries, with the
        distribution of the errors after each member.
    """
    history = []
    while len(cascade.members) < cascade.n_rounds:
        cascade.add(policy.select(cascade.round))
        record = dict(cascade.records[-1])
        histograms = cascade.round.histograms(n_bins, per_class=True)
        record.update(
            **record.pop("notes"),
            train_histogram=histograms.train,
            held_out_histogram=histograms.held_out,
        )
        history.append(record)
    return history


def _check_classes(drawn: Codes) -> None:
    if (drawn == drawn[0]).all():
        raise InputError(
            f"the policy chose {len(drawn)} rows of one class alone: let it choose "
            "some of each"
        )


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
