"""Errands on a Dask cluster."""

# SPDX-License-Identifier: BSD-3-Clause

import importlib.metadata
import logging
import pickle
import queue
import threading
import time
import uuid
import warnings
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any

from trimtab.cluster.engine import Errand, Sent, Tell, WorkersDiedError
from trimtab.exceptions import InputError, MissingExtraError

__all__ = ["DaskCluster"]

_log = logging.getLogger(__name__)

_CONNECT_SECONDS = 10


class DaskCluster:
    """A connection to a Dask scheduler; see `trimtab.cluster.engine.Cluster`.

    Parameters
    ----------
    address : str
        The scheduler's: ``tcp://host:8786``.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._client = _client(address)
        try:
            self._check_trimtab()
            self._allowed_deaths = self._read_allowed_deaths()
        except BaseException:
            self._client.close()
            raise
        # One subscription for all errands: a scheduler keeps each topic for ever.
        self._topic = _new_name()
        self._listeners: dict[str, queue.SimpleQueue[Any]] = {}
        self._client.subscribe_topic(self._topic, self._hear)
        self._is_gone = False
        self._sending = threading.Lock()
        self._places: dict[str, str] = {}

    def _check_trimtab(self) -> None:
        """Raise unless the scheduler and each worker can import trimtab."""
        asked = importlib.metadata.version, "trimtab"
        if not self._client.scheduler_info(n_workers=1)["workers"]:
            raise InputError(
                f"the Dask scheduler {self.address} has no workers: start one, "
                f"dask worker {self.address}"
            )
        answers = self._client.run(*asked, on_error="return")
        try:
            answers["the scheduler"] = self._client.run_on_scheduler(*asked)
        except importlib.metadata.PackageNotFoundError as error:
            answers["the scheduler"] = error
        without = [w for w, found in answers.items() if not isinstance(found, str)]
        if without:
            raise InputError(
                f"trimtab is not installed on {without[0]} of the Dask cluster "
                f"{self.address} (on {len(without)} of {len(answers)} processes): "
                "install it there too"
            )

    def _read_allowed_deaths(self) -> int:
        """Return how many workers a task may outlive, as the scheduler is set."""
        from dask import config

        asked = config.get, "distributed.scheduler.allowed-failures"
        allowed: int = self._client.run_on_scheduler(*asked)
        return allowed

    @property
    def n_slots(self) -> int:
        """Threads of all workers."""
        return max(1, self._n_threads())

    def _n_threads(self) -> int:
        """Return the threads of all workers; raise where the scheduler is gone."""
        threads: dict[str, int] = self._ask(self._client.nthreads)
        return sum(threads.values())

    def _ask(self, question: Callable[..., Any], *arguments: Any) -> Any:
        """Ask the scheduler something; raise where it is gone."""
        try:
            if self._is_gone:
                raise CancelledError
            return question(*arguments)
        except (OSError, CancelledError, RuntimeError):
            self._is_gone = True
            raise InputError(
                f"the Dask scheduler {self.address} is gone: what was recorded is "
                "safe; start it and run the same again"
            ) from None

    def run(
        self,
        errand: Errand,
        data: Sent,
        argument: bytes,
        on_message: Tell,
        place: str | None = None,
    ) -> Any:
        """Run an errand on some worker; see `trimtab.cluster.engine.Cluster.run`."""
        from distributed.client import ClosedClientError
        from distributed.comm.core import CommClosedError

        deaths = 0
        # As Dask itself counts, which begins anew with each copy of the data.
        while deaths <= self._allowed_deaths:
            name, where = _new_name(), self._send(data)
            try:
                return self._run_once(name, errand, where, argument, on_message, place)
            except (CancelledError, ClosedClientError, CommClosedError):
                # Every worker that had the data died, or the scheduler did, maybe
                # while a result was fetched.
                deaths += self._ask(self._client.run_on_scheduler, _count_deaths, name)
                self._forget(data, where)
        raise WorkersDiedError(
            f"{deaths} workers died while they ran it, and all copies of its data "
            "with them"
        )

    def _run_once(
        self,
        name: str,
        errand: Errand,
        where: Any,
        argument: bytes,
        on_message: Tell,
        place: str | None,
    ) -> Any:
        from distributed import KilledWorker

        told: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._listeners[name] = told
        near = self._places.get(place or "")
        options = {"workers": [near], "allow_other_workers": True} if near else {}
        # As bytes: the scheduler, too, unpickles what it is given, and need not import
        # what workers work with.
        packed = pickle.dumps(errand)
        arguments = (packed, where, argument, self._topic, name)
        try:
            future = self._client.submit(
                _run_there, *arguments, key=name, pure=False, **options
            )
            future.add_done_callback(lambda _: told.put(None))
            while (message := told.get()) is not None:
                on_message(message)
            if self._is_gone:
                raise CancelledError
            worker, result = future.result()
        except KilledWorker as error:
            raise WorkersDiedError(
                f"{error.allowed_failures + 1} workers died while they ran it, the "
                f"last {getattr(error.last_worker, 'address', '')}"
            ) from None
        except ModuleNotFoundError as error:
            raise InputError(
                f"a worker of the Dask cluster {self.address} lacks a library "
                f"({error}): install the same on all"
            ) from None
        finally:
            del self._listeners[name]
        if place is not None:
            self._places[place] = worker
        return result

    def _hear(self, event: tuple[float, tuple[str, bytes]]) -> None:
        _, (name, message) = event
        if name in self._listeners:
            self._listeners[name].put(message)

    def _send(self, data: Sent) -> Any:
        """Put data on every worker that is there; others get it from them."""
        with self._sending:
            while data.where is None:
                self._wait_for_workers()
                content = data.read()
                try:
                    data.where = self._client.scatter(
                        content, broadcast=True, hash=False
                    )
                except (OSError, CancelledError):  # the workers left meanwhile
                    continue
            return data.where

    def _wait_for_workers(self) -> None:
        told = False
        while not self._n_threads():
            if not told:
                _log.warning("%s has no workers any more: waiting", self.address)
            told = True
            time.sleep(1.0)

    def _forget(self, data: Sent, where: Any) -> None:
        with self._sending:
            if data.where is where:
                data.where = None

    def everywhere(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Call a function on each worker that answers."""
        if not self._is_gone:
            self._client.run(function, *arguments, on_error="ignore")

    def close(self) -> None:
        """Leave the cluster; errands that have not begun are dropped."""
        self._is_gone = True
        self._client.close()
        for told in list(self._listeners.values()):  # nobody is left waiting
            told.put(None)


