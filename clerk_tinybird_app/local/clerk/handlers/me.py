"""The signed-in user: profile, password, devices, memberships."""

from typing import Final

from clerk_tinybird_app.local.clerk import fields
from clerk_tinybird_app.local.clerk.call import Call, Reply
from clerk_tinybird_app.local.clerk.fapi_errors import (
    invalid_field,
    not_found,
    not_supported,
    password_incorrect,
)
from clerk_tinybird_app.local.clerk.handlers.organizations import part_with
from clerk_tinybird_app.local.clerk.passwords import hash_password, verify_password
from clerk_tinybird_app.local.clerk.shapes import deleted, membership, page
from clerk_tinybird_app.local.clerk.store import accounts, browsers
from clerk_tinybird_app.local.clerk.views import device_view, user_view

_REVOKED: Final = "revoked"


def read(call: Call) -> Reply:
    """Return the user."""
    return Reply(user_view(call, call.actor().user))


def update(call: Call) -> Reply:
    """Change first and last name; an empty name is removed."""
    user = call.actor().user
    names = {
        field: fields.name(call.form[field], field) or None
        for field in ("first_name", "last_name")
        if field in call.form
    }
    accounts.rename_user(
        call.db,
        user.id,
        names.get("first_name", user.first_name),
        names.get("last_name", user.last_name),
        call.now,
    )
    return read(call)


def change_password(call: Call) -> Reply:
    """Change the password. With ``sign_out_of_other_sessions``, sign out all other browsers.

    Raises:
        FapiError: 422, the old one is wrong, or the new one is too short, too long or the same.
    """
    actor = call.actor()
    if not verify_password(call.form.get("current_password", ""), actor.user.password_hash):
        raise password_incorrect("current_password")
    password = fields.new_password(call.form.get("new_password", ""), "new_password")
    if verify_password(password, actor.user.password_hash):
        raise invalid_field(
            "new_password",
            "New password cannot be the same as the current password.",
            "form_new_password_matches_current",
        )
    accounts.set_password(call.db, actor.user.id, hash_password(password), call.now)
    if call.form.get("sign_out_of_other_sessions") == "true":
        browsers.end_sessions_of_user(call.db, actor.user.id, _REVOKED, but=actor.session.id)
    return read(call)


def delete(call: Call) -> Reply:
    """Delete the account with all data that belongs only to it."""
    user = call.actor().user
    accounts.delete_user(call.db, user.id)
    call.refresh_client()
    return Reply(deleted("user", user.id))


def active_sessions(call: Call) -> Reply:
    """Return the user's live sessions on all browsers, bare, latest first."""
    live = browsers.live_sessions_of_user(call.db, call.actor().user.id, call.now)
    latest_first = sorted(live, key=lambda session: session.last_active_at, reverse=True)
    return Reply([device_view(call, session) for session in latest_first], bare=True)


def revoke_session(call: Call, session_id: str) -> Reply:
    """Sign the user out of another browser.

    Raises:
        FapiError: 404, this user has no such live session.
    """
    user = call.actor().user
    session = browsers.session_by_id(call.db, session_id)
    if session is None or session.user_id != user.id or not session.is_live(call.now):
        raise not_found("Session")
    browsers.end_session(call.db, session.id, _REVOKED)
    revoked = browsers.session_by_id(call.db, session.id)
    return Reply(device_view(call, revoked or session))


def memberships(call: Call) -> Reply:
    """Return one page of the user's memberships."""
    held = accounts.memberships_of_user(call.db, call.actor().user.id)
    part = held[fields.page_of(call.query)]
    return Reply(page([membership(each) for each in part], len(held)))


def leave_organization(call: Call, organization_id: str) -> Reply:
    """Leave an organization.

    Raises:
        FapiError: 404, the user is no member; 422, the user is its last admin.
    """
    held = accounts.membership_of(call.db, organization_id, call.actor().user.id)
    if held is None:
        raise not_found("Organization")
    part_with(call, held)
    return Reply(deleted("organization_membership", held.id))


def nothing(call: Call) -> Reply:
    """Return an empty page, because there are no invitations and no suggestions."""
    call.actor()
    return Reply(page([], 0))


def no_images(call: Call) -> Reply:
    """Refuse an image."""
    call.actor()
    raise not_supported("The embedded Clerk keeps no images. Initials are shown instead.")


def remove_image(call: Call) -> Reply:
    """Return the user, who has no image already."""
    call.actor()
    return Reply(deleted("image", ""))
