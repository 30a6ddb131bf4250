"""Who calls and what they may do, and the claims of a JSON Web Token that say it.

HS256 alone, keyed with the workspace's admin token; every claim Tinybird documents as required is
required, of the right type, before anything it grants is looked at.
"""

import hashlib
import hmac
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from clerk_tinybird_app.clerk.jws import decode_base64url, parse_object
from clerk_tinybird_app.local.tinybird.errors import ApiError, forbidden

PIPES_READ: Final = "PIPES:READ"
DATASOURCES_READ: Final = "DATASOURCES:READ"
DATASOURCES_APPEND: Final = "DATASOURCES:APPEND"

_ALGORITHM: Final = "HS256"
_PARTS: Final = 3
_MOST_CHARACTERS: Final = 32_768
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A verified token.

    Attributes:
        name: The token's name, which requests are counted by.
        is_admin: Whether it may do everything in its workspace.
        pipes: Pipes it may read, each with the parameters that are fixed.
        datasources: Data sources it may read, each with its filter, "" for none.
        appends: Data sources it may add to.
        rps: Requests per second; 0 for no limit.
        starts: When it begins to hold, in seconds since the epoch.
        expires: When it holds no more, in seconds since the epoch; infinity for never.
    """

    name: str
    is_admin: bool = False
    pipes: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: _NOTHING)
    datasources: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    appends: frozenset[str] = frozenset()
    rps: int = 0
    starts: float = -math.inf
    expires: float = math.inf

    def holds_at(self, now: float) -> bool:
        """Tell whether it holds at ``now``, in seconds since the epoch."""
        return self.starts <= now < self.expires

    def may_read(self, pipe: str, pipe_id: str) -> bool:
        """Tell whether it may read a pipe, known by its name and its id."""
        return self.is_admin or pipe in self.pipes or pipe_id in self.pipes

    def fixed_params(self, pipe: str, pipe_id: str) -> Mapping[str, Any]:
        """Return the parameters that win over whatever the request says.

        Raises:
            ApiError: 403, the token is not for this pipe, or names it twice.
        """
        if self.is_admin:
            return _NOTHING
        found = [self.pipes[key] for key in (pipe, pipe_id) if key in self.pipes]
        if len(found) != 1:
            raise forbidden(f"The token does not have PIPES:READ over the pipe '{pipe}'")
        return found[0]

    def require_append(self, datasource: str, datasource_id: str) -> None:
        """Pass if it may add rows to a data source, known by its name and its id.

        Raises:
            ApiError: 403.
        """
        if not self.is_admin and not self.appends & {datasource, datasource_id}:
            raise forbidden(
                f"The token does not have DATASOURCES:APPEND over the data source '{datasource}'"
            )

    def require_admin(self) -> None:
        """Pass if it may do everything.

        Raises:
            ApiError: 403.
        """
        if not self.is_admin:
            raise forbidden("The token does not have ADMIN over this workspace")


def malformed() -> ApiError:
    """The token is none; the text is Tinybird's, with the token left out."""
    return forbidden("invalid authentication token. Invalid token b'...'")


def read(token: str, *, signing_key: str, workspace_id: str, now: float) -> Caller:
    """Verify a JWT, signed with a workspace's admin token, and return what it grants.

    Raises:
        ApiError: 403; the text says whether it is malformed, badly signed, expired, for another
            workspace, or lacks a claim.
    """
    claims = _verified(token, signing_key)
    expires = _number(claims, "exp")
    if expires <= now:
        raise forbidden("invalid authentication token. Token has expired")
    starts = _number(claims, "nbf") if "nbf" in claims else -math.inf
    if starts > now:
        raise forbidden("invalid authentication token. Token is not valid yet")
    if "iat" in claims:
        _number(claims, "iat")
    if _text(claims, "workspace_id") != workspace_id:
        raise forbidden("invalid authentication token. Token is for another workspace")
    return Caller(
        name=_text(claims, "name"),
        rps=_rps(claims),
        starts=starts,
        expires=expires,
        **_grants(claims),
    )


def is_signed(token: str, signing_key: str) -> bool:
    """Tell whether ``signing_key`` signed a JWT, whatever it says."""
    try:
        _verified(token, signing_key)
    except ApiError:
        return False
    return True


def _verified(token: str, signing_key: str) -> Mapping[str, Any]:
    """Return the payload of a token whose signature is good."""
    parts = token.split(".")
    if len(parts) != _PARTS or len(token) > _MOST_CHARACTERS:
        raise malformed()
    try:
        header, payload, signature = (decode_base64url(part.encode("ascii")) for part in parts)
        _require_header(parse_object(header))
        signed = token.rpartition(".")[0].encode()
        expected = hmac.digest(signing_key.encode(), signed, hashlib.sha256)
        if not hmac.compare_digest(expected, signature):
            raise forbidden("invalid authentication token. Invalid signature")
        return parse_object(payload)
    except ValueError:
        raise malformed() from None


def _require_header(header: Mapping[str, object]) -> None:
    kind = header.get("typ", "JWT")
    is_jwt = isinstance(kind, str) and kind.upper() == "JWT"
    if header.get("alg") != _ALGORITHM or "crit" in header or not is_jwt:
        raise malformed()


def _lacks(claim: str) -> ApiError:
    return forbidden(f"invalid authentication token. Missing or wrong claim '{claim}'")


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise _lacks(name)
    return value


def _number(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    # JSON's 1e400 is Python's infinity.
    is_infinite = isinstance(value, float) and not math.isfinite(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or is_infinite:
        raise _lacks(name)
    return value


def _object(claims: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = claims.get(name, {})
    if not isinstance(value, dict):
        raise _lacks(name)
    return value


def _rps(claims: Mapping[str, Any]) -> int:
    """Return ``limits.rps``; 0 or less is no limit."""
    rps = _object(claims, "limits").get("rps", 0)
    if isinstance(rps, bool) or not isinstance(rps, int):
        raise _lacks("limits.rps")
    return max(rps, 0)


def _grants(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return the scopes by what they are over."""
    scopes = claims.get("scopes")
    if not isinstance(scopes, list) or not scopes:
        raise _lacks("scopes")
    pipes: dict[str, Mapping[str, Any]] = {}
    datasources: dict[str, str] = {}
    appends: set[str] = set()
    seen: set[tuple[str, str]] = set()
    for scope in scopes:
        if not isinstance(scope, dict):
            raise _lacks("scopes")
        kind, resource = _text(scope, "type"), _text(scope, "resource")
        if (kind, resource) in seen and kind != DATASOURCES_APPEND:
            # Two filters over one thing: which of them holds must not be a matter of order.
            raise _lacks("scopes")
        seen.add((kind, resource))
        if kind == PIPES_READ:
            pipes[resource] = _object(scope, "fixed_params")
        elif kind == DATASOURCES_READ:
            datasources[resource] = _text(scope, "filter") if "filter" in scope else ""
        elif kind == DATASOURCES_APPEND:
            appends.add(resource)
        else:
            raise _lacks("scopes[].type")
    return {"pipes": pipes, "datasources": datasources, "appends": frozenset(appends)}
