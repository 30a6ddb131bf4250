"""The RSA key that signs session tokens: made once, kept beside the database."""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from clerk_tinybird_app.local import LocalDataError
from clerk_tinybird_app.local.kept_file import keep_once

__all__ = ["SigningKey", "SigningKeyError"]

_BITS: Final = 2048
_PUBLIC_EXPONENT: Final = 65537
_ALGORITHM: Final = "RS256"


class SigningKeyError(LocalDataError):
    """The key file cannot be read as an RSA key; deleting it makes a new one."""


class SigningKey:
    """Signs claims as RS256 tokens, and shows its public half."""

    def __init__(self, private: RSAPrivateKey) -> None:
        self._private = private
        public = private.public_key()
        der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.kid = f"ins_{hashlib.sha256(der).hexdigest()[:27]}"
        self.public_pem = public.public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        ).decode()
        self._jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(public))

    def sign(self, claims: dict[str, Any]) -> str:
        """Return ``claims`` as a signed token with ``kid`` in its header."""
        return jwt.encode(claims, self._private, algorithm=_ALGORITHM, headers={"kid": self.kid})

    def jwks(self) -> dict[str, Any]:
        """Return the JSON Web Key Set with the one public key."""
        public = {"kty": self._jwk["kty"], "n": self._jwk["n"], "e": self._jwk["e"]}
        return {"keys": [public | {"use": "sig", "alg": _ALGORITHM, "kid": self.kid}]}

    @classmethod
    def load_or_make(cls, path: Path) -> "SigningKey":
        """Read the key at ``path``, or make one there, readable by its owner alone.

        Raises:
            SigningKeyError: the file is there but holds no RSA private key.
        """
        pem = keep_once(path, _new_pem)
        try:
            private = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError) as error:
            raise SigningKeyError(_unreadable(path)) from error
        if not isinstance(private, RSAPrivateKey):
            raise SigningKeyError(_unreadable(path))
        return cls(private)


def _unreadable(path: Path) -> str:
    """Say what is wrong with the file and what to do."""
    return f"{path.name} holds no RSA private key; delete it and start again to have a new one."


def _new_pem() -> bytes:
    """Generate a private key."""
    private = generate_private_key(public_exponent=_PUBLIC_EXPONENT, key_size=_BITS)
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
