"""The public keys of a Clerk instance: one key from the settings, or those that it publishes.

A published key set has the format of RFC 7517. It is fetched as rarely as possible.
"""

import asyncio
import base64
import logging
import math
import re
import time
from collections.abc import Callable
from typing import Final, Protocol

import httpx
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_public_key

from clerk_tinybird_app.clerk.errors import KeysUnavailable, SessionKeyError
from clerk_tinybird_app.clerk.jws import decode_base64url, parse_object

MIN_KEY_BITS: Final = 2048

MAX_KEY_BITS: Final = 8192
"""With a longer key, one verification takes so long that the key would be an attack."""

_PEM: Final = re.compile(r"-----BEGIN PUBLIC KEY-----(.+)-----END PUBLIC KEY-----", re.DOTALL)
_WHITE_SPACE: Final = re.compile(r"[ \t\r\n]+")
_NOT_A_KEY: Final = (
    "CLERK_JWT_KEY must be the instance's RSA public key of at least 2048 bits, in PEM, from "
    "'-----BEGIN PUBLIC KEY-----' to '-----END PUBLIC KEY-----'. Copy it from the Clerk "
    "Dashboard: API keys, JWKS Public Key."
)

# These members are secret. When they are published, a signature with the key proves nothing.
_SECRET_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

REFRESH_AFTER_SECONDS: Final = 60 * 60
"""Keys that are older are used only after a try to fetch them again."""

KEEP_FOR_SECONDS: Final = 6 * 60 * 60
"""How long keys are used after the last successful fetch, when all later fetches fail."""

FETCH_INTERVAL_SECONDS: Final = 60
"""The least time between two fetches while there are usable keys."""

RETRY_INTERVAL_SECONDS: Final = 5
"""The least time between two fetches while there are no usable keys."""

FETCH_TIMEOUT_SECONDS: Final = 5
"""The longest that a fetch may take, so the longest that a caller waits."""

MAX_ANSWER_BYTES: Final = 256 * 1024
_LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_logger = logging.getLogger(__name__)


def rsa_public_key(modulus: int, exponent: int) -> RSAPublicKey:
    """Make a key from its two numbers.

    Raises:
        ValueError: If the key is too short or too long, or if no honest program makes such a key.
    """
    if not MIN_KEY_BITS <= modulus.bit_length() <= MAX_KEY_BITS or modulus % 2 == 0:
        raise ValueError("the modulus must be odd and have 2048 to 8192 bits")
    # The library refuses an exponent that is even, below 3, or not below the modulus.
    return RSAPublicNumbers(exponent, modulus).public_key()


class PemKey:
    r"""A `KeySource` of one key.

    Args:
        pem: The key in PEM. Line breaks may be written as `\n` or be missing, as in many `.env`
            files.

    Raises:
        ValueError: If it is no RSA public key of at least 2048 bits. The error says where to find
            the right value and does not repeat the wrong one.
    """

    def __init__(self, pem: str) -> None:
        self._key = _load(pem)

    async def get(self, kid: str | None) -> RSAPublicKey:
        """Return the key for any name: the signature shows whether it is the right one."""
        return self._key

    async def age(self) -> None:
        """Return None: it never ages."""


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


class UnusableKeySetError(ValueError):
    """A key set that cannot be used; its text is safe to log."""


def parse_jwks(body: bytes) -> dict[str, RSAPublicKey]:
    """Read a key set.

    Args:
        body: The JSON of `/.well-known/jwks.json`: `{"keys": [...]}`.

    Returns:
        The keys for RS256 signatures by `kid`; at least one. A `kid` that two keys have is left
        out, because it does not say which of them is meant.

    Raises:
        UnusableKeySetError: If the body is no key set or has no such key.
    """
    try:
        entries = parse_object(body).get("keys")
    except ValueError:
        raise UnusableKeySetError("the answer is not strict JSON") from None
    if not isinstance(entries, list):
        raise UnusableKeySetError("the answer is not a key set")
    found = [pair for entry in entries if (pair := _signing_key(entry)) is not None]
    kids = [kid for kid, _ in found]
    keys = {kid: key for kid, key in found if kids.count(kid) == 1}
    if not keys:
        raise UnusableKeySetError("the key set has no key for RS256 signatures")
    return keys


def _signing_key(jwk: object) -> tuple[str, RSAPublicKey] | None:
    """Return `kid` and key, or None for a key with another purpose or with a fault."""
    if not isinstance(jwk, dict) or not _is_for_rs256(jwk) or not _SECRET_MEMBERS.isdisjoint(jwk):
        return None
    kid = jwk.get("kid")
    if not isinstance(kid, str) or not kid:
        return None
    try:
        return kid, rsa_public_key(_number(jwk.get("n")), _number(jwk.get("e")))
    except ValueError:
        return None


def _is_for_rs256(jwk: dict[str, object]) -> bool:
    operations = jwk.get("key_ops", ["verify"])
    return (
        jwk.get("kty") == "RSA"
        and jwk.get("use", "sig") == "sig"
        and jwk.get("alg", "RS256") == "RS256"
        and isinstance(operations, list)
        and "verify" in operations
    )


def _number(text: object) -> int:
    digits = text.encode() if isinstance(text, str) else b""
    return int.from_bytes(decode_base64url(digits), "big")


