"""Who may read what."""

from collections.abc import Iterator
from typing import Final

from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.clerk.session_kinds import alone, member_of
from clerk_tinybird_app.tinybird.policy import Scope, Tenant

TENANT: Final = Tenant(parameter="workspace_id", column="workspace_id")

EVERYBODY: Final = (
    "delivery_summary",
    "emails_over_time",
    "delivery_time_over_time",
    "top_templates",
    "latest_emails",
    "filter_values",
)
ADMINS: Final = ("senders",)
"""What only the admins of an organization may read beside it."""

KINDS_OF_SESSION: Final = (member_of("org:admin"), member_of("org:member"), alone())


def tenant(session: ClerkSession) -> str:
    """Return the workspace: the active organization's id, or the user's own without one."""
    return session.organization.id if session.organization else session.user_id


def scopes(session: ClerkSession) -> Iterator[Scope]:
    """Yield what ``session`` may read, for its own workspace alone."""
    fixed = {TENANT.parameter: tenant(session)}
    pipes = EVERYBODY + (ADMINS if session.has_role("org:admin") else ())
    return (Scope(pipe, fixed) for pipe in pipes)
