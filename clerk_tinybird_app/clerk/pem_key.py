"""The instance's public key as it stands in the settings: no network, no waiting."""

import base64
import re
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_public_key

from clerk_tinybird_app.clerk.rsa import rsa_public_key

_PEM: Final = re.compile(r"-----BEGIN PUBLIC KEY-----(.+)-----END PUBLIC KEY-----", re.DOTALL)
_WHITE_SPACE: Final = re.compile(r"[ \t\r\n]+")
_NOT_A_KEY: Final = (
    "CLERK_JWT_KEY must be the instance's RSA public key of at least 2048 bits, in PEM, from "
    "'-----BEGIN PUBLIC KEY-----' to '-----END PUBLIC KEY-----'. Copy it from the Clerk "
    "Dashboard: API keys, JWKS Public Key."
)


class PemKey:
    r"""A `KeySource` of one key.

    Args:
        pem: The key in PEM. Line breaks may be spelled `\n`, or be missing: both are found in
            `.env` files.

    Raises:
        ValueError: If it is no RSA public key of at least 2048 bits. The error says where to find
            the right value and does not repeat the wrong one.
    """

    def __init__(self, pem: str) -> None:
        self._key = _load(pem)

    async def get(self, kid: str | None) -> RSAPublicKey:
        """Return the key, whatever the token calls it: its signature tells."""
        return self._key


def _load(pem: str) -> RSAPublicKey:
    try:
        return _rsa_key(load_der_public_key(_der(pem)))
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError(_NOT_A_KEY) from None


def _rsa_key(key: PublicKeyTypes) -> RSAPublicKey:
    if isinstance(key, RSAPublicKey):
        numbers = key.public_numbers()
        return rsa_public_key(numbers.n, numbers.e)
    raise ValueError("another kind of key")


def _der(pem: str) -> bytes:
    match = _PEM.fullmatch(_WHITE_SPACE.sub(" ", pem.replace("\\n", "\n")).strip(" "))
    if match is None:
        raise ValueError("not PEM")
    return base64.b64decode(match[1].replace(" ", ""), validate=True)
