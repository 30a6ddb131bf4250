"""The embedded services serve this machine only; everything here refuses the rest."""

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from clerk_tinybird_app.settings import WHERE_TO_FIND, Settings, SettingsError


def is_loopback(host: str) -> bool:
    """Tell whether ``host`` (a name or an address, no port) is this machine's loopback."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def require_loopback(settings: Settings) -> None:
    """Refuse to start when an embedded service would be reachable from elsewhere.

    Raises:
        SettingsError: An embedded service is in use and a bind address, an origin or a URL of the
            app is not loopback; the text names it and the keys to set.
    """
    embedded = _embedded(settings)
    public = _not_loopback(settings)
    if not embedded or not public:
        return
    lines = [f"The embedded {' and '.join(embedded)} serve this machine only, but"]
    lines += [f"  {name} is {value}" for name, value in public]
    lines.append("is not a loopback address. To serve others, configure the real services:")
    lines += [f"  {key}   ({WHERE_TO_FIND[key]})" for name in embedded for key in _KEYS[name]]
    raise SettingsError("\n".join(lines))


class LoopbackOnly:
    """ASGI middleware: answers 403 unless client, Host and every forwarded hop are loopback.

    It stands in front of the embedded Clerk in case a server or proxy that the settings know
    nothing of makes it reachable.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a loopback request on and refuse any other."""
        if scope["type"] != "http" or _is_loopback_request(scope):
            await self._app(scope, receive, send)
            return
        await PlainTextResponse(_REFUSAL, status_code=403)(scope, receive, send)


_KEYS = {
    "Clerk": ("CLERK_PUBLISHABLE_KEY", "CLERK_AUTHORIZED_PARTIES"),
    "Tinybird": ("TINYBIRD_API_URL", "TINYBIRD_WORKSPACE_ID", "TINYBIRD_JWT_SECRET"),
}
_REFUSAL = "The embedded Clerk serves this machine only. Set CLERK_PUBLISHABLE_KEY to serve others."
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


def _embedded(settings: Settings) -> list[str]:
    in_use = {"Clerk": settings.is_clerk_local, "Tinybird": settings.is_tinybird_local}
    return [name for name, is_local in in_use.items() if is_local]


def _not_loopback(settings: Settings) -> list[tuple[str, str]]:
    addresses = [("the bind address (REFLEX_BACKEND_HOST)", settings.backend_host)]
    urls = [("an origin (CLERK_AUTHORIZED_PARTIES)", origin) for origin in settings.origins]
    urls += [("REFLEX_API_URL", settings.api_url), ("REFLEX_DEPLOY_URL", settings.deploy_url)]
    public = [item for item in addresses if not is_loopback(item[1])]
    return public + [(name, url) for name, url in urls if url and not _is_loopback_url(url)]


def _is_loopback_url(url: str) -> bool:
    return is_loopback(urlsplit(url).hostname or "")


def _is_loopback_request(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    client = scope.get("client")
    if client is not None and not is_loopback(client[0]):
        return False
    if not _is_loopback_url(f"//{headers.get('host', '')}"):
        return False
    # Vite's proxy on this machine sets none of these, and a proxy elsewhere would not be ours.
    hops = [hop for name in _FORWARDED for hop in headers.getlist(name)]
    return all(is_loopback(_hop_host(hop)) for value in hops for hop in value.split(","))


def _hop_host(hop: str) -> str:
    """Return the host of one forwarded hop: a name, an address, or either with a port."""
    text = hop.strip()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
