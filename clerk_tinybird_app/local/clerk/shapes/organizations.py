"""Organizations, memberships and roles as JSON."""

from typing import Any

from clerk_tinybird_app.local.clerk.roles import ROLES, SYSTEM_PREFIX, Role
from clerk_tinybird_app.local.clerk.shapes.users import public_user_data
from clerk_tinybird_app.local.clerk.store.rows import Membership, Organization

__all__ = ["MAX_MEMBERSHIPS", "deleted", "membership", "organization", "page", "role"]

MAX_MEMBERSHIPS = 100


def organization(row: Organization) -> dict[str, Any]:
    """Return an organization."""
    return {
        "object": "organization",
        "id": row.id,
        "name": row.name,
        "slug": row.slug,
        "image_url": "",
        "has_image": False,
        "public_metadata": {},
        "members_count": row.members_count,
        "pending_invitations_count": 0,
        "admin_delete_enabled": True,
        "max_allowed_memberships": MAX_MEMBERSHIPS,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def membership(row: Membership) -> dict[str, Any]:
    """Return a membership with its organization and what may be seen of its user."""
    held = ROLES[row.role]
    return {
        "object": "organization_membership",
        "id": row.id,
        "organization": organization(row.organization),
        "public_user_data": public_user_data(row.user),
        "role": held.key,
        "role_name": held.name,
        "permissions": list(held.permissions),
        "public_metadata": {},
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def role(row: Role) -> dict[str, Any]:
    """Return a role; roles have been there since the epoch."""
    return {
        "object": "role",
        "id": f"role_{row.key.removeprefix('org:')}",
        "key": row.key,
        "name": row.name,
        "description": row.description,
        "permissions": [_permission(key) for key in row.permissions],
        "created_at": 0,
        "updated_at": 0,
    }


def page(items: list[dict[str, Any]], total: int) -> dict[str, Any]:
    """Return one page of a list of ``total`` items."""
    return {"data": items, "total_count": total}


def deleted(kind: str, identifier: str) -> dict[str, Any]:
    """Return the receipt of a deletion."""
    return {"object": kind, "id": identifier, "deleted": True}


def _permission(key: str) -> dict[str, Any]:
    """Return a permission."""
    return {
        "object": "permission",
        "id": f"perm_{key.removeprefix('org:').replace(':', '_')}",
        "key": key,
        "name": key,
        "description": "",
        "type": "system" if key.startswith(SYSTEM_PREFIX) else "user",
        "created_at": 0,
        "updated_at": 0,
    }
