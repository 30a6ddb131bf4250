"""What a viewer is offered when they look for the values of a filter."""

from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest

from clerk_tinybird_app.dashboard.chosen import Chosen
from clerk_tinybird_app.dashboard.declaration import Filter, Values
from clerk_tinybird_app.dashboard.picker import offered, question
from clerk_tinybird_app.dashboard.shown import UnfitRowsError
from clerk_tinybird_app.dashboard.times import Tick
from clerk_tinybird_app.dashboard.view import View
from tests.dashboard.declared import NOW, OUTCOMES, SITE, view

SOURCE = Values(
    pipe="values", column="value", count="visits", parameters={"of": "country"}, search="find"
)
COUNTRY = Filter(name="country", label="country", is_many=True, values_from=SOURCE)
OUTCOME = Filter(name="outcome", label="result", values=OUTCOMES, values_from=SOURCE)
ROWS = [{"value": "eu", "visits": 1200}, {"value": "", "visits": 300}, {"value": "us", "visits": 4}]


def asked(search: str, seen: View, source: Values = SOURCE) -> dict[str, str]:
    tick = Tick.of(NOW.timestamp(), 1)
    found = question(
        SITE, COUNTRY, source, seen, search, zone=UTC, tick=tick,
        takes={"values": {"start", "end", "of", "find"}},
    )  # fmt: skip
    assert (found.pipe, found.panel) == ("values", "country")
    return {k: v for k, v in found.parameters.items() if k not in ("start", "end")}


def test_the_values_are_asked_for_with_every_filter_but_their_own() -> None:
    seen = view(country="eu", kind=Chosen(("GET", "PUT")), site=Chosen(("/a",), is_excluded=True))

    assert asked("", seen) == {
        "of": "country",
        "kind_in": '["GET", "PUT"]',
        "site_not_in": '["/a"]',
    }
    assert asked("u", view(country="eu")) == {"of": "country", "find": "u"}
    assert asked("u", view(), replace(SOURCE, search="")) == {"of": "country"}


def test_each_value_comes_with_its_count_and_a_bar_against_the_most() -> None:
    found = offered(COUNTRY, view(), "", ROWS)

    assert [(each.value, each.label, each.count, each.percent) for each in found] == [
        ("eu", "eu", "1,200", 100),
        ("", "(empty)", "300", 25),
        ("us", "us", "4", 0),
    ]


def test_a_chosen_value_can_be_taken_away_also_where_nothing_has_it() -> None:
    found = offered(COUNTRY, view(country=Chosen(("eu", "xx"))), "", ROWS)

    assert [(each.value, each.count) for each in found][-1] == ("xx", "0")
    assert [each.value for each in found].count("eu") == 1


def test_a_fixed_list_stays_whole_in_its_order_and_has_its_tones() -> None:
    found = offered(OUTCOME, view(), "", [{"value": "odd", "visits": 2}])

    assert [(each.value, each.count, each.tone) for each in found] == [
        ("fine", "0", "calm"), ("odd", "2", "warning"), ("lost", "0", "error"),
    ]  # fmt: skip
    assert [each.value for each in offered(OUTCOME, view(), "LO", [])] == ["lost"]


def test_a_fixed_list_has_no_counts_where_there_was_no_answer() -> None:
    found = offered(OUTCOME, view(), "", None)

    assert [(each.value, each.count) for each in found] == [("fine", ""), ("odd", ""), ("lost", "")]


def test_without_counts_there_are_the_values_alone() -> None:
    plain = replace(COUNTRY, values_from=Values(pipe="values", column="value"))

    found = offered(plain, view(), "E", ROWS)

    assert [(each.value, each.count, each.percent) for each in found] == [("eu", "", 0)]


@pytest.mark.parametrize("row", [{"visits": 1}, {"value": "eu"}, {"value": "eu", "visits": "1"}])
def test_rows_that_are_none_are_told(row: dict[str, Any]) -> None:
    with pytest.raises(UnfitRowsError):
        offered(COUNTRY, view(), "", [row])
