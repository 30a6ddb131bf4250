"""The HTTP app beside Reflex: its routes, and ``GET /api/health``, which says that it lives."""

import time
from collections.abc import Callable
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from clerk_tinybird_app import __version__, routes
from clerk_tinybird_app.api.errors import method_not_allowed, not_found
from clerk_tinybird_app.api.metrics import metrics
from clerk_tinybird_app.api.rate_limit import RateLimit
from clerk_tinybird_app.api.ready import Readiness, ready
from clerk_tinybird_app.api.shared_rate_limit import SharedRateLimit
from clerk_tinybird_app.api.tinybird_token import ADDRESS_SHARE, tinybird_token
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.serving.errors import NO_STORE
from clerk_tinybird_app.serving.loopback_only import LoopbackOnly

_OTHER_METHODS: Final = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_ALL_METHODS: Final = ("GET", *_OTHER_METHODS)


async def health(request: Request) -> JSONResponse:
    """Answer 200 ``{status, version, clerk, tinybird}``; the services are "local" or "real"."""
    services: Services = request.app.state.services
    settings = services.settings
    body = {
        "status": "ok",
        "version": __version__,
        "clerk": "local" if settings.is_clerk_local else "real",
        "tinybird": "local" if settings.is_tinybird_local else "real",
    }
    return JSONResponse(body, headers=NO_STORE)


def create_api(services: Services, *, monotonic: Callable[[], float] = time.monotonic) -> Starlette:
    """Return the ASGI app with ``/api`` and, when it is embedded, Clerk's Frontend API.

    Args:
        services: What it answers with.
        monotonic: Seconds of a clock that nobody can set; the rate limits use it.
    """
    answered = {
        routes.API_TOKEN: tinybird_token,
        routes.API_HEALTH: health,
        routes.API_READY: ready,
        routes.API_METRICS: metrics,
    }
    served = [Route(path, answer) for path, answer in answered.items()]
    # Each for its other methods too. Without these, Reflex's pages would answer.
    served += [Route(path, method_not_allowed, methods=_OTHER_METHODS) for path in answered]
    for path in (routes.API, f"{routes.API}/{{rest:path}}"):
        served.append(Route(path, not_found, methods=_ALL_METHODS))
    if services.embedded_clerk is not None:
        guarded = LoopbackOnly(services.embedded_clerk.app)
        served.append(Route(f"{routes.CLERK_PROXY}/{{rest:path}}", guarded))
    api = Starlette(routes=served)
    api.state.services = services
    api.state.readiness = Readiness.of(services, monotonic)
    per_minute = services.settings.tinybird_tokens_per_minute
    api.state.by_session, api.state.by_address = (
        SharedRateLimit(name, RateLimit(most, monotonic), services.redis)
        for name, most in (("session", per_minute), ("address", per_minute * ADDRESS_SHARE))
    )
    return api
