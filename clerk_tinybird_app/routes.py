"""The paths of the app, each named once."""

from typing import Final

HOME: Final = "/"
SIGN_IN: Final = "/sign-in"
SIGN_UP: Final = "/sign-up"
DASHBOARD: Final = "/dashboard"
ROUTE: Final = "/dashboard/route"
"""One route's own view."""

API_TOKEN: Final = "/api/tinybird-token"
API_HEALTH: Final = "/api/health"

CLERK_PROXY: Final = "/__clerk"
"""Where the embedded Clerk is served; the browser SDK's ``proxyUrl``."""

BACKEND: Final = ("/api", CLERK_PROXY)
"""What the backend answers on the pages' own origin."""
