"""The product's mark."""

import reflex as rx


def brand() -> rx.Component:
    """The name with its brackets, a link to the home page."""
    return rx.el.a(
        rx.el.span("[", class_name="text-brand-ink", aria_hidden="true"),
        "clerk",
        rx.el.span("+", class_name="text-brand-ink"),
        "tinybird",
        rx.el.span("]", class_name="text-brand-ink", aria_hidden="true"),
        href="/",
        class_name="font-mono font-bold tracking-tight text-ink whitespace-nowrap",
    )
