"""The connections to Tinybird: aiohttp's, behind the interface of httpx' transports.

A refresh of a dashboard asks up to ten queries, and sending them was the largest part of its cost.
These take a third of the processor time of httpx' own.
"""

import ssl
from functools import cache
from typing import Final
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

MOST_CONNECTIONS: Final = 100
"""The most queries at once. More queries wait for a free connection."""

KEPT_SECONDS: Final = 15.0
"""How long a connection that nobody uses stays open."""


@cache
def trusted() -> ssl.SSLContext:
    """Return whose certificates are trusted; reading all takes a twentieth of a second."""
    return httpx.create_ssl_context()


def proxy_for(url: httpx.URL) -> httpx.Proxy | None:
    """Return the proxy that the environment names for an address, None for none.

    aiohttp's own way asks two threads before each query, which doubles its cost, knows neither
    ``ALL_PROXY`` nor a proxy spoken to by TLS, and takes passwords from ``~/.netrc``, beside which
    it sends no token.
    """
    named = getproxies()
    found = named.get(url.scheme) or named.get("all")
    if not found or proxy_bypass(url.netloc.decode("ascii")):
        return None
    return httpx.Proxy(found if "://" in found else f"http://{found}")


class TinybirdTransport(AiohttpTransport):
    """Sends requests to Tinybird.

    A GET is sent once more, and nothing else is, when the server closed the connection instead of
    answering: aiohttp does so as RFC 9112 says, 9.3.1.

    Args:
        is_near: True for a Tinybird on this machine: no proxy of the environment is for it.
    """

    def __init__(self, *, is_near: bool) -> None:
        def session() -> aiohttp.ClientSession:
            return aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=MOST_CONNECTIONS, ssl=trusted(), keepalive_timeout=KEPT_SECONDS
                ),
                # One tenant's answer must leave nothing behind for the next one's query.
                cookie_jar=aiohttp.DummyCookieJar(),
            )

        # Called at the first request: a session belongs to the event loop that runs then.
        super().__init__(verify=trusted(), client=session)
        self._is_near = is_near

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; of a connection that failed say so, and not "too late".

        Raises:
            httpx.TransportError: There is no answer.
        """
        # All requests are for the address of the first.
        if callable(self.client) and not self._is_near:
            self.proxy = proxy_for(request.url)
        try:
            return await super().handle_async_request(request)
        except httpx.TimeoutException as error:
            # httpx-aiohttp says it of all that becomes of a connection.
            if isinstance(error.__cause__, aiohttp.ServerDisconnectedError):
                raise httpx.RemoteProtocolError("The server closed the connection.") from None
            if not isinstance(error.__cause__, TimeoutError):
                raise httpx.ConnectError(str(error)) from None
            raise
        except (aiohttp.ClientError, UnicodeError):
            # Their own text has the address with its parameters, and their repr the token.
            raise httpx.RemoteProtocolError("The answer is not HTTP.") from None
