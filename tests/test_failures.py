"""When the app fails, its visitors get an answer without a stack, and the log gets the place."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clerk_tinybird_app.logs.context import in_request
from clerk_tinybird_app.serving.content_security import Inline
from clerk_tinybird_app.serving.failures import Failures

pytestmark = pytest.mark.anyio


async def _fail(_request: Request) -> Response:
    raise LookupError("a secret of ours")


async def _plain(_request: Request) -> Response:
    return PlainTextResponse("said by the app", status_code=500)


async def _answer(path: str, app: ASGIApp | None = None) -> httpx.Response:
    # As Reflex's own: its server answers with a plain text, and raises again.
    inner = app or Starlette(routes=[Route("/plain", _plain), Route("/{rest:path}", _fail)])
    transport = httpx.ASGITransport(Failures(inner))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        with in_request("request-1"):
            return await client.get(path)


async def test_people_get_a_page_with_the_requests_number_and_no_stack(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = await _answer("/dashboard")

    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith("text/html")
    assert "Something went wrong" in answer.text
    assert "request-1" in answer.text
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    (record,) = caplog.records
    assert "test_failures.py:" in record.getMessage()
    assert "_fail: LookupError: a secret of ours" in record.getMessage()
    assert record.exc_info is None


async def test_the_page_runs_no_script_and_has_no_style_of_its_own() -> None:
    inline = Inline.of([(await _answer("/dashboard")).text])

    assert inline == Inline()


async def test_programs_get_json() -> None:
    answer = await _answer("/api/anything")

    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "request_failed"
    assert "secret" not in answer.text


async def test_an_answer_that_only_says_500_stays_as_it_is() -> None:
    answer = await _answer("/plain")

    assert (answer.status_code, answer.text) == (500, "said by the app")


async def test_an_answer_that_fails_half_sent_ends() -> None:
    async def half(_scope: Scope, _receive: Receive, send: Send) -> None:
        start: Message = {"type": "http.response.start", "status": 200, "headers": []}
        await send(start)
        raise LookupError

    with pytest.raises(LookupError):
        await _answer("/", half)
