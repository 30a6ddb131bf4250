"""Users, organizations and memberships."""

import sqlite3

from clerk_tinybird_app.local.clerk.instance import ADMIN
from clerk_tinybird_app.local.clerk.store.records import Membership, Organization, User, new_id

_SELECT = (
    "SELECT organizations.*, (SELECT count(*) FROM memberships"
    " WHERE organization_id = organizations.id) AS members_count FROM organizations"
)


def user_by_id(db: sqlite3.Connection, user_id: str) -> User | None:
    """Return the user with this id."""
    row = db.execute("SELECT * FROM users WHERE id = ?", (user_id,)).fetchone()
    return User(**row) if row else None


def user_by_email(db: sqlite3.Connection, email: str) -> User | None:
    """Return the user with this address; upper and lower case are the same."""
    row = db.execute("SELECT * FROM users WHERE email = ?", (email.lower(),)).fetchone()
    return User(**row) if row else None


def add_user(
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


def rename_user(
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


def note_sign_in(db: sqlite3.Connection, user_id: str, now: int) -> None:
    """Record a sign-in."""
    db.execute("UPDATE users SET last_sign_in_at = ? WHERE id = ?", (now, user_id))


def delete_user(db: sqlite3.Connection, user_id: str) -> None:
    """Delete the user, their sessions and memberships, and organizations without members."""
    db.execute("DELETE FROM users WHERE id = ?", (user_id,))
    db.execute(
        "DELETE FROM organizations WHERE NOT EXISTS"
        " (SELECT 1 FROM memberships WHERE organization_id = organizations.id)"
    )


def organization_by_id(db: sqlite3.Connection, organization_id: str) -> Organization | None:
    """Return the organization with this id."""
    row = db.execute(f"{_SELECT} WHERE id = ?", (organization_id,)).fetchone()
    return Organization(**row) if row else None


def organization_by_slug(db: sqlite3.Connection, slug: str) -> Organization | None:
    """Return the organization with this slug."""
    row = db.execute(f"{_SELECT} WHERE slug = ?", (slug,)).fetchone()
    return Organization(**row) if row else None


def add_organization(
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


def update_organization(
    db: sqlite3.Connection, organization_id: str, *, name: str, slug: str, now: int
) -> None:
    """Give the organization a new name and slug."""
    db.execute(
        "UPDATE organizations SET name = ?, slug = ?, updated_at = ? WHERE id = ?",
        (name, slug, now, organization_id),
    )


def delete_organization(db: sqlite3.Connection, organization_id: str) -> None:
    """Delete the organization; sessions in it change to the personal account."""
    db.execute("DELETE FROM organizations WHERE id = ?", (organization_id,))


def membership_of(db: sqlite3.Connection, organization_id: str, user_id: str) -> Membership | None:
    """Return the membership of this user in this organization."""
    row = db.execute(
        "SELECT * FROM memberships WHERE organization_id = ? AND user_id = ?",
        (organization_id, user_id),
    ).fetchone()
    return _membership(db, row) if row else None


def memberships_of_user(db: sqlite3.Connection, user_id: str) -> list[Membership]:
    """Return a user's memberships, oldest first."""
    rows = db.execute(
        "SELECT * FROM memberships WHERE user_id = ? ORDER BY created_at, rowid", (user_id,)
    )
    return [_membership(db, row) for row in rows.fetchall()]


def memberships_in(db: sqlite3.Connection, organization_id: str) -> list[Membership]:
    """Return an organization's memberships, oldest first."""
    rows = db.execute(
        "SELECT * FROM memberships WHERE organization_id = ? ORDER BY created_at, rowid",
        (organization_id,),
    )
    return [_membership(db, row) for row in rows.fetchall()]


def add_membership(
    db: sqlite3.Connection, organization_id: str, user_id: str, role: str, now: int
) -> None:
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


def remove_membership(db: sqlite3.Connection, membership: Membership) -> None:
    """Remove a member; their sessions in the organization change to the personal account."""
    db.execute("DELETE FROM memberships WHERE id = ?", (membership.id,))


def admin_count(db: sqlite3.Connection, organization_id: str) -> int:
    """Count an organization's admins."""
    row = db.execute(
        "SELECT count(*) FROM memberships WHERE organization_id = ? AND role = ?",
        (organization_id, ADMIN.key),
    ).fetchone()
    return int(row[0])


def _membership(db: sqlite3.Connection, row: sqlite3.Row) -> Membership:
    """Add organization and user to a row. Foreign keys guarantee that they exist."""
    organization = organization_by_id(db, row["organization_id"])
    user = user_by_id(db, row["user_id"])
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
