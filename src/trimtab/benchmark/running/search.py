"""The search for a method's parameters, by Optuna's TPE, inside a training part.

Settings are proposed in batches. What is proposed depends on the scores of the batches
before and on the batch's number, on nothing else: so a search that was stopped between
two batches goes on as if it had not been.
"""

# SPDX-License-Identifier: BSD-3-Clause

import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.benchmark.messages import POSITION, Announce, FinishedTrials
from trimtab.benchmark.methods import Method, TableInfo
from trimtab.benchmark.methods.search_spaces import own_values, quiet_optuna, searched
from trimtab.benchmark.running.fitting import MethodOnTable
from trimtab.benchmark.running.trial_scores import HoldOuts, TrialScore
from trimtab.benchmark.tuning import Tuning
from trimtab.exceptions import InputError

__all__ = ["Tuned", "tune"]

_SECONDS, _REASON, _AS_IT_COMES = "seconds", "reason", "as_it_comes"

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Tuned:
    """What a search found.

    Attributes
    ----------
    parameters : dict
        For `Method.build`, those that were given among them.
    chosen : dict
        What was searched, by the names of the search space. For a method that is best
        as it comes, what is known of its own values.
    score : float
        The mean of the metric over hold-outs and seeds.
    n_trials, n_failed : int
        Settings that were tried, and those of them that failed.
    seconds : float
        How long that took, before a stop and after it.
    """

    parameters: dict[str, Any]
    chosen: dict[str, Any]
    score: float
    n_trials: int
    n_failed: int
    seconds: float


