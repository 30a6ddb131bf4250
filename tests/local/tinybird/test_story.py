"""The bundled project's data: seeded once, kept moving, of the local tenants alone."""

import itertools
import json
import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from clerk_tinybird_app.dashboard.times import LENGTHS
from clerk_tinybird_app.local.clerk.seed import ACME_ID, GLOBEX_ID, SOLO_ID
from clerk_tinybird_app.local.tinybird.demo import pace
from clerk_tinybird_app.local.tinybird.demo.history import history
from clerk_tinybird_app.local.tinybird.demo.sample import SampleTenants, sample_tenant
from clerk_tinybird_app.local.tinybird.demo.story import (
    COLUMNS,
    ROUTES,
    SERVER_ERRORS,
    TENANTS,
    Tenant,
)
from clerk_tinybird_app.local.tinybird.demo.traffic import NoStory, Traffic
from tests.local.tinybird.process import ROOT, Tinybird, reads

BUNDLED = ROOT / "tinybird"
HOUR = 3600
DAY = 24 * HOUR
WEDNESDAY = datetime(2030, 5, 1, 14, tzinfo=UTC).timestamp()


@pytest.fixture(scope="module")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tinybird]:
    with Tinybird(BUNDLED, tmp_path_factory.mktemp("bundled") / "data") as running:
        yield running


def test_two_periods_of_thirty_days_are_there_for_each_tenant(bundled: Tinybird) -> None:
    rows = bundled.sql(
        "SELECT tenant_id, count(), dateDiff('hour', min(timestamp), now()), "
        "dateDiff('minute', max(timestamp), now()) FROM requests GROUP BY tenant_id"
    )
    found = {row.split("\t")[0]: list(map(int, row.split("\t")[1:])) for row in rows.splitlines()}
    assert set(found) == {ACME_ID, GLOBEX_ID, SOLO_ID}
    assert 550_000 < sum(count for count, _, _ in found.values()) < 800_000
    for count, oldest, newest in found.values():
        assert count > 10_000
        assert 60 * 24 <= oldest <= 61 * 24 + 1
        assert newest <= 240


def test_the_days_look_like_days(bundled: Tinybird) -> None:
    day, night = bundled.sql(
        "SELECT countIf(toHour(timestamp) = 14), countIf(toHour(timestamp) = 2) FROM requests"
    ).split("\t")
    assert int(day) > 2 * int(night)
    weekday, weekend = bundled.sql(
        "SELECT countIf(toDayOfWeek(timestamp) = 3) / uniqIf(toDate(timestamp), "
        "toDayOfWeek(timestamp) = 3), countIf(toDayOfWeek(timestamp) = 6) / "
        "uniqIf(toDate(timestamp), toDayOfWeek(timestamp) = 6) FROM requests"
    ).split("\t")
    assert float(weekday) > 1.5 * float(weekend)


def test_some_minutes_have_trouble(bundled: Tinybird) -> None:
    worst, usual = bundled.sql(
        "SELECT max(share), quantile(0.5)(share) FROM (SELECT countIf(status >= 500) / count() AS "
        "share FROM requests GROUP BY tenant_id, toStartOfInterval(timestamp, INTERVAL 5 MINUTE) "
        "HAVING count() > 50)"
    ).split("\t")
    assert float(worst) > 0.1
    assert float(usual) < 0.02


@pytest.mark.parametrize("hour", range(0, 7 * 24, 5))
def test_the_busiest_tenant_had_trouble_in_the_last_hours_and_seldom(hour: int) -> None:
    now = WEDNESDAY + hour * HOUR
    day = history(now - DAY, now, grown=now, dice=random.Random(1))
    troubled = [each for each in day if each.tenant is TENANTS[0] and each.errors > 0.1]
    assert now - max(piece.ends for piece in troubled) < 1.5 * HOUR
    assert sum(piece.ends - piece.begins for piece in troubled) < DAY / 20


