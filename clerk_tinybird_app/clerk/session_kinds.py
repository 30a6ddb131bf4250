"""Kinds of session, as a policy tells them apart: what a check and a test try it with."""

from dataclasses import dataclass
from typing import Final

from clerk_tinybird_app.clerk.session import ClerkSession, Organization

NOBODY: Final = "user_of_the_configuration_check"
NOWHERE: Final = "org_of_the_configuration_check"
"""The ids of a made-up session: no instance of Clerk gives ids like these."""


@dataclass(frozen=True, slots=True)
class SessionKind:
    """One kind of session.

    Attributes:
        role: The role in the active organization, such as "org:admin"; "" without one.
        permissions: The permissions in it, such as "org:posts:read".
    """

    role: str = ""
    permissions: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What it is called in a report: ``org:admin with org:posts:read``, ``no organization``."""
        if not self.role:
            return "no organization"
        return " with ".join(
            (self.role, ", ".join(self.permissions)) if self.permissions else (self.role,)
        )

    def session(self, user_id: str = NOBODY, organization_id: str = NOWHERE) -> ClerkSession:
        """Return a made-up session of this kind; by default one of nobody, who has no rows.

        Args:
            user_id: Whose.
            organization_id: Of the active organization, if this kind has one.
        """
        return ClerkSession(
            user_id=user_id,
            session_id="sess_of_the_configuration_check",
            issued_at=0,
            expires_at=0,
            organization=Organization(organization_id, "", self.role) if self.role else None,
            permissions=self.permissions,
        )


def member_of(role: str, *permissions: str) -> SessionKind:
    """Return the kind of session whose organization is active, with this role in it."""
    return SessionKind(role, permissions)


def alone() -> SessionKind:
    """Return the kind of session without an organization."""
    return SessionKind()
