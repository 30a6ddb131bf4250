"""Figures, charts and tables say what the pipes' rows say."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clerk_tinybird_app.dashboard import texts
from clerk_tinybird_app.dashboard.charts import (
    latency_rows,
    latency_summary,
    since,
    traffic_rows,
    traffic_summary,
)
from clerk_tinybird_app.dashboard.figures import BAD, GOOD, NEUTRAL, key_figures, trend
from clerk_tinybird_app.dashboard.tables import recent_rows, route_rows
from clerk_tinybird_app.dashboard.view import View
from clerk_tinybird_app.dashboard.zone import zone_named

BERLIN = zone_named("Europe/Berlin")
QUARTER = timedelta(minutes=15)
SUMMARY: dict[str, Any] = {
    "requests": 182_431,
    "requests_before": 100_000,
    "error_rate": 0.0042,
    "error_rate_before": 0.0053,
    "p95_ms": 184.2,
    "p95_ms_before": 175.0,
    "active_routes": 23,
    "active_routes_before": 23,
}
NOTHING = SUMMARY | {
    "requests": 0,
    "requests_before": 0,
    "error_rate": None,
    "error_rate_before": None,
    "p95_ms": None,
    "p95_ms_before": None,
}


def bucket(at: str, ok: int, bad: int) -> dict[str, Any]:
    return {
        "bucket": at,
        "requests": ok + bad,
        "status_2xx": ok,
        "status_3xx": 0,
        "status_4xx": 0,
        "status_5xx": bad,
        "active_routes": 1,
    }


TRAFFIC = [bucket("2026-11-24 13:30:00", 10, 0), bucket("2026-11-24 13:45:00", 20, 2)]
LATENCY = [
    {"bucket": "2026-11-24 13:30:00", "p50_ms": 10.0, "p95_ms": 90.0, "p99_ms": 99.0},
    {"bucket": "2026-11-24 13:45:00", "p50_ms": None, "p95_ms": None, "p99_ms": None},
]


def test_a_figure_says_its_value_its_change_and_what_the_change_means() -> None:
    shown = [(f.name, f.value, f.change, f.tone) for f in key_figures(SUMMARY, [], [])]

    assert shown == [
        ("Requests", "182,431", "+82.4 %", GOOD),
        ("Error rate", "0.42 %", "\N{MINUS SIGN}0.11 pt", GOOD),
        ("p95 latency", "184 ms", "+9 ms", BAD),
        ("Active routes", "23", "0", NEUTRAL),
    ]


def test_without_requests_there_is_no_rate_no_latency_and_no_change() -> None:
    requests, rate, p95, _ = key_figures(NOTHING, [], [])

    assert (requests.value, requests.change) == ("0", texts.NONE)
    assert (rate.value, rate.change, rate.tone) == (texts.NONE, texts.NONE, NEUTRAL)
    assert (p95.value, p95.change) == (texts.NONE, texts.NONE)


def test_a_trend_leaves_out_the_bucket_that_is_still_filling() -> None:
    traffic = [bucket("2026-11-24 13:30:00", count, 0) for count in (1, 2, 3, 0)]

    requests, *_, routes = key_figures(SUMMARY, traffic, [])

    assert requests.trend == trend([1, 2, 3])
    assert routes.trend == trend([1, 1, 1])


def test_a_trend_has_a_gap_where_there_is_no_value() -> None:
    assert trend([1, None, 2, 3]).count("M") == 2
    assert trend([None, None]) == trend([5]) == ""


def test_a_chart_tells_times_in_the_viewers_zone() -> None:
    rows = traffic_rows(TRAFFIC, QUARTER, BERLIN)

    assert [row["label"] for row in rows] == ["14:30", "14:45"]
    assert rows[0]["when"] == "Tue 24 Nov, 14:30 to 14:45"
    assert [row["5xx"] for row in rows] == [0, 2]


def test_a_bucket_without_requests_has_no_latency() -> None:
    assert [row["p95"] for row in latency_rows(LATENCY, QUARTER, BERLIN)] == [90.0, None]


def test_each_chart_is_told_in_a_sentence() -> None:
    assert traffic_summary(TRAFFIC, QUARTER, BERLIN) == (
        "32 requests, 2 of them errors; the most, 22, on Tue 24 Nov, 14:45 to 15:00."
    )
    assert "highest, 90 ms" in latency_summary(LATENCY, QUARTER, BERLIN)
    assert traffic_summary([], QUARTER, BERLIN) == "No requests."
    assert latency_summary(LATENCY[1:], QUARTER, BERLIN) == "No requests."


ROUTES = [
    {"method": "GET", "route": "/a", "requests": 500, "errors": 9, "error_rate": 0.02, "p95_ms": 9},
    {
        "method": "PUT",
        "route": "/b",
        "requests": 50,
        "errors": 5,
        "error_rate": 0.1,
        "p95_ms": 1500,
    },
]


@pytest.mark.parametrize(("sort", "first"), [("requests", "/a"), ("errors", "/b"), ("p95", "/b")])
def test_the_routes_stand_in_the_order_of_the_address(sort: str, first: str) -> None:
    rows = route_rows(ROUTES, View(sort=sort))

    assert rows[0].route == first


def test_a_route_leads_to_itself_and_keeps_the_rest_of_the_address() -> None:
    view = View(range="7d", region="eu")

    row = route_rows(ROUTES, view)[1]

    assert row.filter_href == "/dashboard?range=7d&method=PUT&route=/b&region=eu"
    assert row.href == "/dashboard/route?range=7d&method=PUT&route=/b&region=eu"
    assert (row.bar, row.errors, row.p95) == (10, "10.00 %", "1.50 s")


def test_a_request_leads_to_others_of_its_kind() -> None:
    row = {
        "timestamp": "2026-11-23 22:59:59.007",
        "request_id": "req_1",
        "method": "GET",
        "route": "/a",
        "status": 503,
        "duration_ms": 3.25,
        "region": "eu",
    }
    now = datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()

    (shown,) = recent_rows([row], View(), BERLIN, page="/d", now=now)

    assert shown.time == "23 Nov 23:59:59.007"
    assert shown.duration == "3.2 ms"
    assert shown.status_href == "/d?status_class=5xx"
    assert shown.region_href == "/d?region=eu"


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(0.004, 2, "0.00"), (-0.004, 2, "0.00"), (12.34, 1, "+12.3"), (-2, 0, "\N{MINUS SIGN}2")],
)
def test_a_change_has_a_sign_unless_it_rounds_to_nothing(
    value: float, digits: int, text: str
) -> None:
    assert texts.signed(value, digits) == text


@pytest.mark.parametrize("name", ["", "Nowhere/Land", "../../etc/passwd", "x" * 10_000, "\0"])
def test_an_unknown_zone_is_utc(name: str) -> None:
    assert zone_named(name) is UTC


def test_a_first_bucket_that_began_before_the_period_is_not_drawn() -> None:
    start = datetime(2026, 11, 24, 13, 37, tzinfo=UTC)

    assert since(TRAFFIC, start) == TRAFFIC[1:]
    assert since(TRAFFIC, datetime(2026, 11, 24, 13, 30, tzinfo=UTC)) == TRAFFIC
    assert since([], start) == []


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (timedelta(seconds=15), "14:30:00"),
        (QUARTER, "14:30"),
        (timedelta(hours=3), "Tue 14:30"),
        (timedelta(hours=12), "24 Nov"),
        (timedelta(days=1), "24 Nov"),
    ],
)
def test_a_tick_is_as_short_as_its_step_allows(step: timedelta, text: str) -> None:
    assert texts.tick(datetime(2026, 11, 24, 13, 30, tzinfo=UTC), step, BERLIN) == text
