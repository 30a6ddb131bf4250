"""The product's mark."""

from typing import Final

import reflex as rx

from clerk_tinybird_app import routes

_REST: Final = "max-[26rem]:hidden"
"""The header's controls need the room."""


def brand() -> rx.Component:
    """The name with its brackets, its initials on a phone; a link to the home page."""
    return rx.el.a(
        rx.el.span("[", class_name="text-brand-ink"),
        "c",
        rx.el.span("lerk", class_name=_REST),
        rx.el.span("+", class_name="text-brand-ink"),
        "t",
        rx.el.span("inybird", class_name=_REST),
        rx.el.span("]", class_name="text-brand-ink"),
        href=routes.HOME,
        aria_label="clerk+tinybird",
        class_name="font-mono font-bold tracking-tight text-ink whitespace-nowrap",
    )
