"""The paths of the app, each named once."""

from typing import Final

HOME: Final = "/"
SIGN_IN: Final = "/sign-in"
SIGN_UP: Final = "/sign-up"
"""Where Clerk's two forms are unless the settings say otherwise."""

DASHBOARD: Final = "/dashboard"
"""The overview; the product's other pages are below it."""

NOT_FOUND: Final = "/404"

PAGES: Final = (HOME, DASHBOARD, NOT_FOUND)
"""The pages whose paths are not a setting."""

API_TOKEN: Final = "/api/tinybird-token"
API_HEALTH: Final = "/api/health"

CLERK_PROXY: Final = "/__clerk"
"""Where the embedded Clerk is served; the browser SDK's ``proxyUrl``."""

BACKEND: Final = ("/api", CLERK_PROXY)
"""What the backend answers on the pages' own origin."""

NO_PAGES: Final = (*BACKEND, "/assets", "/ping", DASHBOARD)
"""Beginnings of paths that something other than a page of Clerk's answers."""


def dashboard_page(name: str) -> str:
    """Return the path of a page of the dashboard, "" for the overview."""
    return f"{DASHBOARD}/{name}" if name else DASHBOARD
