"""Metrics: few labels, nobody's data, and one answer for several workers."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from clerk_tinybird_app.telemetry.metrics import REGISTRY, TinybirdWatch
from clerk_tinybird_app.tinybird.client import (
    TinybirdClient,
    TinybirdForbiddenError,
    TinybirdUnreachableError,
)
from clerk_tinybird_app.tinybird.client.connections import HttpxConnections

_WORKER = """
import os, sys
from clerk_tinybird_app.telemetry import metrics
metrics.minted("api")
metrics.websocket(1)
metrics.keys_fetched(float(sys.argv[1]))
metrics.forget_dead_workers()
sys.stdout.buffer.write(metrics.exposition())
"""


def _answers(pipe: str, status: str) -> float:
    labels = {"pipe": pipe, "status": status}
    return REGISTRY.get_sample_value("app_tinybird_answers_total", labels) or 0


async def _query(pipe: str, answer: httpx.MockTransport) -> None:
    watch = TinybirdWatch(["total"])
    client = TinybirdClient("https://tb.test", connections=HttpxConnections(answer), watch=watch)
    await client.query(pipe, {"tenant": "org_secret"}, "p.token")


def _ok(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"meta": [], "data": []})


def _forbidden(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(403, json={"error": "no"})


def _down(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("down", request=request)


@pytest.mark.anyio
async def test_each_request_to_tinybird_is_counted_by_pipe_and_status() -> None:
    before = _answers("total", "200"), _answers("total", "403"), _answers("total", "none")

    await _query("total", httpx.MockTransport(_ok))
    with pytest.raises(TinybirdForbiddenError):
        await _query("total", httpx.MockTransport(_forbidden))
    with pytest.raises(TinybirdUnreachableError):
        await _query("total", httpx.MockTransport(_down))

    after = _answers("total", "200"), _answers("total", "403"), _answers("total", "none")
    assert after == tuple(count + 1 for count in before)
    assert REGISTRY.get_sample_value("app_tinybird_requests_under_way") == 0
    assert REGISTRY.get_sample_value("app_tinybird_seconds_count", {"pipe": "total"}) == sum(after)


@pytest.mark.anyio
async def test_a_pipe_that_nobody_knows_is_no_label() -> None:
    before = _answers("other", "200")

    await _query("typed_by_somebody", httpx.MockTransport(_ok))

    assert _answers("other", "200") == before + 1
    assert _answers("typed_by_somebody", "200") == 0


def test_a_worker_answers_for_all_and_the_dead_are_no_longer_open(tmp_path: Path) -> None:
    # A folder that does not exist yet is made.
    env = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "numbers")}
    for moment in ("30", "20"):
        done = subprocess.run(
            [sys.executable, "-c", _WORKER, moment], env=env, capture_output=True, check=True
        )
    lines = done.stdout.decode().splitlines()

    # What the first has counted stays; what was open in it is not.
    assert 'app_tokens_minted_total{place="api"} 2.0' in lines
    assert "app_websockets_open 1.0" in lines
    assert "app_keys_fetched_timestamp_seconds 20.0" in lines
