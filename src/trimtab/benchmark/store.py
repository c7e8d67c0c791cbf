"""Where results are kept: a database by URL, SQLite by default, PostgreSQL for a team.

A result is written once, under its experiment's key, in one transaction. Before a
runner starts an experiment it claims the key; a runner that died leaves claims that no
longer beat, and another takes them over. So a run can be killed at any moment and
started again, and several runners can share one store.
"""

# SPDX-License-Identifier: BSD-3-Clause

import functools
import json
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.exc import (
    ArgumentError,
    IntegrityError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)

from trimtab.benchmark.experiment import Experiment, Outcome
from trimtab.exceptions import InputError

__all__ = ["Claim", "Store"]

_metadata = sa.MetaData()

_results = sa.Table(
    "trimtab_results",
    _metadata,
    sa.Column("key", sa.String(32), primary_key=True),
    sa.Column("dataset", sa.Text, nullable=False),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("protocol", sa.Text, nullable=False),
    sa.Column("repeat", sa.Integer, nullable=False),
    sa.Column("fold", sa.Integer, nullable=False),
    sa.Column("seed", sa.Integer, nullable=False),
    sa.Column("parameters", sa.Text, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("threshold", sa.Float),
    sa.Column("measures", sa.Text, nullable=False),
    sa.Column("per_class", sa.Text, nullable=False),
    sa.Column("versions", sa.Text, nullable=False),
    sa.Column("finished_at", sa.DateTime, server_default=sa.func.now()),
)

_scores = sa.Table(
    "trimtab_scores",
    _metadata,
    sa.Column("key", sa.ForeignKey(_results.c.key), primary_key=True),
    sa.Column("n_classes", sa.Integer, nullable=False),
    sa.Column("float32_zlib", sa.LargeBinary, nullable=False),
)

_claims = sa.Table(
    "trimtab_claims",
    _metadata,
    sa.Column("key", sa.String(32), primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("beats", sa.Integer, nullable=False),
)

_CHUNK = 500  # keys in one query: SQLite takes a bounded number of variables
_PATIENCE = 120.0  # seconds that a server may be away, for a restart

F = TypeVar("F", bound=Callable[..., Any])


def _patiently(operation: F) -> F:
    """Repeat an operation while the database server is away."""

    @functools.wraps(operation)
    def repeat(*arguments: Any) -> Any:
        give_up = time.monotonic() + _PATIENCE
        pause = 0.1
        while True:
            try:
                return operation(*arguments)
            except OperationalError:
                if time.monotonic() > give_up:
                    raise
                time.sleep(pause)
                pause = min(2 * pause, 5.0)

    return repeat  # type: ignore[return-value]


@dataclass(frozen=True)
class Claim:
    """A runner's word that it is at work on an experiment.

    Attributes
    ----------
    key : str
        The experiment's.
    owner : str
        The runner's name.
    beats : int
        Grows while the runner lives.
    """

    key: str
    owner: str
    beats: int


class Store:
    """Results and claims in a database.

    Parameters
    ----------
    url : str
        SQLAlchemy URL: ``sqlite:///results.sqlite``, or
        ``postgresql+psycopg://user@host/database``.

    Raises
    ------
    InputError
        Where the URL is not understood or the database cannot be reached.
    """

    def __init__(self, url: str) -> None:
        try:
            self._engine = _engine(url)
            _metadata.create_all(self._engine)
        except (ArgumentError, NoSuchModuleError, ImportError, OSError) as error:
            raise InputError(
                f"the store {url!r} is not understood ({_one_line(error)}): give a URL "
                "such as sqlite:///results.sqlite or "
                "postgresql+psycopg://user@host/database"
            ) from None
        except IntegrityError:  # another runner made the tables at the same moment
            _metadata.create_all(self._engine)
        except SQLAlchemyError as error:
            shown = self._engine.url.render_as_string(hide_password=True)
            raise InputError(
                f"the store {shown} cannot be opened ({_one_line(error)}): start the "
                "server, check the address, or use a file, sqlite:///results.sqlite"
            ) from None

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @_patiently
    def statuses(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the status of those of `keys` that have a result."""
        query = sa.select(_results.c.key, _results.c.status)
        return dict(map(tuple, self._select(query, _results, keys)))

    def forget(self, keys: Iterable[str]) -> None:
        """Delete the results of `keys`, to run them again."""
        with self._engine.begin() as connection:
            for chunk in _chunks(keys):
                for table in (_scores, _results):
                    connection.execute(table.delete().where(table.c.key.in_(chunk)))

    @_patiently
    def claim(self, key: str, owner: str) -> bool:
        """Claim an experiment.

        Returns
        -------
        bool
            False where it has a result or another runner is at work on it.
        """
        try:
            with self._engine.begin() as connection:
                # First the claim, whose key only one can hold, then the look: a
                # result that is written meanwhile removes the other's claim with it.
                connection.execute(
                    _claims.insert().values(key=key, owner=owner, beats=0)
                )
                done = sa.select(_results.c.key).where(_results.c.key == key)
                if connection.execute(done).first() is not None:
                    raise _AlreadyDoneError
        except _AlreadyDoneError:
            return False
        except IntegrityError:
            # Ours, if the connection broke after the claim was written.
            return any(claim.owner == owner for claim in self.claims([key]))
        return True

    @_patiently
    def beat(self, owner: str) -> None:
        """Show that `owner` lives."""
        mine = _claims.c.owner == owner
        with self._engine.begin() as connection:
            connection.execute(
                _claims.update().where(mine).values(beats=_claims.c.beats + 1)
            )

    @_patiently
    def claims(self, keys: Iterable[str]) -> list[Claim]:
        """Return the claims on `keys`."""
        query = sa.select(_claims.c.key, _claims.c.owner, _claims.c.beats)
        return [Claim(*row) for row in self._select(query, _claims, keys)]

    @_patiently
    def release(self, claim: Claim) -> None:
        """Delete a claim, unless it has beaten since it was read."""
        with self._engine.begin() as connection:
            connection.execute(
                _claims.delete().where(
                    _claims.c.key == claim.key,
                    _claims.c.owner == claim.owner,
                    _claims.c.beats == claim.beats,
                )
            )

    @_patiently
    def release_all(self, owner: str) -> None:
        """Delete every claim of `owner`."""
        with self._engine.begin() as connection:
            connection.execute(_claims.delete().where(_claims.c.owner == owner))

    @_patiently
    def record(
        self, experiment: Experiment, outcome: Outcome, owner: str, versions: str
    ) -> None:
        """Write a result and remove its claim, both or neither.

        Where the key has a result already, that one stays.
        """
        row = {
            "key": experiment.key,
            "dataset": experiment.dataset,
            "method": experiment.method,
            "protocol": json.dumps(experiment.protocol.as_dict(), sort_keys=True),
            "repeat": experiment.repeat,
            "fold": experiment.fold,
            "seed": experiment.seed,
            "parameters": experiment.parameters,
            "status": outcome.status,
            "reason": outcome.reason,
            "threshold": outcome.threshold,
            "measures": json.dumps(outcome.measures),
            "per_class": json.dumps(outcome.per_class),
            "versions": versions,
        }
        try:
            with self._engine.begin() as connection:
                connection.execute(_results.insert().values(row))
                if outcome.scores is not None:
                    connection.execute(
                        _scores.insert().values(
                            key=experiment.key, **_pack(outcome.scores)
                        )
                    )
                _drop_claim(connection, experiment.key, owner)
        except IntegrityError:
            with self._engine.begin() as connection:
                _drop_claim(connection, experiment.key, owner)

    def results(self, experiments: Sequence[Experiment]) -> pd.DataFrame:
        """Return the results of `experiments`, one row each, in their order.

        Returns
        -------
        DataFrame
            ``key``, ``dataset``, ``method``, ``repeat``, ``fold``, ``seed``,
            ``parameters``, ``status``, ``reason``, ``threshold``, ``per_class`` (as
            JSON), and a column for each measure and cost. Experiments without a
            result have no row.
        """
        names = ["key", "dataset", "method", "repeat", "fold", "seed", "parameters"]
        names += ["status", "reason", "threshold", "per_class", "measures"]
        keys = [experiment.key for experiment in experiments]
        query = sa.select(*(_results.c[name] for name in names))
        rows = {row[0]: row for row in self._select(query, _results, keys)}
        frame = pd.DataFrame([rows[key] for key in keys if key in rows], columns=names)
        measures = pd.DataFrame([json.loads(text) for text in frame.pop("measures")])
        return pd.concat([frame, measures], axis=1)

    def scores(self, keys: Iterable[str]) -> dict[str, NDArray[np.float32]]:
        """Return the predicted probabilities of `keys`, where they were kept."""
        query = sa.select(_scores.c.key, _scores.c.n_classes, _scores.c.float32_zlib)
        return {
            key: np.frombuffer(zlib.decompress(packed), "<f4").reshape(-1, n_classes)
            for key, n_classes, packed in self._select(query, _scores, keys)
        }

    def _select(
        self, query: sa.Select[Any], table: sa.Table, keys: Iterable[str]
    ) -> Iterator[Any]:
        with self._engine.connect() as connection:
            for chunk in _chunks(keys):
                yield from connection.execute(query.where(table.c.key.in_(chunk)))


class _AlreadyDoneError(Exception):
    """Rolls a claim back."""


def _drop_claim(connection: sa.Connection, key: str, owner: str) -> None:
    connection.execute(
        _claims.delete().where(_claims.c.key == key, _claims.c.owner == owner)
    )


def _pack(scores: NDArray[np.float32]) -> dict[str, Any]:
    little_endian = np.ascontiguousarray(scores, dtype="<f4")
    return {
        "n_classes": scores.shape[1],
        "float32_zlib": zlib.compress(little_endian.tobytes(), level=1),
    }


def _chunks(keys: Iterable[str]) -> Iterator[list[str]]:
    keys = list(keys)
    for start in range(0, len(keys), _CHUNK):
        yield keys[start : start + _CHUNK]


def _one_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return " ".join(str(cause).split())


def _engine(url: str) -> sa.Engine:
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return sa.create_engine(parsed, pool_pre_ping=True)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(parsed, connect_args={"timeout": 60})

    @sa.event.listens_for(engine, "connect")
    def _configure(connection: Any, _: object) -> None:
        # Readers do not wait for the writer; transactions are begun by hand, below.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # Take the write lock at once: two that read first and write then would clash.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
