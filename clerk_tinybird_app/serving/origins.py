"""What is wrong when pages at another origin than the app's own try to connect; pure."""

from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from clerk_tinybird_app.settings.environment import origin_of

_SETTING: Final = "CLERK_AUTHORIZED_PARTIES"


def stranger(origin: str, own: Collection[str]) -> str | None:
    """Say why pages at ``origin`` cannot use the app, and what to do; None when they can.

    Args:
        origin: What a browser says of the page, its ``Origin``.
        own: The app's own origins.
    """
    if origin in own:
        return None
    shown = origin_of(origin) or "an origin that is no address"
    host = urlsplit(shown).hostname
    near = next((each for each in own if urlsplit(each).hostname == host), "")
    if near.startswith("https:") and shown.startswith("http:"):
        return (
            f"pages were opened at {shown}, where they get no data: their address is {near}. "
            "Redirect http to https, as deploy/nginx.conf does"
        )
    if near:
        return (
            f"pages were opened at {shown}, where they get no data: the app knows {near} alone. "
            f"Put the address that users see into {_SETTING}"
        )
    return (
        f"pages at {shown} get no data: it is none of the app's own origins "
        f"({', '.join(own)}). If it is yours, add it to {_SETTING}"
    )
