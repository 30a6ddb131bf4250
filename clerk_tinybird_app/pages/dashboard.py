"""A tenant's requests, live."""

import reflex as rx

from clerk_tinybird_app.components.dashboard.figures import key_figures
from clerk_tinybird_app.components.dashboard.head import head
from clerk_tinybird_app.components.dashboard.over_time import latency_panel, traffic_panel
from clerk_tinybird_app.components.dashboard.page import dashboard_page
from clerk_tinybird_app.components.dashboard.tables import recent_panel, routes_panel
from clerk_tinybird_app.dashboard.questions import PANELS


def dashboard() -> rx.Component:
    """The overview of all routes."""
    return dashboard_page(
        head(
            rx.el.h1("API traffic", class_name="font-mono font-bold text-2xl tracking-tight"),
            queries=len(PANELS),
        ),
        key_figures(),
        rx.el.div(
            traffic_panel(), latency_panel(), class_name="grid gap-5 lg:grid-cols-[1.7fr_1fr]"
        ),
        rx.el.div(routes_panel(), recent_panel(), class_name="grid gap-5 lg:grid-cols-[1fr_1.2fr]"),
    )
