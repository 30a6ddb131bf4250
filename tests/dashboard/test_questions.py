"""What a refresh asks, and what it costs."""

from datetime import UTC, datetime

from clerk_tinybird_app.dashboard.questions import (
    LATENCY,
    PANELS,
    ROUTE_PANELS,
    ROUTES,
    TRAFFIC,
    any_row,
    least_seconds,
    questions,
)
from clerk_tinybird_app.dashboard.view import View
from clerk_tinybird_app.dashboard.zone import zone_named
from clerk_tinybird_app.services import pipe_fields
from tests.sessions import FIXED_PARAMS, PIPES

BERLIN = zone_named("Europe/Berlin")
NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC).timestamp()
FILTERED = View(range="1h", method="GET", route="/v1/orders", status_class="5xx", region="eu")


def test_every_panel_asks_for_the_same_period_with_the_same_filters() -> None:
    for asked in questions(FILTERED, PANELS, UTC, NOW):
        own = ("limit", "sort", "time_zone")
        assert {k: v for k, v in asked.parameters.items() if k not in own} == {
            "start": "2026-11-24 11:00:01",
            "end": "2026-11-24 12:00:01",
            "method": "GET",
            "route": "/v1/orders",
            "status_class": "5xx",
            "region": "eu",
        }


def test_what_is_asked_is_what_the_projects_pipes_take() -> None:
    fields = pipe_fields()

    for asked in [*questions(FILTERED, PANELS, UTC, NOW), any_row(NOW)]:
        assert asked.pipe in PIPES
        assert asked.parameters.keys() <= {field.name for field in fields[asked.pipe]}
        assert not asked.parameters.keys() & set(FIXED_PARAMS)


def test_an_empty_value_is_asked_for_as_a_value_and_none_is_not() -> None:
    (asked,) = questions(View(route="", region=None), (ROUTES,), UTC, NOW)

    assert asked.parameters["route"] == ""
    assert "region" not in asked.parameters


def test_the_panels_over_time_ask_for_the_viewers_hours_and_days() -> None:
    asked = {each.panel: each for each in questions(View(), PANELS, BERLIN, NOW)}

    for panel in (TRAFFIC, LATENCY):
        assert asked[panel].parameters["time_zone"] == "Europe/Berlin"


def test_the_routes_are_asked_for_in_the_order_of_the_address() -> None:
    (asked,) = questions(View(sort="p95"), (ROUTES,), UTC, NOW)

    assert asked.parameters["sort"] == "p95"


def test_one_routes_view_asks_less_and_still_for_its_latency() -> None:
    assert LATENCY in ROUTE_PANELS
    assert len(ROUTE_PANELS) < len(PANELS)


def test_refreshes_leave_half_of_the_tokens_rate_unused() -> None:
    assert least_seconds(10) == 1
    assert least_seconds(1) == 10
    assert least_seconds(3) == 4
