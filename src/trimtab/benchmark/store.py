"""Where results are kept: a database by URL, SQLite by default, PostgreSQL for a team.

A result is written once, under its experiment's key, in one transaction. Before a
runner starts an experiment it claims the key; a runner that died leaves claims that no
longer beat, and another takes them over. So a run can be killed at any moment and
started again, and several runners can share one store.
"""

# SPDX-License-Identifier: BSD-3-Clause

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.exc import IntegrityError

from trimtab.benchmark.database import (
    claim_table,
    history_table,
    open_database,
    patiently,
    result_table,
    score_table,
    tuning_table,
)
from trimtab.benchmark.experiment import Experiment, Outcome
from trimtab.benchmark.history import History
from trimtab.benchmark.trial_store import TrialStore
from trimtab.exceptions import InputError

__all__ = ["Claim", "Store"]

_CHUNK = 500  # keys in one query: SQLite takes a bounded number of variables


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
    url : str or sqlalchemy.URL
        SQLAlchemy URL: ``sqlite:///results.sqlite``, or
        ``postgresql+psycopg://user@host/database``.
    must_exist : bool, default=False
        Whether results are read alone. A file that is not there is then an error,
        rather than made, and one that cannot be written is read as it is.

    Attributes
    ----------
    url : sqlalchemy.URL
        Where they are.
    trials : TrialStore
        The trials of tunings.

    Raises
    ------
    InputError
        Where the URL is not understood, names no place that lasts, or the database
        cannot be reached.
    """

    def __init__(self, url: str | sa.URL, *, must_exist: bool = False) -> None:
        self._engine = open_database(url, must_exist=must_exist)
        self.url = self._engine.url
        self.trials = TrialStore(self.url)

    def close(self) -> None:
        """Close every connection."""
        self.trials.close()
        self._engine.dispose()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @patiently
    def statuses(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the status of those of `keys` that have a result."""
        query = sa.select(result_table.c.key, result_table.c.status)
        return dict(map(tuple, self._select(query, result_table, keys)))

    @patiently
    def settled(self, keys: Iterable[str], time_limit: float | None) -> dict[str, str]:
        """Return the status of those of `keys` whose result stands under a time limit.

        Time-outs under a smaller one are deleted, to be run again. What another runner
        has written in their place meanwhile stays.
        """
        status = result_table.c.status
        limits = sa.case((status == "timeout", result_table.c.measures))
        query = sa.select(result_table.c.key, status, limits)
        found = {key: rest for key, *rest in self._select(query, result_table, keys)}
        outgrown = {
            key: measures
            for key, (_, measures) in found.items()
            if measures is not None and _is_outgrown(measures, time_limit)
        }
        if outgrown:
            self._forget_as_read(outgrown)
        return {key: rest[0] for key, rest in found.items() if key not in outgrown}

    def _forget_as_read(self, measures: dict[str, str]) -> None:
        """Delete results by their keys, unless others stand there by now."""
        table = result_table
        with self._engine.begin() as connection:
            for key, text in measures.items():
                same = sa.and_(table.c.key == key, table.c.measures == text)
                if connection.execute(table.delete().where(same)).rowcount:
                    _drop_belongings(connection, [key])

    @patiently
    def forget(self, keys: Iterable[str]) -> None:
        """Delete the results of `keys`, to run them again."""
        with self._engine.begin() as connection:
            for chunk in _chunks(keys):
                _drop_belongings(connection, chunk)
                mine = result_table.c.key.in_(chunk)
                connection.execute(result_table.delete().where(mine))

    @patiently
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
                    claim_table.insert().values(key=key, owner=owner, beats=0)
                )
                done = sa.select(result_table.c.key).where(result_table.c.key == key)
                if connection.execute(done).first() is not None:
                    raise _AlreadyDoneError
        except _AlreadyDoneError:
            return False
        except IntegrityError:
            # Ours, if the connection broke after the claim was written.
            return any(claim.owner == owner for claim in self.claims([key]))
        return True

    @patiently
    def beat(self, owner: str) -> None:
        """Show that `owner` lives."""
        mine = claim_table.c.owner == owner
        with self._engine.begin() as connection:
            connection.execute(
                claim_table.update().where(mine).values(beats=claim_table.c.beats + 1)
            )

    @patiently
    def claims(self, keys: Iterable[str]) -> list[Claim]:
        """Return the claims on `keys`."""
        query = sa.select(claim_table.c.key, claim_table.c.owner, claim_table.c.beats)
        return [Claim(*row) for row in self._select(query, claim_table, keys)]

    @patiently
    def release(self, claim: Claim) -> None:
        """Delete a claim, unless it has beaten since it was read."""
        with self._engine.begin() as connection:
            connection.execute(
                claim_table.delete().where(
                    claim_table.c.key == claim.key,
                    claim_table.c.owner == claim.owner,
                    claim_table.c.beats == claim.beats,
                )
            )

    @patiently
    def release_all(self, owner: str) -> None:
        """Delete every claim of `owner`."""
        with self._engine.begin() as connection:
            connection.execute(claim_table.delete().where(claim_table.c.owner == owner))

    @patiently
    def record(
        self, experiment: Experiment, outcome: Outcome, owner: str, versions: str
    ) -> None:
        """Write a result and remove its claim, both or neither.

        Where the key has a result already, that one stays.
        """
        row = _result_row(experiment, outcome, versions)
        try:
            with self._engine.begin() as connection:
                connection.execute(result_table.insert().values(row))
                # Whoever deletes a result by hand may forget what belongs to it.
                _drop_belongings(connection, [experiment.key])
                if outcome.scores is not None:
                    connection.execute(
                        score_table.insert().values(
                            key=experiment.key, **_pack(outcome.scores)
                        )
                    )
                if outcome.history is not None:
                    text = outcome.history.to_json().encode()
                    connection.execute(
                        history_table.insert().values(
                            key=experiment.key, json_zlib=zlib.compress(text)
                        )
                    )
                if experiment.tuning is not None:
                    connection.execute(
                        tuning_table.insert().values(_tuning_row(experiment, outcome))
                    )
                _drop_claim(connection, experiment.key, owner)
        except IntegrityError:
            with self._engine.begin() as connection:
                _drop_claim(connection, experiment.key, owner)

    @patiently
    def add(
        self, outcomes: Iterable[tuple[Experiment, Outcome]], versions: str
    ) -> None:
        """Write many results that nobody has claimed, all or none of them.

        Raises
        ------
        InputError
            Where one of the experiments has a result: another runner was faster.
        """
        pairs = list(outcomes)
        rows = [_result_row(*pair, versions) for pair in pairs]
        tunings = [_tuning_row(*pair) for pair in pairs if pair[0].tuning is not None]
        try:
            with self._engine.begin() as connection:
                if rows:
                    connection.execute(result_table.insert(), rows)
                for chunk in _chunks(row["key"] for row in rows):
                    _drop_belongings(connection, chunk)
                if tunings:
                    connection.execute(tuning_table.insert(), tunings)
        except IntegrityError:
            raise InputError(
                "another runner wrote one of these results meanwhile: nothing was "
                "added, do it again"
            ) from None

    @patiently
    def results(self, experiments: Sequence[Experiment]) -> pd.DataFrame:
        """Return the results of `experiments`, one row each, in their order.

        Returns
        -------
        DataFrame
            ``key``, ``dataset``, ``method``, ``repeat``, ``fold``, ``seed``,
            ``parameters``, ``status``, ``reason``, ``threshold``, ``per_class`` and
            ``versions`` (as JSON), and a column for each measure and cost; where
            parameters of any were tuned, also ``tuning`` and ``tuned_parameters`` (as
            JSON). Experiments without a result have no row.
        """
        names = ["key", "dataset", "method", "repeat", "fold", "seed", "parameters"]
        names += ["status", "reason", "threshold", "per_class", "versions", "measures"]
        keys = [experiment.key for experiment in experiments]
        query = sa.select(*(result_table.c[name] for name in names))
        rows = {row[0]: row for row in self._select(query, result_table, keys)}
        frame = pd.DataFrame([rows[key] for key in keys if key in rows], columns=names)
        measures = pd.DataFrame([json.loads(text) for text in frame.pop("measures")])
        if any(experiment.tuning for experiment in experiments):
            frame = frame.merge(self._tunings(keys), on="key", how="left")
        return pd.concat([frame, measures], axis=1)

    def _tunings(self, keys: Iterable[str]) -> pd.DataFrame:
        names = ["key", "tuning", "tuned_parameters"]
        query = sa.select(*(tuning_table.c[name] for name in names))
        rows = [tuple(row) for row in self._select(query, tuning_table, keys)]
        return pd.DataFrame(rows, columns=names, dtype=object)

    @patiently
    def scores(self, keys: Iterable[str]) -> dict[str, NDArray[np.float32]]:
        """Return the predicted probabilities of `keys`, where they were kept."""
        query = sa.select(
            score_table.c.key, score_table.c.n_classes, score_table.c.float32_zlib
        )
        return {
            key: np.frombuffer(zlib.decompress(packed), "<f4").reshape(-1, n_classes)
            for key, n_classes, packed in self._select(query, score_table, keys)
        }

    @patiently
    def histories(self, keys: Iterable[str]) -> dict[str, History]:
        """Return what learners did from round to round, where it was kept."""
        query = sa.select(history_table.c.key, history_table.c.json_zlib)
        return {
            key: History.from_json(zlib.decompress(packed).decode())
            for key, packed in self._select(query, history_table, keys)
        }

    def _select(
        self, query: sa.Select[Any], table: sa.Table, keys: Iterable[str]
    ) -> Iterator[Any]:
        with self._engine.connect() as connection:
            for chunk in _chunks(keys):
                yield from connection.execute(query.where(table.c.key.in_(chunk)))


def _is_outgrown(measures: str, time_limit: float | None) -> bool:
    """Return whether a time-out was under a smaller limit than this."""
    limit: float = json.loads(measures).get("time_limit", 0.0)
    return time_limit is None or limit < time_limit


class _AlreadyDoneError(Exception):
    """Rolls a claim back."""


def _drop_claim(connection: sa.Connection, key: str, owner: str) -> None:
    connection.execute(
        claim_table.delete().where(
            claim_table.c.key == key, claim_table.c.owner == owner
        )
    )


def _drop_belongings(connection: sa.Connection, keys: list[str]) -> None:
    for table in (score_table, history_table, tuning_table):
        connection.execute(table.delete().where(table.c.key.in_(keys)))


def _result_row(
    experiment: Experiment, outcome: Outcome, versions: str
) -> dict[str, Any]:
    return {
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


def _tuning_row(experiment: Experiment, outcome: Outcome) -> dict[str, Any]:
    assert experiment.tuning is not None
    chosen = outcome.tuned_parameters
    return {
        "key": experiment.key,
        "tuning": experiment.tuning.as_json(),
        "tuned_parameters": None if chosen is None else json.dumps(chosen),
    }


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
