"""Errands on a Ray cluster."""

# SPDX-License-Identifier: BSD-3-Clause

import logging
import os
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

from trimtab.cluster.engine import Errand, Sent, Tell, WorkersDiedError
from trimtab.exceptions import InputError, MissingExtraError

__all__ = ["RayCluster"]

_CONNECT_SECONDS = 10.0
_RETRIES = 3  # as often as Dask begins a task again whose worker died


class RayCluster:
    """A connection to a Ray cluster; see `trimtab.cluster.engine.Cluster`.

    Parameters
    ----------
    address : str
        That of the head node, ``host:6379``, on a machine that is part of the
        cluster; or ``ray://host:10001`` from elsewhere.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._ray = _connected(address)
        self._lock = threading.Lock()
        self._keepers: dict[str, Any] = {}
        remote = self._ray.remote
        self._stream = remote(num_cpus=1, max_retries=_RETRIES)(_stream)
        # Keepers claim no processor: they would hold it while they wait for a call.
        self._keeper = remote(
            num_cpus=0,
            max_restarts=-1,
            max_task_retries=_RETRIES,
            scheduling_strategy="SPREAD",
        )(_Keeper)

    @property
    def n_slots(self) -> int:
        """Processors of all nodes."""
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def run(
        self,
        errand: Errand,
        data: Sent,
        argument: bytes,
        on_message: Tell,
        place: str | None = None,
    ) -> Any:
        """Run an errand on some worker; see `trimtab.cluster.engine.Cluster.run`."""
        errors = self._ray.exceptions
        try:
            if place is not None:
                keeper = self._keeper_of(place)
                call = keeper.run.remote(errand, self._send(data), argument)
                return self._ray.get(call)
            stream = self._stream.options(num_returns="streaming").remote(
                errand, self._send(data), argument
            )
            for reference in stream:
                is_result, value = self._ray.get(reference)
                if is_result:
                    return value
                on_message(value)
        except errors.RayTaskError as error:
            raise self._of_task(error) from None
        except (
            errors.WorkerCrashedError,
            errors.ActorDiedError,
            errors.NodeDiedError,
            errors.ObjectLostError,
        ):
            raise WorkersDiedError(
                f"{_RETRIES + 1} workers died while they ran it"
            ) from None
        except errors.RaySystemError as error:
            raise InputError(
                f"the Ray cluster {self.address} is gone ({_one_line(error)}): what "
                "was recorded is safe; start it and run the same again"
            ) from None
        raise WorkersDiedError("it ended without a result")

    def _of_task(self, error: Any) -> Exception:
        cause = error.cause
        if isinstance(cause, ModuleNotFoundError) or "No module named" in str(cause):
            return InputError(
                f"a worker of the Ray cluster {self.address} lacks a library "
                f"({_one_line(cause)}): install the same on all"
            )
        found: Exception = cause if isinstance(cause, Exception) else error
        return found

    def _send(self, data: Sent) -> Any:
        """Put data into Ray's store, from where each node takes it once."""
        with self._lock:
            if data.where is None:
                data.where = self._ray.put(data.read())
            return data.where

    def _keeper_of(self, place: str) -> Any:
        with self._lock:
            if place not in self._keepers:
                self._keepers[place] = self._keeper.remote()
            return self._keepers[place]

    def everywhere(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Do nothing: Ray's workers end with the program that they work for."""

    def close(self) -> None:
        """Leave the cluster, which ends the workers of this program."""
        self._ray.shutdown()


def _connected(address: str) -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "ray", "ray") from None
    try:
        _knock(address)
        ray.init(
            address=address,
            log_to_driver=False,
            logging_level=logging.ERROR,
            configure_logging=False,
        )
    except (ConnectionError, OSError, ValueError, RuntimeError) as error:
        raise InputError(
            f"no Ray cluster answers at {address} ({_one_line(error)}): start one with "
            "ray start --head, or give the address that it prints"
        ) from None
    return ray


def _knock(address: str) -> None:
    """Raise an OSError where nothing listens: Ray itself tries for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if address == "auto":
        return
    if not host or not port.isdigit():
        raise ValueError("an address is host:port")
    socket.create_connection((host, int(port)), _CONNECT_SECONDS).close()


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text[:200]


def _stream(errand: Errand, data: bytes, argument: bytes) -> Iterator[tuple[bool, Any]]:
    """Run an errand; yield what it tells, and at last (True, what it returns)."""
    told: queue.SimpleQueue[tuple[bool, Any] | BaseException] = queue.SimpleQueue()

    def work() -> None:
        try:
            told.put((True, errand(data, argument, lambda m: told.put((False, m)))))
        except BaseException as error:
            told.put(error)

    threading.Thread(target=work, daemon=True).start()
    while True:
        message = told.get()
        if isinstance(message, BaseException):
            raise message
        yield message
        if message[0]:
            return


class _Keeper:
    """A process that errands of one place share; begun anew when it dies."""

    def run(self, errand: Errand, data: bytes, argument: bytes) -> Any:
        """Run an errand; what it tells is not heard."""
        return errand(data, argument, lambda message: None)
