"""The HTTP routes beside Reflex."""

from starlette.applications import Starlette
from starlette.routing import Route

from clerk_tinybird_app.api.health import health
from clerk_tinybird_app.api.token import tinybird_token
from clerk_tinybird_app.loopback import LoopbackOnly
from clerk_tinybird_app.services import Services

__all__ = ["create_api"]


def create_api(services: Services) -> Starlette:
    """Return the ASGI app with ``/api`` and, when it is embedded, Clerk's Frontend API."""
    routes = [
        Route("/api/tinybird-token", tinybird_token),
        Route("/api/health", health),
    ]
    if services.embedded_clerk is not None:
        routes.append(Route("/__clerk/{rest:path}", LoopbackOnly(services.embedded_clerk.app)))
    api = Starlette(routes=routes)
    api.state.services = services
    return api
