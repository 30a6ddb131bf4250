"""One bounded GET, and what its answer says about this machine's clock."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Final

import httpx

from clerk_tinybird_app.check.finding import Finding, note, ok, warning
from clerk_tinybird_app.own_clock import MAX_SKEW_SECONDS, difference, seconds_ahead
from clerk_tinybird_app.settings.loopback import is_loopback_url
from clerk_tinybird_app.tinybird.client import TinybirdClient
from clerk_tinybird_app.tinybird.client.connections import connections_by
from clerk_tinybird_app.tinybird.token import Workspace

SECONDS: Final = 5.0
"""The longest that any one request of a check may take."""

_DATES_PRECISION: Final = 0.5
"""A header's whole seconds say no more."""


def client_for(url: str, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    """Return a client for ``url``; a proxy in the environment is not for this machine."""
    return httpx.AsyncClient(
        transport=transport, timeout=SECONDS, trust_env=not is_loopback_url(url)
    )


@asynccontextmanager
async def client_of(
    workspace: Workspace, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[TinybirdClient]:
    """Give the app's own client, with the patience of a check."""
    url = workspace.api_url
    by = connections_by(transport, is_near=is_loopback_url(url))
    async with aclosing(by) as connections:
        yield TinybirdClient(url, connections=connections, answer_seconds=SECONDS)


async def get(
    http: httpx.AsyncClient, url: str, token: str = "", params: Mapping[str, str] | None = None
) -> httpx.Response | str:
    """Return the answer, or in a word why there is none. A redirect is not followed."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        async with asyncio.timeout(SECONDS):
            return await http.get(url, headers=headers, params=params, follow_redirects=False)
    except (httpx.HTTPError, TimeoutError, UnicodeError) as error:
        return type(error).__name__


def json_object(answer: httpx.Response | str) -> dict[str, object]:
    """Return the answer's JSON object, an empty one when it is none."""
    if isinstance(answer, str):
        return {}
    try:
        found = answer.json()
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def clock_finding(server: str, answer: httpx.Response, now: float) -> Finding:
    """Compare the answer's ``Date`` with ``now``.

    Args:
        server: Whose answer it is.
        answer: One that has just come.
        now: Seconds since the epoch.
    """
    ahead = seconds_ahead(answer.headers, now)
    if ahead is None:
        return note("clock/unknown", f"{server} does not say what time it is")
    if abs(ahead) <= MAX_SKEW_SECONDS + _DATES_PRECISION:
        return ok("clock/right", f"agrees with {server}'s")
    return warning(
        "clock/wrong",
        f"this machine's is {difference(ahead)} {server}'s",
        "Set it by the network (NTP): sessions are refused and tokens expire at the wrong time.",
    )
