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
from clerk_tinybird_app.dashboard.figures import BAD, GOOD, NEUTRAL, NEW, key_figures, trend
from clerk_tinybird_app.dashboard.tables import recent_rows, route_rows
from clerk_tinybird_app.dashboard.times import Times
from clerk_tinybird_app.dashboard.view import MOST_CHARACTERS, SORTS, View
from clerk_tinybird_app.dashboard.zone import zone_named

BERLIN = zone_named("Europe/Berlin")
IN_BERLIN = Times(BERLIN, 2026)
QUARTER = timedelta(minutes=15)
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
NOTHING = SUMMARY | {
    "requests": 0,
    "requests_before": 0,
    "error_rate": None,
    "error_rate_before": None,
    "p95_ms": None,
    "p95_ms_before": None,
    "active_routes": 0,
    "active_routes_before": 0,
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
LATENCY: list[dict[str, Any]] = [
    {"bucket": "2026-11-24 13:30:00", "p50_ms": 10.0, "p95_ms": 90.0, "p99_ms": 99.0},
    {"bucket": "2026-11-24 13:45:00", "p50_ms": None, "p95_ms": None, "p99_ms": None},
]


def changes(summary: dict[str, Any], *filters: str) -> dict[str, tuple[str, str]]:
    found = key_figures(summary, [], [], filters=filters)
    return {figure.name: (figure.change, figure.tone) for figure in found}


def test_a_figure_says_its_value_its_change_and_what_the_change_means() -> None:
    shown = [(f.name, f.value, f.change, f.tone) for f in key_figures(SUMMARY, [], [])]

    assert shown == [
        ("Requests", "182,431", "+82.4 %", NEUTRAL),
        ("Error rate", "0.42 %", "\N{MINUS SIGN}0.11 pt", GOOD),
        ("p95 latency", "184 ms", "+9 ms", BAD),
        ("Active routes", "23", "0", NEUTRAL),
    ]


def test_without_requests_there_is_no_rate_no_latency_and_no_change() -> None:
    requests, rate, p95, _ = key_figures(NOTHING, [], [])

    assert (requests.value, requests.change) == ("0", texts.NONE)
    assert (rate.value, rate.change, rate.tone) == (texts.NONE, texts.NONE, NEUTRAL)
    assert (p95.value, p95.change) == (texts.NONE, texts.NONE)


@pytest.mark.parametrize(
    "before",
    [
        {"requests_before": 0, "error_rate_before": None, "p95_ms_before": None},
        # The tenant's first requests came in the middle of it.
        {"requests_before": 3, "before_is_whole": 0},
    ],
)
def test_what_has_no_whole_period_before_is_new_and_neither_good_nor_bad(
    before: dict[str, Any],
) -> None:
    assert set(changes(SUMMARY | before).values()) == {(NEW, NEUTRAL)}


@pytest.mark.parametrize(
    ("before", "change"),
    [
        (18_243, "+900.0 %"),
        (16_600, "+999.0 %"),
        (15_203, "\N{MULTIPLICATION SIGN}12"),
        (53, "\N{MULTIPLICATION SIGN}3,442"),
        (182_431, "0.0 %"),
        (364_862, "\N{MINUS SIGN}50.0 %"),
    ],
)
def test_growth_is_told_in_per_cent_until_it_is_many_times_as_much(
    before: int, change: str
) -> None:
    assert changes(SUMMARY | {"requests_before": before})["Requests"] == (change, NEUTRAL)


def test_a_change_that_rounds_to_nothing_is_neither_good_nor_bad() -> None:
    steady = changes(SUMMARY | {"error_rate_before": 0.00421, "p95_ms_before": 184.3})

    assert (steady["Error rate"], steady["p95 latency"]) == (
        ("0.00 pt", NEUTRAL),
        ("0 ms", NEUTRAL),
    )


def test_traffic_that_ended_is_down_by_all_of_it() -> None:
    ended = NOTHING | {"requests_before": 100, "error_rate_before": 0.1, "p95_ms_before": 5}

    assert changes(ended)["Requests"] == ("\N{MINUS SIGN}100.0 %", NEUTRAL)


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ((), ["Requests", "Error rate", "p95 latency", "Active routes"]),
        (("region",), ["Requests", "Error rate", "p95 latency", "Active routes"]),
        (("route",), ["Requests", "Error rate", "p95 latency", "Active routes"]),
        (("status_class",), ["Requests", "p95 latency", "Active routes", "p99 latency"]),
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
    assert list(changes(SUMMARY, *filters)) == names


def test_requests_of_one_class_of_status_have_no_share_of_errors() -> None:
    view = View(status_class="5xx")

    assert [row.errors for row in route_rows(ROUTES, view)] == [texts.NONE, texts.NONE]
    told = traffic_summary(TRAFFIC, QUARTER, IN_BERLIN, counts_errors=False)
    assert told.startswith("32 requests; the most, 22,")


def test_a_trend_leaves_out_the_bucket_that_is_still_filling() -> None:
    traffic = [bucket("2026-11-24 13:30:00", count, 0) for count in (1, 2, 3, 0)]

    requests, *_, routes = key_figures(SUMMARY, traffic, [])

    assert requests.trend == trend([1, 2, 3])
    assert routes.trend == trend([1, 1, 1])


def test_a_trend_has_a_gap_where_there_is_no_value() -> None:
    assert trend([1, None, 2, 3]).count("M") == 2
    assert trend([None, None]) == trend([5]) == ""


def test_a_chart_tells_times_in_the_viewers_zone() -> None:
    rows = traffic_rows(TRAFFIC, QUARTER, IN_BERLIN)

    assert [row["label"] for row in rows] == ["14:30", "14:45"]
    assert rows[0]["when"] == "Tue 24 Nov, 14:30 to 14:45"
    assert [row["5xx"] for row in rows] == [0, 2]


def test_a_bucket_without_requests_has_no_latency() -> None:
    assert [row["p95"] for row in latency_rows(LATENCY, QUARTER, IN_BERLIN)] == [90.0, None]


def test_each_chart_is_told_in_a_sentence() -> None:
    assert traffic_summary(TRAFFIC, QUARTER, IN_BERLIN) == (
        "32 requests, 2 of them errors; the most, 22, on Tue 24 Nov, 14:45 to 15:00."
    )
    assert "highest, 90 ms" in latency_summary(LATENCY, QUARTER, IN_BERLIN)
    assert traffic_summary([], QUARTER, IN_BERLIN) == "No requests."
    assert latency_summary(LATENCY[1:], QUARTER, IN_BERLIN) == "No requests."


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


@pytest.mark.parametrize("sort", SORTS)
def test_the_routes_stand_in_the_order_in_which_they_came(sort: str) -> None:
    assert [row.route for row in route_rows(ROUTES, View(sort=sort))] == ["/a", "/b"]


def test_a_route_leads_to_itself_and_keeps_the_rest_of_the_address() -> None:
    view = View(range="7d", region="eu")

    row = route_rows(ROUTES, view)[1]

    assert row.filter_href == "/dashboard?range=7d&method=PUT&route=/b&region=eu"
    assert row.href == "/dashboard/route?range=7d&method=PUT&route=/b&region=eu"
    assert (row.bar, row.errors, row.p95) == (10, "10.00 %", "1.50 s")


def test_a_name_that_cannot_be_seen_is_shown_as_something_that_can() -> None:
    names = ("", "/a b", " ", "a\nb", "\u202ex", "x" * 2_000)

    assert [texts.named(name) for name in names[:-1]] == [
        *("(empty)", "/a b", "\N{OPEN BOX}", "a\\nb", "\\u202ex"),
    ]
    assert len(texts.named(names[-1])) < 130


def test_a_route_whose_name_is_too_long_for_an_address_has_no_link() -> None:
    (row,) = route_rows([ROUTES[0] | {"route": "x" * MOST_CHARACTERS}], View())

    assert (row.href, row.filter_href) == ("", "")
    assert row.route.startswith("xxx")


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

    (shown,) = recent_rows([row], View(), IN_BERLIN, page="/d", now=now)

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


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Nowhere/Land",
        "../../etc/passwd",
        "localtime",
        "posix/UTC",
        "right/UTC",
        "X" * 10_000,
        "\0",
    ],
)
def test_an_unknown_zone_is_utc(name: str) -> None:
    assert zone_named(name) is UTC


def test_a_first_bucket_that_began_before_the_period_is_not_drawn() -> None:
    start = datetime(2026, 11, 24, 13, 37, tzinfo=UTC)

    assert since(TRAFFIC, start) == TRAFFIC[1:]
    assert since(TRAFFIC, datetime(2026, 11, 24, 13, 30, tzinfo=UTC)) == TRAFFIC
    assert since([], start) == []
