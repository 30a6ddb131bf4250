"""Clients: one for each browser, known by a secret cookie of which only a hash is kept."""

import hashlib
import secrets
import sqlite3
from typing import Final

from clerk_tinybird_app.local.clerk.ids import new_id
from clerk_tinybird_app.local.clerk.store.rows import Client

__all__ = ["add", "by_id", "by_token", "delete", "point", "rotate"]

_TOKEN_BYTES: Final = 32


def by_id(db: sqlite3.Connection, client_id: str) -> Client | None:
    """Return the client with this id."""
    row = db.execute("SELECT * FROM clients WHERE id = ?", (client_id,)).fetchone()
    return _client(row)


def by_token(db: sqlite3.Connection, token: str) -> Client | None:
    """Return the client whose cookie this is."""
    row = db.execute("SELECT * FROM clients WHERE token_hash = ?", (_hash(token),)).fetchone()
    return _client(row)


def add(db: sqlite3.Connection, now: int) -> tuple[str, str]:
    """Add a client; return its id and its cookie's value, which cannot be read again."""
    client_id, token = new_id("client"), secrets.token_urlsafe(_TOKEN_BYTES)
    db.execute(
        "INSERT INTO clients (id, token_hash, created_at, updated_at) VALUES (?, ?, ?, ?)",
        (client_id, _hash(token), now, now),
    )
    return client_id, token


def rotate(db: sqlite3.Connection, client_id: str) -> str:
    """Give the client a new cookie value and return it; the old one is worth nothing."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    db.execute("UPDATE clients SET token_hash = ? WHERE id = ?", (_hash(token), client_id))
    return token


def point(
    db: sqlite3.Connection,
    client_id: str,
    *,
    sign_in: str | None,
    sign_up: str | None,
    session: str | None,
    now: int,
) -> None:
    """Set which attempts and which session the client is at."""
    db.execute(
        "UPDATE clients SET sign_in_id = ?, sign_up_id = ?, last_active_session_id = ?,"
        " updated_at = ? WHERE id = ?",
        (sign_in, sign_up, session, now, client_id),
    )


def delete(db: sqlite3.Connection, client_id: str) -> None:
    """Forget the client with its sessions and attempts."""
    db.execute("DELETE FROM clients WHERE id = ?", (client_id,))


def _client(row: sqlite3.Row | None) -> Client | None:
    """Read a row without its hash, which nobody needs to see."""
    if row is None:
        return None
    known = dict(row)
    del known["token_hash"]
    return Client(**known)


def _hash(token: str) -> str:
    """Hash a cookie's value; it is random, so it needs no salt and no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()
