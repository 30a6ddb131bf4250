"""A session of nobody, to mint tokens for that can read nobody's rows."""

from typing import Final

from clerk_tinybird_app.clerk.session import ClerkSession, Organization

SESSION: Final = ClerkSession(
    user_id="user_of_the_configuration_check",
    session_id="sess_of_the_configuration_check",
    issued_at=0,
    expires_at=0,
    organization=Organization(id="org_of_the_configuration_check", slug="", role="org:member"),
)
