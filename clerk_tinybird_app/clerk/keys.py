"""Where the public keys of a Clerk instance come from."""

from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from clerk_tinybird_app.clerk.jwks_keys import JwksKeys
from clerk_tinybird_app.clerk.pem_key import PemKey

__all__ = ["JwksKeys", "KeySource", "PemKey"]


class KeySource(Protocol):
    """What a verifier needs of a set of keys."""

    async def get(self, kid: str | None) -> RSAPublicKey:
        """Return the key that a token names, parsed.

        Args:
            kid: The `kid` of the token's header; None if it has none.

        Raises:
            SessionKeyError: If the instance has no such key.
            KeysUnavailable: If that cannot be found out at the moment.
        """
        ...
