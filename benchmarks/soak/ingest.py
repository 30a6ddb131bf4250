"""Rows sent to the embedded Tinybird of the running app, which is killed meanwhile."""

import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from benchmarks.timing import MILLISECONDS
from clerk_tinybird_app.product.policy import TENANT
from tests.running_app import RunningApp

_SOURCE: Final = "requests"
_SENDERS: Final = 4
_ROWS: Final = 25
_PAUSE_SECONDS: Final = 0.02
_SECONDS: Final = 10.0
_BACK_SECONDS: Final = 60.0
_TENANT: Final = "org_of_the_soak"
_COUNTED: Final = (
    "SELECT request_id, count() AS times FROM requests WHERE tenant_id = 'org_of_the_soak' "
    "GROUP BY request_id FORMAT JSON"
)


@dataclass
class Ingested:
    """What came of it.

    Attributes:
        acknowledged: Ids of rows that were said to be stored.
        unsure: Ids of rows whose request broke off: the server may have stored them.
        lost: Acknowledged rows that are not there.
        doubled: Rows that are there more than once.
        taken: Milliseconds of each acknowledged request.
        kills: How often it was killed.
        away: Seconds from each kill until it answered again.
    """

    acknowledged: set[str] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    doubled: set[str] = field(default_factory=set)
    taken: list[float] = field(default_factory=list)
    kills: int = 0
    away: list[float] = field(default_factory=list)


def ingest(app: RunningApp, seconds: float, kills: int = 2) -> Ingested:
    """Send rows for some seconds, kill what takes them again and again, and look for each row."""
    outcome, is_over = Ingested(), threading.Event()
    base, bearer = f"http://localhost:{app.tinybird_port}", f"Bearer {app.signing_key}"
    with (
        httpx.Client(base_url=base, headers={"Authorization": bearer}, timeout=_SECONDS) as http,
        ThreadPoolExecutor(_SENDERS) as threads,
    ):
        try:
            senders = [threads.submit(_send, http, outcome, is_over) for _ in range(_SENDERS)]
            for _ in range(kills):
                time.sleep(seconds / (kills + 1))
                begun = time.monotonic()
                app.kill_tinybird()
                outcome.kills += 1
                _wait_until_it_answers(http)
                outcome.away.append(time.monotonic() - begun)
            time.sleep(seconds / (kills + 1))
        finally:
            is_over.set()
        for sender in senders:
            sender.result()
        _look(http, outcome)
    return outcome


def _send(http: httpx.Client, outcome: Ingested, is_over: threading.Event) -> None:
    """Send batches of new rows; none is sent twice."""
    while not is_over.wait(_PAUSE_SECONDS):
        ids = [f"soak-{uuid.uuid4().hex}" for _ in range(_ROWS)]
        begun = time.perf_counter()
        try:
            answer = http.post(
                f"/v0/events?name={_SOURCE}&wait=true", content="\n".join(map(a_row, ids))
            )
        except httpx.ConnectError:
            continue
        except httpx.TransportError:
            outcome.unsure.update(ids)
            continue
        if answer.is_success and answer.json() == {
            "successful_rows": _ROWS,
            "quarantined_rows": 0,
        }:
            outcome.taken.append((time.perf_counter() - begun) * MILLISECONDS)
            outcome.acknowledged.update(ids)
        else:
            outcome.unsure.update(ids)


def a_row(row_id: str, tenant: str = _TENANT) -> str:
    """Return a row of the demo's data source, of this moment."""
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    return (
        f'{{"timestamp":"{now}","{TENANT.column}":"{tenant}","user_id":"u","request_id":"{row_id}",'
        '"method":"GET","route":"/soak","status":200,"duration_ms":1.5,"region":"eu"}'
    )


def _wait_until_it_answers(http: httpx.Client) -> None:
    until = time.monotonic() + _BACK_SECONDS
    while time.monotonic() < until:
        with suppress(httpx.TransportError):
            if http.get("/tokens").is_success:
                return
        time.sleep(0.05)
    raise TimeoutError("the embedded Tinybird did not come back")


def _look(http: httpx.Client, outcome: Ingested) -> None:
    """Count each row that is there."""
    counted = {str(row["request_id"]): int(row["times"]) for row in _found(http)}
    outcome.lost = outcome.acknowledged - counted.keys()
    outcome.doubled = {row_id for row_id, times in counted.items() if times > 1}


def _found(http: httpx.Client) -> Iterator[dict[str, Any]]:
    answer = http.get("/v0/sql", params={"q": _COUNTED}, timeout=_BACK_SECONDS)
    answer.raise_for_status()
    yield from answer.json()["data"]