@pytest.mark.parametrize("tenant", TENANTS, ids=lambda tenant: str(tenant.id))
@pytest.mark.parametrize("length", LENGTHS.values(), ids=LENGTHS)
def test_every_period_compares_with_the_one_before_from_the_first_look_on(
    bundled: Tinybird, tenant: Tenant, length: timedelta
) -> None:
    now = datetime.now(UTC)
    period = {"start": (now - length).isoformat(" ", "seconds").replace("+00:00", "")}
    token = bundled.token(reads("usage_summary", tenant_id=tenant.id))

    (row,) = bundled.get("/v0/pipes/usage_summary.json", token, **period).json()["data"]

    assert row["before_is_whole"] == 1
    if length == LENGTHS["30d"]:
        assert row["requests"] == pytest.approx(row["requests_before"] * tenant.growth, rel=0.2)


@pytest.mark.parametrize(
    "pipe",
    [
        "usage_summary",
        "requests_over_time",
        "top_routes",
        "latency_over_time",
        "recent_requests",
    ],
)
def test_every_endpoint_has_something_to_show(bundled: Tinybird, pipe: str) -> None:
    token = bundled.token(reads(pipe, tenant_id=SOLO_ID))
    body = bundled.get(f"/v0/pipes/{pipe}.json", token).json()
    assert body["rows"] > 0
    assert {row.get("tenant_id", SOLO_ID) for row in body["data"]} == {SOLO_ID}


def test_a_later_start_adds_only_what_happened_meanwhile(bundled: Tinybird) -> None:
    query = "SELECT count(), uniqExact(request_id) FROM requests"
    before = int(bundled.sql("SELECT count() FROM requests"))
    newest = bundled.sql("SELECT toString(max(timestamp)) FROM requests")
    bundled.stop()
    bundled.release()
    bundled.start()
    count, different = map(int, bundled.sql(query).split())
    assert count == different
    old = f"SELECT count() FROM requests WHERE timestamp <= '{newest}'"
    assert int(bundled.sql(old)) == before
    assert count - before < 200


def test_another_project_is_not_seeded(tinybird: Tinybird) -> None:
    assert "made-up" not in tinybird.log.read_text()


def test_an_average_hour_is_one() -> None:
    minutes = [pace.activity(WEDNESDAY + 60 * minute) for minute in range(7 * 24 * 60)]
    assert sum(minutes) / len(minutes) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("tenant", TENANTS, ids=lambda tenant: str(tenant.id))
def test_the_rate_never_jumps(tenant: Tenant) -> None:
    rates = [pace.rate(tenant, WEDNESDAY + 60 * minute) for minute in range(7 * 24 * 60)]
    steps = [abs(after / before - 1) for before, after in itertools.pairwise(rates)]
    assert max(steps) < 0.02


@pytest.mark.parametrize("tenant", TENANTS, ids=lambda tenant: str(tenant.id))
def test_a_tenant_grows_until_now_and_then_stays(tenant: Tenant) -> None:
    levels = [pace.level(tenant, WEDNESDAY + days * DAY, WEDNESDAY) for days in range(-30, 30)]
    assert levels[0] == pytest.approx(1 / tenant.growth)
    assert levels == sorted(levels)
    assert set(levels[30:]) == {1}


def test_all_tenants_together_grew_about_threefold() -> None:
    now = sum(tenant.per_second for tenant in TENANTS)
    before = sum(tenant.per_second / tenant.growth for tenant in TENANTS)
    assert 2.5 < now / before < 4


@pytest.mark.anyio
@pytest.mark.parametrize("tenant", TENANTS, ids=lambda tenant: str(tenant.id))
async def test_the_history_ends_as_busy_as_the_traffic_goes_on(
    tenant: Tenant, traffic: Traffic
) -> None:
    """Within 5 %, over the same six hours often enough to count 20,000 requests each."""
    now, span = WEDNESDAY, 6 * HOUR
    times = round(20_000 / (pace.rate(tenant, now - span / 2) * span)) + 1
    seeded = sum(
        piece.requests
        for number in range(times)
        for piece in history(now - span, now, grown=now, dice=random.Random(number))
        if piece.tenant is tenant
    )
    live = sum(
        len(traffic.requests(tenant, now - 60 * minute, now - 60 * minute + 60))
        for minute in range(1, 6 * 60 + 1)
        for _ in range(times)
    )
    assert live > 15_000
    assert seeded == pytest.approx(live, rel=0.05)


