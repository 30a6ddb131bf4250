"""What a dashboard is put together from: its head, key figures, tables."""

from typing import Final

import reflex as rx

from clerk_tinybird_app.components.charts import (
    CLASS_COLORS,
    PERCENTILE_COLORS,
    latency_chart,
    traffic_chart,
)
from clerk_tinybird_app.components.dashboard_panel import (
    dashboard_panel,
    panel_actions,
    panel_content,
)
from clerk_tinybird_app.components.live import LiveStatus, PauseButton
from clerk_tinybird_app.components.look import HEADING, NOTE, PANEL, QUIET_BUTTON
from clerk_tinybird_app.dashboard import questions
from clerk_tinybird_app.dashboard.figures import BAD, GOOD, TREND_HEIGHT, TREND_WIDTH, Figure
from clerk_tinybird_app.dashboard.tables import RecentRow, RouteRow
from clerk_tinybird_app.state.dashboard import Choice, DashboardState
from clerk_tinybird_app.state.session import SessionState

_RANGE: Final = "border border-line -ml-px px-2.5 py-1 font-mono text-[13px]"
_CELL: Final = "py-1.5 px-1.5 border-b border-line whitespace-nowrap"
_NUMBER: Final = f"{_CELL} text-right"
_LINK: Final = "text-ink no-underline hover:underline underline-offset-4"
_INPUT: Final = "bg-bg text-ink border border-control font-mono text-[13px] px-2 py-1"


def head(title: rx.Component, *, costs: str) -> rx.Component:
    """Return the title with the period's choice, then the filters."""
    tenant = rx.cond(SessionState.org_slug != "", SessionState.org_slug, "Personal account")
    figures = DashboardState.panels[questions.FIGURES]
    return rx.el.div(
        rx.el.div(
            rx.el.div(
                title,
                rx.el.p(
                    tenant,
                    " · ",
                    DashboardState.subtitle,
                    " · ",
                    LiveStatus.create(
                        at=figures.fetched_at,
                        is_live=DashboardState.is_live,
                        stale=figures.code != "",
                        id="live-status",
                        title=costs,
                    ),
                    class_name="text-soft",
                ),
            ),
            _period_choice(),
            class_name="flex flex-wrap items-end justify-between gap-4",
        ),
        _problems(),
        _chips(),
        class_name="grid gap-3",
    )


