"""Whether what operators look at is there."""

import sys
from pathlib import Path

import pytest

from clerk_tinybird_app.check.from_outside import from_outside


def told(environ: dict[str, str], workers: int = 1) -> dict[str, str]:
    return {each.code: each.text for each in from_outside(environ, workers)}


def test_several_workers_need_a_folder_for_their_numbers(tmp_path: Path) -> None:
    assert list(told({}, workers=2)) == ["metrics/one-worker"]
    assert told({}, workers=1) == {}
    assert told({"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}, workers=2) == {}


@pytest.mark.parametrize("wanted", ["", "none", "console"])
def test_traces_that_are_off_or_can_be_sent_are_well(wanted: str) -> None:
    assert told({"OTEL_TRACES_EXPORTER": wanted}) == {}


def test_traces_that_cannot_be_sent_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found = told({"OTEL_TRACES_EXPORTER": "zipkin"})
    assert "must be otlp, console or none" in found["traces/none"]

    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    found = told({"OTEL_TRACES_EXPORTER": "otlp"})
    assert "requirements-otel.txt" in found["traces/none"]
