"""The page for an address that does not exist."""

import reflex as rx

from clerk_tinybird_app.components.layout import layout


def not_found() -> rx.Component:
    """Return a page that says so, with a link to the home page."""
    return layout(
        rx.el.h1("Page not found", class_name="font-mono font-bold text-2xl tracking-tight"),
        rx.el.p("Nothing is at this address."),
        rx.el.a("To the home page", href="/", class_name="text-green-text underline"),
    )
