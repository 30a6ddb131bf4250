"""ASGI middleware that serves this machine alone."""

import re
from typing import Final

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from clerk_tinybird_app.settings.loopback import is_loopback

_HOST: Final = re.compile(r"([\w.-]+|\[[0-9a-fA-F:.]+\])(:\d{1,5})?", re.ASCII)
_FORWARDED: Final = (b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip")
# Set by proxies that are never part of a set-up on one's own machine, or not understood here.
_REFUSED: Final = (b"forwarded", b"via", b"cf-connecting-ip", b"true-client-ip", b"x-client-ip")
_WHITE_SPACE: Final = " \t"
"""What may stand around a hop; nothing else that Python takes for space is part of none."""

_OLD_HTTP: Final = ("1.0", "1")
"""As the ASGI specification spells it, and as Granian does."""

_REFUSAL: Final = (
    "This service is embedded and serves this machine only. To serve others, configure the real "
    "one: see .env.example."
)


class LoopbackOnly:
    """Answers 403 unless client, Host and every forwarded hop are loopback.

    It stands in front of an embedded service in case a server or proxy that the settings know
    nothing of makes it reachable.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a loopback request on and refuse any other."""
        if scope["type"] == "http" and not _is_loopback_request(scope):
            await PlainTextResponse(_REFUSAL, status_code=403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _is_loopback_request(scope: Scope) -> bool:
    client = scope.get("client")
    if client is not None and not is_loopback(client[0]):
        return False
    # A browser speaks 1.1 or newer; older proxies speak 1.0 to what is behind them.
    if scope.get("http_version") in _OLD_HTTP:
        return False
    hosts, hops = [], []
    for name, value in scope["headers"]:
        if name == b"host":
            hosts.append(value.decode("latin-1"))
        elif name in _REFUSED:
            return False
        elif name in _FORWARDED:
            # The development server's proxy names its client here, which may be another machine.
            hops += value.decode("latin-1").split(",")
    return (
        len(hosts) == 1
        and _is_loopback_host(hosts[0])
        and all(is_loopback(_hop_host(hop)) for hop in hops)
    )


def _is_loopback_host(host: str) -> bool:
    match = _HOST.fullmatch(host)
    return match is not None and is_loopback(match[1])


def _hop_host(hop: str) -> str:
    """Return the host of one forwarded hop: a name, an address, or either with a port."""
    text = hop.strip(_WHITE_SPACE)
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
