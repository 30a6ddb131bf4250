"""The panels with a chart over time."""

from typing import Final

import reflex as rx

from clerk_tinybird_app.components.dashboard.chart_or_table import (
    AsChart,
    AsTable,
    ChartOrTable,
    table_toggle,
)
from clerk_tinybird_app.components.dashboard.charts import (
    CLASS_COLORS,
    PERCENTILE_COLORS,
    latency_chart,
    traffic_chart,
)
from clerk_tinybird_app.components.dashboard.panel import dashboard_panel
from clerk_tinybird_app.components.dashboard.table import CELL, NUMBER, column_heads, scrolling
from clerk_tinybird_app.dashboard import questions
from clerk_tinybird_app.dashboard.charts import PERCENTILES, WHEN, ChartRow
from clerk_tinybird_app.dashboard.links import Choice
from clerk_tinybird_app.dashboard.view import STATUS_CLASSES
from clerk_tinybird_app.state.dashboard import DashboardState

_LEGEND: Final = "flex flex-wrap gap-x-4 h-8 items-center text-soft text-[13px] font-mono"


def traffic_panel() -> rx.Component:
    """Return requests over time; its legend filters."""
    return _panel(
        questions.TRAFFIC,
        "Requests",
        "by status, per " + DashboardState.step,
        traffic_chart(),
        rx.el.div(rx.foreach(DashboardState.classes, _class_filter), class_name=_LEGEND),
        rows=DashboardState.traffic,
        series=STATUS_CLASSES,
    )


def latency_panel() -> rx.Component:
    """Return the percentiles of latency over time."""
    return _panel(
        questions.LATENCY,
        "Latency",
        "in ms, per " + DashboardState.step,
        latency_chart(),
        rx.el.div(
            *(rx.el.span(_swatch(color), name) for name, color in PERCENTILE_COLORS.items()),
            class_name=_LEGEND,
        ),
        rows=DashboardState.latency,
        series=PERCENTILES,
    )


def _panel(
    name: str,
    heading: str,
    note: str,
    chart: rx.Component,
    legend: rx.Component,
    *,
    rows: list[ChartRow],
    series: tuple[str, ...],
) -> rx.Component:
    return ChartOrTable.create(
        dashboard_panel(
            name,
            heading,
            note,
            "h-64",
            AsChart.create(rx.el.div(chart, class_name="h-56"), legend),
            AsTable.create(_table(heading, rows, series)),
            actions=(table_toggle(),),
        ),
        name=name,
    )


def _table(heading: str, rows: list[ChartRow], series: tuple[str, ...]) -> rx.Component:
    return scrolling(
        f"{heading} over time",
        column_heads("time", *series),
        rx.el.tbody(rx.foreach(rows, lambda row: _row(row, series))),
    )


def _row(row: ChartRow, series: tuple[str, ...]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(row[WHEN], class_name=f"{CELL} text-soft"),
        *(rx.el.td(row[name], class_name=NUMBER) for name in series),
    )


def _class_filter(choice: Choice) -> rx.Component:
    return rx.el.a(
        _swatch(rx.Var.create(CLASS_COLORS)[choice.label]),
        choice.label,
        href=choice.href,
        aria_current=rx.cond(choice.is_current, "true", "false"),
        title="Show this class of status alone",
        class_name=rx.cond(
            choice.is_current, "text-ink underline underline-offset-4", "hover:text-ink"
        ),
    )


def _swatch(color: str | rx.Var[str]) -> rx.Component:
    return rx.el.span(
        class_name="inline-block size-2.5 mr-1.5", style={"background": color}, aria_hidden="true"
    )
