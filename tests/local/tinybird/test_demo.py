"""A product's made-up rows: there from the first start, kept moving, of the local tenants alone."""

import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from clerk_tinybird_app.local.clerk.seed import (
    ACME_ADMIN_ID,
    ACME_ID,
    ACME_MEMBER_ID,
    GLOBEX_ADMIN_ID,
    GLOBEX_ID,
    SOLO_ID,
)
from clerk_tinybird_app.local.tinybird.demo.traffic import Misfit, Traffic
from clerk_tinybird_app.local.tinybird.demo.world import Newcomers, World
from clerk_tinybird_app.sample.fit import project_misfit
from clerk_tinybird_app.sample.rows import drawn
from clerk_tinybird_app.sample.timeline import HISTORY, Piece, incidents
from clerk_tinybird_app.tinybird.project import read_files
from tests.local.tinybird.process import ROOT, Tinybird

PRODUCT = "tests.sample.parcels"
PROJECT = ROOT / "tests" / "sample" / "parcels" / "tinybird"
SOURCE = Path("datasources", "parcels.datasource")
WORLD = World.of(PRODUCT)
HOUR = 3600
WEDNESDAY = datetime(2030, 5, 1, 14, tzinfo=UTC).timestamp()


@pytest.fixture(scope="module")
def parcels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tinybird]:
    folder = tmp_path_factory.mktemp("parcels")
    with Tinybird(PROJECT, folder / "data", "--product", PRODUCT) as running:
        yield running


def traffic_to(tinybird: Tinybird, http: httpx.AsyncClient, **options: Any) -> Traffic:
    url = str(tinybird.http.base_url).rstrip("/")
    options = {"tenants": WORLD.tenants, "dice": random.Random(7), **options}
    return Traffic(http, url, tinybird.key, WORLD, **options)


def test_the_tenants_are_those_of_the_local_accounts() -> None:
    sample = WORLD.sample
    assert [(tenant.id, tenant.users, tenant.traffic) for tenant in WORLD.tenants] == [
        (ACME_ID, (ACME_ADMIN_ID, ACME_MEMBER_ID), sample.busy),
        (GLOBEX_ID, (GLOBEX_ADMIN_ID, ACME_ADMIN_ID), sample.quiet),
        (SOLO_ID, (SOLO_ID,), sample.alone),
    ]


def test_two_periods_of_thirty_days_are_there_for_each_tenant(parcels: Tinybird) -> None:
    rows = parcels.sql(
        "SELECT customer, count(), dateDiff('hour', min(sent), now()), "
        "dateDiff('minute', max(sent), now()) FROM parcels GROUP BY customer"
    )
    found = {row.split("\t")[0]: list(map(int, row.split("\t")[1:])) for row in rows.splitlines()}
    assert set(found) == {ACME_ID, GLOBEX_ID, SOLO_ID}
    for count, oldest, newest in found.values():
        assert count > 5_000
        assert 60 * 24 <= oldest <= 61 * 24 + 1
        assert newest <= 480


def test_the_days_look_like_days(parcels: Tinybird) -> None:
    day, night = parcels.sql(
        "SELECT countIf(toHour(sent) = 14), countIf(toHour(sent) = 2) FROM parcels"
    ).split("\t")
    assert int(day) > 2 * int(night)
    weekday, weekend = parcels.sql(
        "SELECT countIf(toDayOfWeek(sent) = 3) / uniqIf(toDate(sent), toDayOfWeek(sent) = 3), "
        "countIf(toDayOfWeek(sent) = 6) / uniqIf(toDate(sent), toDayOfWeek(sent) = 6) FROM parcels"
    ).split("\t")
    assert float(weekday) > 1.5 * float(weekend)


def test_some_minutes_have_trouble(parcels: Tinybird) -> None:
    worst, usual = parcels.sql(
        "SELECT max(share), quantile(0.5)(share) FROM (SELECT countIf(state IN ('lost', 'broken')) "
        "/ count() AS share FROM parcels GROUP BY customer, "
        "toStartOfInterval(sent, INTERVAL 10 MINUTE) HAVING count() > 50)"
    ).split("\t")
    assert float(worst) > 0.1
    assert float(usual) < 0.05


