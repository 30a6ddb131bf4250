"""What is counted and measured, for ``/api/metrics``.

With ``PROMETHEUS_MULTIPROC_DIR`` each worker writes its numbers to files in that folder, and any
worker answers with the sum of all. Without it a worker answers for itself.
"""

import os
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from clerk_tinybird_app.telemetry import SHARED_FOLDER, tracing

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
OTHER: Final = "other"
"""What a label says instead of a value that is not known: labels have few values."""

REGISTRY: Final = CollectorRegistry()
# A second time series for each counter, which nobody needs.
disable_created_metrics()  # type: ignore[no-untyped-call]

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_OF_LIVE_FILE: Final = re.compile(r"gauge_live\w*_(\d+)\.db")
_SERVER_ERRORS: Final = (500, 502, 503, 504)
_STATUSES: Final = frozenset(
    {200, 304, 400, 401, 403, 404, 405, 408, 413, 429, 431, *_SERVER_ERRORS}
)


def _counter(name: str, about: str, *labels: str) -> Counter:
    return Counter(f"app_{name}", about, labels, registry=REGISTRY)


def _gauge(name: str, about: str, *labels: str, mode: str = "livesum") -> Gauge:
    return Gauge(
        f"app_{name}",
        about,
        labels,
        registry=REGISTRY,
        multiprocess_mode=mode,  # type: ignore[arg-type]
    )


def _histogram(name: str, about: str, *labels: str) -> Histogram:
    return Histogram(f"app_{name}", about, labels, registry=REGISTRY, buckets=_SECONDS)


_INFO = _gauge("info", "Always 1; the version is its label.", "version", mode="livemax")
_WEBSOCKETS = _gauge("websockets_open", "Open websockets, one for each tab.")
_SESSIONS = _gauge("sessions_open", "Open websockets over which a session was proved.")
_PUSHES = _counter("session_pushes", "Sessions that pages have pushed.", "result")
_MINTS = _counter("tokens_minted", "Tinybird tokens that were minted.", "place")
_REFUSALS = _counter("refusals", "What was refused, by its code.", "place", "code")
_LIMITS = _counter("rate_limits_hit", "Requests over a rate limit.", "limit")
_ERRORS = _counter("errors", "Errors of events, pages and requests.", "code")
_KEY_FETCHES = _counter("key_fetches", "Fetches of Clerk's keys.", "result")
_KEYS_AT = _gauge("keys_fetched_timestamp_seconds", "When Clerk's keys last came.", mode="livemax")
_ANSWERS = _counter("tinybird_answers", "Tinybird's answers, by HTTP status.", "pipe", "status")
_LATENCY = _histogram("tinybird_seconds", "Seconds of one request to Tinybird.", "pipe")
_ASKING = _gauge("tinybird_requests_under_way", "Requests to Tinybird that wait for their answer.")
_QUERIES = _counter("queries", "Queries of pages, by what answered them.", "answered_by")
_EVENTS = _counter("events", "Events of pages.")
_EVENTS_UNDER_WAY = _gauge("events_under_way", "Events of pages that have not ended.")
_REQUESTS = _counter("http_requests", "HTTP requests.", "route", "status")
_REQUEST_SECONDS = _histogram("http_seconds", "Seconds of one HTTP request.", "route")
_MEMORY = _gauge("memory_bytes", "Memory of the workers.")
_LAG = _gauge("event_loop_lag_seconds", "How late a worker's timers are.", mode="livemax")


def _begin_at_zero() -> None:
    """Show what alerts look at before it happens: a counter that appears has not increased."""
    for place in ("api", "push"):
        for code in ("keys_unavailable", "session_clock_ahead", "session_not_yet_valid"):
            _REFUSALS.labels(place, code)
    _REFUSALS.labels("query", "tinybird_forbidden")
    for code in ("event_failed", "page_error", "policy_failed", "redis_failed", "request_failed"):
        _ERRORS.labels(code)
    for result in ("ok", "failed"):
        _KEY_FETCHES.labels(result)


_begin_at_zero()
_routes: set[str] = set()
"""Those that were asked for."""


