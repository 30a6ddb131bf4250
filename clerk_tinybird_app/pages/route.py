"""One route's requests, live."""

import reflex as rx

from clerk_tinybird_app.components.dashboard.figures import key_figures
from clerk_tinybird_app.components.dashboard.head import head
from clerk_tinybird_app.components.dashboard.over_time import latency_panel, traffic_panel
from clerk_tinybird_app.components.dashboard.page import dashboard_page
from clerk_tinybird_app.components.dashboard.tables import recent_panel
from clerk_tinybird_app.dashboard.questions import ROUTE_PANELS
from clerk_tinybird_app.state.dashboard import DashboardState


def route() -> rx.Component:
    """The view that a route of the overview opens."""
    return dashboard_page(
        head(
            rx.el.div(
                rx.el.a(
                    "← All routes",
                    href=DashboardState.overview_href,
                    class_name="text-brand-ink underline-offset-4 hover:underline",
                ),
                rx.el.h1(
                    rx.cond(
                        DashboardState.route_name != "", DashboardState.route_name, "All routes"
                    ),
                    class_name="font-mono font-bold text-2xl tracking-tight wrap-anywhere",
                ),
            ),
            queries=len(ROUTE_PANELS),
        ),
        key_figures(),
        rx.el.div(traffic_panel(), latency_panel(), class_name="grid gap-5 lg:grid-cols-2"),
        recent_panel(),
    )
