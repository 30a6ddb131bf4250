"""The panels with a table: the routes, and the latest requests."""

import reflex as rx

from clerk_tinybird_app.components.dashboard.panel import dashboard_panel
from clerk_tinybird_app.components.dashboard.table import CELL, LINK, NUMBER, link, scrolling
from clerk_tinybird_app.dashboard import questions
from clerk_tinybird_app.dashboard.links import Choice
from clerk_tinybird_app.dashboard.tables import RecentRow, RouteRow
from clerk_tinybird_app.state.dashboard import DashboardState

_HEAD = "text-soft sticky top-0 bg-panel"


def routes_panel() -> rx.Component:
    """Return the table of routes: a click filters, the arrow opens the route's own view."""
    return dashboard_panel(
        questions.ROUTES,
        "Top routes",
        "click to filter, → to open",
        "h-80",
        scrolling(
            "Top routes",
            rx.el.thead(
                rx.el.tr(
                    rx.el.th("route", scope="col", class_name=f"{CELL} text-left font-normal"),
                    rx.foreach(DashboardState.sorts, _sortable),
                ),
                class_name=_HEAD,
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
        scrolling(
            "Recent requests",
            rx.el.thead(
                rx.el.tr(
                    *(
                        rx.el.th(name, scope="col", class_name=f"{CELL} {align} font-normal")
                        for name, align in (
                            ("time", "text-left"),
                            ("status", "text-left"),
                            ("request", "text-left"),
                            ("took", "text-right"),
                            ("region", "text-left"),
                        )
                    )
                ),
                class_name=_HEAD,
            ),
            rx.el.tbody(rx.foreach(DashboardState.recent, _recent)),
        ),
    )


def _sortable(choice: Choice) -> rx.Component:
    return rx.el.th(
        rx.el.a(
            choice.label,
            rx.cond(choice.is_current, rx.el.span(" ↓", aria_hidden="true"), ""),
            href=choice.href,
            class_name=LINK,
        ),
        scope="col",
        aria_sort=rx.cond(choice.is_current, "descending", "none"),
        class_name=f"{NUMBER} font-normal",
    )


def _route(row: RouteRow) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            rx.el.div(
                link(rx.fragment(row.method, " ", row.route), row.filter_href),
                rx.cond(
                    row.href != "",
                    rx.el.a(
                        "→",
                        href=row.href,
                        aria_label="Open " + row.method + " " + row.route,
                        class_name=f"{LINK} px-1.5 text-soft hover:text-ink",
                    ),
                ),
                class_name="flex justify-between gap-2",
            ),
            class_name=f"{CELL} bar-cell",
            style={"--share": rx.Var.create(row.bar).to(str) + "%"},
        ),
        rx.el.td(row.requests, class_name=NUMBER),
        rx.el.td(row.errors, class_name=NUMBER),
        rx.el.td(row.p95, class_name=NUMBER),
    )


def _recent(row: RecentRow) -> rx.Component:
    return rx.el.tr(
        rx.el.td(row.time, class_name=f"{CELL} text-soft"),
        rx.el.td(
            link(rx.fragment(row.status), row.status_href, "no-underline"),
            class_name=rx.match(
                row.status_class,
                ("5xx", f"{CELL} text-bad font-semibold"),
                ("4xx", f"{CELL} text-warn font-semibold"),
                f"{CELL} text-ok font-semibold",
            ),
        ),
        rx.el.td(link(rx.fragment(row.method, " ", row.route), row.route_href), class_name=CELL),
        rx.el.td(row.duration, class_name=NUMBER),
        rx.el.td(link(rx.fragment(row.region), row.region_href), class_name=CELL),
    )
