"""Everything a dashboard shows stands in its address, and nothing in an address can break it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clerk_tinybird_app.dashboard.period import CUSTOM, LENGTHS, Period
from clerk_tinybird_app.dashboard.view import SORTS, STATUS_CLASSES, View, read_view

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


def test_the_plain_address_is_the_last_24_hours_of_everything() -> None:
    view, problem = read_view("")

    assert problem == ""
    assert view.filters == {}
    assert view.period(NOW.timestamp()).end - view.period(NOW.timestamp()).start == LENGTHS["24h"]
    assert view.address("/dashboard") == "/dashboard"


texts = st.text(st.characters(codec="utf-8"), max_size=40)


@given(
    st.builds(
        View,
        range=st.sampled_from(list(LENGTHS)),
        method=texts,
        route=texts,
        status_class=st.sampled_from(("", *STATUS_CLASSES)),
        region=texts,
        sort=st.sampled_from(SORTS),
    )
)
def test_an_address_reads_back_as_the_view_it_was_made_from(view: View) -> None:
    assert read_view(view.address("/d").partition("?")[2]) == (view, "")


def test_a_custom_period_is_in_the_address_in_utc() -> None:
    view = View(range=CUSTOM, start=NOW.replace(hour=10), end=NOW)

    address = view.address("/dashboard")

    assert "start=2026-11-24T10:00Z" in address
    assert read_view(address.partition("?")[2]) == (view, "")
    assert view.period(0) == Period(NOW.replace(hour=10), NOW)
    assert not view.is_live


def test_leaving_a_custom_period_leaves_none_of_it_in_the_address() -> None:
    view = View(range=CUSTOM, start=NOW.replace(hour=10), end=NOW, region="eu-west-1")

    assert view.changed(range="1h").address("/d") == "/d?range=1h&region=eu-west-1"


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ("range=2y", "range must be one of 15m, 1h, 24h, 7d, 30d, custom."),
        ("status_class=6xx", "status_class must be one of"),
        ("sort=name", "sort must be one of"),
        ("range=custom", "needs a start and an end"),
        ("range=custom&start=2026-11-24T10:00Z&end=2026-11-24T10:00Z", "before it ends"),
        ("range=custom&start=2020-01-01T00:00Z&end=2026-01-01T00:00Z", "366 days"),
        ("range=custom&start=x&end=y", "needs a start and an end"),
        ("range=custom&start=0001-01-01T00:00&end=0001-01-02T00:00", "between the years"),
        ("range=custom&start=9999-12-30T00:00&end=9999-12-31T23:59", "between the years"),
        ("a=" + "x" * 3_000, "too long"),
        ("&".join(f"a{n}=1" for n in range(50)), "too many parts"),
    ],
)
def test_what_cannot_be_used_is_said_and_its_default_holds(search: str, words: str) -> None:
    view, problem = read_view(search)

    assert words in problem
    assert view == View()


@given(st.text(max_size=300))
def test_no_text_at_all_breaks_the_reading_of_an_address(search: str) -> None:
    view, _ = read_view(search)

    assert view.period(NOW.timestamp()).start < view.period(NOW.timestamp()).end


@pytest.mark.parametrize(
    ("name", "seconds"), [("15m", 15), ("1h", 60), ("24h", 900), ("7d", 10_800), ("30d", 43_200)]
)
def test_the_width_of_a_bucket_is_the_pipes_own(name: str, seconds: int) -> None:
    assert Period.ending_now(name, NOW.timestamp()).step.total_seconds() == seconds
