"""What no client can make a worker keep: frames, headers, answers that nobody reads.

And how that is refused.
"""

import asyncio
import base64
import json
import re
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from uvicorn.server import ServerState
from wsproto.events import Ping

from clerk_tinybird_app.logs.log_budget import MAX_PER_MINUTE
from clerk_tinybird_app.prebuilt.http_protocol import MAX_KEPT
from clerk_tinybird_app.prebuilt.websocket_protocol import MAX_MESSAGES, WebsocketProtocol
from clerk_tinybird_app.reflex_internals.frames import MAX_FRAME
from tests.prebuilt.serving import Serving

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + base64.b64encode(b"k" * 16) + b"\r\n\r\n"
)
_READ_AT_ONCE = 262_144
REQUEST_SECONDS = 0.5
KEEP_ALIVE_SECONDS = 1
TEXT = 0x1
FIN = 0x80
TOO_BIG = struct.pack("!H", 1009)


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("protocols")
    made = Serving(
        folder,
        UVICORN_TIMEOUT_KEEP_ALIVE=str(KEEP_ALIVE_SECONDS),
        REQUEST_SECONDS=str(REQUEST_SECONDS),
        LINES_PER_MINUTE="1000",
    ).start()
    yield made
    made.end()


@pytest.fixture
def connection(serving: Serving) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", serving.port), timeout=10) as connection:
        yield connection


@pytest.fixture
def websocket(connection: socket.socket) -> socket.socket:
    connection.sendall(UPGRADE)
    assert b" 101 " in connection.recv(4096)
    return connection


def rest(connection: socket.socket) -> bytes:
    """Return all that comes until the server closes the connection."""
    heard = b""
    while part := connection.recv(65_536):
        heard += part
    return heard


@dataclass
class Answer:
    """What a server has said at the end of a connection."""

    status: int
    headers: list[tuple[str, str]]
    error: Any

    @classmethod
    def of(cls, heard: bytes) -> "Answer":
        first, *named = (above := heard.decode().partition("\r\n\r\n"))[0].split("\r\n")
        headers = [
            (name.lower(), value) for name, _, value in (one.partition(": ") for one in named)
        ]
        return cls(int(first.split()[1]), headers, json.loads(above[2])["error"])


def count(serving: Serving, code: str) -> int:
    """Return how often the server itself has refused something with a code."""
    said = httpx.get(f"{serving.url}/metrics").text
    found = re.search(rf'app_refusals_total{{code="{code}",place="server"}} (\d+)', said)
    return int(found[1]) if found else 0


def lines(serving: Serving, code: str) -> list[Any]:
    """Return the lines of the log that have a code."""
    said = (line for line in serving.log.read_text().splitlines() if line.startswith("{"))
    return [one for one in map(json.loads, said) if one.get("code") == code]


def frame(length: int, *, is_last: bool = True, opcode: int = TEXT) -> bytes:
    """Return the head of a frame of so many bytes, with a mask that changes nothing."""
    size, kind = ("H", 126) if length < 2**16 else ("Q", 127)
    return struct.pack(f"!BB{size}4x", opcode | (FIN if is_last else 0), 0x80 | kind, length)


def test_a_frame_up_to_the_limit_reaches_the_app(websocket: socket.socket) -> None:
    websocket.sendall(frame(MAX_FRAME) + b"x" * MAX_FRAME)

    assert websocket.recv(100)[2:] == str(MAX_FRAME).encode()


def test_a_frame_over_the_limit_is_refused_while_it_comes_and_counted(
    serving: Serving, websocket: socket.socket
) -> None:
    before = count(serving, "websocket_frame")

    websocket.sendall(frame(2**30) + b"x" * (MAX_FRAME + 1))

    assert TOO_BIG in rest(websocket)
    assert count(serving, "websocket_frame") == before + 1


