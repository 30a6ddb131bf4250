"""A panel with a chart over time, or with the same numbers as a table.

Only the pages that show it import this module, because recharts is large.
"""

from typing import Final

import reflex as rx

from clerk_tinybird_app.components.dashboard.panel import dashboard_panel
from clerk_tinybird_app.components.dashboard.tables import CELL, NUMBER, column_heads, scrolling
from clerk_tinybird_app.components.look import TONES
from clerk_tinybird_app.components.popover import MENU_ITEM
from clerk_tinybird_app.dashboard.declaration import Scale, Series, TimeSeries, Unit
from clerk_tinybird_app.dashboard.links import Choice
from clerk_tinybird_app.dashboard.shown import LABEL, WHEN, ChartRow
from clerk_tinybird_app.reflex_internals.page_functions import page_function
from clerk_tinybird_app.state.dashboard import legend_of, rows_of, step_of, summary_of

_VIEWS: Final = rx.asset("chart_or_table.jsx", shared=True)
_UNITS: Final = rx.asset("units.jsx", shared=True)

_LEGEND: Final = "flex flex-wrap gap-x-4 h-8 items-center text-soft text-[13px] font-mono"
_MARGIN: Final = {"top": 4, "right": 32, "bottom": 0, "left": 0}
"""Space for half of the text of the last tick."""

_SHORT_UNITS: Final = (Unit.COUNT, Unit.PERCENT)
"""The units whose numbers are short, so that the axis needs little space."""

_TICK: Final = {"fill": "var(--soft)", "fontSize": 11, "fontFamily": "var(--font-mono)"}
_TOOLTIP: Final = {
    "background": "var(--bg)",
    "border": "1px solid var(--line)",
    "borderRadius": 0,
    "fontFamily": "var(--font-mono)",
    "fontSize": "12px",
    "color": "var(--ink)",
}


class _View(rx.Component):
    library = _VIEWS.importable_path


class _ChartOrTable(_View):
    """Shows the chart first. Under its ``name`` it remembers when the viewer chose the table."""

    tag = "ChartOrTable"

    name: rx.Var[str]


class _TableToggle(_View):
    """Switches between chart and table."""

    tag = "TableToggle"


class _AsChart(_View):
    """Shown while the chart is."""

    tag = "AsChart"


class _AsTable(_View):
    """Shown while the table is."""

    tag = "AsTable"


def time_series_panel(panel: TimeSeries) -> rx.Component:
    """Return a chart with its legend, which filters where the panel has a filter."""
    step = step_of(panel)
    note = f"{panel.note}, per " if panel.note else "per "
    return _ChartOrTable.create(
        dashboard_panel(
            panel,
            _AsChart.create(
                rx.el.figure(
                    _chart(panel),
                    rx.el.figcaption(summary_of(panel), class_name="sr-only"),
                    class_name="chart h-56 m-0",
                ),
                _legend(panel),
            ),
            _AsTable.create(_table(panel)),
            note=rx.cond(step != "", note + step, panel.note),
            actions=(_TableToggle.create(class_name=MENU_ITEM),),
        ),
        name=panel.key,
    )


def _chart(panel: TimeSeries) -> rx.Component:
    chart, series = (
        (rx.recharts.area_chart, _area) if panel.is_stacked else (rx.recharts.line_chart, _line)
    )
    return chart(
        *(series(each, panel) for each in panel.series),
        *_frame(panel),
        data=rows_of(panel),
        margin=_MARGIN,
        width="100%",
        height="100%",
    )


def _area(series: Series, panel: TimeSeries) -> rx.Component:
    color = TONES[series.tone].color
    return rx.recharts.area(
        data_key=_reader(series, panel),
        name=series.label,
        stack_id=panel.key,
        type_="linear",
        stroke=color,
        fill=color,
        fill_opacity=0.35,
        stroke_width=1.5,
        dot=False,
        is_animation_active=False,
    )


