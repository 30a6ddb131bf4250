"""Session tokens like Clerk's, and malformed ones."""

import base64
import functools
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

NOW = 1_800_000_000
ISSUER = "https://clerk.example.com"
ORIGIN = "https://app.example.com"
KID = "ins_test"
HEADER = {"alg": "RS256", "kid": KID, "typ": "JWT", "cat": "cl_B7d4PD111AAA"}


class _Missing:
    """The mark of a missing claim; its text is the same in every process."""

    def __repr__(self) -> str:
        return "missing"


MISSING = _Missing()

ACME = {"id": "org_acme", "slg": "acme", "rol": "admin", "per": "read,write", "fpm": "3,1"}
CLAIMS: dict[str, Any] = {
    "v": 2,
    "iss": ISSUER,
    "azp": ORIGIN,
    "sub": "user_ada",
    "sid": "sess_1",
    "sts": "active",
    "iat": NOW - 10,
    "nbf": NOW - 20,
    "exp": NOW + 50,
    "fva": [0, -1],
    "pla": "u:free,o:pro",
    "fea": "o:posts,o:reports",
    "o": ACME,
}
V1_CLAIMS = {
    name: CLAIMS[name] for name in ("iss", "azp", "sub", "sid", "iat", "nbf", "exp", "fva")
} | {
    "org_id": "org_acme",
    "org_slug": "acme",
    "org_role": "org:admin",
    "org_permissions": ["org:posts:read", "org:posts:write"],
}


@functools.cache
def _generated(_name: str, bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def private_key(name: str = KID, bits: int = 2048) -> rsa.RSAPrivateKey:
    """The private key of that name, the same in all tests of a run."""
    return _generated(name, bits)


def pem(key: rsa.RSAPrivateKey | None = None) -> str:
    public = (key or private_key()).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def jwk(kid: str = KID, **changes: Any) -> dict[str, Any]:
    numbers = private_key(kid).public_key().public_numbers()
    return changed(
        {
            "kty": "RSA",
            "kid": kid,
            "use": "sig",
            "alg": "RS256",
            "n": number(numbers.n),
            "e": number(numbers.e),
        },
        changes,
    )


def changed(original: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A copy with some members replaced, and those that are MISSING left out."""
    return {name: v for name, v in (original | changes).items() if v is not MISSING}


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value: int) -> str:
    return encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def as_bytes(value: dict[str, Any] | bytes) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def sign_input(signing_input: str, key: rsa.RSAPrivateKey | None = None) -> str:
    signature = (key or private_key()).sign(signing_input.encode(), padding.PKCS1v15(), SHA256())
    return f"{signing_input}.{encode(signature)}"


def sign(
    payload: dict[str, Any] | bytes = CLAIMS,
    header: dict[str, Any] | bytes = HEADER,
    key: rsa.RSAPrivateKey | None = None,
) -> str:
    return sign_input(f"{encode(as_bytes(header))}.{encode(as_bytes(payload))}", key)


def token_with(**claims: Any) -> str:
    return sign(changed(CLAIMS, claims))


def v1_token_with(**claims: Any) -> str:
    return sign(changed(V1_CLAIMS, claims))


def token_with_header(**fields: Any) -> str:
    return sign(header=changed(HEADER, fields))
