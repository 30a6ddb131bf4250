"""Clerk's publishable key. It is public and contains the name of the instance."""

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Final

# Clerk's SDK accepts the base64 with its padding and without.
_KEY: Final = re.compile(r"pk_(live|test)_([A-Za-z0-9+/]+)={0,2}")
_LABEL: Final = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})+", re.IGNORECASE)
_SUFFIX_LENGTH: Final = 8
_NOT_A_KEY: Final = (
    "CLERK_PUBLISHABLE_KEY is not a publishable key. It begins with pk_test_ or pk_live_ and ends "
    "with the instance's encoded address; copy it whole from the Clerk Dashboard: API keys."
)


@dataclass(frozen=True, slots=True)
class PublishableKey:
    """A publishable key that has been read; see `parse`.

    Attributes:
        value: The key itself; it is no secret.
        host: The instance's Frontend API host, such as "clerk.example.com".
        is_live: True for a production instance, false for a development one.
    """

    value: str
    host: str
    is_live: bool

    @classmethod
    def parse(cls, text: str) -> "PublishableKey":
        """Read a key: `pk_test_` or `pk_live_`, then base64 of the host and a "$".

        Raises:
            ValueError: If it is no such key. The error says what a key looks like and where to find
                it. It does not repeat the text, which may be another secret.
        """
        match = _KEY.fullmatch(text)
        host = _host(match[2]) if match else None
        if match is None or host is None:
            raise ValueError(_NOT_A_KEY)
        return cls(value=text, host=host, is_live=match[1] == "live")

    @property
    def issuer(self) -> str:
        """The claim `iss` of the instance's session tokens."""
        return f"https://{self.host}"

    @property
    def jwks_url(self) -> str:
        """The address at which the instance publishes its keys."""
        return f"{self.issuer}/.well-known/jwks.json"

    @property
    def cookie_suffix(self) -> str:
        """The suffix of the names of Clerk's cookies, by which instances can share a domain.

        Source: `getCookieSuffix` in packages/shared/src/keys.ts of clerk/javascript.
        """
        # SHA-1 only makes a name here; it protects nothing.
        digest = hashlib.sha1(self.value.encode(), usedforsecurity=False).digest()
        return base64.urlsafe_b64encode(digest).decode()[:_SUFFIX_LENGTH]


def _host(unpadded: str) -> str | None:
    """Decode base64 of "host$"; None if it is something else."""
    try:
        decoded = base64.b64decode(unpadded + "=" * (-len(unpadded) % 4)).decode("ascii")
    except ValueError:
        return None
    host = decoded.removesuffix("$")
    return host if host != decoded and _HOST.fullmatch(host) else None
