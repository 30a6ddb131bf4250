"""HTTP on bare sockets, so that the client adds next to nothing: one connection, or a load."""

import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import Final

from benchmarks.report import Section, percentile
from benchmarks.timing import Load, OwnProcess, WrongAnswerError, side_by_side

_TIMEOUT_SECONDS: Final = 30.0
_UNITS: Final = {"ms": (1_000, ".2f"), "us": (1_000_000, ".0f")}
"""How many of it make a second, and how they are written."""
_BUFFER: Final = 262_144
_ANSWERED: Final = (b"HTTP/1.1 200", b"HTTP/1.1 202")


def request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    """Return a request's bytes; the token goes as a bearer token unless it is ""."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class KeptConnection:
    """A connection to a port of this machine, kept alive until it is closed."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), _TIMEOUT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._socket.makefile("rb", _BUFFER)

    def close(self) -> None:
        """Close it."""
        self._answers.close()
        self._socket.close()

    def ask(self, whole_request: bytes) -> None:
        """Send a whole request; return when its answer has come whole.

        Raises:
            OSError: The server took too long.
            WrongAnswerError: It refused, or dropped the connection.
        """
        self._socket.sendall(whole_request)
        status, length = self._answers.readline(), 0
        while (line := self._answers.readline()).strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = self._answers.read(length)
        if not status.startswith(_ANSWERED) or len(body) < length:
            raise WrongAnswerError(f"{status.decode()}: {body[:200]!r}")


def loaded(
    port: int, requests: Sequence[bytes], connections: int, cpu_seconds: Callable[[], float]
) -> Load:
    """Load a server from a process of its own, over connections that are kept alive.

    Each sends the next of ``requests`` when its last answer has come whole; ``cpu_seconds`` returns
    the server's processor time so far.

    Raises:
        WrongAnswerError: A request was refused.
    """
    before = cpu_seconds()
    with OwnProcess() as client:
        load = client.do(_put, port, requests, connections)
    return replace(load, server_seconds=(cpu_seconds() - before) / load.calls or None)


def _put(port: int, requests: Sequence[bytes], connections: int) -> Load:
    with ExitStack() as opened:
        kept = [opened.enter_context(closing(KeptConnection(port))) for _ in range(connections)]
        return side_by_side([each.ask for each in kept], requests)


class LoadSection(Section):
    """A section of loads; it tells the server's processor time for one call in "ms" or "us"."""

    def __init__(self, title: str, calls: str = "requests/s", unit: str = "ms") -> None:
        self._units, cost = _UNITS[unit]
        latencies = dict.fromkeys(("p50 ms", "p95 ms", "p99 ms"), ".2f")
        last = {f"server {unit}": cost, "client core": ".0%"}
        super().__init__(title, {calls: ",.0f", **latencies, **last})

    def add_load(self, label: str, load: Load, *, rows: int = 1, note: str = "") -> None:
        """Append a row of a load, of calls for so many rows each.

        What was called in the client's own process has no server beside a client.
        """
        cells = [load.per_second * rows, *(percentile(load.taken, share) for share in (50, 95, 99))]
        if load.server_seconds is not None:
            cells += [load.server_seconds * self._units, load.client_share]
        self.add(label, *cells, note=note)
