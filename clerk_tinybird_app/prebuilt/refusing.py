"""How the server itself refuses what never reaches the app: as the app does.

Each refusal is counted, has its line within the budget, and is answered where an answer is due: in
the documented form, with the headers of every answer and the id that is in the line.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from starlette.responses import JSONResponse

from clerk_tinybird_app.logs.context import in_request
from clerk_tinybird_app.serving.content_security import FOR_OTHER_ANSWERS
from clerk_tinybird_app.serving.errors import error
from clerk_tinybird_app.serving.requests import REQUEST_ID
from clerk_tinybird_app.serving.security_headers import COMMON
from clerk_tinybird_app.telemetry import refusals

ALWAYS: Final[Mapping[str, str]] = COMMON | {
    "Content-Security-Policy": FOR_OTHER_ANSWERS,
    "Connection": "close",
}
"""The headers of each such answer."""

_BY_UVICORN: Final = frozenset({"Invalid HTTP request received.", "Exceeded concurrency limit."})


def refuse(status: int, code: str, text: str, request_id: str) -> JSONResponse:
    """Count and log a refusal, and return its answer."""
    note(code, text, request_id)
    return error(status, code, text, {**ALWAYS, REQUEST_ID: request_id})


def note(code: str, text: str, request_id: str) -> None:
    """Count and log a refusal that nobody is told of."""
    with in_request(request_id):
        refusals.refused(refusals.SERVER, code, text)


def on_the_wire(answer: JSONResponse) -> bytes:
    """Return a whole answer as HTTP/1.1 has it."""
    status = HTTPStatus(answer.status_code)
    lines = [b"HTTP/1.1 %d %s" % (status, status.phrase.encode())]
    lines += [b"%s: %s" % header for header in answer.raw_headers]
    return b"\r\n".join([*lines, b"", bytes(answer.body)])


class SaidHere(logging.Filter):
    """Leaves out uvicorn's own lines of what has a line with a code here."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether ``record`` is about something else."""
        return record.msg not in _BY_UVICORN
