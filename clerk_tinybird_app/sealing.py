"""Seals what lies where others may read and write, such as in Redis.

A value is encrypted and authenticated (AES-256-GCM) for the name that it lies under. So whoever
reads it learns nothing but its length, and whoever changes it, makes one up or moves it to another
name is found out before anything of it is used.
"""

import hmac
import os
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_INFO: Final = b"clerk_tinybird_app, what lies in Redis, version 2"
_VERSION: Final = b"\x02"
_NONCE_BYTES: Final = 12


class NotSealedError(ValueError):
    """A value was not sealed for this name with any of the secrets."""


class Sealer:
    """Seals with the first of some secrets, and opens with all of them.

    Each name has a key of its own. AES-GCM with random nonces wants less than 2^32 values for one
    key, which the states of many tabs would be in some days.

    Args:
        secrets: At least one. What is sealed with one that is not among them is lost.

    Raises:
        ValueError: There is no secret.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets:
            raise ValueError("nothing can be sealed without a secret")
        self._keys = tuple(map(_derived, secrets))

    def seal(self, name: str, value: bytes) -> bytes:
        """Return ``value`` so that only ``open`` with the same name returns it."""
        nonce, bound = os.urandom(_NONCE_BYTES), name.encode()
        return _VERSION + nonce + _cipher(self._keys[0], bound).encrypt(nonce, value, bound)

    def open(self, name: str, sealed: bytes) -> bytes:
        """Return what was sealed for ``name``.

        Raises:
            NotSealedError: It was not sealed for it, or was changed.
        """
        version, rest = sealed[: len(_VERSION)], sealed[len(_VERSION) :]
        nonce, text, bound = rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], name.encode()
        if version == _VERSION and len(nonce) == _NONCE_BYTES:
            for key in self._keys:
                try:
                    return _cipher(key, bound).decrypt(nonce, text, bound)
                except InvalidTag:
                    continue
        raise NotSealedError

    def digest(self, purpose: str, text: bytes) -> str:
        """Return a name for ``text`` that tells nothing of it to who has none of the secrets."""
        return hmac.digest(self._keys[0], f"{purpose}\n".encode() + text, "sha256").hex()


def _derived(secret: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=_INFO).derive(secret.encode())


def _cipher(key: bytes, name: bytes) -> AESGCM:
    return AESGCM(hmac.digest(key, b"seal\n" + name, "sha256"))
