"""ASGI middleware that serves this machine alone."""

from typing import Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from clerk_tinybird_app.loopback import is_loopback, is_loopback_url

_FORWARDED: Final = ("x-forwarded-for", "x-forwarded-host", "x-real-ip")
_REFUSAL: Final = (
    "The embedded Clerk serves this machine only. Set CLERK_PUBLISHABLE_KEY to serve others."
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
    headers = Headers(scope=scope)
    client = scope.get("client")
    if client is not None and not is_loopback(client[0]):
        return False
    if len(headers.getlist("host")) > 1 or not is_loopback_url(f"//{headers.get('host', '')}"):
        return False
    # The development server's proxy names its client here, which may be another machine. The
    # standard's own header is not understood, so whoever sends it is refused.
    hops = [hop for name in _FORWARDED for hop in headers.getlist(name)]
    return "forwarded" not in headers and all(
        is_loopback(_hop_host(hop)) for value in hops for hop in value.split(",")
    )


def _hop_host(hop: str) -> str:
    """Return the host of one forwarded hop: a name, an address, or either with a port."""
    text = hop.strip()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