def test_what_is_no_frame_is_counted_and_has_the_id_of_its_handshake(serving: Serving) -> None:
    before = count(serving, "websocket_frame")
    with socket.create_connection(("127.0.0.1", serving.port), timeout=10) as connection:
        connection.sendall(UPGRADE.replace(b"Host: x", b"Host: x\r\nX-Request-ID: of-this-one"))
        assert b"\r\nx-request-id: of-this-one\r\n" in connection.recv(4096).lower()
        # A frame without a mask.
        connection.sendall(b"\x81\x01x")
        rest(connection)

    assert count(serving, "websocket_frame") == before + 1
    assert lines(serving, "websocket_frame")[-1]["request_id"] == "of-this-one"


def test_a_client_that_says_it_leaves_is_no_refusal(
    serving: Serving, websocket: socket.socket
) -> None:
    before = count(serving, "websocket_frame")
    websocket.sendall(struct.pack("!BB4xH", 0x8 | FIN, 0x82, 1009))
    rest(websocket)

    assert count(serving, "websocket_frame") == before


def test_a_frame_in_many_parts_has_the_same_limit(websocket: socket.socket) -> None:
    half = MAX_FRAME // 2
    websocket.sendall(frame(half, is_last=False) + b"x" * half)
    websocket.sendall(frame(half, is_last=False, opcode=0) + b"x" * half)
    websocket.sendall(frame(2**30, is_last=False, opcode=0) + b"x")

    assert TOO_BIG in rest(websocket)


def test_nobody_is_asked_to_compress(connection: socket.socket) -> None:
    offer = b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    connection.sendall(UPGRADE.removesuffix(b"\r\n") + offer)

    assert b"deflate" not in connection.recv(4096)


