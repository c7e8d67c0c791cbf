"""The database behind a store: its tables, how it is opened, and patience with it."""

# SPDX-License-Identifier: BSD-3-Clause

import functools
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import (
    ArgumentError,
    IntegrityError,
    NoSuchModuleError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)

from trimtab.exceptions import InputError

__all__ = [
    "claim_table",
    "file_url",
    "history_table",
    "open_database",
    "patiently",
    "result_table",
    "score_table",
    "tuning_table",
]

_metadata = sa.MetaData()

result_table = sa.Table(
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

score_table = sa.Table(
    "trimtab_scores",
    _metadata,
    sa.Column("key", sa.ForeignKey(result_table.c.key), primary_key=True),
    sa.Column("n_classes", sa.Integer, nullable=False),
    sa.Column("float32_zlib", sa.LargeBinary, nullable=False),
)

history_table = sa.Table(
    "trimtab_histories",
    _metadata,
    sa.Column("key", sa.ForeignKey(result_table.c.key), primary_key=True),
    sa.Column("json_zlib", sa.LargeBinary, nullable=False),
)

tuning_table = sa.Table(
    "trimtab_tunings",
    _metadata,
    sa.Column("key", sa.ForeignKey(result_table.c.key), primary_key=True),
    sa.Column("tuning", sa.Text, nullable=False),
    sa.Column("tuned_parameters", sa.Text),
)

claim_table = sa.Table(
    "trimtab_claims",
    _metadata,
    sa.Column("key", sa.String(32), primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("beats", sa.Integer, nullable=False),
)

_PATIENCE = 120.0  # seconds that a server may be away, for a restart

F = TypeVar("F", bound=Callable[..., Any])


def patiently(operation: F) -> F:
    """Repeat an operation while the database is away or locked by another."""

    @functools.wraps(operation)
    def repeat(*arguments: Any) -> Any:
        # What can be read once only must be there for the second try too.
        arguments = tuple(list(a) if isinstance(a, Iterator) else a for a in arguments)
        give_up = time.monotonic() + _PATIENCE
        pause = 0.1
        while True:
            try:
                return operation(*arguments)
            except OperationalError as error:
                if not _may_pass(error) or time.monotonic() > give_up:
                    raise InputError(
                        f"the store cannot be used any more ({_one_line(error)}): what "
                        "was recorded is safe; mend it and run the same again"
                    ) from None
                time.sleep(pause)
                pause = min(2 * pause, 5.0)

    return repeat  # type: ignore[return-value]


def _may_pass(error: OperationalError) -> bool:
    """Whether waiting helps: no connection (SQLSTATE 08 and 57P), or a lock."""
    state = getattr(error.orig, "sqlstate", None) or ""
    text = str(error.orig)
    lost = error.connection_invalidated or "connection" in text
    return lost or state.startswith(("08", "57P")) or "locked" in text


def file_url(path: Path) -> sa.URL:
    """Return the URL of an SQLite file, whatever characters its name has."""
    return sa.URL.create("sqlite", database=str(path))


def open_database(url: str | sa.URL, *, must_exist: bool = False) -> sa.Engine:
    """Open a database and make its tables unless they are there.

    Parameters
    ----------
    url : str or sqlalchemy.URL
        Where it is.
    must_exist : bool, default=False
        Whether a file that is not there is an error, rather than made.

    Raises
    ------
    InputError
        Where the URL is not understood or the database cannot be reached. A password
        is not shown.
    """
    try:
        engine = _engine(url, must_exist)
    except (ArgumentError, NoSuchModuleError, ImportError, OSError) as error:
        shown = re.sub(r"//[^@/]*@", "//***@", str(url))
        raise InputError(
            f"the store {shown!r} is not understood ({_one_line(error)}): give a "
            "URL such as sqlite:///results.sqlite or "
            "postgresql+psycopg://user@host/database"
        ) from None
    try:
        _make_tables(engine)
    except SQLAlchemyError as error:
        shown = engine.url.render_as_string(hide_password=True)
        raise InputError(
            f"the store {shown} cannot be opened ({_one_line(error)}): start the "
            "server, check the address, or use a file, sqlite:///results.sqlite"
        ) from None
    return engine


def _make_tables(engine: sa.Engine) -> None:
    """Make the tables unless they are there; others may be at it at this moment."""
    for pause in (0.1, 0.3, 1.0, 3.0, 5.0):
        try:
            return _metadata.create_all(engine)
        except (IntegrityError, ProgrammingError):
            time.sleep(pause)
        except OperationalError as error:
            if "locked" not in str(error.orig):
                raise
            time.sleep(pause)
    return _metadata.create_all(engine)


def _engine(url: str | sa.URL, must_exist: bool) -> sa.Engine:
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return sa.create_engine(parsed, pool_pre_ping=True)
    if parsed.database:
        if must_exist and not Path(parsed.database).is_file():
            raise InputError(
                f"there is no store {parsed.database}: run the suite first, or name "
                "another with --store"
            )
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(parsed, connect_args={"timeout": 60})

    @sa.event.listens_for(engine, "connect")
    def _configure(connection: Any, _: object) -> None:
        # Readers do not wait for the writer. Transactions are begun by hand, below:
        # each of ours that writes does so first, and so never has to upgrade a lock.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def _one_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return " ".join(str(cause).split())
