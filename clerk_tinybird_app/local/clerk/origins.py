"""Which page a request comes from, and whether it is the app's own."""

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from clerk_tinybird_app.local.clerk.errors import FapiError

__all__ = ["calling_origin", "foreign_origin"]

_SAFE = "GET"


def calling_origin(method: str, headers: Mapping[str, str], origins: Collection[str]) -> str | None:
    """Return the calling page's origin; None: a GET that does not say.

    ``Origin`` decides; a same-origin GET has none, so its ``Referer`` stands in. Every other
    method needs ``Origin``, which no page can forge: that is the protection against cross-site
    requests.

    Raises:
        FapiError: 403, the page is not the app's own, or does not say where it needs to.
    """
    claimed = headers.get("origin")
    if claimed is None and method == _SAFE:
        referer = headers.get("referer")
        if not referer:
            return None
        claimed = _origin_of(referer)
    if claimed not in origins:
        raise foreign_origin()
    return claimed


def foreign_origin() -> FapiError:
    """The request does not come from one of the app's own pages."""
    return FapiError(403, "origin_invalid", "The embedded Clerk answers the app's own pages only.")


def _origin_of(address: str) -> str | None:
    """Return scheme and host of an address; None: it has none."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else None
