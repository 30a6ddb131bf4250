"""Traces cost nothing when they are off, and hold no secret when they are on."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from types import SimpleNamespace

import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from clerk_tinybird_app.api import create_api
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.telemetry import tracing
from clerk_tinybird_app.telemetry.metrics import TinybirdWatch
from clerk_tinybird_app.telemetry.spans import provider_for
from clerk_tinybird_app.tinybird.client import TinybirdClient
from clerk_tinybird_app.tinybird.client.connections import HttpxConnections

_OFF = """
import sys
from clerk_tinybird_app.telemetry import tracing
from clerk_tinybird_app.telemetry import metrics, pulse, refusals
tracing.start()
with tracing.span("anything", pipe="x") as span:
    span.set_attribute("status", "200")
assert tracing.span("one") is tracing.span("another")
assert [name for name in sys.modules if name.startswith("opentelemetry")] == []
"""


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("test"))
    yield exporter
    provider.shutdown()


@pytest.mark.parametrize("empty", [{}, {"OTEL_TRACES_EXPORTER": ""}], ids=["unset", "empty"])
def test_without_the_variable_nothing_is_imported_and_a_span_is_one_object(
    empty: dict[str, str],
) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run(
        [sys.executable, "-c", _OFF], env=env | empty, capture_output=True, text=True, check=True
    )

    assert done.stderr == ""


@pytest.mark.anyio
async def test_verifying_minting_and_asking_are_spans_without_secrets(
    exported: InMemorySpanExporter, running: Services
) -> None:
    assert running.embedded_clerk
    session_token = running.embedded_clerk.issue("admin@acme.test", "acme")
    transport = httpx.ASGITransport(create_api(running))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:3000") as api:
        headers = {"Authorization": f"Bearer {session_token}"}
        minted = (await api.get("/api/tinybird-token", headers=headers)).json()

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(403, json={"error": "no"})

    connections = httpx.MockTransport(answer)
    watch = TinybirdWatch(["total"])
    client = TinybirdClient(
        "https://tb.test", connections=HttpxConnections(connections), watch=watch
    )
    with pytest.raises(Exception, match="refused"):
        await client.query("total", {"tenant": "a-value"}, minted["token"])

    spans = exported.get_finished_spans()
    assert [span.name for span in spans] == ["clerk.verify", "tinybird.mint", "tinybird.query"]
    assert dict(spans[-1].attributes or {}) == {"pipe": "total", "status": "403"}
    written = "".join(span.to_json() for span in spans)
    for secret in (session_token, minted["token"], "a-value", "org_", "user_"):
        assert secret not in written


def test_an_error_is_named_and_its_text_is_left_out(exported: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="a secret"), tracing.span("failing"):
        raise ValueError("a secret")

    (span,) = exported.get_finished_spans()
    assert span.status.description == "ValueError"
    assert "a secret" not in span.to_json()


def test_an_exporter_that_there_is_not_is_told_and_the_app_starts(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "zipkin")

    tracing.start()

    assert "OTEL_TRACES_EXPORTER must be otlp, console or none" in caplog.text
    with tracing.span("nothing"):
        pass


def test_packages_that_are_missing_are_told_and_the_app_starts(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)

    tracing.start()

    assert "requirements-otel.txt" in caplog.text


def test_the_service_has_a_name_unless_it_is_given_one(monkeypatch: pytest.MonkeyPatch) -> None:
    own = provider_for("console", "clerk-tinybird-app")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop")
    given = provider_for("console", "clerk-tinybird-app")

    names = [each.resource.attributes["service.name"] for each in (own, given)]
    own.shutdown()
    given.shutdown()
    assert names == ["clerk-tinybird-app", "shop"]


def test_a_collector_that_does_not_answer_keeps_nobody_from_stopping(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hangs = threading.Event()
    monkeypatch.setattr(tracing, "STOP_SECONDS", 0.01)
    monkeypatch.setattr(tracing, "_provider", SimpleNamespace(shutdown=lambda: hangs.wait(60)))

    tracing.stop()

    assert not hangs.is_set()
    hangs.set()
