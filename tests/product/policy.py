"""Who may read what."""

from collections.abc import Iterator
from typing import Final

from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.clerk.session_kinds import alone, member_of
from clerk_tinybird_app.tinybird.policy import Scope, Tenant

TENANT: Final = Tenant(parameter="account_id", column="account")

EVERYBODY: Final = ("job_totals", "jobs_by_hour", "queues", "latest_jobs", "job_values")
ADMINS: Final = ("workers",)

KINDS_OF_SESSION: Final = (
    member_of("org:admin", "org:requests:manage", "org:requests:read"),
    member_of("org:member", "org:requests:read"),
    alone(),
)


def tenant(session: ClerkSession) -> str:
    """Return the account: the active organization's id, or the user's own without one."""
    return session.organization.id if session.organization else session.user_id


def scopes(session: ClerkSession) -> Iterator[Scope]:
    """Yield what ``session`` may read, for its own account alone."""
    fixed = {
        "who": session.user_id,
        "may": session.permission_verb,
        TENANT.parameter: tenant(session),
    }
    pipes = EVERYBODY + (ADMINS if session.has_role("org:admin") else ())
    return (Scope(pipe, fixed) for pipe in pipes)
