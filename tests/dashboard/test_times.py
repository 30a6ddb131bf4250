"""Times are the viewer's, tell one moment from another, and name the year where it is not plain."""

from datetime import UTC, datetime, timedelta

import pytest

from clerk_tinybird_app.dashboard.times import (
    Period,
    Times,
    bucket_width,
    offset_name,
    step_name,
    zone_named,
)

QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)


def times(zone: str = "Europe/Berlin", year: int | None = 2026) -> Times:
    return Times(zone_named(zone), year)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("start", "step", "text"),
    [
        (utc(2026, 11, 24, 13, 30), QUARTER, "Tue 24 Nov, 14:30 to 14:45"),
        (utc(2026, 11, 24, 13, 30), timedelta(seconds=5), "Tue 24 Nov, 14:30:00 to 14:30:05"),
        (utc(2026, 11, 23, 23), DAY, "Tue 24 Nov"),
        (utc(2026, 11, 22, 23), WEEK, "Mon 23 Nov to Sun 29 Nov"),
        # The week and the day in which daylight saving ends, and the one in which it begins.
        (utc(2026, 10, 18, 22), WEEK, "Mon 19 Oct to Sun 25 Oct"),
        (utc(2026, 10, 24, 22), DAY, "Sun 25 Oct"),
        (utc(2026, 10, 24, 22), 3 * HOUR, "Sun 25 Oct, 00:00 to 03:00"),
        (utc(2026, 3, 22, 23), WEEK, "Mon 23 Mar to Sun 29 Mar"),
        (utc(2026, 3, 28, 23), 3 * HOUR, "Sun 29 Mar, 00:00 to 03:00"),
    ],
)
def test_a_bucket_is_named_by_the_clock_on_the_wall(
    start: datetime, step: timedelta, text: str
) -> None:
    assert times().span(start, step) == text


def test_an_hour_that_comes_twice_is_told_apart() -> None:
    new_york = times("America/New_York")
    starts = [utc(2026, 11, 1, 4 + n) for n in range(4)]

    assert new_york.span(starts[1], HOUR) == "Sun 1 Nov, 01:00 EDT to 01:00 EST"
    noon = utc(2026, 11, 1, 17)
    assert new_york.clock(starts[2], now=noon) == "01:00:00.000 EST"
    assert new_york.between(starts[1], starts[2]) == "1 Nov 01:00 EDT to 01:00 EST"


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(seconds=15), "24 Nov 13:00:00 to 13:00:15"),
        (timedelta(minutes=15), "24 Nov 13:00 to 13:15"),
        (timedelta(hours=12), "24 Nov 13:00 to 25 Nov 01:00"),
        # As in the link to a period that ended then.
        (timedelta(hours=24, seconds=7), "24 Nov 13:00 to 25 Nov 13:00"),
    ],
)
def test_a_period_says_its_day_once_and_its_seconds_where_they_tell(
    length: timedelta, text: str
) -> None:
    noon = utc(2026, 11, 24, 12)

    assert times().between(noon, noon + length) == text


def test_a_day_that_begins_at_one_is_that_day() -> None:
    cairo = times("Africa/Cairo", 2026)

    # Its first hour was left out.
    assert cairo.span(utc(2026, 4, 23, 22), DAY) == "Fri 24 Apr"
    assert cairo.span(utc(2026, 4, 23, 22), 3 * HOUR) == "Fri 24 Apr, 01:00 to 03:00"


@pytest.mark.parametrize(
    ("start", "end", "year"),
    [
        (utc(2026, 1, 1), utc(2026, 11, 24), 2026),
        (utc(2025, 12, 31, 23), utc(2026, 1, 2), 2026),
        (utc(2025, 12, 31, 22), utc(2026, 1, 2), None),
        (utc(2025, 6, 1), utc(2025, 6, 2), None),
    ],
)
def test_the_year_goes_without_saying_in_a_view_of_this_year_alone(
    start: datetime, end: datetime, year: int | None
) -> None:
    now = utc(2026, 11, 24).timestamp()

    assert Times.of(Period(start, end), zone_named("Europe/Berlin"), now).year == year


def test_across_years_every_date_has_its_year() -> None:
    across = times(year=None)

    assert across.date(utc(2025, 11, 24)) == "24 Nov 2025"
    assert across.span(utc(2025, 12, 28, 23), WEEK) == "Mon 29 Dec 2025 to Sun 4 Jan 2026"
    assert across.between(utc(2025, 11, 24), utc(2026, 11, 24)) == (
        "24 Nov 2025 01:00 to 24 Nov 2026 01:00"
    )


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("Asia/Kolkata", "Tue 24 Nov, 05:30 to 06:30"),
        ("Asia/Kathmandu", "Tue 24 Nov, 05:45 to 06:45"),
    ],
)
def test_a_zone_may_be_half_an_hour_off(zone: str, text: str) -> None:
    assert times(zone).span(utc(2026, 11, 24), HOUR) == text


