"""Who calls and what they may do, and the claims of a JSON Web Token that say it.

HS256 alone, keyed with the workspace's admin token; every claim Tinybird documents as required is
required, of the right type, before anything it grants is looked at.
"""

import hashlib
import hmac
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Annotated, Any, Final

import msgspec

from clerk_tinybird_app.clerk.jws import decode_base64url, parse_object
from clerk_tinybird_app.local.tinybird.errors import ApiError, forbidden

ADMIN: Final = "ADMIN"
PIPES_READ: Final = "PIPES:READ"
DATASOURCES_READ: Final = "DATASOURCES:READ"
DATASOURCES_APPEND: Final = "DATASOURCES:APPEND"

_ALGORITHM: Final = "HS256"
_PARTS: Final = 3
_MOST_CHARACTERS: Final = 32_768
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})

_Text = Annotated[str, msgspec.Meta(min_length=1)]
_Time = Annotated[float, msgspec.Meta(gt=-1e18, lt=1e18)]
"""JSON's 1e400 is Python's infinity, and no time."""


class _ReadsPipe(msgspec.Struct, tag_field="type", tag=PIPES_READ):
    resource: _Text
    fixed_params: dict[str, Any] = {}


class _ReadsDataSource(msgspec.Struct, tag_field="type", tag=DATASOURCES_READ):
    resource: _Text
    filter: _Text = ""


class _Appends(msgspec.Struct, tag_field="type", tag=DATASOURCES_APPEND):
    resource: _Text


class _Limits(msgspec.Struct):
    rps: int = 0


class _Claims(msgspec.Struct):
    workspace_id: _Text
    name: _Text
    exp: _Time
    scopes: Annotated[list[_ReadsPipe | _ReadsDataSource | _Appends], msgspec.Meta(min_length=1)]
    nbf: _Time = -math.inf
    iat: _Time = 0
    limits: _Limits = msgspec.field(default_factory=_Limits)


_WRONG: Final = re.compile(r"field `(\w+)`|\$\.(\S+)`")
"""Where msgspec tells what is missing, or what is wrong."""


@lru_cache(maxsize=1024)
def resource_id(workspace_id: str, *names: str) -> str:
    """Return the id of a workspace's pipe, node, data source or token; always the same."""
    digest = hashlib.sha256("\n".join((workspace_id, *names)).encode()).hexdigest()
    return f"t_{digest[:32]}"


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A verified token; what it names, it may name by name or by id.

    It may do everything in its workspace, or read ``pipes``, each with its fixed parameters, and
    ``datasources``, each with its filter, "" for none, and add to ``appends``: so many requests per
    second, 0 for any, while it holds, in seconds since the epoch.
    """

    name: str
    workspace_id: str
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

    def may_read(self, pipe: str) -> bool:
        """Tell whether it names a pipe to read."""
        return self.is_admin or bool(self._keys("pipe", pipe) & self.pipes.keys())

    def fixed_params(self, pipe: str, asked: str = "") -> Mapping[str, Any]:
        """Return the parameters that win over whatever the request says.

        Refuse with 403 a pipe, ``asked`` for like this, that it does not name, or names twice.
        """
        if self.is_admin:
            return _NOTHING
        found = self._keys("pipe", pipe) & self.pipes.keys()
        if len(found) != 1:
            raise forbidden(f"The token does not have PIPES:READ over the pipe '{asked or pipe}'")
        return self.pipes[found.pop()]

    def filter_over(self, datasource: str) -> str | None:
        """Return a data source's filter, "" for none; None: it may not read it, or names it twice.

        Of two filters nobody knows which is meant.
        """
        found = self._keys("datasource", datasource) & self.datasources.keys()
        return self.datasources[found.pop()] if len(found) == 1 else None

    def may_see(self, datasource: str) -> bool:
        """Tell whether it names a data source at all."""
        named = self.appends | self.datasources.keys()
        return self.is_admin or bool(self._keys("datasource", datasource) & named)

    def require_sight(self, datasource: str, asked: str) -> None:
        """Refuse with 403 whoever does not name a data source at all, ``asked`` for like this."""
        if not self.may_see(datasource):
            raise forbidden(f"The token does not have access to the data source '{asked}'")

    def require_append(self, datasource: str, asked: str) -> None:
        """Refuse with 403 whoever may not add rows to a data source, ``asked`` for like this."""
        if not self.is_admin and not self.appends & self._keys("datasource", datasource):
            raise forbidden(
                f"The token does not have DATASOURCES:APPEND over the data source '{asked}'"
            )

    def require_admin(self) -> None:
        """Refuse with 403 whoever may not do everything."""
        if not self.is_admin:
            raise forbidden("The token does not have ADMIN over this workspace")

    def _keys(self, kind: str, name: str) -> set[str]:
        return {name, resource_id(self.workspace_id, kind, name)}


def malformed() -> ApiError:
    """The token is none; the text is Tinybird's, with the token left out."""
    return forbidden("invalid authentication token. Invalid token b'...'")


def read(token: str, *, signing_key: str, workspace_id: str, now: float) -> Caller:
    """Verify a JWT, signed with a workspace's admin token, and return what it grants.

    One that is malformed, badly signed, expired, for another workspace or that lacks a claim is
    refused with 403, which says so.
    """
    claims = _read(_verified(token, signing_key))
    if claims.exp <= now:
        raise forbidden("invalid authentication token. Token has expired")
    if claims.nbf > now:
        raise forbidden("invalid authentication token. Token is not valid yet")
    if claims.workspace_id != workspace_id:
        raise forbidden("invalid authentication token. Token is for another workspace")
    return _granted(claims)


def lasting(name: str, workspace_id: str, scopes: Sequence[Mapping[str, str]]) -> Caller:
    """Return what a token that does not expire grants by its scopes; refuse what lacks some."""
    if {"type": ADMIN} in scopes:
        return Caller(name=name, workspace_id=workspace_id, is_admin=True)
    payload = {"name": name, "workspace_id": workspace_id, "exp": 0, "scopes": list(scopes)}
    return replace(_granted(_read(payload)), expires=math.inf)


def is_signed(token: str, signing_key: str) -> bool:
    """Tell whether ``signing_key`` signed a JWT, whatever it says."""
    try:
        _verified(token, signing_key)
    except ApiError:
        return False
    return True


def _read(payload: Mapping[str, Any]) -> _Claims:
    try:
        return msgspec.convert(payload, _Claims)
    except msgspec.ValidationError as error:
        found = _WRONG.search(str(error))
        raise _lacks(found[1] or found[2] if found else "payload") from None


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


def _granted(claims: _Claims) -> Caller:
    pipes: dict[str, Mapping[str, Any]] = {}
    datasources: dict[str, str] = {}
    appends: set[str] = set()
    for scope in claims.scopes:
        # Two filters over one thing: which of them holds must not be a matter of order.
        match scope:
            case _ReadsPipe(resource=resource) if resource not in pipes:
                pipes[resource] = scope.fixed_params
            case _ReadsDataSource(resource=resource) if resource not in datasources:
                datasources[resource] = scope.filter
            case _Appends():
                appends.add(scope.resource)
            case _:
                raise _lacks("scopes")
    return Caller(
        name=claims.name,
        workspace_id=claims.workspace_id,
        pipes=pipes,
        datasources=datasources,
        appends=frozenset(appends),
        rps=max(claims.limits.rps, 0),
        starts=claims.nbf,
        expires=claims.exp,
    )
