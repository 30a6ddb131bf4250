"""The account that the figures are measured with, and its session tokens."""

from typing import Final

from clerk_tinybird_app.local.clerk import EmbeddedClerk

EMAIL: Final = "admin@acme.test"
_ORGANIZATION: Final = "acme"


def local_session_token(clerk: EmbeddedClerk, origin: str | None = None) -> str:
    """Sign the account in with its organization; the token lives for a minute.

    Args:
        clerk: The embedded Clerk of the app.
        origin: The page the token is for; None: the app's first origin.
    """
    return clerk.issue(EMAIL, _ORGANIZATION, origin)
