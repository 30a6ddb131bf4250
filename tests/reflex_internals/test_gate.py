"""The gate in front of Reflex's websocket."""

import asyncio
import json
import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from clerk_tinybird_app.logs.reminders import DAY
from clerk_tinybird_app.reflex_internals import connections
from clerk_tinybird_app.reflex_internals.connections import (
    MAX_UNPROVED_PER_ADDRESS,
    Connections,
    connection_of,
)
from clerk_tinybird_app.reflex_internals.frames import FrameCheck
from clerk_tinybird_app.reflex_internals.gate import (
    MAX_HANDSHAKE,
    MAX_REFUSED,
    MAX_TOLD,
    Refusals,
    WebsocketGate,
)
from tests.clock import Clock
from tests.reflex_internals.frames import NAMESPACE, connect, event, message

pytestmark = pytest.mark.anyio


def named_problem(name: str, _payload: Mapping[str, Any]) -> str | None:
    """Refuse every event, as a hostile name would have it."""
    return f"no handler {name}"


TOKEN = b"token=0b5c7a52-3a0b-4c4e-9c3e-1f0d3a6f8f11"
PING = message("ping")


class Behind:
    """The app behind the gate, which records what passes."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []
        self.received: list[Message] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        while (received := await receive())["type"] != "websocket.disconnect":
            self.received.append(received)
        self.received.append(received)

    @property
    def frames(self) -> list[str]:
        return [one["text"] for one in self.received if one["type"] == "websocket.receive"]


@pytest.fixture
def behind() -> Behind:
    return Behind()


@pytest.fixture
def refusals() -> Refusals:
    return Refusals()


@pytest.fixture
def gate(behind: Behind, refusals: Refusals) -> WebsocketGate:
    return WebsocketGate(
        behind,
        connections=Connections(),
        new_check=lambda: FrameCheck(NAMESPACE, named_problem),
        refusals=refusals,
    )


async def test_text_that_is_no_utf_8_reaches_the_page_nearly_as_it_is(refusals: Refusals) -> None:
    """It would end the websocket, and the page would connect for ever anew."""

    async def behind(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        for text in ('42["/a \ud800 b"]', '42["ä 😀"]', "2"):
            await send({"type": "websocket.send", "text": text})

    gate = WebsocketGate(
        behind,
        connections=Connections(),
        new_check=lambda: FrameCheck(NAMESPACE, named_problem),
        refusals=refusals,
    )

    texts = [message.get("text") for message in await serve(gate)]
    assert texts == [None, '42["/a ? b"]', '42["ä 😀"]', "2"]


async def serve(
    gate: WebsocketGate,
    frames: Iterable[str | bytes] = (),
    *,
    query: bytes = TOKEN,
    headers: Iterable[tuple[bytes, bytes]] = (),
    **more: Any,
) -> list[Message]:
    """Open a websocket, send ``frames`` and leave; return what the server sent."""
    sent: list[Message] = []
    events: list[Message] = [
        {"type": "websocket.connect"},
        *(
            {"type": "websocket.receive", "text" if isinstance(one, str) else "bytes": one}
            for one in frames
        ),
        {"type": "websocket.disconnect", "code": 1001},
    ]
    coming = iter(events)

    async def receive() -> Message:
        return next(coming)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "websocket",
        "client": ("8.8.8.8", 5),
        "query_string": query,
        "headers": list(headers),
    } | more
    await gate(scope, receive, send)
    return sent


async def test_what_a_page_sends_passes(gate: WebsocketGate, behind: Behind) -> None:
    await serve(gate, [connect(), PING])

    assert behind.frames == [connect(), '42/_event,["ping"]']
    assert connection_of(behind.scopes[0]) is not None


async def test_what_no_page_sends_is_left_out_and_counted(
    gate: WebsocketGate, behind: Behind, refusals: Refusals
) -> None:
    await serve(gate, [connect(), "", b"\x04x", "42/_event,[", PING])

    assert behind.frames == [connect(), '42/_event,["ping"]']
    assert refusals.counted == {"frame": 3}


async def test_a_websocket_whose_first_packet_is_refused_is_closed_and_not_left_waiting(
    gate: WebsocketGate, behind: Behind, refusals: Refusals
) -> None:
    await serve(gate, ["40/elsewhere,", connect(), PING])

    assert behind.frames == []
    assert behind.received[-1] == {"type": "websocket.disconnect", "code": 1008}
    assert refusals.counted == {"frame": 1}


async def test_a_websocket_that_goes_on_like_that_is_closed(
    gate: WebsocketGate, behind: Behind, refusals: Refusals
) -> None:
    await serve(gate, [connect(), *["x"] * 1_000, PING])

    assert behind.frames == [connect()]
    assert behind.received[-1] == {"type": "websocket.disconnect", "code": 1008}
    assert refusals.counted == {"frame": MAX_REFUSED}


@pytest.mark.parametrize("frame", ["x" * 70_000, b"x" * 70_000], ids=["text", "bytes"])
async def test_a_websocket_is_closed_at_its_first_frame_beyond_measure(
    gate: WebsocketGate, behind: Behind, refusals: Refusals, frame: str | bytes
) -> None:
    await serve(gate, [connect(), frame, PING])

    assert behind.frames == [connect()]
    assert refusals.counted == {"frame": 1}


@pytest.mark.parametrize(
    "query",
    [b"", b"token=", b"token=a&token=b", b"token=" + b"a" * 65, b"token=%0aforged", b"token=%ff"],
)
async def test_no_websocket_is_open_without_a_pages_client_token(
    gate: WebsocketGate, behind: Behind, query: bytes
) -> None:
    sent = await serve(gate, [connect()], query=query)

    assert [one["type"] for one in sent] == ["websocket.close"]
    assert behind.scopes == []


async def test_a_handshake_has_bounds(gate: WebsocketGate, behind: Behind) -> None:
    sent = await serve(gate, headers=[(b"cookie", b"x" * MAX_HANDSHAKE)])

    assert [one["type"] for one in sent] == ["websocket.close"]
    assert behind.scopes == []


async def test_pages_at_another_origin_are_refused_and_told_once_a_day_with_what_to_do(
    behind: Behind, caplog: pytest.LogCaptureFixture, clock: Clock
) -> None:
    refusals = Refusals(clock)
    gate = WebsocketGate(
        behind,
        connections=Connections(),
        new_check=lambda: FrameCheck(NAMESPACE, named_problem),
        refusals=refusals,
        origins=("https://app.example.com",),
    )

    for origin in [b"http://app.example.com"] * 3 + [b"https://app.example.com"]:
        await serve(gate, headers=[(b"origin", origin)])
    assert len(behind.scopes) == 1
    assert refusals.counted == {"origin": 3}
    assert [record.getMessage() for record in caplog.records] == [
        "Refused websockets: pages were opened at http://app.example.com, where they get no data: "
        "their address is https://app.example.com. Redirect http to https, as deploy/nginx.conf "
        "does."
    ]
    for number in range(99):
        await serve(gate, headers=[(b"origin", b"https://%d.example" % number)])
    assert len(caplog.records) == MAX_TOLD
    clock.advance(DAY)
    await serve(gate, headers=[(b"origin", b"http://app.example.com")])
    assert caplog.messages[MAX_TOLD:] == caplog.messages[:1], "it is news again"


async def test_a_websocket_without_a_place_is_turned_away(
    behind: Behind, refusals: Refusals
) -> None:
    places_for = Connections()
    places = [places_for.open("8.8.8.8", object) for _ in range(MAX_UNPROVED_PER_ADDRESS)]
    gate = WebsocketGate(
        behind,
        connections=places_for,
        new_check=lambda: FrameCheck(NAMESPACE, named_problem),
        refusals=refusals,
    )

    assert [one["type"] for one in await serve(gate)] == ["websocket.close"]
    assert refusals.counted == {"place": 1}

    assert places[0]
    places_for.leave(places[0])
    await serve(gate)
    # Its place is free again when it has closed.
    await serve(gate)
    assert len(behind.scopes) == 2


@pytest.mark.parametrize("is_busy", [False, True], ids=["waiting", "busy"])
async def test_the_oldest_websocket_ends_when_it_has_to_make_way(
    refusals: Refusals, monkeypatch: pytest.MonkeyPatch, is_busy: bool
) -> None:
    monkeypatch.setattr(connections, "MAX_UNPROVED", 1)
    monkeypatch.setattr(connections, "PROVING_SECONDS", 0)
    served: list[Message] = []

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        if is_busy:
            # As Socket.IO does while it handles a frame.
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
        served.append(await receive())

    async def receive() -> Message:
        await asyncio.sleep(60)
        raise AssertionError

    async def send(_message: Message) -> None: ...

    gate = WebsocketGate(
        app,
        connections=Connections(),
        new_check=lambda: FrameCheck(NAMESPACE, named_problem),
        refusals=refusals,
    )
    scope = {"type": "websocket", "query_string": TOKEN, "headers": []}
    oldest = asyncio.create_task(gate(scope, receive, send))
    await asyncio.sleep(0)
    newest = asyncio.create_task(gate(scope, receive, send))

    await asyncio.wait([oldest], timeout=5)
    assert oldest.done()
    assert not newest.done()
    assert served == ([{"type": "websocket.disconnect", "code": 1008}] if is_busy else [])
    newest.cancel()


async def test_no_error_gets_past_the_gate(
    refusals: Refusals, caplog: pytest.LogCaptureFixture
) -> None:
    async def failing(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ValueError("boom\nforged")

    gate = WebsocketGate(
        failing,
        connections=Connections(),
        new_check=lambda: FrameCheck(NAMESPACE, named_problem),
        refusals=refusals,
    )
    await serve(gate)

    assert refusals.counted == {"error": 1}
    assert "ValueError: boom\\nforged" in caplog.records[0].getMessage()
    assert caplog.records[0].exc_info is None


async def test_refusals_are_logged_within_the_minutes_share(
    gate: WebsocketGate, refusals: Refusals, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(10):
        await serve(gate, [connect(), *[event("\u2028forged" * 99)] * MAX_REFUSED])

    assert refusals.counted["frame"] == 10 * MAX_REFUSED
    assert 0 < len(caplog.records) <= 20
    assert all(record.levelno == logging.WARNING for record in caplog.records)
    assert all(record.getMessage().isprintable() for record in caplog.records)
    assert max(len(record.getMessage()) for record in caplog.records) < 500


async def test_http_passes_as_it_is(refusals: Refusals) -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope)

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(_message: Message) -> None: ...

    gate = WebsocketGate(
        app,
        connections=Connections(),
        new_check=lambda: FrameCheck(NAMESPACE, named_problem),
        refusals=refusals,
    )
    scope = {"type": "http", "path": "/", "headers": [], "query_string": b""}
    await gate(scope, receive, send)

    assert seen == [scope]


async def test_what_is_refused_is_answered_with_its_code_where_the_server_can(
    behind: Behind,
) -> None:
    full = Connections()
    for _ in range(MAX_UNPROVED_PER_ADDRESS):
        full.open("8.8.8.8", object)
    gate = WebsocketGate(
        behind,
        connections=full,
        new_check=lambda: FrameCheck(NAMESPACE, named_problem),
        refusals=Refusals(),
        origins=("https://app.example.com",),
    )
    answers: Mapping[str, Any] = {"extensions": {"websocket.http.response": {}}}
    elsewhere = [(b"origin", b"https://evil.example")]

    for code, sent in {
        "websocket_handshake": await serve(gate, query=b"", **answers),
        "websocket_origin": await serve(gate, headers=elsewhere, **answers),
        "websocket_place": await serve(gate, **answers),
    }.items():
        start, body = sent
        assert (start["type"], start["status"]) == ("websocket.http.response.start", 403)
        assert body["type"] == "websocket.http.response.body"
        refused = json.loads(body["body"])["error"]
        assert refused["code"] == code
        assert refused["message"]
    assert behind.scopes == []


async def test_more_than_an_address_may_send_waits_and_is_counted(
    behind: Behind, refusals: Refusals, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(connections, "ADDRESS_AT_ONCE", 3)
    monkeypatch.setattr(connections, "ADDRESS_PER_SECOND", 10)
    gate = WebsocketGate(
        behind,
        connections=Connections(Clock(0)),
        new_check=lambda: FrameCheck(NAMESPACE, named_problem),
        refusals=refusals,
    )

    await serve(gate, [connect(), *[PING] * 4])

    assert waited == [0.1, 0.2]
    assert refusals.counted == {"events": 2}
    assert len(behind.frames) == 5
