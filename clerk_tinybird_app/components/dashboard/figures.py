"""The key figures: one panel of cells, each with its change and its trend."""

from typing import Final

import reflex as rx

from clerk_tinybird_app.components.dashboard.panel import panel_age, panel_content, panel_menu
from clerk_tinybird_app.components.dashboard.skeletons import figure_cells, skeleton
from clerk_tinybird_app.components.icon import icon
from clerk_tinybird_app.dashboard.declaration import Figures
from clerk_tinybird_app.dashboard.figures import BAD, GOOD, TREND_HEIGHT, TREND_WIDTH, ShownFigure
from clerk_tinybird_app.state.dashboard import DashboardState, rows_of

_PLUS: Final = "+"
_MINUS: Final = "\N{MINUS SIGN}"
_TIMES: Final = "\N{MULTIPLICATION SIGN}"


def figures_panel(panel: Figures) -> rx.Component:
    """Return the figures."""
    shown = panel_content(panel, figure_cells(panel, rx.foreach(rows_of(panel), _figure)))
    tools = rx.el.div(panel_age(panel), panel_menu(panel), class_name="figures-menu")
    return _framed(panel, shown, tools, id=f"panel-{panel.key}")


def figures_skeleton(panel: Figures) -> rx.Component:
    """Return the figures' panel with their labels, and grey places for their values."""
    return _framed(panel, skeleton(panel))


def _framed(panel: Figures, *content: rx.Component, **props: object) -> rx.Component:
    heading = rx.el.h2(panel.title, class_name="sr-only")
    return rx.el.section(heading, *content, class_name="panel figures-panel", **props)


def _figure(figure: ShownFigure) -> rx.Component:
    # A unit stands behind a space, and smaller.
    number_and_unit = figure.value.split(" ")
    return rx.el.div(
        rx.el.dt(figure.label, title=figure.label),
        rx.el.dd(
            rx.el.b(number_and_unit[0]),
            rx.cond(
                rx.Var.create(number_and_unit).length() > 1, rx.el.small(" ", number_and_unit[1])
            ),
            # Above its limit it has the limit's tone.
            class_name="value " + figure.alarm,
        ),
        rx.el.dd(
            _change(figure.change),
            rx.el.span(" against ", DashboardState.figures_before, class_name="sr-only"),
            title="Against " + DashboardState.figures_before,
            class_name=rx.match(figure.tone, (GOOD, "delta good"), (BAD, "delta bad"), "delta"),
        ),
        rx.el.dd(_trend(figure.trend), class_name="trend"),
        class_name="figure",
    )


def _change(change: str) -> rx.Component:
    """Return a change with an arrow in place of its sign."""
    up = rx.fragment(icon("arrow-up"), rx.el.span("up ", class_name="sr-only"))
    down = rx.fragment(icon("arrow-down"), rx.el.span("down ", class_name="sr-only"))
    return rx.match(
        change[:1],
        (_PLUS, rx.fragment(up, change[1:])),
        (_TIMES, rx.fragment(up, change)),
        (_MINUS, rx.fragment(down, change[1:])),
        rx.fragment(change),
    )


def _trend(path: str) -> rx.Component:
    return rx.el.svg(
        rx.el.path(d=path, class_name="spark"),
        view_box=f"0 0 {TREND_WIDTH} {TREND_HEIGHT}",
        preserve_aspect_ratio="none",
        aria_hidden="true",
    )