def _line(series: Series, panel: TimeSeries) -> rx.Component:
    look = TONES[series.tone]
    return rx.recharts.line(
        data_key=_reader(series, panel),
        name=series.label,
        type_="linear",
        stroke=look.color,
        stroke_width=1.5,
        stroke_dasharray=look.dash,
        dot=False,
        is_animation_active=False,
    )


def _frame(panel: TimeSeries) -> tuple[rx.Component, ...]:
    is_log = panel.scale is Scale.LOG
    scaled = {"scale": "log", "domain": ["auto", "auto"]} if is_log else {}
    written = page_function(_UNITS.importable_path, "inUnit")
    return (
        rx.recharts.cartesian_grid(vertical=False, stroke="var(--line)"),
        rx.recharts.x_axis(
            data_key=LABEL, tick=_TICK, axis_line=False, tick_line=False, min_tick_gap=48
        ),
        rx.recharts.y_axis(
            tick=_TICK,
            tick_formatter=page_function(_UNITS.importable_path, "onAxis", str(panel.unit)),
            axis_line=False,
            tick_line=False,
            width=44 if panel.unit in _SHORT_UNITS else 56,
            tick_count=4,
            **scaled,
        ),
        rx.recharts.graphing_tooltip(
            separator=" ",
            is_animation_active=False,
            cursor={"stroke": "var(--soft)", "strokeWidth": 1, "fill": "none"},
            content_style=_TOOLTIP,
            item_style={"color": "var(--ink)", "padding": 0},
            label_style={"color": "var(--soft)"},
            special_props=[
                rx.Var(
                    "{...{labelFormatter: (label, points) => "
                    f"points?.[0]?.payload?.{WHEN} ?? label, "
                    f'formatter: (value, name) => [{written}("{panel.unit}", value), name]}}}}'
                )
            ],
        ),
    )


def _legend(panel: TimeSeries) -> rx.Component:
    colors = {each.label: TONES[each.tone].color for each in panel.series}
    if panel.filter:
        return rx.el.div(
            rx.foreach(legend_of(panel), lambda choice: _filtering(choice, colors)),
            class_name=_LEGEND,
        )
    return rx.el.div(
        *(rx.el.span(_swatch(color), label) for label, color in colors.items()),
        class_name=_LEGEND,
    )


def _filtering(choice: Choice, colors: dict[str, str]) -> rx.Component:
    return rx.el.a(
        _swatch(rx.Var.create(colors)[choice.label]),
        choice.label,
        href=choice.href,
        aria_current=rx.cond(choice.is_current, "true", "false"),
        title="Show " + choice.label + " alone",
        class_name=rx.cond(
            choice.is_current, "text-ink underline underline-offset-4", "hover:text-ink"
        ),
    )


def _swatch(color: str | rx.Var[str]) -> rx.Component:
    return rx.el.span(
        class_name="inline-block size-2.5 mr-1.5", style={"background": color}, aria_hidden="true"
    )


def _table(panel: TimeSeries) -> rx.Component:
    return scrolling(
        f"{panel.title} over time",
        column_heads(("time", False), *((each.label, True) for each in panel.series)),
        rx.el.tbody(rx.foreach(rows_of(panel), lambda row: _row(row, panel))),
    )


def _row(row: ChartRow, panel: TimeSeries) -> rx.Component:
    written = page_function(_UNITS.importable_path, "inUnit")
    return rx.el.tr(
        rx.el.td(row[WHEN], class_name=f"{CELL} text-soft"),
        *(
            rx.el.td(written.call(str(panel.unit), row[each.label]), class_name=NUMBER)
            for each in panel.series
        ),
    )


def _reader(series: Series, panel: TimeSeries) -> rx.Var[str]:
    return (
        page_function(_UNITS.importable_path, "valueOf")
        .call(series.label, panel.scale is Scale.LOG)
        .to(str)
    )
