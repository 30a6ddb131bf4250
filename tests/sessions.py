"""Sessions and a workspace for tests."""

from typing import Any

from clerk_tinybird_app import products
from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.tinybird.token import TinybirdToken, Workspace

NOW = 1_795_416_164
PRODUCT = products.current()
POLICY = PRODUCT.policy
TENANT = POLICY.tenant.parameter
PIPES = POLICY.pipes
FIXED_PARAMS = tuple(POLICY.scopes(POLICY.kinds[0].session())[0].fixed_params)


def signed_in(**changes: Any) -> ClerkSession:
    """Return a session of Ada's that is current at ``NOW``."""
    plain: dict[str, Any] = {
        "user_id": "user_ada",
        "session_id": "sess_1",
        "issued_at": NOW,
        "expires_at": NOW + 60,
    }
    return ClerkSession(**plain | changes)


def workspace(**changes: Any) -> Workspace:
    """Return a workspace with the defaults of the guide."""
    plain: dict[str, Any] = {
        "api_url": "https://api.tinybird.co",
        "workspace_id": "7afc6330-3aae-4df5-8712-eaad216c5d7d",
        "signing_key": "p.a-workspace-admin-token-of-some-length",
    }
    return Workspace(**plain | changes)


def minted(session: ClerkSession, place: Workspace, *, now: float) -> TinybirdToken:
    """Return the token that the product's policy gives ``session``."""
    return TinybirdToken.mint(session, POLICY.scopes(session), place, now=now)
