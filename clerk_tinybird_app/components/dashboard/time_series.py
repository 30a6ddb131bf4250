"""A panel with a chart over time, or with the same numbers as a table."""

from typing import Any, Final

import reflex as rx

from clerk_tinybird_app.components.dashboard.panel import dashboard_panel
from clerk_tinybird_app.components.dashboard.table_columns import width
from clerk_tinybird_app.components.dashboard.tables import (
    CELL,
    NUMBER,
    column_heads,
    scrolling,
    widths,
)
from clerk_tinybird_app.components.popover import MENU_ITEM
from clerk_tinybird_app.dashboard.charts import Axis, Chart
from clerk_tinybird_app.dashboard.declaration import ChartLimit, Column, Scale, Series, TimeSeries
from clerk_tinybird_app.dashboard.links import Chip, Choice
from clerk_tinybird_app.reflex_internals.shared_assets import shared_asset
from clerk_tinybird_app.state.dashboard import DashboardState, axis_of, legend_of, rows_of

_PANEL: Final = shared_asset("chart_panel.jsx")
_CHART: Final = shared_asset("chart.jsx")
_READOUT: Final = shared_asset("chart_readout.jsx")
for _name in ("layout", "marks", "png", "pointer", "scales"):
    shared_asset(f"chart_{_name}.jsx")
shared_asset("units.jsx")

_STACKED_MODES: Final = [["count", "Count"], ["percent", "%"]]
_LINEAR_MODES: Final = [["linear", "Linear"], ["log", "Log"]]


class _Part(rx.Component):
    library = _PANEL.importable_path


class _ChartPanel(_Part):
    """Stands around all parts of a panel, which have its props in common.

    It remembers by its ``name`` how the chart is looked at while the page lives.

    Props: ``title`` the panel's; ``axis`` and ``chart`` its data, see ``dashboard/charts.py``;
    ``series`` the label, tone and column of each; ``choices`` the link of each series that filters;
    ``before_of`` the label of the series that the period before is told of; ``modes`` the ways to
    divide the vertical axis, of a name and a text, the first one first; ``on_mark`` gets a period
    that was marked, in seconds since the epoch.
    """

    tag = "ChartPanel"

    name: rx.Var[str]
    title: rx.Var[str]
    axis: rx.Var[Axis]
    chart: rx.Var[Chart]
    series: rx.Var[list[dict[str, str]]]
    choices: rx.Var[list[Choice]]
    before_of: rx.Var[str]
    unit: rx.Var[str]
    is_stacked: rx.Var[bool]
    modes: rx.Var[list[list[str]]]
    limit: rx.Var[dict[str, Any]]
    on_mark: rx.EventHandler[rx.event.passthrough_event_spec(int, int)]  # type: ignore


class _AsChart(_Part):
    """Shown while the chart is."""

    tag = "AsChart"


class _AsTable(_Part):
    """Shown while the table is."""

    tag = "AsTable"


class _Note(_Part):
    """What stands beside the heading: ``note``, and how wide a bucket is."""

    tag = "ChartNote"

    note: rx.Var[str]


class _Limit(_Part):
    """What the limit is, beside the heading."""

    tag = "ChartLimit"


class _ModeChoice(_Part):
    """Chooses how the vertical axis is divided; ``label`` says so to assistive technology."""

    tag = "ModeChoice"

    label: rx.Var[str]


class _TableToggle(_Part):
    """Changes between chart and table."""

    tag = "TableToggle"


class _HideToggle(_Part):
    """Hides the series ``label``, and shows it again."""

    tag = "HideToggle"

    label: rx.Var[str]


class _PngItem(_Part):
    """Saves the chart as a picture, with its ``period`` and what it is filtered by."""

    tag = "PngItem"

    period: rx.Var[str]
    chips: rx.Var[list[Chip]]


class _Rows(_Part):
    """The rows of the table; the props are the classes of a cell, and of one with a number."""

    tag = "ChartRows"

    cell_class: rx.Var[str]
    number_class: rx.Var[str]


class _Chart(rx.Component):
    """The chart itself; ``summary_id`` is the element that tells it in a sentence."""

    library = _CHART.importable_path
    tag = "Chart"

    label: rx.Var[str]
    summary_id: rx.Var[str]


class _Legend(rx.Component):
    """The series with their values: of the whole period, or of the moment that is pointed at."""

    library = _READOUT.importable_path
    tag = "Legend"


def time_series_panel(panel: TimeSeries) -> rx.Component:
    """Return a chart with its legend, which filters where the panel has a filter."""
    modes = _STACKED_MODES if panel.is_stacked else _LINEAR_MODES
    if not panel.is_stacked and panel.scale is Scale.LOG:
        modes = modes[::-1]
    compared = (each.label for each in panel.series if each.column == panel.before)
    return _ChartPanel.create(
        dashboard_panel(
            panel,
            _AsChart.create(_figure(panel)),
            _AsTable.create(_table(panel)),
            note=_Note.create(note=panel.note),
            tools=(
                *([_Limit.create()] if panel.limit else []),
                _ModeChoice.create(label=f"Scale: {panel.title}"),
            ),
            actions=(
                _TableToggle.create(class_name=MENU_ITEM),
                *(
                    _HideToggle.create(label=each.label, class_name=MENU_ITEM)
                    for each in panel.series
                ),
                _PngItem.create(
                    period=f"{DashboardState.dates} {DashboardState.zone}",
                    chips=DashboardState.chips,
                    class_name=MENU_ITEM,
                ),
            ),
        ),
        name=panel.key,
        title=panel.title,
        axis=axis_of(panel),
        chart=rows_of(panel),
        series=[
            {"label": each.label, "tone": str(each.tone), "column": each.column}
            for each in panel.series
        ],
        choices=legend_of(panel),
        before_of=next(compared, ""),
        unit=str(panel.unit),
        is_stacked=panel.is_stacked,
        modes=modes,
        **({"limit": _limit(panel, panel.limit)} if panel.limit else {}),
        on_mark=DashboardState.choose_marked,
    )


def _figure(panel: TimeSeries) -> rx.Component:
    summary_id = f"summary-{panel.key}"
    sets = ", Enter sets the period" if panel.is_stacked else ""
    label = f"{panel.title}: arrow keys read the values{sets}"
    return rx.el.figure(
        _Chart.create(label=label, summary_id=summary_id),
        rx.el.figcaption(rows_of(panel).summary, id=summary_id, class_name="sr-only"),
        _Legend.create(),
        class_name="chart-figure",
    )


def _limit(panel: TimeSeries, limit: ChartLimit) -> dict[str, Any]:
    return {
        "above": limit.above,
        "column": limit.column,
        "label": limit.label,
        "unit": str(limit.unit or panel.unit),
        "tone": str(limit.tone),
    }


def _column(series: Series, panel: TimeSeries) -> Column:
    return Column(of=(series.column,), label=series.label, unit=panel.unit)


def _table(panel: TimeSeries) -> rx.Component:
    return scrolling(
        f"{panel.title} over time",
        widths("var(--span)", *(width(_column(each, panel)) for each in panel.series)),
        column_heads(("time", False), *((each.label, True) for each in panel.series)),
        rx.el.tbody(_Rows.create(cell_class=f"{CELL} text-soft", number_class=NUMBER)),
        table_class="spans",
    )