def version(text: str) -> None:
    """Say which version runs."""
    _INFO.labels(text).set(1)


def websocket(change: int) -> None:
    """Count a websocket that has opened (1) or closed (-1)."""
    _WEBSOCKETS.inc(change)


def session(change: int) -> None:
    """Count a websocket that has proved its first session (1), or that closed after it (-1)."""
    _SESSIONS.inc(change)


def pushed(result: str) -> None:
    """Count a push: ``accepted``, ``signed_out`` or ``refused``."""
    _PUSHES.labels(result).inc()


def minted(place: str) -> None:
    """Count a token for the ``page`` or the ``api``."""
    _MINTS.labels(place).inc()


def refused(place: str, code: str) -> None:
    """Count a refusal; see ``refusals``, which also logs it."""
    _REFUSALS.labels(place, code).inc()


def over_limit(limit: str) -> None:
    """Count a request over the limit of a ``session``, an ``address``, or of ``tinybird``."""
    _LIMITS.labels(limit).inc()


def failed(code: str) -> None:
    """Count an error that nobody expected."""
    _ERRORS.labels(code).inc()


def keys_fetched(at: float | None) -> None:
    """Count a fetch of Clerk's keys.

    Args:
        at: When the keys came, in seconds since the epoch; None when they did not.
    """
    _KEY_FETCHES.labels("failed" if at is None else "ok").inc()
    if at is not None:
        _KEYS_AT.set(at)


def answered_by(source: str) -> None:
    """Count a query of a page.

    Args:
        source: ``tinybird``, another page's query under way (``shared``), an answer that was
            ``kept``, or that of another process (``others``).
    """
    _QUERIES.labels(source).inc()


def event(change: int) -> None:
    """Count an event that has begun (1) or ended (-1)."""
    _EVENTS_UNDER_WAY.inc(change)
    if change > 0:
        _EVENTS.inc()


def request(route: str, status: int, seconds: float) -> None:
    """Count an HTTP request."""
    if route not in _routes:
        _routes.add(route)
        for error in _SERVER_ERRORS:
            _REQUESTS.labels(route, str(error))
    _REQUESTS.labels(route, _status(status)).inc()
    _REQUEST_SECONDS.labels(route).observe(seconds)


def process(memory_bytes: int, lag_seconds: float) -> None:
    """Say how this worker is."""
    _MEMORY.set(memory_bytes)
    _LAG.set(lag_seconds)


class TinybirdWatch:
    """Goes around each request to Tinybird: measures and traces it.

    Args:
        pipes: The names of pipes that may be labels.
    """

    def __init__(self, pipes: Collection[str]) -> None:
        self._pipes = frozenset(pipes)

    @contextmanager
    def __call__(self, pipe: str) -> Iterator[Callable[[int], None]]:
        """Measure a block. Its function is told the HTTP status; without one none came."""
        name = pipe if pipe in self._pipes else OTHER
        status = "none"

        def answered(code: int) -> None:
            nonlocal status
            status = _status(code)

        began = perf_counter()
        _ASKING.inc()
        try:
            with tracing.span("tinybird.query", pipe=name) as span:
                yield answered
                span.set_attribute("status", status)
        finally:
            _ASKING.dec()
            _ANSWERS.labels(name, status).inc()
            _LATENCY.labels(name).observe(perf_counter() - began)


def exposition() -> bytes:
    """Return all metrics in Prometheus' text format; of all workers where they share a folder."""
    registry = REGISTRY
    if SHARED_FOLDER:
        registry = CollectorRegistry()
        MultiProcessCollector(registry, SHARED_FOLDER)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def forget_dead_workers() -> None:
    """Leave out the gauges of workers that have ended; a worker that starts calls it."""
    if not SHARED_FOLDER:
        return
    for file in Path(SHARED_FOLDER).glob("gauge_live*.db"):
        found = _OF_LIVE_FILE.fullmatch(file.name)
        if found and not _lives(int(found[1])):
            mark_process_dead(int(found[1]), SHARED_FOLDER)  # type: ignore[no-untyped-call]


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _status(code: int) -> str:
    return str(code) if code in _STATUSES else OTHER
