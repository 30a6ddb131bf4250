"""One kept-alive HTTP connection on a bare socket, so that the client adds next to nothing."""

import socket
from types import TracebackType
from typing import Final, Self

_HOST: Final = "127.0.0.1"
_TIMEOUT_SECONDS: Final = 30.0
_CHUNK: Final = 262_144
_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"


class KeptConnection:
    """A connection to a server on this machine; a context that closes it.

    Args:
        port: The server's port.

    Raises:
        OSError: Nothing listens there.
    """

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection((_HOST, port), _TIMEOUT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._socket.close()

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a whole request; return the status and the body of its answer.

        Raises:
            OSError: The server dropped the connection or took too long.
        """
        self._socket.sendall(request)
        head, body = b"", b""
        received = b""
        while not head:
            received += self._receive()
            before, found, after = received.partition(_HEAD_END)
            head, body = (before, after) if found else (b"", b"")
        length = _content_length(head)
        while len(body) < length:
            body += self._receive()
        return int(head.split(b" ", 2)[1]), body

    def _receive(self) -> bytes:
        received = self._socket.recv(_CHUNK)
        if not received:
            raise ConnectionError("the server closed the connection")
        return received


def request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    """Return a request's bytes; the token goes as a bearer token unless it is ""."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + _HEAD_END + body


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(_LENGTH):
            return int(line.removeprefix(_LENGTH))
    raise ValueError("the answer has no Content-Length")
