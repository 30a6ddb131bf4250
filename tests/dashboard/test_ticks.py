"""The marks of an axis of time are round times of the viewer's zone, whatever its clocks do."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from clerk_tinybird_app.dashboard.ticks import Mark, ticks
from clerk_tinybird_app.dashboard.times import Times, zone_named

MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)
HOURS = 8
"""The rank of a whole hour."""


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def marks(zone: str, start: datetime, count: int, step: timedelta) -> list[Mark]:
    times = Times(zone_named(zone), 2026)
    starts = [start]
    while len(starts) < count:
        starts.append(times.end(starts[-1], step))
    return ticks(starts, times.end(starts[-1], step), step, times)


def texts(found: list[Mark], rank: int = 0) -> list[str]:
    return [each.text for each in found if each.rank >= rank]


def ranks(found: list[Mark]) -> list[int]:
    return sorted({each.rank for each in found})


@pytest.mark.parametrize(
    ("count", "step", "first", "last"),
    [
        (60, timedelta(seconds=15), "13:00:30", "13:14:30"),
        (60, MINUTE, "13:05", "13:55"),
        (96, QUARTER, "14:00", "12:00"),
        (56, 3 * HOUR, "18:00", "06:00"),
        (30, DAY, "25 Nov", "22 Dec"),
        (90, DAY, "26 Nov", "18 Feb 2027"),
        (52, WEEK, "Dec", "Nov"),
    ],
)
def test_a_period_has_round_marks_and_never_more_than_a_screen_has_room_for(
    count: int, step: timedelta, first: str, last: str
) -> None:
    found = marks("UTC", utc(2026, 11, 24, 13), count, step)

    inner = [each for each in found if 0.5 < each.at < count - 0.5]
    assert (inner[0].text, inner[-1].text) == (first, last)
    assert 3 <= len(found) <= 41


@pytest.mark.parametrize(
    ("count", "step"), [(60, timedelta(seconds=15)), (96, QUARTER), (56, 3 * HOUR), (30, DAY)]
)
def test_the_marks_of_a_rank_and_above_are_those_of_the_rank_below_with_some_left_out(
    count: int, step: timedelta
) -> None:
    found = marks("Europe/Berlin", utc(2026, 11, 23, 23), count, step)

    for lower, higher in pairwise(ranks(found)):
        assert len(texts(found, higher)) < len(texts(found, lower))
    assert ranks(found)[1:]


def test_a_days_marks_are_every_hour_then_three_six_and_twelve_and_its_midnight() -> None:
    found = marks("Europe/Berlin", utc(2026, 11, 24, 17), 96, QUARTER)

    by_rank = [texts(found, rank) for rank in ranks(found)]
    assert by_rank[1] == [
        *("18:00", "21:00", "Wed 25", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00"),
    ]
    assert by_rank[2] == ["18:00", "Wed 25", "06:00", "12:00", "18:00"]
    assert by_rank[3] == ["Wed 25", "12:00"]
    assert [each.text for each in found if each.is_day] == ["Wed 25"]


@pytest.mark.parametrize(
    ("zone", "start", "first"),
    [
        ("Asia/Kolkata", utc(2026, 11, 24, 13), Mark(2.0, "19:00", 8, is_day=False)),
        ("Asia/Kathmandu", utc(2026, 11, 24, 13), Mark(1.0, "19:00", 8, is_day=False)),
        ("Australia/Eucla", utc(2026, 11, 24, 13), Mark(1.0, "22:00", 8, is_day=False)),
    ],
)
def test_the_hours_are_the_zones_own_that_is_a_quarter_or_half_an_hour_off(
    zone: str, start: datetime, first: Mark
) -> None:
    assert marks(zone, start, 96, QUARTER)[0] == first


def test_the_hour_that_comes_twice_has_two_marks_and_every_later_one_stays_round() -> None:
    found = marks("Europe/Berlin", utc(2026, 10, 24, 17), 100, QUARTER)

    assert texts(found)[5:11] == [
        *("Sun 25", "01:00", "02:00 CEST", "02:00 CET", "03:00", "04:00"),
    ]
    at = {each.text: each.at for each in found}
    assert at["03:00"] - at["Sun 25"] == 16


def test_the_hour_that_is_left_out_has_no_mark() -> None:
    found = marks("Europe/Berlin", utc(2026, 3, 28, 21), 24, QUARTER)

    assert texts(found, HOURS) == ["22:00", "23:00", "Sun 29", "01:00", "03:00", "04:00", "05:00"]


def test_a_day_that_begins_at_one_is_marked_there_and_one_with_two_midnights_once() -> None:
    cairo = marks("Africa/Cairo", utc(2026, 4, 23, 19), 24, QUARTER)
    azores = marks("Atlantic/Azores", utc(2026, 10, 24, 22), 24, QUARTER)

    assert texts(cairo, HOURS) == ["21:00", "22:00", "23:00", "Fri 24", "02:00", "03:00", "04:00"]
    assert texts(azores).count("Sun 25") == 1


def test_days_are_marked_in_the_middle_of_their_bars_and_mondays_stand_out() -> None:
    found = marks("Europe/Berlin", utc(2026, 10, 21, 22), 30, DAY)

    assert [each.at for each in found] == [n + 0.5 for n in range(30)]
    assert [each.text for each in found if each.is_day] == ["26 Oct", "2 Nov", "9 Nov", "16 Nov"]


def test_a_year_is_marked_by_its_months() -> None:
    found = marks("Europe/Berlin", utc(2025, 11, 23, 23), 52, WEEK)

    assert texts(found)[:3] == ["Dec", "2026", "Feb"]
    assert texts(found, ranks(found)[1]) == ["2026", "Apr", "Jul", "Oct"]


def test_without_buckets_there_are_no_marks() -> None:
    assert ticks([], utc(2026, 1, 1), DAY, Times(UTC)) == []
