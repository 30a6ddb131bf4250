"""Refusals are counted, and logged within the budget of their place."""

import logging

import pytest

from clerk_tinybird_app.logs.log_budget import MAX_PER_MINUTE
from clerk_tinybird_app.telemetry import refusals
from clerk_tinybird_app.telemetry.metrics import REGISTRY
from clerk_tinybird_app.telemetry.refusals import RefusalLog
from tests.clock import Clock


@pytest.fixture
def log(clock: Clock, caplog: pytest.LogCaptureFixture) -> RefusalLog:
    caplog.set_level(logging.INFO, "clerk_tinybird_app")
    return RefusalLog(clock)


def _counted(code: str) -> float:
    labels = {"place": "api", "code": code}
    return REGISTRY.get_sample_value("app_refusals_total", labels) or 0


def test_a_refusal_is_one_line_with_its_code(
    log: RefusalLog, caplog: pytest.LogCaptureFixture
) -> None:
    log.note("query", "tinybird_forbidden", pipe="total", status=403)

    (record,) = caplog.records
    assert record.getMessage() == "Refused: tinybird_forbidden (HTTP 403)"
    expected = {"code": "tinybird_forbidden", "place": "query", "pipe": "total", "status": 403}
    assert vars(record).items() >= expected.items()


@pytest.mark.parametrize(
    ("code", "level"),
    [
        ("session_expired", logging.INFO),
        ("too_many_requests", logging.INFO),
        ("keys_unavailable", logging.WARNING),
        ("session_clock_ahead", logging.WARNING),
    ],
)
def test_what_needs_somebody_to_act_is_a_warning(
    log: RefusalLog, caplog: pytest.LogCaptureFixture, code: str, level: int
) -> None:
    log.note("api", code)

    assert caplog.records[0].levelno == level


def test_masses_are_all_counted_and_summed_up_by_their_codes(
    log: RefusalLog, caplog: pytest.LogCaptureFixture
) -> None:
    before = _counted("session_malformed")
    for _ in range(MAX_PER_MINUTE + 300):
        log.note("api", "session_malformed")
    for _ in range(7):
        log.note("api", "session_expired")
    assert _counted("session_malformed") == before + MAX_PER_MINUTE + 300
    assert len(caplog.records) == MAX_PER_MINUTE

    log.sum_up()
    log.sum_up()

    (line,) = [record.getMessage() for record in caplog.records[MAX_PER_MINUTE:]]
    assert line.endswith(": api session_malformed 300, api session_expired 7")


def test_a_flood_at_one_place_does_not_hide_another(
    log: RefusalLog, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(1_000):
        log.note("websocket", "websocket_frame", "no handler x")
    log.note("push", "keys_unavailable")

    assert caplog.records[-1].getMessage() == "Refused: keys_unavailable"


def test_there_is_room_again_after_a_minute(
    log: RefusalLog, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(1_000):
        log.note("api", "session_malformed")
    clock.advance(61)
    log.note("api", "session_malformed")

    assert len(caplog.records) == MAX_PER_MINUTE + 1


def test_a_text_cannot_forge_a_line(log: RefusalLog, caplog: pytest.LogCaptureFixture) -> None:
    log.note("websocket", "websocket_frame", "x\n2026-01-01 CRITICAL forged\u2028" + "y" * 9_000)

    message = caplog.records[0].getMessage()
    assert message.isprintable()
    assert len(message) < 1_000


def test_a_failure_is_an_error_with_its_place(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    try:
        int("no number")
    except ValueError as error:
        refusals.failed(refusals.POLICY, refusals.POLICY_FAILED, error)

    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage().startswith("Failed: policy_failed 'test_refusals.py:") or (
        record.getMessage().startswith('Failed: policy_failed "test_refusals.py:')
    )