SAME = {
    "countIf(carrier = 'fast') / count()": 0.01,
    "countIf(service = 'night') / count()": 0.01,
    "countIf(carrier = 'it\\'s slow' AND service = 'night')": 0,
    "countIf(state = 'lost') / count()": 0.002,
    "countIf(state = 'late') / countIf(carrier != 'fast')": 0.01,
    "countIf(state = 'late' AND carrier = 'fast')": 0,
    "countIf(hours = 0 AND state != 'lost')": 0,
    "maxIf(hours, state = 'lost')": 0,
    "quantileExactIf(0.5)(hours, state = 'late')": 2,
    "quantileExactIf(0.5)(hours, state = 'here')": 0.3,
    "quantileExactIf(0.95)(hours, state = 'here')": 1.5,
    "quantileExactIf(0.5)(grams, carrier = 'fast' AND service = 'day')": 8,
    "quantileExactIf(0.9)(grams, carrier = 'fast' AND service = 'day')": 40,
    "quantileExactIf(0.5)(grams, service = 'night')": 3,
    "quantileExactIf(0.5)(grams, carrier != 'fast')": 30,
    "avgIf(insured, service = 'day')": 0.01,
    "avgIf(insured, service = 'night')": 0.02,
    "countIf(startsWith(parcel, 'p-') AND length(parcel) = 18) / count()": 0,
    "uniqExact(parcel) / count()": 0,
    f"countIf(sender = '{ACME_ADMIN_ID}') / count()": 0.01,
    f"countIf(sender = '{ACME_MEMBER_ID}') / count()": 0.01,
    "countIf(sender = 'user_shop') / count()": 0.01,
    "uniqExact(depot)": 0,
    **{f"countIf(depot = '{depot}') / count()": 0.01 for depot in ("north", "east", "south")},
}
"""What is compared, and how far apart it may be: about 3 to 5 %, or not at all."""


def test_the_history_and_the_traffic_have_the_same_values(parcels: Tinybird) -> None:
    piece = Piece(WORLD.tenants[0], WEDNESDAY, WEDNESDAY + HOUR, 40_000)
    sent = drawn(WORLD.sample, "customer", piece, random.Random(7))
    rows = [
        {**row, "customer": "live", "parcel": {"id": row["parcel"], "sender": row["sender"]}}
        for row in sent
    ]
    for start in range(0, len(rows), 10_000):
        parcels.add(*rows[start : start + 10_000], name="parcels")
    assert WORLD.sample.incidents
    now = datetime.now(UTC).timestamp()
    # Without incidents, which this piece is none of; the last two hours may have one to be shown.
    found = incidents(WORLD.sample.incidents, WORLD.tenants[0], now - HISTORY, now)
    calm = " ".join(
        (
            f"SELECT * FROM parcels WHERE customer = '{ACME_ID}' AND sent < {now - 2 * HOUR:.0f}",
            *(f"AND sent NOT BETWEEN {each.begins:.0f} AND {each.ends:.0f}" for each in found),
        )
    )
    seeded, live = (
        parcels.sql(f"SELECT {', '.join(SAME)} FROM ({source})")
        for source in (calm, "SELECT * FROM parcels WHERE customer = 'live'")
    )
    pairs = zip(SAME, map(float, seeded.split()), map(float, live.split()), strict=True)
    apart = {name: (a, b) for name, a, b in pairs if abs(a - b) > SAME[name]}
    assert apart == {}


def test_a_later_start_adds_only_what_happened_meanwhile(parcels: Tinybird) -> None:
    past = "SELECT count(), uniqExact(parcel) FROM parcels WHERE sent <= now()"
    before = int(parcels.sql(past).split()[0])
    newest = parcels.sql("SELECT toString(max(sent)) FROM parcels WHERE sent <= now()")
    parcels.stop()
    parcels.release()
    parcels.start()
    count, different = map(int, parcels.sql(past).split())
    assert count == different
    assert int(parcels.sql(f"SELECT count() FROM parcels WHERE sent < '{newest}'")) <= before
    assert before <= count < before + 200


def test_a_product_without_a_sample_starts_empty(tmp_path: Path) -> None:
    with Tinybird(PROJECT, tmp_path / "data") as running:
        assert running.sql("SELECT count() FROM parcels") == "0"
        assert "made" not in running.log.read_text()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("`depot`", "`depots`", "no column 'depot'. Did you mean 'depots'?"),
        ("`customer`", "`who`", "no column 'customer'."),
        ("Nullable(String)", "String", "also needs the column 'note'; add it to SAMPLE."),
    ],
)
def test_a_sample_that_does_not_fit_its_data_source_is_told_with_the_nearest_name(
    old: str, new: str, told: str
) -> None:
    text = (PROJECT / SOURCE).read_text().replace(old, new)
    project = read_files(
        {SOURCE: text.replace("SORTING_KEY customer", "SORTING_KEY sent").encode()}
    )
    said = project_misfit(WORLD.sample, WORLD.tenant_column, project.datasources)
    assert said.startswith("the data source 'parcels'")
    assert said.endswith(told)


def test_what_does_not_fit_is_logged_with_the_samples_file(tmp_path: Path) -> None:
    project = shutil.copytree(PROJECT, tmp_path / "project")
    source = project / SOURCE
    source.write_text(source.read_text().replace("`depot`", "`depots`"))
    with Tinybird(project, tmp_path / "data", "--product", PRODUCT) as running:
        log = running.log.read_text()
        assert running.sql("SELECT count() FROM parcels") == "0"
    assert "tests/sample/parcels/sample.py: the data source 'parcels'" in log
    assert "Did you mean 'depots'? No rows are made up." in log


