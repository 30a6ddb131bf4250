"""The connections to Tinybird: aiohttp's, behind the interface of httpx' transports.

A refresh of a dashboard asks up to ten queries, and sending them was the largest part of its cost.
These take a third of the processor time of httpx' own.
"""

import ssl
from functools import cache
from typing import Final

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
                trust_env=not is_near,
            )

        # Called at the first request: a session belongs to the event loop that runs then.
        super().__init__(verify=trusted(), client=session)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; of a server that closed the connection say so, and not "too late".

        Raises:
            httpx.TransportError: There is no answer.
        """
        try:
            return await super().handle_async_request(request)
        except httpx.TimeoutException as error:
            if isinstance(error.__cause__, aiohttp.ServerDisconnectedError):
                raise httpx.RemoteProtocolError("The server closed the connection.") from None
            raise
