"""The connections to Tinybird: aiohttp's, or those of any transport of httpx.

A refresh of a dashboard asks up to ten queries, and sending them was the largest part of its cost.
aiohttp's own connections take a third of the processor time of httpx'.
"""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from functools import cache
from typing import Final, NamedTuple, Protocol
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from yarl import URL

from clerk_tinybird_app.tinybird.client.errors import TinybirdUnreachableError

MOST_CONNECTIONS: Final = 100
"""The most queries at once. More queries wait for a free connection."""

CONNECT_SECONDS: Final = 5.0
"""The longest time to connect, or to get a free connection of the pool."""

KEPT_SECONDS: Final = 15.0
"""How long a connection that nobody uses stays open."""


class Incoming(NamedTuple):
    """An answer whose body is still to come.

    Attributes:
        status: The HTTP status.
        headers: The headers by name; upper and lower case are the same.
        pieces: The body, decompressed, in pieces of bounded size.
    """

    status: int
    headers: Mapping[str, str]
    pieces: AsyncIterator[bytes]


class Connections(Protocol):
    """Sends requests to Tinybird, follows no redirect, and keeps no cookie."""

    def exchange(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None
    ) -> AbstractAsyncContextManager[Incoming]:
        """Send a request; at the end of the block its answer is given up.

        Raises:
            TinybirdUnreachableError: There was no connection, or it broke.
        """
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...


@cache
def trusted() -> ssl.SSLContext:
    """Return whose certificates are trusted; reading all takes a twentieth of a second."""
    return httpx.create_ssl_context()


def proxy_for(url: URL) -> str | None:
    """Return the proxy that the environment names for an address, None for none.

    aiohttp's own way asks two threads before each query, which doubles its cost, knows neither
    ``ALL_PROXY`` nor a proxy spoken to by TLS, and takes passwords from ``~/.netrc``, beside which
    it sends no token.
    """
    named = getproxies()
    found = named.get(url.scheme) or named.get("all")
    if not found or proxy_bypass(url.authority):
        return None
    return found if "://" in found else f"http://{found}"


class TinybirdConnections:
    """aiohttp's connections.

    A GET is sent once more, and nothing else is, when the server closed the connection instead of
    answering: aiohttp does so as RFC 9112 says, 9.3.1.

    Args:
        is_near: True for a Tinybird on this machine: no proxy of the environment is for it.
    """

    def __init__(self, *, is_near: bool) -> None:
        self._is_near = is_near
        self._proxy: str | None = None
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def exchange(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None
    ) -> AsyncIterator[Incoming]:
        """Send a request; see ``Connections``."""
        # It is encoded already, and would be so again.
        address = URL(url, encoded=True)
        try:
            async with self._opened(address).request(
                method,
                address,
                headers=headers,
                data=content,
                allow_redirects=False,
                proxy=self._proxy,
                timeout=aiohttp.ClientTimeout(
                    connect=CONNECT_SECONDS, sock_connect=CONNECT_SECONDS
                ),
            ) as answer:
                yield Incoming(answer.status, answer.headers, answer.content.iter_any())
        except aiohttp.ClientError as error:
            # Their own text has the address with its parameters, and their repr the token.
            raise TinybirdUnreachableError(type(error).__name__) from None

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    def _opened(self, address: URL) -> aiohttp.ClientSession:
        # Made for the first request: it belongs to the event loop that runs then. All requests are
        # for the address of the first.
        if self._session is None:
            self._proxy = None if self._is_near else proxy_for(address)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=MOST_CONNECTIONS, ssl=trusted(), keepalive_timeout=KEPT_SECONDS
                ),
                # One tenant's answer must leave nothing behind for the next one's query.
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


class HttpxConnections:
    """Those of a transport of httpx, such as a test's.

    Args:
        transport: Not through a client, which keeps cookies.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    @asynccontextmanager
    async def exchange(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None
    ) -> AsyncIterator[Incoming]:
        """Send a request; see ``Connections``."""
        request = httpx.Request(method, url, headers=headers, content=content)
        try:
            answer = await self._transport.handle_async_request(request)
            answer.request = request
            async with aclosing(answer):
                yield Incoming(answer.status_code, answer.headers, answer.aiter_bytes())
        except httpx.HTTPError as error:
            raise TinybirdUnreachableError(type(error).__name__) from None

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()


def connections_by(transport: httpx.AsyncBaseTransport | None, *, is_near: bool) -> Connections:
    """Return connections by a transport, or by the network without one."""
    return HttpxConnections(transport) if transport else TinybirdConnections(is_near=is_near)
