"""Figures, charts and tables say what the pipes' rows say."""

from dataclasses import replace
from typing import Any

import pytest

from clerk_tinybird_app.dashboard import texts
from clerk_tinybird_app.dashboard.charts import Rows
from clerk_tinybird_app.dashboard.chosen import Chosen
from clerk_tinybird_app.dashboard.declaration import Figure, Figures, Good, Tone
from clerk_tinybird_app.dashboard.figures import BAD, GOOD, NEUTRAL, NEW, ShownFigure, trend
from clerk_tinybird_app.dashboard.shown import UnfitRowsError, is_empty, says_nothing
from clerk_tinybird_app.dashboard.times import zone_named
from clerk_tinybird_app.dashboard.view import MOST_CHARACTERS, View
from tests.dashboard.declared import (
    BY_TIME,
    COUNTRIES,
    FIGURES,
    LATEST,
    MANY,
    MORE,
    SITE,
    SPEED,
    TOP,
    bucket,
    shaper,
    view,
)

BERLIN = zone_named("Europe/Berlin")
TOTALS: dict[str, Any] = {
    "visits": 182_431,
    "visits_before": 100_000,
    "lost_share": 0.0042,
    "lost_share_before": 0.0053,
    "p95": 184.2,
    "p95_before": 175.0,
    "p99": 250.0,
    "p99_before": 240.0,
    "p50": 20.0,
    "p50_before": 19.0,
    "sites": 23,
    "sites_before": 23,
    "is_whole": 1,
}
NOTHING = TOTALS | {
    "visits": 0,
    "visits_before": 0,
    "lost_share": None,
    "lost_share_before": None,
    "p95": None,
    "p95_before": None,
    "sites": 0,
    "sites_before": 0,
}
TRAFFIC = [
    bucket("2026-11-24 11:30:00", 10),
    bucket("2026-11-24 11:45:00", 20, 2),
]
SPEEDS: list[dict[str, Any]] = [
    {"bucket": "2026-11-24 11:30:00", "p50": 10.0, "p95": 90.0, "visits": 3},
    {"bucket": "2026-11-24 11:45:00", "p50": None, "p95": None, "visits": 0},
]


def figures(
    totals: dict[str, Any],
    over_time: Rows = (),
    *filters: str,
    panel: Figures = FIGURES,
) -> list[ShownFigure]:
    values = {name: "lost" if name == "outcome" else "x" for name in filters}
    rows = {"totals": [totals], "by_time": over_time}
    found: list[ShownFigure] = shaper(view(**values)).shown(panel, rows)["rows"]
    return found


def changes(totals: dict[str, Any], *filters: str) -> dict[str, tuple[str, str]]:
    return {each.label: (each.change, each.tone) for each in figures(totals, (), *filters)}


def test_a_figure_says_its_value_its_change_and_what_the_change_means() -> None:
    shown = [(f.label, f.value, f.change, f.tone) for f in figures(TOTALS)]

    assert shown == [
        ("Visits", "182,431", "+82.4 %", NEUTRAL),
        ("Lost", "0.42 %", "\N{MINUS SIGN}0.11 pt", GOOD),
        ("p95", "184 ms", "+9 ms", BAD),
        ("Sites", "23", "0", NEUTRAL),
    ]


def test_more_of_what_should_grow_is_good() -> None:
    paid = Figures(pipe="totals", figures=(Figure(label="Paid", column="visits", good=Good.UP),))

    def tone(now: int, before: int) -> str:
        return figures({"visits": now, "visits_before": before}, panel=paid)[0].tone

    assert (tone(2, 1), tone(1, 2), tone(2, 2)) == (GOOD, BAD, NEUTRAL)


def test_without_visits_there_is_no_share_no_latency_and_no_change() -> None:
    visits, lost, p95, _ = figures(NOTHING)

    assert (visits.value, visits.change) == ("0", texts.NONE)
    assert (lost.value, lost.change, lost.tone) == (texts.NONE, texts.NONE, NEUTRAL)
    assert (p95.value, p95.change) == (texts.NONE, texts.NONE)


@pytest.mark.parametrize(
    "before",
    [
        {"visits_before": 0, "lost_share_before": None, "p95_before": None},
        # The tenant's first visits came in the middle of it.
        {"visits_before": 3, "is_whole": 0},
    ],
)
def test_what_has_no_whole_period_before_is_new_and_neither_good_nor_bad(
    before: dict[str, Any],
) -> None:
    assert set(changes(TOTALS | before).values()) == {(NEW, NEUTRAL)}


