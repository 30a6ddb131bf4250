"""Which hosts and addresses are this machine."""

import ipaddress
from typing import Final
from urllib.parse import urlsplit

_USUAL: Final = frozenset(("localhost", "127.0.0.1", "::1"))
"""The hosts of almost all requests, so that most checks need no parsing."""


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
