"""What the bundled endpoints count is what the rows say: every name, every zone, every order."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Iterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from clerk_tinybird_app.dashboard.address import read_view
from clerk_tinybird_app.dashboard.declaration import Records
from clerk_tinybird_app.dashboard.questions import questions
from clerk_tinybird_app.dashboard.record import Field, shown_record
from clerk_tinybird_app.dashboard.shown import Shaper
from clerk_tinybird_app.dashboard.times import LENGTHS, Period, Tick, bucket_width, is_refusal
from clerk_tinybird_app.dashboard.view import View
from clerk_tinybird_app.tinybird.client import TinybirdClient
from clerk_tinybird_app.tinybird.client.connections import TinybirdConnections
from tests.local.tinybird.process import ROOT, Tinybird, reads
from tests.products.product import parameters_of, shipped

DEMO = shipped("demo")
DASHBOARD, PIPES = DEMO.dashboard, DEMO.policy.pipes
NOON = datetime(2099, 6, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LONG = "/v1/" + "long/" * 400
NAMES = [
    *("/a", "/a%b", "/a%", "%", "\\%", "/a\\%b", "\\", "/a_b", "/aXb", "it's", '"', "`"),
    *("", " ", "\n", "a\tb\r", "\0", "\x1b[31m", "?a=1&b=2#c", "a b+c%20d", "/é/日本/🙂"),
    *("{{ route }}", "{% end %}", "-- x", "/* x */", "'; DROP TABLE requests --"),
    *("\u202eevil", "None", "null", "undefined"),
    *(LONG, LONG[:-1] + "%", "🙂" * 900, "%" * 2_000, "&=?#" * 500),
]  # fmt: skip
"""Names of routes; some differ only in what a careless comparison takes for the same."""


@pytest.fixture(scope="module")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tinybird]:
    with Tinybird(ROOT / "tinybird", tmp_path_factory.mktemp("numbers") / "data") as running:
        yield running


def row(at: datetime, **changes: Any) -> dict[str, Any]:
    return {
        "timestamp": at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "tenant_id": "org_names",
        "user_id": "user_1",
        "request_id": f"req_{at.timestamp()}",
        "method": "GET",
        "route": "/a",
        "status": 200,
        "duration_ms": 5.0,
        "region": "eu",
        **changes,
    }


def ask(bundled: Tinybird, pipe: str, tenant: str, **parameters: str) -> list[dict[str, Any]]:
    token = bundled.token(reads(pipe, tenant_id=tenant, user_id="user_1"))
    answer = bundled.post(f"/v0/pipes/{pipe}.json", token, data=parameters)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["data"]
    return rows


def utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


A_DAY = {"start": utc(NOON - DAY / 2), "end": utc(NOON + DAY / 2)}


@pytest.fixture(scope="module")
def named(bundled: Tinybird) -> Tinybird:
    """For each name so many requests as its place says, of that route, that method or region."""
    rows = [
        row(NOON + timedelta(seconds=n), request_id=f"req_{what}_{n}_{i}", **{what: name})
        for what in ("route", "method", "region")
        for n, name in enumerate(NAMES, 1)
        for i in range(n)
    ]
    bundled.add(*rows, name="requests")
    return bundled


COUNTED = {
    "usage_summary": lambda rows: rows[0]["requests"],
    "requests_over_time": lambda rows: sum(each["requests"] for each in rows),
    "latency_over_time": lambda rows: sum(each["requests"] for each in rows),
    "top_routes": lambda rows: sum(each["requests"] for each in rows),
    "filter_values": lambda rows: sum(each["requests"] for each in rows),
    "recent_requests": len,
    "my_requests": len,
}


@pytest.mark.parametrize("pipe", PIPES)
def test_a_filter_finds_what_has_exactly_its_value(named: Tinybird, pipe: str) -> None:
    usual = {"route": "/a", "method": "GET", "region": "eu"}
    all_of_them = sum(range(1, len(NAMES) + 1))
    for what, (n, name) in itertools.product(usual, enumerate(NAMES, 1)):
        expected = n + (2 * all_of_them if name == usual[what] else 0)
        more = {"limit": "9999"} if pipe not in ("usage_summary",) and "over" not in pipe else {}

        rows = ask(named, pipe, "org_names", **A_DAY, **more, **{what: name})

        assert COUNTED[pipe](rows) == expected, (what, name[:40])


TENANTS = ["t%", "t\\%", "t_", "tX", "t'", "T", "\\", "%"]


def test_a_tenant_is_exactly_its_id(bundled: Tinybird) -> None:
    for n, tenant in enumerate(TENANTS, 1):
        rows = [row(NOON, tenant_id=tenant, request_id=f"req_{i}") for i in range(n)]
        bundled.add(*rows, name="requests")

    for pipe in PIPES:
        counts = [COUNTED[pipe](ask(bundled, pipe, tenant, **A_DAY)) for tenant in TENANTS]
        assert counts == list(range(1, len(TENANTS) + 1)), pipe


PANELS = {each.key: each for each in DASHBOARD.all_panels}


def shown(panel: str, rows: list[dict[str, Any]], view: View) -> list[Any]:
    found: list[Any] = Shaper(DASHBOARD, view, "", UTC, 0).shown(PANELS[panel], {panel: rows})[
        "rows"
    ]
    return found


def follow(running: Tinybird, tenant: str, href: str) -> str:
    """Return the first figure of what a link leads to, asked as the app asks."""
    view, problem = read_view(href.partition("?")[2], DASHBOARD)
    assert problem == ""
    (question,) = questions(
        DASHBOARD,
        view,
        [PANELS["usage_summary"]],
        zone=UTC,
        tick=Tick.of(0, 1),
        takes=parameters_of(DEMO),
    )
    scopes = [reads(question.pipe, tenant_id=tenant)]

    async def answer() -> list[dict[str, Any]]:
        url = str(running.http.base_url).rstrip("/")
        async with aclosing(TinybirdConnections(is_near=True)) as connections:
            client = TinybirdClient(url, connections=connections)
            found = await client.query(question.pipe, question.parameters, running.token(*scopes))
            return list(found.rows)

    value: str = shown("usage_summary", asyncio.run(answer()), view)[0].value
    return value


A_VIEW = View.of(DASHBOARD, range="custom", start=NOON - DAY / 2, end=NOON + DAY / 2)


def test_every_routes_links_lead_to_its_own_count(bundled: Tinybird) -> None:
    for n, name in enumerate(NAMES, 1):
        rows = [
            row(NOON, tenant_id="org_links", route=name, request_id=f"{n}_{i}") for i in range(n)
        ]
        bundled.add(*rows, name="requests")
    rows = ask(bundled, "top_routes", "org_links", **A_DAY, limit="100")
    found = shown("top_routes", rows, A_VIEW)
    assert len(found) == len(NAMES)
    for each in found:
        name, requests = each.cells[:2]
        assert name.text.strip()
        for href in (each.open_href, name.href):
            assert follow(bundled, "org_links", href) == requests.text, name


def test_every_requests_links_lead_to_requests_of_its_kind_or_to_all_others(
    bundled: Tinybird,
) -> None:
    kinds = [("GET", "/a", "eu", 200), ("", "", "", 404), ("%", "\n", "%", 599)]
    rows = [
        row(NOON, tenant_id="org_kinds", request_id=f"{n}_{i}")
        | {"method": method, "route": route, "region": region, "status": status}
        | {"user_id": f"user_{n}"}
        for n, (method, route, region, status) in enumerate(kinds, 1)
        for i in range(n)
    ]
    bundled.add(*rows, name="requests")
    rows = ask(bundled, "recent_requests", "org_kinds", **A_DAY)
    counts = Counter(each["request_id"][0] for each in rows)
    for each in rows:
        own = counts[each["request_id"][0]]
        links = [field for field in fields_of(each) if field.only_href]
        assert [field.label for field in links] == [
            *("status", "method", "route", "region", "user", "status class")
        ]
        for link in links:
            assert follow(bundled, "org_kinds", link.only_href) == str(own), link
            assert follow(bundled, "org_kinds", link.not_href) == str(len(rows) - own), link


def test_a_status_of_no_class_has_no_link(bundled: Tinybird) -> None:
    bundled.add(row(NOON, tenant_id="org_odd", status=999), name="requests")
    (odd,) = ask(bundled, "recent_requests", "org_odd", **A_DAY)

    (found,) = (each for each in fields_of(odd) if each.label == "status class")

    assert (found.only_href, found.not_href) == ("", "")


def fields_of(request: dict[str, Any]) -> list[Field]:
    """Return what the drawer of a request says."""
    panel = PANELS["recent_requests"]
    assert isinstance(panel, Records)
    shaper = Shaper(DASHBOARD, A_VIEW, page="", zone=UTC, now=NOON.timestamp())
    return shown_record(shaper, panel, request).fields


def test_an_order_is_of_all_routes_not_of_the_busiest(bundled: Tinybird) -> None:
    usual = [
        row(NOON, tenant_id="org_sort", route=f"/busy/{n}", request_id=f"{n}_{i}")
        for n in range(60)
        for i in range(3)
    ]
    worst = row(NOON, tenant_id="org_sort", route="/worst", status=500, duration_ms=90_000)
    bundled.add(*usual, worst, name="requests")

    for sort in ("requests", "errors", "p95"):
        rows = ask(bundled, "top_routes", "org_sort", **A_DAY, limit="50", sort=sort)
        assert len(rows) == 50
        assert (rows[0]["route"] == "/worst") == (sort != "requests"), sort


def test_an_order_that_there_is_none_of_is_said(bundled: Tinybird) -> None:
    token = bundled.token(reads("top_routes", tenant_id="org_sort"))
    answer = bundled.get("/v0/pipes/top_routes.json", token, sort="name")
    assert (answer.status_code, answer.json()["error"]) == (
        400,
        "sort must be requests, errors or p95",
    )


ZONES = [
    *("UTC", "America/Sao_Paulo", "America/New_York", "Europe/Berlin", "Asia/Kolkata"),
    *("Asia/Kathmandu", "Asia/Calcutta", "Australia/Lord_Howe", "Pacific/Chatham"),
    *("America/Havana", "Pacific/Kiritimati", "Etc/GMT+12"),
    *("Europe/Kyiv", "Asia/Katmandu", "America/Coyhaique"),
]
CHANGES = [
    datetime(2098, 11, 2, 12, tzinfo=UTC),  # back, in America
    datetime(2099, 3, 8, 12, tzinfo=UTC),  # forth, in America
    datetime(2099, 3, 29, 12, tzinfo=UTC),  # forth, in Europe
    datetime(2099, 10, 25, 12, tzinfo=UTC),  # back, in Europe
    datetime(2099, 4, 5, 0, tzinfo=UTC),  # back, on Lord Howe Island
]


QUARTERS = [datetime(2098, 10, 1, tzinfo=UTC) + timedelta(minutes=15) * n for n in range(420 * 96)]
AT_ONCE = 10_000


@pytest.fixture(scope="module")
def yearly(bundled: Tinybird) -> Tinybird:
    """A request of the tenant ``org_zones`` in every quarter of an hour of more than a year."""
    for n in range(0, len(QUARTERS), AT_ONCE):
        rows = (row(at, tenant_id="org_zones") for at in QUARTERS[n : n + AT_ONCE])
        bundled.add(*rows, name="requests")
    return bundled


STEPS = {
    LENGTHS["15m"]: timedelta(seconds=15),
    LENGTHS["1h"]: timedelta(minutes=1),
    LENGTHS["24h"]: timedelta(minutes=15),
    LENGTHS["7d"]: 3 * HOUR,
    LENGTHS["30d"]: DAY,
    DAY * 1.25: timedelta(minutes=30),
    DAY * 3: HOUR,
    DAY * 10: 3 * HOUR,
    DAY * 20: 6 * HOUR,
    DAY * 21: DAY,
    DAY * 60: DAY,
    DAY * 200: 7 * DAY,
}
"""A period's length -> the width of its buckets, as the pipes choose it."""


