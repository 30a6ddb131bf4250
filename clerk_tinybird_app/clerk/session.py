"""Who is signed in: the content of a session token that has been verified."""

from dataclasses import dataclass
from typing import Final

LEEWAY_SECONDS: Final = 5
"""How far Clerk's clock may be ahead of ours before a new token is refused as not yet valid.

There is no leeway for an expired token, because after Clerk revokes a session its last token
already lives for up to 60 seconds.
"""


@dataclass(frozen=True, slots=True)
class Organization:
    """The organization that is active in a session.

    Attributes:
        id: Such as "org_2f9...".
        slug: Such as "acme"; "" where the instance has slugs switched off.
        role: The user's role in it, always with its prefix: "org:admin".
    """

    id: str
    slug: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClerkSession:
    """A verified session of one user.

    Attributes:
        user_id: The claim `sub`, such as "user_2f9...".
        session_id: The claim `sid`, such as "sess_2f9...".
        expires_at: When the token behind it expires, in seconds since the epoch.
        issued_at: When that token was made, in seconds since the epoch.
        organization: The active organization; None while the user acts alone.
        permissions: The user's permissions in it, such as "org:posts:read", in Clerk's order.
        impersonator: The id of the person who acts as this user, if somebody does.
    """

    user_id: str
    session_id: str
    expires_at: int
    issued_at: int
    organization: Organization | None = None
    permissions: tuple[str, ...] = ()
    impersonator: str | None = None

    def is_current(self, now: float) -> bool:
        """Tell whether the session is still valid.

        Args:
            now: The time, in seconds since the epoch.

        Returns:
            False at and after `expires_at`, true before.
        """
        return now < self.expires_at

    @property
    def permission_verb(self) -> str:
        """The verb of the first organization permission, as in the guide; "" without one."""
        return self.permissions[0].rpartition(":")[2] if self.permissions else ""

    def has_role(self, role: str) -> bool:
        """Tell whether the user has this role, such as "org:admin", in the active organization."""
        return self.organization is not None and self.organization.role == role

    def has_permission(self, permission: str) -> bool:
        """Tell whether the user has this permission in it, such as "org:posts:read"."""
        return permission in self.permissions
