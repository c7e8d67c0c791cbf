"""Where the trials of tunings are kept: Optuna's own tables, beside the results.

A study is called as its experiment's key. So a search that was stopped goes on, and
optuna-dashboard shows any of them.
"""

# SPDX-License-Identifier: BSD-3-Clause

import functools
import itertools
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from trimtab.benchmark.database import patiently
from trimtab.benchmark.experiment import Experiment
from trimtab.benchmark.messages import POSITION
from trimtab.benchmark.methods.search_spaces import quiet_optuna

__all__ = ["TrialStore"]

F = TypeVar("F", bound=Callable[..., Any])


def _unwrapped(operation: F) -> F:
    """Raise the database's error, not Optuna's around it."""

    @functools.wraps(operation)
    def unwrap(*arguments: Any) -> Any:
        from optuna.exceptions import StorageInternalError

        try:
            return operation(*arguments)
        except StorageInternalError as error:
            raise error.__cause__ or error from None

    return unwrap  # type: ignore[return-value]


class TrialStore:
    """Trials in a database; nothing is made or imported before there is one.

    Parameters
    ----------
    url : sqlalchemy.URL
        The database, which exists.
    """

    def __init__(self, url: sa.URL) -> None:
        self.url = url
        self._storage: Any = None
        self._lock = threading.Lock()
        self._positions: dict[str, set[int]] = {}  # what is known to be there

    def of(self, experiment: Experiment) -> tuple[Any, ...]:
        """Return the trials of an experiment that are there, in their order.

        Returns
        -------
        tuple of optuna.trial.FrozenTrial
            Empty where parameters are not tuned.
        """
        if experiment.tuning is None:
            return ()
        with self._lock, quiet_optuna():
            known = self._known(self._study(experiment))
            self._positions[experiment.key] = set(known)
            return tuple(known.values())

    def add(self, experiment: Experiment, trials: Sequence[Any]) -> None:
        """Write finished trials, those of them that are not there."""
        if not trials:
            return
        with self._lock, quiet_optuna():
            self._add(experiment, trials)

    def forget(self, keys: Iterable[str]) -> None:
        """Delete the trials of experiments."""
        keys = list(keys)
        if keys and self._has_tables():
            with self._lock, quiet_optuna():
                for key in keys:
                    self._forget(key)

    def close(self) -> None:
        """Close every connection."""
        if self._storage is not None:
            self._storage.remove_session()
            self._storage.engine.dispose()
            self._storage = None

    @patiently
    @_unwrapped
    def _add(self, experiment: Experiment, trials: Sequence[Any]) -> None:
        study = self._study(experiment)
        # After a failure half of them may be there: then it is looked up.
        known = self._positions.pop(experiment.key, None)
        if known is None:
            known = set(self._known(study))
        study.add_trials([t for t in trials if t.user_attrs[POSITION] not in known])
        known.update(trial.user_attrs[POSITION] for trial in trials)
        self._positions[experiment.key] = known

    @patiently
    @_unwrapped
    def _known(self, study: Any) -> dict[int, Any]:
        """Return the trials of a study by position.

        Where two runners wrote the same trial, they found the same: the first is taken.
        """
        known: dict[int, Any] = {}
        for trial in study.get_trials(deepcopy=False):
            if trial.state.is_finished() and POSITION in trial.user_attrs:
                known.setdefault(trial.user_attrs[POSITION], trial)
        in_order = itertools.takewhile(known.__contains__, itertools.count())
        return {position: known[position] for position in in_order}

    @patiently
    @_unwrapped
    def _study(self, experiment: Experiment) -> Any:
        import optuna

        assert experiment.tuning is not None
        study = optuna.create_study(
            storage=self._opened(),
            study_name=experiment.key,
            direction="maximize" if experiment.tuning.greater_is_better else "minimize",
            load_if_exists=True,
        )
        if not study.user_attrs:
            study.set_user_attr("method", experiment.method)
            study.set_user_attr("dataset", experiment.dataset)
        return study

    @patiently
    @_unwrapped
    def _forget(self, key: str) -> None:
        import optuna

        self._positions.pop(key, None)

        try:
            optuna.delete_study(study_name=key, storage=self._opened())
        except KeyError:  # it had none
            return

    def _has_tables(self) -> bool:
        engine = sa.create_engine(self.url)
        try:
            return sa.inspect(engine).has_table("studies")
        finally:
            engine.dispose()

    def _opened(self) -> Any:
        """Return the storage; others may be making its tables at this moment."""
        if self._storage is None:
            for pause in (0.1, 0.3, 1.0, 3.0, None):
                try:
                    # Without a pool, what fails leaves no connection open.
                    self._open(sa.pool.NullPool).engine.dispose()
                    break
                except (IntegrityError, ProgrammingError, OperationalError):
                    if pause is None:
                        raise
                    time.sleep(pause)
            self._storage = self._open(sa.pool.QueuePool)
        return self._storage

    def _open(self, pool: type[sa.Pool]) -> Any:
        from optuna.storages import RDBStorage

        if self.url.get_backend_name() == "sqlite":
            options = {"creator": self._connect, "poolclass": pool}
            return RDBStorage("sqlite://", engine_kwargs=options)
        # Optuna takes the URL for a template.
        url = self.url.render_as_string(hide_password=False)
        escaped = url.replace("{", "{{").replace("}", "}}")
        options = {"poolclass": pool, "pool_pre_ping": True}
        return RDBStorage(escaped, engine_kwargs=options)

    def _connect(self) -> sqlite3.Connection:
        """Open the file by its path: in a URL some characters are not its name's."""
        path = self.url.database or ""
        connection = sqlite3.connect(path, timeout=60, check_same_thread=False)
        # A trial that a power cut loses is found again; a commit need not wait.
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection
