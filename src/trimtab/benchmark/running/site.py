"""A machine of a cluster at work for a run: its worker processes and its tables.

The cluster's own worker only passes on: each experiment runs in a child of it, under
the same limits as on the machine of the runner (`trimtab.benchmark.running.worker`).
"""

# SPDX-License-Identifier: BSD-3-Clause

import pickle
import platform
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from trimtab.benchmark.experiment import Outcome
from trimtab.benchmark.running.worker import WorkerPool
from trimtab.benchmark.versions import library_versions
from trimtab.cluster.engine import Tell
from trimtab.exceptions import InputError

__all__ = ["Order", "close_site", "run_order"]

_IDLE_SECONDS = 60.0
"""A runner that is killed leaves its site; it goes when nothing comes any more."""


@dataclass(frozen=True)
class Order:
    """An experiment that a runner sends to a cluster.

    Attributes
    ----------
    run : str
        The runner's name: each run has processes of its own on a machine.
    digest : str
        What the table is called there.
    request : bytes
        A pickled `Request`; only the child that runs it reads it.
    time_limit : float or None
        Seconds for each fit.
    versions : dict of str to str
        The runner's libraries. Results are recorded as made by these.
    """

    run: str
    digest: str
    request: bytes
    time_limit: float | None
    versions: dict[str, str]


class _Site:
    """What a process of a cluster keeps for one run."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="trimtab-")
        self._pool = WorkerPool(sent_tables=Path(self._folder.name))
        self._lock = threading.Lock()

    def keep(self, table: bytes, digest: str) -> None:
        """Write a table to where the children find it, unless it is there."""
        path = Path(self._folder.name) / digest
        part = path.with_suffix(".part")
        with self._lock:
            if path.exists():
                return
            try:
                part.write_bytes(table)
            except OSError as error:
                part.unlink(missing_ok=True)
                raise InputError(
                    f"the worker on {platform.node()} cannot keep a table of "
                    f"{len(table)} bytes ({error}): free space there, or start it with "
                    "another temporary folder, TMPDIR"
                ) from None
            part.replace(path)

    def run(self, order: Order, tell: Tell) -> Outcome:
        def told(message: object) -> None:
            tell(pickle.dumps(message))

        return self._pool.run(order.request, order.time_limit, told)

    def close(self) -> None:
        self._pool.__exit__()
        self._folder.cleanup()


_sites: dict[str, _Site] = {}
_busy: dict[str, int] = {}
_timers: dict[str, threading.Timer] = {}
_lock = threading.Lock()


def run_order(table: bytes, argument: bytes, tell: Tell) -> Outcome:
    """Run an experiment here; an errand for `trimtab.cluster.engine.Cluster`.

    Parameters
    ----------
    table : bytes
        A staged file, byte by byte.
    argument : bytes
        A pickled `Order`.
    tell : callable
        Sends pickled `FinishedTrials`.

    Returns
    -------
    Outcome

    Raises
    ------
    InputError
        Where libraries of this machine are not those of the runner, or it has no room
        for the table.
    """
    order: Order = pickle.loads(argument)
    _check_versions(order.versions)
    site = _enter(order.run)
    try:
        site.keep(table, order.digest)
        return site.run(order, tell)
    finally:
        _leave(order.run)


def _check_versions(wanted: dict[str, str]) -> None:
    here = library_versions()
    for name in wanted | here:
        there, version = here.get(name, "not at all"), wanted.get(name, "not at all")
        if there != version:
            raise InputError(
                f"the worker on {platform.node()} has {name} {there} and this process "
                f"{version}: install the same on all, results depend on it"
            )


def _enter(run: str) -> _Site:
    with _lock:
        timer = _timers.pop(run, None)
        if timer is not None:
            timer.cancel()
        if run not in _sites:
            _sites[run] = _Site()
        _busy[run] = _busy.get(run, 0) + 1
        return _sites[run]


def _leave(run: str) -> None:
    with _lock:
        _busy[run] -= 1
        if _busy[run]:
            return
        del _busy[run]
        timer = threading.Timer(_IDLE_SECONDS, close_site, (run,), {"if_idle": True})
        timer.daemon = True
        timer.start()
        _timers[run] = timer


def close_site(run: str, if_idle: bool = False) -> None:
    """End what a run has in this process of a cluster.

    Parameters
    ----------
    run : str
        The runner's name.
    if_idle : bool, default=False
        Not while it is at work.
    """
    with _lock:
        if if_idle and run in _busy:
            return
        site = _sites.pop(run, None)
        timer = _timers.pop(run, None)
    if timer is not None:
        timer.cancel()
    if site is not None:
        site.close()
