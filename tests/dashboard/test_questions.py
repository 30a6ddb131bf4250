"""What a refresh asks, and what it costs."""

from dataclasses import replace
from datetime import UTC

from clerk_tinybird_app.dashboard.chosen import Chosen
from clerk_tinybird_app.dashboard.declaration import Panel
from clerk_tinybird_app.dashboard.questions import any_row, compared, pace, questions
from clerk_tinybird_app.dashboard.times import Tick, zone_named
from clerk_tinybird_app.dashboard.view import View
from tests.dashboard.declared import BY_TIME, COUNTRIES, FIGURES, LATEST, MORE, NOW, SITE, TOP, view

TAKES = {
    "latest": {"start", "end", "limit"},
    "by_time": {"start", "end", "time_zone"},
    "top_sites": {"start", "end", "limit", "sort"},
    "by_country": {"start", "end"},
    "top_agents": {"start", "end", "sort"},
    "totals": {"start", "end"},
    "speed": {"start", "end", "time_zone"},
}
TICK = Tick.of(NOW.timestamp(), 2)
FILTERED = View.of(
    SITE,
    range="1h",
    filters={"kind": "GET", "site": "/a", "outcome": "lost", "country": "eu", "agent": "x"},
)


def asked(seen: View, *panels: object, zone: str = "UTC") -> dict[str, dict[str, str]]:
    """Return pipe -> the parameters that it is asked with."""
    chosen = [each for each in SITE.all_panels if not panels or each in panels]
    found = questions(SITE, seen, chosen, zone=zone_named(zone), tick=TICK, takes=TAKES)
    assert [each.panel for each in found] == [each.key for each in chosen]
    return {each.pipe: each.parameters for each in found}


def test_every_panel_asks_for_the_same_period_with_the_filters_that_its_pipe_takes() -> None:
    shared = {"start": "2026-11-24 11:00:01", "end": "2026-11-24 12:00:01"}

    for pipe, parameters in asked(FILTERED).items():
        own = ("limit", "sort", "time_zone")
        # What a ranking ranks does not filter it, so that its other rows stay.
        without = {
            "by_country": {"kind", "country"},
            "top_sites": {"kind", "site"},
            "top_agents": {"agent"},
        }.get(pipe, set())
        filters = {name: value for name, value in FILTERED.only.items() if name not in without}
        assert {k: v for k, v in parameters.items() if k not in own} == shared | filters


def test_an_empty_value_is_asked_for_as_a_value_and_none_is_not() -> None:
    (parameters,) = asked(view(site=""), LATEST).values()

    assert parameters["site"] == ""
    assert "country" not in parameters


def test_several_values_are_asked_for_as_one_text_and_so_is_what_is_left_out() -> None:
    seen = view(
        kind=Chosen(("GET", 'a "b"')),
        site="/a",
        country=Chosen(("eu", "\N{LATIN SMALL LETTER O WITH STROKE}"), is_excluded=True),
    )

    (parameters,) = asked(seen, LATEST).values()

    own = ("start", "end")
    assert {name: value for name, value in parameters.items() if name not in own} == {
        "kind_in": r'["GET", "a \"b\""]',
        "site": "/a",
        "country_not_in": '["eu", "\N{LATIN SMALL LETTER O WITH STROKE}"]',
    }


def test_a_ranking_is_filtered_by_what_it_ranks_only_where_that_chooses_no_row() -> None:
    def filters(seen: View, panel: Panel, page: str = "") -> set[str]:
        (found,) = questions(SITE, seen, [panel], zone=UTC, tick=TICK, takes=TAKES, page=page)
        return found.parameters.keys() - {"start", "end", "limit", "sort"}

    whole = view(kind="GET", site=Chosen(("/a", "/b")), country="eu")
    assert filters(whole, TOP) == {"country"}
    assert filters(whole, COUNTRIES) == {"site_in"}
    # A part of what names a row chooses none, nor does what is left out.
    assert filters(view(kind="GET"), TOP) == {"kind"}
    assert filters(view(country=Chosen(("eu",), is_excluded=True)), COUNTRIES) == {"country_not_in"}
    # On its page a row is all that there is.
    assert filters(whole, TOP, page="site") == {"kind", "site_in", "country"}


def test_only_a_pipe_that_knows_time_zones_is_told_the_viewers() -> None:
    found = asked(View.of(SITE), zone="Europe/Berlin")

    told = {pipe for pipe, parameters in found.items() if "time_zone" in parameters}
    assert told == {"by_time", "speed"}
    assert found["by_time"]["time_zone"] == "Europe/Berlin"


def test_a_pipe_of_unknown_parameters_is_told_everything() -> None:
    (found,) = questions(SITE, View.of(SITE), [LATEST], zone=UTC, tick=TICK, takes={})

    assert found.parameters.keys() == {"start", "end", "time_zone"}


