"""A breakdown with tabs shows the shares of one filter's values at a time."""

from dataclasses import replace
from datetime import UTC

from clerk_tinybird_app.dashboard import links
from clerk_tinybird_app.dashboard.address import read_view
from clerk_tinybird_app.dashboard.chosen import Chosen
from clerk_tinybird_app.dashboard.contradictions import contradictions
from clerk_tinybird_app.dashboard.declaration import Breakdown, Values
from clerk_tinybird_app.dashboard.questions import questions
from clerk_tinybird_app.dashboard.shown import Share
from clerk_tinybird_app.dashboard.times import Tick
from clerk_tinybird_app.dashboard.view import View
from tests.dashboard.declared import NOW, SITE, shaper


def source(name: str) -> Values:
    return Values(pipe="values", column="value", count="visits", parameters={"of": name})


SHARES = Breakdown(pipe="values", name="shares", title="Shares", tabs=("country", "agent"))
BOARD = replace(
    SITE,
    panels=(SHARES,),
    pages={},
    filters=tuple(
        replace(each, is_many=True, values_from=source(each.name)) for each in SITE.filters
    ),
)


def asked(search: str) -> dict[str, str]:
    seen, problem = read_view(search, BOARD)
    assert problem == ""
    tick = Tick.of(NOW.timestamp(), 1)
    takes = {"values": {"of"}}
    (found,) = questions(BOARD, seen, [SHARES], zone=UTC, tick=tick, takes=takes)
    return found.parameters


def test_the_chosen_tab_stands_in_the_address_and_is_asked_for() -> None:
    assert asked("") == {"of": "country"}
    assert asked("by=agent") == {"of": "agent"}
    assert read_view("by=agent", BOARD)[0].address("") == "?by=agent"
    assert read_view("by=country", BOARD)[0].address("") == ""
    assert "by must be one of country, agent" in read_view("by=kind", BOARD)[1]


def test_a_tab_keeps_the_values_beside_the_chosen_ones_and_no_other_tab_does() -> None:
    assert asked("country=eu&country=us") == {"of": "country"}
    assert asked("country=eu&by=agent") == {"of": "agent", "country": "eu"}


def test_each_tab_is_a_link_that_is_called_as_its_filter() -> None:
    seen = View.of(BOARD, range="1h", orders={"by": "agent"})

    found = links.tabs(BOARD, SHARES, seen, "/d")

    assert [(each.label, each.href, each.is_current) for each in found] == [
        ("country", "/d?range=1h", False),
        ("agent", "/d?range=1h&by=agent", True),
    ]


def test_a_row_filters_by_the_value_of_the_chosen_tab_and_a_chosen_one_leads_out_of_it() -> None:
    seen = View.of(BOARD, filters={"agent": Chosen(("x",))}, orders={"by": "agent"})
    rows = [{"value": "x", "visits": 30}, {"value": "y", "visits": 10}]

    shown = shaper(seen, dashboard=BOARD).shown(SHARES, {"shares": rows})["rows"]

    assert shown == [
        Share("x", "30", 75, "/dashboard?by=agent", is_chosen=True),
        Share("y", "10", 25, "/dashboard?agent=y&by=agent"),
    ]


def test_a_tab_whose_values_have_no_count_from_the_same_pipe_is_told() -> None:
    others = (source("country"), replace(source("agent"), count=""))
    filters = tuple(
        replace(each, values_from=dict(zip(SHARES.tabs, others, strict=True)).get(each.name))
        for each in BOARD.filters
    )

    found = [each.text for each in contradictions(replace(BOARD, filters=filters))]

    assert found == [
        "the panel 'shares' has a tab of 'agent', whose values do not come with a count from the "
        "pipe 'values'"
    ]
