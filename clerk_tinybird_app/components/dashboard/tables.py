"""The panels with a table: rankings, the newest rows, and shares of a total."""

from typing import Any, Final

import reflex as rx

from clerk_tinybird_app import products
from clerk_tinybird_app.components.dashboard.panel import dashboard_panel
from clerk_tinybird_app.components.look import TONES
from clerk_tinybird_app.dashboard.declaration import Breakdown, Column, Ranking, Records, Unit
from clerk_tinybird_app.dashboard.shown import Cell, Row, Share
from clerk_tinybird_app.state.dashboard import rows_of, sorts_of

CELL: Final = "py-1.5 px-1 border-b border-line whitespace-nowrap"
NUMBER: Final = f"{CELL} text-right"
_LINK: Final = "text-ink no-underline hover:underline underline-offset-4"
_HEAD: Final = "text-soft sticky top-0 bg-surface"


def ranking_panel(panel: Ranking) -> rx.Component:
    """Return a ranking: a click on a row filters, its arrow opens the page of the row."""
    clicks = "click to filter, → to open" if panel.opens else "click to filter"
    return dashboard_panel(
        panel,
        scrolling(
            panel.title,
            rx.el.thead(
                rx.el.tr(
                    _column_head(" ".join(map(_word, panel.by))),
                    *(_sortable(column, panel) for column in panel.columns),
                ),
                class_name=_HEAD,
            ),
            rx.el.tbody(rx.foreach(rows_of(panel), lambda row: _ranked(row, panel))),
        ),
        note=panel.note or clicks,
    )


def records_panel(panel: Records) -> rx.Component:
    """Return the newest rows."""
    heads = ((column.heading, _is_number(column)) for column in panel.columns)
    return dashboard_panel(
        panel,
        scrolling(
            panel.title,
            column_heads(("time", False), *heads),
            rx.el.tbody(rx.foreach(rows_of(panel), lambda row: _recorded(row, panel))),
        ),
    )


def breakdown_panel(panel: Breakdown) -> rx.Component:
    """Return the share of each value of one dimension: a click filters."""
    return dashboard_panel(
        panel,
        scrolling(
            panel.title,
            column_heads(
                (_word(panel.by), False), (panel.value.replace("_", " "), True), ("share", True)
            ),
            rx.el.tbody(rx.foreach(rows_of(panel), _share)),
        ),
        note=panel.note or "click to filter",
    )


def scrolling(label: str, *parts: rx.Component) -> rx.Component:
    """Return a table that scrolls within its panel, also by keyboard."""
    return rx.el.div(
        rx.el.table(*parts, class_name="w-full border-collapse font-mono text-[12px] tabular-nums"),
        tab_index=0,
        role="region",
        aria_label=label,
        class_name="relative overflow-auto h-full",
    )


def column_heads(*columns: tuple[str, bool]) -> rx.Component:
    """Return the head of a table, from each column's name and whether it has numbers."""
    heads = (_column_head(name, is_number=is_number) for name, is_number in columns)
    return rx.el.thead(rx.el.tr(*heads), class_name=_HEAD)


def _column_head(
    content: str | rx.Component, *, is_number: bool = False, **props: Any
) -> rx.Component:
    align = NUMBER if is_number else f"{CELL} text-left"
    return rx.el.th(content, scope="col", class_name=f"{align} font-normal", **props)


def _sortable(column: Column, panel: Ranking) -> rx.Component:
    is_number = _is_number(column)
    if not column.sort:
        return _column_head(column.heading, is_number=is_number)
    choice = sorts_of(panel)[panel.sorts.index(column.sort)]
    return _column_head(
        rx.el.a(
            column.heading,
            rx.cond(choice.is_current, rx.el.span(" ↓", aria_hidden="true"), ""),
            href=choice.href,
            class_name=_LINK,
        ),
        is_number=is_number,
        aria_sort=rx.cond(choice.is_current, "descending", "none"),
    )


def _ranked(row: Row, panel: Ranking) -> rx.Component:
    name = row.cells[0]
    return rx.el.tr(
        _bar_cell(
            row.bar,
            _link(name),
            rx.cond(
                row.open_href != "",
                rx.el.a(
                    "→",
                    href=row.open_href,
                    aria_label="Open " + name.text,
                    class_name=f"{_LINK} px-1.5 text-soft hover:text-ink",
                ),
            ),
        ),
        *_cells(row, panel.columns),
        key=row.key,
    )


def _recorded(row: Row, panel: Records) -> rx.Component:
    return rx.el.tr(
        rx.el.td(row.cells[0].text, class_name=f"{CELL} text-soft"),
        *_cells(row, panel.columns),
        key=row.key,
    )


def _share(share: Share) -> rx.Component:
    return rx.el.tr(
        _bar_cell(share.percent, _text(share.label, share.href)),
        rx.el.td(share.value, class_name=NUMBER),
        rx.el.td(share.percent, " %", class_name=NUMBER),
    )


def _bar_cell(percent: int, *content: rx.Component) -> rx.Component:
    return rx.el.td(
        rx.el.div(*content, class_name="flex justify-between gap-2"),
        class_name=f"{CELL} bar-cell",
        style={"--share": rx.Var.create(percent).to(str) + "%"},
    )


def _cells(row: Row, columns: tuple[Column, ...]) -> list[rx.Component]:
    """Return one cell for each column. The first cell of a row, its name, is not among them."""
    return [
        rx.el.td(_link(row.cells[index]), class_name=NUMBER if _is_number(column) else CELL)
        for index, column in enumerate(columns, start=1)
    ]


def _link(cell: Cell) -> rx.Component:
    tones = ((str(tone), look.text) for tone, look in TONES.items())
    return _text(cell.text, cell.href, rx.match(cell.tone, *tones, ""))


def _text(text: str, href: str, tone: str | rx.Var[str] = "") -> rx.Component:
    """Return ``text`` as a link, or as plain text when ``href`` is ""."""
    return rx.cond(
        href != "",
        rx.el.a(text, href=href, class_name=rx.cond(tone != "", f"no-underline {tone}", _LINK)),
        rx.el.span(text, class_name=tone),
    )


def _is_number(column: Column) -> bool:
    return column.unit is not Unit.TEXT


def _word(name: str) -> str:
    """Return the label of a filter, or the name of the column when there is no such filter."""
    found = products.current().dashboard.filter_named(name)
    return found.label if found else name.replace("_", " ")
