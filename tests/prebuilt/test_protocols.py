"""What no client can make a worker keep: frames, headers, answers that nobody reads."""

import asyncio
import base64
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest
import uvicorn
from uvicorn.server import ServerState
from wsproto.events import Ping

from clerk_tinybird_app.prebuilt.protocols import MAX_KEPT, MAX_MESSAGES, WebsocketProtocol
from clerk_tinybird_app.reflex_internals.frames import MAX_FRAME
from tests.prebuilt.serving import Serving

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + base64.b64encode(b"k" * 16) + b"\r\n\r\n"
)
_READ_AT_ONCE = 262_144
REQUEST_SECONDS = 0.5
TEXT = 0x1
FIN = 0x80
TOO_BIG = struct.pack("!H", 1009)


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("protocols")
    made = Serving(
        folder, UVICORN_TIMEOUT_KEEP_ALIVE="1", REQUEST_SECONDS=str(REQUEST_SECONDS)
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


def frame(length: int, *, is_last: bool = True, opcode: int = TEXT) -> bytes:
    """Return the head of a frame of so many bytes, with a mask that changes nothing."""
    size, kind = ("H", 126) if length < 2**16 else ("Q", 127)
    return struct.pack(f"!BB{size}4x", opcode | (FIN if is_last else 0), 0x80 | kind, length)


def test_a_frame_up_to_the_limit_reaches_the_app(websocket: socket.socket) -> None:
    websocket.sendall(frame(MAX_FRAME) + b"x" * MAX_FRAME)

    assert websocket.recv(100)[2:] == str(MAX_FRAME).encode()


def test_a_frame_over_the_limit_is_refused_while_it_comes(websocket: socket.socket) -> None:
    websocket.sendall(frame(2**30) + b"x" * (MAX_FRAME + 1))

    assert TOO_BIG in rest(websocket)


def test_a_frame_in_many_parts_has_the_same_limit(websocket: socket.socket) -> None:
    half = MAX_FRAME // 2
    websocket.sendall(frame(half, is_last=False) + b"x" * half)
    websocket.sendall(frame(half, is_last=False, opcode=0) + b"x" * half)
    websocket.sendall(frame(2**30, is_last=False, opcode=0) + b"x")

    assert TOO_BIG in rest(websocket)


def test_a_handshake_of_other_characters_is_refused_and_writes_no_line(
    serving: Serving, connection: socket.socket
) -> None:
    connection.sendall(UPGRADE.removesuffix(b"\r\n") + b"Sec-WebSocket-Protocol: \xff\r\n\r\n")

    assert rest(connection).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert not serving.has_said("Traceback")


@pytest.mark.parametrize(
    ("said", "meant", "status"),
    [(b"13", b"12", b"426 "), (b"GET / ", b"GET /closed ", b"403 ")],
    ids=["another version", "by the app"],
)
def test_a_handshake_that_is_refused_has_the_headers_of_every_answer(
    connection: socket.socket, said: bytes, meant: bytes, status: bytes
) -> None:
    connection.sendall(UPGRADE.replace(said, meant))

    answer = rest(connection).lower()

    assert answer.startswith(b"http/1.1 " + status)
    assert answer.count(b"\r\nx-content-type-options: nosniff\r\n") == 1
    assert b"default-src 'none'" in answer


def test_nobody_is_asked_to_compress(connection: socket.socket) -> None:
    offer = b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    connection.sendall(UPGRADE.removesuffix(b"\r\n") + offer)

    assert b"deflate" not in connection.recv(4096)


@pytest.mark.parametrize("end", [b"", b"\r\n"], ids=["one header", "many headers"])
def test_headers_without_an_end_are_refused_with_the_headers_of_every_answer(
    connection: socket.socket, end: bytes
) -> None:
    line = b"X: " + b"x" * 997
    connection.sendall(b"GET / HTTP/1.1\r\nX: 1" + end + (line + end) * (MAX_KEPT // 1_000 + 1))

    answer = rest(connection).decode()

    assert answer.startswith("HTTP/1.1 431 Request Header Fields Too Large\r\n")
    assert "X-Content-Type-Options: nosniff\r\n" in answer
    assert "default-src 'none'" in answer


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


def test_what_is_no_http_is_refused_with_the_headers_of_every_answer(
    connection: socket.socket,
) -> None:
    connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")

    answer = rest(connection).decode().lower()

    assert answer.startswith("http/1.1 400 bad request\r\n")
    assert "x-content-type-options: nosniff\r\n" in answer
    assert "server:" not in answer


@pytest.mark.parametrize("before", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_a_client_that_does_not_finish_its_headers_is_cut_off(
    connection: socket.socket, before: bytes
) -> None:
    if before:
        connection.sendall(before)
        assert b" 200 " in connection.recv(4096)
    connection.sendall(b"GET / HTTP/1.1\r\nX:")

    assert b"200" not in rest(connection)


def test_a_client_that_does_not_finish_its_body_is_cut_off(connection: socket.socket) -> None:
    connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx")

    assert b"200" not in rest(connection)


def test_a_websocket_may_stay_longer_than_a_request(websocket: socket.socket) -> None:
    websocket.settimeout(3 * REQUEST_SECONDS)
    with pytest.raises(TimeoutError):
        websocket.recv(1)


def test_a_connection_over_the_limit_is_answered_as_errors_are(tmp_path: Path) -> None:
    serving = Serving(tmp_path, UVICORN_LIMIT_CONCURRENCY="2").start()
    try:
        with socket.create_connection(("127.0.0.1", serving.port)):
            answer = httpx.get(serving.url)
    finally:
        serving.end()

    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert answer.json()["error"]["code"] == "too_many_connections"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("opcode", [0x1, 0x9, 0xA], ids=["parts", "pings", "pongs"])
def test_a_websocket_with_more_messages_than_any_page_sends_is_closed(
    websocket: socket.socket, opcode: int
) -> None:
    # Empty parts of a message that never ends, or control frames.
    first = struct.pack("!BB4x", opcode if opcode == TEXT else opcode | FIN, 0x80)
    next_one = struct.pack("!BB4x", 0 if opcode == TEXT else opcode | FIN, 0x80)

    with suppress(ConnectionError):
        websocket.sendall(first + next_one * 3 * MAX_MESSAGES)
        rest(websocket)


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
