"""The panels with a table: rankings, the newest rows, and shares of a total."""

from collections.abc import Sequence
from typing import Any, Final

import reflex as rx

from clerk_tinybird_app import products
from clerk_tinybird_app.components.dashboard.panel import dashboard_panel
from clerk_tinybird_app.components.dashboard.records import list_foot, new_records
from clerk_tinybird_app.components.dashboard.search import search_field
from clerk_tinybird_app.components.dashboard.table_columns import (
    AUTO,
    Place,
    is_number,
    marked_filter,
    places_of_ranking,
    places_of_records,
    room,
    time_width,
    width,
)
from clerk_tinybird_app.components.icon import icon
from clerk_tinybird_app.components.widgets import RowName
from clerk_tinybird_app.dashboard.declaration import Breakdown, Column, Ranking, Records, Unit
from clerk_tinybird_app.dashboard.questions import LIMIT
from clerk_tinybird_app.dashboard.shown import Cell, Row, Share
from clerk_tinybird_app.state.dashboard import rows_of, sorts_of, tabs_of

CELL: Final = ""
NUMBER: Final = "r"

_MOST_RANKED: Final = 15
"""Rows of a ranking or a breakdown that are seen before it scrolls."""

_MOST_RECORDS: Final = 10


def ranking_panel(panel: Ranking) -> rx.Component:
    """Return the most of something: a row filters by itself, its arrow opens its own page."""
    places = places_of_ranking(panel)
    opening = [_column_head(rx.el.span("open", class_name="sr-only"))] if panel.opens else []
    return dashboard_panel(
        panel,
        scrolling(
            panel.title,
            widths(AUTO, *panel.columns, *(["36px"] if panel.opens else [])),
            rx.el.thead(
                rx.el.tr(
                    # Of several words in a row the last one says what it is of.
                    _column_head(_word(panel.by[-1])),
                    *(_sortable(column, panel) for column in panel.columns),
                    *opening,
                ),
            ),
            rx.el.tbody(rx.foreach(rows_of(panel), lambda row: _ranked(row, panel, places))),
            rows=rows_of(panel),
            most=_MOST_RANKED,
            table_class="two",
        ),
        foot=_ranked_count(panel),
    )


def records_panel(panel: Records) -> rx.Component:
    """Return the newest rows."""
    heads = (
        _column_head(each.heading, is_number=is_number(each), look=room(each))
        for each in panel.columns
    )
    places = places_of_records(panel)
    rows = rows_of(panel)
    return dashboard_panel(
        panel,
        scrolling(
            panel.title,
            widths(time_width(rows), *panel.columns),
            rx.el.thead(rx.el.tr(_column_head("time"), *heads)),
            rx.el.tbody(rx.foreach(rows, lambda row: _recorded(row, panel, places))),
            rows=rows,
            most=_MOST_RECORDS,
            table_class="two",
        ),
        tools=[*search_field(panel), new_records(panel)],
        foot=list_foot(panel),
    )


def breakdown_panel(panel: Breakdown) -> rx.Component:
    """Return the shares of one dimension's values: a row filters by its own."""
    value = Column(of=(panel.value or panel.noun,), unit=panel.unit)
    heading: Any = _word(panel.by)
    tools: list[rx.Component] = []
    if panel.tabs:
        heading = rx.foreach(tabs_of(panel), lambda tab: rx.cond(tab.is_current, tab.label, ""))
        tools.append(_tabs(panel))
    return dashboard_panel(
        panel,
        scrolling(
            panel.title,
            widths(AUTO, value, Column(of=("share",), unit=Unit.PERCENT)),
            column_heads((heading, False), (value.heading, True), ("share", True)),
            rx.el.tbody(rx.foreach(rows_of(panel), _share)),
            rows=rows_of(panel),
            most=_MOST_RANKED,
        ),
        tools=tools,
        foot=_values_count(panel) if panel.tabs else _ranked_count(panel),
    )


def _tabs(panel: Breakdown) -> rx.Component:
    return rx.el.nav(
        rx.foreach(
            tabs_of(panel),
            lambda tab: rx.el.a(
                tab.label, href=tab.href, aria_current=rx.cond(tab.is_current, "true", "false")
            ),
        ),
        aria_label=f"{panel.title} by",
        class_name="segmented s",
    )


def scrolling(
    label: str, *parts: rx.Component, rows: Any = None, most: int = 0, table_class: str = ""
) -> rx.Component:
    """Return a table that scrolls within its panel, by keyboard too.

    Args:
        label: What it is called.
        parts: What is in it.
        rows: Its rows, whose number gives it its height; none: as high as its panel says.
        most: How many are seen before it scrolls.
        table_class: The table's classes; ``two`` where a row of a narrow panel has two lines.
    """
    sized = {} if rows is None else {"--rows": rows.length(), "--most": str(most)}
    return rx.el.div(
        rx.el.table(*parts, class_name=table_class),
        tab_index=0,
        role="region",
        aria_label=label,
        style=sized,
        class_name="scroll",
    )


def column_heads(*columns: tuple[str | rx.Component, bool]) -> rx.Component:
    """Return a table's head, of each column's name and whether it has numbers."""
    return rx.el.thead(
        rx.el.tr(*(_column_head(name, is_number=numeric) for name, numeric in columns))
    )


