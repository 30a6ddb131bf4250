"""Whether the app can listen where it is told to."""

import httpx

from clerk_tinybird_app import routes
from clerk_tinybird_app.check.answers import client_for, get, json_object
from clerk_tinybird_app.check.finding import Finding, failed, note, ok, warning
from clerk_tinybird_app.settings import Settings
from clerk_tinybird_app.settings.loopback import is_loopback, listener


async def listening(settings: Settings) -> Finding:
    """Check the port."""
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
