"""The HTTP routes beside Reflex."""

from starlette.applications import Starlette
from starlette.routing import Route

from clerk_tinybird_app import routes
from clerk_tinybird_app.api.health import health
from clerk_tinybird_app.api.token import tinybird_token
from clerk_tinybird_app.loopback_only import LoopbackOnly
from clerk_tinybird_app.services import Services

__all__ = ["create_api"]


def create_api(services: Services) -> Starlette:
    """Return the ASGI app with ``/api`` and, when it is embedded, Clerk's Frontend API."""
    served = [
        Route(routes.API_TOKEN, tinybird_token),
        Route(routes.API_HEALTH, health),
    ]
    if services.embedded_clerk is not None:
        guarded = LoopbackOnly(services.embedded_clerk.app)
        served.append(Route(f"{routes.CLERK_PROXY}/{{rest:path}}", guarded))
    api = Starlette(routes=served)
    api.state.services = services
    return api
