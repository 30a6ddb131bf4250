"""Which RSA public keys are fit to verify a session token."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

MIN_KEY_BITS: Final = 2048
MAX_KEY_BITS: Final = 8192
"""Above it, one verification takes so long that the key itself would be an attack."""


def rsa_public_key(modulus: int, exponent: int) -> RSAPublicKey:
    """Make a key of its two numbers.

    Raises:
        ValueError: If the key is too short, too long, or none that could have been made honestly.
    """
    if not MIN_KEY_BITS <= modulus.bit_length() <= MAX_KEY_BITS or modulus % 2 == 0:
        raise ValueError("the modulus must be odd and have 2048 to 8192 bits")
    # The library refuses an exponent that is even, below 3, or not below the modulus.
    return RSAPublicNumbers(exponent, modulus).public_key()
