"""Who may read what."""

from collections.abc import Iterator
from typing import Final

from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.clerk.session_kinds import alone, member_of
from clerk_tinybird_app.tinybird.policy import Scope, Tenant

TENANT: Final = Tenant(parameter="tenant_id", column="tenant_id")

EVERYBODY: Final = (
    "requests_over_time",
    "usage_summary",
    "top_routes",
    "latency_over_time",
    "recent_requests",
    "my_requests",
    "filter_values",
)
"""The endpoints that every session may read. There is no wildcard: what is not listed is not."""

KINDS_OF_SESSION: Final = (
    member_of("org:admin", "org:requests:manage", "org:requests:read"),
    member_of("org:member", "org:requests:read"),
    member_of("org:member"),
    alone(),
)
"""Every kind of session that the policy tells apart: what `make check` and the tests try."""


def tenant(session: ClerkSession) -> str:
    """Return the tenant: the active organization's id, or the user's own without one."""
    return session.organization.id if session.organization else session.user_id


def scopes(session: ClerkSession) -> Iterator[Scope]:
    """Yield what ``session`` may read, for its own tenant alone."""
    fixed = {
        "user_id": session.user_id,
        "org_permission": session.permission_verb,
        TENANT.parameter: tenant(session),
    }
    return (Scope(pipe, fixed) for pipe in EVERYBODY)
