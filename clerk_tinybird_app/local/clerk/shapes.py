"""JSON as Clerk's browser SDK reads it (``packages/shared/src/types/json.ts`` of its source)."""

import re
from base64 import b64encode
from html import escape
from typing import Any, Final

from clerk_tinybird_app.local.clerk.instance import ROLES, SYSTEM_PREFIX, Role
from clerk_tinybird_app.local.clerk.store.records import (
    Membership,
    Organization,
    SignIn,
    SignUp,
    User,
)

_VERIFICATION_LIFETIME_MS = 10 * 60 * 1000

_ABSENT: dict[str, Any] = {
    "external_id": None,
    "username": None,
    "profile_image_id": "",
    "primary_phone_number_id": None,
    "primary_web3_wallet_id": None,
    "phone_numbers": [],
    "web3_wallets": [],
    "external_accounts": [],
    "enterprise_accounts": [],
    "saml_accounts": [],
    "passkeys": [],
    "totp_enabled": False,
    "backup_code_enabled": False,
    "two_factor_enabled": False,
    "public_metadata": {},
    "unsafe_metadata": {},
    "create_organizations_limit": None,
    "legal_accepted_at": None,
}
"""Fields that the embedded Clerk does not use, with the values of an account without them."""

MAX_MEMBERSHIPS = 100
PASSWORD_STRATEGY: Final = "password"
EMAIL_STRATEGY: Final = "email_code"
_ABANDONED_AFTER_MS: Final = 24 * 60 * 60 * 1000

# The order matters: Edge and Opera also have "Chrome" in their names, and Chrome has "Safari".
_BROWSERS: Final = (
    ("Edge", re.compile(r"Edg(?:e|A|iOS)?/([\d.]+)")),
    ("Opera", re.compile(r"OPR/([\d.]+)")),
    ("Firefox", re.compile(r"(?:Firefox|FxiOS)/([\d.]+)")),
    ("Chrome", re.compile(r"(?:HeadlessChrome|Chrome|CriOS)/([\d.]+)")),
    ("Safari", re.compile(r"Version/([\d.]+).*Safari/")),
)
_DEVICES: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Macintosh", "Macintosh"),
    ("Windows", "Windows"),
    ("Linux", "Linux"),
)
_LOOPBACK: Final = "127.0.0.1"

_HERE: Final = "this machine"
"""All browsers are on this machine, because the embedded Clerk answers no other."""

_MOBILE: Final = {"iPhone", "iPad", "Android"}


def avatar_url(row: User) -> str:
    """Return a ``data:`` address of the user's picture.

    It ends with ``#``, because the SDK adds the width to the address of every picture.
    """
    initial = escape((row.first_name or row.email)[0].upper())
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40">'
        '<rect width="40" height="40" fill="#5c5c5c"/>'
        '<text x="20" y="27" fill="#fff" font-family="sans-serif" font-size="20" '
        f'text-anchor="middle">{initial}</text></svg>'
    )
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}#"


def verification(status: str, strategy: str | None, now: int) -> dict[str, Any]:
    """Return a ``verification`` with its status and its strategy."""
    return {
        "object": "verification",
        "status": status,
        "strategy": strategy,
        "attempts": 0,
        "expire_at": now + _VERIFICATION_LIFETIME_MS,
        "verified_at_client": None,
        "error": None,
    }


def public_user_data(row: User) -> dict[str, Any]:
    """Return the data of a user for other members of an organization."""
    return {
        "image_url": avatar_url(row),
        "has_image": False,
        "first_name": row.first_name,
        "last_name": row.last_name,
        "identifier": row.email,
        "user_id": row.id,
    }


def verified_email(row: User, now: int) -> dict[str, Any]:
    """Return the only e-mail address of the user."""
    return {
        "object": "email_address",
        "id": row.email_id,
        "email_address": row.email,
        "linked_to": [],
        "matches_sso_connection": False,
        "reserved": False,
        "verification": verification("verified", "email_code", now),
    }


