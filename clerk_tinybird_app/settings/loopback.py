"""Which hosts and addresses are this machine, and whether something listens there."""

import errno
import ipaddress
import socket
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

_USUAL: Final = frozenset(("localhost", "127.0.0.1", "::1"))
"""The hosts of almost all requests, so that most checks need no parsing."""

_ADDRESSES: Final = ("127.0.0.1", "::1")
"""What the name localhost stands for."""

_SERVES_LOCALHOST: Final = _USUAL | {"0.0.0.0", "::"}  # noqa: S104 - nothing is bound by it


def is_loopback(host: str) -> bool:
    """Tell whether ``host`` (a name or an address, no port) is this machine's loopback."""
    if host in _USUAL:
        return True
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def is_loopback_url(url: str) -> bool:
    """Tell whether ``url``, or ``//host:port``, is well-formed and names this machine."""
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False


def listener(host: str, port: int) -> str:
    """Return the address at which another program has the port, "" when a server could have it.

    A browser opens localhost at either of the two addresses, so a server on one of them would get
    only a part of its requests when another program listens on the other.

    Args:
        host: Where the server would listen.
        port: Its port.

    Raises:
        OSError: Nobody can listen on ``host``.
    """
    if _is_taken(host, port):
        return host
    if host in _SERVES_LOCALHOST:
        for address in _ADDRESSES:
            # A machine may do without one of them.
            with suppress(OSError):
                if _is_taken(address, port):
                    return address
    return ""


def _is_taken(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return True
    return False