def head(size: int, line: int) -> bytes:
    """Return a request's head of exactly so many bytes, with headers of about ``line`` bytes."""
    begin, name = b"GET / HTTP/1.1\r\nHost: x\r\n", b"X: "
    left = size - len(begin) - len(b"\r\n")
    count = max(1, left // line)
    fill = [left // count] * (count - 1)
    fill.append(left - sum(fill))
    values = (b"x" * (each - len(name) - len(b"\r\n")) for each in fill)
    return begin + b"".join(name + value + b"\r\n" for value in values) + b"\r\n"


@pytest.mark.parametrize("line", [1_000, MAX_KEPT], ids=["many headers", "one header"])
@pytest.mark.parametrize("parts", [1, 3], ids=["at once", "in parts"])
@pytest.mark.parametrize(
    ("size", "status"), [(MAX_KEPT, 200), (MAX_KEPT + 40, 431), (100_000, 431)]
)
def test_complete_headers_have_exactly_the_limit(
    connection: socket.socket, line: int, parts: int, size: int, status: int
) -> None:
    sent = head(size, line)
    assert len(sent) == size

    for number in range(parts):
        connection.sendall(sent[number * size // parts : (number + 1) * size // parts])
        time.sleep(0.02 if parts > 1 else 0)

    assert connection.recv(100).startswith(b"HTTP/1.1 %d " % status)


def test_each_request_of_a_connection_has_the_limit_for_itself(connection: socket.socket) -> None:
    one = head(MAX_KEPT - 100, 1_000)
    connection.sendall(one * 3)

    heard = b""
    while heard.count(b"HTTP/1.1 200 ") < 3 and (part := connection.recv(65_536)):
        heard += part
    assert heard.count(b"HTTP/1.1 200 ") == 3


def test_an_address_counts_as_headers_do(connection: socket.socket) -> None:
    connection.sendall(b"GET /" + b"x" * MAX_KEPT + b" HTTP/1.1\r\nHost: x\r\n\r\n")

    assert b" 431 " in connection.recv(100)


def test_headers_behind_a_body_have_the_same_limit(connection: socket.socket) -> None:
    connection.sendall(
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
    )
    # What comes at once is read at once. The connection ends while the client still sends.
    with suppress(ConnectionError):
        connection.sendall(b"X: " + b"x" * (_READ_AT_ONCE + 2 * MAX_KEPT))
        assert rest(connection).startswith(b"HTTP/1.1 431 ")


def test_a_body_of_any_length_is_no_header(connection: socket.socket) -> None:
    body = b"x" * (5 * MAX_KEPT)
    head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)

    assert connection.recv(100).startswith(b"HTTP/1.1 200 ")


def test_empty_lines_do_not_keep_a_connection(connection: socket.socket) -> None:
    connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b" 200 " in connection.recv(4096)
    connection.sendall(b"\r\n")

    assert b" 200 " not in rest(connection)


_LINE = b"X: " + b"x" * 997
_MASSES = MAX_KEPT // 1_000 + 1
_GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
REFUSED = {
    "one header without an end": (_GET + b"X: 1" + _LINE * _MASSES, 431, "headers_too_large"),
    "headers without an end": (_GET + (_LINE + b"\r\n") * _MASSES, 431, "headers_too_large"),
    "complete headers": (head(100_000, 1_000), 431, "headers_too_large"),
    "no HTTP": (b"\x16\x03\x01 hello\r\n\r\n", 400, "request_malformed"),
    "no address": (b"GET http://x:99999999/ HTTP/1.1\r\n\r\n", 400, "request_malformed"),
    "headers that do not come": (_GET + b"X:", 408, "request_too_slow"),
    "a body that does not come": (
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx", 408, "request_too_slow",
    ),
    "another websocket version": (UPGRADE.replace(b"13", b"12"), 426, "websocket_handshake"),
    "a handshake without a host": (
        UPGRADE.replace(b"Host: x\r\n", b""), 400, "websocket_handshake",
    ),
    "a handshake of other characters": (
        UPGRADE.removesuffix(b"\r\n") + b"Sec-WebSocket-Protocol: \xff\r\n\r\n", 400,
        "websocket_handshake",
    ),
    "a handshake that the app closes": (
        UPGRADE.replace(b"GET / ", b"GET /closed "), 403, "websocket_handshake",
    ),
}  # fmt: skip


def test_a_websocket_on_a_connection_that_had_a_request_before_stays_open(
    connection: socket.socket,
) -> None:
    connection.sendall(_GET + b"\r\n")
    assert b" 200 " in connection.recv(4096)
    connection.sendall(UPGRADE)
    heard = b""
    while b" 101 " not in heard:
        heard += connection.recv(4096)

    connection.settimeout(2 * KEEP_ALIVE_SECONDS)
    with pytest.raises(TimeoutError):
        connection.recv(1)


@pytest.mark.parametrize(("sent", "status", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_what_the_server_refuses_is_answered_counted_and_logged_as_the_app_does(
    serving: Serving, connection: socket.socket, sent: bytes, status: int, code: str
) -> None:
    before, told = count(serving, code), len(lines(serving, code))
    connection.sendall(sent)

    answer = Answer.of(rest(connection))

    assert (answer.status, answer.error["code"]) == (status, code)
    assert answer.error["message"]
    headers = dict(answer.headers)
    assert len(headers) == len(answer.headers)
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["content-type"] == "application/json"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers
    assert count(serving, code) == before + 1
    [line] = lines(serving, code)[told:]
    assert line["request_id"] == headers["x-request-id"]
    assert line["place"] == "server"
    assert not serving.has_said("uvicorn.error")
    assert not serving.has_said("Traceback")


def test_a_refusal_has_the_id_that_the_request_has_brought(connection: socket.socket) -> None:
    connection.sendall(_GET + b"X-Request-ID: its-own\r\nX: " + b"x" * MAX_KEPT)

    assert dict(Answer.of(rest(connection)).headers)["x-request-id"] == "its-own"


def test_an_answer_is_never_taken_for_that_to_another_request(connection: socket.socket) -> None:
    """What is no HTTP comes behind a request that is not answered yet."""
    connection.sendall(_GET + b"\r\n" + b"\x16\x03\x01 hello\r\n\r\n")

    assert b"request_malformed" not in rest(connection)


def test_a_request_after_another_has_the_same_time(connection: socket.socket) -> None:
    connection.sendall(_GET + b"\r\n")
    assert b" 200 " in connection.recv(4096)
    connection.sendall(_GET + b"X:")

    assert b"HTTP/1.1 408 " in rest(connection)


def test_a_connection_without_a_request_ends_without_a_word(
    serving: Serving, connection: socket.socket
) -> None:
    """Browsers open some before they know what to ask for."""
    before = count(serving, "request_too_slow")

    assert rest(connection) == b""
    assert count(serving, "request_too_slow") == before


def test_masses_have_few_lines_and_are_all_counted(tmp_path: Path) -> None:
    serving = Serving(tmp_path).start()
    try:
        for _ in range(50):
            with socket.create_connection(("127.0.0.1", serving.port)) as connection:
                connection.sendall(b"no HTTP\r\n\r\n")
                rest(connection)
        assert count(serving, "request_malformed") == 50
        assert len(lines(serving, "request_malformed")) == MAX_PER_MINUTE
        assert not serving.has_said("uvicorn.error")
    finally:
        serving.end()


def test_a_connection_over_the_limit_is_answered_as_errors_are(tmp_path: Path) -> None:
    serving = Serving(tmp_path, UVICORN_LIMIT_CONCURRENCY="2").start()
    try:
        with socket.create_connection(("127.0.0.1", serving.port)):
            answer = httpx.get(serving.url)
        refused = count(serving, "too_many_connections")
    finally:
        serving.end()

    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert answer.json()["error"]["code"] == "too_many_connections"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert refused == 1
    [line] = lines(serving, "too_many_connections")
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert not serving.has_said("uvicorn.error")


def test_a_websocket_may_stay_longer_than_a_request(websocket: socket.socket) -> None:
    websocket.settimeout(3 * REQUEST_SECONDS)
    with pytest.raises(TimeoutError):
        websocket.recv(1)


@pytest.mark.parametrize("opcode", [0x1, 0x9, 0xA], ids=["parts", "pings", "pongs"])
def test_a_websocket_with_more_messages_than_any_page_sends_is_closed_and_counted(
    serving: Serving, websocket: socket.socket, opcode: int
) -> None:
    before = count(serving, "websocket_flood")
    # Empty parts of a message that never ends, or control frames.
    first = struct.pack("!BB4x", opcode if opcode == TEXT else opcode | FIN, 0x80)
    next_one = struct.pack("!BB4x", 0 if opcode == TEXT else opcode | FIN, 0x80)

    with suppress(ConnectionError):
        websocket.sendall(first + next_one * 3 * MAX_MESSAGES)
        rest(websocket)
    assert count(serving, "websocket_flood") == before + 1
    assert "more than 200 messages" in lines(serving, "websocket_flood")[-1]["message"]


def test_messages_below_that_limit_are_taken(websocket: socket.socket) -> None:
    count = MAX_MESSAGES // 2
    websocket.sendall(struct.pack("!BB4xc", TEXT | FIN, 0x81, b"x") * count)

    heard = b""
    while len(heard) < 3 * count and (part := websocket.recv(65_536)):
        heard += part
    assert heard == b"\x81\x011" * count


class Transport:
    """Takes what is written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)


@pytest.mark.anyio
async def test_pings_of_a_client_that_reads_nothing_are_not_answered() -> None:
    config = uvicorn.Config(lambda: None, log_config=None)
    config.loaded, config.interface = True, "asgi3"
    config.loaded_app = None
    protocol = WebsocketProtocol(config, ServerState(), {}, asyncio.get_running_loop())
    protocol.transport = transport = Transport()  # type: ignore[assignment]
    protocol.conn = type("Connection", (), {"send": lambda _, event: bytes(event.payload)})()

    protocol.handle_ping(Ping(b"one"))
    protocol.pause_writing()
    protocol.handle_ping(Ping(b"two"))
    protocol.resume_writing()
    protocol.handle_ping(Ping(b"three"))

    assert transport.written == [b"one", b"three"]
