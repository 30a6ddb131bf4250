"""The paths of the app, each named once."""

from collections.abc import Iterable
from typing import Final

HOME: Final = "/"
SIGN_IN: Final = "/sign-in"
SIGN_UP: Final = "/sign-up"
"""The default paths of Clerk's two forms; the settings can change them."""

DASHBOARD: Final = "/dashboard"
"""The overview; the dashboard's other pages are below this path."""

EMBED: Final = "/embed"
"""The overview without header and navigation, for a frame; its other pages are below this path."""

NOT_FOUND: Final = "/404"

PAGES: Final = (HOME, DASHBOARD, EMBED, NOT_FOUND)
"""The pages whose paths are not a setting."""

EVENTS: Final = "/_event"
"""Reflex's websocket."""

API: Final = "/api"
API_TOKEN: Final = "/api/tinybird-token"
API_HEALTH: Final = "/api/health"
API_READY: Final = "/api/ready"
API_METRICS: Final = "/api/metrics"

ASSETS: Final = "/assets"
"""The files of the frontend's build."""

_API_PATHS: Final = frozenset({API_TOKEN, API_HEALTH, API_READY, API_METRICS})

CLERK_PROXY: Final = "/__clerk"
"""Where the embedded Clerk is served; the browser SDK's ``proxyUrl``."""

BACKEND_SCRIPT: Final = "/backend.js"
"""Where an exported frontend reads the address of its backend."""

BACKEND: Final = (API, CLERK_PROXY)
"""The paths that the backend answers on the origin of the pages."""

NO_PAGES: Final = (*BACKEND, ASSETS, "/ping", DASHBOARD, EMBED)
"""Beginnings of paths that no page of Clerk's may have: something else answers them."""


def dashboard_page(name: str, overview: str = DASHBOARD) -> str:
    """Return the path of a page of the dashboard, "" for the overview.

    Args:
        name: The page's.
        overview: ``DASHBOARD``; ``EMBED`` for the pages in a frame; ``HOME`` where the overview is
            there, without the token page.
    """
    if not name:
        return overview
    return f"{DASHBOARD if overview == HOME else overview}/{name}"


def dashboard_pages(names: Iterable[str]) -> dict[str, str]:
    """Return the path of each of the dashboard's pages, those in a frame too -> its name.

    Args:
        names: Those of the pages below the overview.
    """
    return {
        dashboard_page(name, overview): name
        for overview in (DASHBOARD, EMBED)
        for name in ("", *names)
    }


def is_embedded(path: str) -> bool:
    """Tell whether the path of a page is that of one for a frame."""
    return f"{path}/".startswith(f"{EMBED}/")


def overview_of(path: str) -> str:
    """Return the path of the overview that a dashboard's page is below."""
    if path == HOME:
        return HOME
    return EMBED if is_embedded(path) else DASHBOARD


def kind_of(path: str) -> str:
    """Return what a path is for, as one of a few texts: an address of the API, or a folder."""
    if path in _API_PATHS:
        return path
    for beginning in (API, CLERK_PROXY, ASSETS):
        if path.startswith(f"{beginning}/"):
            return beginning
    return "page"
