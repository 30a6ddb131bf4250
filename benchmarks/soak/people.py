"""Session tokens of the embedded Clerk's own key, for as many people as are wanted."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from clerk_tinybird_app.local.clerk.instance import MEMBER
from clerk_tinybird_app.local.clerk.session_tokens import SigningKey, session_claims
from clerk_tinybird_app.local.clerk.store.records import (
    ACTIVE,
    Membership,
    Organization,
    Session,
    User,
)

_KEY: Final = "clerk-signing-key.pem"
_MS: Final = 1_000
_YEAR_MS: Final = 365 * 24 * 60 * 60 * _MS


class People:
    """As many people as are wanted, each with a session, spread over some organizations.

    A token is made as the embedded Clerk makes it; only its database, which would be asked for each,
    is left out.

    Args:
        folder: The app's.
        origin: The app's.
        organizations: Ids.
    """

    def __init__(self, folder: Path, origin: str, organizations: Sequence[str]) -> None:
        self._key = SigningKey.load_or_make(folder / ".local" / _KEY)
        self._origin = origin
        self._organizations = organizations

    def tenant(self, number: int) -> str:
        """Return the organization of a person."""
        return self._organizations[number % len(self._organizations)]

    def token(self, number: int) -> str:
        """Return a fresh session token of a person; each has one session."""
        now = int(time.time() * _MS)
        user_id, tenant = f"user_{number:027}", self.tenant(number)
        session = Session(
            id=f"sess_{number:027}", client_id=f"client_{number:025}", user_id=user_id,
            status=ACTIVE, organization_id=tenant, created_at=now, last_active_at=now,
            expire_at=now + _YEAR_MS, user_agent="",
        )  # fmt: skip
        organization = Organization(tenant, tenant, tenant[-12:].lower(), now, now, 1)
        email = f"person-{number}@soak.test"
        user = User(user_id, f"idn_{number}", email, "", None, None, now, now, None)
        membership = Membership("orgmem_1", MEMBER.key, now, now, organization, user)
        claims = session_claims(session, membership, origin=self._origin, now=now)
        return self._key.sign(claims)
