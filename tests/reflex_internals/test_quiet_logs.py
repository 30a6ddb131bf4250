"""Reflex still writes the log lines that the app leaves out."""

import asyncio
import logging

import pytest
from packaging.version import Version
from reflex.app import EventNamespace
from reflex.state import StateUpdate
from reflex.utils import js_runtimes, registry

from clerk_tinybird_app.reflex_internals.configuration import quiet_logs
from tests.state.tab import APP


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    quiet_logs()


def test_an_old_nodejs_that_is_not_used_is_not_complained_of(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(js_runtimes, "get_node_version", lambda: Version("20.0.0"))

    assert js_runtimes.is_outdated_nodejs_installed()
    assert caplog.text == ""


def test_a_registry_that_is_not_asked_is_not_reported_as_out_of_reach(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    registry.latency("http://127.0.0.1:1")

    assert "connect to" not in caplog.text


def test_a_tab_that_closed_meanwhile_is_no_line_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    namespace = EventNamespace("/_event", APP)

    asyncio.run(namespace.emit_update(StateUpdate(), token="client-token"))

    assert "disconnected client" not in caplog.text


def test_other_lines_of_the_same_loggers_stay(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("reflex.app").warning("Something else")

    assert "Something else" in caplog.text
