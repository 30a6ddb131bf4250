"""The rules that hold for an organization's members, whoever asks."""

from clerk_tinybird_app.local.clerk.call import Call
from clerk_tinybird_app.local.clerk.errors import FapiError, forbidden, not_found
from clerk_tinybird_app.local.clerk.roles import ADMIN, ROLES
from clerk_tinybird_app.local.clerk.store import memberships
from clerk_tinybird_app.local.clerk.store.rows import Membership

__all__ = ["keep_an_admin", "own_membership", "part_with", "require"]


def own_membership(call: Call, organization_id: str) -> Membership:
    """Return the caller's membership.

    Raises:
        FapiError: 401, nobody is calling; 404, no member: whether it exists is not said.
    """
    held = memberships.find(call.db, organization_id, call.actor().user.id)
    if held is None:
        raise not_found("Organization")
    return held


def require(call: Call, organization_id: str, permission: str) -> Membership:
    """Return the caller's membership if its role has ``permission``.

    Raises:
        FapiError: as ``own_membership``; 403, the role does not have it.
    """
    held = own_membership(call, organization_id)
    if permission not in ROLES[held.role].permissions:
        raise forbidden("Your role in this organization does not allow this.")
    return held


def part_with(call: Call, member: Membership) -> None:
    """Take a member out of the organization, unless nobody could manage it any more."""
    keep_an_admin(call, member)
    memberships.remove(call.db, member)


def keep_an_admin(call: Call, member: Membership) -> None:
    """Refuse to lose the last admin.

    Raises:
        FapiError: 422, ``member`` is the last one.
    """
    last = memberships.admin_count(call.db, member.organization.id) == 1
    if member.role == ADMIN.key and last:
        raise FapiError(
            422,
            "organization_minimum_permissions_needed",
            "There has to be at least one organization member with the minimum required "
            "permissions. Make somebody else an admin first.",
        )
