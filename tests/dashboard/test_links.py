"""The links of a dashboard lead where they say."""

from dataclasses import replace
from datetime import timedelta

import pytest

from clerk_tinybird_app.dashboard import links
from clerk_tinybird_app.dashboard.chosen import Chosen
from clerk_tinybird_app.dashboard.links import Chip, described, timed, typed_moment
from clerk_tinybird_app.dashboard.times import zone_named
from clerk_tinybird_app.dashboard.view import View
from tests.dashboard.declared import BY_TIME, MORE, NOW, SITE, SPEED, TOP, view

FILTERED = View.of(SITE, range="7d", filters={"kind": "GET", "site": "/a", "outcome": "lost"})


def told(chip: Chip) -> str:
    return f"{chip.label} {chip.verb} {chip.chosen}"


def test_each_period_keeps_the_filters_and_the_one_shown_is_marked() -> None:
    found = links.ranges(FILTERED, "/d")

    assert [choice.label for choice in found] == ["15 m", "1 h", "24 h", "7 d", "30 d"]
    assert [choice.label for choice in found if choice.is_current] == ["7 d"]
    assert found[0].href == "/d?range=15m&kind=GET&site=/a&outcome=lost"


def test_each_comparison_keeps_the_rest_and_the_one_shown_is_marked() -> None:
    found = links.comparisons(FILTERED.changed(compare="day"), "/d")

    # The period before is the week before.
    assert {choice.label: choice.href.partition("&kind")[0] for choice in found} == {
        "Week before": "/d?range=7d",
        "Day before": "/d?range=7d&compare=day",
        "None": "/d?range=7d&compare=off",
    }
    assert [choice.label for choice in found if choice.is_current] == ["Day before"]


@pytest.mark.parametrize(
    ("changes", "labels"),
    [
        ({"range": "15m"}, ["15 min before", "Day before", "Week before", "None"]),
        ({"range": "24h", "compare": "day"}, ["Day before", "Week before", "None"]),
        ({"range": "today"}, ["Yesterday", "Day before", "Week before", "None"]),
        ({"range": "last-week"}, ["Week before", "Day before", "None"]),
        ({"range": "custom"}, ["Period before", "Day before", "Week before", "None"]),
    ],
)
def test_what_is_compared_with_is_called_as_in_the_charts_and_offered_once(
    changes: dict[str, str], labels: list[str]
) -> None:
    seen = FILTERED.changed(**changes)

    found = links.comparisons(seen, "/d")

    assert [choice.label for choice in found] == labels
    current = [choice.label for choice in found if choice.is_current]
    assert current == [labels[0]] == [seen.name_before.capitalize()]


def test_a_chip_takes_its_own_filter_away_and_is_called_as_it_is_declared() -> None:
    found = {told(c): c.href for c in links.chips(SITE, FILTERED, "/d", fixed=())}

    assert found["result is lost"] == "/d?range=7d&kind=GET&site=/a"
    assert list(found) == ["kind is GET", "site is /a", "result is lost"]


def test_what_makes_the_page_what_it_is_has_no_chip_and_stays() -> None:
    fixed = ("kind", "site")

    found = links.chips(SITE, FILTERED, "/d", fixed=fixed)

    assert [told(chip) for chip in found] == ["result is lost"]
    assert links.without_filters(FILTERED, "/d", fixed=fixed) == "/d?range=7d&kind=GET&site=/a"
    assert links.without_filters(FILTERED, "/d", fixed=()) == "/d?range=7d"


def test_the_series_that_is_shown_leads_back_to_all() -> None:
    found = {choice.label: choice for choice in links.legend(BY_TIME, FILTERED, "/d")}

    assert found["lost"].is_current
    assert found["lost"].href == "/d?range=7d&kind=GET&site=/a"
    assert found["odd"].href.endswith("outcome=odd")
    assert links.legend(SPEED, FILTERED, "/d") == []


def test_a_chip_says_what_is_left_out_and_how_many_more_values_there_are() -> None:
    several = view(
        kind=Chosen(("GET", "PUT", "POST", "HEAD")),
        site=Chosen(("/a", "/b", "/c", "/d", "/e")),
        country=Chosen(("eu",), is_excluded=True),
    )

    assert [told(chip) for chip in links.chips(SITE, several, "/d", fixed=())] == [
        "kind is GET, PUT, POST, HEAD",
        "site is /a, /b, /c and 2 more",
        "country is not eu",
    ]


def test_a_page_for_one_row_says_when_the_address_has_several() -> None:
    several = view(kind="GET", site=Chosen(("/a", "/b")))

    found = links.chips(SITE, several, "/d", fixed=("kind", "site"))

    assert [told(chip) for chip in found] == ["site is /a, /b"]


def test_of_several_series_each_that_is_chosen_leads_to_the_others() -> None:
    several = view(outcome=Chosen(("odd", "lost")))

    found = {choice.label: choice for choice in links.legend(BY_TIME, several, "/d")}

    assert [label for label, choice in found.items() if choice.is_current] == ["odd", "lost"]
    assert found["odd"].href == "/d?outcome=lost"
    assert found["fine"].href == "/d?outcome=fine"
    left_out = view(outcome=Chosen(("odd",), is_excluded=True))
    assert not any(choice.is_current for choice in links.legend(BY_TIME, left_out, "/d"))


