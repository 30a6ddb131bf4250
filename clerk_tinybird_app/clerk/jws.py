"""The signed envelope around a session token: JWS in compact form, RFC 7515, RS256 only.

The sender cannot choose how the token is verified. The algorithm is fixed. Keys and addresses of
keys in the header (`jwk`, `jku`, `x5c`, `x5u`) are ignored. The payload is read only when the
signature is right. Base64url and JSON are read strictly, so that the same bytes have only one
meaning.
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

# The last character has 4 or 2 bits without a meaning. Python ignores them. They must be zero here,
# because one signature could else be spelled in many ways.
_LAST_CHARACTERS: Final = {
    0: b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
    1: b"",
    2: b"AQgw",
    3: b"AEIMQUYcgkosw048",
}

MAX_TOKEN_LENGTH: Final = 16 * 1024
"""In characters. Clerk keeps the token in a cookie, so a genuine one is shorter than 4 KB."""

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
        ValueError: If it is empty or padded, has an impossible length or other characters, or is
            not the canonical spelling of its value.
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
    # Raised here, outside of the `except`, so that no chained exception contains the text.
    raise ValueError("not a strict JSON object")


class Jws(NamedTuple):
    """A token that is well-formed and of the right kind, but not verified yet.

    Attributes:
        kid: The name of the key that it says it is signed with; None if it names none.
        signing_input: The bytes that the signature covers.
        payload: Its content, still in base64url.
        signature: The signature's bytes.
    """

    kid: str | None
    signing_input: bytes
    payload: bytes
    signature: bytes


def parse(token: str) -> Jws:
    """Split a token into its parts. Nothing in them is verified.

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
    """Check the signature, and after that read the payload.

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
        # `crit` lists extensions that a receiver must understand. This one understands none.
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
