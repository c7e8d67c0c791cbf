"""Runs experiments: in any order, on several processes, resumable and shared.

The runner is the one process that writes to the store. It claims an experiment, has a
worker process run it, of this machine (`trimtab.benchmark.running.worker`) or of a
cluster (`trimtab.benchmark.running.cluster_pool`), and records what came of it.
"""

# SPDX-License-Identifier: BSD-3-Clause

import json
import math
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, Protocol

import joblib
import psutil

from trimtab.benchmark.experiment import Experiment, Outcome
from trimtab.benchmark.messages import FinishedExperiment, FinishedTrials
from trimtab.benchmark.methods import Method
from trimtab.benchmark.running.progress import Progress, SilentProgress
from trimtab.benchmark.running.together import grouped
from trimtab.benchmark.running.too_slow import TooSlow
from trimtab.benchmark.running.worker import OnMessage, Request, WorkerPool
from trimtab.benchmark.sources import TableSource
from trimtab.benchmark.store import Claim, Store
from trimtab.benchmark.versions import library_versions
from trimtab.cluster.engine import LOCAL, Engine
from trimtab.exceptions import InputError

__all__ = ["RunSummary", "Runner"]

_BEAT_SECONDS = 5.0
_LEASE_SECONDS = 60.0


@dataclass(frozen=True)
class RunSummary:
    """What a run did.

    Attributes
    ----------
    reused : int
        Experiments that had a result before the run.
    run : int
        Experiments run by this runner, or given up: see `Runner`, ``time_limit``.
    elsewhere : int
        Experiments run by other runners meanwhile.
    failed : int
        Of all, those whose result is an error or a time-out.
    seconds : float
        The run's length.
    """

    reused: int
    run: int
    elsewhere: int
    failed: int
    seconds: float


class Pool(Protocol):
    """What runs experiments: processes of this machine, or a cluster."""

    def run(
        self, request: Request, time_limit: float | None, on_message: OnMessage
    ) -> Outcome:
        """Run what is asked to the end.

        See `trimtab.benchmark.running.worker.Worker.run`.
        """


