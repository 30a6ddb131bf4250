"""The signed envelope around a session token: JWS in compact form, RFC 7515, RS256 only.

Nothing that the sender controls chooses how it is verified: the algorithm is fixed, keys or
addresses of keys in the header (`jwk`, `jku`, `x5c`, `x5u`) are not even looked at, and the
payload is read only once the signature has been found right.
"""

from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from clerk_tinybird_app.clerk import base64url
from clerk_tinybird_app.clerk.errors import (
    SessionAlgorithmError,
    SessionKindError,
    SessionMalformedError,
    SessionMissingError,
    SessionSignatureError,
)
from clerk_tinybird_app.clerk.strict_json import parse_object

MAX_TOKEN_LENGTH: Final = 16 * 1024
"""In characters. Clerk keeps the token in a cookie, so a genuine one is below 4 KB."""

_PARTS: Final = 3
_PADDING: Final = PKCS1v15()
_HASH: Final = SHA256()

# What Clerk's own backend accepts (packages/backend/src/tokens/jwtCategories.ts in
# clerk/javascript): "session token", and "this instance does not use categories".
_SESSION_CATEGORIES: Final = ("cl_B7d4PD111AAA", "cl_I7d4PD111III")


class Jws(NamedTuple):
    """A token that is well-formed, of the right kind and not yet verified.

    Attributes:
        kid: The name of the key that it claims to be signed with; None if it names none.
        signing_input: The bytes that the signature covers.
        payload: What it carries, still base64url.
        signature: The signature's bytes.
    """

    kid: str | None
    signing_input: bytes
    payload: bytes
    signature: bytes


def parse(token: str) -> Jws:
    """Take a token apart without believing any of it.

    Raises:
        SessionMissingError: If it is empty.
        SessionMalformedError: If it is too long or not strictly header.payload.signature.
        SessionAlgorithmError: If the header names another algorithm than RS256.
        SessionKindError: If the header says that it is no session token.
    """
    if token == "":
        raise SessionMissingError
    if not isinstance(token, str) or len(token) > MAX_TOKEN_LENGTH or not token.isascii():
        raise SessionMalformedError
    parts = token.encode().split(b".")
    if len(parts) != _PARTS:
        raise SessionMalformedError
    header, payload, signature = parts
    try:
        fields = parse_object(base64url.decode(header))
        decoded_signature = base64url.decode(signature)
    except ValueError:
        raise SessionMalformedError from None
    return Jws(_key_id(fields), b"%b.%b" % (header, payload), payload, decoded_signature)


def verified_claims(jws: Jws, key: RSAPublicKey) -> dict[str, object]:
    """Check the signature and only then read the payload.

    Raises:
        SessionSignatureError: If the signature is wrong.
        SessionMalformedError: If the payload is not strictly one JSON object.
    """
    try:
        key.verify(jws.signature, jws.signing_input, _PADDING, _HASH)
    except InvalidSignature:
        raise SessionSignatureError from None
    try:
        return parse_object(base64url.decode(jws.payload))
    except ValueError:
        raise SessionMalformedError from None


def _key_id(header: dict[str, object]) -> str | None:
    """Check the header's fields and return its `kid`."""
    if "crit" in header:
        # It lists extensions that a receiver must understand; we understand none.
        raise SessionMalformedError
    if header.get("alg") != "RS256":
        raise SessionAlgorithmError
    _check_kind(header)
    kid = header.get("kid")
    if kid is not None and not (isinstance(kid, str) and kid):
        raise SessionMalformedError
    return kid


def _check_kind(header: dict[str, object]) -> None:
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.upper() != "JWT":
        raise SessionKindError
    category = header.get("cat", _SESSION_CATEGORIES[0])
    if category not in _SESSION_CATEGORIES:
        raise SessionKindError
