"""Sessions."""

import sqlite3
from typing import Final

from clerk_tinybird_app.local.clerk.ids import new_id
from clerk_tinybird_app.local.clerk.instance import SESSION_LIFETIME_MS
from clerk_tinybird_app.local.clerk.store.rows import ACTIVE, Session

__all__ = [
    "MAX_USER_AGENT",
    "add",
    "by_id",
    "end",
    "end_all_of_user",
    "live_of_client",
    "live_of_user",
    "touch",
]

MAX_USER_AGENT: Final = 400


def by_id(db: sqlite3.Connection, session_id: str) -> Session | None:
    """Return the session with this id, dead or alive."""
    row = db.execute("SELECT * FROM sessions WHERE id = ?", (session_id,)).fetchone()
    return Session(**row) if row else None


def live_of_client(db: sqlite3.Connection, client_id: str, now: int) -> list[Session]:
    """Return the sessions of a browser that may still act."""
    return _live(db, "client_id", client_id, now)


def live_of_user(db: sqlite3.Connection, user_id: str, now: int) -> list[Session]:
    """Return the sessions of a user, on any browser, that may still act."""
    return _live(db, "user_id", user_id, now)


def add(
    db: sqlite3.Connection,
    *,
    client_id: str,
    user_id: str,
    organization_id: str | None,
    user_agent: str,
    now: int,
) -> Session:
    """Start a session and return it."""
    session = Session(
        id=new_id("sess"),
        client_id=client_id,
        user_id=user_id,
        status=ACTIVE,
        organization_id=organization_id,
        created_at=now,
        last_active_at=now,
        expire_at=now + SESSION_LIFETIME_MS,
        user_agent=user_agent[:MAX_USER_AGENT],
    )
    db.execute(
        "INSERT INTO sessions VALUES (:id, :client_id, :user_id, :status, :organization_id,"
        " :created_at, :last_active_at, :expire_at, :user_agent)",
        vars(session),
    )
    return session


def touch(db: sqlite3.Connection, session_id: str, organization_id: str | None, now: int) -> None:
    """Note that the session was used, and in which organization."""
    db.execute(
        "UPDATE sessions SET organization_id = ?, last_active_at = ? WHERE id = ?",
        (organization_id, now, session_id),
    )


def end(db: sqlite3.Connection, session_id: str, status: str) -> None:
    """End a session with ``status``: ended, removed or revoked."""
    db.execute("UPDATE sessions SET status = ? WHERE id = ?", (status, session_id))


def end_all_of_user(db: sqlite3.Connection, user_id: str, status: str, *, but: str = "") -> int:
    """End a user's sessions except ``but``; return how many were active."""
    return db.execute(
        "UPDATE sessions SET status = ? WHERE user_id = ? AND status = ? AND id <> ?",
        (status, user_id, ACTIVE, but),
    ).rowcount


def _live(db: sqlite3.Connection, column: str, value: str, now: int) -> list[Session]:
    """Return live sessions, oldest first; ``column`` is one of this module's own names."""
    rows = db.execute(
        f"SELECT * FROM sessions WHERE {column} = ? AND status = ? AND expire_at > ?"  # noqa: S608
        " ORDER BY created_at, rowid",
        (value, ACTIVE, now),
    )
    return [Session(**row) for row in rows.fetchall()]
