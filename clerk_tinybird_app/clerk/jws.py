"""The signed envelope around a session token: JWS in compact form, RFC 7515, RS256 only.

Nothing that the sender controls chooses how it is verified. The algorithm is fixed. Keys and
addresses of keys in the header (`jwk`, `jku`, `x5c`, `x5u`) are not even looked at. The payload is
read only once the signature has been found right. Base64url and JSON are read so strictly that the
same bytes have one reading.
"""

import binascii
import json
import re
from typing import Final, NamedTuple, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from clerk_tinybird_app.clerk.errors import (
    SessionAlgorithmError,
    SessionKindError,
    SessionMalformedError,
    SessionMissingError,
    SessionSignatureError,
)

_ALPHABET: Final = re.compile(rb"[A-Za-z0-9_-]+")
_TO_STANDARD: Final = bytes.maketrans(b"-_", b"+/")

# The last character holds 4 or 2 bits that stand for nothing. Python ignores them; were they not
# zero, one signature would have many spellings.
_LAST_CHARACTERS: Final = {
    0: b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
    1: b"",
    2: b"AQgw",
    3: b"AEIMQUYcgkosw048",
}

MAX_TOKEN_LENGTH: Final = 16 * 1024
"""In characters. Clerk keeps the token in a cookie, so a genuine one is below 4 KB."""

_PARTS: Final = 3
_PADDING: Final = PKCS1v15()
_HASH: Final = SHA256()

# What Clerk's own backend accepts (packages/backend/src/tokens/jwtCategories.ts in
# clerk/javascript): "session token", and "this instance does not use categories".
_SESSION_CATEGORIES: Final = ("cl_B7d4PD111AAA", "cl_I7d4PD111III")


def decode_base64url(text: bytes) -> bytes:
    """Decode a non-empty base64url text.

    Args:
        text: ASCII letters, digits, "-" and "_".

    Raises:
        ValueError: If it is empty, padded, of an impossible length, not in the alphabet, or not
            the canonical spelling of its value.
    """
    if _ALPHABET.fullmatch(text) is None or text[-1] not in _LAST_CHARACTERS[len(text) % 4]:
        raise ValueError("not strict base64url")
    return binascii.a2b_base64(text.translate(_TO_STANDARD) + b"=" * (-len(text) % 4))


def _unique(members: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(members)
    if len(value) != len(members):
        raise ValueError("duplicated member")
    return value


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant)


def parse_object(data: bytes) -> dict[str, object]:
    """Read one JSON object from UTF-8 bytes.

    Raises:
        ValueError: If the bytes are no UTF-8, no JSON, no object, or if any object in them has
            two members of one name. The error does not repeat the bytes.
    """
    try:
        value = _DECODER.decode(data.decode())
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        return value
    # Raised out here so that no chained exception carries the text that was read.
    raise ValueError("not a strict JSON object")


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
        fields = parse_object(decode_base64url(header))
        decoded_signature = decode_base64url(signature)
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
        return parse_object(decode_base64url(jws.payload))
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
