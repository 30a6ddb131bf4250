"""The demo's made-up requests: enough to show everything, from the first look on."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from clerk_tinybird_app.dashboard.times import LENGTHS
from clerk_tinybird_app.local.clerk.seed import SOLO_ID
from clerk_tinybird_app.local.tinybird.demo.world import World
from clerk_tinybird_app.product.policy import EVERYBODY
from clerk_tinybird_app.product.sample import SAMPLE
from clerk_tinybird_app.sample.timeline import Tenant
from clerk_tinybird_app.sample.vocabulary import Weighted
from tests.local.tinybird.process import ROOT, Tinybird, reads

PRODUCT = "clerk_tinybird_app.product"
BUNDLED = ROOT / "tinybird"
TENANTS = World.of(PRODUCT).tenants


@pytest.fixture(scope="module")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tinybird]:
    folder = tmp_path_factory.mktemp("bundled")
    with Tinybird(BUNDLED, folder / "data", "--product", PRODUCT) as running:
        yield running


def test_there_are_as_many_requests_as_a_chart_needs_and_no_more(bundled: Tinybird) -> None:
    counts = bundled.sql("SELECT count() FROM requests GROUP BY tenant_id").split()
    assert 550_000 < sum(map(int, counts)) < 800_000
    assert len(counts) == 3
    assert min(map(int, counts)) > 10_000


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
        assert row["requests"] == pytest.approx(
            row["requests_before"] * tenant.traffic.growth, rel=0.2
        )


@pytest.mark.parametrize("pipe", EVERYBODY)
def test_every_endpoint_has_something_to_show(bundled: Tinybird, pipe: str) -> None:
    token = bundled.token(reads(pipe, tenant_id=SOLO_ID, user_id=SOLO_ID))
    body = bundled.get(f"/v0/pipes/{pipe}.json", token).json()
    assert body["rows"] > 0
    assert {row.get("tenant_id", SOLO_ID) for row in body["data"]} == {SOLO_ID}


def test_some_minutes_have_trouble(bundled: Tinybird) -> None:
    worst, usual = bundled.sql(
        "SELECT max(share), quantile(0.5)(share) FROM (SELECT countIf(status >= 500) / count() AS "
        "share FROM requests GROUP BY tenant_id, toStartOfInterval(timestamp, INTERVAL 5 MINUTE) "
        "HAVING count() > 50)"
    ).split("\t")
    assert float(worst) > 0.1
    assert float(usual) < 0.02


def test_all_tenants_together_grew_about_threefold() -> None:
    now = sum(tenant.traffic.per_day for tenant in TENANTS)
    before = sum(tenant.traffic.per_day / tenant.traffic.growth for tenant in TENANTS)
    assert 2.5 < now / before < 4


def test_a_route_has_its_share_of_requests_its_errors_and_its_latency(bundled: Tinybird) -> None:
    route = "route = '/v1/orders/:id' AND method = 'GET'"
    share, missing, refused, median, slow = bundled.sql(
        f"SELECT countIf({route}) / count(), countIf(status = 404 AND {route}) / countIf({route}), "
        f"countIf(intDiv(status, 100) = 4 AND {route}) / countIf({route}), "
        f"quantileIf(0.5)(duration_ms, {route}), quantileIf(0.95)(duration_ms, {route}) "
        "FROM requests"
    ).split()
    assert float(share) == pytest.approx(0.215, abs=0.005)
    assert float(missing) == pytest.approx(0.035 / 5, abs=0.001)
    assert float(refused) == pytest.approx(0.035, abs=0.002)
    assert float(median) == pytest.approx(16, abs=0.5)
    assert float(slow) == pytest.approx(16 * 1.93, abs=2)


def test_a_route_answers_with_a_status_of_its_own_when_all_is_well(bundled: Tinybird) -> None:
    found = bundled.sql("SELECT DISTINCT method, status FROM requests WHERE status < 400")
    pairs = {tuple(line.split("\t")) for line in found.splitlines()}
    assert pairs >= {("POST", "201"), ("POST", "202"), ("DELETE", "204"), ("GET", "200")}


def test_the_routes_weights_are_thousandths() -> None:
    routes = SAMPLE.columns["method", "route"]
    assert isinstance(routes, Weighted)
    assert sum(routes.weights.values()) == 1000


def test_the_fixtures_are_not_what_is_made_up(bundled: Tinybird) -> None:
    fixture = (BUNDLED / "fixtures" / "requests.ndjson").read_text().splitlines()[0]
    request = json.loads(fixture)["request_id"]
    assert bundled.sql(f"SELECT count() FROM requests WHERE request_id = '{request}'") == "0"
