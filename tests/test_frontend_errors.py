"""What a browser reports is logged, within bounds."""

import logging

import pytest

from clerk_tinybird_app.frontend_errors import FrontendErrorLog
from clerk_tinybird_app.log_budget import MAX_CHARACTERS, MAX_PER_MINUTE
from tests.clock import Clock


def test_a_report_is_one_bounded_line_that_cannot_forge_another(
    caplog: pytest.LogCaptureFixture, clock: Clock
) -> None:
    FrontendErrorLog(clock)(Exception("boom\n[CRITICAL] forged" + "x" * 900_000))

    assert caplog.records[0].levelno == logging.ERROR
    line = caplog.records[0].getMessage()
    assert "boom" in line
    assert "\n" not in line
    assert len(line) < MAX_CHARACTERS + 100


def test_a_flood_is_cut_to_the_minutes_share(
    caplog: pytest.LogCaptureFixture, clock: Clock
) -> None:
    log = FrontendErrorLog(clock)
    for _ in range(MAX_PER_MINUTE * 3):
        log(Exception("again"))
    assert len(caplog.records) == MAX_PER_MINUTE

    clock.now += 61
    log(Exception("later"))
    line = caplog.records[-1].getMessage()
    assert "later" in line
    assert f"{MAX_PER_MINUTE * 2} more were not logged" in line
