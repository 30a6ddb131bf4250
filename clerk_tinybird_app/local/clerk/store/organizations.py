"""Organizations."""

import sqlite3

from clerk_tinybird_app.local.clerk.ids import new_id
from clerk_tinybird_app.local.clerk.store.rows import Organization

__all__ = ["add", "by_id", "by_slug", "delete", "update"]

_SELECT = (
    "SELECT organizations.*, (SELECT count(*) FROM memberships"
    " WHERE organization_id = organizations.id) AS members_count FROM organizations"
)


def by_id(db: sqlite3.Connection, organization_id: str) -> Organization | None:
    """Return the organization with this id."""
    row = db.execute(f"{_SELECT} WHERE id = ?", (organization_id,)).fetchone()
    return Organization(**row) if row else None


def by_slug(db: sqlite3.Connection, slug: str) -> Organization | None:
    """Return the organization with this slug."""
    row = db.execute(f"{_SELECT} WHERE slug = ?", (slug,)).fetchone()
    return Organization(**row) if row else None


def add(
    db: sqlite3.Connection, *, name: str, slug: str, now: int, organization_id: str | None = None
) -> str:
    """Add an organization without members and return its id.

    Raises:
        sqlite3.IntegrityError: the slug is taken.
    """
    organization_id = organization_id or new_id("org")
    db.execute(
        "INSERT INTO organizations VALUES (?, ?, ?, ?, ?)", (organization_id, name, slug, now, now)
    )
    return organization_id


def update(db: sqlite3.Connection, organization_id: str, *, name: str, slug: str, now: int) -> None:
    """Give the organization a new name and slug."""
    db.execute(
        "UPDATE organizations SET name = ?, slug = ?, updated_at = ? WHERE id = ?",
        (name, slug, now, organization_id),
    )


def delete(db: sqlite3.Connection, organization_id: str) -> None:
    """Delete the organization; its members' sessions fall back to their personal account."""
    db.execute("DELETE FROM organizations WHERE id = ?", (organization_id,))
