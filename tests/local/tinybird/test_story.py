"""The bundled project's data: seeded once, kept moving, of the local tenants alone."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from clerk_tinybird_app.local.clerk.seed import ACME_ID, GLOBEX_ID, SOLO_ID
from clerk_tinybird_app.local.tinybird.story import COLUMNS, ROUTES, TENANTS, activity
from clerk_tinybird_app.local.tinybird.traffic import Traffic
from tests.local.tinybird.process import ROOT, Tinybird, reads

BUNDLED = ROOT / "tinybird"


@pytest.fixture(scope="module")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tinybird]:
    with Tinybird(BUNDLED, tmp_path_factory.mktemp("bundled") / "data") as running:
        yield running


def test_thirty_days_are_there_for_each_tenant(bundled: Tinybird) -> None:
    rows = bundled.sql(
        "SELECT tenant_id, count(), dateDiff('hour', min(timestamp), now()), "
        "dateDiff('minute', max(timestamp), now()) FROM requests GROUP BY tenant_id"
    )
    found = {row.split("\t")[0]: list(map(int, row.split("\t")[1:])) for row in rows.splitlines()}
    assert set(found) == {ACME_ID, GLOBEX_ID, SOLO_ID}
    assert 400_000 < sum(count for count, _, _ in found.values()) < 600_000
    for count, oldest, newest in found.values():
        assert count > 10_000
        assert 29 * 24 <= oldest <= 30 * 24
        assert newest <= 180


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


def test_some_hours_have_trouble(bundled: Tinybird) -> None:
    worst, usual = bundled.sql(
        "SELECT max(share), quantile(0.5)(share) FROM (SELECT countIf(status >= 500) / count() AS "
        "share FROM requests GROUP BY tenant_id, toStartOfHour(timestamp) HAVING count() > 50)"
    ).split("\t")
    assert float(worst) > 0.1
    assert float(usual) < 0.02


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


def test_a_later_start_adds_nothing_that_is_there(bundled: Tinybird) -> None:
    query = "SELECT count(), uniqExact(request_id) FROM requests"
    before = bundled.sql(query)
    bundled.stop()
    bundled.release()
    bundled.start()
    assert bundled.sql(query) == before


def test_another_project_is_not_seeded(tinybird: Tinybird) -> None:
    assert "made-up" not in tinybird.log.read_text()


def test_an_average_hour_is_one() -> None:
    start = datetime(2026, 11, 2, tzinfo=UTC)
    hours = [activity(start + timedelta(hours=hour)) for hour in range(7 * 24)]
    assert sum(hours) / len(hours) == pytest.approx(1, abs=0.02)


def test_the_routes_weights_are_thousandths() -> None:
    assert sum(route.weight for route in ROUTES) == 1000


@pytest.fixture
async def traffic() -> Traffic:
    return Traffic(httpx.AsyncClient(), "http://localhost", "p.key", per_second=50)


@pytest.mark.anyio
async def test_traffic_is_rows_of_the_last_second(traffic: Traffic) -> None:
    now = datetime(2030, 5, 1, 14, tzinfo=UTC).timestamp()
    rows = traffic.requests(TENANTS[0], now)
    assert rows
    for row in rows:
        assert tuple(row) == COLUMNS
        assert 0 <= now - datetime.fromisoformat(row["timestamp"]).timestamp() <= 1.001
        assert row["tenant_id"] == ACME_ID
        assert row["user_id"] in TENANTS[0].users


@pytest.mark.anyio
async def test_traffic_goes_in_through_the_events_api(bundled: Tinybird) -> None:
    async with httpx.AsyncClient() as http:
        url = str(bundled.http.base_url)
        traffic = Traffic(http, url.rstrip("/"), bundled.key, per_second=50)
        token = await traffic._token()
        before = int(bundled.sql("SELECT count() FROM requests"))
        assert token is not None
        assert await traffic._send(token)
        assert int(bundled.sql("SELECT count() FROM requests")) > before


@pytest.mark.anyio
async def test_traffic_leaves_another_project_alone(tinybird: Tinybird) -> None:
    async with httpx.AsyncClient() as http:
        traffic = Traffic(http, str(tinybird.http.base_url).rstrip("/"), tinybird.key)
        assert await traffic._token() is None


def test_the_fixtures_are_not_what_is_seeded(bundled: Tinybird) -> None:
    fixture = Path(BUNDLED, "fixtures", "requests.ndjson").read_text().splitlines()[0]
    request = json.loads(fixture)["request_id"]
    assert bundled.sql(f"SELECT count() FROM requests WHERE request_id = '{request}'") == "0"
