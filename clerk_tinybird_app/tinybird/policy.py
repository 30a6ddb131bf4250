"""Who may read what: the one file to edit when your tenancy or your pipes differ.

From a verified ``ClerkSession`` to the scopes of its Tinybird token. Whatever stands in
``fixed_params`` is enforced by Tinybird: a request cannot override it, and a pipe that names the
parameter returns that tenant's rows only.
"""

from typing import Final

from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.tinybird.scope import Scope

PIPES: Final = (
    "requests_over_time",
    "usage_summary",
    "top_routes",
    "latency_over_time",
    "recent_requests",
    "my_requests",
)
"""The project's endpoints, by name. There is no wildcard: what is not listed is not readable."""


FIXED_PARAMS: Final = ("user_id", "org_permission", "tenant_id")
"""The parameters that a token fixes, whatever a request says."""


def tenant_id(session: ClerkSession) -> str:
    """Return the tenant: the active organization's id, or the user's own without one."""
    return session.organization.id if session.organization else session.user_id


def org_permission(session: ClerkSession) -> str:
    """Return the verb of the first organization permission, "" without one, as in the guide."""
    return session.permissions[0].rpartition(":")[2] if session.permissions else ""


def scopes_for(session: ClerkSession) -> tuple[Scope, ...]:
    """Return what ``session`` may read: every pipe of ``PIPES``, for its own tenant alone."""
    values = (session.user_id, org_permission(session), tenant_id(session))
    fixed_params = dict(zip(FIXED_PARAMS, values, strict=True))
    return tuple(Scope(resource=pipe, fixed_params=fixed_params) for pipe in PIPES)
