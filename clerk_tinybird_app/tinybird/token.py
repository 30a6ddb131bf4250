"""The token that a browser sends to Tinybird: minted, decoded, and split into lines."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Final, Self

import jwt

from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.frozen_value import FrozenValue
from clerk_tinybird_app.tinybird.policy import Scope

ALGORITHM: Final = "HS256"
"""The only algorithm Tinybird accepts for JWTs."""

REFRESH_SHARE: Final = 1 / 5
"""A token is minted again when less than this share of its life is left."""

MAX_HEARTBEAT_SECONDS: Final = 45.0
"""Clerk's session tokens live for 60 seconds, so a pushed token still lives for 15 seconds."""

_INDENT: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """The workspace and the key that signs its tokens.

    Attributes:
        api_url: The API's address without a trailing slash, such as ``https://api.tinybird.co``.
        workspace_id: The workspace's id.
        signing_key: The workspace admin token: the HS256 key of every token (at least 32 bytes).
        token_ttl: The life of a token in seconds.
        rps: Requests per second for each token name; Tinybird answers 429 to more.
    """

    api_url: str
    workspace_id: str
    signing_key: str = field(repr=False)
    token_ttl: int = 900
    rps: int = 10


def heartbeat_seconds(token_ttl: int) -> float:
    """Return the seconds between two pushes, so that a token is minted again before it ends.

    Two pushes come in the last fifth of the token's life, so that one may be late.
    """
    return min(MAX_HEARTBEAT_SECONDS, token_ttl * REFRESH_SHARE / 2)


@dataclass(frozen=True, kw_only=True)
class TinybirdToken:
    """A minted token and the values that it was made of; ``repr`` does not show the token.

    Attributes:
        value: The compact JWT.
        name: The name for Tinybird's rate limit, ``frontend_jwt_user_<user id>``.
        issued_at: Seconds since the epoch.
        expires_at: Seconds since the epoch.
        claims: The signed payload.
    """

    value: str = field(repr=False)
    name: str
    issued_at: int
    expires_at: int
    claims: Mapping[str, Any] = field(repr=False)

    @classmethod
    def mint(
        cls, session: ClerkSession, scopes: Iterable[Scope], workspace: Workspace, *, now: float
    ) -> Self:
        """Sign a token for ``session`` with the claims of the guide.

        Args:
            session: A verified session that is current at ``now``.
            scopes: What it may read.
            workspace: The workspace in which the token is valid.
            now: Seconds since the epoch.
        """
        issued_at = int(now)
        expires_at = issued_at + workspace.token_ttl
        name = _name_for(session)
        claims = {
            "workspace_id": workspace.workspace_id,
            "name": name,
            "exp": expires_at,
            "iat": issued_at,
            "scopes": [scope.as_claim() for scope in scopes],
            "limits": {"rps": workspace.rps},
        }
        return cls(
            value=jwt.encode(claims, workspace.signing_key, algorithm=ALGORITHM),
            name=name,
            issued_at=issued_at,
            expires_at=expires_at,
            claims=claims,
        )

    @cached_property
    def scopes_text(self) -> str:
        """All that it allows, with every fixed parameter, always written the same way."""
        return "\n".join(
            sorted(json.dumps(scope, sort_keys=True) for scope in self.claims["scopes"])
        )

    def is_made_for(self, session: ClerkSession, scopes: Iterable[Scope]) -> bool:
        """Tell whether minting for ``session`` now would give the same name and scopes."""
        return self.name == _name_for(session) and self.claims["scopes"] == [
            scope.as_claim() for scope in scopes
        ]

    def is_fresh(self, now: float) -> bool:
        """Tell whether at least a fifth of the token's life is left at ``now``."""
        life = self.expires_at - self.issued_at
        return self.expires_at - now >= life * REFRESH_SHARE


def _name_for(session: ClerkSession) -> str:
    """Return the name as in the guide. Each user has one, and so an allowance of their own."""
    return f"frontend_jwt_user_{session.user_id}"


def decode(value: str, workspace: Workspace) -> dict[str, Any]:
    """Return the claims of a token signed by ``workspace``, for display.

    The signature is checked, but the times are not: an expired token can still be shown.

    Raises:
        jwt.InvalidTokenError: ``value`` is no token of this workspace.
    """
    claims: dict[str, Any] = jwt.decode(
        value,
        workspace.signing_key,
        algorithms=[ALGORITHM],
        options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
    )
    return claims


@dataclass(frozen=True)
class ClaimLine(FrozenValue):
    """One line of the pretty-printed claims.

    Attributes:
        text: The line without its indentation.
        indent: The number of spaces before it.
        is_fixed: True within ``fixed_params``, whose values no request can change.
    """

    text: str
    indent: int
    is_fixed: bool


@lru_cache(maxsize=512)
def _line(text: str, indent: int, is_fixed: bool) -> ClaimLine:
    """Return a line. Most are the same in every token, and each tab keeps some seventy."""
    return ClaimLine(text=text, indent=indent, is_fixed=is_fixed)


def claims_json(claims: Mapping[str, Any]) -> str:
    """Return ``claims`` as indented JSON."""
    return json.dumps(claims, indent=_INDENT, ensure_ascii=False)


def claim_lines(shown: str) -> list[ClaimLine]:
    """Return the lines of what ``claims_json`` has returned."""
    lines: list[ClaimLine] = []
    opened_at = -1
    for line in shown.split("\n"):
        text = line.lstrip(" ")
        indent = len(line) - len(text)
        if text == '"fixed_params": {':
            opened_at = indent
        lines.append(_line(text, indent, opened_at >= 0))
        if indent == opened_at and text.startswith("}"):
            opened_at = -1
    return lines
