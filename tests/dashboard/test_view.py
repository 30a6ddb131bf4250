"""Everything a dashboard shows stands in its address, and nothing in an address can break it."""

import tracemalloc
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clerk_tinybird_app.dashboard import calendar_periods as calendar
from clerk_tinybird_app.dashboard.address import read_view as read
from clerk_tinybird_app.dashboard.times import CUSTOM, LENGTHS, Period
from clerk_tinybird_app.dashboard.view import MOST_CHARACTERS, View
from tests.dashboard.declared import OUTCOMES, SITE, view

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


def read_view(search: str) -> tuple[View, str]:
    return read(search, SITE)


def test_the_plain_address_is_the_last_24_hours_of_everything() -> None:
    seen, problem = read_view("")

    assert problem == ""
    assert seen.filters == {}
    assert seen.period(NOW.timestamp()).end - seen.period(NOW.timestamp()).start == LENGTHS["24h"]
    assert seen.address("/dashboard") == "/dashboard"


texts = st.text(st.characters(codec="utf-8"), max_size=2_000)


@given(
    st.builds(
        lambda **given: View.of(SITE, **given),
        range=st.sampled_from([*LENGTHS, *calendar.NAMES]),
        zone=st.sampled_from(["", "Asia/Kolkata", "Europe/Berlin"]),
        filters=st.fixed_dictionaries(
            {},
            optional={
                "kind": texts,
                "site": texts,
                "country": texts,
                "outcome": st.sampled_from(list(OUTCOMES)),
            },
        ),
        orders=st.fixed_dictionaries(
            {},
            optional={
                "sort": st.sampled_from(["visits", "lost", "slow"]),
                "sort_top_agents": st.sampled_from(["visits", "weight"]),
            },
        ),
    )
)
def test_a_link_reads_back_as_the_view_it_was_made_from(seen: View) -> None:
    link = seen.link("/d")

    if link:
        assert read_view(link.partition("?")[2]) == (seen, "")
        # Whatever else is chosen there, that address is read too.
        wider = seen.filtered({"outcome": "fine"}).changed(
            range=CUSTOM, start=NOW, end=NOW, orders={"sort": "slow", "sort_top_agents": "weight"}
        )
        assert len(wider.address("")) <= MOST_CHARACTERS
    else:
        assert len(seen.address("/d")) > MOST_CHARACTERS / 2


def test_the_filters_of_an_address_stand_in_their_declared_order() -> None:
    shuffled, _ = read_view("country=eu&site=/a&kind=GET")

    assert shuffled.address("/d") == "/d?kind=GET&site=/a&country=eu"
    assert shuffled.filtered({"outcome": "lost"}).address("/d") == (
        "/d?kind=GET&site=/a&outcome=lost&country=eu"
    )


def test_the_default_order_is_left_out_of_the_address() -> None:
    assert read_view("sort=visits&sort_top_agents=visits")[0] == View.of(SITE)


@pytest.mark.parametrize("site", ["x" * 2_000, "\N{SLIGHTLY SMILING FACE}" * 900, "%" * 2_000])
def test_a_value_of_2000_characters_has_an_address(site: str) -> None:
    assert view(site=site).link("/d")


def test_a_value_that_is_too_long_for_an_address_has_no_link() -> None:
    assert view(site="x" * MOST_CHARACTERS).link("/d") == ""


def test_the_longest_link_leaves_room_for_whatever_else_is_chosen_there() -> None:
    most = max(n for n in range(MOST_CHARACTERS) if view(site="x" * n).link("/dashboard"))
    chosen = view(site="x" * most, outcome="fine").changed(
        range=CUSTOM, start=NOW, end=NOW, orders={"sort": "slow", "sort_top_agents": "weight"}
    )

    assert most > MOST_CHARACTERS * 0.9
    assert read_view(chosen.address("").removeprefix("?"))[0].filters == chosen.filters


@pytest.mark.parametrize("is_of_the_view", [True, False])
def test_long_values_are_not_kept_in_memory(is_of_the_view: bool) -> None:
    long = "x" * 5_000
    seen = view(site=long) if is_of_the_view else view()

    def links() -> set[str]:
        texts = (f"{n}{'' if is_of_the_view else long}" for n in range(300))
        return {seen.link_of((("outcome", text),), "/dashboard", False) for text in texts}

    tracemalloc.start()
    try:
        assert len(links()) == 300
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < 300_000


def test_an_empty_value_is_a_value() -> None:
    seen, _ = read_view("?kind=GET&site=")

    assert seen.only == {"kind": "GET", "site": ""}


def test_an_empty_value_of_a_fixed_list_is_none() -> None:
    assert read_view("outcome=") == (View.of(SITE), "")


def test_a_custom_period_is_in_the_address_in_utc() -> None:
    seen = View.of(SITE, range=CUSTOM, start=NOW.replace(hour=10), end=NOW)

    address = seen.address("/dashboard")

    assert "start=2026-11-24T10:00Z" in address
    assert read_view(address.partition("?")[2]) == (seen, "")
    assert seen.period(0) == Period(NOW.replace(hour=10), NOW)
    assert not seen.is_live


