"""Base64url as RFC 7515 and RFC 7518 write it: no padding, one spelling for each value."""

import binascii
import re
from typing import Final

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


def decode(text: bytes) -> bytes:
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