SAME = {
    "quantile(0.5)(duration_ms)": 0.4,
    "quantile(0.95)(duration_ms)": 2.0,
    "countIf(status = 404) / count()": 0.004,
    "countIf(intDiv(status, 100) = 4) / count()": 0.01,
    f"countIf(user_id = '{TENANTS[0].users[0]}') / count()": 0.02,
    f"countIf(region = '{TENANTS[0].regions[0]}') / count()": 0.02,
}
"""What is compared, and how far apart it may be: milliseconds and shares, about 3 to 5 %."""


@pytest.mark.anyio
async def test_the_history_and_the_traffic_answer_alike(
    bundled: Tinybird, traffic: Traffic
) -> None:
    tenant, route = TENANTS[0], ROUTES[1]
    live = [
        {**row, "tenant_id": "live"}
        for minute in range(2 * 24 * 60)
        for row in traffic.requests(tenant, WEDNESDAY + 60 * minute, WEDNESDAY + 60 * minute + 60)
        if (row["method"], row["route"]) == (route.method, route.path)
    ]
    bundled.add(*live, name="requests")
    seeded, sent = (
        bundled.sql(
            f"SELECT {', '.join(SAME)} FROM requests WHERE tenant_id = '{whose}' "
            f"AND method = '{route.method}' AND route = '{route.path}'"
        )
        for whose in (tenant.id, "live")
    )
    for name, before, after in zip(SAME, seeded.split(), sent.split(), strict=True):
        assert float(after) == pytest.approx(float(before), abs=SAME[name]), name


@pytest.mark.anyio
@pytest.mark.parametrize("tenant", TENANTS, ids=lambda tenant: str(tenant.id))
async def test_trouble_is_the_same_in_the_history_and_in_the_traffic(
    tenant: Tenant, traffic: Traffic
) -> None:
    trouble = pace.incidents(tenant, WEDNESDAY - 7 * DAY, WEDNESDAY - DAY)[0]
    pieces = history(trouble.begins - HOUR, trouble.ends + HOUR, grown=0, dice=random.Random(1))
    own = [piece for piece in pieces if piece.tenant is tenant and piece.ends <= trouble.ends]
    within = [piece for piece in own if piece.begins >= trouble.begins]
    assert {(piece.errors, piece.slowdown) for piece in within} == {
        (trouble.errors, trouble.slowdown)
    }
    assert not {piece.errors for piece in own if piece.ends <= trouble.begins} & {trouble.errors}
    middle = (trouble.begins + trouble.ends) / 2
    rows: list[dict[str, object]] = []
    while len(rows) < 4_000:
        rows += traffic.requests(tenant, middle - 30, middle + 30)
    failed = sum(row["status"] in SERVER_ERRORS for row in rows) / len(rows)
    assert failed == pytest.approx(trouble.errors, abs=0.03)


def test_the_routes_weights_are_thousandths() -> None:
    assert sum(route.weight for route in ROUTES) == 1000


@pytest.fixture
async def traffic() -> Traffic:
    return Traffic(httpx.AsyncClient(), "http://localhost", "p.key", dice=random.Random(7))


@pytest.mark.anyio
async def test_traffic_is_rows_of_the_time_asked_for(traffic: Traffic) -> None:
    rows = traffic.requests(TENANTS[0], WEDNESDAY - 60, WEDNESDAY)
    assert rows
    for row in rows:
        assert tuple(row) == COLUMNS
        assert 0 <= WEDNESDAY - datetime.fromisoformat(row["timestamp"]).timestamp() <= 60.001
        assert row["tenant_id"] == ACME_ID
        assert row["user_id"] in TENANTS[0].users


