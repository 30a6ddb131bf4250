"""A bounded load on one address, from a process of its own: ``python -m benchmarks.load``.

Reads a `Job` as JSON from its input and prints a `Load` as JSON. Every connection is kept alive
and sends its next request when the answer to the last one is whole.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Final

from benchmarks.samples import Samples
from clerk_tinybird_app.settings.loopback import is_loopback

_WARM_UP_SECONDS: Final = 0.3
_GRACE_SECONDS: Final = 10.0
_MAX_REQUESTS: Final = 100_000
_MILLISECONDS: Final = 1_000
_HEAD_END: Final = b"\r\n\r\n"


@dataclass(frozen=True)
class Job:
    """What to load and for how long.

    Attributes:
        host: A loopback address.
        port: The server's port.
        path: What to GET.
        headers: Beside ``Host``; every request sends the same.
        connections: How many at the same time.
        seconds: How long, after a short warm-up.
    """

    host: str
    port: int
    path: str
    headers: dict[str, str]
    connections: int
    seconds: float

    @property
    def request(self) -> bytes:
        """The request's bytes."""
        fields = {"Host": f"localhost:{self.port}"} | self.headers
        lines = [f"GET {self.path} HTTP/1.1", *(f"{name}: {v}" for name, v in fields.items())]
        return "\r\n".join(lines).encode() + _HEAD_END


@dataclass(frozen=True)
class Load:
    """What came of it.

    Attributes:
        requests: Answered requests after the warm-up.
        all_requests: Those of the warm-up too.
        failures: Those among all that were not answered 200.
        per_second: Requests per second.
        p50_ms: Latency: the median, in milliseconds.
        p95_ms: Latency that 95 of 100 requests do not exceed.
        p99_ms: Latency that 99 of 100 requests do not exceed.
        client_share: The share of one core that this client itself used.
    """

    requests: int
    all_requests: int
    failures: int
    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    client_share: float


@dataclass
class _Tally:
    """What the connections of one run share."""

    request: bytes
    counts_from: float
    ends_at: float
    latencies: list[float] = field(default_factory=list)
    answered: int = 0
    failures: int = 0


class _Connection(asyncio.Protocol):
    """One kept-alive connection."""

    def __init__(self, tally: _Tally) -> None:
        self._tally = tally
        self._received = b""
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - TCP always is
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(_HEAD_END)
        if found and len(body) >= _content_length(head):
            self._count(is_failure=b" 200 " not in head.split(b"\r\n", 1)[0])
            self._received = b""
            self._send_or_end()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(exc or ConnectionError("the server closed a connection"))

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(self._tally.request)

    def _count(self, *, is_failure: bool) -> None:
        now, tally = time.perf_counter(), self._tally
        tally.answered += 1
        tally.failures += is_failure
        if now >= tally.counts_from:
            tally.latencies.append(now - self._sent_at)

    def _send_or_end(self) -> None:
        tally = self._tally
        if time.perf_counter() < tally.ends_at and tally.answered < _MAX_REQUESTS:
            self._send()
        else:
            self.ended.set_result(None)
            self._transport.close()


async def put(job: Job) -> Load:
    """Put the load on the server.

    Raises:
        ValueError: The host is not this machine.
        OSError: The server refused or dropped a connection.
        TimeoutError: An answer did not come.
    """
    if not is_loopback(job.host):
        raise ValueError("a load is only ever put on this machine")
    started = time.perf_counter() + _WARM_UP_SECONDS
    tally = _Tally(job.request, counts_from=started, ends_at=started + job.seconds)
    loop, cpu = asyncio.get_running_loop(), time.process_time()
    async with asyncio.timeout(_WARM_UP_SECONDS + job.seconds + _GRACE_SECONDS):
        made = [
            await loop.create_connection(lambda: _Connection(tally), job.host, job.port)
            for _ in range(job.connections)
        ]
        await asyncio.gather(*(connection.ended for _, connection in made))
    ended = time.perf_counter()
    client_share = (time.process_time() - cpu) / (ended - started + _WARM_UP_SECONDS)
    return _load(tally, ended - started, client_share)


def _load(tally: _Tally, seconds: float, client_share: float) -> Load:
    latencies = Samples([latency * _MILLISECONDS for latency in tally.latencies])
    return Load(
        requests=len(tally.latencies),
        all_requests=tally.answered,
        failures=tally.failures,
        per_second=len(tally.latencies) / seconds,
        p50_ms=latencies.median,
        p95_ms=latencies.p95,
        p99_ms=latencies.percentile(99),
        client_share=client_share,
    )


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    raise ValueError("the answer has no Content-Length")


def main() -> None:
    """Do the job on the input."""
    json.dump(asdict(asyncio.run(put(Job(**json.load(sys.stdin))))), sys.stdout)


if __name__ == "__main__":
    main()
