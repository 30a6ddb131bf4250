"""The one form of every error that is no page: ``{error: {code, message}}``."""

from collections.abc import Mapping
from typing import Final

from starlette.responses import JSONResponse

NO_STORE: Final = {"Cache-Control": "no-store"}


def error(status: int, code: str, message: str, headers: Mapping[str, str]) -> JSONResponse:
    """Return an error's answer."""
    body = {"error": {"code": code, "message": message}}
    return JSONResponse(body, status_code=status, headers={**NO_STORE, **headers})
