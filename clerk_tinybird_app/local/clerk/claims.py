"""The claims of a session token, version 2, as Clerk writes them."""

from typing import Any

from clerk_tinybird_app.local.clerk.instance import ISSUER, TOKEN_LIFETIME_SECONDS
from clerk_tinybird_app.local.clerk.roles import ROLES, grants_of
from clerk_tinybird_app.local.clerk.store.rows import Membership, Session

__all__ = ["factor_age", "session_claims"]

_CLAIMS_VERSION = 2
_SECOND_FACTOR_NEVER = -1
_NOT_BEFORE_SLACK_SECONDS = 10
_MS_PER_SECOND = 1000
_MS_PER_MINUTE = 60 * _MS_PER_SECOND


def session_claims(
    session: Session, membership: Membership | None, *, origin: str, now: int
) -> dict[str, Any]:
    """Return the claims of a fresh token.

    Args:
        session: the live session.
        membership: that user's membership of the active organization; None: personal account.
        origin: the page's origin, which becomes ``azp``.
        now: milliseconds since the epoch.
    """
    issued = now // _MS_PER_SECOND
    claims: dict[str, Any] = {
        "v": _CLAIMS_VERSION,
        "iss": ISSUER,
        "sub": session.user_id,
        "sid": session.id,
        "sts": session.status,
        "azp": origin,
        "iat": issued,
        "nbf": issued - _NOT_BEFORE_SLACK_SECONDS,
        "exp": issued + TOKEN_LIFETIME_SECONDS,
        "fva": factor_age(session, now),
    }
    return claims | _organization_claims(membership) if membership else claims


def factor_age(session: Session, now: int) -> list[int]:
    """Return the minutes since the first and second factor were verified; -1: never."""
    return [max(0, now - session.created_at) // _MS_PER_MINUTE, _SECOND_FACTOR_NEVER]


def _organization_claims(membership: Membership) -> dict[str, Any]:
    """Return ``fea`` and ``o`` for the active organization."""
    grants = grants_of(ROLES[membership.role])
    organization = {
        "id": membership.organization.id,
        "slg": membership.organization.slug,
        "rol": membership.role.removeprefix("org:"),
        "per": grants.permissions,
        "fpm": grants.masks,
    }
    return {"fea": grants.features, "o": organization}
