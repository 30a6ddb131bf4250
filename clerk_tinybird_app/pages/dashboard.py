"""A tenant's data, live: the overview, and the pages that its rows open."""

from collections.abc import Callable

import reflex as rx

from clerk_tinybird_app.components.dashboard.page import detail, detail_title, overview

__all__ = ["dashboard_page", "detail_title"]


def dashboard_page(name: str = "") -> Callable[[], rx.Component]:
    """Return the page ``name`` of the dashboard, the overview without a name."""

    def page() -> rx.Component:
        return detail(name) if name else overview()

    return page
