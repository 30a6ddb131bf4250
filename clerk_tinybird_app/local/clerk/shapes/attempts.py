"""Attempts to sign in and to sign up as JSON."""

from typing import Any, Final

from clerk_tinybird_app.local.clerk.shapes.users import verification
from clerk_tinybird_app.local.clerk.store.rows import SignIn, SignUp, User

__all__ = ["EMAIL_STRATEGY", "PASSWORD_STRATEGY", "sign_in", "sign_up"]

PASSWORD_STRATEGY: Final = "password"
EMAIL_STRATEGY: Final = "email_code"
_ABANDONED_AFTER_MS: Final = 24 * 60 * 60 * 1000


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
    """Say what the attempt is waiting for."""
    if row.session_id:
        return "complete"
    return "needs_first_factor" if row.user_id else "needs_identifier"


def _first_factors(user: User) -> list[dict[str, Any]]:
    """Return the ways in which this user may prove who they are."""
    by_email = {
        "strategy": EMAIL_STRATEGY,
        "email_address_id": user.email_id,
        "safe_identifier": user.email,
        "primary": True,
    }
    return [{"strategy": PASSWORD_STRATEGY}, by_email]


def _user_data(user: User) -> dict[str, Any]:
    """Return what the sign-in card shows of the user."""
    return {
        "first_name": user.first_name,
        "last_name": user.last_name,
        "image_url": "",
        "has_image": False,
    }


def _email_verification(row: SignUp, now: int) -> dict[str, Any]:
    """Say where the verification of the address stands.

    ``strategy`` must be null until a code was asked for: the SDK asks for one only then.
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
