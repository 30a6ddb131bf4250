"""Sends batches of rows to ``/v0/events``, bounded: ``python -m benchmarks.ingest_load``.

Reads a `Job` as JSON from its input and prints a `Taken` as JSON. Every connection is kept alive
and sends its next batch when the last one is acknowledged.
"""

import json
import sys
import threading
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final

from benchmarks.kept_connection import KeptConnection, request
from benchmarks.samples import Samples
from benchmarks.tinybird_rows import BATCH_ROWS, batch

_BATCHES: Final = 20
_WARM_UP_BATCHES: Final = 3
_MILLISECONDS: Final = 1_000
_MOST_BATCHES: Final = 4_000
_ACCEPTED: Final = 202


@dataclass(frozen=True)
class Job:
    """What to send and for how long.

    Attributes:
        port: The server's port on this machine.
        path: Where the rows go.
        token: May add rows there.
        connections: How many at the same time.
        seconds: How long.
    """

    port: int
    path: str
    token: str
    connections: int
    seconds: float


@dataclass(frozen=True)
class Taken:
    """What came of it.

    Attributes:
        rows: Acknowledged rows, those of the warm-up too.
        rows_per_second: Without the warm-up.
        p50_ms: Milliseconds until a batch was acknowledged: the median.
        p95_ms: What 95 of 100 batches did not exceed.
        client_share: The share of one core that this client itself used.
    """

    rows: int
    rows_per_second: float
    p50_ms: float
    p95_ms: float
    client_share: float


def send(job: Job) -> Taken:
    """Send the batches.

    Raises:
        RuntimeError: A batch was not stored whole.
        OSError: The server refused or dropped a connection.
    """
    now = datetime.now(UTC)
    requests = [
        request("POST", job.path, job.token, batch(number, now)) for number in range(_BATCHES)
    ]
    failures: list[Exception] = []
    taken: list[float] = []
    ready = threading.Barrier(job.connections + 1)

    def repeat() -> None:
        try:
            taken.extend(_repeat(job, requests, ready))
        except (OSError, RuntimeError, threading.BrokenBarrierError) as error:
            failures.append(error)
            ready.abort()

    threads = [threading.Thread(target=repeat) for _ in range(job.connections)]
    for thread in threads:
        thread.start()
    ready.wait()
    started, cpu = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.join()
    seconds, used = time.perf_counter() - started, time.process_time() - cpu
    if failures:
        raise failures[0]
    samples = Samples([each * _MILLISECONDS for each in taken])
    warm_up = job.connections * _WARM_UP_BATCHES
    return Taken(
        rows=(len(taken) + warm_up) * BATCH_ROWS,
        rows_per_second=len(taken) * BATCH_ROWS / seconds,
        p50_ms=samples.median,
        p95_ms=samples.p95,
        client_share=used / seconds,
    )


def _repeat(job: Job, requests: list[bytes], ready: threading.Barrier) -> list[float]:
    """Send on one connection; return the seconds that each batch took."""
    taken: list[float] = []
    with KeptConnection(job.port) as connection:
        for each in requests[:_WARM_UP_BATCHES]:
            _send(connection, each)
        ready.wait()
        started = before = time.perf_counter()
        while before < started + job.seconds and len(taken) < _MOST_BATCHES:
            _send(connection, requests[len(taken) % len(requests)])
            after = time.perf_counter()
            taken.append(after - before)
            before = after
    return taken


def _send(connection: KeptConnection, batch_request: bytes) -> None:
    status, body = connection.ask(batch_request)
    if status != _ACCEPTED or json.loads(body) != {
        "successful_rows": BATCH_ROWS,
        "quarantined_rows": 0,
    }:
        raise RuntimeError(f"a batch was answered {status}: {body[:200]!r}")


def main() -> None:
    """Do the job on the input."""
    json.dump(asdict(send(Job(**json.load(sys.stdin)))), sys.stdout)


if __name__ == "__main__":
    main()
