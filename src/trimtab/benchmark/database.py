"""The database behind a store: its tables, how it is opened, and patience with it."""

# SPDX-License-Identifier: BSD-3-Clause

import functools
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
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

_CURE_OF_FILES = (
    "make its folder one that can be written, or name another file with --store, "
    "sqlite:///results.sqlite"
)

F = TypeVar("F", bound=Callable[..., Any])


def patiently(operation: F) -> F:
    """Repeat an operation while the database is away or locked by another.

    It is a method of something that has the database's ``url``.
    """

    @functools.wraps(operation)
    def repeat(*arguments: Any) -> Any:
        # What can be read once only must be there for the second try too.
        arguments = tuple(list(a) if isinstance(a, Iterator) else a for a in arguments)
        give_up = time.monotonic() + _PATIENCE
        pause = 0.1
        while True:
            try:
                return operation(*arguments)
            except DatabaseError as error:
                if not _may_pass(error) or time.monotonic() > give_up:
                    _give_up(error, arguments[0].url)
                time.sleep(pause)
                pause = min(2 * pause, 5.0)

    return repeat  # type: ignore[return-value]


def _give_up(error: DatabaseError, url: sa.URL) -> NoReturn:
    """Say what is wrong with a store; what no user can mend stays as it is."""
    if _is_damaged(error):
        raise _damaged(error, url) from None
    if not isinstance(error, OperationalError):
        raise error
    raise InputError(
        f"the store {_shown(url)} cannot be used any more ({_one_line(error)}): what "
        "was recorded is safe; mend it and run the same again"
    ) from None


def _is_damaged(error: SQLAlchemyError) -> bool:
    """Return whether SQLite finds a file's content to be no database, or a broken one.

    A server mends its own files.
    """
    # The low byte is the kind, what is above it says more.
    kind = getattr(getattr(error, "orig", None), "sqlite_errorcode", 0) & 0xFF
    return kind in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _damaged(error: SQLAlchemyError, url: sa.URL) -> InputError:
    return InputError(
        f"the file of the store {_shown(url)} is damaged, or no store "
        f"({_one_line(error)}): restore it from a copy, or name a new one with --store "
        "and take an export into it, trimtab bench import"
    )


def _shown(url: sa.URL) -> str:
    return url.render_as_string(hide_password=True)


def _may_pass(error: DatabaseError) -> bool:
    """Whether waiting helps: no connection (SQLSTATE 08 and 57P), or a lock."""
    if not isinstance(error, OperationalError):
        return False
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
        Whether results are read alone. A file that is not there is then an error,
        rather than made, and one that cannot be written is read as it is.

    Raises
    ------
    InputError
        Where the URL is not understood, names no place that lasts, or the database
        cannot be reached. A password is not shown.
    """
    try:
        parsed = sa.make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _open_file(parsed, must_exist)
        engine = sa.create_engine(parsed, pool_pre_ping=True)
    except (ArgumentError, NoSuchModuleError, ImportError, OSError) as error:
        shown = re.sub(r"//[^@/]*@", "//***@", str(url))
        raise InputError(
            f"the store {shown!r} is not understood ({_one_line(error)}): give a "
            "URL such as sqlite:///results.sqlite or "
            "postgresql+psycopg://user@host/database"
        ) from None
    cure = (
        "start the server, check the address, or use a file, sqlite:///results.sqlite"
    )
    return _with_tables(engine, cure)


def _open_file(url: sa.URL, must_exist: bool) -> sa.Engine:
    """Open an SQLite file; one that is only read need not be writable."""
    name = url.database or ""
    if not name or ":memory:" in name or url.query.get("mode") == "memory":
        raise InputError(
            f"the store {_shown(url)} is in memory, where nothing lasts: name a file, "
            "sqlite:///results.sqlite"
        )
    path = Path(name)
    if path.is_dir():
        raise InputError(
            f"the store {_shown(url)} is a folder: name a file in it, such as "
            f"sqlite:///{path / 'results.sqlite'}"
        )
    if must_exist and not path.is_file():
        raise InputError(
            f"there is no store {name}: run the suite first, or name another with "
            "--store"
        )
    if must_exist and not _is_writable(path):
        return _open_as_it_is(url, path)
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, connect_args={"timeout": 60})
    _begin_by_hand(engine)
    return _with_tables(engine, _CURE_OF_FILES)


def _is_writable(path: Path) -> bool:
    # SQLite writes beside the file, too, whenever it opens one.
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def _open_as_it_is(url: sa.URL, path: Path) -> sa.Engine:
    """Open an SQLite file without writing anything anywhere."""
    place = f"{path.absolute().as_uri()}?mode=ro"
    if not Path(f"{path}-wal").exists():  # nobody is at work on it
        place += "&immutable=1"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(place, uri=True, timeout=60, check_same_thread=False)

    engine = sa.create_engine(url, creator=connect)
    try:
        has_results = sa.inspect(engine).has_table(result_table.name)
    except SQLAlchemyError as error:
        raise _unopened(error, engine, _CURE_OF_FILES) from None
    if not has_results:
        raise InputError(
            f"the store {_shown(url)} has no results and cannot be written: name "
            "another with --store"
        )
    return engine


def _begin_by_hand(engine: sa.Engine) -> None:
    @sa.event.listens_for(engine, "connect")
    def _configure(connection: Any, _: object) -> None:
        # Readers do not wait for the writer. Transactions are begun by hand, below:
        # each of ours that writes does so first, and so never has to upgrade a lock.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN")


def _with_tables(engine: sa.Engine, cure: str) -> sa.Engine:
    try:
        _make_tables(engine)
    except SQLAlchemyError as error:
        raise _unopened(error, engine, cure) from None
    return engine


def _unopened(error: SQLAlchemyError, engine: sa.Engine, cure: str) -> InputError:
    if _is_damaged(error):
        return _damaged(error, engine.url)
    return InputError(
        f"the store {_shown(engine.url)} cannot be opened ({_one_line(error)}): {cure}"
    )


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


def _one_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return " ".join(str(cause).split())