def test_leaving_a_custom_period_leaves_none_of_it_in_the_address() -> None:
    start = NOW.replace(hour=10)
    seen = View.of(SITE, range=CUSTOM, start=start, end=NOW, filters={"country": "eu"})

    assert seen.changed(range="1h").address("/d") == "/d?range=1h&country=eu"


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ("range=2y", "range must be one of 15m, 1h, 24h, 7d, 30d, today, yesterday, this-week,"),
        ("zone=Mars/Base", "The time zone in the address is not known; times are those of yours."),
        ("outcome=6x", "outcome must be one of fine, odd, lost."),
        ("sort_top_agents=name", "sort_top_agents must be one of visits, weight."),
        ("sort=name", "sort must be one of"),
        ("range=custom", "needs a start and an end"),
        ("range=custom&start=2026-11-24T10:00Z&end=2026-11-24T10:00Z", "before it ends"),
        ("range=custom&start=2020-01-01T00:00Z&end=2026-01-01T00:00Z", "366 days"),
        ("range=custom&start=x&end=y", "needs a start and an end"),
        ("range=custom&start=0001-01-01T00:00&end=0001-01-02T00:00", "between the years"),
        ("range=custom&start=9999-12-30T00:00&end=9999-12-31T23:59", "between the years"),
        ("a=" + "x" * MOST_CHARACTERS, "too long"),
        ("&".join(f"a{n}=1" for n in range(50)), "too many parts"),
    ],
)
def test_what_cannot_be_used_is_said_and_its_default_holds(search: str, words: str) -> None:
    seen, problem = read_view(search)

    assert words in problem
    assert seen == View.of(SITE)


@given(st.text(max_size=300))
def test_no_text_at_all_breaks_the_reading_of_an_address(search: str) -> None:
    seen, _ = read_view(search)

    assert seen.period(NOW.timestamp()).start < seen.period(NOW.timestamp()).end


@pytest.mark.parametrize(
    ("search", "start", "name"),
    [
        ("?range=1h", NOW - timedelta(hours=2), "hour before"),
        ("?range=1h&compare=before", NOW - timedelta(hours=2), "hour before"),
        ("?range=1h&compare=day", NOW - timedelta(hours=25), "day before"),
        ("?range=15m&compare=week", NOW - timedelta(days=7, minutes=15), "week before"),
        ("?range=15m", NOW - timedelta(minutes=30), "15 min before"),
        ("", NOW - timedelta(days=2), "day before"),
        ("?range=30d", NOW - timedelta(days=60), "30 days before"),
    ],
)
def test_a_period_is_compared_with_what_the_address_says(
    search: str, start: datetime, name: str
) -> None:
    seen, problem = read_view(search)

    before = seen.period_before(NOW.timestamp() - 1)

    assert problem == ""
    assert before is not None
    assert before.start == start
    assert before.end - before.start == seen.period(0).end - seen.period(0).start
    assert seen.name_before == name


def test_a_custom_period_is_compared_with_the_one_of_its_length() -> None:
    seen, _ = read_view("range=custom&start=2026-11-24T10:00Z&end=2026-11-24T10:40Z")

    before = seen.period_before(0)

    assert before is not None
    assert (before.start.minute, before.end.hour) == (20, 10)
    assert seen.name_before == "period before"


def test_nothing_is_compared_when_the_address_says_so_and_it_keeps_saying_it() -> None:
    seen, _ = read_view("?compare=off")

    assert seen.period_before(0) is None
    assert seen.name_before == ""
    assert seen.address("/dashboard") == "/dashboard?compare=off"
    assert seen.changed(compare="before").address("/dashboard") == "/dashboard"
    assert read_view("?compare=year") == (
        View.of(SITE),
        "compare must be one of before, day, week, off.",
    )


@pytest.mark.parametrize(
    ("range_", "compare", "shown", "compared", "name"),
    [
        ("today", "before", "24 00:00 to 24 17:30", "23 00:00 to 23 17:30", "yesterday"),
        ("today", "week", "24 00:00 to 24 17:30", "17 00:00 to 17 17:30", "week before"),
        ("yesterday", "before", "23 00:00 to 24 00:00", "22 00:00 to 23 00:00", "day before"),
        ("this-week", "before", "23 00:00 to 24 17:30", "16 00:00 to 17 17:30", "last week"),
    ],
)
def test_a_day_or_week_of_the_calendar_is_that_of_the_zone_in_the_address(
    range_: str, compare: str, shown: str, compared: str, name: str
) -> None:
    search = f"range={range_}&compare={compare}&zone=Asia/Kolkata"
    seen, problem = read(search, SITE, "America/Los_Angeles")
    now = NOW.timestamp() - 1

    def told(period: Period | None) -> str:
        assert period is not None
        local = (at.astimezone(seen.time_zone) for at in (period.start, period.end))
        return " to ".join(f"{at:%d %H:%M}" for at in local)

    assert problem == ""
    assert told(seen.period(now)) == shown
    assert told(seen.period_before(now)) == compared
    assert seen.name_before == name
    assert seen.is_live == (range_ != "yesterday")


def test_a_moment_of_the_day_before_stands_for_the_same_time_of_today() -> None:
    # In Berlin, the clock was put on in the night before.
    seen = View.of(SITE, range="today", home="Europe/Berlin")
    now = datetime(2026, 3, 29, 12, tzinfo=UTC).timestamp()
    nine = datetime(2026, 3, 28, 8, tzinfo=UTC)

    assert seen.counterpart(now)(nine) == datetime(2026, 3, 29, 7, tzinfo=UTC)


def test_the_viewers_own_zone_is_not_in_the_address_and_another_stays_there() -> None:
    seen, problem = read("zone=Asia/Kolkata&range=7d", SITE, "Europe/Berlin")

    assert (problem, seen.zone_name) == ("", "Asia/Kolkata")
    assert seen.address("/d") == "/d?range=7d&zone=Asia/Kolkata"
    assert read("zone=Europe/Berlin", SITE, "Europe/Berlin")[0].address("/d") == "/d"
    assert seen.changed(zone="").zone_name == "Europe/Berlin"
