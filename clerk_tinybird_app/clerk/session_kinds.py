"""The kinds of session that a policy distinguishes; checks and tests try the policy with them."""

from dataclasses import dataclass
from typing import Final

from clerk_tinybird_app.clerk.session import ClerkSession, Organization

NOBODY: Final = "user_of_the_configuration_check"
NOWHERE: Final = "org_of_the_configuration_check"
"""The ids of a made-up session; Clerk never makes such ids."""


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
        """The name in a report: ``org:admin with org:posts:read``, or ``no organization``."""
        if not self.role:
            return "no organization"
        return " with ".join(
            (self.role, ", ".join(self.permissions)) if self.permissions else (self.role,)
        )

    def session(self, user_id: str = NOBODY, organization_id: str = NOWHERE) -> ClerkSession:
        """Return a made-up session of this kind; by default its user has no rows.

        Args:
            user_id: The id of the user.
            organization_id: The id of the active organization, if this kind has one.
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
    """Return the kind of session with an active organization and this role in it."""
    return SessionKind(role, permissions)


def alone() -> SessionKind:
    """Return the kind of session without an organization."""
    return SessionKind()
