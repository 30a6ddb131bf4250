"""Users as JSON."""

from typing import Any

from clerk_tinybird_app.local.clerk.shapes.avatar import avatar_url
from clerk_tinybird_app.local.clerk.store.rows import User

__all__ = ["public_user_data", "user", "verification", "verified_email"]

_VERIFICATION_LIFETIME_MS = 10 * 60 * 1000


def verification(status: str, strategy: str | None, now: int) -> dict[str, Any]:
    """Return a ``verification``: its status and by which means."""
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
    """Return what other members of an organization see of a user."""
    return {
        "image_url": avatar_url(row),
        "has_image": False,
        "first_name": row.first_name,
        "last_name": row.last_name,
        "identifier": row.email,
        "user_id": row.id,
    }


def verified_email(row: User, now: int) -> dict[str, Any]:
    """Return the user's one e-mail address."""
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
    """Return the user as they see themselves; ``memberships`` already as JSON."""
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
"""What the embedded Clerk has no use for, as an account without it shows."""
