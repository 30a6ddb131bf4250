"""The three classic ways to reach another tenant's rows, for showing that they fail."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from typing import Final

from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.tinybird.policy import Scope
from clerk_tinybird_app.tinybird.token import TinybirdToken, Workspace

EXPIRED_AGO_SECONDS: Final = 300


def altered(token: str, parameter: str, tenant: str) -> str:
    """Return ``token`` with ``parameter`` set to ``tenant`` everywhere and the signature kept."""
    header, payload, signature = token.split(".")
    claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    for scope in claims["scopes"]:
        scope["fixed_params"][parameter] = tenant
    changed = urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"{header}.{changed}.{signature}"


def expired(
    session: ClerkSession, scopes: Iterable[Scope], workspace: Workspace, *, now: float
) -> str:
    """Return a genuine token for ``session`` whose life ended five minutes before ``now``."""
    minted_at = now - workspace.token_ttl - EXPIRED_AGO_SECONDS
    return TinybirdToken.mint(session, scopes, workspace, now=minted_at).value
