"""``GET /api/health``: which services are in use, for people and load balancers."""

from starlette.requests import Request
from starlette.responses import JSONResponse

from clerk_tinybird_app import __version__
from clerk_tinybird_app.services import Services

_NO_STORE = {"Cache-Control": "no-store"}


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
    return JSONResponse(body, headers=_NO_STORE)
