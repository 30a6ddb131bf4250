"""The SQLite file and its tables. Many threads and processes can use it at once."""

import sqlite3
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from clerk_tinybird_app.local import LocalDataError

VERSION: Final = 1
"""The version of the tables, stored in ``PRAGMA user_version``."""

SCHEMA: Final = """
CREATE TABLE users (
  id TEXT PRIMARY KEY,
  email_id TEXT NOT NULL UNIQUE,
  email TEXT NOT NULL UNIQUE CHECK (email = lower(email)),
  password_hash TEXT NOT NULL,
  first_name TEXT,
  last_name TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  last_sign_in_at INTEGER
) STRICT;

CREATE TABLE organizations (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  slug TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE memberships (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organizations ON DELETE CASCADE,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  role TEXT NOT NULL CHECK (role IN ('org:admin', 'org:member')),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (organization_id, user_id)
) STRICT;
CREATE INDEX memberships_of_user ON memberships (user_id);

CREATE TABLE clients (
  id TEXT PRIMARY KEY,
  token_hash TEXT NOT NULL UNIQUE,
  sign_in_id TEXT,
  sign_up_id TEXT,
  last_active_session_id TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  client_id TEXT NOT NULL REFERENCES clients ON DELETE CASCADE,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  status TEXT NOT NULL CHECK (status IN ('active', 'ended', 'removed', 'revoked')),
  organization_id TEXT REFERENCES organizations ON DELETE SET NULL,
  created_at INTEGER NOT NULL,
  last_active_at INTEGER NOT NULL,
  expire_at INTEGER NOT NULL,
  user_agent TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_of_client ON sessions (client_id);
CREATE INDEX sessions_of_user ON sessions (user_id);

-- No session stays in an organization that its user has left.
CREATE TRIGGER membership_ended AFTER DELETE ON memberships BEGIN
  UPDATE sessions SET organization_id = NULL
  WHERE user_id = OLD.user_id AND organization_id = OLD.organization_id;
END;

CREATE TABLE sign_ins (
  id TEXT PRIMARY KEY,
  client_id TEXT NOT NULL REFERENCES clients ON DELETE CASCADE,
  user_id TEXT REFERENCES users ON DELETE CASCADE,
  identifier TEXT,
  strategy TEXT,
  session_id TEXT,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sign_ups (
  id TEXT PRIMARY KEY,
  client_id TEXT NOT NULL REFERENCES clients ON DELETE CASCADE,
  email TEXT,
  password_hash TEXT,
  first_name TEXT,
  last_name TEXT,
  prepared INTEGER NOT NULL DEFAULT 0,
  verified INTEGER NOT NULL DEFAULT 0,
  user_id TEXT,
  session_id TEXT,
  created_at INTEGER NOT NULL
) STRICT;
"""


_BUSY_TIMEOUT_SECONDS: Final = 10.0


class DatabaseError(LocalDataError):
    """The file cannot be used; the message says what to do."""


class Database:
    """A pool of connections to one file.

    Only one caller at a time uses a connection, so threads can share it. A connection is opened at
    its first use, never before a fork.
    """

    def __init__(self, path: Path, seed: Callable[[sqlite3.Connection], None]) -> None:
        """Make the tables when the file is new, and call ``seed`` to fill them.

        Raises:
            DatabaseError: A newer version of this program made the file.
        """
        self._path = path
        self._idle: deque[sqlite3.Connection] = deque()
        self._finalizer = weakref.finalize(self, _close_all, self._idle)
        with closing(_connect(path)) as connection:
            _prepare(connection, path, seed)

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[sqlite3.Connection]:
        """Open a transaction: saved when the block ends, undone when the block raises an error.

        Writers wait for each other at the start, so they do not fail at the end.
        """
        connection = self._borrow()
        try:
            with _transaction(connection, write=write):
                yield connection
        finally:
            self._idle.append(connection)

    def close(self) -> None:
        """Close idle connections; the next transaction opens a new one."""
        _close_all(self._idle)

    def _borrow(self) -> sqlite3.Connection:
        """Return an idle connection, or a new one."""
        try:
            return self._idle.pop()
        except IndexError:
            return _connect(self._path)


def _connect(path: Path) -> sqlite3.Connection:
    """Open the file with the settings that this module needs."""
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
    """Make the tables of a new file. Several processes may try this at once."""
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
    """Split a script into statements, because ``executescript`` would end the transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@contextmanager
def _transaction(connection: sqlite3.Connection, *, write: bool) -> Iterator[None]:
    """Commit at the end of the block; roll back when it raises an error."""
    connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # After a full disk, SQLite has rolled back already. To do it again would raise another
        # error, which hides the reason.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _close_all(idle: deque[sqlite3.Connection]) -> None:
    """Close every idle connection."""
    while idle:
        idle.pop().close()
