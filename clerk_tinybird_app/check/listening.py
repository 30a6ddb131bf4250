"""Whether the app can listen where it is told to, with as many workers as it is told to start."""

from collections.abc import AsyncIterator
from typing import Final

import httpx

from clerk_tinybird_app import routes
from clerk_tinybird_app.check.answers import client_for, get, json_object
from clerk_tinybird_app.check.finding import Finding, failed, note, ok, warning
from clerk_tinybird_app.settings import Settings
from clerk_tinybird_app.settings.loopback import is_loopback, listener

_MB_OF_A_WORKER: Final = 150


async def listening(settings: Settings, cores: int) -> AsyncIterator[Finding]:
    """Check the port and the number of workers.

    Args:
        settings: The configuration.
        cores: How many processor cores this process may use.
    """
    yield await _port(settings)
    count = settings.web_concurrency or 1
    if count > 2 * cores:
        yield warning(
            "workers/too-many",
            f"{count} workers on {cores} {'core' if cores == 1 else 'cores'}; they need some "
            f"{count * _MB_OF_A_WORKER:,} MB of memory",
            "Set WEB_CONCURRENCY to the number of cores at most, or leave it out.",
        )


async def _port(settings: Settings) -> Finding:
    host, port = settings.backend_host, settings.frontend_port
    try:
        taken = listener(host, port)
    except OSError as error:
        return warning(
            "port/unusable",
            f"nobody can listen on {host}, port {port}, on this machine ({error.strerror})",
            "If the app is for this machine, set REFLEX_BACKEND_HOST to one of its addresses, such "
            "as 127.0.0.1 or 0.0.0.0,\nand REFLEX_FRONTEND_PORT to a port that this user may use.",
        )
    where = f"{taken or host}, port {port}"
    if not taken:
        return ok("port/free", where)
    near = taken if is_loopback(taken) else "127.0.0.1"
    url = f"http://{f'[{near}]' if ':' in near else near}:{port}"
    async with client_for(url, None) as http:
        answer = await get(http, url + routes.API_HEALTH)
    if isinstance(answer, httpx.Response) and "tinybird" in json_object(answer):
        return note("port/app-runs", f"this app listens on {where} already")
    return failed(
        "port/taken",
        f"another program listens on {where}",
        "Stop it, or set REFLEX_FRONTEND_PORT to another.",
    )