def _new_name() -> str:
    return f"trimtab-{uuid.uuid4().hex}"


def _client(address: str) -> Any:
    try:
        import distributed

        make: Any = distributed.Client
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "distributed", "dask") from None
    # A client of a senseless address tries it for long, and dies noisily.
    _check_address(address)
    try:
        with warnings.catch_warnings():
            # Versions are compared where results depend on them.
            warnings.simplefilter("ignore", distributed.versions.VersionMismatchWarning)
            return make(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        cause = " ".join(str(error).split())
        raise InputError(
            f"no Dask scheduler answers at {address} ({cause}): start one with "
            "dask scheduler, or give the address that it prints"
        ) from None


def _check_address(address: str) -> None:
    """Raise an `InputError` unless an address has a scheme, a host and a port."""
    from distributed.comm.addressing import parse_address, parse_host_port
    from distributed.comm.registry import backends

    scheme, place = parse_address(address)
    if scheme == "inproc":  # a scheduler of this process has a name alone
        return
    try:
        host, port = parse_host_port(place)
        is_sound = bool(host) and 0 < port < 2**16 and scheme in backends
    except ValueError:
        is_sound = False
    if not is_sound:
        raise InputError(
            f"the address {address!r} is none of a Dask scheduler: give the one that "
            "it prints, such as tcp://host:8786"
        )


def _run_there(
    packed: bytes, data: bytes, argument: bytes, topic: str, name: str
) -> tuple[str, Any]:
    """Run an errand in a worker's thread; return the worker's address too."""
    from distributed import get_worker

    worker = get_worker()

    def tell(message: bytes) -> None:
        worker.log_event(topic, (name, message))

    errand: Errand = pickle.loads(packed)
    return worker.address, errand(data, argument, tell)


def _count_deaths(name: str, dask_scheduler: Any) -> int:
    """Return how many workers died with a task in their hands, on the scheduler."""
    return sum(
        name in event["processing-tasks"] and not event["expected"]
        for _, event in dask_scheduler.get_events("all")
        if isinstance(event, dict) and event.get("action") == "remove-worker"
    )