def widths(*columns: Column | str | rx.Var[str]) -> rx.Component:
    """Return how wide a table's columns are: each as it is declared, or its width as CSS."""
    return rx.el.colgroup(
        *(
            rx.el.col(style={"width": width(each)}, class_name=room(each))
            if isinstance(each, Column)
            else rx.el.col(style={"width": each})
            for each in columns
        )
    )


def _ranked_count(panel: Ranking | Breakdown) -> rx.Var[str]:
    """Return how many rows there are; the pipe's limit may have cut some off."""
    name, count = panel.title.lower(), rows_of(panel).length()
    limit = panel.parameters.get(LIMIT, "")
    if not limit:
        return _count(panel, name)
    return rx.cond(
        count < int(limit), _count(panel, f"of {count} {name}"), f"The first {limit} {name}"
    )


def _values_count(panel: Breakdown) -> rx.Var[str]:
    limit = panel.parameters.get(LIMIT, "")
    if not limit:
        return _count(panel, "shown")
    count = rows_of(panel).length()
    return rx.cond(count < int(limit), _count(panel, "in all"), f"The first {limit}")


def _count(panel: Ranking | Breakdown, name: str) -> rx.Var[str]:
    return rx.Var.create(f"{rows_of(panel).length()} {name}")


def _column_head(
    content: str | rx.Component, *, is_number: bool = False, look: str = "", **props: Any
) -> rx.Component:
    classes = f"{NUMBER if is_number else CELL} {look}".strip()
    return rx.el.th(content, scope="col", class_name=classes, **props)


def _sortable(column: Column, panel: Ranking) -> rx.Component:
    if not column.sort:
        return _column_head(column.heading, is_number=is_number(column), look=room(column))
    choice = sorts_of(panel)[panel.sorts.index(column.sort)]
    return _column_head(
        rx.el.a(
            column.heading,
            rx.cond(choice.is_current, icon("arrow-down")),
            href=choice.href,
        ),
        is_number=is_number(column),
        look=room(column),
        aria_sort=rx.cond(choice.is_current, "descending", "none"),
    )


def _ranked(row: Row, panel: Ranking, places: Sequence[Place]) -> rx.Component:
    name = row.cells[0]
    opening = rx.el.td(
        rx.cond(
            row.open_href != "",
            rx.el.a(icon("chevron-right"), href=row.open_href, aria_label="Open " + name.text),
        ),
        class_name="go",
    )
    named = _named(name.text, name.href, has_words=len(panel.by) > 1, is_chosen=row.is_chosen)
    return rx.el.tr(
        _bar_cell(row.bar, named),
        *_cells(row, panel.columns, places),
        *([opening] if panel.opens else []),
        key=row.key,
    )


def _recorded(row: Row, panel: Records, places: Sequence[Place]) -> rx.Component:
    time, *others = places
    at = row.cells[0].text
    opening = rx.el.a(
        at,
        href=row.open_href,
        aria_haspopup="dialog",
        # Closing the drawer goes back to the list, which stays where it is.
        custom_attrs={"preventScrollReset": True, "state": {"fromList": True}},
        class_name="row-link",
    )
    return rx.el.tr(
        rx.el.td(
            rx.cond(row.open_href != "", opening, at), class_name=f"{time.class_name} text-soft"
        ),
        *_cells(row, panel.columns, others, are_links=False),
        key=row.key,
        custom_attrs={"data-record": row.key},
    )


def _share(share: Share) -> rx.Component:
    return rx.el.tr(
        _bar_cell(
            share.percent,
            _named(share.label, share.href, has_words=False, is_chosen=share.is_chosen),
        ),
        rx.el.td(share.value, class_name=NUMBER),
        rx.el.td(share.percent, " %", class_name=NUMBER),
    )


def _bar_cell(percent: int, name: rx.Component) -> rx.Component:
    share = rx.Var.create(percent).to(str) + "%"
    return rx.el.td(rx.el.div(name, class_name="share"), style={"--w": share}, class_name="lead")


def _named(name: str, href: str, *, has_words: bool, is_chosen: bool) -> rx.Component:
    """Return what names a row, as the link that the whole row is."""
    current = rx.cond(is_chosen, "true", "false")
    text = RowName.create(text=name) if has_words else name
    return rx.cond(
        href != "",
        rx.el.a(text, href=href, title=name, aria_current=current, class_name="named row-link"),
        rx.el.span(text, title=name, class_name="named"),
    )


def _cells(
    row: Row, columns: Sequence[Column], places: Sequence[Place], *, are_links: bool = True
) -> list[rx.Component]:
    """Return one cell for each column; what names the row stands before them."""
    return [
        rx.el.td(
            _cell(row.cells[index], column, is_link=are_links),
            class_name=f"{place.class_name} {NUMBER if is_number(column) else CELL}".strip(),
            custom_attrs={"data-label": place.label} if place.label else {},
        )
        for index, (column, place) in enumerate(zip(columns, places, strict=True), start=1)
    ]


def _cell(cell: Cell, column: Column, *, is_link: bool) -> rx.Component:
    text = RowName.create(text=cell.text) if len(column.of) > 1 else cell.text
    look = "badge " + cell.tone if marked_filter(column) else ""
    plain = rx.el.span(text, class_name=look)
    if not is_link:
        return plain
    return rx.cond(cell.href != "", rx.el.a(text, href=cell.href, class_name=look), plain)


def _word(name: str) -> str:
    """Return the label of a filter, or the name of the column when there is no such filter."""
    found = products.current().dashboard.filter_named(name)
    return found.label if found else name.replace("_", " ")
