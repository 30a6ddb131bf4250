"""Whether the app answers at the addresses that its users open, as far as this machine reaches."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Final

import httpx

from clerk_tinybird_app import routes
from clerk_tinybird_app.check.answers import SECONDS, client_for, get, json_object
from clerk_tinybird_app.check.finding import Finding, note, ok, warning
from clerk_tinybird_app.settings import Settings
from clerk_tinybird_app.settings.environment import origin_of
from clerk_tinybird_app.settings.loopback import is_loopback_url

_NAMED: Final = re.compile(r'window\.backend = "([^"]*)"')
_PROXY: Final = "deploy/nginx.conf and deploy/Caddyfile show how a proxy passes all of it on."
_HANDSHAKE: Final = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    # The example of RFC 6455.
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


async def addresses(
    settings: Settings, transport: httpx.AsyncBaseTransport | None
) -> AsyncIterator[Finding]:
    """Check each of the app's own origins that is not on this machine."""
    for origin in settings.origins:
        if not is_loopback_url(origin):
            async with client_for(origin, transport) as http:
                yield await address(http, origin)
                if (finding := await _plain(http, origin)) is not None:
                    yield finding


async def address(http: httpx.AsyncClient, origin: str) -> Finding:
    """Check one origin: whether this app answers there, and takes its pages' websockets."""
    answer = await get(http, origin + routes.API_HEALTH)
    if isinstance(answer, str):
        return note(
            "address/unreachable",
            f"{origin} does not answer from here ({answer})",
            "Nothing is wrong if the app does not run yet, or is not for this machine.",
        )
    if answer.is_redirect:
        where = origin_of(answer.headers.get("location", "")) or "another path"
        return warning(
            "address/redirects",
            f"{origin} leads to {where}",
            "Name the address where users end up in CLERK_AUTHORIZED_PARTIES.",
        )
    backend = origin
    if answer.status_code == httpx.codes.NOT_FOUND:
        # Perhaps a static host, which says where the backend is.
        script = await get(http, origin + routes.BACKEND_SCRIPT)
        named = _NAMED.search("" if isinstance(script, str) else script.text[:1_000])
        backend = origin_of(named[1]) if named else origin
        if backend.endswith(".invalid"):
            return warning(
                "address/no-backend",
                f"the pages at {origin} were not told where their backend is",
                f"Name it in {routes.BACKEND_SCRIPT} and in the pages' policy: see README.md.",
            )
        answer = await get(http, backend + routes.API_HEALTH)
    if "tinybird" not in json_object(answer):
        return warning(
            "address/another-server",
            f"what answers at {backend} is not this app",
            f"Let the proxy pass /api on to it. {_PROXY}",
        )
    return await _websocket(http, origin, backend)


async def _websocket(http: httpx.AsyncClient, origin: str, backend: str) -> Finding:
    url = f"{backend}{routes.EVENTS}/?EIO=4&transport=websocket&token=check"
    try:
        async with (
            asyncio.timeout(SECONDS),
            http.stream("GET", url, headers=_HANDSHAKE | {"Origin": origin}) as answer,
        ):
            said = str(answer.status_code)
    except (httpx.HTTPError, TimeoutError) as error:
        said = type(error).__name__
    if said == str(httpx.codes.SWITCHING_PROTOCOLS.value):
        return ok("address/answers", f"{origin}, with its websocket")
    if said == str(httpx.codes.FORBIDDEN.value):
        return warning(
            "address/refused",
            f"the app at {backend} refuses pages of {origin}, which stay without data",
            "The running app has other values of CLERK_AUTHORIZED_PARTIES; its log names the "
            "origin.\nStart it again with these settings.",
        )
    return warning(
        "address/no-websocket",
        f"{backend} passes no websocket on ({said}): pages stay without data",
        f"Pass Upgrade and Connection on. {_PROXY}",
    )


async def _plain(http: httpx.AsyncClient, origin: str) -> Finding | None:
    """Return that somebody who leaves out https gets pages without data."""
    if not origin.startswith("https:") or origin.removeprefix("https:").count(":"):
        return None
    plain = origin.replace("https:", "http:", 1)
    answer = await get(http, f"{plain}/")
    if isinstance(answer, str) or not answer.is_success:
        return None
    return warning(
        "address/plain-http",
        f"{plain} serves pages, which stay without data: their address is {origin}",
        "Redirect http to https, as deploy/nginx.conf does.",
    )