class Runner:
    """Runs experiments and records them in a store.

    Parameters
    ----------
    store : Store
        Where results are, and go.
    sources : mapping of str to TableSource
        Each data set's table, by the name in the experiments.
    methods : mapping of str to Method
        Each method, by the name in the experiments.
    n_jobs : int or None, default=None
        Worker processes, as in joblib: None is 1, -1 all cores. Each fit has one
        thread, so results are the same for any number. On a cluster how many
        experiments are sent at once: None and -1 are all that it runs at once when the
        run begins.
    time_limit : float or None, default=None
        Seconds for each fit, above 0. None is no limit. A method that takes longer on
        one split of a data set is not tried on its others there, unless it is tuned.
    together : bool, default=False
        Whether experiments of a method that ``fits_together`` share training runs, and
        methods with ``shared_steps`` those: it takes less time, and what shares a
        training run has no cost of its own. Not on a cluster, where each finds a worker
        of its own.
    keep_scores : bool, default=True
        Whether the store keeps the predicted probabilities.
    progress : Progress or None, default=None
        Told what happens. By default nobody is.
    engine : Engine, default=Engine("local")
        Where experiments run.
    """

    def __init__(
        self,
        store: Store,
        sources: Mapping[str, TableSource],
        methods: Mapping[str, Method],
        *,
        n_jobs: int | None = None,
        time_limit: float | None = None,
        together: bool = False,
        keep_scores: bool = True,
        progress: Progress | None = None,
        engine: Engine = LOCAL,
    ) -> None:
        self.store, self.sources, self.methods = store, sources, methods
        if n_jobs == 0:
            raise InputError("n_jobs is 0: give a number of processes, or -1 for all")
        _check_time_limit(time_limit)
        self.engine, self.n_jobs = engine, n_jobs
        self.together = together and engine.is_local
        self.time_limit, self.keep_scores = time_limit, keep_scores
        self.progress = progress or SilentProgress()
        self.owner = _runner_name()
        self._versions = json.dumps(library_versions())
        self._recording, self._is_stopped = threading.Lock(), False
        self._too_slow = TooSlow(time_limit)

    def run(
        self, experiments: Sequence[Experiment], *, retry_failed: bool = False
    ) -> RunSummary:
        """Run those of `experiments` that have no result yet.

        Parameters
        ----------
        experiments : sequence of Experiment
            What is wanted. Those of one data set should follow each other: a worker
            keeps the last table.
        retry_failed : bool, default=False
            Whether recorded errors and time-outs are run again. Time-outs under a
            smaller limit than this runner's are run again in any case.

        Returns
        -------
        RunSummary
        """
        start = time.perf_counter()
        by_key = {experiment.key: experiment for experiment in experiments}
        self._is_stopped = False
        statuses = self.store.settled(by_key, self.time_limit)
        if retry_failed:
            again = {key for key, status in statuses.items() if status != "done"}
            # Trials that all failed would fail the experiment at once.
            self.store.trials.forget(
                key for key, status in statuses.items() if status == "error"
            )
            self.store.forget(again)
            statuses = {k: v for k, v in statuses.items() if k not in again}
        self._too_slow = TooSlow(self.time_limit)
        self._take_notice(experiments, statuses)
        todo = [e for key, e in by_key.items() if key not in statuses]
        mine: set[str] = set()
        if todo:
            with self._alive(), self._pool(len(todo)) as (pool, n_jobs), self.progress:
                self.progress.start(todo, len(statuses), n_jobs)
                mine = self._run_all(todo, pool, n_jobs)
        final = self.store.statuses(by_key)
        return RunSummary(
            reused=len(statuses),
            run=len(mine),
            elsewhere=len(todo) - len(mine),
            failed=sum(status != "done" for status in final.values()),
            seconds=time.perf_counter() - start,
        )

    @contextmanager
    def _pool(self, n_todo: int) -> Iterator[tuple[Pool, int]]:
        """Give what runs experiments, and how many at once."""
        if self.engine.is_local:
            n_jobs = joblib.effective_n_jobs(self.n_jobs)
            with WorkerPool(n_ready=min(n_jobs, n_todo)) as pool:
                yield pool, n_jobs
            return
        from trimtab.benchmark.running.cluster_pool import ClusterPool

        with ClusterPool.of(self.engine) as far:
            asked = self.n_jobs or -1
            yield far, asked if asked > 0 else far.n_slots

    def _run_all(self, todo: list[Experiment], pool: Pool, n_jobs: int) -> set[str]:
        """Run what can be claimed; wait for, or take over, what others have.

        Returns
        -------
        set of str
            The keys of what this runner recorded.
        """
        neighbours = _Neighbours(self.store)
        mine: set[str] = set()
        while todo:
            mine |= self._run_claimed(todo, pool, n_jobs)
            statuses = self.store.settled((e.key for e in todo), self.time_limit)
            self._take_notice(todo, statuses)
            self.progress.done_elsewhere(len(statuses.keys() - mine))
            # A runner with a larger limit may have taken a time-out of this one away,
            # to run it again.
            todo = [e for e in todo if e.key not in statuses.keys() | mine]
            if todo and not neighbours.release_abandoned([e.key for e in todo]):
                time.sleep(1.0)
        return mine

    def _run_claimed(self, todo: list[Experiment], pool: Pool, n_jobs: int) -> set[str]:
        def run_group(group: list[Experiment]) -> set[str]:
            """Run a group and record it; return its keys."""
            alone = [e for e in group if not self._given_up(e)]
            if len(alone) > 1:
                alone = self._run_together(alone, pool)
            for experiment in alone:
                if not self._is_stopped and not self._given_up(experiment):
                    self._record(experiment, self._run_one(experiment, pool))
            return {experiment.key for experiment in group}

        groups = [[experiment] for experiment in todo]
        if self.together:
            pilot = self.time_limit is not None
            groups = grouped(todo, self.methods, pilot=pilot)
        claimed = (
            mine
            for group in groups
            if (mine := [e for e in group if self.store.claim(e.key, self.owner)])
        )
        # The threads only wait for what runs elsewhere, and record it. Claims are made
        # as workers come free, so that several runners share what is left.
        done = joblib.Parallel(
            n_jobs=n_jobs,
            backend="threading",
            pre_dispatch="n_jobs",
            batch_size=1,
            return_as="generator_unordered",
        )(joblib.delayed(run_group)(group) for group in claimed)
        try:
            return set().union(*done)
        except BaseException:
            # Workers that are ended now did not fail: nothing more is recorded.
            with self._recording:
                self._is_stopped = True
            raise

    def _take_notice(
        self, experiments: Sequence[Experiment], statuses: Mapping[str, str]
    ) -> None:
        """Learn from the store which methods took too long."""
        for one in experiments:
            if one.key in statuses:
                self._too_slow.take_notice(one, statuses[one.key])

    def _given_up(self, experiment: Experiment) -> bool:
        """Record an experiment that is not worth a try; tell whether it is none."""
        outcome = self._too_slow.outcome(experiment)
        if outcome is not None:
            self._record(experiment, outcome)
        return outcome is not None

    def _run_one(self, experiment: Experiment, pool: Pool) -> Outcome:
        def told(message: FinishedTrials | FinishedExperiment) -> None:
            assert isinstance(message, FinishedTrials)
            self.store.trials.add(experiment, message.trials)
            self.progress.tuning(experiment, message.n_done, message.n_trials)

        self.progress.started(experiment)
        request = self._request(experiment, self.store.trials.of(experiment))
        return pool.run(request, self.time_limit, told)

    def _run_together(self, group: list[Experiment], pool: Pool) -> list[Experiment]:
        """Run experiments as one; return those to be run alone, where that failed.

        Each is recorded as it comes. One that fails, or takes too long, spoils those
        that are fitted with it: only alone does it turn out which it was.
        """
        left = dict(enumerate(group))

        def told(message: FinishedTrials | FinishedExperiment) -> None:
            assert isinstance(message, FinishedExperiment)
            self._record(left.pop(message.position), message.outcome)
            for following in list(left.values())[:1]:
                self.progress.started(following)

        self.progress.started(group[0])
        methods = {one.method: self.methods[one.method] for one in group}
        request = replace(
            self._request(group[0]), methods=methods, others=tuple(group[1:])
        )
        pool.run(request, self.time_limit, told)
        return list(left.values())

    def _request(self, experiment: Experiment, trials: Any = ()) -> Request:
        return Request(
            experiment,
            {experiment.method: self.methods[experiment.method]},
            self.sources[experiment.dataset],
            trials,
        )

    def _record(self, experiment: Experiment, outcome: Outcome) -> None:
        if not self.keep_scores:
            outcome = replace(outcome, scores=None)
        with self._recording:
            if not self._is_stopped:
                self._too_slow.take_notice(experiment, outcome.status)
                self.store.record(experiment, outcome, self.owner, self._versions)
                self.progress.finished(experiment, outcome)

    @contextmanager
    def _alive(self) -> Iterator[None]:
        """Let the claims beat; give them back at the end, however it comes."""
        stop = threading.Event()

        def beat() -> None:
            while not stop.wait(_BEAT_SECONDS):
                self.store.beat(self.owner)

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            self.store.release_all(self.owner)


