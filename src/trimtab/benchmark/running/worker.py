"""A child process that runs experiments one at a time, and can be killed.

A fit that takes too long cannot be stopped from inside: compiled code does not listen.
So each experiment runs in a process of its own making, and a fit that is over time, or
crashes, costs that process and nothing else. Requests and answers are pickles on the
child's standard input and output.
"""

# SPDX-License-Identifier: BSD-3-Clause

import atexit
import contextlib
import os
import pickle
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import cloudpickle

from trimtab.benchmark.experiment import Experiment, Outcome
from trimtab.benchmark.messages import FinishedExperiment, FinishedTrials, Phase
from trimtab.benchmark.methods import Method
from trimtab.benchmark.sources import SENT_TABLES, TableSource

__all__ = ["Request", "Worker", "WorkerPool", "load_what_fits_need", "warm_up"]

# One thread a fit: costs are comparable, and results do not depend on n_jobs.
_ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    ),
    "1",
)


@dataclass(frozen=True)
class Request:
    """What a worker is asked to do.

    Attributes
    ----------
    experiment : Experiment
        What is wanted.
    methods : mapping of str to Method
        What is fitted, by the name in the experiments.
    source : TableSource
        Where the table is.
    trials : tuple of optuna.trial.FrozenTrial, default=()
        Trials of the experiment that are in the store, from a run that was stopped.
    others : tuple of Experiment, default=()
        More experiments on the same data set, to be run together with the first
        (`trimtab.benchmark.running.together`). Then each outcome comes as a message,
        and the answer says how the whole ended.
    """

    experiment: Experiment
    methods: Mapping[str, Method]
    source: TableSource
    trials: tuple[Any, ...] = ()
    others: tuple[Experiment, ...] = ()


OnMessage = Callable[[FinishedTrials | FinishedExperiment], None]
"""Told each batch of trials of a tuning, or each experiment of several."""


class Worker:
    """A child process, started at once so that its imports run meanwhile.

    Parameters
    ----------
    sent_tables : Path or None, default=None
        The folder of the tables that a cluster was sent (`SentSource`).
    """

    def __init__(self, sent_tables: Path | None = None) -> None:
        tables = {} if sent_tables is None else {SENT_TABLES: str(sent_tables)}
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the worker
        self._process = subprocess.Popen(
            # -P: a file of the user's folder must not stand in for a library's.
            [sys.executable, "-P", "-m", "trimtab.benchmark.running.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=os.environ
            | _ONE_THREAD
            | {"PYTHONPATH": os.pathsep.join(sys.path)}
            | tables,
            # Ctrl-C is the runner's affair: it ends its workers in order.
            start_new_session=True,
        )
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        answers = self._process.stdout
        assert answers is not None
        try:
            while True:
                self._answers.put(pickle.load(answers))
        except (EOFError, pickle.UnpicklingError, ValueError, OSError):
            self._answers.put(None)

    @property
    def is_alive(self) -> bool:
        """Whether it can take another request."""
        return self._process.poll() is None

    def run(
        self,
        request: Request | bytes,
        time_limit: float | None = None,
        on_message: OnMessage = lambda finished: None,
    ) -> Outcome:
        """Run one experiment, or several together, to the end.

        Parameters
        ----------
        request : Request or bytes
            What to run; bytes are a pickled request.
        time_limit : float or None, default=None
            Seconds that each fit (and each prediction) may take. A worker that is
            over time is killed and cannot be used again.
        on_message : callable, default does nothing
            Called with each batch of trials of a tuning, and each of several
            experiments, as it finishes.

        Returns
        -------
        Outcome
            ``"done"``, ``"error"`` with the error in one line (an exception, or the
            death of the process), or ``"timeout"``.
        """
        assert self._process.stdin is not None
        try:
            # Bytes within a pickle: what cannot be unpickled is the request's failure.
            if not isinstance(request, bytes):
                request = cloudpickle.dumps(request)
            pickle.dump(request, self._process.stdin)
            self._process.stdin.flush()
        except OSError:
            return self._death()
        phase, limit = "load", None
        while True:
            started = time.monotonic()
            try:
                answer = self._answers.get(timeout=limit)
            except queue.Empty:
                self.close()
                took = time.monotonic() - started
                return Outcome(
                    "timeout",
                    f"{phase} took more than {limit:g} s ({took:.0f} s)",
                    measures={"time_limit": float(time_limit or 0)},
                )
            if answer is None:
                return self._death()
            if isinstance(answer, Outcome):
                return answer
            if isinstance(answer, Phase):
                phase = answer.name
                if time_limit is not None:
                    # No lock can be waited for any longer, and it is centuries.
                    limit = min(time_limit * answer.n_fits, threading.TIMEOUT_MAX)
            else:
                on_message(answer)

    def _death(self) -> Outcome:
        code = self._process.wait()
        lines: list[str] = []
        with contextlib.suppress(ValueError):  # closed meanwhile
            self._log.seek(0)
            lines = self._log.read().decode(errors="replace").strip().splitlines()
        last = f": {lines[-1]}" if lines else ""
        cause = f"signal {-code}" if code < 0 else f"exit code {code}"
        hint = " (out of memory?)" if code == -9 else ""
        return Outcome("error", f"the worker process died with {cause}{hint}{last}")

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):  # what was not sent any more
                    stream.close()
        self._log.close()


