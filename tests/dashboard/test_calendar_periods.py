"""Days, weeks and months are those of the view's zone, also where its clocks are changed."""

from datetime import UTC, datetime, timedelta

import pytest

from clerk_tinybird_app.dashboard import calendar_periods as calendar
from clerk_tinybird_app.dashboard.times import Period, zone_named

BERLIN, NEPAL, CAIRO = map(zone_named, ("Europe/Berlin", "Asia/Kathmandu", "Africa/Cairo"))


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def written(period: Period, zone: str) -> str:
    local = (moment.astimezone(zone_named(zone)) for moment in (period.start, period.end))
    return " to ".join(f"{moment:%Y-%m-%d %H:%M:%S}" for moment in local)


# A Thursday, by the clock in Berlin.
NOW = at("2026-11-26T15:30:00+01:00")


@pytest.mark.parametrize(
    ("name", "shown", "compared", "called"),
    [
        (
            "today",
            "2026-11-26 00:00:00 to 2026-11-26 15:30:01",
            "2026-11-25 00:00:00 to 2026-11-25 15:30:01",
            "yesterday",
        ),
        (
            "yesterday",
            "2026-11-25 00:00:00 to 2026-11-26 00:00:00",
            "2026-11-24 00:00:00 to 2026-11-25 00:00:00",
            "day before",
        ),
        (
            "this-week",
            "2026-11-23 00:00:00 to 2026-11-26 15:30:01",
            "2026-11-16 00:00:00 to 2026-11-19 15:30:01",
            "last week",
        ),
        (
            "last-week",
            "2026-11-16 00:00:00 to 2026-11-23 00:00:00",
            "2026-11-09 00:00:00 to 2026-11-16 00:00:00",
            "week before",
        ),
        (
            "this-month",
            "2026-11-01 00:00:00 to 2026-11-26 15:30:01",
            "2026-10-01 00:00:00 to 2026-10-26 15:30:01",
            "last month",
        ),
        (
            "last-month",
            "2026-10-01 00:00:00 to 2026-11-01 00:00:00",
            "2026-09-01 00:00:00 to 2026-10-01 00:00:00",
            "month before",
        ),
    ],
)
def test_a_period_is_compared_with_the_one_before_as_far_as_it_has_come(
    name: str, shown: str, compared: str, called: str
) -> None:
    assert written(calendar.period(name, NOW, BERLIN), "Europe/Berlin") == shown
    assert written(calendar.before(name, NOW, BERLIN), "Europe/Berlin") == compared
    assert calendar.name_before(name) == called


def test_every_zone_has_days_of_its_own() -> None:
    # In Kathmandu, 5 hours and 45 minutes ahead, the next day has begun.
    now = at("2026-11-26T18:20:00+00:00")

    assert calendar.period("today", now, NEPAL).start == datetime(2026, 11, 26, 18, 15, tzinfo=UTC)
    assert calendar.period("today", now, UTC).start == datetime(2026, 11, 26, tzinfo=UTC)
    assert calendar.period("yesterday", now, NEPAL).end.minute == 15


@pytest.mark.parametrize(
    ("now", "hours", "hours_before"),
    [
        # At two the clock was put on to three; the day before had all of its hours.
        ("2026-03-29T12:00:00+02:00", 11, 12),
        ("2026-03-30T12:00:00+02:00", 12, 11),
        # At three it was put back to two.
        ("2026-10-25T12:00:00+01:00", 13, 12),
        ("2026-10-26T12:00:00+01:00", 12, 13),
    ],
)
def test_up_to_the_same_time_is_by_the_clock_on_the_wall(
    now: str, hours: int, hours_before: int
) -> None:
    moment = at(now) - 1
    today, before = (tell("today", moment, BERLIN) for tell in (calendar.period, calendar.before))

    assert today.end - today.start == timedelta(hours=hours)
    assert before.end - before.start == timedelta(hours=hours_before)


def test_a_day_without_a_midnight_begins_with_its_first_hour() -> None:
    today = calendar.period("today", at("2026-04-24T12:00:00+03:00"), CAIRO)

    assert written(today, "Africa/Cairo").startswith("2026-04-24 01:00:00")


def test_a_month_that_is_shorter_ends_where_it_ends() -> None:
    before = calendar.before("this-month", at("2026-03-31T12:00:00+02:00"), BERLIN)

    assert written(before, "Europe/Berlin") == "2026-02-01 00:00:00 to 2026-03-01 00:00:00"


@pytest.mark.parametrize("name", calendar.NAMES)
def test_with_the_first_second_of_a_period_there_is_something_to_ask_for(name: str) -> None:
    midnight = at("2026-06-01T00:00:00+02:00")  # a Monday, and the first of a month

    for period in (
        calendar.period(name, midnight, BERLIN),
        calendar.before(name, midnight, BERLIN),
    ):
        assert period.start < period.end


@pytest.mark.parametrize(
    ("name", "turns"),
    [
        ("yesterday", "2026-11-27T00:00:00+01:00"),
        ("last-week", "2026-11-30T00:00:00+01:00"),
        ("last-month", "2026-12-01T00:00:00+01:00"),
    ],
)
def test_a_period_that_is_over_becomes_another_at_midnight(name: str, turns: str) -> None:
    assert calendar.is_over(name)
    assert calendar.next_turn(name, NOW, BERLIN) == at(turns)


def test_a_moment_is_moved_by_days_at_the_same_time_of_day() -> None:
    noon = datetime.fromisoformat("2026-03-28T12:00:00+01:00")

    assert calendar.moved(noon, 1, BERLIN) - noon == timedelta(hours=23)
    assert calendar.days_between(noon, noon + timedelta(hours=12), BERLIN) == 1
