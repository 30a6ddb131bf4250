"""The shipped product's dashboard: what it asks, and what it makes of its pipes' rows."""

import ast
from collections.abc import Iterable
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from clerk_tinybird_app import dashboard, state
from clerk_tinybird_app.dashboard.declaration import Panel, Records, TimeSeries
from clerk_tinybird_app.dashboard.questions import Question, any_row, questions
from clerk_tinybird_app.dashboard.record import shown_record
from clerk_tinybird_app.dashboard.shown import Shaper
from clerk_tinybird_app.dashboard.times import Tick, zone_named
from clerk_tinybird_app.dashboard.view import View
from tests.products.product import parameters_of, shipped

DEMO = shipped("demo")
DASHBOARD, PIPES = DEMO.dashboard, DEMO.policy.pipes
TAKES = parameters_of(DEMO)
FIXED_PARAMS = frozenset[str]().union(*DEMO.policy.fixed.values())
(BUCKET,) = (each for each in fields(TimeSeries) if each.name == "at")
(TIMESTAMP,) = (each for each in fields(Records) if each.name == "at")
PANELS = {each.key: each for each in DASHBOARD.all_panels}
NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC).timestamp()
TICK = Tick.of(NOW, 2)
FILTERS = {"method": "GET", "route": "/v1/orders", "status_class": "5xx", "region": "eu"}
FILTERED = View.of(DASHBOARD, range="1h", filters=FILTERS)


def asked(view: View, panels: Iterable[Panel] = DASHBOARD.panels) -> list[Question]:
    return questions(
        DASHBOARD, view, panels, zone=zone_named("Europe/Berlin"), tick=TICK, takes=TAKES
    )


def test_every_panel_asks_for_the_same_period_with_the_same_filters() -> None:
    for each in asked(FILTERED):
        own = {"limit", "sort", "time_zone", "dimension"}
        # A ranking keeps the rows beside those that it is filtered by.
        own |= {"method", "route"} if each.panel == "top_routes" else set()
        assert {k: v for k, v in each.parameters.items() if k not in own} == {
            "start": "2026-11-24 11:00:01",
            "end": "2026-11-24 12:00:01",
            **{name: value for name, value in FILTERS.items() if name not in own},
        }


def test_what_is_asked_is_what_the_projects_pipes_take() -> None:
    for each in [*asked(FILTERED), any_row(DASHBOARD, TICK, TAKES)]:
        assert each.pipe in PIPES
        assert each.parameters.keys() <= TAKES[each.pipe]
        assert not each.parameters.keys() & FIXED_PARAMS


def test_the_panels_over_time_ask_for_the_viewers_hours_and_days() -> None:
    found = {each.pipe for each in asked(View.of(DASHBOARD)) if "time_zone" in each.parameters}

    assert found == {"requests_over_time", "latency_over_time"}


def test_the_routes_are_asked_for_in_the_order_of_the_address() -> None:
    (found,) = asked(View.of(DASHBOARD, orders={"sort": "p95"}), [PANELS["top_routes"]])

    assert (found.parameters["sort"], found.parameters["limit"]) == ("p95", "50")


def test_one_routes_view_asks_less_and_still_for_its_latency() -> None:
    own = DASHBOARD.panels_of("route")

    assert PANELS["latency_over_time"] in own
    assert len(own) < len(DASHBOARD.panels)


SUMMARY: dict[str, Any] = {
    "requests": 182_431,
    "requests_before": 100_000,
    "error_rate": 0.0042,
    "error_rate_before": 0.0053,
    "p95_ms": 184.2,
    "p95_ms_before": 175.0,
    "p99_ms": 250.0,
    "p99_ms_before": 240.0,
    "p50_ms": 20.0,
    "p50_ms_before": 19.0,
    "active_routes": 23,
    "active_routes_before": 23,
    "before_is_whole": 1,
}


