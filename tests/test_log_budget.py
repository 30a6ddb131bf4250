"""Errors of pages and of events are logged, but only a limited number."""

import logging
from collections.abc import Callable

import pytest
from reflex.app import default_backend_exception_handler

from clerk_tinybird_app.logs.log_budget import (
    MAX_CHARACTERS,
    MAX_PER_MINUTE,
    LogBudget,
    event_error_log,
    page_error_log,
)
from tests.clock import Clock

LOGS = pytest.mark.parametrize("error_log", [page_error_log, event_error_log])
ErrorLog = Callable[[Clock], Callable[[Exception], None]]


@LOGS
def test_an_error_is_one_bounded_line_that_cannot_forge_another(
    caplog: pytest.LogCaptureFixture, clock: Clock, error_log: ErrorLog
) -> None:
    error_log(clock)(Exception("boom\n[CRITICAL] forged" + "x" * 900_000))

    assert caplog.records[0].levelno == logging.ERROR
    line = caplog.records[0].getMessage()
    assert "boom" in line
    assert "\n" not in line
    assert len(line) < MAX_CHARACTERS + 100


@LOGS
def test_a_flood_is_cut_to_the_minutes_share(
    caplog: pytest.LogCaptureFixture, clock: Clock, error_log: ErrorLog
) -> None:
    log = error_log(clock)
    for _ in range(MAX_PER_MINUTE * 3):
        log(Exception("again"))
    assert len(caplog.records) == MAX_PER_MINUTE

    clock.now += 61
    log(Exception("later"))
    line = caplog.records[-1].getMessage()
    assert "later" in line
    assert f"{MAX_PER_MINUTE * 2} more were not logged" in line


def test_an_events_error_says_where_it_came_from(
    caplog: pytest.LogCaptureFixture, clock: Clock
) -> None:
    try:
        int("no number")
    except ValueError as error:
        event_error_log(clock)(error)

    line = caplog.records[0].getMessage()
    assert "test_log_budget.py:" in line
    assert "test_an_events_error_says_where_it_came_from: ValueError: invalid literal" in line


def test_no_failure_is_answered_with_a_script_for_the_page(clock: Clock) -> None:
    assert default_backend_exception_handler(ValueError("Reflex's own answers with one"))

    answer = event_error_log(clock)(ValueError("boom"))

    assert answer is None


def test_a_loggers_whole_output_can_be_bounded(
    caplog: pytest.LogCaptureFixture, clock: Clock
) -> None:
    log = logging.getLogger("somebody.elses")
    log.addFilter(budget := LogBudget(clock))
    try:
        for _ in range(MAX_PER_MINUTE * 3):
            log.error("said %s", "a\nb", exc_info=ValueError("boom"))
    finally:
        log.removeFilter(budget)

    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == MAX_PER_MINUTE
    # One line each, whether or not the app's own redaction has been there before.
    assert all(said.startswith(r"'said a\n") and "\n" not in said for said in messages)
    assert "Traceback" not in caplog.text
