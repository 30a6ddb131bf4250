"""The soak with few tabs and for seconds: nothing foreign is shown, and no row is lost."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.soak import redis_tabs
from benchmarks.soak.ingest import ingest
from benchmarks.soak.people import make_people
from benchmarks.soak.storm import PLAYGROUND, SESSION, TOKEN, Storm, compared, rage
from benchmarks.soak.tab import Shown
from tests import redis_server
from tests.running_app import RunningApp

_TABS = 16


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The backend with all that is embedded in it, without its pages."""
    app = RunningApp(tmp_path_factory.mktemp("soak") / "app")
    app.env["REFLEX_BACKEND_PORT"] = str(app.port)
    try:
        app.backend_alone()
        app.wait_for_tinybird()
        yield app
    finally:
        app.stop()


def test_whoever_signs_in_switches_and_signs_out_at_once_sees_nothing_foreign(
    app: RunningApp,
) -> None:
    people = make_people(app.folder, _TABS)

    outcome = rage(Storm(app.origin, app.port, people, _TABS, seconds=3))

    assert not outcome.wrong
    assert all(outcome.checked[what] for what in ("push", "token", "row")), outcome.checked
    assert not [what for what in outcome.done if what.startswith("lost")]


def test_no_row_that_was_acknowledged_is_lost_or_doubled_by_a_kill(app: RunningApp) -> None:
    outcome = ingest(app, seconds=2, kills=1)

    assert outcome.acknowledged
    assert not outcome.lost
    assert not outcome.doubled


@pytest.mark.skipif(not redis_server.is_there(), reason=redis_server.ADVICE)
def test_what_a_tab_and_its_events_cost_redis_is_counted(tmp_path: Path) -> None:
    with redis_server.redis_server("--logfile", os.devnull) as server:
        shared = {"REFLEX_REDIS_URL": server.url, "REDIS_SECRET": "s" * 32}
        app = RunningApp(tmp_path / "app", redis_tabs.REFRESH_OFTEN | shared)
        app.env["REFLEX_BACKEND_PORT"] = str(app.port)
        try:
            app.backend_alone()
            app.wait_for_tinybird()
            cost = redis_tabs.measure(server, app, tabs=4)
        finally:
            app.stop()

    assert 10 <= cost.signed_in_keys <= 14
    assert 10 < cost.signed_in_kb < cost.filled_kb
    # A push takes and renews each part of a state; a refresh is several events, and its queries.
    assert cost.push.commands > cost.signed_in_keys
    assert cost.refresh.commands > 2 * cost.push.commands
    assert cost.push.redis_ms > 0


def test_a_page_with_something_foreign_is_noticed() -> None:
    shown: Shown = {
        SESSION: {"user_id_rx_state_": "me", "tenant_id_rx_state_": "ours"},
        TOKEN: {
            "claims_json_rx_state_": json.dumps(
                {"scopes": [{"fixed_params": {"user_id": "you", "tenant_id": "ours"}}]}
            )
        },
        PLAYGROUND: {
            "columns_rx_state_": ["status", "tenant_id"],
            "rows_rx_state_": [["200", "ours"], ["200", "theirs"]],
        },
    }

    foreign = [what for what, found, expected in compared(shown) if found != expected]

    assert foreign == ["token", "row"]
