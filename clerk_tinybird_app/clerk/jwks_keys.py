"""The instance's public keys, fetched from its key server as rarely as possible."""

import asyncio
import logging
import math
import time
from collections.abc import Callable
from typing import Final

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from clerk_tinybird_app.clerk.errors import KeysUnavailable, SessionKeyError
from clerk_tinybird_app.clerk.jwks import UnusableKeySetError, parse_jwks

REFRESH_AFTER_SECONDS: Final = 60 * 60
"""Keys older than this are used only once fetching them again was tried."""

KEEP_FOR_SECONDS: Final = 6 * 60 * 60
"""How long keys stay good after the last successful fetch when every other one fails."""

FETCH_INTERVAL_SECONDS: Final = 60
"""While keys are known, fetches begin at least this long after the last one ended."""

RETRY_INTERVAL_SECONDS: Final = 5
"""The same while none is known, or none recent enough."""

FETCH_TIMEOUT_SECONDS: Final = 5
"""The longest that a fetch may take, and so that anybody waits for one."""

MAX_ANSWER_BYTES: Final = 256 * 1024

_LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})

_logger = logging.getLogger(__name__)


class JwksKeys:
    """A `KeySource` of the keys that one Clerk instance publishes.

    A caller waits for a key that is not known, and for one that is due to be fetched again: the
    instance may have taken it back since. All who wait share one fetch, and none of them can
    cancel it for the others. A wrong signature never leads here twice, so nobody can make this
    server call Clerk by sending rubbish, but for one call a minute.

    Args:
        url: The key set, such as `PublishableKey.jwks_url`; https, or http on this machine.
        http: The client to fetch with; whoever made it closes it.
        clock: Seconds from any beginning; setting it back or ahead at worst causes a fetch.

    Raises:
        ValueError: If the address would let the keys be changed on their way.
    """

    def __init__(
        self, url: str, *, http: httpx.AsyncClient, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = httpx.URL(url)
        if self._url.scheme != "https" and self._url.host not in _LOOPBACK_HOSTS:
            raise ValueError("Signing keys must be fetched over https.")
        self._http = http
        self._clock = clock
        self._keys: dict[str, RSAPublicKey] = {}
        self._fetched_at = -math.inf
        self._tried_at = -math.inf
        self._fetch: asyncio.Task[None] | None = None

    async def get(self, kid: str | None) -> RSAPublicKey:
        """Return the key of that name.

        Raises:
            SessionKeyError: If there is no name, or the instance publishes no such key.
            KeysUnavailable: If no key is known, or none recent enough, and none can be fetched.
        """
        if kid is None:
            raise SessionKeyError
        if kid not in self._usable_keys() or self._is_refresh_due():
            fetch = self._fetch_if_due()
            if fetch is not None:
                # Shielded: the fetch belongs to everybody who waits for it.
                await asyncio.shield(fetch)
        keys = self._usable_keys()
        if kid in keys:
            return keys[kid]
        raise SessionKeyError if keys else KeysUnavailable

    def _is_refresh_due(self) -> bool:
        return self._since(self._fetched_at) >= REFRESH_AFTER_SECONDS

    def _usable_keys(self) -> dict[str, RSAPublicKey]:
        return self._keys if self._since(self._fetched_at) < KEEP_FOR_SECONDS else {}

    def _since(self, moment: float) -> float:
        # A clock that was set back must neither keep keys for longer nor put fetches off.
        return abs(self._clock() - moment)

    def _fetch_if_due(self) -> asyncio.Task[None] | None:
        """Return the fetch under way, else a new one; None so soon after the last."""
        if self._fetch is None or self._fetch.done():
            interval = FETCH_INTERVAL_SECONDS if self._usable_keys() else RETRY_INTERVAL_SECONDS
            if self._since(self._tried_at) < interval:
                return None
            self._fetch = asyncio.create_task(self._replace_keys())
        return self._fetch

    async def _replace_keys(self) -> None:
        """Fetch the key set; keep the old one, and say so in the log, if that fails."""
        try:
            async with asyncio.timeout(FETCH_TIMEOUT_SECONDS):
                self._keys = parse_jwks(await self._download())
            self._fetched_at = self._clock()
        except UnusableKeySetError as error:
            self._log_failure(str(error))
        except (httpx.HTTPError, TimeoutError) as error:
            # Its text may repeat the address with all that is in it; its name may not.
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
        _logger.warning("No signing keys from %s: %s", self._url.host, reason)
