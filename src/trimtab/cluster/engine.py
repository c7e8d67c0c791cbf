"""Where work runs: on this machine, or on the workers of a Dask or Ray cluster."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from trimtab.exceptions import InputError, nearest_names

__all__ = [
    "ENGINES",
    "LOCAL",
    "Cluster",
    "Engine",
    "Sent",
    "WorkersDiedError",
]

ENGINES = ("local", "dask", "ray")
"""The engines by name."""

_EXAMPLES = {"dask": "tcp://host:8786", "ray": "host:6379"}

Tell = Callable[[bytes], None]
"""Sends a message to whoever sent the errand, while it runs."""

Errand = Callable[[bytes, bytes, Tell], Any]
"""What runs on a worker: a function of a module, of data, an argument and `Tell`."""


@dataclass(frozen=True)
class Engine:
    """Where work runs.

    Attributes
    ----------
    name : {"local", "dask", "ray"}, default="local"
        What distributes it. ``"local"``: processes of this machine.
    scheduler : str or None, default=None
        The address of a cluster's scheduler: ``tcp://host:8786`` for Dask,
        ``host:6379`` for Ray.

    Raises
    ------
    InputError
        Where there is no such engine, or one is given without the other.
    """

    name: str = "local"
    scheduler: str | None = None

    def __post_init__(self) -> None:
        if self.name not in ENGINES:
            hint = nearest_names(self.name, ENGINES)
            raise InputError(f"there is no engine {self.name!r}: {hint}")
        if self.name != "local" and not self.scheduler:
            raise InputError(
                f"the engine {self.name} needs its scheduler's address: give "
                f"--scheduler {_EXAMPLES[self.name]}"
            )
        if self.name == "local" and self.scheduler:
            raise InputError(
                f"the scheduler {self.scheduler} is given and the engine is local: "
                "give --engine dask or --engine ray too"
            )

    @property
    def is_local(self) -> bool:
        """Whether all runs on this machine."""
        return self.name == "local"


LOCAL = Engine()
"""This machine."""


@dataclass(eq=False)
class Sent:
    """Data that a cluster is given once and that many errands use.

    Attributes
    ----------
    read : callable
        Returns the bytes; called when they are first needed, and again should every
        machine that had them be gone.
    where : object
        The engine's own reference to them on the cluster; None while they are not.
    """

    read: Callable[[], bytes]
    where: Any = field(default=None, repr=False)


class WorkersDiedError(Exception):
    """An errand was given up: every worker that had it died."""


class Cluster(Protocol):
    """What an engine offers. Any thread may use it."""

    @property
    def n_slots(self) -> int:
        """How many errands run at once, by the workers that are there now."""

    def run(
        self,
        errand: Errand,
        data: Sent,
        argument: bytes,
        on_message: Tell,
        place: str | None = None,
    ) -> Any:
        """Run an errand on some worker and wait for what it returns.

        An errand whose worker dies begins anew on another, so it may run twice.

        Parameters
        ----------
        errand : callable
            A function of a module that the workers have.
        data : Sent
            What it works on.
        argument : bytes
            What it is to do.
        on_message : callable
            Called in this thread with what the errand tells.
        place : str, default=None
            Errands of the same place go to the same worker while that lives.

        Raises
        ------
        WorkersDiedError
            Where one worker after the other died of it.
        InputError
            Where the scheduler is gone, or a worker lacks trimtab.
        """

    def everywhere(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Call a function on each worker that answers."""

    def close(self) -> None:
        """Leave the cluster; what still runs is of no use any more."""
