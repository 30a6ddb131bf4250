"""Checks the claims of a token with a right signature, and makes a session of them.

The claims are those of https://clerk.com/docs/guides/sessions/session-tokens, versions 1 and 2.
Every claim that is present must be as documented. An organization that cannot be read is an
error; it never counts as "no organization".
"""

import re
from collections.abc import Collection
from typing import Final

from clerk_tinybird_app.clerk.errors import (
    SessionAzpError,
    SessionClaimsError,
    SessionExpiredError,
    SessionIssuerError,
    SessionKindError,
    SessionNotYetValidError,
    SessionPendingError,
)
from clerk_tinybird_app.clerk.session import LEEWAY_SECONDS, ClerkSession, Organization

Claims = dict[str, object]
_COMPACT_VERSION: Final = 2
_VERSIONS: Final = (1, _COMPACT_VERSION)
_LATEST_TIME: Final = 253_402_300_799  # the end of the year 9999, the last that datetime knows
_ROLE_PREFIX: Final = "org:"
_V1_ORGANIZATION_CLAIMS: Final = frozenset({"org_id", "org_role", "org_slug", "org_permissions"})
_ORGANIZATION_SCOPES: Final = frozenset({"o", "ou", "uo"})

# 600 digits are enough for about 2,000 permissions, and below Python's limit for reading.
_MASK: Final = re.compile(r"[0-9]{1,600}")


def session_from_claims(
    claims: Claims, *, issuer: str, authorized_parties: Collection[str], now: float
) -> ClerkSession:
    """Check every claim and make the session.

    Args:
        claims: The payload of a token whose signature has been verified.
        issuer: The Clerk instance that must have issued it, such as "https://clerk.example.com".
        authorized_parties: The origins that it may have been issued to.
        now: The time, in seconds since the epoch.

    Raises:
        SessionError: One of its subclasses, for the first claim that is wrong.
    """
    if "sid" not in claims:
        # Tokens of JWT templates have all other claims, and live longer than their session.
        raise SessionKindError
    _check_parties(claims, issuer, authorized_parties)
    issued_at, expires_at = _check_times(claims, now)
    version = _check_version(claims)
    _check_status(claims, version)
    read_organization = _compact_organization if version == _COMPACT_VERSION else _v1_organization
    organization, permissions = read_organization(claims)
    return ClerkSession(
        user_id=_text(claims.get("sub"), "sub"),
        session_id=_text(claims["sid"], "sid"),
        expires_at=expires_at,
        issued_at=issued_at,
        organization=organization,
        permissions=permissions,
        impersonator=_impersonator(claims),
    )


def _check_parties(claims: Claims, issuer: str, authorized_parties: Collection[str]) -> None:
    if _text(claims.get("iss"), "iss") != issuer:
        raise SessionIssuerError
    azp = _text(claims.get("azp"), "azp")
    if azp not in authorized_parties:
        raise SessionAzpError(azp)


def _check_times(claims: Claims, now: float) -> tuple[int, int]:
    """Return `iat` and `exp` if the token is valid now."""
    expires_at = _time(claims, "exp")
    issued_at = _time(claims, "iat")
    valid_from = max(issued_at, _time(claims, "nbf"))
    if now >= expires_at:
        raise SessionExpiredError(expires_at)
    if now < valid_from - LEEWAY_SECONDS:
        raise SessionNotYetValidError(valid_from - now)
    return issued_at, expires_at


def _check_version(claims: Claims) -> int:
    version = claims.get("v", 1)
    # type() and not isinstance(): True would pass for 1.
    if type(version) is not int or version not in _VERSIONS:
        raise SessionClaimsError("v")
    return version


def _check_status(claims: Claims, version: int) -> None:
    if version != _COMPACT_VERSION and "sts" not in claims:
        # Version 1 does not document this claim, and Clerk's tokens of version 1 do not have it.
        return
    status = claims.get("sts")
    if status == "pending":
        raise SessionPendingError
    if status != "active":
        raise SessionClaimsError("sts")


