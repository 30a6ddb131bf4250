"""Organizations: their profile, their members, and rules for all callers."""

from typing import Final

from clerk_tinybird_app.local.clerk import fields, shapes
from clerk_tinybird_app.local.clerk.call import Call, Reply
from clerk_tinybird_app.local.clerk.fapi_errors import (
    FapiError,
    forbidden,
    invalid_field,
    missing_field,
    not_found,
    not_supported,
    taken,
)
from clerk_tinybird_app.local.clerk.instance import ADMIN, ROLES
from clerk_tinybird_app.local.clerk.store import accounts
from clerk_tinybird_app.local.clerk.store.records import Membership

_MANAGE_PROFILE: Final = "org:sys_profile:manage"
_DELETE_PROFILE: Final = "org:sys_profile:delete"
_READ_MEMBERS: Final = "org:sys_memberships:read"
_MANAGE_MEMBERS: Final = "org:sys_memberships:manage"


def own_membership(call: Call, organization_id: str) -> Membership:
    """Return the caller's membership.

    Raises:
        FapiError: 401, there is no session; 404, the caller is no member. This does not tell
            whether the organization exists.
    """
    held = accounts.membership_of(call.db, organization_id, call.actor().user.id)
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
    """Remove a member from the organization, but not its last admin."""
    keep_an_admin(call, member)
    accounts.remove_membership(call.db, member)


def keep_an_admin(call: Call, member: Membership) -> None:
    """Refuse to lose the last admin.

    Raises:
        FapiError: 422, ``member`` is the last one.
    """
    last = accounts.admin_count(call.db, member.organization.id) == 1
    if member.role == ADMIN.key and last:
        raise FapiError(
            422,
            "organization_minimum_permissions_needed",
            "There has to be at least one organization member with the minimum required "
            "permissions. Make somebody else an admin first.",
        )


def create(call: Call) -> Reply:
    """Create an organization; the caller becomes its admin.

    Raises:
        FapiError: 422, there is no name, or the slug is malformed or taken.
    """
    user = call.actor().user
    name = fields.name(call.required("name"), "name")
    wanted = call.form.get("slug")
    slug = _free_slug(call, wanted) if wanted else _derived_slug(call, name)
    organization_id = accounts.add_organization(call.db, name=name, slug=slug, now=call.now)
    accounts.add_membership(call.db, organization_id, user.id, ADMIN.key, call.now)
    return _organization(call, organization_id)


def read(call: Call, organization_id: str) -> Reply:
    """Return an organization to one of its members."""
    return Reply(shapes.organization(own_membership(call, organization_id).organization))


def update(call: Call, organization_id: str) -> Reply:
    """Change name and slug; admins only."""
    current = require(call, organization_id, _MANAGE_PROFILE).organization
    name = fields.name(call.form.get("name", current.name), "name")
    if not name:
        raise missing_field("name")
    slug = call.form.get("slug") or current.slug
    if slug != current.slug:
        slug = _free_slug(call, slug)
    accounts.update_organization(call.db, organization_id, name=name, slug=slug, now=call.now)
    return _organization(call, organization_id)


def delete(call: Call, organization_id: str) -> Reply:
    """Delete an organization; admins only."""
    require(call, organization_id, _DELETE_PROFILE)
    accounts.delete_organization(call.db, organization_id)
    return Reply(shapes.deleted("organization", organization_id))


def members(call: Call, organization_id: str) -> Reply:
    """Return one page of the members, filtered by ``query`` (name or address) and ``role``."""
    require(call, organization_id, _READ_MEMBERS)
    everybody = accounts.memberships_in(call.db, organization_id)
    found = [each for each in everybody if _is_wanted(call, each)]
    part = found[fields.page_of(call.query)]
    return Reply(shapes.page([shapes.membership(each) for each in part], len(found)))


def set_role(call: Call, organization_id: str, user_id: str) -> Reply:
    """Give a member another role; admins only.

    Raises:
        FapiError: 403, 404 no such member, 422 no such role or the last admin.
    """
    require(call, organization_id, _MANAGE_MEMBERS)
    member = _member(call, organization_id, user_id)
    role = call.required("role")
    if role not in ROLES:
        raise invalid_field("role", "There is no such role.")
    if role != ADMIN.key:
        keep_an_admin(call, member)
    accounts.set_role(call.db, member, role, call.now)
    return Reply(shapes.membership(_member(call, organization_id, user_id)))


def remove(call: Call, organization_id: str, user_id: str) -> Reply:
    """Remove a member. Admins can remove anybody, others only themselves."""
    own = own_membership(call, organization_id)
    if own.user.id != user_id:
        require(call, organization_id, _MANAGE_MEMBERS)
    member = _member(call, organization_id, user_id)
    part_with(call, member)
    return Reply(shapes.membership(member))


def roles(call: Call, organization_id: str) -> Reply:
    """Return the roles that members may have."""
    own_membership(call, organization_id)
    known = [shapes.role(role) for role in ROLES.values()]
    return Reply(shapes.page(known, len(known)) | {"has_role_set_migration": False})


def invite(call: Call, organization_id: str) -> Reply:
    """Refuse to invite, because no e-mails are sent."""
    require(call, organization_id, _MANAGE_MEMBERS)
    raise not_supported(
        "The embedded Clerk sends no e-mail, so nobody can be invited. "
        "Configure a Clerk instance to invite people."
    )


def no_images(call: Call, organization_id: str) -> Reply:
    """Refuse a logo."""
    require(call, organization_id, _MANAGE_PROFILE)
    raise not_supported("The embedded Clerk keeps no images. Initials are shown instead.")


def nothing(call: Call, organization_id: str) -> Reply:
    """Return an empty page: no invitations, no verified domains, no requests to join."""
    own_membership(call, organization_id)
    return Reply(shapes.page([], 0))


def _organization(call: Call, organization_id: str) -> Reply:
    """Return an organization."""
    row = accounts.organization_by_id(call.db, organization_id)
    if row is None:
        raise not_found("Organization")
    return Reply(shapes.organization(row))


def _member(call: Call, organization_id: str, user_id: str) -> Membership:
    """Return a member of the organization."""
    member = accounts.membership_of(call.db, organization_id, user_id)
    if member is None:
        raise not_found("Member")
    return member


def _is_wanted(call: Call, member: Membership) -> bool:
    """Tell whether a member matches the filters."""
    user = member.user
    text = f"{user.first_name or ''} {user.last_name or ''} {user.email}".lower()
    role = call.query.get("role")
    return call.query.get("query", "").lower() in text and role in (None, "", member.role)


def _free_slug(call: Call, wanted: str) -> str:
    """Return a slug if it is not taken.

    Raises:
        FapiError: 422, it is malformed or taken.
    """
    slug = fields.slug(wanted)
    if accounts.organization_by_slug(call.db, slug):
        raise taken("slug", "That slug is taken. Please try another.")
    return slug


def _derived_slug(call: Call, name: str) -> str:
    """Return a free slug made of the name, with a number if necessary."""
    base = fields.slug_from(name)
    slug, number = base, 2
    while accounts.organization_by_slug(call.db, slug):
        slug, number = f"{base}-{number}", number + 1
    return slug