def test_each_order_is_a_link_and_each_ranking_has_its_own() -> None:
    seen = View.of(SITE, orders={"sort": "slow"})

    found = links.sorts(SITE, TOP, seen, "/d")
    others = links.sorts(SITE, MORE, seen, "/d")

    assert [(choice.label, choice.is_current) for choice in found] == [
        ("visits", False),
        ("lost", False),
        ("p95", True),
    ]
    assert found[0].href == "/d"
    assert [(choice.href, choice.is_current) for choice in others] == [
        ("/d?sort=slow", True),
        ("/d?sort=slow&sort_top_agents=weight", False),
    ]


def test_a_page_is_headed_by_its_filters_and_leads_back_without_them() -> None:
    found = described(SITE, FILTERED, "site")

    assert found["page_title"] == "GET /a"
    assert found["address"].startswith("/dashboard/site?range=7d&kind=GET&site=/a")
    assert found["back_href"] == "/dashboard?range=7d&outcome=lost"
    assert described(SITE, view(kind="GET", site=""), "site")["page_title"] == "GET (empty)"
    # Of one value alone it would be named after a half of what it is.
    assert described(SITE, view(kind="GET"), "site")["page_title"] == ""
    assert described(SITE, view(country="eu"), "site")["page_title"] == ""
    assert {"legend_by_time", "address", "comparisons"} <= found.keys()
    assert "sorts_top_sites" not in found


def test_a_value_with_braces_is_no_place_in_a_title() -> None:
    page = replace(SITE.pages["site"], title="{site} by {kind}")

    assert links.page_title(page, view(kind="{site}", site="{kind}")) == "{kind} by {site}"


def test_the_form_of_a_custom_period_opens_with_the_period_shown_in_the_viewers_time() -> None:
    shown = timed(View(range="1h"), zone_named("Europe/Berlin"), NOW.timestamp())

    assert (shown["custom_start"], shown["custom_end"]) == ("2026-11-24T12:00", "2026-11-24T13:00")
    assert shown["subtitle"] == "last hour"
    assert (shown["dates"], shown["zone"]) == ("24 Nov 12:00 to now", "UTC+1")
    assert shown["period"] == shown["dates"]
    custom = timed(
        View(range="custom", start=NOW - timedelta(hours=2), end=NOW),
        zone_named("UTC"),
        NOW.timestamp(),
    )
    assert custom["subtitle"] == custom["dates"] == "24 Nov 10:00 to 12:00"
    assert custom["zone"] == "UTC"
    short = View(range="custom", start=NOW - timedelta(seconds=15), end=NOW)
    told = timed(short, zone_named("UTC"), NOW.timestamp())
    assert (told["custom_start"], told["custom_end"]) == (
        "2026-11-24T11:59:45",
        "2026-11-24T12:00:00",
    )


def test_every_period_is_a_link_by_its_whole_name() -> None:
    found = links.periods(View.of(SITE, range="this-week"), "/d")

    assert [choice.label for choice in found][:2] == ["Last 15 minutes", "Last hour"]
    assert [choice.label for choice in found][5:] == [
        "Today", "Yesterday", "This week", "Last week", "This month", "Last month"
    ]  # fmt: skip
    assert [choice.href for choice in found if choice.is_current] == ["/d?range=this-week"]


def test_what_a_day_of_the_calendar_is_compared_with_has_a_name() -> None:
    found = described(SITE, View.of(SITE, range="today"), "")

    assert found["comparisons"][0].label == "Yesterday"
    assert (found["calendar"], found["figures_before"]) == ("Today", "yesterday")
    assert described(SITE, View.of(SITE, range="yesterday"), "")["figures_before"] == (
        "the day before"
    )
    assert described(SITE, FILTERED, "")["figures_before"] == "the week before"
    week = FILTERED.changed(compare="week")
    assert described(SITE, week, "")["figures_before"] == "the week before"


@pytest.mark.parametrize(
    ("seen", "frozen"),
    [
        (View(range="1h"), "start=2026-11-24T11:00:01Z&end=2026-11-24T12:00:01Z&zone=UTC"),
        (
            View(range="today", home="Asia/Kathmandu"),
            "start=2026-11-23T18:15Z&end=2026-11-24T12:00:01Z&compare=day&zone=Asia/Kathmandu",
        ),
        (
            View(range="yesterday", compare="off"),
            "start=2026-11-23T00:00Z&end=2026-11-24T00:00Z&zone=UTC",
        ),
    ],
)
def test_a_link_to_what_is_shown_says_when_that_was_and_in_which_zone(
    seen: View, frozen: str
) -> None:
    assert links.frozen(seen, NOW.timestamp()) == f"range=custom&{frozen}"


def test_a_period_that_is_over_says_when_it_is_another() -> None:
    zone = zone_named("Europe/Berlin")
    shown = timed(View(range="yesterday", home="Europe/Berlin"), zone, NOW.timestamp())

    assert shown["turns_at"] == (NOW + timedelta(hours=11)).timestamp()
    assert shown["dates"] == "23 Nov 00:00 to 24 Nov 00:00"
    assert (shown["subtitle"], shown["period"]) == ("yesterday", "Yesterday")
    assert timed(View(range="today"), zone, NOW.timestamp())["turns_at"] == 0


@pytest.mark.parametrize("text", ["", "tomorrow", None, 7, "9999-12-31T23:59", "0001-01-01T00:00"])
def test_what_is_no_moment_is_none(text: object) -> None:
    zone = zone_named("America/New_York" if text == "9999-12-31T23:59" else "Asia/Tokyo")

    assert typed_moment(text, zone) is None
