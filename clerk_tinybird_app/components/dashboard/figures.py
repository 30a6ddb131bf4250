"""The key figures, each in a box of its own with its change and its trend."""

import reflex as rx

from clerk_tinybird_app.components.dashboard.panel import panel_actions, panel_content
from clerk_tinybird_app.components.look import HEADING, NOTE, PANEL
from clerk_tinybird_app.dashboard import questions
from clerk_tinybird_app.dashboard.figures import BAD, GOOD, TREND_HEIGHT, TREND_WIDTH, Figure
from clerk_tinybird_app.state.dashboard import DashboardState


def key_figures() -> rx.Component:
    """Return the figures."""
    return rx.el.section(
        rx.el.div(
            rx.el.h2("Key figures", class_name=HEADING),
            rx.el.p("against the period before", class_name=f"{NOTE} hidden sm:block"),
            panel_actions(questions.FIGURES, "Key figures"),
            class_name="flex flex-wrap items-center gap-x-3 gap-y-1 mb-2 min-h-8",
        ),
        rx.el.div(
            panel_content(
                questions.FIGURES,
                rx.el.dl(
                    rx.foreach(DashboardState.figures, _figure),
                    class_name="grid grid-cols-2 lg:grid-cols-4 gap-3 sm:gap-5 m-0",
                ),
            ),
            class_name="min-h-[252px] lg:min-h-[120px] [&>.skeleton]:min-h-[inherit]",
        ),
        id="panel-figures",
    )


def _figure(figure: Figure) -> rx.Component:
    return rx.el.div(
        rx.el.dt(figure.name, class_name="text-soft font-mono text-sm"),
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
                    (GOOD, "text-ok text-[13px] whitespace-nowrap"),
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
                    stroke="var(--chart-1)",
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
