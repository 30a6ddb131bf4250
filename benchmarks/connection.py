"""One kept-alive HTTP connection on a bare socket, so that the client adds next to nothing."""

import socket
import time
from typing import Final, Self

from benchmarks.report import MILLISECONDS, WrongAnswerError

HEAD_END: Final = b"\r\n\r\n"
_TIMEOUT_SECONDS: Final = 30.0
_CHUNK: Final = 262_144
_OK: Final = 200


def request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    """Return a request's bytes; the token goes as a bearer token unless it is ""."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join(lines).encode() + HEAD_END + body


def content_length(head: bytes) -> int:
    """Return what an answer's head says of its body."""
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    raise ValueError("the answer has no Content-Length")


class KeptConnection:
    """A connection to a port of this machine; a context that closes it."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), _TIMEOUT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, whole_request: bytes) -> bytes:
        """Send a whole request; return the body of its answer.

        Raises:
            OSError: The server dropped the connection or took too long.
            WrongAnswerError: It was not answered 200.
        """
        self._socket.sendall(whole_request)
        received = b""
        while HEAD_END not in received:
            received += self._receive()
        head, _, body = received.partition(HEAD_END)
        while len(body) < content_length(head):
            body += self._receive()
        status = int(head.split(b" ", 2)[1])
        if status != _OK:
            raise WrongAnswerError(f"{status}: {body[:200]!r}")
        return body

    def timed(self, whole_request: bytes, calls: int) -> list[float]:
        """Ask again and again; return the milliseconds of each time."""
        taken = []
        for _ in range(calls):
            started = time.perf_counter()
            self.ask(whole_request)
            taken.append((time.perf_counter() - started) * MILLISECONDS)
        return taken

    def _receive(self) -> bytes:
        received = self._socket.recv(_CHUNK)
        if not received:
            raise ConnectionError("the server closed the connection")
        return received