@pytest.mark.anyio
@pytest.mark.parametrize(("passed", "sent"), [(50, 50), (7 * HOUR, 60)])
async def test_what_happened_since_goes_in_through_the_events_api(
    bundled: Tinybird, passed: int, sent: int
) -> None:
    """A machine that slept has a gap in its data."""
    times = iter([WEDNESDAY + passed * HOUR, WEDNESDAY + passed * HOUR + passed])
    async with httpx.AsyncClient() as http:
        url = str(bundled.http.base_url).rstrip("/")
        clock, dice = times.__next__, random.Random(7)
        traffic = Traffic(http, url, bundled.key, clock=clock, dice=dice)
        token = await traffic._token()
        assert token is not None
        assert await traffic._send(token)
    until = int(WEDNESDAY) + passed * HOUR + passed
    ages = bundled.sql(
        f"SELECT {until} - toUnixTimestamp(timestamp) FROM requests "
        f"WHERE timestamp BETWEEN fromUnixTimestamp({until - passed}) AND {until}"
    ).split()
    assert ages
    assert max(map(int, ages)) <= sent


@pytest.mark.anyio
async def test_traffic_leaves_another_project_alone(tinybird: Tinybird) -> None:
    async with httpx.AsyncClient() as http:
        traffic = Traffic(http, str(tinybird.http.base_url).rstrip("/"), tinybird.key)
        assert await traffic._token() is None


@pytest.mark.anyio
async def test_traffic_waits_for_a_data_source_that_has_a_mistake(tmp_path: Path) -> None:
    project = shutil.copytree(BUNDLED, tmp_path / "project")
    source = project / "datasources" / "requests.datasource"
    source.write_text(source.read_text().replace("UInt16", "UInt17"))
    with Tinybird(project, tmp_path / "data") as running:
        async with httpx.AsyncClient() as http:
            traffic = Traffic(http, str(running.http.base_url).rstrip("/"), running.key)
            with pytest.raises(httpx.HTTPError):
                await traffic._token()


def test_the_fixtures_are_not_what_is_seeded(bundled: Tinybird) -> None:
    fixture = Path(BUNDLED, "fixtures", "requests.ndjson").read_text().splitlines()[0]
    request = json.loads(fixture)["request_id"]
    assert bundled.sql(f"SELECT count() FROM requests WHERE request_id = '{request}'") == "0"


@pytest.mark.anyio
async def test_a_tenant_that_joins_has_two_months_and_goes_on(bundled: Tinybird) -> None:
    tenant = sample_tenant("org_new", "user_new")
    url = str(bundled.http.base_url).rstrip("/")
    now = datetime.now(UTC).timestamp()
    times = iter([now, now, now + 60])
    async with httpx.AsyncClient() as http:
        traffic = Traffic(http, url, bundled.key, tenants=(), clock=times.__next__)
        begun: list[int] = []
        added = await traffic.join(tenant, lambda: begun.append(1))
        token = await traffic._token()
        assert token is not None
        await traffic._send(token)

    count, oldest, newest, users = bundled.sql(
        "SELECT count(), dateDiff('day', min(timestamp), now()), toUnixTimestamp(max(timestamp)), "
        "groupUniqArray(user_id) FROM requests WHERE tenant_id = 'org_new'"
    ).split("\t")
    assert int(count) >= added > 50_000
    assert begun == [1]
    assert 60 <= int(oldest) <= 61
    assert int(newest) >= now - 15 * 60
    assert users == "['user_new']"


@pytest.mark.anyio
async def test_nobody_joins_another_projects_story(tinybird: Tinybird) -> None:
    async with httpx.AsyncClient() as http:
        traffic = Traffic(http, str(tinybird.http.base_url).rstrip("/"), tinybird.key)
        with pytest.raises(NoStory):
            await traffic.join(sample_tenant("org_new", "user_new"))


def test_who_joined_is_known_after_a_restart(tmp_path: Path) -> None:
    SampleTenants(tmp_path / "tinybird").keep("org_a", "user_a")
    SampleTenants(tmp_path / "tinybird").keep("org_b", "user_b")
    SampleTenants(tmp_path / "tinybird").keep("org_a", "user_c")

    again = SampleTenants(tmp_path / "tinybird").all()

    assert again == [sample_tenant("org_b", "user_b"), sample_tenant("org_a", "user_c")]
    assert (tmp_path / "tinybird-samples.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"a": 1}'])
def test_a_damaged_list_of_who_joined_is_an_empty_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "tinybird-samples.json").write_text(text)

    assert SampleTenants(tmp_path / "tinybird").all() == []