class JwksKeys:
    """A `KeySource` of the keys that one Clerk instance publishes.

    A caller waits when a key is not known, and when the keys must be fetched again, because Clerk
    may have withdrawn the key. All callers that wait share one fetch, and none of them can cancel
    it for the others. Tokens with unknown keys cause at most one fetch a minute, so nobody can
    make this server call Clerk all the time.

    Args:
        url: The key set, such as `PublishableKey.jwks_url`; https, or http on this machine.
        http: The client to fetch with; whoever made it closes it.
        clock: Seconds from any moment. When the clock is set, one more fetch can follow.
        fetched: Told after each fetch whether the keys came.

    Raises:
        ValueError: If somebody on the network could change the keys, because it is not https.
    """

    def __init__(
        self,
        url: str,
        *,
        http: httpx.AsyncClient,
        clock: Callable[[], float] = time.monotonic,
        fetched: Callable[[bool], None] = lambda _has_come: None,
    ) -> None:
        self._url = httpx.URL(url)
        if self._url.scheme != "https" and self._url.host not in _LOOPBACK_HOSTS:
            raise ValueError("Signing keys must be fetched over https.")
        self._http = http
        self._clock = clock
        self._fetched = fetched
        self._keys: dict[str, RSAPublicKey] = {}
        self._fetched_at = -math.inf
        self._tried_at = -math.inf
        self._fetch: asyncio.Task[None] | None = None

    async def get(self, kid: str | None) -> RSAPublicKey:
        """Return the key with this name.

        Raises:
            SessionKeyError: If there is no name, or the instance publishes no such key.
            KeysUnavailable: If no recent keys are known, and they cannot be fetched.
        """
        if kid is None:
            raise SessionKeyError
        if kid not in self._usable_keys() or self._is_refresh_due():
            await self._refreshed()
        keys = self._usable_keys()
        if kid in keys:
            return keys[kid]
        raise SessionKeyError if keys else KeysUnavailable

    async def age(self) -> float:
        """Return the seconds since the keys came, fetching them when there are none.

        Raises:
            KeysUnavailable: If no recent keys are known, and they cannot be fetched.
        """
        if not self._usable_keys():
            await self._refreshed()
        if not self._usable_keys():
            raise KeysUnavailable
        return self._since(self._fetched_at)

    async def _refreshed(self) -> None:
        """Wait for a fetch, if one is due or under way."""
        fetch = self._fetch_if_due()
        if fetch is not None:
            # Shielded, because other callers may wait for the same fetch.
            await asyncio.shield(fetch)

    def _is_refresh_due(self) -> bool:
        return self._since(self._fetched_at) >= REFRESH_AFTER_SECONDS

    def _usable_keys(self) -> dict[str, RSAPublicKey]:
        return self._keys if self._since(self._fetched_at) < KEEP_FOR_SECONDS else {}

    def _since(self, moment: float) -> float:
        # When the clock is set back, keys must not live longer and fetches must not come later.
        return abs(self._clock() - moment)

    def _fetch_if_due(self) -> asyncio.Task[None] | None:
        """Return the running fetch, or a new one; None when the last fetch ended too recently."""
        if self._fetch is None or self._fetch.done():
            interval = FETCH_INTERVAL_SECONDS if self._usable_keys() else RETRY_INTERVAL_SECONDS
            if self._since(self._tried_at) < interval:
                return None
            self._fetch = asyncio.create_task(self._replace_keys())
        return self._fetch

    async def _replace_keys(self) -> None:
        """Fetch the key set. If that fails, log it and keep the old one."""
        try:
            async with asyncio.timeout(FETCH_TIMEOUT_SECONDS):
                self._keys = parse_jwks(await self._download())
            self._fetched_at = self._clock()
            self._fetched(True)
        except UnusableKeySetError as error:
            self._log_failure(str(error))
        except (httpx.HTTPError, TimeoutError) as error:
            # The error's text may contain the whole address, so only its name is logged.
            self._log_failure(type(error).__name__)
        finally:
            self._tried_at = self._clock()

    async def _download(self) -> bytes:
        if self._http.is_closed:
            raise UnusableKeySetError("the app is shutting down")
        async with self._http.stream("GET", self._url, follow_redirects=False) as response:
            if response.status_code != httpx.codes.OK:
                raise UnusableKeySetError(f"the answer is HTTP {response.status_code}")
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise UnusableKeySetError("the answer is too long")
        return bytes(body)

    def _log_failure(self, reason: str) -> None:
        self._fetched(False)
        code = KeysUnavailable.code
        _logger.warning("No signing keys from %s: %s", self._url.host, reason, extra={"code": code})


__all__ = ["JwksKeys", "KeySource", "PemKey"]


class KeySource(Protocol):
    """What a verifier needs of a set of keys."""

    async def get(self, kid: str | None) -> RSAPublicKey:
        """Return the key that a token names, parsed.

        Args:
            kid: The `kid` of the token's header; None if it has none.

        Raises:
            SessionKeyError: If the instance has no such key.
            KeysUnavailable: If the keys cannot be fetched at the moment.
        """
        ...

    async def age(self) -> float | None:
        """Return the seconds since the keys came; None for keys that never age.

        Raises:
            KeysUnavailable: If there are none, and they cannot be fetched at the moment.
        """
        ...
