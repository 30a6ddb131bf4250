"""Everything a dashboard shows stands in its address, and nothing in an address can break it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clerk_tinybird_app.dashboard.period import CUSTOM, LENGTHS, Period
from clerk_tinybird_app.dashboard.view import (
    MOST_CHARACTERS,
    SORTS,
    STATUS_CLASSES,
    View,
    read_view,
)

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


def test_the_plain_address_is_the_last_24_hours_of_everything() -> None:
    view, problem = read_view("")

    assert problem == ""
    assert view.filters == {}
    assert view.period(NOW.timestamp()).end - view.period(NOW.timestamp()).start == LENGTHS["24h"]
    assert view.address("/dashboard") == "/dashboard"


texts = st.none() | st.text(st.characters(codec="utf-8"), max_size=2_000)


@given(
    st.builds(
        View,
        range=st.sampled_from(list(LENGTHS)),
        method=texts,
        route=texts,
        status_class=st.sampled_from((None, "1xx", *STATUS_CLASSES)),
        region=texts,
        sort=st.sampled_from(SORTS),
    )
)
def test_a_link_reads_back_as_the_view_it_was_made_from(view: View) -> None:
    link = view.link("/d")

    if link:
        assert read_view(link.partition("?")[2]) == (view, "")
        # Whatever else is chosen there, that address is read too.
        wider = view.changed(range=CUSTOM, start=NOW, end=NOW, sort=SORTS[-1], status_class="100xx")
        assert len(wider.address("")) <= MOST_CHARACTERS
    else:
        assert len(view.address("/d")) > MOST_CHARACTERS / 2


@pytest.mark.parametrize("route", ["x" * 2_000, "\N{SLIGHTLY SMILING FACE}" * 900, "%" * 2_000])
def test_a_route_of_2000_characters_has_an_address(route: str) -> None:
    assert View(route=route).link("/d")


def test_a_value_that_is_too_long_for_an_address_has_no_link() -> None:
    assert View(route="x" * MOST_CHARACTERS).link("/d") == ""


def test_an_empty_value_is_a_value() -> None:
    view, _ = read_view("?method=GET&route=")

    assert (view.route, view.region) == ("", None)
    assert view.filters == {"method": "GET", "route": ""}


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
        ("status_class=6x", "status_class must be a class of status, such as 5xx."),
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
    view, problem = read_view(search)

    assert words in problem
    assert view == View()


@given(st.text(max_size=300))
def test_no_text_at_all_breaks_the_reading_of_an_address(search: str) -> None:
    view, _ = read_view(search)

    assert view.period(NOW.timestamp()).start < view.period(NOW.timestamp()).end


@pytest.mark.parametrize(
    ("name", "seconds"), [("15m", 15), ("1h", 60), ("24h", 900), ("7d", 10_800), ("30d", 86_400)]
)
def test_the_width_of_a_bucket_is_the_pipes_own(name: str, seconds: int) -> None:
    assert Period.ending_now(name, NOW.timestamp()).step.total_seconds() == seconds