@pytest.mark.parametrize("period", [{"range": "today"}, {"compare": "week"}, {"compare": "day"}])
def test_key_figures_are_compared_with_the_day_or_the_period_that_was_chosen(
    period: dict[str, Any],
) -> None:
    today = View.of(SITE, **period)
    yesterday = TOTALS | {"visits": 91_215.5, "lost_share": 0.0142, "visits_before": 7}

    def changed(before: Rows) -> dict[str, str]:
        shaping = replace(shaper(today), before={FIGURES.key: before})
        rows = shaping.shown(FIGURES, {FIGURES.key: [TOTALS]})["rows"]
        return {each.label: each.change for each in rows[:2]}

    assert changed([yesterday]) == {"Visits": "+100.0 %", "Lost": "\N{MINUS SIGN}1.00 pt"}
    assert set(changed([yesterday | {"visits": 0}]).values()) == {NEW}
    assert set(changed([yesterday | {"is_whole": 0}]).values()) == {NEW}
    # As long as yesterday is not known, nothing is said.
    assert set(changed([]).values()) == {texts.NONE}


def test_a_month_that_is_over_needs_rows_of_the_one_before_it_and_no_older_ones() -> None:
    last_month = View.of(SITE, range="last-month")
    # A project may keep two months: of the one before these two there is nothing.
    before = TOTALS | {"visits": 100.0, "is_whole": 0}

    def change(row: dict[str, Any]) -> str:
        shaping = replace(shaper(last_month), before={FIGURES.key: [before]})
        figures: list[ShownFigure] = shaping.shown(FIGURES, {FIGURES.key: [row]})["rows"]
        return figures[0].change

    assert change(TOTALS | {"visits": 110.0}) == "+10.0 %"
    assert change(TOTALS | {"visits": 110.0, "is_whole": 0}) == NEW


@pytest.mark.parametrize(
    ("before", "change"),
    [
        (46_777, "+290.0 %"),
        (45_607.75, "+300.0 %"),
        (15_203, "\N{MULTIPLICATION SIGN}12"),
        (53, "\N{MULTIPLICATION SIGN}3,442"),
        (182_431, "0.0 %"),
        (364_862, "\N{MINUS SIGN}50.0 %"),
    ],
)
def test_growth_is_told_in_per_cent_until_it_is_many_times_as_much(
    before: int, change: str
) -> None:
    assert changes(TOTALS | {"visits_before": before})["Visits"] == (change, NEUTRAL)


def test_a_change_that_rounds_to_nothing_is_neither_good_nor_bad() -> None:
    steady = changes(TOTALS | {"lost_share_before": 0.00421, "p95_before": 184.3})

    assert (steady["Lost"], steady["p95"]) == (("0.00 pt", NEUTRAL), ("0 ms", NEUTRAL))


def test_what_ended_is_down_by_all_of_it() -> None:
    ended = NOTHING | {"visits_before": 100, "lost_share_before": 0.1, "p95_before": 5}

    assert changes(ended)["Visits"] == ("\N{MINUS SIGN}100.0 %", NEUTRAL)


@pytest.mark.parametrize("is_excluded", [False, True])
def test_a_share_is_no_figure_of_what_is_chosen_by_it_however_many_values_are(
    is_excluded: bool,
) -> None:
    chosen = Chosen(("lost", "odd"), is_excluded=is_excluded)
    seen = View.of(MANY, filters={"outcome": chosen})
    shaping = shaper(seen, dashboard=MANY)

    told = shaping.shown(FIGURES, {FIGURES.key: [TOTALS]})["rows"]
    assert [each.label for each in told] == ["Visits", "p95", "Sites", "p99"]
    for row in shaping.shown(TOP, {TOP.key: SITES})["rows"]:
        assert row.cells[2].text == texts.NONE


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ((), ["Visits", "Lost", "p95", "Sites"]),
        (("country",), ["Visits", "Lost", "p95", "Sites"]),
        (("site",), ["Visits", "Lost", "p95", "Sites"]),
        (("outcome",), ["Visits", "p95", "Sites", "p99"]),
        (("kind", "site"), ["Visits", "Lost", "p95", "p99"]),
        (("kind", "site", "outcome"), ["Visits", "p95", "p99", "p50"]),
    ],
)
def test_what_the_filters_fix_is_no_figure_and_another_takes_its_place(
    filters: tuple[str, ...], names: list[str]
) -> None:
    assert list(changes(TOTALS, *filters)) == names


