"""The client of a browser, its sessions, and its attempts to sign in and to sign up.

A secret cookie identifies a client. Only a hash of the cookie is stored.
"""

import hashlib
import secrets
import sqlite3
from dataclasses import replace
from typing import Any, Final

from clerk_tinybird_app.local.clerk.instance import SESSION_LIFETIME_MS
from clerk_tinybird_app.local.clerk.store.records import (
    ACTIVE,
    Client,
    Session,
    SignIn,
    SignUp,
    new_id,
)

_TOKEN_BYTES: Final = 32
MAX_USER_AGENT: Final = 400


def client_by_id(db: sqlite3.Connection, client_id: str) -> Client | None:
    """Return the client with this id."""
    row = db.execute("SELECT * FROM clients WHERE id = ?", (client_id,)).fetchone()
    return _client(row)


def client_by_token(db: sqlite3.Connection, token: str) -> Client | None:
    """Return the client with this cookie."""
    row = db.execute("SELECT * FROM clients WHERE token_hash = ?", (_hash(token),)).fetchone()
    return _client(row)


def add_client(db: sqlite3.Connection, now: int) -> tuple[str, str]:
    """Add a client. Return its id and the value of its cookie, which cannot be read later."""
    client_id, token = new_id("client"), secrets.token_urlsafe(_TOKEN_BYTES)
    db.execute(
        "INSERT INTO clients (id, token_hash, created_at, updated_at) VALUES (?, ?, ?, ?)",
        (client_id, _hash(token), now, now),
    )
    return client_id, token


def rotate_client_token(db: sqlite3.Connection, client_id: str) -> str:
    """Set a new cookie value for the client and return it; the old one is not valid any more."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    db.execute("UPDATE clients SET token_hash = ? WHERE id = ?", (_hash(token), client_id))
    return token


def point_client(
    db: sqlite3.Connection,
    client_id: str,
    *,
    sign_in: str | None,
    sign_up: str | None,
    session: str | None,
    now: int,
) -> None:
    """Set the attempts and the active session of the client."""
    db.execute(
        "UPDATE clients SET sign_in_id = ?, sign_up_id = ?, last_active_session_id = ?,"
        " updated_at = ? WHERE id = ?",
        (sign_in, sign_up, session, now, client_id),
    )


def delete_client(db: sqlite3.Connection, client_id: str) -> None:
    """Delete the client with its sessions and attempts."""
    db.execute("DELETE FROM clients WHERE id = ?", (client_id,))


def _client(row: sqlite3.Row | None) -> Client | None:
    """Make a client of a row, without the hash of the cookie."""
    if row is None:
        return None
    known = dict(row)
    del known["token_hash"]
    return Client(**known)


def _hash(token: str) -> str:
    """Hash the value of a cookie. It is random, so it needs no salt and no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def session_by_id(db: sqlite3.Connection, session_id: str) -> Session | None:
    """Return the session with this id, live or ended."""
    row = db.execute("SELECT * FROM sessions WHERE id = ?", (session_id,)).fetchone()
    return Session(**row) if row else None


def live_sessions_of_client(db: sqlite3.Connection, client_id: str, now: int) -> list[Session]:
    """Return the live sessions of a browser."""
    return _live(db, "client_id", client_id, now)


def live_sessions_of_user(db: sqlite3.Connection, user_id: str, now: int) -> list[Session]:
    """Return the live sessions of a user on all browsers."""
    return _live(db, "user_id", user_id, now)


def add_session(
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


def touch_session(
    db: sqlite3.Connection, session_id: str, organization_id: str | None, now: int
) -> None:
    """Record that the session was used, and its organization."""
    db.execute(
        "UPDATE sessions SET organization_id = ?, last_active_at = ? WHERE id = ?",
        (organization_id, now, session_id),
    )


def end_session(db: sqlite3.Connection, session_id: str, status: str) -> None:
    """End a session with the status ended, removed or revoked."""
    db.execute("UPDATE sessions SET status = ? WHERE id = ?", (status, session_id))


def end_sessions_of_user(
    db: sqlite3.Connection, user_id: str, status: str, *, but: str = ""
) -> int:
    """End a user's sessions except ``but``; return how many were active."""
    return db.execute(
        "UPDATE sessions SET status = ? WHERE user_id = ? AND status = ? AND id <> ?",
        (status, user_id, ACTIVE, but),
    ).rowcount


def _live(db: sqlite3.Connection, column: str, value: str, now: int) -> list[Session]:
    """Return live sessions, oldest first; only this module chooses ``column``."""
    rows = db.execute(
        f"SELECT * FROM sessions WHERE {column} = ? AND status = ? AND expire_at > ?"  # noqa: S608
        " ORDER BY created_at, rowid",
        (value, ACTIVE, now),
    )
    return [Session(**row) for row in rows.fetchall()]


def sign_in_by_id(db: sqlite3.Connection, sign_in_id: str) -> SignIn | None:
    """Return the attempt to sign in with this id."""
    row = db.execute("SELECT * FROM sign_ins WHERE id = ?", (sign_in_id,)).fetchone()
    return SignIn(**row) if row else None


def add_sign_in(
    db: sqlite3.Connection,
    client_id: str,
    *,
    user_id: str | None,
    identifier: str | None,
    now: int,
) -> SignIn:
    """Start an attempt to sign in."""
    attempt = SignIn(
        id=new_id("sia"),
        client_id=client_id,
        user_id=user_id,
        identifier=identifier,
        strategy=None,
        session_id=None,
        created_at=now,
    )
    db.execute(
        "INSERT INTO sign_ins VALUES (:id, :client_id, :user_id, :identifier, :strategy,"
        " :session_id, :created_at)",
        vars(attempt),
    )
    return attempt


def save_sign_in(db: sqlite3.Connection, attempt: SignIn, **changes: Any) -> SignIn:
    """Save an attempt to sign in and return it."""
    attempt = replace(attempt, **changes)
    db.execute(
        "UPDATE sign_ins SET strategy = :strategy, session_id = :session_id WHERE id = :id",
        vars(attempt),
    )
    return attempt


def sign_up_by_id(db: sqlite3.Connection, sign_up_id: str) -> SignUp | None:
    """Return the attempt to sign up with this id."""
    row = db.execute("SELECT * FROM sign_ups WHERE id = ?", (sign_up_id,)).fetchone()
    if row is None:
        return None
    flags = {"prepared": bool(row["prepared"]), "verified": bool(row["verified"])}
    return SignUp(**{**dict(row), **flags})


def add_sign_up(db: sqlite3.Connection, client_id: str, now: int) -> SignUp:
    """Start an attempt to sign up."""
    attempt_id = new_id("sua")
    db.execute(
        "INSERT INTO sign_ups (id, client_id, created_at) VALUES (?, ?, ?)",
        (attempt_id, client_id, now),
    )
    return SignUp(
        id=attempt_id,
        client_id=client_id,
        email=None,
        password_hash=None,
        first_name=None,
        last_name=None,
        prepared=False,
        verified=False,
        user_id=None,
        session_id=None,
        created_at=now,
    )


def save_sign_up(db: sqlite3.Connection, attempt: SignUp, **changes: Any) -> SignUp:
    """Save an attempt to sign up and return it."""
    attempt = replace(attempt, **changes)
    db.execute(
        "UPDATE sign_ups SET email = :email, password_hash = :password_hash,"
        " first_name = :first_name, last_name = :last_name, prepared = :prepared,"
        " verified = :verified, user_id = :user_id, session_id = :session_id WHERE id = :id",
        vars(attempt),
    )
    return attempt
