"""The page for an address that does not exist, and what stands in for a page that fails."""

import reflex as rx

from clerk_tinybird_app import routes, services
from clerk_tinybird_app.components.layout import layout
from clerk_tinybird_app.components.widgets import ReloadButton


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


def page_failed() -> rx.Component:
    """Return what is shown when a page cannot be drawn. It needs no session and no layout."""
    return rx.el.main(
        rx.el.h1("This page could not be shown", class_name="title-1"),
        rx.el.p("Something in it failed, and the server has been told. Loading it again may help."),
        rx.el.div(
            ReloadButton.create("Load it again", class_name="primary"),
            rx.el.a("To the home page", href=routes.HOME, class_name="button"),
            class_name="ways-in",
        ),
        class_name="wrap lost",
    )
