"""What stands in a panel until its rows come: grey, in the shape and of the size of its content."""

from typing import Final

import reflex as rx

from clerk_tinybird_app.dashboard.declaration import Figures, Panel, TimeSeries

_MOST_CELLS_IN_A_ROW: Final = 6

_BARS: Final = (48, 56, 62, 70, 64, 58, 44, 34, 28, 22, 20, 20, 22, 26, 34, 46, 58, 66, 76, 84)
"""The heights of a chart's bars, in per cent."""

_NAMES: Final = (18, 28, 44, 40, 31, 24, 48, 36, 21, 42, 33)
"""How wide a table's head and the names in its rows are, in per cent."""


def skeleton(panel: Panel) -> rx.Component:
    """Return a grey place for a panel's content."""
    match panel:
        case Figures():
            labels = (each.label for each in panel.figures[: panel.most])
            return figure_cells(panel, *map(_figure, labels), aria_hidden="true")
        case TimeSeries():
            return _chart()
        case _:
            rows = map(_row, _NAMES)
            return rx.el.div(*rows, aria_hidden="true", class_name="rows-skeleton")


def figure_cells(panel: Figures, *figures: rx.Component, **props: object) -> rx.Component:
    """Return the key figures side by side, all of one width."""
    count = min(panel.most, len(panel.figures))
    rows = -(-count // _MOST_CELLS_IN_A_ROW)
    cells = str(-(-count // rows))
    return rx.el.dl(*figures, style={"--cells": cells}, class_name="figures", **props)


def _figure(label: str) -> rx.Component:
    return rx.el.div(
        rx.el.dt(label),
        rx.el.dd(rx.el.span(class_name="skeleton h-6 w-24 max-w-full"), class_name="value"),
        rx.el.dd(rx.el.span(class_name="skeleton h-2.5 w-12"), class_name="delta"),
        rx.el.dd(rx.el.span(class_name="skeleton h-6"), class_name="trend"),
        class_name="figure",
    )


def _chart() -> rx.Component:
    bars = (rx.el.i(class_name="skeleton", style={"--high": f"{high}%"}) for high in _BARS)
    return rx.el.div(
        rx.el.div(*bars, class_name="bars"),
        rx.el.div(class_name="skeleton"),
        aria_hidden="true",
        class_name="chart-skeleton",
    )


def _row(wide: int) -> rx.Component:
    return rx.el.div(
        rx.el.span(class_name="skeleton", style={"--wide": f"{wide}%"}),
        rx.el.span(class_name="skeleton"),
        rx.el.span(class_name="skeleton"),
    )
