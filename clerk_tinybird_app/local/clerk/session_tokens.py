"""Session tokens: their claims in Clerk's version 2, and the key that signs them."""

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
from clerk_tinybird_app.local.clerk.instance import ISSUER, ROLES, TOKEN_LIFETIME_SECONDS, grants_of
from clerk_tinybird_app.local.clerk.store.records import Membership, Session
from clerk_tinybird_app.local.kept_file import keep_once

_CLAIMS_VERSION = 2
_SECOND_FACTOR_NEVER = -1
_NOT_BEFORE_SLACK_SECONDS = 10
_MS_PER_SECOND = 1000
_MS_PER_MINUTE = 60 * _MS_PER_SECOND
_BITS: Final = 2048
_PUBLIC_EXPONENT: Final = 65537
_ALGORITHM: Final = "RS256"


def session_claims(
    session: Session, membership: Membership | None, *, origin: str, now: int
) -> dict[str, Any]:
    """Return the claims of a fresh token.

    Args:
        session: The live session.
        membership: The user's membership in the active organization; None: personal account.
        origin: The origin of the page, which becomes ``azp``.
        now: Milliseconds since the epoch.
    """
    issued = now // _MS_PER_SECOND
    claims: dict[str, Any] = {
        "v": _CLAIMS_VERSION,
        "iss": ISSUER,
        "sub": session.user_id,
        "sid": session.id,
        "sts": session.status,
        "azp": origin,
        "iat": issued,
        "nbf": issued - _NOT_BEFORE_SLACK_SECONDS,
        "exp": issued + TOKEN_LIFETIME_SECONDS,
        "fva": factor_age(session, now),
    }
    return claims | _organization_claims(membership) if membership else claims


def factor_age(session: Session, now: int) -> list[int]:
    """Return the minutes since the first and second factor were verified; -1: never."""
    return [max(0, now - session.created_at) // _MS_PER_MINUTE, _SECOND_FACTOR_NEVER]


def _organization_claims(membership: Membership) -> dict[str, Any]:
    """Return ``fea`` and ``o`` for the active organization."""
    grants = grants_of(ROLES[membership.role])
    organization = {
        "id": membership.organization.id,
        "slg": membership.organization.slug,
        "rol": membership.role.removeprefix("org:"),
        "per": grants.permissions,
        "fpm": grants.masks,
    }
    return {"fea": grants.features, "o": organization}


class SigningKeyError(LocalDataError):
    """The key file has no RSA key. When it is deleted, a new key is made."""


class SigningKey:
    """Signs claims as RS256 tokens, and returns its public key."""

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
        """Read the key in ``path``. If there is none, make one that only its owner can read.

        Raises:
            SigningKeyError: The file exists but has no RSA private key.
        """
        pem = keep_once(path, _new_pem)
        try:
            # It is our own. To prove its primes again takes a tenth of a second at each start.
            private = load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)
        except (ValueError, TypeError) as error:
            raise SigningKeyError(_unreadable(path)) from error
        if not isinstance(private, RSAPrivateKey):
            raise SigningKeyError(_unreadable(path))
        return cls(private)


def _unreadable(path: Path) -> str:
    """Return an error that says what is wrong with the file and what to do."""
    return f"{path.name} holds no RSA private key; delete it and start again to have a new one."


def _new_pem() -> bytes:
    """Generate a private key."""
    private = generate_private_key(public_exponent=_PUBLIC_EXPONENT, key_size=_BITS)
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
