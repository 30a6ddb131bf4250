"""Attempts to sign in and to sign up."""

import sqlite3
from dataclasses import replace
from typing import Any

from clerk_tinybird_app.local.clerk.ids import new_id
from clerk_tinybird_app.local.clerk.store.rows import SignIn, SignUp

__all__ = ["add_sign_in", "add_sign_up", "save_sign_in", "save_sign_up", "sign_in", "sign_up"]


def sign_in(db: sqlite3.Connection, sign_in_id: str) -> SignIn | None:
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
    """Change an attempt to sign in and return it as it now is."""
    attempt = replace(attempt, **changes)
    db.execute(
        "UPDATE sign_ins SET strategy = :strategy, session_id = :session_id WHERE id = :id",
        vars(attempt),
    )
    return attempt


def sign_up(db: sqlite3.Connection, sign_up_id: str) -> SignUp | None:
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
    """Change an attempt to sign up and return it as it now is."""
    attempt = replace(attempt, **changes)
    db.execute(
        "UPDATE sign_ups SET email = :email, password_hash = :password_hash,"
        " first_name = :first_name, last_name = :last_name, prepared = :prepared,"
        " verified = :verified, user_id = :user_id, session_id = :session_id WHERE id = :id",
        vars(attempt),
    )
    return attempt