@pytest.mark.parametrize(
    ("zone", "start", "step", "end"),
    [
        ("Europe/Berlin", utc(2026, 11, 24, 13, 45), QUARTER, utc(2026, 11, 24, 14)),
        ("Europe/Berlin", utc(2026, 10, 24, 22), 3 * HOUR, utc(2026, 10, 25, 2)),
        ("Europe/Berlin", utc(2026, 10, 24, 22), DAY, utc(2026, 10, 25, 23)),
        ("Europe/Berlin", utc(2026, 3, 28, 23), DAY, utc(2026, 3, 29, 22)),
        ("Europe/Berlin", utc(2026, 10, 18, 22), WEEK, utc(2026, 10, 25, 23)),
        ("Africa/Cairo", utc(2026, 4, 22, 22), DAY, utc(2026, 4, 23, 22)),
    ],
)
def test_a_bucket_ends_where_the_clock_on_the_wall_says(
    zone: str, start: datetime, step: timedelta, end: datetime
) -> None:
    assert times(zone).end(start, step) == end


def test_a_bucket_has_its_width_in_words() -> None:
    assert [step_name(step) for step in (QUARTER, HOUR, DAY, WEEK)] == [
        *("15 minutes", "hour", "day", "week"),
    ]


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


def local_buckets(zone: str, first: datetime, step: timedelta, count: int) -> list[datetime]:
    """Return the beginnings, in UTC, of buckets by the clock on the wall; no time twice."""
    starts = ((first + n * step).replace(tzinfo=zone_named(zone)) for n in range(count))
    return sorted({start.astimezone(UTC) for start in starts})


@pytest.mark.parametrize("step", [HOUR, 3 * HOUR, 6 * HOUR, DAY, WEEK])
@pytest.mark.parametrize(
    ("zone", "first"),
    [
        ("UTC", datetime(2026, 11, 2)),
        ("Europe/Berlin", datetime(2026, 3, 23)),
        ("Europe/Berlin", datetime(2026, 10, 19)),
        ("America/New_York", datetime(2026, 10, 26)),
        # A day that begins at one, and one whose midnight comes twice.
        ("Africa/Cairo", datetime(2026, 4, 20)),
        ("Africa/Cairo", datetime(2026, 10, 26)),
        ("America/Havana", datetime(2026, 3, 2)),
        ("Asia/Kolkata", datetime(2026, 11, 2)),
    ],
)
def test_the_width_of_a_bucket_is_read_off_the_rows_whatever_the_clock_does(
    zone: str, first: datetime, step: timedelta
) -> None:
    starts = local_buckets(zone, first, step, 30)

    assert bucket_width(starts, zone_named(zone), starts[-1] + step) == step


@pytest.mark.parametrize(
    "step", [timedelta(seconds=1), timedelta(seconds=15), QUARTER, HOUR, DAY, WEEK]
)
def test_buckets_that_are_left_out_do_not_make_the_others_wider(step: timedelta) -> None:
    first = utc(2026, 11, 2)
    starts = [first + n * step for n in (0, 3, 4, 5, 9, 11)]

    assert bucket_width(starts, UTC, starts[-1] + step) == step


def test_a_first_bucket_that_begins_with_the_period_does_not_count() -> None:
    starts = [utc(2026, 11, 24, 0, 7), *(utc(2026, 11, 24, 0, 15) + n * QUARTER for n in range(5))]

    assert bucket_width(starts, UTC, starts[-1]) == QUARTER


def test_the_only_bucket_ends_with_the_period() -> None:
    start = utc(2026, 11, 24)

    assert bucket_width([start], UTC, start + timedelta(hours=23, minutes=59)) == DAY
    assert bucket_width([start], UTC, start + timedelta(minutes=14, seconds=59)) == QUARTER
    assert bucket_width([start], UTC, start) == timedelta(seconds=1)
    assert bucket_width([], UTC, start) == timedelta(seconds=1)


def test_a_few_buckets_around_a_change_of_the_clock_are_as_wide_as_the_others() -> None:
    berlin = zone_named("Europe/Berlin")
    three_hours = local_buckets("Europe/Berlin", datetime(2026, 3, 29), 3 * HOUR, 3)
    days = local_buckets("Europe/Berlin", datetime(2026, 3, 29), DAY, 2)

    assert three_hours[1] - three_hours[0] == 2 * HOUR
    assert bucket_width(three_hours, berlin, three_hours[-1]) == 3 * HOUR
    assert days[1] - days[0] == 23 * HOUR
    assert bucket_width(days, berlin, days[-1]) == DAY


@pytest.mark.parametrize(
    ("zone", "month", "name"),
    [
        ("UTC", 1, "UTC"),
        ("Europe/Berlin", 1, "UTC+1"),
        ("Europe/Berlin", 7, "UTC+2"),
        ("Asia/Kathmandu", 1, "UTC+5:45"),
        ("America/St_Johns", 1, "UTC\N{MINUS SIGN}3:30"),
    ],
)
def test_a_zone_is_told_by_how_far_it_is_from_utc(zone: str, month: int, name: str) -> None:
    assert offset_name(datetime(2026, month, 1, tzinfo=zone_named(zone))) == name