def key_figures() -> rx.Component:
    """Return the four figures, each in a box of its own."""
    return rx.el.section(
        rx.el.div(
            rx.el.h2("Key figures", class_name=HEADING),
            rx.el.p("against the period before", class_name=NOTE),
            panel_actions(questions.FIGURES),
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


def traffic_panel() -> rx.Component:
    """Return requests over time; its legend filters."""
    return dashboard_panel(
        questions.TRAFFIC,
        "Requests",
        "by status, per " + DashboardState.step,
        "h-64",
        rx.el.div(traffic_chart(), class_name="h-56"),
        rx.el.div(
            rx.foreach(DashboardState.classes, _class_filter),
            class_name="flex flex-wrap gap-x-4 h-8 items-center",
        ),
    )


def latency_panel() -> rx.Component:
    """Return the percentiles of latency over time."""
    return dashboard_panel(
        questions.LATENCY,
        "Latency",
        "in ms, per " + DashboardState.step,
        "h-64",
        rx.el.div(latency_chart(), class_name="h-56"),
        rx.el.div(
            *(_legend(name, color) for name, color in PERCENTILE_COLORS.items()),
            class_name="flex flex-wrap gap-x-4 h-8 items-center text-soft text-[13px] font-mono",
        ),
    )


def routes_panel() -> rx.Component:
    """Return the table of routes: a click filters, the arrow opens the route's own view."""
    return dashboard_panel(
        questions.ROUTES,
        "Top routes",
        "click to filter",
        "h-80",
        _scrolling(
            "Top routes",
            rx.el.thead(
                rx.el.tr(
                    rx.el.th("route", scope="col", class_name=f"{_CELL} text-left font-normal"),
                    rx.foreach(DashboardState.sorts, _sortable),
                    rx.el.th(rx.el.span("open", class_name="sr-only"), class_name=_CELL),
                ),
                class_name="text-soft",
            ),
            rx.el.tbody(rx.foreach(DashboardState.top_routes, _route)),
        ),
    )


def recent_panel() -> rx.Component:
    """Return the latest requests."""
    return dashboard_panel(
        questions.RECENT,
        "Recent requests",
        "newest first",
        "h-80",
        _scrolling(
            "Recent requests",
            rx.el.thead(
                rx.el.tr(
                    *(
                        rx.el.th(name, scope="col", class_name=f"{_CELL} text-left font-normal")
                        for name in ("time", "status", "request", "region", "took")
                    )
                ),
                class_name="text-soft",
            ),
            rx.el.tbody(rx.foreach(DashboardState.recent, _recent)),
        ),
    )


def no_rows_panel() -> rx.Component:
    """Return what a tenant without a single row sees: what will be here, and how it gets here."""
    return rx.el.section(
        rx.el.h2("No requests yet", class_name=HEADING),
        rx.el.p(
            "This tenant has not sent anything. As soon as its first event arrives, its traffic, "
            "errors, latency and routes are shown here."
        ),
        rx.el.p(
            "Your backend sends events with the workspace's append token, never the browser; "
            "tenant_id says whose they are:",
            class_name=NOTE,
        ),
        rx.el.pre(
            "curl $TINYBIRD_API_URL/v0/events?name=requests \\\n"
            '  -H "Authorization: Bearer $TINYBIRD_APPEND_TOKEN" \\\n'
            '  -d \'{"timestamp": "2026-11-24T10:00:00.000Z", "tenant_id": "',
            SessionState.tenant_id,
            '", "user_id": "user_1", "request_id": "req_1", "method": "GET", '
            '"route": "/v1/orders", "status": 200, "duration_ms": 42.5, "region": "eu-west-1"}\'',
            class_name="font-mono text-[12.5px] leading-6 whitespace-pre-wrap break-all",
        ),
        id="no-rows",
        class_name=f"{PANEL} grid gap-3",
    )


def _period_choice() -> rx.Component:
    return rx.el.div(
        rx.el.nav(
            rx.foreach(DashboardState.ranges, _range),
            aria_label="Period",
            class_name="flex pl-px",
        ),
        rx.el.details(
            rx.el.summary("Custom…", class_name=f"{_RANGE} list-none"),
            rx.el.form(
                _moment("start", "From"),
                _moment("end", "To"),
                rx.el.button("Show", type="submit", class_name=QUIET_BUTTON),
                on_submit=DashboardState.choose_custom,
                class_name=(
                    "absolute right-0 z-5 mt-1 p-3 grid gap-2 bg-bg border border-line shadow-lg"
                ),
            ),
            class_name="relative",
        ),
        PauseButton.create(class_name=f"{_RANGE} w-11"),
        class_name="flex flex-wrap",
    )


def _moment(name: str, label: str) -> rx.Component:
    return rx.el.label(
        rx.el.span(label, class_name="block text-soft text-xs"),
        rx.el.input(type="datetime-local", name=name, required=True, class_name=_INPUT),
    )


def _range(choice: Choice) -> rx.Component:
    return rx.el.a(
        choice.label,
        href=choice.href,
        aria_current=rx.cond(choice.is_current, "true", "false"),
        class_name=rx.cond(
            choice.is_current,
            f"{_RANGE} bg-ink text-bg border-ink",
            f"{_RANGE} text-soft hover:text-ink",
        ),
    )


def _problems() -> rx.Component:
    return rx.fragment(
        *(
            rx.cond(text != "", rx.el.p(text, role="alert", class_name="text-warn text-sm"))
            for text in (DashboardState.problem, DashboardState.custom_problem)
        )
    )


def _chips() -> rx.Component:
    return rx.cond(
        rx.Var.create(DashboardState.chips).length() > 0,
        rx.el.div(
            rx.foreach(DashboardState.chips, _chip),
            rx.el.a("Clear", href=DashboardState.clear_href, class_name="text-soft underline"),
            id="filters",
            class_name="flex flex-wrap items-center gap-2 text-[13px]",
        ),
    )


def _chip(choice: Choice) -> rx.Component:
    return rx.el.a(
        choice.label,
        rx.el.span(" ×", aria_hidden="true"),  # noqa: RUF001 - the sign on every such chip
        href=choice.href,
        aria_label="Remove filter " + choice.label,
        class_name="bg-mark text-ink font-mono px-2 py-0.5 wrap-anywhere",
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


def _class_filter(choice: Choice) -> rx.Component:
    return rx.el.a(
        _swatch(rx.Var.create(CLASS_COLORS)[choice.label]),
        choice.label,
        href=choice.href,
        aria_current=rx.cond(choice.is_current, "true", "false"),
        title="Show this class of status alone",
        class_name=rx.cond(
            choice.is_current,
            "font-mono text-[13px] text-ink underline underline-offset-4",
            "font-mono text-[13px] text-soft hover:text-ink",
        ),
    )


def _legend(name: str, color: str) -> rx.Component:
    return rx.el.span(_swatch(color), name)


def _swatch(color: str | rx.Var[str]) -> rx.Component:
    return rx.el.span(
        class_name="inline-block size-2.5 mr-1.5", style={"background": color}, aria_hidden="true"
    )


def _scrolling(label: str, *parts: rx.Component) -> rx.Component:
    return rx.el.div(
        rx.el.table(
            *parts, class_name="w-full border-collapse font-mono text-[12.5px] tabular-nums"
        ),
        tab_index=0,
        role="region",
        aria_label=label,
        class_name="relative overflow-auto h-full",
    )


def _sortable(choice: Choice) -> rx.Component:
    return rx.el.th(
        rx.el.a(
            choice.label,
            rx.cond(choice.is_current, rx.el.span(" ↓", aria_hidden="true"), ""),
            href=choice.href,
            class_name=_LINK,
        ),
        scope="col",
        aria_sort=rx.cond(choice.is_current, "descending", "none"),
        class_name=f"{_NUMBER} font-normal",
    )


def _route(row: RouteRow) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            rx.el.a(row.method, " ", row.route, href=row.filter_href, class_name=_LINK),
            class_name=f"{_CELL} bar-cell",
            style={"--share": rx.Var.create(row.bar).to(str) + "%"},
        ),
        rx.el.td(row.requests, class_name=_NUMBER),
        rx.el.td(row.errors, class_name=_NUMBER),
        rx.el.td(row.p95, class_name=_NUMBER),
        rx.el.td(
            rx.el.a(
                "→",
                href=row.href,
                aria_label="Open " + row.method + " " + row.route,
                class_name=_LINK,
            ),
            class_name=_NUMBER,
        ),
    )


def _recent(row: RecentRow) -> rx.Component:
    return rx.el.tr(
        rx.el.td(row.time, class_name=f"{_CELL} text-soft"),
        rx.el.td(
            rx.el.a(row.status, href=row.status_href, class_name="no-underline"),
            class_name=rx.match(
                row.status_class,
                ("5xx", f"{_CELL} text-bad font-semibold"),
                ("4xx", f"{_CELL} text-warn font-semibold"),
                f"{_CELL} text-ok font-semibold",
            ),
        ),
        rx.el.td(
            rx.el.a(row.method, " ", row.route, href=row.route_href, class_name=_LINK),
            class_name=_CELL,
        ),
        rx.el.td(rx.el.a(row.region, href=row.region_href, class_name=_LINK), class_name=_CELL),
        rx.el.td(row.duration, class_name=_NUMBER),
        key=row.request_id,
    )
