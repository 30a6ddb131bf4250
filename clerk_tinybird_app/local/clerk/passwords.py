"""Stores passwords as scrypt hashes, with a salt for each user."""

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Final

COST: Final = 2**14
"""The N of scrypt for new passwords: each hash takes 16 MB and some tens of milliseconds."""
_BLOCK: Final = 8
_SALT_BYTES: Final = 16


def hash_password(password: str) -> str:
    """Return ``scrypt$COST$BLOCK$SALT$HASH``. It is slow on purpose, so call it in a thread."""
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = _scrypt(password, salt, COST, _BLOCK)
    return f"scrypt${COST}${_BLOCK}${_encode(salt)}${_encode(digest)}"


def verify_password(password: str, stored: str) -> bool:
    """Tell whether ``stored`` is the hash of ``password``; False when ``stored`` is damaged."""
    try:
        scheme, cost, block, salt, digest = stored.split("$")
        if scheme != "scrypt":
            return False
        expected = _decode(digest)
        actual = _scrypt(password, _decode(salt), int(cost), int(block))
    except (ValueError, binascii.Error):
        return False
    return hmac.compare_digest(actual, expected)


def _scrypt(password: str, salt: bytes, cost: int, block: int) -> bytes:
    """Return the scrypt hash of ``password``."""
    return hashlib.scrypt(password.encode(), salt=salt, n=cost, r=block, p=1)


def _encode(raw: bytes) -> str:
    """Write bytes as text."""
    return base64.b64encode(raw).decode()


def _decode(text: str) -> bytes:
    """Read what ``_encode`` wrote."""
    return base64.b64decode(text, validate=True)