def test_a_trend_leaves_out_the_bucket_that_is_still_filling() -> None:
    counts = enumerate((1, 2, 3, 0))
    traffic = [bucket(f"2026-11-24 11:{n}0:00", count) for n, count in counts]

    visits, *_, sites = figures(TOTALS, traffic)

    assert visits.trend == trend((1, 2, 3))
    assert sites.trend == trend((1, 1, 1))


def test_a_trend_leaves_out_a_first_bucket_that_began_before_the_period() -> None:
    traffic = [bucket(f"2026-11-{day} 11:30:00", int(day)) for day in ("22", "24", "25", "26")]

    assert figures(TOTALS, traffic)[0].trend == trend((24, 25))


def test_a_figure_whose_trend_was_not_answered_has_none() -> None:
    assert figures(TOTALS, ())[0].trend == ""
    on_a_page_without_it = replace(SITE, panels=(FIGURES,))
    found = shaper(dashboard=on_a_page_without_it).shown(FIGURES, {"totals": [TOTALS]})
    assert found["rows"][0].trend == ""


def test_a_trend_has_a_gap_where_there_is_no_value() -> None:
    assert trend((1, None, 2, 3)).count("M") == 2
    assert trend((None, None)) == trend((5,)) == ""


SITES = [
    {"kind": "GET", "site": "/a", "visits": 500, "lost_share": 0.02, "p95": 9},
    {"kind": "PUT", "site": "/b", "visits": 50, "lost_share": 0.1, "p95": 1500},
]


def top(seen: View, rows: Rows = SITES, *, page: str = "") -> list[Any]:
    found: list[Any] = shaper(seen, page=page).shown(TOP, {TOP.key: rows})["rows"]
    return found


def test_visits_of_one_outcome_have_no_share_of_lost_ones() -> None:
    rows = top(view(outcome="lost"))

    assert [[cell.text for cell in row.cells] for row in rows] == [
        ["GET /a", "500", texts.NONE, "9.0 ms"],
        ["PUT /b", "50", texts.NONE, "1.50 s"],
    ]


@pytest.mark.parametrize("sort", TOP.sorts)
def test_a_ranking_stands_in_the_order_in_which_it_came(sort: str) -> None:
    rows = top(View.of(SITE, orders={"sort": sort}))

    assert [row.cells[0].text for row in rows] == ["GET /a", "PUT /b"]
    assert len({row.key for row in rows}) == 2


def test_a_row_leads_to_itself_and_keeps_the_rest_of_the_address() -> None:
    seen = View.of(SITE, range="7d", filters={"country": "eu"})

    row = top(seen)[1]

    assert row.cells[0].href == "/dashboard?range=7d&kind=PUT&site=/b&country=eu"
    assert row.open_href == "/dashboard/site?range=7d&kind=PUT&site=/b&country=eu"
    assert row.bar == 10
    assert [cell.text for cell in row.cells[1:]] == ["50", "10.00 %", "1.50 s"]


def test_a_click_stays_on_the_page() -> None:
    assert top(view(), page="site")[0].cells[0].href == "/dashboard/site?kind=GET&site=/a"


def test_a_ranking_without_a_page_of_its_own_opens_none() -> None:
    rows = [{"agent": "cat", "visits": 1, "bytes": 2_000}]

    (row,) = shaper().shown(MORE, {MORE.key: rows})["rows"]

    assert (row.open_href, row.bar) == ("", 0)
    assert [cell.text for cell in row.cells] == ["cat", "1", "2.0 kB"]


def test_a_value_that_is_too_long_for_an_address_has_no_link() -> None:
    (row,) = top(view(), [SITES[0] | {"site": "x" * MOST_CHARACTERS}])

    assert (row.open_href, row.cells[0].href) == ("", "")
    assert row.cells[0].text.startswith("GET xxx")


def test_a_value_that_is_none_has_no_link() -> None:
    (row,) = top(view(), [SITES[0] | {"site": None}])

    assert (row.cells[0].text, row.cells[0].href) == (f"GET {texts.NONE}", "")


RECORD = {
    "timestamp": "2026-11-23 22:59:59.007",
    "visit": 7,
    "kind": "GET",
    "site": "/a",
    "code": 503,
    "outcome": "lost",
    "took": 3.25,
    "country": "eu",
}


