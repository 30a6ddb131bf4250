"""Users."""

import sqlite3

from clerk_tinybird_app.local.clerk.ids import new_id
from clerk_tinybird_app.local.clerk.store.rows import User

__all__ = ["add", "by_email", "by_id", "delete", "rename", "set_password", "signed_in"]


def by_id(db: sqlite3.Connection, user_id: str) -> User | None:
    """Return the user with this id."""
    row = db.execute("SELECT * FROM users WHERE id = ?", (user_id,)).fetchone()
    return User(**row) if row else None


def by_email(db: sqlite3.Connection, email: str) -> User | None:
    """Return the user with this address, whatever its case."""
    row = db.execute("SELECT * FROM users WHERE email = ?", (email.lower(),)).fetchone()
    return User(**row) if row else None


def add(
    db: sqlite3.Connection,
    *,
    email: str,
    password_hash: str,
    first_name: str | None,
    last_name: str | None,
    now: int,
    user_id: str | None = None,
) -> User:
    """Add a user and return it.

    Raises:
        sqlite3.IntegrityError: the address is taken.
    """
    user = User(
        id=user_id or new_id("user"),
        email_id=new_id("idn"),
        email=email.lower(),
        password_hash=password_hash,
        first_name=first_name,
        last_name=last_name,
        created_at=now,
        updated_at=now,
        last_sign_in_at=None,
    )
    db.execute(
        "INSERT INTO users VALUES (:id, :email_id, :email, :password_hash, :first_name, :last_name,"
        " :created_at, :updated_at, :last_sign_in_at)",
        vars(user),
    )
    return user


def rename(
    db: sqlite3.Connection, user_id: str, first_name: str | None, last_name: str | None, now: int
) -> None:
    """Give the user new names."""
    db.execute(
        "UPDATE users SET first_name = ?, last_name = ?, updated_at = ? WHERE id = ?",
        (first_name, last_name, now, user_id),
    )


def set_password(db: sqlite3.Connection, user_id: str, password_hash: str, now: int) -> None:
    """Give the user a new password."""
    db.execute(
        "UPDATE users SET password_hash = ?, updated_at = ? WHERE id = ?",
        (password_hash, now, user_id),
    )


def signed_in(db: sqlite3.Connection, user_id: str, now: int) -> None:
    """Note a sign-in."""
    db.execute("UPDATE users SET last_sign_in_at = ? WHERE id = ?", (now, user_id))


def delete(db: sqlite3.Connection, user_id: str) -> None:
    """Delete the user, their sessions and memberships, and organizations left with nobody."""
    db.execute("DELETE FROM users WHERE id = ?", (user_id,))
    db.execute(
        "DELETE FROM organizations WHERE NOT EXISTS"
        " (SELECT 1 FROM memberships WHERE organization_id = organizations.id)"
    )
