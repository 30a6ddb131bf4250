"""The SQLite file: opened for many threads and processes at once, made on first use."""

import sqlite3
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from clerk_tinybird_app.local import LocalDataError
from clerk_tinybird_app.local.clerk.store.schema import SCHEMA, VERSION

__all__ = ["Database", "DatabaseError"]

_BUSY_TIMEOUT_SECONDS: Final = 10.0


class DatabaseError(LocalDataError):
    """The file cannot be used; the message says what to do."""


class Database:
    """A pool of connections to one file.

    A connection is lent to one caller at a time, so it may move between threads. Connections are
    opened on first use only, never in the constructor's process before a fork.
    """

    def __init__(self, path: Path, seed: Callable[[sqlite3.Connection], None]) -> None:
        """Make the tables when the file is new, and let ``seed`` fill them.

        Raises:
            DatabaseError: a newer version of this program made the file.
        """
        self._path = path
        self._idle: deque[sqlite3.Connection] = deque()
        self._finalizer = weakref.finalize(self, _close_all, self._idle)
        with closing(_connect(path)) as connection:
            _prepare(connection, path, seed)

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[sqlite3.Connection]:
        """Lend a connection inside a transaction: kept when the block ends, undone when it raises.

        Writers wait for each other at the start rather than fail at the end.
        """
        connection = self._borrow()
        try:
            with _transaction(connection, write=write):
                yield connection
        finally:
            self._idle.append(connection)

    def close(self) -> None:
        """Close what is idle; the next transaction opens anew."""
        _close_all(self._idle)

    def _borrow(self) -> sqlite3.Connection:
        """Return an idle connection, or a new one."""
        try:
            return self._idle.pop()
        except IndexError:
            return _connect(self._path)


def _connect(path: Path) -> sqlite3.Connection:
    """Open the file with the settings everything here relies on."""
    connection = sqlite3.connect(
        path, timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _prepare(
    connection: sqlite3.Connection, path: Path, seed: Callable[[sqlite3.Connection], None]
) -> None:
    """Bring a new file to the current version; several processes may try at once."""
    connection.execute("PRAGMA journal_mode = WAL")
    with _transaction(connection, write=True):
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise DatabaseError(
                f"{path.name} was made by a newer version of this program; "
                "delete it to start with the local accounts again, or update the program."
            )
        if version == 0:
            for statement in _statements(SCHEMA):
                connection.execute(statement)
            seed(connection)
            connection.execute(f"PRAGMA user_version = {VERSION}")


def _statements(script: str) -> Iterator[str]:
    """Cut a script into statements: ``executescript`` would end the transaction around it."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@contextmanager
def _transaction(connection: sqlite3.Connection, *, write: bool) -> Iterator[None]:
    """Commit at the end of the block, roll back when it raises."""
    connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # After a full disk, say, SQLite has rolled back already; doing it again hides the reason.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _close_all(idle: deque[sqlite3.Connection]) -> None:
    """Close every idle connection."""
    while idle:
        idle.pop().close()