def user(row: User, memberships: list[dict[str, Any]], now: int) -> dict[str, Any]:
    """Return the user's own data; ``memberships`` is JSON already."""
    return _ABSENT | {
        "image_url": avatar_url(row),
        "has_image": False,
        "object": "user",
        "id": row.id,
        "first_name": row.first_name,
        "last_name": row.last_name,
        "primary_email_address_id": row.email_id,
        "email_addresses": [verified_email(row, now)],
        "organization_memberships": memberships,
        "password_enabled": True,
        "create_organization_enabled": True,
        "delete_self_enabled": True,
        "last_sign_in_at": row.last_sign_in_at,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


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
    """Return a membership with its organization and the public data of its user."""
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
    """Return a role; its times are the epoch."""
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
    """Return the confirmation of a deletion."""
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


def sign_in(row: SignIn, user: User | None, now: int) -> dict[str, Any]:
    """Return an attempt to sign in as ``user``."""
    done = row.session_id is not None
    factor = verification("verified" if done else "unverified", row.strategy, now)
    return {
        "object": "sign_in",
        "id": row.id,
        "status": _sign_in_status(row),
        "identifier": row.identifier,
        "supported_identifiers": ["email_address"],
        "supported_first_factors": _first_factors(user) if user else [],
        "supported_second_factors": None,
        "first_factor_verification": factor if row.strategy else None,
        "second_factor_verification": None,
        "created_session_id": row.session_id,
        "user_data": _user_data(user) if user else None,
        "abandon_at": row.created_at + _ABANDONED_AFTER_MS,
    }


def sign_up(row: SignUp, now: int) -> dict[str, Any]:
    """Return an attempt to sign up."""
    given = {"email_address": row.email, "password": row.password_hash}
    unverified = ["email_address"] if row.email and not row.verified else []
    return {
        "object": "sign_up",
        "id": row.id,
        "status": "complete" if row.session_id else "missing_requirements",
        "required_fields": list(given),
        "optional_fields": ["first_name", "last_name"],
        "missing_fields": [name for name, value in given.items() if not value],
        "unverified_fields": unverified,
        "email_address": row.email,
        "first_name": row.first_name,
        "last_name": row.last_name,
        "has_password": row.password_hash is not None,
        "verifications": {
            "email_address": _email_verification(row, now),
            "phone_number": None,
            "web3_wallet": None,
            "external_account": None,
        },
        "created_session_id": row.session_id,
        "created_user_id": row.user_id,
        "abandon_at": row.created_at + _ABANDONED_AFTER_MS,
        "username": None,
        "phone_number": None,
        "web3_wallet": None,
        "external_account": None,
        "external_account_strategy": None,
        "external_id": None,
        "unsafe_metadata": {},
        "legal_accepted_at": None,
        "locale": None,
        "custom_action": False,
    }


def _sign_in_status(row: SignIn) -> str:
    """Return the status of the attempt, which says what it waits for."""
    if row.session_id:
        return "complete"
    return "needs_first_factor" if row.user_id else "needs_identifier"


def _first_factors(user: User) -> list[dict[str, Any]]:
    """Return the first factors that this user can sign in with."""
    by_email = {
        "strategy": EMAIL_STRATEGY,
        "email_address_id": user.email_id,
        "safe_identifier": user.email,
        "primary": True,
    }
    return [{"strategy": PASSWORD_STRATEGY}, by_email]


def _user_data(user: User) -> dict[str, Any]:
    """Return the user's data on the sign-in form."""
    return {
        "first_name": user.first_name,
        "last_name": user.last_name,
        "image_url": "",
        "has_image": False,
    }


def _email_verification(row: SignUp, now: int) -> dict[str, Any]:
    """Return the state of the verification of the address.

    ``strategy`` must be null until a code was requested. Only then does the SDK request one.
    """
    if row.verified:
        status, strategy, action = "verified", EMAIL_STRATEGY, ""
    elif row.prepared:
        status, strategy, action = "unverified", EMAIL_STRATEGY, "needs_attempt"
    else:
        status, strategy, action = "unverified", None, "needs_prepare"
    return verification(status, strategy, now) | {
        "next_action": action,
        "supported_strategies": [EMAIL_STRATEGY],
    }


def activity(session_id: str, user_agent: str) -> dict[str, Any]:
    """Return a ``session_activity``; unknown values are null."""
    browser, version = _browser(user_agent)
    device = next((name for mark, name in _DEVICES if mark in user_agent), None)
    return {
        "object": "session_activity",
        "id": session_id.replace("sess_", "sess_activity_", 1),
        "browser_name": browser,
        "browser_version": version,
        "device_type": device,
        "is_mobile": device in _MOBILE,
        "ip_address": _LOOPBACK,
        "city": _HERE,
        "country": None,
    }


def _browser(user_agent: str) -> tuple[str | None, str | None]:
    """Return the browser's name and version."""
    for name, pattern in _BROWSERS:
        if match := pattern.search(user_agent):
            return name, match[1]
    return None, None
