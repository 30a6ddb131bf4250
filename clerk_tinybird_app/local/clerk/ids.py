"""Ids as Clerk writes them: a prefix that says what it is, and 27 random characters."""

import secrets
import string
from typing import Final

__all__ = ["new_id"]

_ALPHABET: Final = string.ascii_letters + string.digits
_LENGTH: Final = 27


def new_id(prefix: str) -> str:
    """Return a fresh id such as ``user_2fQ...``; unguessable (160 bits)."""
    return f"{prefix}_{''.join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))}"
