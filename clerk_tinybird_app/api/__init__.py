"""The HTTP routes beside Reflex."""

import time
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.routing import Route

from clerk_tinybird_app import routes
from clerk_tinybird_app.api.health import health
from clerk_tinybird_app.api.rate_limit import RateLimit
from clerk_tinybird_app.api.token import ADDRESS_SHARE, tinybird_token
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.serving.loopback_only import LoopbackOnly

__all__ = ["create_api"]


def create_api(services: Services, *, monotonic: Callable[[], float] = time.monotonic) -> Starlette:
    """Return the ASGI app with ``/api`` and, when it is embedded, Clerk's Frontend API.

    Args:
        services: What it answers with.
        monotonic: Seconds that only go forward, by which requests are counted.
    """
    served = [
        Route(routes.API_TOKEN, tinybird_token),
        Route(routes.API_HEALTH, health),
    ]
    if services.embedded_clerk is not None:
        guarded = LoopbackOnly(services.embedded_clerk.app)
        served.append(Route(f"{routes.CLERK_PROXY}/{{rest:path}}", guarded))
    api = Starlette(routes=served)
    api.state.services = services
    per_minute = services.settings.tinybird_tokens_per_minute
    api.state.by_session = RateLimit(per_minute, monotonic)
    api.state.by_address = RateLimit(per_minute * ADDRESS_SHARE, monotonic)
    return api
