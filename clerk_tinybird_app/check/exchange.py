"""One bounded GET, without following redirects."""

import asyncio
from typing import Final

import httpx

from clerk_tinybird_app.settings.loopback import is_loopback_url

SECONDS: Final = 5.0
"""The longest that any one request of a check may take."""


def client_for(url: str, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    """Return a client for ``url``; a proxy in the environment is not for this machine."""
    return httpx.AsyncClient(
        transport=transport, timeout=SECONDS, trust_env=not is_loopback_url(url)
    )


async def get(
    http: httpx.AsyncClient, url: str, headers: dict[str, str] | None = None
) -> httpx.Response | str:
    """Return the answer, or in a word why there is none."""
    try:
        async with asyncio.timeout(SECONDS):
            return await http.get(url, headers=headers, follow_redirects=False)
    except (httpx.HTTPError, TimeoutError) as error:
        return type(error).__name__


def json_object(answer: httpx.Response) -> dict[str, object]:
    """Return the answer's JSON object, an empty one when it is none."""
    try:
        found = answer.json()
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
