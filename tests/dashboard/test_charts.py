"""A chart says what the rows of its pipe say, when that was, and what was before."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import pytest

from clerk_tinybird_app.dashboard.charts import IN_PART, SO_FAR, Axis, Chart, Rows
from clerk_tinybird_app.dashboard.declaration import ChartLimit, Figure, Limit, TimeSeries, Unit
from clerk_tinybird_app.dashboard.times import zone_named
from clerk_tinybird_app.dashboard.view import View
from tests.dashboard.declared import BY_TIME, FIGURES, NOW, SITE, SPEED, bucket, shaper, view
from tests.dashboard.test_shown import SPEEDS, TOTALS, TRAFFIC

PERCENTILES = ("p50", "p95")
WITH_TRENDS = replace(
    SITE,
    panels=(
        replace(
            FIGURES,
            figures=tuple(
                replace(each, trend=("speed", each.column)) if each.column in PERCENTILES else each
                for each in FIGURES.figures
            ),
        ),
        *SITE.panels[1:],
    ),
)
BERLIN = zone_named("Europe/Berlin")
HOUR = timedelta(hours=1)


def drawn(
    panel: TimeSeries,
    rows: Rows,
    seen: View | None = None,
    *,
    zone: tzinfo = BERLIN,
    before: Rows = (),
    **others: Rows,
) -> tuple[Chart, Axis]:
    shapes = replace(shaper(seen, zone=zone, dashboard=WITH_TRENDS), before={panel.key: before})
    found = shapes.shown(panel, {panel.key: rows, **others})
    return found["rows"], found["axis"]


def chart(panel: TimeSeries, rows: Rows, seen: View | None = None, **more: Any) -> Chart:
    return drawn(panel, rows, seen, **more)[0]


def axis(panel: TimeSeries, rows: Rows, seen: View | None = None, **more: Any) -> Axis:
    return drawn(panel, rows, seen, **more)[1]


def at(hour: int, minute: int = 0, day: int = 24) -> str:
    return f"2026-11-{day} {hour:02d}:{minute:02d}:00"


def custom(start: datetime, end: datetime) -> View:
    return View.of(SITE, range="custom", start=start, end=end)


def test_a_chart_tells_times_in_the_viewers_zone() -> None:
    found, when = drawn(BY_TIME, TRAFFIC)

    assert when.words == ["Tue 24 Nov, 12:30 to 12:45", "Tue 24 Nov, 12:45 to 13:00"]
    assert found.values == [[10, 20], [0, 0], [0, 2]]
    assert when.steps == ["15 minutes", "30 minutes", "hour"]
    assert when.starts == [1795519800, 1795520700]
    assert (when.end, when.seconds) == (1795521600, 900)
    assert [tick.text for tick in when.ticks if tick.rank > 5] == ["12:30", "12:45", "13:00"]


def test_a_bucket_without_visits_is_a_gap_and_no_zero() -> None:
    assert chart(SPEED, SPEEDS).values == [[10.0, None], [90.0, None]]


def test_each_chart_is_told_in_a_sentence() -> None:
    assert chart(BY_TIME, TRAFFIC).summary == (
        "32 visits (fine 30, lost 2); the most, 22, on Tue 24 Nov, 12:45 to 13:00."
    )
    assert chart(SPEED, SPEEDS).summary == (
        "p95 is 90 ms at the end; the highest, 90 ms, on Tue 24 Nov, 12:30 to 12:45."
    )
    assert chart(BY_TIME, []).summary == "No visits."
    assert chart(SPEED, SPEEDS[1:]).summary == "No visits."
    assert axis(BY_TIME, []) == Axis()


def test_a_whole_of_one_part_is_told_without_it() -> None:
    lost = [bucket(at(11, 30), 0, 5), bucket(at(11, 45), 0, 7)]

    assert chart(BY_TIME, lost, view(outcome="lost")).summary.startswith("12 visits; the most, 7,")


def test_a_whole_without_a_count_is_the_sum_of_its_parts() -> None:
    found = chart(replace(BY_TIME, count=""), TRAFFIC)

    assert found.summary.startswith("32 visits (fine 30, lost 2); the most, 22,")


def test_the_days_of_a_pipe_that_knows_no_zone_have_their_own_names() -> None:
    days = [bucket(at(0, day=day), 1) for day in (20, 21, 22)]
    seen = View.of(SITE, range="7d")

    found = axis(BY_TIME, days, seen, zone=zone_named("America/New_York"))

    assert found.words == ["Fri 20 Nov", "Sat 21 Nov", "Sun 22 Nov"]
    assert found.steps[0] == "day"


def test_a_first_bucket_that_began_before_the_period_is_summed_up_but_not_drawn() -> None:
    rows = [bucket(at(11, 45, day=23), 5), *TRAFFIC]

    found, when = drawn(BY_TIME, rows)

    assert len(when.starts) == len(found.values[0]) == 2
    assert found.totals == [35, 0, 2]
    exact = custom(datetime(2026, 11, 24, 11, 30, tzinfo=UTC), NOW)
    assert len(axis(BY_TIME, TRAFFIC, exact).starts) == 2


def test_the_bucket_that_still_fills_is_open() -> None:
    whole = axis(BY_TIME, TRAFFIC)
    assert (whole.open, whole.open_note) == (-1, "")
    filling = axis(BY_TIME, [*TRAFFIC, bucket(at(12), 1)])

    assert (filling.open, filling.open_note) == (2, SO_FAR)


def test_the_last_bucket_of_a_period_of_the_past_that_ends_within_it_is_there_in_part() -> None:
    seen = custom(
        datetime(2026, 11, 24, 9, 30, tzinfo=UTC), datetime(2026, 11, 24, 10, 50, tzinfo=UTC)
    )
    rows = [bucket(at(10, minute), 1) for minute in (0, 15, 30, 45)]

    found = axis(BY_TIME, rows, seen)

    assert (found.open, found.open_note) == (3, IN_PART)


def test_buckets_that_are_yet_to_come_are_no_fall() -> None:
    seen = custom(datetime(2026, 11, 24, 10, tzinfo=UTC), datetime(2026, 11, 24, 14, tzinfo=UTC))
    rows = [bucket(at(hour), 1 if hour < 12 else 0) for hour in (10, 11, 12, 13)]

    found = axis(BY_TIME, rows, seen)

    assert (found.open, found.open_note) == (2, SO_FAR)


@pytest.mark.parametrize(
    ("day", "minutes"), [(24, 25 * 60), (25, 24 * 60)], ids=["ends", "ordinary"]
)
def test_a_day_is_as_long_as_its_clocks_make_it(day: int, minutes: int) -> None:
    # Daylight saving ends in Berlin on 25 October.
    start = datetime(2026, 10, day, 22 if day == 24 else 23, tzinfo=UTC)
    rows = [bucket(f"{start:%Y-%m-%d %H:%M:%S}", 1)]
    seen = custom(start, start + timedelta(minutes=minutes))

    found = axis(BY_TIME, rows, seen)

    assert (found.end - found.starts[0], found.open) == (minutes * 60, -1)


COMPARED = replace(BY_TIME, before="visits")
SPEED_COMPARED = replace(SPEED, before="p95")


def test_the_period_before_stands_at_the_buckets_that_it_is_compared_with() -> None:
    rows = [*TRAFFIC, bucket(at(12), 3)]
    # There is no row of 11:30, and the last one is from before the gap.
    before = [bucket(at(11, 45, day=23), 7), bucket(at(12, day=23), 1)]

    found = chart(COMPARED, rows, before=before)

    assert found.before == [None, 7, 1]
    assert (found.before_total, found.before_name) == (8, "day before")


def test_hours_of_a_day_with_another_clock_are_compared_with_the_nearest() -> None:
    seen = View.of(SITE, range="7d")
    late = [bucket(at(hour, day=day), 1) for day in (23,) for hour in (2, 5, 8, 11)]
    # Three hours by a clock that was an hour ahead.
    before = [bucket(at(hour, day=16), hour) for hour in (1, 4, 7, 10)]

    assert chart(COMPARED, late, seen, before=before).before == [1, 4, 7, 10]


def test_without_an_answer_and_without_a_choice_there_is_no_period_before() -> None:
    assert chart(COMPARED, TRAFFIC).before == []
    off = View.of(SITE, compare="off")
    assert chart(COMPARED, TRAFFIC, off, before=TRAFFIC).before == []
    # Rows of another period than the one that is compared with.
    assert chart(COMPARED, TRAFFIC, before=[bucket(at(11, 30, day=20), 1)]).before == []


def test_percentiles_of_the_whole_period_are_the_key_figures() -> None:
    def totals(seen: View | None = None, panel: TimeSeries = SPEED_COMPARED) -> Any:
        before = [row | {"bucket": row["bucket"].replace("24 ", "23 ")} for row in SPEEDS]
        found = chart(panel, SPEEDS, seen, before=before, **{FIGURES.key: [TOTALS]})
        return found.totals, found.before_total

    assert totals() == ([20.0, 184.2], 175.0)
    # The key figures of the week before have not come.
    week = [row | {"bucket": row["bucket"].replace("24 ", "17 ")} for row in SPEEDS]
    found = chart(
        SPEED_COMPARED,
        SPEEDS,
        View.of(SITE, compare="week"),
        before=week,
        **{FIGURES.key: [TOTALS]},
    )
    assert (found.before_name, found.before_total) == ("week before", None)
    assert found.before_note == ""
    for other in ({"ignores": ("kind",)}, {"parameters": {"limit": "1"}}, {"pipe": "other"}):
        assert totals(panel=replace(SPEED_COMPARED, name="speed", **other))[0] == [None, None]
    assert chart(SPEED, SPEEDS).totals == [None, None]


def test_a_figure_is_known_by_its_trend_whatever_its_own_column_is_called() -> None:
    median = Figure(label="Median", column="middle", trend=("speed", "p50"))
    dashboard = replace(SITE, panels=(replace(FIGURES, figures=(median,)), SPEED))
    rows = {SPEED.key: SPEEDS, FIGURES.key: [TOTALS | {"middle": 21.0}]}

    found = shaper(dashboard=dashboard).shown(SPEED, rows)

    assert found["rows"].totals == [21.0, None]


@pytest.mark.parametrize("row", [{}, {"p50": "fast", "p95": []}], ids=["none", "no numbers"])
def test_key_figures_that_cannot_be_shown_leave_a_chart_without_totals(row: Any) -> None:
    found = chart(SPEED, SPEEDS, totals=[row])

    assert (found.values, found.totals) == (chart(SPEED, SPEEDS).values, [None, None])


def test_a_period_before_that_cannot_be_shown_leaves_the_chart_as_it_is() -> None:
    for row in ({}, bucket("yesterday", 1), bucket(at(11, 30, day=23), 1, visits="many")):
        assert chart(COMPARED, TRAFFIC, before=[row]) == chart(COMPARED, TRAFFIC)


def test_a_period_before_of_zeros_is_a_comparison() -> None:
    before = [bucket(at(11, minute, day=23), 0) for minute in (30, 45)]

    found = chart(COMPARED, TRAFFIC, before=before)

    assert (found.before, found.before_total) == ([0, 0], 0)


def test_a_period_before_that_the_data_begins_within_is_there_in_part_and_begins_with_it() -> None:
    rows = [*TRAFFIC, bucket(at(12), 3)]
    before = [bucket(at(11, 30, day=23), 0), bucket(at(11, 45, day=23), 7)]
    before.append(bucket(at(12, day=23), 0))

    found = chart(COMPARED, rows, before=before, totals=[TOTALS | {"is_whole": 0}])

    assert (found.before, found.before_total, found.before_note) == ([None, 7, 0], 7, IN_PART)
    whole = chart(COMPARED, rows, before=before, totals=[TOTALS])
    assert (whole.before, whole.before_note) == ([0, 7, 0], "")
    nothing = [row | {"visits": 0} for row in before]
    found = chart(COMPARED, rows, before=nothing, totals=[TOTALS | {"is_whole": 0}])
    assert found.before == []


def test_buckets_above_the_limit_are_marked() -> None:
    limited = replace(BY_TIME, limit=ChartLimit(column="sites", above=2, unit=Unit.COUNT))
    rows = [bucket(at(11, minute), 1, sites=n) for n, minute in enumerate((0, 15, 30, 45))]

    assert chart(limited, [*rows, bucket(at(12), 0, sites=None)]).above == [3]
    assert (chart(BY_TIME, rows).has_limit, chart(BY_TIME, rows).above) == (False, [])


def test_a_share_above_its_limit_because_of_a_single_event_is_not_marked() -> None:
    limit = ChartLimit(column="share", above=0.1, unit=Unit.PERCENT)
    limited = replace(BY_TIME, limit=limit)
    parts = [(1, 1), (1, 3), (1, 9), (2, 9), (3, 10), (101, 1_000), (102, 1_000)]
    rows = [
        bucket(at(10, minute), whole, visits=whole, share=round(part / whole, 4))
        for minute, (part, whole) in enumerate(parts)
    ]

    assert [parts[place] for place in chart(limited, rows).above] == [
        *((2, 9), (3, 10), (102, 1_000))
    ]
    # What is measured is no number of events.
    measured = replace(limited, limit=replace(limit, unit=Unit.COUNT))
    assert len(chart(measured, rows).above) == len(rows)


def test_a_limit_of_what_a_filter_fixes_says_nothing() -> None:
    limit = ChartLimit(column="sites", above=0, decided_by=("outcome",))
    limited = replace(BY_TIME, limit=limit)

    assert chart(limited, TRAFFIC).has_limit
    assert chart(limited, TRAFFIC).above == [0, 1]
    assert not chart(limited, TRAFFIC, view(outcome="lost")).has_limit


def test_a_figure_above_its_limit_has_an_alarm() -> None:
    def alarm(limit: float, value: float | None) -> str:
        figure = replace(FIGURES.figures[2], limit=Limit(above=limit))
        panel = replace(FIGURES, figures=(figure,))
        found = shaper().shown(panel, {panel.key: [TOTALS | {"p95": value}]})
        text: str = found["rows"][0].alarm
        return text

    assert (alarm(100, 184.2), alarm(184.2, 184.2), alarm(100, None)) == ("warning", "", "")
