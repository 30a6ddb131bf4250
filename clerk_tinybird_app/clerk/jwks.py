"""A published key set (RFC 7517) and which of its keys may verify a session token."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from clerk_tinybird_app.clerk import base64url
from clerk_tinybird_app.clerk.rsa import rsa_public_key
from clerk_tinybird_app.clerk.strict_json import parse_object

# Who publishes these has published a secret: nothing signed with that key proves anything.
_SECRET_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class UnusableKeySetError(ValueError):
    """A key set that cannot be used; its text is safe to log."""


def parse_jwks(body: bytes) -> dict[str, RSAPublicKey]:
    """Read a key set.

    Args:
        body: The JSON of `/.well-known/jwks.json`: `{"keys": [...]}`.

    Returns:
        The keys that are fit for RS256 signatures, by `kid`; at least one. A `kid` that two of
        them share is left out, as it says of neither which one is meant.

    Raises:
        UnusableKeySetError: If the body is no key set or has no such key.
    """
    try:
        entries = parse_object(body).get("keys")
    except ValueError:
        raise UnusableKeySetError("the answer is not strict JSON") from None
    if not isinstance(entries, list):
        raise UnusableKeySetError("the answer is not a key set")
    found = [pair for entry in entries if (pair := _signing_key(entry)) is not None]
    kids = [kid for kid, _ in found]
    keys = {kid: key for kid, key in found if kids.count(kid) == 1}
    if not keys:
        raise UnusableKeySetError("the key set has no key for RS256 signatures")
    return keys


def _signing_key(jwk: object) -> tuple[str, RSAPublicKey] | None:
    """Return `kid` and key, or None for a key that is not for this purpose or not sound."""
    if not isinstance(jwk, dict) or not _is_for_rs256(jwk) or not _SECRET_MEMBERS.isdisjoint(jwk):
        return None
    kid = jwk.get("kid")
    if not isinstance(kid, str) or not kid:
        return None
    try:
        return kid, rsa_public_key(_number(jwk.get("n")), _number(jwk.get("e")))
    except ValueError:
        return None


def _is_for_rs256(jwk: dict[str, object]) -> bool:
    operations = jwk.get("key_ops", ["verify"])
    return (
        jwk.get("kty") == "RSA"
        and jwk.get("use", "sig") == "sig"
        and jwk.get("alg", "RS256") == "RS256"
        and isinstance(operations, list)
        and "verify" in operations
    )


def _number(text: object) -> int:
    digits = text.encode() if isinstance(text, str) else b""
    return int.from_bytes(base64url.decode(digits), "big")
