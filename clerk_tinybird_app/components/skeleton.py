"""Grey places of the panels' own sizes, so that nothing moves when they arrive."""

import reflex as rx


def skeleton() -> rx.Component:
    """Return the signed-in page's outline."""
    return rx.el.div(
        rx.el.p("Loading", role="status", class_name="sr-only"),
        _grey("h-[137px] md:h-[61px]"),
        _grey("h-[220px] sm:h-[191px]"),
        rx.el.div(
            _grey("h-[459px] sm:h-[431px]"),
            _grey("h-[294px] lg:h-auto sm:h-[276px]"),
            class_name="grid gap-5 lg:grid-cols-2",
        ),
        aria_busy="true",
        class_name="grid gap-5",
    )


def _grey(height: str) -> rx.Component:
    return rx.el.div(class_name=f"skeleton {height}", aria_hidden="true")
