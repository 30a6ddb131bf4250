"""Who a request comes from and whether it was sent by https, also behind proxies.

A proxy tells both in the headers ``X-Forwarded-For`` and ``X-Forwarded-Proto``. Anybody can send
these headers too, so they count only from a proxy that is trusted. All other code of the app reads
the ASGI scope, where this module writes the result.
"""

import logging
import re
import time
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from clerk_tinybird_app.logs.reminders import Reminders

_logger = logging.getLogger(__name__)

_Address = IPv4Address | IPv6Address

_UNIX_SOCKET: Final = ""
"""The client of a UNIX socket, which has no address: a program on this machine."""

_CUSTOMER_BITS: Final = 64
"""The first bits of an IPv6 address, which a provider gives to a customer. The rest is chosen."""

_WITH_PORT: Final = re.compile(r"\[(.+)\](?::\d+)?|(\d+(?:\.\d+){3}):\d+", re.ASCII)
"""How some proxies write a client: ``[2001:db8::1]:50123``, ``203.0.113.7:50123``."""

_SECURE: Final = {"http": "https", "ws": "wss"}
_MOST_TOLD: Final = 3


class BehindProxies:
    """ASGI middleware that writes the real client and scheme into the scope.

    It must be the outermost, so that everything else reads what it has written.

    Args:
        app: The app behind it.
        trusted: Addresses and networks of proxies. This machine is always trusted: its programs
            can reach the app as they like.
        clock: Seconds of a clock that nobody can set.
    """

    def __init__(
        self,
        app: ASGIApp,
        trusted: Iterable[str] = (),
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._trusted: tuple[IPv4Network | IPv6Network, ...] = tuple(map(ip_network, trusted))
        self._reminders = Reminders(_MOST_TOLD, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass all requests on."""
        if scope["type"] in ("http", "websocket"):
            scope = self._seen(scope)
        await self._app(scope, receive, send)

    def _seen(self, scope: Scope) -> Scope:
        hops = _listed(scope, b"x-forwarded-for")
        schemes = _listed(scope, b"x-forwarded-proto")
        if not (hops or schemes) or not (scope.get("client") or _is_unix_socket(scope)):
            return scope
        peer = client_of(scope)
        if not self._trusts(peer):
            self._tell(peer)
            return scope
        seen = {**scope}
        client = self._client(peer, hops)
        if client != peer:
            seen["client"] = (client, 0)
        # The last one is what the nearest proxy says. A client can send the others.
        if schemes and schemes[-1].lower() in ("https", "wss"):
            scheme = scope.get("scheme", "http")
            seen["scheme"] = _SECURE.get(scheme, scheme)
        return seen

    def _client(self, peer: str, hops: Sequence[str]) -> str:
        """Return the nearest address that is no trusted proxy; what stands before it is forged."""
        nearest = peer
        for hop in reversed(hops):
            address = address_of(hop)
            if address is None or not self._trusts(nearest):
                break
            nearest = str(address)
        return nearest

    def _trusts(self, host: str) -> bool:
        if host == _UNIX_SOCKET:
            return True
        address = address_of(host)
        if address is None:
            return False
        return address.is_loopback or any(address in network for network in self._trusted)

    def _tell(self, peer: str) -> None:
        """Log once a day that a proxy hides its clients. Else each peer could write lines."""
        if self._reminders.is_due(peer):
            _logger.warning(
                "%s sends X-Forwarded-For and is no trusted proxy, so all who come through it "
                "count as one client. If it is your proxy, add it to TRUSTED_PROXIES.",
                peer,
            )


def _is_unix_socket(scope: Scope) -> bool:
    """Tell whether a request without an address of its client has come by a UNIX socket."""
    server = scope.get("server")
    return server is not None and server[1] is None


def address_of(text: str) -> _Address | None:
    """Return the address that ``text`` is, perhaps with a port; None when it is none."""
    if match := _WITH_PORT.fullmatch(text):
        text = match[1] or match[2]
    # Behind a "%", the name of a network interface, Python takes any text as part of an address.
    if "%" in text:
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def customer(address: _Address) -> str:
    """Return the address that a client is counted by: of IPv6, the network."""
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ip_network((address, _CUSTOMER_BITS), strict=False))


def client_of(scope: Scope) -> str:
    """Return the client in a scope that has passed ``BehindProxies``, "" without one."""
    return str((scope.get("client") or ("",))[0])


def customer_of(scope: Scope) -> str:
    """Return what the client in a scope is counted by: one text for all its addresses."""
    client = client_of(scope)
    address = address_of(client)
    return client if address is None else customer(address)


def _listed(scope: Scope, name: bytes) -> list[str]:
    """Return the items of a header that may be there several times."""
    values = [value.decode("latin-1") for key, value in scope["headers"] if key == name]
    return [item.strip(" \t") for item in ",".join(values).split(",")] if values else []
