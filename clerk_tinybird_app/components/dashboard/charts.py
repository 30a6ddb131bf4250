"""The two charts; only pages that show them import this module, for recharts' weight."""

from typing import Final

import reflex as rx

from clerk_tinybird_app.dashboard.charts import LABEL, PERCENTILES, WHEN
from clerk_tinybird_app.dashboard.view import STATUS_CLASSES
from clerk_tinybird_app.state.dashboard import DashboardState

CLASS_COLORS: Final = dict(
    zip(
        STATUS_CLASSES,
        ("var(--chart-1)", "var(--chart-2)", "var(--chart-3)", "var(--chart-4)"),
        strict=True,
    )
)
PERCENTILE_COLORS: Final = dict(
    zip(PERCENTILES, ("var(--chart-1)", "var(--chart-2)", "var(--chart-5)"), strict=True)
)
_DASHES: Final = dict(zip(PERCENTILES, ("0", "6 3", "2 3"), strict=True))
"""Colour alone does not tell the lines apart."""

_MARGIN: Final = {"top": 4, "right": 32, "bottom": 0, "left": 0}
"""Room for half of the last tick's text."""

_TICK: Final = {"fill": "var(--soft)", "fontSize": 11, "fontFamily": "var(--font-mono)"}


def traffic_chart() -> rx.Component:
    """Requests over time, their classes of status stacked."""
    areas = (
        rx.recharts.area(
            data_key=name,
            stack_id="status",
            type_="linear",
            stroke=color,
            fill=color,
            fill_opacity=0.35,
            stroke_width=1.5,
            dot=False,
            is_animation_active=False,
        )
        for name, color in CLASS_COLORS.items()
    )
    return _figure(
        DashboardState.traffic_summary,
        rx.recharts.area_chart(
            *areas,
            *_frame(""),
            data=DashboardState.traffic,
            margin=_MARGIN,
            width="100%",
            height="100%",
        ),
    )


def latency_chart() -> rx.Component:
    """Three percentiles over time."""
    lines = (
        rx.recharts.line(
            data_key=name,
            type_="linear",
            stroke=color,
            stroke_width=1.5,
            stroke_dasharray=_DASHES[name],
            dot=False,
            is_animation_active=False,
        )
        for name, color in PERCENTILE_COLORS.items()
    )
    return _figure(
        DashboardState.latency_summary,
        rx.recharts.line_chart(
            *lines,
            *_frame(" ms"),
            data=DashboardState.latency,
            margin=_MARGIN,
            width="100%",
            height="100%",
        ),
    )


def _figure(summary: str, chart: rx.Component) -> rx.Component:
    return rx.el.figure(
        chart, rx.el.figcaption(summary, class_name="sr-only"), class_name="chart size-full m-0"
    )


def _frame(unit: str) -> tuple[rx.Component, ...]:
    return (
        rx.recharts.cartesian_grid(vertical=False, stroke="var(--line)"),
        rx.recharts.x_axis(
            data_key=LABEL, tick=_TICK, axis_line=False, tick_line=False, min_tick_gap=48
        ),
        rx.recharts.y_axis(tick=_TICK, axis_line=False, tick_line=False, width=44, tick_count=4),
        rx.recharts.graphing_tooltip(
            separator=" ",
            is_animation_active=False,
            cursor={"stroke": "var(--soft)", "strokeWidth": 1, "fill": "none"},
            content_style={
                "background": "var(--bg)",
                "border": "1px solid var(--line)",
                "borderRadius": 0,
                "fontFamily": "var(--font-mono)",
                "fontSize": "12px",
                "color": "var(--ink)",
            },
            item_style={"color": "var(--ink)", "padding": 0},
            label_style={"color": "var(--soft)"},
            special_props=[
                rx.Var(
                    "{...{labelFormatter: (label, points) => "
                    f"points?.[0]?.payload?.{WHEN} ?? label, "
                    "formatter: (value, name) => "
                    f"[`${{Number(value).toLocaleString('en')}}{unit}`, name]}}}}"
                )
            ],
        ),
    )