def tune(
    table: MethodOnTable,
    rows: Rows,
    tuning: Tuning,
    *,
    random_state: int,
    parameters: Mapping[str, Any] | None = None,
    trials: Sequence[Any] = (),
    announce: Announce = lambda message: None,
) -> Tuned:
    """Search the parameters of a method on a part of a table.

    The first setting is the method as it comes, so that by the score of the search
    nothing that is chosen is worse.

    Parameters
    ----------
    table : MethodOnTable
        The method, which has a search space, and the table.
    rows : ndarray of int of shape (n_rows,)
        The rows to fit and score on; no other is looked at.
    tuning : Tuning
        How many trials, and how each is scored.
    random_state : int
        Decides hold-outs, seeds and proposals.
    parameters : mapping of str to object, default=None
        Parameters that are given: they are not searched.
    trials : sequence of optuna.trial.FrozenTrial, default=()
        Batches of an earlier call that was stopped, as they were announced.
    announce : callable, default does nothing
        Told of each fit and of each finished batch.

    Returns
    -------
    Tuned

    Raises
    ------
    InputError
        Where every setting failed.
    MissingExtraError
        Where Optuna is not installed.
    """
    with quiet_optuna(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fixed, info = dict(parameters or {}), table.fitted_rows(rows).info
        study = _Study(table.method, tuning, random_state, fixed, trials, info)
        scored = HoldOuts(table, rows, tuning, random_state, announce)
        announce(FinishedTrials((), study.n_done, tuning.n_trials))
        while study.goes_on:
            started = time.perf_counter()
            batch = study.propose()
            scores = scored.score([proposal.parameters for proposal in batch])
            done = study.take(batch, scores, time.perf_counter() - started)
            announce(FinishedTrials(done, study.n_done, tuning.n_trials))
        return study.best()


@dataclass(frozen=True)
class _Proposal:
    """A setting before its score is known."""

    position: int
    parameters: dict[str, Any]
    values: dict[str, Any]
    distributions: dict[str, Any]


class _Study:
    """Finished trials in order, and what comes next."""

    def __init__(
        self,
        method: Method,
        tuning: Tuning,
        random_state: int,
        fixed: dict[str, Any],
        trials: Sequence[Any],
        info: TableInfo,
    ) -> None:
        self._method, self._tuning = method, tuning
        self._random_state, self._fixed = random_state, fixed
        self._own_values = own_values(method, info, fixed)
        # Of a batch that was not written to its end nothing is taken.
        whole = len(trials) // tuning.batch_size * tuning.batch_size
        is_complete = len(trials) >= tuning.n_trials
        self._done = list(trials[: tuning.n_trials if is_complete else whole])

    @property
    def n_done(self) -> int:
        return len(self._done)

    @property
    def seconds(self) -> float:
        return float(sum(trial.user_attrs[_SECONDS] for trial in self._done))

    @property
    def goes_on(self) -> bool:
        limit = self._tuning.time_limit
        in_time = limit is None or not self._done or self.seconds < limit
        return in_time and self.n_done < self._tuning.n_trials

    def propose(self) -> list[_Proposal]:
        """Return the next batch; the first of all is the method as it comes."""
        study = self._sampler_study()
        size = min(self._tuning.batch_size, self._tuning.n_trials - self.n_done)
        batch = [] if self.n_done else [self._as_it_comes()]
        for position in range(self.n_done + len(batch), self.n_done + size):
            trial = study.ask()
            parameters = searched(self._method, trial, self._fixed)
            batch.append(
                _Proposal(position, parameters, trial.params, trial.distributions)
            )
        return batch

    def _as_it_comes(self) -> _Proposal:
        """Return the method's own setting, with its values where all are known."""
        from optuna.trial import FixedTrial

        trial = FixedTrial(self._own_values)
        try:
            searched(self._method, trial, self._fixed)
        except (TypeError, ValueError):
            return _Proposal(0, self._fixed, {}, {})
        return _Proposal(0, self._fixed, trial.params, trial.distributions)

    def _sampler_study(self) -> Any:
        """Return a study that knows the finished trials, and has its own seed."""
        import optuna

        number = self.n_done // self._tuning.batch_size
        seed = np.random.SeedSequence([self._random_state, number, 1])
        sampler = optuna.samplers.TPESampler(
            seed=int(seed.generate_state(1)[0]),
            multivariate=True,
            constant_liar=True,
        )
        study = optuna.create_study(
            sampler=sampler,
            direction="maximize" if self._tuning.greater_is_better else "minimize",
        )
        # A trial whose values are not known would make the sampler forget that
        # parameters belong together.
        study.add_trials([trial for trial in self._done if trial.params])
        return study

    def take(
        self, batch: list[_Proposal], scores: list[TrialScore], seconds: float
    ) -> tuple[Any, ...]:
        """Take down a batch; return its trials."""
        done = tuple(
            _frozen(proposal, score, seconds / len(batch))
            for proposal, score in zip(batch, scores, strict=True)
        )
        self._done += done
        return done

    def best(self) -> Tuned:
        """Return the best setting, of equals the first."""
        from optuna.trial import FixedTrial

        finished = [trial for trial in self._done if trial.value is not None]
        if not finished:
            raise InputError(
                f"all {self.n_done} trials of the tuning failed; the first: "
                f"{self._done[0].user_attrs[_REASON]}"
            )
        sign = 1 if self._tuning.greater_is_better else -1
        best = max(finished, key=lambda trial: sign * trial.value)
        if best.user_attrs.get(_AS_IT_COMES):
            parameters, chosen = self._fixed, self._own_values
        else:
            parameters = searched(self._method, FixedTrial(best.params), self._fixed)
            chosen = best.params
        return Tuned(
            parameters=dict(parameters),
            chosen=dict(chosen),
            score=best.value,
            n_trials=self.n_done,
            n_failed=self.n_done - len(finished),
            seconds=self.seconds,
        )


def _frozen(proposal: _Proposal, score: TrialScore, seconds: float) -> Any:
    """Return a finished trial as Optuna keeps it."""
    from optuna.trial import TrialState, create_trial

    attributes: dict[str, Any] = {POSITION: proposal.position, _SECONDS: seconds}
    if proposal.position == 0:
        attributes[_AS_IT_COMES] = True
    if score.reason:
        attributes[_REASON] = score.reason
    options: dict[str, Any] = {"user_attrs": attributes, "value": score.value}
    options["state"] = TrialState.FAIL if score.reason else TrialState.COMPLETE
    try:
        return create_trial(
            params=proposal.values, distributions=proposal.distributions, **options
        )
    except ValueError:
        # The method's own value lies outside the search space.
        return create_trial(**options)
