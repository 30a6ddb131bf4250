"""The answers below ``/api`` where nothing is, or where another method is asked for."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse

from clerk_tinybird_app.serving.errors import error
from clerk_tinybird_app.telemetry import refusals


async def not_found(_request: Request) -> JSONResponse:
    """Answer for a path below ``/api`` where nothing is."""
    message = "There is nothing at this address; README.md lists what there is."
    return error(HTTPStatus.NOT_FOUND, refusals.NOT_FOUND, message, {})


async def method_not_allowed(_request: Request) -> JSONResponse:
    """Answer for a method that an address does not know."""
    message = "This address only answers GET."
    status = HTTPStatus.METHOD_NOT_ALLOWED
    return error(status, refusals.METHOD_NOT_ALLOWED, message, {"Allow": "GET, HEAD"})
