"""The links of a dashboard lead where they say."""

from datetime import UTC, datetime

import pytest

from clerk_tinybird_app.dashboard import links
from clerk_tinybird_app.dashboard.described import timed, typed_moment
from clerk_tinybird_app.dashboard.view import View
from clerk_tinybird_app.dashboard.zone import zone_named

FILTERED = View(range="7d", method="GET", route="/a", status_class="5xx")


def test_each_period_keeps_the_filters_and_the_one_shown_is_marked() -> None:
    found = links.ranges(FILTERED, "/d")

    assert [choice.label for choice in found] == ["15 m", "1 h", "24 h", "7 d", "30 d"]
    assert [choice.label for choice in found if choice.is_current] == ["7 d"]
    assert found[0].href == "/d?range=15m&method=GET&route=/a&status_class=5xx"


def test_a_chip_takes_its_own_filter_away() -> None:
    found = {choice.label: choice.href for choice in links.chips(FILTERED, "/d", fixed=())}

    assert found["status = 5xx"] == "/d?range=7d&method=GET&route=/a"
    assert list(found) == ["method = GET", "route = /a", "status = 5xx"]


def test_what_makes_the_page_what_it_is_has_no_chip_and_stays() -> None:
    fixed = ("method", "route")

    assert [c.label for c in links.chips(FILTERED, "/d", fixed=fixed)] == ["status = 5xx"]
    assert links.without_filters(FILTERED, "/d", fixed=fixed) == "/d?range=7d&method=GET&route=/a"
    assert links.without_filters(FILTERED, "/d", fixed=()) == "/d?range=7d"


def test_the_class_of_status_that_is_shown_leads_back_to_all() -> None:
    found = {choice.label: choice for choice in links.status_classes(FILTERED, "/d")}

    assert found["5xx"].is_current
    assert found["5xx"].href == "/d?range=7d&method=GET&route=/a"
    assert found["4xx"].href.endswith("status_class=4xx")


def test_each_order_is_a_link() -> None:
    found = links.sorts(View(sort="p95"), "/d")

    assert [(choice.label, choice.is_current) for choice in found] == [
        ("requests", False),
        ("errors", False),
        ("p95", True),
    ]
    assert found[0].href == "/d"


def test_the_form_of_a_custom_period_opens_with_the_period_shown_in_the_viewers_time() -> None:
    now = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC).timestamp()

    shown = timed(View(range="1h"), zone_named("Europe/Berlin"), now)

    assert (shown["custom_start"], shown["custom_end"]) == ("2026-11-24T12:00", "2026-11-24T13:00")
    assert (shown["subtitle"], shown["step"]) == ("last hour", "minute")


@pytest.mark.parametrize("text", ["", "tomorrow", None, 7, "9999-12-31T23:59", "0001-01-01T00:00"])
def test_what_is_no_moment_is_none(text: object) -> None:
    zone = zone_named("America/New_York" if text == "9999-12-31T23:59" else "Asia/Tokyo")

    assert typed_moment(text, zone) is None