def test_each_ranking_is_asked_for_in_its_own_order() -> None:
    seen = View.of(SITE, orders={"sort_top_agents": "weight"})

    found = asked(seen, TOP, MORE)

    assert found["top_sites"]["sort"] == "visits"
    assert found["top_agents"]["sort"] == "weight"


def test_what_a_panel_always_asks_with_wins_over_a_filter() -> None:
    fixed = replace(COUNTRIES, parameters={"outcome": "lost"})

    (found,) = questions(SITE, view(outcome="fine"), [fixed], zone=UTC, tick=TICK, takes=TAKES)

    assert found.parameters["outcome"] == "lost"


def test_whether_there_is_any_row_is_asked_of_all_the_time_that_rows_are_kept() -> None:
    found = any_row(SITE, TICK, TAKES)

    assert (found.pipe, found.parameters) == (
        "latest",
        {"start": "2026-10-25 12:00:00", "limit": "1"},
    )
    without = any_row(replace(SITE, newest="totals"), TICK, TAKES)
    assert without.parameters == {"start": "2026-10-25 12:00:00"}


def test_refreshes_leave_half_of_the_tokens_rate_unused() -> None:
    def least(queries: int, rps: int) -> int:
        found = pace([LATEST] * queries, 2, rps)
        assert (found.queries, found.usual) == (queries, max(2, found.least))
        return found.least

    assert least(5, 10) == 1
    assert least(5, 1) == 10
    assert least(5, 3) == 4
    assert least(12, 10) == 3
    compared_too = replace(BY_TIME, before="visits")
    assert pace([FIGURES, compared_too], 60, 10) == (3, 1, 60)
    # Of a day of the calendar, the key figures too are asked for twice.
    assert pace([FIGURES, compared_too, *[LATEST] * 3], 1, 12) == (6, 2, 2)


def test_the_period_before_is_asked_of_the_same_pipe_with_the_same_filters() -> None:
    panel = replace(BY_TIME, before="visits")

    def before(seen: View) -> list[dict[str, str]]:
        found = questions(SITE, seen, [panel], zone=UTC, tick=TICK, takes=TAKES, is_before=True)
        assert {(each.pipe, each.panel, each.is_before) for each in found} <= {
            ("by_time", "by_time", True)
        }
        return [each.parameters for each in found]

    filters = FILTERED.only | {"time_zone": "UTC"}
    assert before(FILTERED) == [
        filters | {"start": "2026-11-24 10:00:01", "end": "2026-11-24 11:00:01"}
    ]
    assert before(FILTERED.changed(compare="week")) == [
        filters | {"start": "2026-11-17 11:00:01", "end": "2026-11-17 12:00:01"}
    ]
    assert before(FILTERED.changed(compare="off")) == []


def test_the_period_before_is_asked_for_only_where_the_rate_allows_all_of_it_at_once() -> None:
    panel = replace(BY_TIME, before="visits")

    shown = [FIGURES, panel, TOP]
    assert compared(shown, 4) == [panel]
    assert compared(shown, 3) == []
    assert compared([FIGURES, BY_TIME, TOP], 10) == []
    # Where it does not allow the key figures' too, there are still the charts'.
    assert compared(shown, 5, figures_too=True) == [panel, FIGURES]
    assert compared(shown, 4, figures_too=True) == [panel]
    assert compared(shown, 3, figures_too=True) == []
    # Charts that are compared with nothing take no place of the key figures'.
    assert compared(shown, 4, figures_too=True, compare="off") == [FIGURES]
    assert compared(shown, 10, compare="off") == []


def test_key_figures_are_asked_for_of_the_period_that_was_chosen_to_compare_with() -> None:
    def before(seen: View) -> list[dict[str, str]]:
        found = questions(SITE, seen, [FIGURES], zone=UTC, tick=TICK, takes=TAKES, is_before=True)
        return [each.parameters for each in found]

    week = FILTERED.changed(compare="week")
    assert week.asks_figures_twice
    assert before(week)[0]["start"] == "2026-11-17 11:00:01"
    # Of the period just before, their pipe tells itself.
    assert not FILTERED.asks_figures_twice
    assert not FILTERED.changed(compare="off").asks_figures_twice


def test_key_figures_of_a_calendar_day_are_asked_for_of_the_day_before_too() -> None:
    today = View.of(SITE, range="today", compare="off", home="Asia/Kathmandu")

    assert compared([FIGURES, BY_TIME], 10, figures_too=True) == [FIGURES]
    assert compared([FIGURES, BY_TIME], 10) == []
    [found] = questions(
        SITE, today, [FIGURES], zone=today.time_zone, tick=TICK, takes=TAKES, is_before=True
    )
    # The charts are compared with nothing; key figures always are.
    assert questions(SITE, today, [BY_TIME], zone=UTC, tick=TICK, takes=TAKES, is_before=True) == []
    assert found.parameters["start"] == "2026-11-22 18:15:00"
    assert found.parameters["end"] == "2026-11-23 12:00:01"