def shown(panel: str, rows: list[dict[str, Any]], view: View) -> dict[str, Any]:
    shaper = Shaper(DASHBOARD, view, page="", zone=zone_named("Europe/Berlin"), now=NOW)
    return shaper.shown(PANELS[panel], {panel: rows})


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ((), ["Requests", "Error rate", "p95 latency", "Active routes"]),
        (("region",), ["Requests", "Error rate", "p95 latency", "Active routes"]),
        (("status_class",), ["Requests", "p95 latency", "Active routes", "p99 latency"]),
        (("status",), ["Requests", "p95 latency", "Active routes", "p99 latency"]),
        (("method", "route"), ["Requests", "Error rate", "p95 latency", "p99 latency"]),
        (
            ("method", "route", "status_class"),
            ["Requests", "p95 latency", "p99 latency", "p50 latency"],
        ),
    ],
)
def test_what_the_filters_fix_is_no_figure_and_another_takes_its_place(
    filters: tuple[str, ...], names: list[str]
) -> None:
    chosen = FILTERS | {"status": "503"}
    view = View.of(DASHBOARD, filters={name: chosen[name] for name in filters})

    assert [each.label for each in shown("usage_summary", [SUMMARY], view)["rows"]] == names


def test_the_traffic_is_told_by_class_of_status() -> None:
    rows = [
        {
            "bucket": f"2026-11-24 11:{minute}:00",
            "requests": ok + bad,
            "status_2xx": ok,
            "status_3xx": 0,
            "status_4xx": 0,
            "status_5xx": bad,
            "error_rate": bad / (ok + bad),
        }
        for minute, ok, bad in ((30, 10, 0), (45, 20, 2))
    ]

    assert shown("requests_over_time", rows, View.of(DASHBOARD))["rows"].summary == (
        "32 requests (2xx 30, 5xx 2); the most, 22, on Tue 24 Nov, 12:45 to 13:00."
    )


REQUEST: dict[str, Any] = {
    "timestamp": "2026-11-23 22:59:59.007",
    "request_id": "req_1",
    "method": "GET",
    "route": "/a",
    "status": 503,
    "duration_ms": 3.25,
    "region": "eu",
    "user_id": "user_1",
    "status_class": "5xx",
}


def test_a_request_says_when_it_was_and_is_coloured_by_its_class() -> None:
    (found,) = shown("recent_requests", [REQUEST], View.of(DASHBOARD))["rows"]

    assert [cell.text for cell in found.cells] == [
        *("23 Nov 23:59:59.007", "503", "GET /a", "3.3 ms", "eu", "user_1"),
    ]
    assert found.cells[1].tone == "error"


def test_each_field_of_a_request_leads_to_those_of_its_kind_and_to_all_others() -> None:
    view = View.of(DASHBOARD)
    shaper = Shaper(DASHBOARD, view, page="", zone=zone_named("Europe/Berlin"), now=NOW)
    panel = PANELS["recent_requests"]
    assert isinstance(panel, Records)

    found = shown_record(shaper, panel, REQUEST).fields

    assert [(each.label, each.only_href, each.not_href) for each in found if each.only_href] == [
        ("status", "/dashboard?status=503", "/dashboard?status_not=503"),
        ("method", "/dashboard?method=GET", "/dashboard?method_not=GET"),
        ("route", "/dashboard?route=/a", "/dashboard?route_not=/a"),
        ("region", "/dashboard?region=eu", "/dashboard?region_not=eu"),
        ("user", "/dashboard?user=user_1", "/dashboard?user_not=user_1"),
        ("status class", "/dashboard?status_class=5xx", "/dashboard?status_class_not=5xx"),
    ]


def test_no_module_of_the_engine_names_a_pipe_a_column_or_a_filter_of_the_product() -> None:
    own = {*PIPES, *FIXED_PARAMS, *(each.name for each in DASHBOARD.filters)}
    own = own.union(*(panel.columns_used for panel in PANELS.values()))
    # What a declaration says when it says nothing else.
    own -= {BUCKET.default, TIMESTAMP.default}
    folders = (Path(each.__path__[0]) for each in (dashboard, state))
    named = {
        (file.name, node.value)
        for folder in folders
        for file in folder.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in own
    }

    # A session's state has the user's own id, by Clerk's name for it.
    assert {found for found in named if found[1] != "user_id"} == set()
