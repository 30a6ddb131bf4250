"""A bounded load on one address, from a process of its own: ``python -m benchmarks.load``.

Reads a `Job` as JSON from its input and prints a `Load` as JSON. Every connection is kept alive
and sends its next request when the answer to the last one is whole.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import cycle
from typing import Final

from benchmarks.connection import HEAD_END, content_length, request
from benchmarks.machine import run_apart
from benchmarks.report import MILLISECONDS, Samples, WrongAnswerError, ratio
from benchmarks.tinybird_rows import BATCH_ROWS, batch

_HOST: Final = "127.0.0.1"
_WARM_UP_SECONDS: Final = 0.3
_GRACE_SECONDS: Final = 10.0
_MOST_REQUESTS: Final = 100_000
_MOST_BATCHES: Final = 4_000
_BATCHES: Final = 20
_STORED: Final = {"successful_rows": BATCH_ROWS, "quarantined_rows": 0}


@dataclass(frozen=True)
class Job:
    """What to load on this machine: GET, or POST batches of rows, with a bearer token if any.

    ``seconds`` do not count a short warm-up.
    """

    port: int
    path: str
    token: str
    connections: int
    seconds: float
    sends_rows: bool = False


@dataclass(frozen=True)
class Load:
    """What came of it; ``answered`` and ``failures`` count the warm-up too.

    ``client_share`` is the share of one core that the client itself used.
    """

    answered: int
    failures: int
    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    client_share: float

    def cells(self, *, p99: bool = False) -> list[str]:
        """Return requests per second and the latencies for a report."""
        latencies = [self.p50_ms, self.p95_ms, *([self.p99_ms] if p99 else [])]
        return [f"{self.per_second:,.0f}", *(f"{value:.2f}" for value in latencies)]

    def of(self, limit: float) -> str:
        """Say how much of a limit's requests per second that is."""
        return f"{ratio(self.per_second, limit)} of the limit"


def loaded(job: Job, cpu_seconds: Callable[[], float]) -> tuple[Load, float]:
    """Do the job in its own process; return the server's processor seconds per request, too.

    Args:
        job: What to do.
        cpu_seconds: Returns the server's processor time so far.

    Raises:
        WrongAnswerError: A request was not answered as it should.
    """
    before = cpu_seconds()
    load = Load(**run_apart("benchmarks.load", asdict(job)))
    used = cpu_seconds() - before
    if load.failures:
        raise WrongAnswerError(f"{load.failures} of {load.answered} requests to {job.path}")
    return load, used / load.answered


@dataclass
class _Run:
    """What the connections share."""

    job: Job
    latencies: list[float] = field(default_factory=list)
    answered: int = 0
    failures: int = 0

    def __post_init__(self) -> None:
        job, now = self.job, datetime.now(UTC)
        bodies = [batch(n, now) for n in range(_BATCHES)] if job.sends_rows else [b""]
        method = "POST" if job.sends_rows else "GET"
        self.requests = cycle([request(method, job.path, job.token, body) for body in bodies])
        self.most = _MOST_BATCHES if job.sends_rows else _MOST_REQUESTS
        self.counts_from = time.perf_counter() + _WARM_UP_SECONDS

    def count(self, head: bytes, body: bytes, sent_at: float) -> bool:
        """Count one answer; tell whether to go on."""
        now, status = time.perf_counter(), head.split(b" ", 2)[1]
        is_right = json.loads(body) == _STORED if self.job.sends_rows else status == b"200"
        self.answered += 1
        self.failures += not is_right
        if now >= self.counts_from:
            self.latencies.append((now - sent_at) * MILLISECONDS)
        return now < self.counts_from + self.job.seconds and self.answered < self.most


class _Connection(asyncio.Protocol):
    def __init__(self, run: _Run) -> None:
        self._run = run
        self._received = b""
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - TCP always is
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(HEAD_END)
        if not found or len(body) < content_length(head):
            return
        self._received = b""
        if self._run.count(head, body, self._sent_at):
            self._send()
        else:
            self.ended.set_result(None)
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(exc or ConnectionError("the server closed a connection"))

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(next(self._run.requests))


async def _put(job: Job) -> Load:
    run, loop, cpu = _Run(job), asyncio.get_running_loop(), time.process_time()
    async with asyncio.timeout(_WARM_UP_SECONDS + job.seconds + _GRACE_SECONDS):
        made = [
            await loop.create_connection(lambda: _Connection(run), _HOST, job.port)
            for _ in range(job.connections)
        ]
        await asyncio.gather(*(connection.ended for _, connection in made))
    seconds = time.perf_counter() - run.counts_from
    latencies = Samples(run.latencies)
    return Load(
        answered=run.answered,
        failures=run.failures,
        per_second=len(run.latencies) / seconds,
        p50_ms=latencies.median,
        p95_ms=latencies.p95,
        p99_ms=latencies.percentile(99),
        client_share=(time.process_time() - cpu) / (seconds + _WARM_UP_SECONDS),
    )


if __name__ == "__main__":
    json.dump(asdict(asyncio.run(_put(Job(**json.load(sys.stdin))))), sys.stdout)