_warm: list[Worker] = []


def warm_up() -> None:
    """Start a worker for the first pool to come: it imports while others read."""
    if not _warm:
        _warm.append(Worker())
        atexit.register(_cool_down)


def _cool_down() -> None:
    while _warm:
        _warm.pop().close()


class WorkerPool:
    """Workers that are reused; one more is started where all are busy.

    Parameters
    ----------
    n_ready : int, default=0
        How many to start at once.
    sent_tables : Path or None, default=None
        See `Worker`.
    """

    def __init__(self, n_ready: int = 0, sent_tables: Path | None = None) -> None:
        self._sent_tables = sent_tables
        self._idle: queue.SimpleQueue[Worker] = queue.SimpleQueue()
        self._all: list[Worker] = []
        for _ in range(n_ready):
            self._idle.put(self._start())

    def _start(self) -> Worker:
        worker = _warm.pop() if _warm else Worker(self._sent_tables)
        self._all.append(worker)
        return worker

    def run(
        self,
        request: Request | bytes,
        time_limit: float | None = None,
        on_message: OnMessage = lambda finished: None,
    ) -> Outcome:
        """Run one experiment on an idle worker; see `Worker.run`."""
        worker = self._take()
        outcome = worker.run(request, time_limit, on_message)
        if worker.is_alive:
            self._idle.put(worker)
        return outcome

    def _take(self) -> Worker:
        """Return an idle worker; one that died meanwhile is not blamed on a request."""
        try:
            while True:
                worker = self._idle.get_nowait()
                if worker.is_alive:
                    return worker
        except queue.Empty:
            return self._start()

    def __enter__(self) -> "WorkerPool":
        return self

    def __exit__(self, *exception: object) -> None:
        for worker in self._all:
            worker.close()


def load_what_fits_need() -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Import, while the parent reads the table, what nearly every request needs.

    Returns
    -------
    evaluate : callable
        `trimtab.benchmark.running.evaluation.evaluate`
    evaluate_together : callable
        `trimtab.benchmark.running.together.evaluate_together`
    """
    import lightgbm  # noqa: F401

    from trimtab.benchmark.methods import controls  # noqa: F401
    from trimtab.benchmark.running.evaluation import evaluate
    from trimtab.benchmark.running.together import evaluate_together

    return evaluate, evaluate_together


def _serve() -> None:
    """Answer requests until the parent is gone."""
    answers = os.fdopen(os.dup(1), "wb")
    # What learners print must not get between the answers.
    os.dup2(2, 1)
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(
        target=_receive, args=(sys.stdin.buffer, requests), daemon=True
    ).start()
    import warnings

    evaluate, evaluate_together = load_what_fits_need()
    warnings.simplefilter("ignore")
    loaded: dict[TableSource, Any] = {}

    def answer(message: Any) -> None:
        pickle.dump(message, answers, protocol=pickle.HIGHEST_PROTOCOL)
        answers.flush()

    while True:
        payload = requests.get()
        try:
            request: Request = pickle.loads(payload)
            if request.source not in loaded:
                loaded.clear()
                loaded[request.source] = request.source.load()
            X, labels = loaded[request.source]
            if request.others:
                every = request.experiment, *request.others
                for message in evaluate_together(
                    every, request.methods, X, labels, answer
                ):
                    answer(message)
                outcome = Outcome("done")
            else:
                experiment = request.experiment
                outcome = evaluate(
                    experiment,
                    request.methods[experiment.method],
                    X,
                    labels,
                    answer,
                    request.trials,
                )
        except (Exception, SystemExit) as error:
            text = " ".join(str(error).split())
            outcome = Outcome("error", f"{type(error).__name__}: {text}"[:500])
        answer(outcome)


def _receive(stream: IO[bytes], requests: "queue.SimpleQueue[bytes]") -> None:
    """Pass requests on; end the process at once when the parent is gone."""
    try:
        while True:
            requests.put(pickle.load(stream))
    finally:  # of the stream, in the middle of a request perhaps
        os._exit(0)


if __name__ == "__main__":
    _serve()
