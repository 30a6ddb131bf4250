"""The one form of every error under ``/api``: ``{error: {code, message}}``."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse

from clerk_tinybird_app.telemetry import refusals

NO_STORE: Final = {"Cache-Control": "no-store"}


def error(status: int, code: str, message: str, headers: Mapping[str, str]) -> JSONResponse:
    """Return an error's answer."""
    body = {"error": {"code": code, "message": message}}
    return JSONResponse(body, status_code=status, headers={**NO_STORE, **headers})


async def not_found(_request: Request) -> JSONResponse:
    """Answer for a path below ``/api`` where nothing is."""
    message = "There is nothing at this address; README.md lists what there is."
    return error(HTTPStatus.NOT_FOUND, refusals.NOT_FOUND, message, {})


async def method_not_allowed(_request: Request) -> JSONResponse:
    """Answer for a method that an address does not know."""
    message = "This address only answers GET."
    status = HTTPStatus.METHOD_NOT_ALLOWED
    return error(status, refusals.METHOD_NOT_ALLOWED, message, {"Allow": "GET, HEAD"})
