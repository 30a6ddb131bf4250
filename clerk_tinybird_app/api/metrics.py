"""``GET /api/metrics``: the numbers for Prometheus, for its token or for this machine alone."""

import asyncio
import hmac
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from clerk_tinybird_app.services import Services
from clerk_tinybird_app.serving.errors import NO_STORE, error
from clerk_tinybird_app.serving.loopback_only import is_loopback_request
from clerk_tinybird_app.telemetry import metrics as telemetry
from clerk_tinybird_app.telemetry import refusals

_BEARER: Final = "bearer "


async def metrics(request: Request) -> Response:
    """Answer with all metrics.

    With ``METRICS_TOKEN`` the request must carry it as ``Authorization: Bearer``; without, it must
    come from this machine, through no proxy. All others get 401 or 403.
    """
    services: Services = request.app.state.services
    if token := services.settings.metrics_token:
        if not _carries(request, token):
            refusals.refused(refusals.METRICS, refusals.NO_METRICS)
            message = "Send METRICS_TOKEN as 'Authorization: Bearer TOKEN'."
            hint = {"WWW-Authenticate": "Bearer"}
            return error(HTTPStatus.UNAUTHORIZED, refusals.NO_METRICS, message, hint)
    elif not is_loopback_request(request.scope):
        refusals.refused(refusals.METRICS, refusals.NO_METRICS)
        message = "Without METRICS_TOKEN the metrics are for this machine alone."
        return error(HTTPStatus.FORBIDDEN, refusals.NO_METRICS, message, {})
    # In a thread, because the files of many workers take a while.
    body = await asyncio.to_thread(telemetry.exposition)
    return Response(body, headers={**NO_STORE, "Content-Type": telemetry.CONTENT_TYPE})


def _carries(request: Request, token: str) -> bool:
    given = request.headers.getlist("authorization")
    if len(given) != 1 or not given[0].lower().startswith(_BEARER):
        return False
    return hmac.compare_digest(given[0][len(_BEARER) :].encode(), token.encode())