def test_a_record_leads_to_all_that_it_says_and_its_cells_nowhere_else() -> None:
    (row,) = shaper(zone=BERLIN, page="site").shown(LATEST, {"latest": [RECORD]})["rows"]

    assert row.key == "7"
    assert row.open_href == "/dashboard/site?record=7"
    assert [(cell.text, cell.href, cell.tone) for cell in row.cells] == [
        ("23 Nov 23:59:59.007", "", ""),
        ("503", "", Tone.ERROR.value),
        ("GET /a", "", ""),
        ("3.3 ms", "", ""),
        ("eu", "", ""),
    ]


def test_a_record_that_was_sent_twice_is_two_rows_with_one_address() -> None:
    first, second = shaper().shown(LATEST, {"latest": [RECORD, RECORD]})["rows"]

    assert first.key != second.key
    assert first.open_href == second.open_href


def test_a_value_that_its_filter_cannot_have_has_the_calm_tone() -> None:
    (row,) = shaper().shown(LATEST, {"latest": [RECORD | {"outcome": "1xx"}]})["rows"]

    assert row.cells[1].tone == Tone.CALM.value


def test_a_breakdown_is_in_per_cent_of_the_whole() -> None:
    rows = [{"country": "eu", "visits": 3_000}, {"country": "", "visits": 1_000}]

    found = shaper().shown(COUNTRIES, {COUNTRIES.key: rows})["rows"]

    assert [(each.label, each.value, each.percent, each.href) for each in found] == [
        ("eu", "3,000", 75, "/dashboard?country=eu"),
        ("(empty)", "1,000", 25, "/dashboard?country="),
    ]
    nothing = [{"country": "eu", "visits": 0}]
    assert shaper().shown(COUNTRIES, {COUNTRIES.key: nothing})["rows"][0].percent == 0


@pytest.mark.parametrize(
    ("panel", "rows"),
    [
        (FIGURES, []),
        (FIGURES, [{"visits": 1}]),
        (FIGURES, [TOTALS | {"visits": "many"}]),
        (BY_TIME, [{"bucket": "2026-11-24 11:30:00"}]),
        (BY_TIME, [bucket("yesterday", 1)]),
        (BY_TIME, [bucket("2026-11-24 11:30:00", 1, of_fine="x")]),
        (SPEED, [SPEEDS[0] | {"p50": "fast"}]),
        (TOP, [{"kind": "GET"}]),
        (TOP, [SITES[0] | {"visits": "x"}]),
        (LATEST, [RECORD | {"timestamp": None}]),
        (COUNTRIES, [{"country": "eu", "visits": None}]),
    ],
)
def test_rows_that_do_not_fit_are_said_to_be_so(panel: Any, rows: Rows) -> None:
    with pytest.raises(UnfitRowsError, match="its rows"):
        shaper().shown(panel, {panel.key: rows})


def test_a_trend_of_rows_without_its_column_does_not_fit() -> None:
    rows = [{"bucket": f"2026-11-24 11:{n}0:00"} for n in range(3)]

    with pytest.raises(UnfitRowsError, match="no column 'visits'"):
        figures(TOTALS, rows)


@pytest.mark.parametrize(
    ("panel", "rows", "is_nothing"),
    [
        (FIGURES, [TOTALS], False),
        (FIGURES, [NOTHING], True),
        (FIGURES, [NOTHING | {"visits_before": 1}], False),
        (replace(FIGURES, count=""), [NOTHING | dict.fromkeys(("p50", "p99"))], False),
        (BY_TIME, TRAFFIC, False),
        (BY_TIME, [bucket("2026-11-24 11:30:00", 0)], True),
        (replace(BY_TIME, count=""), [bucket("2026-11-24 11:30:00", 0)], True),
        (replace(BY_TIME, count=""), TRAFFIC, False),
        (TOP, [], True),
        (LATEST, [RECORD], False),
    ],
)
def test_rows_that_speak_of_nothing_are_known(panel: Any, rows: Rows, is_nothing: bool) -> None:
    assert says_nothing(panel, rows) is is_nothing


def test_a_chart_of_empty_buckets_is_empty_and_a_figure_of_nothing_is_not() -> None:
    assert is_empty(BY_TIME, [bucket("2026-11-24 11:30:00", 0)])
    assert not is_empty(FIGURES, [NOTHING])
    assert is_empty(TOP, [])
