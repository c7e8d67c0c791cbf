"""Which fits are not tried, because one like them took too long."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import replace

from trimtab.benchmark.experiment import Experiment, Outcome

__all__ = ["NOT_TRIED", "TooSlow"]

NOT_TRIED = "not tried: "
"""How the reason begins of what was not tried."""


class TooSlow:
    """Remembers the time-outs of a run.

    A method that took too long on one split of a data set has no mean over all of them,
    whatever the others bring; and they are about as large. So they are not tried. Where
    parameters are tuned each split has its own, and is tried.

    Parameters
    ----------
    time_limit : float or None
        Seconds that each fit may take.
    """

    def __init__(self, time_limit: float | None) -> None:
        self._time_limit = time_limit or 0.0
        self._known: set[str] = set()

    def take_notice(self, experiment: Experiment, status: str) -> None:
        """Learn how an experiment ended, under this limit or a larger one."""
        if status == "timeout" and experiment.tuning is None:
            self._known.add(_of_any_split(experiment))

    def outcome(self, experiment: Experiment) -> Outcome | None:
        """Return the time-out of an experiment that is not to be tried, else None."""
        if _of_any_split(experiment) not in self._known:
            return None
        return Outcome(
            "timeout",
            f"{NOT_TRIED}on another split it took more than {self._time_limit:g} s",
            measures={"time_limit": self._time_limit},
        )


def _of_any_split(experiment: Experiment) -> str:
    return replace(experiment, repeat=0, fold=0, seed=0).key
