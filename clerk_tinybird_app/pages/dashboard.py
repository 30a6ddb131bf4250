"""A tenant's requests, live."""

import reflex as rx

from clerk_tinybird_app import routes
from clerk_tinybird_app.components.dashboard import (
    head,
    key_figures,
    latency_panel,
    recent_panel,
    routes_panel,
    traffic_panel,
)
from clerk_tinybird_app.components.dashboard_page import dashboard_page, refresh_seconds
from clerk_tinybird_app.dashboard.questions import queries_per_day


def dashboard() -> rx.Component:
    """The overview of all routes."""
    every = refresh_seconds()
    return dashboard_page(
        head(
            rx.el.h1("API traffic", class_name="font-mono font-bold text-2xl tracking-tight"),
            costs=f"Every {every:g} s: {queries_per_day(every):,} queries a day while it is open",
        ),
        key_figures(),
        rx.el.div(
            traffic_panel(), latency_panel(), class_name="grid gap-5 lg:grid-cols-[1.7fr_1fr]"
        ),
        rx.el.div(routes_panel(), recent_panel(), class_name="grid gap-5 lg:grid-cols-2"),
        path=routes.DASHBOARD,
    )
