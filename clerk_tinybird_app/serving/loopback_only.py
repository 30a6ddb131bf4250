"""ASGI middleware that answers requests from this machine only."""

import re
from typing import Final

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from clerk_tinybird_app.settings.loopback import is_loopback

_HOST: Final = re.compile(r"([\w.-]+|\[[0-9a-fA-F:.]+\])(:\d{1,5})?", re.ASCII)
_FORWARDED: Final = (b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip")
# Headers of proxies that nobody runs on their own machine, or that this module does not read.
_REFUSED: Final = (b"forwarded", b"via", b"cf-connecting-ip", b"true-client-ip", b"x-client-ip")
_WHITE_SPACE: Final = " \t"
"""What may surround a hop. Python strips more characters by default, which are not allowed here."""

_OLD_HTTP: Final = ("1.0", "1")
"""Some servers leave out the zero."""

_REFUSAL: Final = (
    "This service is embedded and serves this machine only. To serve others, configure the real "
    "one: see .env.example."
)


class LoopbackOnly:
    """Answers 403 unless client, Host and every forwarded hop are loopback addresses.

    It protects an embedded service when a server or a proxy makes the service reachable and the
    settings do not say so.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a loopback request on and refuse any other."""
        if scope["type"] == "http" and not is_loopback_request(scope):
            await PlainTextResponse(_REFUSAL, status_code=403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def is_loopback_request(scope: Scope) -> bool:
    """Tell whether client, Host and every forwarded hop of a request are loopback addresses."""
    client = scope.get("client")
    if client is not None and not is_loopback(client[0]):
        return False
    # Browsers use HTTP/1.1 or newer. HTTP/1.0 is what older proxies use.
    if scope.get("http_version") in _OLD_HTTP:
        return False
    hosts, hops = [], []
    for name, value in scope["headers"]:
        if name == b"host":
            hosts.append(value.decode("latin-1"))
        elif name in _REFUSED:
            return False
        elif name in _FORWARDED:
            # Here the proxy of the development server names its client, maybe another machine.
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
