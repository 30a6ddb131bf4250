"""Only what made-up rows need of a policy."""

from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.tinybird.policy import Tenant

TENANT = Tenant(parameter="whose", column="customer")


def tenant(session: ClerkSession) -> str:
    return session.organization.id if session.organization else session.user_id