def bucket_of(at: datetime, zone: tzinfo, step: timedelta) -> object:
    """Return what tells the bucket that a moment lies in, by the clock on the wall."""
    local = at.astimezone(zone)
    if step == timedelta(weeks=1):
        return local.date() - timedelta(days=local.weekday())
    if step == DAY:
        return local.date()
    seconds = local.hour * 3600 + local.minute * 60 + local.second
    if step <= HOUR:
        # An hour that comes twice is two buckets; one in which the clock is put back is one.
        return at - timedelta(seconds=seconds % step.total_seconds())
    return local.date(), seconds // step.total_seconds()


@settings(
    max_examples=100,
    deadline=None,
    # Every try is a query: what fails is not looked at for something smaller.
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    zone=st.sampled_from(ZONES),
    middle=st.sampled_from(CHANGES),
    length=st.sampled_from(list(STEPS)),
    ahead=st.integers(0, 400).map(lambda minutes: timedelta(minutes=minutes)),
)
def test_buckets_are_hours_days_and_weeks_of_the_zone_asked_for(
    yearly: Tinybird, zone: str, middle: datetime, length: timedelta, ahead: timedelta
) -> None:
    end = middle + min(length / 2, 40 * DAY) + ahead
    period, step = Period(end - length, end), STEPS[length]
    # A clock that is put back by half an hour cuts one hour in two, in the middle of it.
    assume(zone != "Australia/Lord_Howe" or step != HOUR)
    told = {"start": utc(period.start), "end": utc(period.end), "time_zone": zone}
    within = [at for at in QUARTERS if period.start <= at < period.end]
    expected = Counter(bucket_of(at, ZoneInfo(zone), step) for at in within)

    rows = ask(yearly, "requests_over_time", "org_zones", **told)

    starts = [datetime.fromisoformat(each["bucket"]).replace(tzinfo=UTC) for each in rows]
    found = {
        bucket_of(start, ZoneInfo(zone), step): each["requests"]
        for start, each in zip(starts, rows, strict=True)
    }
    assert {bucket: count for bucket, count in found.items() if count} == expected
    assert len(found) == len(rows)
    assert starts == sorted(starts)
    assert bucket_width(starts, ZoneInfo(zone), period.end) == step
    assert starts[0] <= period.start < starts[1]
    nobodys = ask(yearly, "requests_over_time", "org_nobody", **told)
    assert [each["bucket"] for each in nobodys] == [each["bucket"] for each in rows]
    latency = ask(yearly, "latency_over_time", "org_zones", **told)
    assert [(each["bucket"], each["requests"]) for each in latency] == [
        (each["bucket"], each["requests"]) for each in rows
    ]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/New_York", datetime(2099, 3, 8), 23),
        ("America/New_York", datetime(2098, 11, 2), 25),
        ("Europe/Berlin", datetime(2099, 3, 29), 23),
        ("Europe/Berlin", datetime(2099, 10, 25), 25),
        ("Asia/Kolkata", datetime(2099, 10, 25), 24),
    ],
)
def test_a_day_of_23_or_25_hours_has_all_of_its_requests_and_no_day_is_left_out(
    yearly: Tinybird, zone: str, day: datetime, hours: int
) -> None:
    begins = day.replace(tzinfo=ZoneInfo(zone))
    period = {"start": utc(begins - 15 * DAY), "end": utc(begins + 15 * DAY), "time_zone": zone}

    rows = ask(yearly, "requests_over_time", "org_zones", **period)
    nobodys = ask(yearly, "requests_over_time", "org_nobody", **period)

    counts = {each["bucket"]: each["requests"] for each in rows}
    assert counts[utc(begins)] == hours * 4
    days = [datetime.fromisoformat(each["bucket"]).replace(tzinfo=UTC) for each in nobodys]
    assert [at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for at in days] == [
        day - 15 * DAY + n * DAY for n in range(30)
    ]


def test_a_zone_that_there_is_none_of_is_said(bundled: Tinybird) -> None:
    for pipe in ("requests_over_time", "latency_over_time"):
        token = bundled.token(reads(pipe, tenant_id="org_zones"))
        answer = bundled.get(f"/v0/pipes/{pipe}.json", token, time_zone="Mars/Olympus")
        assert answer.status_code == 400
        assert is_refusal(answer.json()["error"])
        assert "Mars/Olympus" in answer.json()["error"]


def test_a_period_before_counts_when_the_tenants_rows_reach_back_to_it(bundled: Tinybird) -> None:
    times = (NOON - 2 * DAY, NOON - DAY, NOON)
    bundled.add(*(row(at, tenant_id="org_young") for at in times), name="requests")

    def before_is_whole(days: int) -> int:
        period = {"start": utc(NOON + DAY - days * DAY), "end": utc(NOON + DAY)}
        return int(
            ask(bundled, "usage_summary", "org_young", **period, region="x")[0]["before_is_whole"]
        )

    assert [before_is_whole(days) for days in (1, 2, 3)] == [1, 0, 0]
