"""Memberships: which user has which role in which organization."""

import sqlite3

from clerk_tinybird_app.local.clerk.ids import new_id
from clerk_tinybird_app.local.clerk.roles import ADMIN
from clerk_tinybird_app.local.clerk.store import organizations, users
from clerk_tinybird_app.local.clerk.store.rows import Membership

__all__ = ["add", "admin_count", "find", "of_organization", "of_user", "remove", "set_role"]


def find(db: sqlite3.Connection, organization_id: str, user_id: str) -> Membership | None:
    """Return the membership of this user in this organization."""
    row = db.execute(
        "SELECT * FROM memberships WHERE organization_id = ? AND user_id = ?",
        (organization_id, user_id),
    ).fetchone()
    return _membership(db, row) if row else None


def of_user(db: sqlite3.Connection, user_id: str) -> list[Membership]:
    """Return a user's memberships, oldest first."""
    rows = db.execute(
        "SELECT * FROM memberships WHERE user_id = ? ORDER BY created_at, rowid", (user_id,)
    )
    return [_membership(db, row) for row in rows.fetchall()]


def of_organization(db: sqlite3.Connection, organization_id: str) -> list[Membership]:
    """Return an organization's memberships, oldest first."""
    rows = db.execute(
        "SELECT * FROM memberships WHERE organization_id = ? ORDER BY created_at, rowid",
        (organization_id,),
    )
    return [_membership(db, row) for row in rows.fetchall()]


def add(db: sqlite3.Connection, organization_id: str, user_id: str, role: str, now: int) -> None:
    """Add a member."""
    db.execute(
        "INSERT INTO memberships VALUES (?, ?, ?, ?, ?, ?)",
        (new_id("orgmem"), organization_id, user_id, role, now, now),
    )


def set_role(db: sqlite3.Connection, membership: Membership, role: str, now: int) -> None:
    """Give a member another role."""
    db.execute(
        "UPDATE memberships SET role = ?, updated_at = ? WHERE id = ?", (role, now, membership.id)
    )


def remove(db: sqlite3.Connection, membership: Membership) -> None:
    """Remove a member; their sessions leave the organization with them."""
    db.execute("DELETE FROM memberships WHERE id = ?", (membership.id,))


def admin_count(db: sqlite3.Connection, organization_id: str) -> int:
    """Count an organization's admins."""
    row = db.execute(
        "SELECT count(*) FROM memberships WHERE organization_id = ? AND role = ?",
        (organization_id, ADMIN.key),
    ).fetchone()
    return int(row[0])


def _membership(db: sqlite3.Connection, row: sqlite3.Row) -> Membership:
    """Complete a row with its organization and user, which foreign keys hold in place."""
    organization = organizations.by_id(db, row["organization_id"])
    user = users.by_id(db, row["user_id"])
    if organization is None or user is None:
        raise sqlite3.IntegrityError("a membership without organization or user")
    return Membership(
        id=row["id"],
        role=row["role"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        organization=organization,
        user=user,
    )