def test_values_that_a_column_cannot_hold_are_told_and_the_rest_is_served(tmp_path: Path) -> None:
    project = shutil.copytree(PROJECT, tmp_path / "project")
    source = project / "datasources" / "parcels.datasource"
    source.write_text(source.read_text().replace("`depot` String", "`depot` UUID"))
    with Tinybird(project, tmp_path / "data", "--product", PRODUCT) as running:
        log = running.log.read_text()
        assert running.sql("SELECT count() FROM parcels") == "0"
    assert "tests/sample/parcels/sample.py: ClickHouse does not take the rows: " in log


@pytest.mark.parametrize(("name", "hint"), [("parcel", " Did you mean 'parcel'?"), ("letters", "")])
def test_another_project_is_left_alone_in_one_line(tmp_path: Path, name: str, hint: str) -> None:
    project = tmp_path / "project"
    (project / "datasources").mkdir(parents=True)
    source = (PROJECT / "datasources" / "parcels.datasource").read_text()
    (project / "datasources" / f"{name}.datasource").write_text(source)
    with Tinybird(project, tmp_path / "data", "--product", PRODUCT) as running:
        (line,) = [line for line in running.log.read_text().splitlines() if "made up" in line]
        assert running.sql(f"SELECT count() FROM {name}") == "0"
    text = "tests/sample/parcels/sample.py: The project has no data source 'parcels'."
    assert line.endswith(f"{text}{hint} No rows are made up.")


@pytest.mark.anyio
@pytest.mark.parametrize(("passed", "sent"), [(50, 50), (7 * HOUR, 60)])
async def test_what_happened_since_goes_in_through_the_events_api(
    parcels: Tinybird, passed: int, sent: int
) -> None:
    """A machine that slept has a gap in its data."""
    begun = WEDNESDAY + passed * HOUR
    times = iter([begun, begun + passed])
    tenants = [WORLD.tenants[0]] * 20
    async with httpx.AsyncClient() as http:
        traffic = traffic_to(parcels, http, tenants=tenants, clock=times.__next__)
        assert await traffic.fits()
        assert await traffic.send()
    until = int(WEDNESDAY) + passed * HOUR + passed
    rows = parcels.sql(
        f"SELECT {until} - toUnixTimestamp(sent), parcel != '', sender != '' FROM parcels "
        f"WHERE sent BETWEEN fromUnixTimestamp({until - passed}) AND {until}"
    ).splitlines()
    assert rows
    # The data source keeps whole seconds.
    assert max(int(row.split("\t")[0]) for row in rows) <= sent + 1
    assert {row.split("\t", 1)[1] for row in rows} == {"1\t1"}


@pytest.mark.anyio
async def test_traffic_leaves_another_project_alone(tinybird: Tinybird) -> None:
    async with httpx.AsyncClient() as http:
        traffic = traffic_to(tinybird, http)
        assert not await traffic.fits()
        await traffic.run()
        with pytest.raises(Misfit):
            await traffic.join(WORLD.newcomer("org_new", "user_new"))


@pytest.mark.anyio
async def test_traffic_waits_for_a_data_source_that_has_a_mistake(tmp_path: Path) -> None:
    project = shutil.copytree(PROJECT, tmp_path / "project")
    source = project / "datasources" / "parcels.datasource"
    source.write_text(source.read_text().replace("UInt32", "UInt33"))
    with Tinybird(project, tmp_path / "data") as running:
        async with httpx.AsyncClient() as http:
            with pytest.raises(httpx.HTTPError):
                await traffic_to(running, http).fits()


@pytest.mark.anyio
async def test_a_tenant_that_joins_has_two_months_and_goes_on(parcels: Tinybird) -> None:
    now = datetime.now(UTC).timestamp()
    times = iter([now, now, now + 60])
    begun: list[int] = []
    async with httpx.AsyncClient() as http:
        traffic = traffic_to(parcels, http, tenants=(), clock=times.__next__)
        newcomer = WORLD.newcomer("org_new", "user_new")
        added = await traffic.join(newcomer, lambda: begun.append(1))
        assert await traffic.send()

    count, oldest, newest, senders = parcels.sql(
        "SELECT count(), dateDiff('day', min(sent), now()), toUnixTimestamp(max(sent)), "
        "arraySort(groupUniqArray(sender)) FROM parcels WHERE customer = 'org_new'"
    ).split("\t")
    assert int(count) >= added > 5_000
    assert begun == [1]
    assert 60 <= int(oldest) <= 61
    assert int(newest) >= now - 4 * HOUR
    assert senders == "['user_new','user_shop']"


def test_who_joined_is_known_after_a_restart(tmp_path: Path) -> None:
    Newcomers(tmp_path / "tinybird").keep("org_a", "user_a")
    Newcomers(tmp_path / "tinybird").keep("org_b", "user_b")
    Newcomers(tmp_path / "tinybird").keep("org_a", "user_c")

    again = Newcomers(tmp_path / "tinybird").all()

    assert again == [("org_b", "user_b"), ("org_a", "user_c")]
    assert (tmp_path / "tinybird-samples.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"a": 1}'])
def test_a_damaged_list_of_who_joined_is_an_empty_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "tinybird-samples.json").write_text(text)

    assert Newcomers(tmp_path / "tinybird").all() == []
