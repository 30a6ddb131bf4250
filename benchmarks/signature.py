"""A token's signature check alone: what no verification on this library can do without."""

import base64
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key


def signature_check(token: str, pem: str) -> Callable[[], None]:
    """Return a function that checks the RS256 signature of ``token`` and does nothing else.

    Raises:
        TypeError: ``pem`` holds another kind of key.
    """
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, RSAPublicKey):
        raise TypeError("the key must be RSA")
    signed, _, last = token.rpartition(".")
    signature = base64.urlsafe_b64decode(last + "=" * (-len(last) % 4))
    content, padding, digest = signed.encode(), PKCS1v15(), SHA256()
    return lambda: key.verify(signature, content, padding, digest)
