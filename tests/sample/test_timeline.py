"""The times of made-up rows: over a day and a week, with growth and with incidents."""

import itertools
import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from clerk_tinybird_app.sample import timeline
from clerk_tinybird_app.sample.rows import drawn, insert
from clerk_tinybird_app.sample.timeline import Piece, Tenant, pieces
from clerk_tinybird_app.sample.vocabulary import Rhythm
from tests.sample.parcels.sample import SAMPLE

HOUR = 3600
DAY = 24 * HOUR
WEDNESDAY = datetime(2030, 5, 1, 14, tzinfo=UTC).timestamp()
BUSY = Tenant("org_busy", ("user_a", "user_b"), SAMPLE.busy)
ALONE = Tenant("user_alone", ("user_alone",), SAMPLE.alone)
TENANTS = (BUSY, ALONE)
each_tenant = pytest.mark.parametrize("tenant", TENANTS, ids=lambda tenant: str(tenant.id))


def past(since: float, until: float, tenant: Tenant = BUSY, number: int = 1) -> list[Piece]:
    dice = random.Random(number)
    return list(pieces(SAMPLE, [tenant], since, until, grown=until, dice=dice, shown=BUSY))


@pytest.mark.parametrize("rhythm", [Rhythm(), Rhythm(peak=9, night=0.8, weekend=1.5)])
def test_an_average_hour_is_one(rhythm: Rhythm) -> None:
    minutes = [timeline.activity(rhythm, WEDNESDAY + 60 * minute) for minute in range(7 * 24 * 60)]
    assert sum(minutes) / len(minutes) == pytest.approx(1, abs=0.02)


def test_the_peak_is_busiest_and_a_weekend_quieter() -> None:
    midnight = WEDNESDAY - 14 * HOUR
    hours = [timeline.activity(Rhythm(peak=9), midnight + hour * HOUR) for hour in range(24)]
    assert max(hours) == hours[9]
    saturday = timeline.activity(Rhythm(weekend=0.5), WEDNESDAY + 3 * DAY)
    assert saturday == pytest.approx(0.5 * timeline.activity(Rhythm(weekend=0.5), WEDNESDAY))


@each_tenant
def test_the_rate_never_jumps(tenant: Tenant) -> None:
    rates = [
        timeline.rate(SAMPLE.rhythm, tenant, WEDNESDAY + 60 * minute)
        for minute in range(7 * 24 * 60)
    ]
    steps = [abs(after / before - 1) for before, after in itertools.pairwise(rates)]
    assert max(steps) < 0.02


def test_a_tenant_grows_until_now_and_then_stays() -> None:
    levels = [
        timeline.growth_so_far(SAMPLE.busy, WEDNESDAY + days * DAY, WEDNESDAY)
        for days in range(-30, 30)
    ]
    assert levels[0] == pytest.approx(1 / SAMPLE.busy.growth)
    assert levels == sorted(levels)
    assert set(levels[30:]) == {1}


@pytest.mark.parametrize("hour", range(0, 7 * 24, 5))
def test_the_busiest_tenant_had_trouble_in_the_last_hours_and_seldom(hour: int) -> None:
    now = WEDNESDAY + hour * HOUR
    troubled = [piece for piece in past(now - DAY, now) if piece.share > 0.1]
    assert now - max(piece.ends for piece in troubled) < 1.5 * HOUR
    assert sum(piece.ends - piece.begins for piece in troubled) < DAY / 20


def test_a_sample_without_incidents_has_none() -> None:
    calm = replace(SAMPLE, incidents=None)
    week = pieces(
        calm,
        [BUSY],
        WEDNESDAY - 7 * DAY,
        WEDNESDAY,
        grown=0,
        dice=random.Random(1),
        shown=BUSY,
    )
    assert {(piece.share, piece.factor) for piece in week} == {(0, 1)}


@each_tenant
def test_the_history_ends_as_busy_as_the_traffic_goes_on(tenant: Tenant) -> None:
    """Within 5 %, over the same six hours often enough to count 20,000 rows each."""
    now, span = WEDNESDAY, 6 * HOUR
    times = round(20_000 / (timeline.rate(SAMPLE.rhythm, tenant, now - span / 2) * span)) + 1
    seeded = sum(
        piece.count
        for number in range(times)
        for piece in past(now - span, now, tenant=tenant, number=number)
    )
    dice = random.Random(7)
    live = sum(
        piece.count
        for minute in range(1, 6 * 60 + 1)
        for _ in range(times)
        for piece in pieces(
            SAMPLE, [tenant], now - 60 * minute, now - 60 * minute + 60, grown=0, dice=dice
        )
    )
    assert live > 15_000
    assert seeded == pytest.approx(live, rel=0.05)


@each_tenant
def test_an_incident_is_the_same_in_the_history_and_in_the_traffic(tenant: Tenant) -> None:
    assert SAMPLE.incidents
    since, until = WEDNESDAY - 7 * DAY, WEDNESDAY - DAY
    trouble = timeline.incidents(SAMPLE.incidents, tenant, since, until)[0]
    own = past(trouble.begins - HOUR, trouble.ends, tenant=tenant)
    within = [piece for piece in own if piece.begins >= trouble.begins]
    assert {(piece.share, piece.factor) for piece in within} == {(trouble.share, trouble.factor)}
    assert not {piece.share for piece in own if piece.ends <= trouble.begins} & {trouble.share}
    middle, dice = (trouble.begins + trouble.ends) / 2, random.Random(1)
    rows: list[dict[str, object]] = []
    while len(rows) < 4_000:
        for piece in pieces(SAMPLE, [tenant], middle - 30, middle + 30, grown=0, dice=dice):
            rows += drawn(SAMPLE, "customer", piece, dice)
    failed = sum(row["state"] in ("lost", "broken") for row in rows) / len(rows)
    assert failed == pytest.approx(trouble.share, abs=0.03)


def test_the_same_time_has_the_same_rows_again() -> None:
    first, again = (past(WEDNESDAY - DAY, WEDNESDAY) for _ in range(2))
    assert insert(SAMPLE, "customer", "t", first) == insert(SAMPLE, "customer", "t", again)


def test_rows_are_of_the_piece_asked_for() -> None:
    piece = Piece(BUSY, WEDNESDAY - 60, WEDNESDAY, 500)
    rows = drawn(SAMPLE, "customer", piece, random.Random(1))
    assert len({row["parcel"] for row in rows}) == 500
    for row in rows:
        assert tuple(row) == SAMPLE.names("customer")
        assert 0 <= WEDNESDAY - datetime.fromisoformat(row["sent"]).timestamp() <= 60.001
        assert row["customer"] == "org_busy"
        assert row["sender"] in (*BUSY.users, "user_shop")


def test_a_user_without_an_organization_has_no_services() -> None:
    piece = Piece(ALONE, WEDNESDAY - 60, WEDNESDAY, 500)
    rows = drawn(SAMPLE, "customer", piece, random.Random(1))
    assert {row["sender"] for row in rows} == {"user_alone"}
