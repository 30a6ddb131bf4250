"""Each request has an id and is measured; the access log has a line for it, within a budget."""

import asyncio
import logging
from collections.abc import Iterator

import pytest
from starlette.types import Message, Receive, Scope, Send

from clerk_tinybird_app.logs import context
from clerk_tinybird_app.serving.requests import LINES_PER_MINUTE, RequestLog
from clerk_tinybird_app.telemetry.metrics import REGISTRY
from tests.clock import Clock

pytestmark = pytest.mark.anyio
SECRET = "sk_live_abcdefghijklmnop"


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the id that is known while it answers, after others had their turn."""
    await asyncio.sleep(0)
    body = context.ids()["request_id"].encode()
    status = scope.get("status", 200)
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def _answer(
    log: RequestLog, path: str = "/", *ids: bytes, status: int = 200, query: bytes = b""
) -> tuple[str, str]:
    """Return the id in the answer's header, and the one that the app knew."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    headers = [(b"x-request-id", each) for each in ids]
    scope = {"type": "http", "method": "GET", "path": path, "headers": headers, "status": status}
    scope["client"] = ("203.0.113.7", 5)
    await log({**scope, "query_string": query}, receive, send)
    return dict(sent[0]["headers"])[b"x-request-id"].decode(), sent[1]["body"].decode()


@pytest.fixture
def log() -> RequestLog:
    return RequestLog(_app, is_on=True)


@pytest.fixture(autouse=True)
def all_levels(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "clerk_tinybird_app")


async def test_a_short_and_plain_id_is_taken(log: RequestLog) -> None:
    assert await _answer(log, "/", b"0af7651916cd43dd-8448") == ("0af7651916cd43dd-8448",) * 2


@pytest.mark.parametrize(
    "given",
    [
        (),
        (b"",),
        (b"a" * 65,),
        (b"a\nb",),
        (b"a b",),
        ("é".encode(),),
        (b"<script>",),
        (b"one", b"two"),
        (SECRET.encode(),),
        (b"eyJhbGciOiJSUzI1NiIsImtpZCI6",),
    ],
    ids=repr,
)
async def test_any_other_id_is_replaced(log: RequestLog, given: tuple[bytes, ...]) -> None:
    answered, known = await _answer(log, "/", *given)

    assert answered == known
    assert answered.encode() not in given
    assert len(answered) == 32


async def test_requests_at_the_same_time_keep_their_ids_apart(log: RequestLog) -> None:
    ids = [f"request-{number}" for number in range(20)]

    answers = await asyncio.gather(*(_answer(log, "/", each.encode()) for each in ids))

    assert answers == [(each, each) for each in ids]


async def test_a_line_has_path_status_and_time_and_never_the_query(
    log: RequestLog, caplog: pytest.LogCaptureFixture
) -> None:
    await _answer(log, "/sign-in", query=b"token=" + SECRET.encode())

    (record,) = caplog.records
    assert record.getMessage().startswith("GET /sign-in 200 in ")
    assert (
        vars(record).items()
        >= {
            "client": "203.0.113.7",
            "method": "GET",
            "path": "/sign-in",
            "status": 200,
        }.items()
    )
    assert SECRET not in str(vars(record))


@pytest.mark.parametrize("path", ["/api/ready", "/api/health", "/api/metrics", "/assets/a.js"])
async def test_what_machines_ask_all_the_time_is_logged_only_when_it_fails(
    log: RequestLog, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    await _answer(log, path)
    assert caplog.records == []

    await _answer(log, path, status=503)
    assert len(caplog.records) == 1


async def test_without_an_access_log_there_are_still_ids_and_counts(
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = _requests("page", "200")

    answered, _ = await _answer(RequestLog(_app, is_on=False), "/anything/at/all")

    assert answered
    assert caplog.records == []
    assert _requests("page", "200") == before + 1


async def test_nobody_can_fill_the_log_with_requests(
    caplog: pytest.LogCaptureFixture, clock: Clock
) -> None:
    log = RequestLog(_app, is_on=True, clock=clock)
    for _ in range(LINES_PER_MINUTE + 50):
        await _answer(log, "/" + "x" * 10_000)
    assert len(caplog.records) == LINES_PER_MINUTE
    assert max(len(record.getMessage()) for record in caplog.records) < 300

    clock.advance(61)
    await _answer(log)
    assert "(50 more were not logged)" in caplog.records[-1].getMessage()


@pytest.mark.parametrize("accepts", [True, False])
async def test_a_websocket_is_logged_when_it_opens_and_when_it_closes(
    caplog: pytest.LogCaptureFixture, accepts: bool
) -> None:
    opened: list[float | None] = []

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept" if accepts else "websocket.close"})
        opened.append(REGISTRY.get_sample_value("app_websockets_open"))
        await receive()

    coming: Iterator[Message] = iter(
        [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1001}]
    )

    async def receive() -> Message:
        return next(coming)

    async def send(_message: Message) -> None: ...

    before = REGISTRY.get_sample_value("app_websockets_open") or 0
    scope = {"type": "websocket", "path": "/_event/", "headers": [], "query_string": b"token=x"}
    await RequestLog(app, is_on=True)(scope, receive, send)

    said = [record.getMessage().partition(" in ")[0] for record in caplog.records]
    if accepts:
        assert said == ["WEBSOCKET /_event/ opened 101", "WEBSOCKET /_event/ closed 1001"]
    else:
        assert said == ["WEBSOCKET /_event/ refused 1001"]
    assert opened == [before + accepts]
    assert REGISTRY.get_sample_value("app_websockets_open") == before


def _requests(route: str, status: str) -> float:
    labels = {"route": route, "status": status}
    return REGISTRY.get_sample_value("app_http_requests_total", labels) or 0
