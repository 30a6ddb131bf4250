"""The key figures: each has its own box with its change and its trend."""

from typing import Final

import reflex as rx

from clerk_tinybird_app.components.dashboard.panel import panel_actions, panel_content
from clerk_tinybird_app.components.look import HEADING, NOTE, PANEL
from clerk_tinybird_app.dashboard.declaration import Figures
from clerk_tinybird_app.dashboard.figures import BAD, GOOD, TREND_HEIGHT, TREND_WIDTH, ShownFigure
from clerk_tinybird_app.state.dashboard import rows_of

_ON_A_PHONE: Final = 2
"""Figures in one row; on a wide screen there is one for every three of the twelve columns."""

_ROOM_FOR_NOTE: Final = 6
"""From so many of the twelve columns on, a note fits beside the heading."""


def figures_panel(panel: Figures) -> rx.Component:
    """Return the figures."""
    note, has_room = panel.note or "against the period before", panel.width >= _ROOM_FOR_NOTE
    return rx.el.section(
        rx.el.div(
            rx.el.h2(panel.title, class_name=HEADING),
            *([rx.el.p(note, class_name=f"{NOTE} hidden sm:block")] if has_room else []),
            panel_actions(panel),
            class_name="flex flex-wrap items-center gap-x-3 gap-y-1 mb-2 min-h-8",
        ),
        rx.el.div(
            panel_content(
                panel,
                rx.el.dl(
                    rx.foreach(rows_of(panel), _figure),
                    class_name=(
                        f"grid grid-cols-{_ON_A_PHONE} lg:grid-cols-{_columns(panel)} "
                        "gap-3 sm:gap-5 m-0"
                    ),
                ),
            ),
            class_name=f"{_least_height(panel)} [&>.skeleton]:min-h-[inherit]",
        ),
        id=f"panel-{panel.key}",
        class_name="min-w-0",
    )


def figures_skeleton(panel: Figures) -> rx.Component:
    """Return a grey box with the size of the figures."""
    return rx.el.div(
        rx.el.div(class_name="mb-2 min-h-8"),
        rx.el.div(class_name=f"skeleton {_least_height(panel)}"),
        aria_hidden="true",
    )


def _shown(panel: Figures) -> int:
    return min(panel.most, len(panel.figures))


def _columns(panel: Figures) -> int:
    return min(_shown(panel), max(1, panel.width // 3))


def _least_height(panel: Figures) -> str:
    """Return the classes for the rows of boxes with the gaps between them."""

    def height(columns: int, gap: int) -> int:
        rows = -(-_shown(panel) // columns)
        return rows * 120 + (rows - 1) * gap

    return f"min-h-[{height(_ON_A_PHONE, 12)}px] lg:min-h-[{height(_columns(panel), 20)}px]"


def _figure(figure: ShownFigure) -> rx.Component:
    return rx.el.div(
        rx.el.dt(figure.label, class_name="text-soft font-mono text-sm"),
        rx.el.dd(
            rx.el.b(
                figure.value,
                class_name="font-mono text-xl sm:text-2xl tracking-tight tabular-nums",
            ),
            rx.el.span(
                figure.change,
                rx.el.span(" against the period before", class_name="sr-only"),
                class_name=rx.match(
                    figure.tone,
                    (GOOD, "text-good text-[13px] whitespace-nowrap"),
                    (BAD, "text-warn text-[13px] whitespace-nowrap"),
                    "text-soft text-[13px] whitespace-nowrap",
                ),
            ),
            class_name="m-0 flex flex-wrap items-baseline justify-between gap-x-2",
        ),
        rx.el.dd(
            rx.el.svg(
                rx.el.path(
                    d=figure.trend,
                    fill="none",
                    stroke="var(--tone-calm)",
                    stroke_width="1.5",
                    custom_attrs={"vectorEffect": "non-scaling-stroke"},
                ),
                view_box=f"0 0 {TREND_WIDTH} {TREND_HEIGHT}",
                custom_attrs={"preserveAspectRatio": "none"},
                aria_hidden="true",
                class_name="w-full h-8 block mt-1",
            ),
            class_name="m-0",
        ),
        class_name=f"{PANEL} min-h-[120px]",
    )