def _check_time_limit(limit: Any) -> None:
    if limit is None:
        return
    is_number = isinstance(limit, Real) and not isinstance(limit, bool)
    if not (is_number and 0 < limit < math.inf):
        raise InputError(
            f"time_limit is {limit!r}: give seconds above 0, or None for no limit"
        )


class _Neighbours:
    """Finds claims of runners that died.

    A runner of this machine is dead when its process is gone. One of another machine is
    taken for dead when its claims have not beaten for a minute of this machine's own
    clock: no two clocks are compared.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._last_beat: dict[Claim, float] = {}

    def release_abandoned(self, keys: Sequence[str]) -> bool:
        """Release the claims on `keys` whose runner died; tell whether any was."""
        now = time.monotonic()
        found = False
        for claim in self.store.claims(keys):
            since = now - self._last_beat.setdefault(claim, now)
            if _is_dead_here(claim.owner) or since > _LEASE_SECONDS:
                self.store.release(claim)
                found = True
        return found


def _place() -> str:
    """Return a name of this machine and, in a container, of its process space."""
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        space = ""
    return f"{socket.gethostname()}/{space}"


def _runner_name() -> str:
    """Return place, process, its start and a unique part, parted by spaces."""
    process = psutil.Process()
    start = f"{process.create_time():.2f}"
    return f"{_place()} {process.pid} {start} {uuid.uuid4().hex[:8]}"


def _is_dead_here(owner: str) -> bool:
    place, pid, start, _ = owner.rsplit(" ", 3)
    if place != _place():
        return False
    try:
        return f"{psutil.Process(int(pid)).create_time():.2f}" != start
    except psutil.NoSuchProcess:
        return True
