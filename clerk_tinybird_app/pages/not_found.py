"""The page for an address that does not exist."""

import reflex as rx

from clerk_tinybird_app import routes, services
from clerk_tinybird_app.components.layout import layout


def not_found() -> rx.Component:
    """Return a page that says so, with the ways to the pages that do exist."""
    is_dashboard_home = not services.current().settings.shows_token_page
    return layout(
        rx.el.div(
            rx.el.p("404", class_name="tag"),
            rx.el.h1("Page not found", class_name="title-1"),
            rx.el.p("Nothing is at this address. It may be misspelt, or the page was moved."),
            rx.el.div(
                rx.el.a("To the home page", href=routes.HOME, class_name="primary"),
                *(
                    []
                    if is_dashboard_home
                    else [rx.el.a("To the dashboard", href=routes.DASHBOARD, class_name="button")]
                ),
                class_name="ways-in",
            ),
            class_name="lost",
        ),
    )
