"""What a dashboard declares is what its pipes take and answer."""

from collections.abc import Iterator

import pytest

from clerk_tinybird_app.dashboard.chosen import Chosen
from clerk_tinybird_app.dashboard.declaration import Figures, Filter, Panel, Ranking, TimeSeries
from clerk_tinybird_app.tinybird.pipe_request import fields_of
from tests.products.product import Answer, Row, Shipped

TENANT = "tenant_of_the_dashboard"


@pytest.fixture
def filled(served: Shipped) -> Shipped:
    """The product with rows of a tenant, once."""
    newest = served.product.dashboard.newest
    if not ask(served, newest).rows:
        served.add(served.rows_of(served.tenants[0], as_tenant=TENANT, user=TENANT))
    return served


def ask(served: Shipped, pipe: str, **parameters: str) -> Answer:
    admin = next(kind for kind in served.product.policy.kinds if kind.role == "org:admin")
    return served.ask(pipe, served.session(admin, TENANT), served.period | parameters)


def panels(served: Shipped) -> Iterator[Panel]:
    return served.product.dashboard.all_panels


def taken(served: Shipped, pipe: str) -> set[str]:
    return {field.name for field in fields_of(served.project, pipe)}


def test_every_panels_pipe_answers_with_the_columns_that_it_shows(filled: Shipped) -> None:
    for panel in panels(filled):
        answer = ask(filled, panel.pipe, **panel.parameters)

        assert panel.columns_used <= set(answer.columns), panel.key
        assert answer.rows, panel.key


def test_every_panels_pipe_takes_the_period_and_every_filter_but_those_it_ignores(
    filled: Shipped,
) -> None:
    board = filled.product.dashboard
    for panel in panels(filled):
        wanted = {board.start, board.end, *panel.parameters}
        wanted |= {each.name for each in board.filters} - set(panel.ignores)
        assert wanted <= taken(filled, panel.pipe), panel.key


def test_every_filter_leaves_out_what_has_another_value(filled: Shipped) -> None:
    board = filled.product.dashboard
    before = {
        panel.key: ask(filled, panel.pipe, **panel.parameters).rows for panel in panels(filled)
    }
    for each in board.filters:
        # Of a fixed list the last, which few rows have.
        value = [*each.values][-1] if each.values else "no such value"
        for panel in panels(filled):
            if each.name in panel.ignores:
                continue
            rows = ask(filled, panel.pipe, **panel.parameters, **{each.name: value}).rows
            assert rows != before[panel.key], (panel.key, each.name)


def counted(served: Shipped, declared: Filter, **parameters: str) -> dict[str, int]:
    """Return value -> how often it is there, as a viewer would be offered it."""
    found = declared.values_from
    assert found is not None
    rows = ask(served, found.pipe, **found.parameters, **parameters).rows
    return {str(row[found.column]): row[found.count] for row in rows}


def test_each_filters_values_come_with_their_counts_and_can_be_searched(filled: Shipped) -> None:
    for each in filled.product.dashboard.filters:
        values = counted(filled, each)

        assert list(values.values()) == sorted(values.values(), reverse=True), each.name
        assert set(values) <= set(each.values or values)
        assert each.values_from
        if each.values_from.search:
            least = list(values)[-1]
            part = least[1:-1] or least
            expected = {value for value in values if part.lower() in value.lower()}
            found = counted(filled, each, **{each.values_from.search: part.upper()})
            assert set(found) == expected, each.name
            assert counted(filled, each, **{each.values_from.search: "no%_such'value"}) == {}


def test_several_values_are_the_sum_of_each_and_what_is_left_out_is_the_rest(
    filled: Shipped,
) -> None:
    board = filled.product.dashboard
    (figures,) = (each for each in board.panels if isinstance(each, Figures))

    def count(**parameters: str) -> int:
        return int(ask(filled, figures.pipe, **parameters).rows[0][figures.count])

    for each in board.filters:
        assert each.is_many
        values = counted(filled, each)
        # The last has what would end a text.
        some = [*list(values)[:2], 'it\'s \\ "quoted" % _']
        wanted = count(**Chosen(tuple(some)).asked(each.name))
        assert wanted == sum(values.get(value, 0) for value in some) > 0, each.name
        left = count(**Chosen(tuple(some), is_excluded=True).asked(each.name))
        assert left == sum(values.values()) - wanted == count() - wanted, each.name


def test_every_panel_takes_several_values_of_every_filter(filled: Shipped) -> None:
    board = filled.product.dashboard
    for panel in panels(filled):
        filters = [each for each in board.filters if each.name not in panel.ignores]
        asked = [
            Chosen(("a", "b"), is_excluded=no).asked(f.name)
            for f in filters
            for no in (False, True)
        ]

        assert set().union(*asked) <= taken(filled, panel.pipe), panel.key


def test_the_trends_and_the_series_are_columns_of_charts(filled: Shipped) -> None:
    charts = {panel.pipe: panel for panel in panels(filled) if isinstance(panel, TimeSeries)}
    for panel in panels(filled):
        for figure in panel.figures if isinstance(panel, Figures) else ():
            if figure.trend:
                pipe, column = figure.trend
                assert pipe in charts
                assert column in ask(filled, pipe).columns, figure.label


def test_every_line_of_a_chart_is_a_key_figure_so_that_its_legend_tells_the_whole_period(
    served: Shipped,
) -> None:
    board = served.product.dashboard
    for page in ("", *board.pages):
        shown = board.panels_of(page)
        trends = {
            each.trend for panel in shown if isinstance(panel, Figures) for each in panel.figures
        }
        lines = {
            (panel.pipe, each.column)
            for panel in shown
            if isinstance(panel, TimeSeries) and not panel.is_stacked
            for each in panel.series
        }
        assert lines
        assert lines <= trends, page


def orders(rows: list[Row], panel: Ranking) -> list[tuple[object, ...]]:
    return [tuple(row[name] for name in panel.by) for row in rows]


def test_every_order_of_a_ranking_is_most_first(filled: Shipped) -> None:
    for panel in panels(filled):
        for column in panel.columns if isinstance(panel, Ranking) else ():
            if column.sort:
                rows = ask(filled, panel.pipe, **panel.parameters, sort=column.sort).rows
                values = [row[column.of[0]] for row in rows if row[column.of[0]] is not None]
                assert values == sorted(values, reverse=True), (panel.key, column.sort)


def test_a_ranks_page_shows_that_rows_events_and_no_others(filled: Shipped) -> None:
    board = filled.product.dashboard
    opening = [p for p in panels(filled) if isinstance(p, Ranking) and p.opens]
    assert {panel.opens for panel in opening} == set(board.pages)
    for ranking in opening:
        page = board.pages[ranking.opens]
        assert set(page.by) == set(ranking.by)
        counted = next(column.of[0] for column in ranking.columns if column.has_bar)
        for row in ask(filled, ranking.pipe, **ranking.parameters).rows:
            chosen = {name: str(row[name]) for name in page.by}
            for panel in page.panels:
                rows = ask(filled, panel.pipe, **panel.parameters, **chosen).rows
                assert rows, panel.key
                if isinstance(panel, Figures) and panel.count:
                    assert rows[0][panel.count] == row[counted], chosen


def test_the_newest_row_tells_a_tenant_with_rows_from_one_without(filled: Shipped) -> None:
    board = filled.product.dashboard
    assert len(ask(filled, board.newest, limit="1").rows) == 1
    for kind in filled.product.policy.kinds:
        assert filled.ask(board.newest, filled.session(kind, "nobody"), filled.period).rows == []