def _compact_organization(claims: Claims) -> tuple[Organization | None, tuple[str, ...]]:
    """Read version 2: all is in the claim `o`; its permissions are packed together with `fea`."""
    features = _list_text(claims, "fea")
    if not is_feature_list(features):
        raise SessionClaimsError("fea")
    if "o" not in claims:
        return None, ()
    claim = claims["o"]
    if not isinstance(claim, dict):
        raise SessionClaimsError("o")
    organization = Organization(
        id=_text(claim.get("id"), "o.id"),
        slug=_slug(claim.get("slg"), "o.slg"),
        role=_ROLE_PREFIX + _text(claim.get("rol"), "o.rol"),
    )
    names, masks = _list_text(claim, "per", "o.per"), _list_text(claim, "fpm", "o.fpm")
    return organization, decode_permissions(features, names, masks)


def _v1_organization(claims: Claims) -> tuple[Organization | None, tuple[str, ...]]:
    """Read version 1: four claims that begin with `org_`."""
    if "o" in claims:
        raise SessionClaimsError("o")
    if _V1_ORGANIZATION_CLAIMS.isdisjoint(claims):
        return None, ()
    role = _text(claims.get("org_role"), "org_role").removeprefix(_ROLE_PREFIX)
    organization = Organization(
        id=_text(claims.get("org_id"), "org_id"),
        slug=_slug(claims.get("org_slug"), "org_slug"),
        # Old instances leave out the prefix. Clerk's own `has()` treats both as the same role.
        role=_ROLE_PREFIX + _text(role, "org_role"),
    )
    permissions = claims.get("org_permissions", [])
    if not isinstance(permissions, list):
        raise SessionClaimsError("org_permissions")
    return organization, tuple(_text(item, "org_permissions") for item in permissions)


def _impersonator(claims: Claims) -> str | None:
    if "act" not in claims:
        return None
    actor = claims["act"]
    if not isinstance(actor, dict):
        raise SessionClaimsError("act")
    return _text(actor.get("sub"), "act.sub")


def _slug(value: object, claim: str) -> str:
    """Allow an empty slug: instances can switch slugs off, and no slug identifies a tenant."""
    return "" if value is None or value == "" else _text(value, claim)


def _is_visible(value: str) -> bool:
    return bool(value) and value.isascii() and value.isprintable() and " " not in value


def _text(value: object, claim: str) -> str:
    """Require visible ASCII without spaces, because identifiers are used in headers and logs."""
    if not isinstance(value, str) or not _is_visible(value):
        raise SessionClaimsError(claim)
    return value


def _list_text(claims: Claims, name: str, claim: str = "") -> str:
    """Require a comma-separated list, or nothing."""
    value = claims.get(name, "")
    if not isinstance(value, str) or not (value.isascii() and value.isprintable()):
        raise SessionClaimsError(claim or name)
    return value


def _time(claims: Claims, claim: str) -> int:
    """Require whole seconds since the epoch."""
    value = claims.get(claim)
    # type() and not isinstance(): True would pass for 1.
    if type(value) is not int or not 0 < value <= _LATEST_TIME:
        raise SessionClaimsError(claim)
    return value


def is_feature_list(fea: str) -> bool:
    """Tell whether every entry of the claim `fea` has a scope, as in "o:posts,u:darkmode"."""
    return not fea or all(":" in entry for entry in fea.split(","))


def decode_permissions(fea: str, per: str, fpm: str) -> tuple[str, ...]:
    """Unpack the permissions in the active organization.

    Args:
        fea: The features with their scopes, such as "o:posts,u:darkmode,uo:reports".
        per: The names of permissions, such as "read,write".
        fpm: A decimal number for each feature of the organization, such as "3,1". Its lowest bit
            stands for the first name in `per`.

    Returns:
        Such as ("org:posts:read", "org:posts:write", "org:reports:read"). A number that
        cannot be read grants nothing. When an entry of `fea` has no scope, nothing is granted.
    """
    if not per or not fpm or not is_feature_list(fea):
        return ()
    names = [name.strip(" ") for name in per.split(",")]
    masks = [_mask(number.strip(" ")) for number in fpm.split(",")]
    return tuple(
        f"org:{feature}:{name}"
        for feature, mask in zip(_organization_features(fea), masks, strict=False)
        for bit, name in enumerate(names[: mask.bit_length()])
        if mask >> bit & 1
    )


def _organization_features(fea: str) -> list[str]:
    entries = (entry.strip(" ").partition(":") for entry in fea.split(","))
    return [feature for scope, _, feature in entries if scope in _ORGANIZATION_SCOPES]


def _mask(number: str) -> int:
    return int(number) if _MASK.fullmatch(number) else 0
